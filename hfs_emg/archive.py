"""Archives: session folders in one file, to be kept elsewhere or sent, and taken into a store again; encrypted when a passphrase is given.
Of a whole subject also its treatments and calibration profiles.

Plain, an archive is a tar (POSIX.1-2001 ustar) whose first member is `hfs-emg-archive.json`. Encrypted, it is a tar of two files in
the format of age (age-encryption.org/v1): `key.age`, a key under the passphrase, and `sessions.tar.age`, the plain archive under that
key. So nothing of it is our own cryptography, a night needs no more memory than a minute, and without this program it opens with
`age -d key.age > key` and `age -d -i key sessions.tar.age | tar x`.
"""

from __future__ import annotations

import importlib
import os
import re
import secrets
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from hfs_emg.errors import RecordingError, RequestError
from hfs_emg.session.files import disk_error, make_private_folder, make_private_parents, sync_folder
from hfs_emg.session.reader import is_being_recorded, open_session
from hfs_emg.session.store import Store
from hfs_emg.subject_files import OWN, says_more, subject_files

INDEX_NAME, KEY_NAME, SEALED_NAME = "hfs-emg-archive.json", "key.age", "sessions.tar.age"
SCHEMA = "hfs-emg/archive/1"
ARRIVING = ".arriving-"
"""Begins the name of the folder of the store in which an archive is unpacked; one that is left over was interrupted."""
LONGEST_INDEX = 1 << 20
LONGEST_KEY = 1 << 16
_MEMBER = re.compile(r"([A-Za-z0-9]{1,32})/(\d{8}T\d{6}Z-[0-9a-f]{4})/([A-Za-z0-9][A-Za-z0-9._-]{0,99})")
_OWN_MEMBER = re.compile(rf"([A-Za-z0-9]{{1,32}})/({OWN.pattern})")
_CHUNK = 1 << 20


class Index(msgspec.Struct, frozen=True):
    """The first member: what an archive holds, as SUBJECT/SESSION. subjects: those whose own files are in it as well."""

    schema: str
    sessions: tuple[str, ...]
    subjects: tuple[str, ...] = ()


def is_archive(path: Path) -> bool:
    """Whether a file is an archive of either kind, by its first member's name."""
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError:
        return False
    return head[257:262] == b"ustar" and head[:100].rstrip(b"\0").decode("latin-1") in (INDEX_NAME, KEY_NAME)


def write_archive(
    folders: Sequence[Path], out: Path, passphrase: str | None = None, *, subjects: Sequence[Path] = ()
) -> None:
    """Write these session folders to a new file, for its owner only. subjects: folders of subjects whose own files go along.

    Raises RequestError for one that is being recorded, RecordingError for one that cannot be read, DiskError.
    """
    for folder in folders:
        if is_being_recorded(folder):
            raise RequestError(f"{folder} is being recorded: end the recording first.")
        open_session(folder)
    try:
        with _private(out) as file:
            if passphrase is None:
                shutil.copyfileobj(_Reader(_tar_of(folders, subjects)), file, _CHUNK)
            else:
                _write_sealed(_tar_of(folders, subjects), file, out.with_name(f".{out.name}.sealed"), passphrase)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise disk_error(error, out) from error


def _write_sealed(plain: Iterator[bytes], file: BinaryIO, beside: Path, passphrase: str) -> None:
    pyrage = _pyrage()
    key = pyrage.x25519.Identity.generate()
    try:
        with _private(beside) as sealed:
            pyrage.encrypt_io(_Reader(plain), sealed, [key.to_public()])
        with beside.open("rb") as content:
            wrapped = pyrage.passphrase.encrypt(str(key).encode(), passphrase)
            chunks = iter(lambda: content.read(_CHUNK), b"")
            for part in _members([(KEY_NAME, len(wrapped), [wrapped]), (SEALED_NAME, beside.stat().st_size, chunks)]):
                file.write(part)
    finally:
        beside.unlink(missing_ok=True)


def read_archive(path: Path, store: Store, passphrase: str | None = None) -> list[Path]:
    """Take the sessions of an archive into the store. Returns their folders; when one cannot be taken, none is.

    Raises RequestError for a session that is there already, a subject's file that says something else there, or a passphrase that is
    missing or wrong, RecordingError for a damaged archive, and DiskError.
    """
    room = store.root / f"{ARRIVING}{secrets.token_hex(4)}"
    try:
        make_private_folder(room)
        try:
            with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
                first = tar.next()
                if first is None:
                    raise RecordingError(f"{path} is an archive of nothing: get it again.")
                sealed = first.name == KEY_NAME
                arrived = _unseal(tar, room, passphrase, path) if sealed else _unpack(tar, room, path)
            return _settle(arrived, room, store)
        finally:
            shutil.rmtree(room, ignore_errors=True)
    except (tarfile.TarError, EOFError, UnicodeError) as error:
        raise RecordingError(f"{path} is a damaged archive ({error}): get it again.") from error
    except OSError as error:
        raise disk_error(error, store.root) from error


