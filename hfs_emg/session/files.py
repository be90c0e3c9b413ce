"""How files of a session come into being: readable by their owner only, whole or not at all.

Foreign exceptions of the disk become one DiskError here; nothing above knows an errno.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from hfs_emg.errors import DiskError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The disk has no room for more, and what is there is sound."""
RESERVE_NAME = ".reserve"

_REASONS = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "the disk quota is used up: free some space",
    errno.EFBIG: "the file has reached the size limit: raise the limit or record shorter sessions",
    errno.EROFS: "the disk is read-only: remount it, or replace the card if it went read-only by itself",
    errno.EACCES: "permission was denied: choose a folder that you may write",
    errno.EPERM: "permission was denied: choose a folder that you may write",
    errno.ENOTDIR: "a file is where a folder should be: move it away or choose another store",
    errno.EEXIST: "it exists already: move it away or choose another name",
    errno.EIO: "the disk reports a fault: replace it",
    errno.ENODEV: "the disk is gone: put it back",
    errno.ENOENT: "its folder is gone: put it back",
}


def disk_error(error: OSError, path: Path) -> DiskError:
    """What the disk said about `path`, and what to do, in a sentence."""
    reason = _REASONS.get(error.errno or 0, f"the system says '{error.strerror or error}': check the disk")
    return DiskError(f"{path} cannot be written because {reason}.")


def make_private_folder(folder: Path) -> None:
    """A new folder that only its owner may enter, its parents too. Raises OSError, also when it exists."""
    make_private_parents(folder)
    folder.mkdir(mode=0o700)


def make_private_parents(path: Path) -> None:
    """The folders above `path` that are not there yet, for their owner only. Raises OSError."""
    for parent in reversed(path.parents):
        if parent.exists() and not parent.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(parent))
        if not parent.is_dir():
            parent.mkdir(mode=0o700, exist_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a new file so that it is there with all its content, on the disk, or not there. Raises OSError."""
    partial = path.with_name(f".{path.name}.part")
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(fd, view) :]
            os.fsync(fd)
        finally:
            os.close(fd)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put the folder's list of names on the disk. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class AppendFile:
    """A text file of whole lines that only grows. A line that fails is taken back. OSError comes through."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._end = os.fstat(self._fd).st_size
        self.synced_bytes = self._end

    def append(self, line: bytes) -> None:
        """Write one line; the line break is added."""
        view = memoryview(line + b"\n")
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError:
            os.ftruncate(self._fd, self._end)
            raise
        self._end += len(line) + 1

    def sync(self) -> None:
        """Put what was written on the disk."""
        os.fdatasync(self._fd)
        self.synced_bytes = self._end

    @property
    def length(self) -> int:
        """In bytes."""
        return self._end

    @property
    def unsynced_bytes(self) -> int:
        """Written, and not known to be on the disk."""
        return self._end - self.synced_bytes

    def close(self) -> None:
        """Sync and close. May be called twice."""
        if self._fd >= 0:
            try:
                os.fdatasync(self._fd)
            finally:
                os.close(self._fd)
                self._fd = -1


class Reserve:
    """Space kept in a folder for what must be written when the disk is full: a hidden file, gone once it is released.

    Raises OSError when there is not even that much space.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._path = folder / RESERVE_NAME
        self._held = True
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, size)
        except OSError:
            self.release()
            raise
        finally:
            os.close(fd)

    def release(self) -> bool:
        """Give the space back; False when it was given back before. Never raises: a disk that is gone has no space to give."""
        held, self._held = self._held, False
        if held:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
        return held
