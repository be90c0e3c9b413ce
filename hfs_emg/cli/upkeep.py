"""Commands that look after sessions: verify, recover."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from hfs_emg.cli.common import Subparsers, add_json, add_store, for_people, store_of
from hfs_emg.cli.output import check_output, write_json
from hfs_emg.cli.terminal import Progress, clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from hfs_emg.session.recovery import Recovery
    from hfs_emg.session.store import Store
    from hfs_emg.verification import Verdict

UNREADABLE = 4


def add(commands: Subparsers) -> None:
    """Register the commands."""
    verify = commands.add_parser(
        "verify",
        help="prove that a session is as it was recorded",
        description="Compares every byte of a session with the sums that were written with it, analyses it again, and says identical, "
        "equivalent (the same episodes, edges within one sample, envelopes within 1e-9), or the first difference. Exit status 4 when it is "
        "damaged or different.",
        epilog="example: hfs-emg verify 20261120T185323Z-1a2b",
    )
    verify.add_argument("session", metavar="SESSION", help="a session's id (its beginning is enough) or folder")
    add_store(verify)
    add_json(verify)
    verify.set_defaults(run=run_verify)
    recover = commands.add_parser(
        "recover",
        help="make interrupted sessions whole",
        description="Cuts off what a power cut left half-written, says which records are damaged, and writes the stop document. "
        "Without a SESSION all interrupted ones of the store; the next recording does the same by itself.",
        epilog="example: hfs-emg recover 20261120T185323Z-1a2b",
    )
    recover.add_argument("session", nargs="*", metavar="SESSION", help="ids or folders")
    add_store(recover)
    add_json(recover)
    recover.set_defaults(run=run_recover)


def run_verify(options: argparse.Namespace) -> int:
    """One session."""
    from hfs_emg.verification import verify

    check_output(options.json, options.force)
    folder = store_of(options).find(options.session)
    progress = Progress("verifying")
    try:
        verdict = verify(folder, progress)
    finally:
        progress.end()
    write_json(options.json, verdict)
    if for_people(options):
        print(verdict_text(verdict))
    return 0 if verdict.verdict in ("identical", "equivalent") else UNREADABLE


def verdict_text(verdict: Verdict) -> str:
    """The verdict, and what it rests on."""
    lines = [f"{verdict.session}: {verdict.verdict}"]
    if verdict.verdict in ("identical", "equivalent"):
        lines[0] += f", {verdict.samples} samples and {verdict.episodes} episodes"
    if verdict.unsettled:
        lines.append(f"{verdict.unsettled} more were not settled when the recording broke off.")
    lines += verdict.damage
    if verdict.difference is not None:
        lines.append(f"First difference: {verdict.difference}")
    return "\n".join([*lines, *verdict.notes])


def run_recover(options: argparse.Namespace) -> int:
    """The named sessions, or all interrupted ones."""
    from dataclasses import asdict

    from hfs_emg.errors import HfsError
    from hfs_emg.session.recovery import recover

    check_output(options.json, options.force)
    store = store_of(options)
    folders = [store.find(name) for name in options.session] if options.session else store.interrupted()
    status = 0
    done: list[Recovery] = []
    for folder in folders:
        try:
            done.append(recover(folder))
        except HfsError as error:
            sys.stderr.write(f"hfs-emg: {error}\n")
            status = status or error.status
            continue
        if for_people(options):
            print(recovery_text(done[-1]))
    write_json(options.json, [{**asdict(r), "folder": str(r.folder), "session": r.folder.name} for r in done])
    if for_people(options) and not folders:
        print(f"No interrupted session in {store.root}.")
    return status


def recovery_text(recovery: Recovery) -> str:
    """What there was, what was done, what stays damaged."""
    lost = f", {recovery.lost_samples} samples lost" if recovery.lost_samples else ""
    lines = [f"{recovery.folder.name}: {clock(recovery.samples / recovery.rate_hz)} recorded{lost}"]
    lines += [f"  {what}" for what in (*recovery.damage, *recovery.actions)]
    if len(lines) == 1:
        lines[0] += "; it is whole"
    return "\n".join(lines)


def recover_before_recording(store: Store, say: Callable[[str], None]) -> None:
    """Make whole what an earlier recording left interrupted. Whatever is wrong with it, the next recording begins."""
    from hfs_emg.errors import HfsError
    from hfs_emg.session.recovery import recover

    try:
        folders = store.interrupted()
    except HfsError as error:
        say(f"hfs-emg: {error}")
        return
    for folder in folders:
        try:
            found = recover(folder, records=False)  # every record is looked at by `recover` and `verify`, by hand
        except HfsError as error:
            say(f"hfs-emg: An interrupted session could not be recovered: {error}")
        else:
            say(f"Previous recording recovered: {clock(found.samples / found.rate_hz)} in {folder}")
