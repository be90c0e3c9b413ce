"""The command export: sessions to files for elsewhere."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.common import Subparsers, add_store, store_of
from hfs_emg.cli.output import check_output, check_regular, disk_error, written_whole

if TYPE_CHECKING:
    from hfs_emg.exports import Exporter
    from hfs_emg.session.store import Store

FORMATS = ("bids", "edf", "bdf", "csv", "parquet", "fhir", "archive")


def add_export(commands: Subparsers) -> argparse.ArgumentParser:
    """Register the command; returns its parser, for the passphrase of archives."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "export",
        help="write sessions to files for elsewhere",
        description="bids, edf, bdf, csv, parquet, fhir: for other programs and people, with dates moved by some whole days. "
        "archive: the session folders as they are, in one file, which `import` takes back, of a subject also its treatments and "
        "calibration profiles; with a passphrase it is encrypted "
        "(age-encryption.org/v1; needs the extra hfs-emg[archive]). parquet needs hfs-emg[interop].",
        epilog="example: hfs-emg export 20261120T185323Z-1a2b --to bids study",
    )
    parser.add_argument(
        "session", nargs="+", metavar="SESSION", help="ids or folders; a subject's code stands for all of its sessions"
    )
    parser.add_argument(
        "--to",
        nargs=2,
        required=True,
        metavar=("FORMAT", "OUT"),
        help=", ".join(FORMATS) + ", and the file or folder to be made",
    )
    parser.add_argument(
        "--without-markers", action="store_true", help="leave out what was typed as markers (not of an archive)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite an output file that exists")
    add_store(parser)
    parser.set_defaults(run=run_export)
    return parser


def run_export(options: argparse.Namespace) -> int:
    """Write, whole or not at all."""
    from hfs_emg.errors import RequestError

    kind, out = options.to[0], Path(options.to[1])
    if kind not in FORMATS:
        raise RequestError(f"'{kind}' is no format to export to: choose one of {', '.join(FORMATS)}.")
    store = store_of(options)
    if kind == "archive":
        from hfs_emg.cli.care import run_export_archive

        return run_export_archive(options, store, out)
    from hfs_emg.exports import exporter_named

    if options.passphrase_file is not None:
        raise RequestError(f"Only archives are encrypted: leave --passphrase-file out, or say --to archive {out}.")
    exporter = exporter_named(kind)
    return _export(options, store, exporter, out)


def _export(options: argparse.Namespace, store: Store, exporter: Exporter, out: Path) -> int:
    from hfs_emg.exports.shared import share

    folders, _ = named(store, options.session)
    whole = exporter.makes_folder(len(folders))
    if whole:
        check_new_folder(out)
    else:
        check_output(out, options.force)
        check_regular(out)
    sessions = [share(folder, store.root, with_markers=not options.without_markers) for folder in folders]
    with folder_written_whole(out) if whole else written_whole(out, private=True) as beside:
        notes = exporter.write(sessions, beside)
    for note in dict.fromkeys(notes):
        sys.stderr.write(f"note: {note}\n")
    if any(s.simulated for s in sessions):
        sys.stderr.write("note: Simulated: no person wore these electrodes; the files say so.\n")
    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file()) if whole else out.stat().st_size
    told = f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
    hours = sum(s.duration_s for s in sessions) / 3600
    print(
        f"{out}: {exporter.title}, {len(sessions)} session{'s' * (len(sessions) != 1)}, {hours:.2f} h, {told}, "
        "dates moved by some whole days."
    )
    return 0


def named(store: Store, names: list[str]) -> tuple[list[Path], list[Path]]:
    """(folders of the sessions that are meant, folders of the subjects that are meant whole), each once.

    A name is a session's id or folder, or a subject's code. Raises RequestError and DiskError.
    """
    sessions: list[Path] = []
    subjects: list[Path] = []
    for name in names:
        of_subject = store.of_subject(name)
        subjects += [of_subject[0].parent] if of_subject else []
        sessions += of_subject or [store.find(name)]
    return list(dict.fromkeys(path.resolve() for path in sessions)), list(dict.fromkeys(subjects))


def check_new_folder(out: Path) -> None:
    """Refuse a folder that holds something. Raises RequestError or DiskError."""
    from hfs_emg.errors import DiskError, RequestError

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RequestError(f"{out} exists: give the name of a new folder.")
    if not out.resolve().parent.is_dir():
        raise DiskError(f"The folder {out.parent} does not exist: make it, or choose another place for {out.name}.")


@contextmanager
def folder_written_whole(out: Path) -> Iterator[Path]:
    """A name beside `out` to make a folder at; it becomes `out` when the body succeeds, and is gone when it does not.

    For its owner only. Raises DiskError for what the disk says.
    """
    target = out.resolve()
    room = target.with_name(f".{target.name}.part")
    try:
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(mode=0o700)  # nobody else looks in while it is written, nor after
        made = room / target.name
        yield made
        made.chmod(0o700)
        if target.is_dir():
            target.rmdir()
        made.rename(target)
    except OSError as error:
        raise disk_error(out, error) from None
    finally:
        shutil.rmtree(room, ignore_errors=True)
