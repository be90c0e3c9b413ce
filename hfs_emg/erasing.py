"""Erasing a subject: every session, calibration profile and other file of it, and what was derived from them.

Rule: the subject's folder is first renamed, so that it is gone for everybody at once, then emptied; an erasure that was broken off goes
on when it is asked for again. The catalogue goes as a whole, because SQLite keeps deleted rows in its free pages; it is made anew from
the files that stay. What an interrupted import left goes too, because nobody knows whose it is. Files are unlinked, not overwritten: on
flash memory overwriting proves nothing, an encrypted disk does.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hfs_emg.archive import ARRIVING
from hfs_emg.errors import DiskError, RequestError
from hfs_emg.session.catalogue import CATALOGUE_NAME
from hfs_emg.session.files import sync_folder
from hfs_emg.session.reader import is_being_recorded, is_session_folder
from hfs_emg.session.store import SUBJECT_CODE, Store, check_subject

LEAVING = ".erasing-"
_CATALOGUE = tuple(CATALOGUE_NAME + suffix for suffix in ("", "-wal", "-shm", "-journal"))


@dataclass(frozen=True, slots=True)
class Erasure:
    """What of a subject there is to remove, or was removed. others: files beside the sessions, such as calibration profiles."""

    subject: str
    sessions: tuple[str, ...]
    others: tuple[str, ...]
    files: int
    size_bytes: int


def to_erase(store: Store, subject: str) -> Erasure:
    """What an erasure would remove. Raises RequestError where there is nothing, or where it may not be, and DiskError."""
    check_subject(subject)
    places = [p for p in _places(store, subject) if p.exists() or p.is_symlink()]
    if not places:
        raise RequestError(f"There is no subject '{subject}' in {store.root}{_others_of(store)}.")
    try:
        sessions: list[str] = []
        others: list[str] = []
        sizes: list[int] = []
        for place in places:
            if place.is_symlink() or not place.is_dir():
                raise RequestError(f"{place} is no folder of this store but a link or a file: remove it by hand.")
            for entry in sorted(place.iterdir()):
                if entry.is_dir() and not entry.is_symlink() and is_being_recorded(entry):
                    raise RequestError(f"{entry} is being recorded: end the recording first.")
                (sessions if is_session_folder(entry) else others).append(entry.name)
            sizes += [path.lstat().st_size for path in _files_in(place)]
    except OSError as error:
        raise _failed(place, error) from error
    return Erasure(subject, tuple(sessions), tuple(others), len(sizes), sum(sizes))


def erase(store: Store, subject: str, progress: Callable[[float], None] | None = None) -> Erasure:
    """Remove a subject. Raises RequestError as `to_erase`; DiskError when something stays, and then it can be asked for again."""
    found = to_erase(store, subject)
    here, leaving = _places(store, subject)
    try:
        done = _empty(leaving, found.files, 0, progress)
        if here.exists():
            here.rename(leaving)
            sync_folder(store.root)
            _empty(leaving, found.files, done, progress)
        for left in store.root.glob(f"{ARRIVING}*"):
            shutil.rmtree(left)
        for name in _CATALOGUE:
            (store.root / name).unlink(missing_ok=True)
        sync_folder(store.root)
    except OSError as error:
        raise _failed(leaving, error) from error
    return found


def _places(store: Store, subject: str) -> tuple[Path, Path]:
    """Where the subject is, and where what an earlier erasure left is."""
    return store.root / subject, store.root / f"{LEAVING}{subject}"


def _empty(folder: Path, files: int, done: int, progress: Callable[[float], None] | None) -> int:
    """Remove a folder with all that is in it, links as links. Returns how many files are gone now."""
    if not folder.exists():
        return done
    for path in list(_files_in(folder)):
        path.unlink()
        done += 1
        if progress is not None:
            progress(done / max(1, files))
    for at, _, _ in os.walk(folder, topdown=False):
        Path(at).rmdir()
    return done


def _files_in(folder: Path) -> Iterator[Path]:
    """Everything below that is no folder; what a link leads to is not below."""
    for at, folders, files in os.walk(folder, onerror=_raise):
        for name in (*files, *(f for f in folders if (Path(at) / f).is_symlink())):
            yield Path(at) / name


def _raise(error: OSError) -> None:
    raise error


def _others_of(store: Store) -> str:
    """Which subjects there are."""
    if not store.root.is_dir():
        return ""
    names = sorted(p.name for p in store.root.iterdir() if SUBJECT_CODE.fullmatch(p.name) and p.is_dir())
    return f" (there are {', '.join(names[:8])}{', …' if len(names) > 8 else ''})" if names else ", which is empty"


def _failed(place: Path, error: OSError) -> DiskError:
    return DiskError(
        f"{error.filename or place} cannot be removed ({error.strerror}): check permissions and disk, "
        "then erase again; it goes on from there."
    )


def kinds_of(names: tuple[str, ...]) -> dict[str, int]:
    """How many of the other files there are of each kind, by the beginning of their names."""
    return dict(Counter(name.split("-")[0].lstrip(".") for name in names))