def _unseal(tar: tarfile.TarFile, room: Path, passphrase: str | None, path: Path) -> list[Path]:
    """Decrypt beside, in the store, for the owner only, and unpack that."""
    if passphrase is None:
        raise RequestError(f"{path} is encrypted: give --passphrase-file FILE.")
    pyrage = _pyrage()
    key, sealed = tar.getmembers()[:2] if len(tar.getmembers()) > 1 else (tar.getmembers()[0], None)
    if sealed is None or sealed.name != SEALED_NAME or not sealed.isreg() or not 0 < key.size <= LONGEST_KEY:
        raise RecordingError(f"{path} is a damaged archive (no {SEALED_NAME} in it): get it again.")
    try:
        identity = pyrage.x25519.Identity.from_str(pyrage.passphrase.decrypt(_content(tar, key), passphrase).decode())
    except (pyrage.DecryptError, pyrage.IdentityError, ValueError) as error:
        if "work" in str(
            error
        ):  # age refuses what would take this computer some 16 s: it is slower, or busier, than the one that wrote
            raise RequestError(
                f"{path} would take this computer too long to open now: try again when it is idle, or on a faster one."
            ) from None
        raise RequestError(f"{path} does not open with this passphrase: check the file that holds it.") from None
    plain = room / "sessions.tar"
    try:
        with _private(plain) as out:
            pyrage.decrypt_io(tar.extractfile(sealed), out, [identity])
    except (pyrage.DecryptError, OSError) as error:
        if getattr(error, "errno", None) is not None:  # the disk; what the library finds wrong has no number
            raise
        raise RecordingError(f"{path} is damaged in {SEALED_NAME} ({error}): get it again.") from None
    with plain.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as inner:
        return _unpack(inner, room, path)


def _unpack(tar: tarfile.TarFile, room: Path, path: Path) -> list[Path]:
    """Regular files of session folders and nothing else; names that lead elsewhere are refused."""
    first = tar.getmembers()[0]
    if first.name != INDEX_NAME or not first.isreg() or first.size > LONGEST_INDEX:
        raise RecordingError(f"{path} is a damaged archive ({INDEX_NAME} is not its first member): get it again.")
    try:
        index = msgspec.json.decode(_content(tar, first), type=Index)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise RecordingError(f"{path}, {INDEX_NAME}: {error}.") from None
    if index.schema != SCHEMA:
        raise RecordingError(f"{path} is an archive of another version ({index.schema[:40]!r}): update this program.")
    for member in tar.getmembers()[1:]:
        if not member.isreg() or not _is_announced(member.name, index):
            raise RecordingError(
                f"{path} holds {member.name[:120]!r}, which is no file of a session: nothing was taken."
            )
        target = room / member.name
        make_private_parents(target)
        with _private(target) as out:
            shutil.copyfileobj(tar.extractfile(member), out, _CHUNK)  # type: ignore[arg-type]
            os.fsync(out.fileno())
    return [room / name for name in index.sessions]


def _is_announced(name: str, index: Index) -> bool:
    """A file of a session, or of a subject, that the index names."""
    if match := _MEMBER.fullmatch(name):
        return f"{match[1]}/{match[2]}" in index.sessions
    match = _OWN_MEMBER.fullmatch(name)
    return match is not None and match[1] in index.subjects


def _settle(arrived: list[Path], room: Path, store: Store) -> list[Path]:
    """Move the sessions to their places once each of them opens and none is in the way; then what is of the subjects and new."""
    targets = [store.root / folder.relative_to(room) for folder in arrived]
    for folder, target in zip(arrived, targets, strict=True):
        if target.exists():
            raise RequestError(f"{target} is there already: nothing was taken.")
        open_session(folder)
    own = [path for subject in room.iterdir() if subject.is_dir() for path in subject_files(subject)]
    places = [store.root / path.relative_to(room) for path in own]
    moves = [
        *zip(arrived, targets, strict=True),
        *((a, b) for a, b in zip(own, places, strict=True) if says_more(a, b)),
    ]
    for path, target in moves:
        make_private_parents(target)
        path.replace(target)
        sync_folder(target.parent)
    return targets


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return b"" if file is None else file.read()


def _tar_of(folders: Sequence[Path], subjects: Sequence[Path]) -> Iterator[bytes]:
    """A plain archive, piece by piece. Hidden files (a reserve, a half-written document) stay behind."""
    names = tuple(f"{folder.parent.name}/{folder.name}" for folder in folders)
    described = Index(SCHEMA, names, tuple(subject.name for subject in subjects))
    index = msgspec.json.format(msgspec.json.encode(described), indent=1) + b"\n"
    yield from _members([(INDEX_NAME, len(index), [index])], end=False)
    for subject in subjects:
        for path in subject_files(subject):
            size = path.stat().st_size
            yield from _members([(f"{subject.name}/{path.name}", size, _pieces(path, size))], end=False)
    for name, folder in zip(names, folders, strict=True):
        for path in sorted(folder.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                size = path.stat().st_size
                yield from _members([(f"{name}/{path.name}", size, _pieces(path, size))], end=False)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _pieces(path: Path, size: int) -> Iterator[bytes]:
    """The first `size` bytes of a file; one that has become shorter meanwhile is an error, not a shifted archive."""
    with path.open("rb") as file:
        while size:
            piece = file.read(min(_CHUNK, size))
            if not piece:
                raise RecordingError(f"{path} became shorter while it was read: try again.")
            size -= len(piece)
            yield piece


def _members(members: Iterable[tuple[str, int, Iterable[bytes]]], *, end: bool = True) -> Iterator[bytes]:
    """Tar members: header without owner, host or time, content, padding."""
    for name, size, pieces in members:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        yield member.tobuf(tarfile.USTAR_FORMAT)
        yield from pieces
        yield bytes(-size % tarfile.BLOCKSIZE)
    if end:
        yield bytes(2 * tarfile.BLOCKSIZE)


class _Reader:
    """Pieces as a file that is read, so that nothing waits in memory but one of them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; b"" at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        taken, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return taken


def _private(path: Path) -> BinaryIO:
    """Open a file for its owner only, emptied where it exists."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "wb")


def _pyrage() -> Any:
    """The age library, which only encrypted archives need. Raises RequestError."""
    try:
        return importlib.import_module("pyrage")
    except ImportError:
        raise RequestError("Encrypted archives need the package pyrage: pip install 'hfs-emg[archive]'.") from None
