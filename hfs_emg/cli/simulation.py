"""simulate: a recording with its truth beside it."""

from __future__ import annotations

import argparse
from pathlib import Path

from hfs_emg.cli.common import Subparsers


def add(commands: Subparsers) -> None:
    """Register the command."""
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
    simulate.add_argument("--seed", type=int, default=0, help="which of all such persons")
    simulate.add_argument("--duration", type=float, default=300.0, metavar="S", help="seconds (300)")
    simulate.add_argument("--rate", type=float, default=250.0, metavar="HZ", help="200, 250 (default), 500 or 1000")
    simulate.add_argument("--channels", type=int, default=8, help="4, 8 (default) or 16")
    simulate.add_argument("--force", action="store_true", help="overwrite files that exist")
    simulate.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List scenarios, or write one."""
    from hfs_emg.cli.common import check_output
    from hfs_emg.cli.terminal import Progress
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
        check_output(path, options.force)
    from hfs_emg.simulation.face import SimulatedFace
    from hfs_emg.simulation.recording import write_recording
    from hfs_emg.simulation.truth import write_truth

    face = SimulatedFace(scenario, seed=options.seed, rate_hz=options.rate, channels=options.channels)
    progress = Progress("simulating")
    write_recording(face, options.duration, options.out, progress)
    progress.end()
    truth = face.truth(options.duration)
    write_truth(truth_path, truth)
    kinds: dict[str, int] = {}
    for episode in truth.episodes:
        kinds[episode.kind.value] = kinds.get(episode.kind.value, 0) + 1
    listed = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items(), key=lambda k: -k[1])) or "no events"
    print(f"{options.out}: {options.duration:g} s at {options.rate:g} Hz, {options.channels} inputs ({listed})")
    print(f"{truth_path}: what happened in it")
    return 0
