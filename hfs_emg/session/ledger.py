"""What the timeline knows of the other files: whether start.json, stop.json and the header are as they were written, and what they said.

Rule: a file that is as it was written counts as it is. One that is not is told with the place of the damage, and what it said is
taken from the timeline; where the timeline does not know it (a session of an earlier version), the file counts if it can be read.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from hfs_emg.errors import RecordingError
from hfs_emg.session.bdf import BdfHeader
from hfs_emg.session.bdf_header import decode_header, encode_header, header_size
from hfs_emg.session.documents import (
    START_NAME,
    STOP_NAME,
    StartDocument,
    StopDocument,
    encode_document,
    read_document,
)
from hfs_emg.session.signal_file import header_crc32, header_of
from hfs_emg.session.timeline import TIMELINE_NAME, Timeline


@dataclass(frozen=True, slots=True)
class Documents:
    """Both documents as they were written; stop None: the recording did not end. damage: one sentence per damaged file."""

    start: StartDocument
    stop: StopDocument | None
    damage: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """instead: to be taken in place of the header in the signal file, None when that one is sound."""

    instead: BdfHeader | None
    damage: tuple[str, ...]


def documents_of(folder: Path, timeline: Timeline) -> Documents:
    """The documents of a session. Raises RecordingError when the start document is known nowhere."""
    damage: list[str] = []
    start_path, stop_path = folder / START_NAME, folder / STOP_NAME
    start, stop = timeline.start, timeline.stop
    if start is None:
        found = read_document(start_path, StartDocument)
    else:
        found = start.start
        damage += _difference(start_path, encode_document(found), start.crc32)
    if not stop_path.exists():
        return Documents(found, None, tuple(damage))
    if stop is not None:
        damage += _difference(stop_path, encode_document(stop.stop), stop.crc32)
        return Documents(found, stop.stop, tuple(damage))
    try:
        written = read_document(stop_path, StopDocument)
        if start is not None:
            damage.append(f"{TIMELINE_NAME} lacks its last line, which vouches for {STOP_NAME}.")
        return Documents(found, written, tuple(damage))
    except RecordingError as error:
        return Documents(found, None, (*damage, str(error)))


def sound_header(path: Path, start: StartDocument, timeline: Timeline) -> Header:
    """The header to read a signal file by. Raises RecordingError when the file cannot be opened."""
    if timeline.start is None:
        return Header(None, ())
    expected = encode_header(header_of(start))
    try:
        with path.open("rb") as file:
            actual = file.read(len(expected))
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be opened ({error.strerror}): check the name and the permissions."
        ) from error
    written = timeline.start.header_crc32
    if header_crc32(actual) == written or header_crc32(expected) != written or len(actual) < len(expected):
        return Header(None, ())
    if _is_whole(actual) and header_size(actual) != len(expected):  # of another session: the reader refuses it
        return Header(None, ())
    at = next(k for k in range(len(expected)) if actual[k] != expected[k] and not 236 <= k < 244)
    damage = f"The header of {path.name} is damaged at byte {at}: what it said is taken from {START_NAME}."
    return Header(decode_header(expected, len(expected)), (damage,))


def _is_whole(head: bytes) -> bool:
    """The header says its own length twice, and both times the same."""
    return head[184:192].strip() == str(header_size(head)).encode()


def _difference(path: Path, expected: bytes, crc32: int) -> list[str]:
    """A sentence when the file does not hold what was written."""
    try:
        actual = path.read_bytes()
    except OSError as error:
        return [f"{path.name} cannot be read ({error.strerror}): what it said is taken from the timeline."]
    if zlib.crc32(actual) == crc32:
        return []
    at = next(
        (k for k, (a, b) in enumerate(zip(actual, expected, strict=False)) if a != b), min(len(actual), len(expected))
    )
    return [f"{path.name} is damaged at byte {at}: what it said is taken from the timeline."]
