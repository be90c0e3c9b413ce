"""Commands that stand in for hardware: simulate writes a recording with its truth, emulate serves a board on a port."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.common import Subparsers, seconds, whole_number
from hfs_emg.cli.ending import ending_politely
from hfs_emg.cli.output import check_output, check_regular, disk_error, written_whole

if TYPE_CHECKING:
    from hfs_emg.simulation.face import SimulatedFace


def add(commands: Subparsers) -> None:
    """Register the commands."""
    simulate = commands.add_parser(
        "simulate",
        help="write a simulated recording and its truth",
        description="Writes OUT.bdf and OUT.truth.json: a simulated person, with everything that happened in it.",
        epilog="example: hfs-emg simulate moderate-right /tmp/patient.bdf --duration 600 --seed 7",
    )
    simulate.add_argument(
        "scenario", nargs="?", metavar="SCENARIO", help="a name from --list, or a scenario's TOML file"
    )
    simulate.add_argument("out", nargs="?", type=Path, metavar="OUT.bdf")
    simulate.add_argument("--list", action="store_true", help="list the scenarios")
    simulate.add_argument("--seed", type=whole_number, default=0, help="which of all such persons")
    simulate.add_argument("--duration", type=seconds, default=300.0, metavar="S", help="seconds (300)")
    simulate.add_argument("--rate", type=float, default=250.0, metavar="HZ", help="200, 250 (default), 500 or 1000")
    simulate.add_argument("--channels", type=whole_number, default=8, help="4, 8 (default) or 16")
    simulate.add_argument("--force", action="store_true", help="overwrite files that exist")
    simulate.set_defaults(run=run_simulate)
    emulate = commands.add_parser(
        "emulate",
        help="a wire-level Cyton on a pseudo-terminal",
        description="Serves an emulated Cyton, with a simulated face at its electrodes, to any program that speaks to one, until Ctrl-C.",
        epilog="example: hfs-emg emulate --scenario moderate-right --link /tmp/cyton",
    )
    emulate.add_argument(
        "--scenario", default="moderate-right", metavar="S", help="who wears the electrodes (simulate --list)"
    )
    emulate.add_argument("--seed", type=whole_number, default=0, help="which of all such persons")
    emulate.add_argument("--daisy", action="store_true", help="16 inputs at 125 Hz")
    emulate.add_argument("--link", type=Path, metavar="PATH", help="a symlink with a stable name for the port")
    emulate.set_defaults(run=run_emulate)


def run_simulate(options: argparse.Namespace) -> int:
    """List scenarios, or write one."""
    from hfs_emg.errors import RequestError
    from hfs_emg.simulation.scenarios import load_scenario, scenario_names

    if options.list:
        for name in scenario_names():
            print(f"{name:28} {load_scenario(name).description}")
        return 0
    if options.scenario is None or options.out is None:
        raise RequestError(
            "Name a scenario and a file, as in: hfs-emg simulate moderate-right OUT.bdf (names: --list)."
        )
    if options.duration < 1:
        raise RequestError(f"A recording of {options.duration:g} s is too short: ask for a second or more.")
    truth_path = options.out.with_name(options.out.name.removesuffix(".bdf") + ".truth.json")
    scenario = load_scenario(options.scenario)
    for path in (options.out, truth_path):
        check_output(path, options.force, sources=(Path(options.scenario),))
        check_regular(path)
    from hfs_emg.simulation.face import SimulatedFace

    face = SimulatedFace(scenario, seed=options.seed, rate_hz=options.rate, channels=options.channels)
    happened = _write(face, options.duration, options.out, truth_path)
    print(f"{options.out}: {options.duration:g} s at {options.rate:g} Hz, {options.channels} inputs ({happened})")
    print(f"{truth_path}: what happened in it")
    return 0


def _write(face: SimulatedFace, duration_s: float, out: Path, truth_path: Path) -> str:
    """Write both files, or neither. Returns the kinds of events in words. Raises DiskError."""
    import msgspec

    from hfs_emg.cli.summary import kinds_text
    from hfs_emg.cli.terminal import Progress
    from hfs_emg.simulation.recording import write_recording

    truth = face.truth(duration_s)
    progress = Progress("simulating")
    # The truth's bytes are on the disk before the recording takes its name: neither is there without the other.
    with written_whole(truth_path) as beside:
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=1))
        try:
            write_recording(face, duration_s, out, progress)
        finally:
            progress.end()
    return kinds_text(e.kind for e in truth.episodes) or "no events"


def run_emulate(options: argparse.Namespace) -> int:
    """Serve until a signal."""
    from firmware_bridge.pty_server import PtyServer
    from hfs_emg.errors import RequestError
    from hfs_emg.patient_socket import hearing
    from hfs_emg.simulated_boards import emulated_cyton, face_of

    link: Path | None = options.link
    face = face_of(options.scenario, seed=options.seed, channels=16 if options.daisy else 8)
    if link is not None and link.exists() and not link.is_symlink():
        raise RequestError(f"{link} exists and is no symlink: choose another name for --link.")
    ended = threading.Event()
    with ending_politely(ended.set):
        try:
            server = PtyServer(emulated_cyton(face), link)
        except OSError as error:
            raise disk_error(link or Path("/dev/ptmx"), error) from None
        with server, hearing(server.path, face):
            sys.stderr.write(
                f"An emulated Cyton{' with Daisy' if options.daisy else ''} answers here; Ctrl-C ends it:\n"
            )
            sys.stderr.flush()
            print(link if link is not None else server.path, flush=True)
            ended.wait()
    return 0
