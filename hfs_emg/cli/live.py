"""Commands that speak to a board: boards, record."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import TYPE_CHECKING

from hfs_emg.cli.common import (
    Subparsers,
    add_calibration,
    add_json,
    add_montage,
    add_settings,
    add_store,
    add_subject,
    before_a_board,
    for_people,
    seconds,
)
from hfs_emg.cli.output import check_output, write_json
from hfs_emg.cli.web import add_address

if TYPE_CHECKING:
    from calibration.montage import Montage
    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.profiles import KeptProfile
    from hfs_emg.session.store import Store
    from hfs_emg.settings import MontageFile


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
    add_subject(record)
    record.add_argument("--duration", type=seconds, metavar="S", help="seconds of signal, holes included")
    record.add_argument(
        "--longest-hole",
        type=seconds,
        default=600.0,
        metavar="S",
        help="a link that is away for longer ends the session, and what comes then opens the next (600)",
    )
    add_montage(record)
    add_settings(record)
    add_calibration(record, "latest of the subject that fits")
    add_store(record)
    add_json(record)
    record.add_argument(
        "--web", action="store_true", help="show it live in a browser, where it can be marked, paused and ended, too"
    )
    add_address(record)
    record.set_defaults(run=run_record)


def run_boards(options: argparse.Namespace) -> int:
    """List ports, and how boards are named."""
    from firmware_bridge.connect import list_ports

    check_output(options.json, options.force)
    ports = list_ports()
    write_json(options.json, ports)
    if not for_people(options):
        return 0
    for port in ports:
        print(f"serial://{port.device}  {port.title}{'  <- OpenBCI dongle' if port.is_dongle else ''}")
    if not ports:
        print("No serial port is there.")
    if not any(p.is_dongle for p in ports):
        print("No OpenBCI dongle found: plug it in and switch the board on (PC position).")
    print("Without a board: sim:moderate-right (all names: hfs-emg simulate --list), brainflow:synthetic.")
    return 0


def run_record(options: argparse.Namespace) -> int:
    """Record until the duration, a signal, or the end of the link."""
    from hfs_emg.cli.beside import Pages
    from hfs_emg.cli.watching import tell_outcome, watch
    from hfs_emg.cli.web import open_for_pages, served

    settings, montage_file, store = before_a_board(options)
    with contextlib.ExitStack() as stack:
        station = None
        if options.web:
            station = stack.enter_context(served(options, store, subject=options.subject))[1]
        board, patient = open_for_pages(options.board)
        stack.enter_context(contextlib.closing(board))
        montage = montage_of_board(board.spec.exg_channels, montage_file)
        beside = None if station is None else Pages(station, store, board, patient, montage, settings)
        ended = watch(
            board,
            store,
            options.subject,
            montage=montage,
            settings=settings,
            duration_s=options.duration,
            longest_hole_s=options.longest_hole,
            profile=profile_of_record(options, store, board.spec.rate_hz, montage, settings),
            beside=beside,
        )
    return tell_outcome(options, ended, board.spec.simulated)


def profile_of_record(
    options: argparse.Namespace, store: Store, rate_hz: float, montage: Montage, settings: AnalysisSettings
) -> KeptProfile | None:
    """What --calibration means here, told in a line. Raises ProfileUnfit, ProfileDamaged or RequestError for a file that cannot be used."""
    from hfs_emg.profiles import LATEST, choose_profile

    chosen = choose_profile(
        options.calibration or LATEST,
        store,
        options.subject,
        montage=montage,
        rate_hz=rate_hz,
        band_hz=settings.band_hz(rate_hz),
    )
    if chosen.why_not is not None:
        sys.stderr.write(f"hfs-emg: {chosen.why_not}\n")
    if chosen.kept is not None:
        sys.stderr.write(f"Calibration of {chosen.kept.profile.made_utc:%Y-%m-%d %H:%M} UTC is used.\n")
    elif chosen.why_not is not None:
        sys.stderr.write("Recording without a calibration profile.\n")
    return chosen.kept


def montage_of_board(inputs: int, montage_file: MontageFile | None) -> Montage:
    """The file's montage, else the default one. Raises RequestError or MontageError where it does not fit the board."""
    from calibration.montage import default_montage

    if montage_file is None:
        return default_montage(inputs)
    return montage_file.resolve([f"EXG {n + 1}" for n in range(inputs)])
