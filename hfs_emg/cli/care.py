"""Commands that hand people's data on as it is, or remove it: archives, erase."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.common import Subparsers, add_json, add_store, for_people, store_of
from hfs_emg.cli.exporting import add_export
from hfs_emg.cli.output import check_output, write_json
from hfs_emg.cli.terminal import Progress

if TYPE_CHECKING:
    from hfs_emg.erasing import Erasure
    from hfs_emg.session.store import Store


def add(commands: Subparsers) -> None:
    """Register the commands."""
    add_passphrase(add_export(commands))
    erase = commands.add_parser(
        "erase",
        help="remove a subject with everything that is known of it",
        description="Removes every session and calibration profile of a subject and what was derived from them, after asking. It "
        "goes on where it was when it is interrupted. Files that were exported before are not in the store and stay.",
        epilog="example: hfs-emg erase S01",
    )
    erase.add_argument("subject", metavar="SUBJECT")
    erase.add_argument("--yes", action="store_true", help="do not ask")
    add_store(erase)
    add_json(erase)
    erase.set_defaults(run=run_erase)


def add_passphrase(parser: argparse.ArgumentParser) -> None:
    """--passphrase-file."""
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="its first line is the archive's passphrase"
    )


def passphrase_of(options: argparse.Namespace) -> str | None:
    """What --passphrase-file says, or None. Raises RequestError."""
    from hfs_emg.errors import RequestError

    path: Path | None = options.passphrase_file
    if path is None:
        return None
    try:
        first = (path.read_text(encoding="utf-8").splitlines() or [""])[0]
    except (OSError, UnicodeError) as error:
        raise RequestError(f"{path} cannot be read ({error}): write the passphrase into its first line.") from None
    if len(first) < 8:
        raise RequestError(f"{path} holds no passphrase of 8 characters or more: write it into the first line.")
    return first


def run_export_archive(options: argparse.Namespace, store: Store, out: Path) -> int:
    """Write an archive, whole or not at all."""
    from hfs_emg.archive import write_archive
    from hfs_emg.cli.exporting import named
    from hfs_emg.cli.output import check_regular, written_whole
    from hfs_emg.errors import RequestError

    if options.without_markers:
        raise RequestError("An archive holds its sessions as they are: leave --without-markers out.")
    check_output(out, options.force)
    check_regular(out)
    passphrase = passphrase_of(options)
    folders, subjects = named(store, options.session)
    with written_whole(out, private=True) as beside:
        write_archive(folders, beside, passphrase, subjects=subjects)
    how = "encrypted" if passphrase is not None else "not encrypted: keep it where only you can read it"
    print(f"{out}: {len(folders)} session{'s' * (len(folders) != 1)}, {out.stat().st_size / 1e6:.1f} MB, {how}.")
    return 0


def run_import_archive(options: argparse.Namespace) -> int:
    """Take the sessions of an archive, under the subject codes and ids that they had."""
    from hfs_emg.archive import read_archive
    from hfs_emg.errors import RequestError

    store = store_of(options)
    if options.subject is not None or options.montage is not None or options.settings is not None:
        raise RequestError("An archive brings its sessions as they are: leave --subject, --montage and --settings out.")
    check_output(options.json, options.force, sources=(options.file,))
    folders = read_archive(options.file, store, passphrase_of(options))
    write_json(options.json, [str(folder) for folder in folders])
    if for_people(options):
        for folder in folders:
            print(f"Session: {folder}")
    return 0


def run_erase(options: argparse.Namespace) -> int:
    """Say what there is, ask, remove, say what was removed."""
    from hfs_emg.erasing import erase, to_erase
    from hfs_emg.errors import RequestError

    check_output(options.json, options.force)
    store = store_of(options)
    found = to_erase(store, options.subject)
    if not options.yes:
        sys.stderr.write(f"{store.root}: {erasure_text(found)}\n")
        if not sys.stdin.isatty():
            raise RequestError(f"Nothing was erased: say --yes to erase {found.subject} without being asked.")
        sys.stderr.write(f"This cannot be undone. Type {found.subject} to erase all of it: ")
        sys.stderr.flush()
        if sys.stdin.readline().strip() != found.subject:
            raise RequestError("Nothing was erased.")
    progress = Progress("erasing")
    try:
        erased = erase(store, options.subject, progress)
    finally:
        progress.end()
    write_json(options.json, erased)
    if for_people(options):
        print(f"Erased: {erasure_text(erased)}")
        for session in erased.sessions:
            print(f"  {session}")
        print(
            "The list of sessions is made anew from what stays. "
            "Exports and archives made before are not in the store: delete them yourself."
        )
    return 0


def erasure_text(found: Erasure) -> str:
    """Sessions, other files, bytes, in a line."""
    from hfs_emg.erasing import kinds_of

    parts = [f"{len(found.sessions)} sessions"]
    parts += [f"{count} of {kind}" for kind, count in sorted(kinds_of(found.others).items())]
    return f"{found.subject}, {', '.join(parts)}; {found.files} files, {found.size_bytes / 1e6:.1f} MB"
