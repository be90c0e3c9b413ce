"""Commands for recordings that run by themselves: monitor, mark, soak."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.common import Subparsers, add_json, add_store, for_people, seconds, store_of, warn_of_name
from hfs_emg.cli.output import check_output, write_json

if TYPE_CHECKING:
    from firmware_bridge.boards import Board
    from hfs_emg.session.store import Store


def add(commands: Subparsers) -> None:
    """Register the commands."""
    monitor = commands.add_parser(
        "monitor",
        help="record for ever, as a service",
        description="Records without a screen until SIGTERM, session after session, as the [service] table of a settings file says. "
        "It waits for its board, goes on after a lost link, and names the session that a crash interrupted as the one before. SIGHUP "
        "begins the next session with the very next sample. Under systemd (Type=notify) it is ready with the first sample, and its "
        "watchdog is fed by samples.",
        epilog="example: hfs-emg monitor --settings service.toml",
    )
    monitor.add_argument(
        "--settings", type=Path, required=True, metavar="FILE.toml", help="settings with a [service] table"
    )
    add_store(monitor)
    monitor.set_defaults(run=run_monitor)
    mark = commands.add_parser(
        "mark",
        help="put a marker into what is being recorded",
        description="Puts a word at this moment of the recording that runs in the store, by `record` or `monitor`.",
        epilog="example: hfs-emg mark 'tablet taken'",
    )
    mark.add_argument("text", metavar="TEXT", help="one line of at most 200 characters")
    mark.add_argument("--subject", metavar="ID", help="whose recording, when several run")
    add_store(mark)
    add_json(mark)
    mark.set_defaults(run=run_mark)
    soak = commands.add_parser(
        "soak",
        help="a long run on your own hardware, with a report",
        description="Records and analyses for half an hour, or as long as is asked, and reports what it cost: processor, memory, "
        "wake-ups, latency, losses, the disk. The recording is kept when --store is said.",
        epilog="example: hfs-emg soak --board serial:auto --duration 1800 --json soak.json",
    )
    soak.add_argument("--board", required=True, metavar="URL", help="serial:auto, sim:moderate-right")
    soak.add_argument("--duration", type=seconds, default=1800.0, metavar="S", help="seconds of signal (1800)")
    soak.add_argument("--store", type=Path, metavar="DIR", help="keep the recording there, under subject SOAK")
    add_json(soak)
    soak.set_defaults(run=run_soak)


def run_monitor(options: argparse.Namespace) -> int:
    """Record until SIGTERM."""
    from functools import partial

    from hfs_emg.boards import open_lasting_board
    from hfs_emg.cli import status_of
    from hfs_emg.cli.ending import ending_politely
    from hfs_emg.cli.live import montage_of_board
    from hfs_emg.cli.upkeep import recover_before_recording
    from hfs_emg.cli.watching import status_text
    from hfs_emg.notify import notifier_of
    from hfs_emg.service import Service
    from hfs_emg.service_settings import read_service
    from hfs_emg.settings import read_montage

    service, analysis = read_service(options.settings)
    montage_file = None if service.montage is None else read_montage(Path(service.montage))
    if options.store is None and service.store is not None:
        options.store = Path(service.store)
    store = store_of(options)
    check_ready(store, service.subject)
    warn_of_name(service.subject)

    def montage_of(board: Board):  # type: ignore[no-untyped-def]
        return montage_of_board(board.spec.exg_channels, montage_file)

    running = Service(
        partial(open_lasting_board, service.board),
        store,
        service,
        analysis,
        montage_of=montage_of,
        notifier=notifier_of(),
        say=say,
        describe=status_text,
        previous=interrupted_last(store, service.subject),
    )
    with ending_politely(running.stop, hangup=running.rotate):
        recover_before_recording(store, say)
        outcome = running.run()
    if outcome is None or not outcome.errors:
        return 0
    return status_of(outcome.errors[0]) or 1


def say(text: str) -> None:
    """A line for the log; a log that has gone does not end a recording."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        pass


def check_ready(store: Store, subject: str) -> None:
    """The store takes sessions of this subject. Raises RequestError or DiskError."""
    from datetime import UTC, datetime

    store.new_session_folder(subject, datetime.now(UTC))


def interrupted_last(store: Store, subject: str) -> str | None:
    """The subject's last session, when it was interrupted: a service that starts after a crash goes on from there."""
    from hfs_emg.session.reader import is_session_folder

    last = max((f.name for f in (store.root / subject).iterdir() if is_session_folder(f)), default=None)
    return last if last in {f.name for f in store.interrupted() if f.parent.name == subject} else None


def run_mark(options: argparse.Namespace) -> int:
    """Put a marker."""
    from hfs_emg.mark_socket import put_mark

    check_output(options.json, options.force)
    marked = put_mark(store_of(options).root, options.text, options.subject)
    write_json(options.json, {"session": marked.session, "marker": options.text})
    if for_people(options):
        print(f"Marked in {marked.session or 'the session that begins'}.")
    return 0


def run_soak(options: argparse.Namespace) -> int:
    """Run long, and report."""
    from hfs_emg.boards import open_lasting_board
    from hfs_emg.cli import status_of
    from hfs_emg.cli.ending import ending_politely
    from hfs_emg.cli.terminal import LiveLine
    from hfs_emg.cli.watching import Stopping, status_text
    from hfs_emg.soak import report_text, soak

    check_output(options.json, options.force)
    stopping, line = Stopping(), LiveLine()
    with ending_politely(stopping.stop):
        report, errors = soak(
            lambda: open_lasting_board(options.board),
            options.duration,
            options.store,
            begun=stopping.passes_to,
            show=lambda status: line.show(status_text(status)),
        )
    line.end()
    write_json(options.json, report)
    if for_people(options):
        print(report_text(report))
    for error in errors:
        sys.stderr.write(f"hfs-emg: {error}\n")
    return (status_of(errors[0]) or 1) if errors else 0
