"""The command doctor: each link from electrode to disk checked."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from hfs_emg.cli.common import Subparsers, add_json, add_montage, add_store, for_people, montage_file_of, store_of
from hfs_emg.cli.output import check_output, write_json

if TYPE_CHECKING:
    from hfs_emg.doctor.checks import Check

LINK_FAILED, DISK_FAILED, MACHINE_FAILED = 3, 5, 2
STATUS_OF = {
    "port": LINK_FAILED, "board": LINK_FAILED, "radio": LINK_FAILED, "contact": LINK_FAILED, "mains": LINK_FAILED,
    "store": DISK_FAILED, "disk space": DISK_FAILED, "disk speed": DISK_FAILED,
}  # fmt: skip
"""Exit status of the first check that failed; of all others MACHINE_FAILED."""


def add(commands: Subparsers) -> None:
    """Register the command."""
    doctor = commands.add_parser(
        "doctor",
        help="check everything from electrode to disk",
        description="Checks this computer, the port, the board and its radio, the electrodes, clock, disk and store, a line each with a "
        "remedy. Without --board all but board and electrodes. Exit status 0 when nothing failed, 2 the computer, 3 board, link or "
        "electrodes, 5 the disk.",
        epilog="example: hfs-emg doctor --board serial:auto",
    )
    doctor.add_argument("--board", metavar="URL", help="serial:auto, serial:///dev/ttyUSB0, sim:moderate-right")
    add_montage(doctor)
    add_store(doctor)
    add_json(doctor)
    doctor.set_defaults(run=run_doctor)


def run_doctor(options: argparse.Namespace) -> int:
    """Check, say, sum up."""
    from firmware_bridge.connect import parse_board_url
    from hfs_emg.boards import open_board
    from hfs_emg.cli.live import montage_of_board
    from hfs_emg.doctor.link import board_checks
    from hfs_emg.doctor.machine import machine_checks

    check_output(options.json, options.force)
    montage_file = montage_file_of(options)
    url = None if options.board is None else parse_board_url(options.board)
    wired = url is None or url.scheme == "serial"
    named = url.path if url is not None and wired and url.path not in ("", "auto") else None
    checks = machine_checks(store_of(options).root, named)
    if not wired:
        checks = [c for c in checks if c.name not in ("port", "group", "latency")]  # that board needs none of them
    if for_people(options):
        for check in checks:
            print(line_of(check))
    if options.board is not None:
        if for_people(options):
            sys.stderr.write("Listening to the board for ten seconds; please sit still.\n")
        found = board_checks(lambda: open_board(options.board), lambda inputs: montage_of_board(inputs, montage_file))
        checks += found
        for check in found if for_people(options) else ():
            print(line_of(check))
    write_json(options.json, {"schema": "hfs-emg/doctor/1", "checks": checks})
    failed = [c for c in checks if c.verdict == "fail"]
    if for_people(options):
        warned = sum(c.verdict == "warn" for c in checks)
        print(f"{len(checks)} checks: {len(failed)} failed, {warned} to be looked at.")
    return STATUS_OF.get(failed[0].name, MACHINE_FAILED) if failed else 0


def line_of(check: Check) -> str:
    """`warn  latency     timer at 16 ms: …` and below it what to do."""
    line = f"{check.verdict:4}  {check.name:11} {check.found}"
    return line if check.remedy is None else f"{line}\n{'':18}→ {check.remedy}"
