"""Commands that speak to a board: boards, record, emulate."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.common import Subparsers, add_json, add_montage, add_settings, add_store

if TYPE_CHECKING:
    from hfs_emg.monitor import Monitor, Outcome, Status


def add(commands: Subparsers) -> None:
    """Register the commands."""
    boards = commands.add_parser(
        "boards",
        help="what is connected",
        description="Lists serial ports and the kinds of board URLs.",
        epilog="example: hfs-emg boards",
    )
    add_json(boards)
    boards.set_defaults(run=run_boards)
    record = commands.add_parser(
        "record",
        help="record a session, analysed live",
        description="Records from a board into the store until Ctrl-C, or for a duration.",
        epilog="example: hfs-emg record --board serial:auto --subject S01 --duration 600",
    )
    record.add_argument(
        "--board",
        required=True,
        metavar="URL",
        help="serial:auto, serial:///dev/ttyUSB0, brainflow:synthetic, sim:moderate-right",
    )
    record.add_argument("--subject", required=True, metavar="ID", help="subject code: letters and digits, no name")
    record.add_argument("--duration", type=_positive, metavar="S", help="seconds of signal, holes included")
    add_montage(record)
    add_settings(record)
    add_store(record)
    record.set_defaults(run=run_record)
    emulate = commands.add_parser(
        "emulate",
        help="a wire-level Cyton on a pseudo-terminal",
        description="Serves an emulated Cyton, with a simulated face at its electrodes, to any program that speaks to one, until Ctrl-C.",
        epilog="example: hfs-emg emulate --scenario moderate-right --link /tmp/cyton",
    )
    emulate.add_argument(
        "--scenario", default="moderate-right", metavar="S", help="who wears the electrodes (simulate --list)"
    )
    emulate.add_argument("--seed", type=int, default=0, help="which of all such persons")
    emulate.add_argument("--daisy", action="store_true", help="16 inputs at 125 Hz")
    emulate.add_argument("--link", type=Path, metavar="PATH", help="a symlink with a stable name for the port")
    emulate.set_defaults(run=run_emulate)


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return value


def run_boards(options: argparse.Namespace) -> int:
    """List ports, and how boards are named."""
    import msgspec

    from firmware_bridge.connect import list_ports
    from hfs_emg.cli.common import check_output, write_output

    check_output(options.json, options.force)
    ports = list_ports()
    if options.json is not None:
        write_output(options.json, msgspec.json.format(msgspec.json.encode(ports), indent=1) + b"\n")
        return 0
    dongles = [p for p in ports if p.is_dongle]
    for port in ports:
        print(f"serial://{port.device}  {port.title}{'  <- OpenBCI dongle' if port.is_dongle else ''}")
    if not ports:
        print("No serial port is there.")
    if not dongles:
        print("No OpenBCI dongle found: plug it in and switch the board on (PC position).")
    print("Without a board: sim:moderate-right (all names: hfs-emg simulate --list), brainflow:synthetic.")
    return 0


def run_record(options: argparse.Namespace) -> int:
    """Record until the duration, Ctrl-C, or the end of the link."""
    from hfs_emg.cli.common import montage_file_of, settings_of, store_of
    from hfs_emg.session.store import check_subject

    check_subject(options.subject)
    settings = settings_of(options)
    montage_file = montage_file_of(options)
    store = store_of(options)
    # Tried before the board is touched: whoever has glued electrodes should not learn this last.
    probe_store(store, options.subject)
    from calibration.montage import default_montage
    from hfs_emg.boards import open_board

    board = open_board(options.board)
    try:
        inputs = board.spec.exg_channels
        if montage_file is None:
            montage = default_montage(inputs)
        else:
            montage = montage_file.resolve([f"EXG {n + 1}" for n in range(inputs)])
    except BaseException:
        board.close()
        raise
    from hfs_emg.sessions import record_session

    shown = LiveStatus()
    folder, outcome = record_session(
        board,
        store,
        options.subject,
        montage,
        settings,
        duration_s=options.duration,
        on_status=shown.show,
        on_begin=shown.begin,
    )
    shown.end()
    return tell_outcome(folder, outcome, board.spec.simulated)


def probe_store(store: object, subject: str) -> None:
    """Raise DiskError now when the store cannot be written."""
    from datetime import UTC, datetime

    from hfs_emg.session.store import Store

    assert isinstance(store, Store)
    store.new_session_folder(subject, datetime.now(UTC))


class LiveStatus:
    """The live line of a recording, and Ctrl-C."""

    def __init__(self) -> None:
        from hfs_emg.cli.terminal import LiveLine

        self._line = LiveLine()

    def begin(self, monitor: Monitor, folder: Path) -> None:
        """Say where, and make Ctrl-C and SIGTERM a clean end."""
        sys.stderr.write(f"Recording into {folder} (Ctrl-C ends it)\n")
        sys.stderr.flush()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: monitor.stop())

    def show(self, status: Status) -> None:
        """One line: elapsed, valid %, lost, spasms, link."""
        from calibration.montage import Side
        from hfs_emg.cli.terminal import clock

        now = next((f"  {p.side} {p.kind.value}?" for p in status.in_progress), "")
        behind = f"  disk {status.disk_behind_s:.0f} s behind" if status.disk_behind_s > 5 else ""
        self._line.show(
            f"{clock(status.elapsed_s)}  valid {100 * status.valid_share:.0f} %  lost {status.lost_samples}  "
            f"spasms left {status.spasms[Side.LEFT]} right {status.spasms[Side.RIGHT]}  link {status.link}{behind}{now}"
        )

    def end(self) -> None:
        """Leave the last line standing; signals as before."""
        self._line.end()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)


def tell_outcome(folder: Path, outcome: Outcome, simulated: bool) -> int:
    """Print what was found, and where. Returns the exit status."""
    from firmware_bridge.errors import BridgeError
    from hfs_emg.analysis.document import analysis_of
    from hfs_emg.cli.common import summary_text

    analysis = analysis_of(
        outcome.burden, outcome.montage, rate_hz=outcome.nominal_hz, samples=outcome.samples, simulated=simulated
    )
    print(summary_text(analysis))
    lost = 100 * outcome.lost_samples / max(1, outcome.samples)
    print(
        f"Ended: {outcome.reason}. Lost {outcome.lost_samples} samples ({lost:.2f} %). True rate {outcome.rate_hz:.2f} Hz."
    )
    print(f"Session: {folder}")
    if outcome.error is None:
        return 0
    sys.stderr.write(f"hfs-emg: {outcome.error} What was recorded until then is kept.\n")
    return 3 if isinstance(outcome.error, BridgeError) else 5


def run_emulate(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    from firmware_bridge.emulator import CytonEmulator
    from firmware_bridge.pty_server import PtyServer
    from hfs_emg.errors import RequestError
    from hfs_emg.simulation.face import SimulatedFace
    from hfs_emg.simulation.scenarios import load_scenario

    face = SimulatedFace(load_scenario(options.scenario), seed=options.seed, channels=16 if options.daisy else 8)
    if options.link is not None and options.link.exists() and not options.link.is_symlink():
        raise RequestError(f"{options.link} exists and is no symlink: choose another name for --link.")
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with PtyServer(CytonEmulator(face, daisy=options.daisy), options.link) as server:
        print(options.link if options.link is not None else server.path, flush=True)
        sys.stderr.write(f"An emulated Cyton{' with Daisy' if options.daisy else ''} answers there; Ctrl-C ends it.\n")
        sys.stderr.flush()
        ended.wait()
    return 0
