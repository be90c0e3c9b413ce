"""What a command writes: files whole or not at all, and never over one that exists unless told to."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hfs_emg.errors import DiskError, RequestError

STANDARD_OUTPUT = Path("-")


def check_output(path: Path | None, force: bool, *, sources: tuple[Path, ...] = ()) -> None:
    """Refuse, before any work is done, an output that exists, that is one of the sources, or that has no folder.

    Raises RequestError or DiskError.
    """
    if path is None or path == STANDARD_OUTPUT:
        return
    if path.is_dir():
        raise RequestError(f"{path} is a folder: give the name of a file.")
    if any(path.exists() and source.exists() and path.samefile(source) for source in sources):
        raise RequestError(f"{path} is what is read: give another name for the output.")
    if path.is_file() and not force:
        raise RequestError(f"{path} exists: choose another name, or say --force to overwrite it.")
    if not path.parent.is_dir():
        raise DiskError(f"The folder {path.parent} does not exist: make it, or choose another place for {path.name}.")


def check_regular(path: Path) -> None:
    """Refuse a device or pipe, for an output that is written beside its name first. Raises RequestError."""
    if path.exists() and not path.is_file():
        raise RequestError(f"{path} is not a file: give the name of a file.")


@contextmanager
def written_whole(path: Path, *, private: bool = False) -> Iterator[Path]:
    """A name beside `path` to write to; it becomes `path` when the body succeeds, and is gone when it does not.

    private: for the owner only. Raises DiskError for what the disk says.
    """
    target = path.resolve()
    beside = target.with_name(f".{target.name}.part")
    try:
        beside.unlink(missing_ok=True)
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666))
        yield beside
        beside.replace(target)
    except OSError as error:
        raise disk_error(path, error) from None
    finally:
        beside.unlink(missing_ok=True)


def write_output(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file whole or not at all; `-` is standard output. Raises DiskError."""
    if path == STANDARD_OUTPUT:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    elif path.exists() and not path.is_file():
        try:
            path.write_bytes(content)
        except OSError as error:
            raise disk_error(path, error) from None
    else:
        with written_whole(path, private=private) as beside:
            beside.write_bytes(content)


def write_json(path: Path | None, document: object, *, private: bool = False) -> None:
    """Write a document, if anybody asked for it. Raises DiskError."""
    import msgspec

    if path is not None:
        write_output(path, msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n", private=private)


def disk_error(path: Path, error: OSError) -> DiskError:
    """What the disk said, and what to do."""
    return DiskError(f"{path} could not be written ({error.strerror}): check the folder and the space left.")
