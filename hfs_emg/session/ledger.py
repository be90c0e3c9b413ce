"""What the timeline knows of the other files: whether start.json, stop.json and the header are as they were written, and what they said.

Rule: a file that is as it was written counts as it is. One that is not is told with the place of the damage, and what it said is
taken from the timeline; where the timeline does not know it (a session of an earlier version), the file counts if it can be read, and
in place of a start document that cannot, the header of the signal.
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
    montage_from,
    read_document,
)
from hfs_emg.session.signal_file import header_crc32, header_of
from hfs_emg.session.start_again import holds_a_record, start_from_header
from hfs_emg.session.tape import SIGNAL_NAME
from hfs_emg.session.timeline import TIMELINE_NAME, Timeline

MISSING_START = (
    f"{START_NAME} is missing: what it said is taken from the header of {SIGNAL_NAME}, as far as that knows it."
)


@dataclass(frozen=True, slots=True)
class Documents:
    """Both documents as they were written; stop None: the recording did not end. damage: one sentence per damaged file.

    start_made: the start document is known nowhere, and was made from the header of the signal.
    """

    start: StartDocument
    stop: StopDocument | None
    damage: tuple[str, ...]
    start_made: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """instead: to be taken in place of the header in the signal file, None when that one is sound."""

    instead: BdfHeader | None
    damage: tuple[str, ...]


def documents_of(folder: Path, timeline: Timeline) -> Documents:
    """The documents of a session. Raises RecordingError when not even the signal's header knows how it began."""
    damage: list[str] = []
    start_path = folder / START_NAME
    start, made = timeline.start, False
    if start is None:
        found, told = _start_by_itself(folder)
        made = bool(told)
        damage += told
    else:
        found = start.start
        damage += _difference(start_path, encode_document(found), start.crc32)
    stop, told = _stop(folder / STOP_NAME, timeline)
    return Documents(found, stop, (*damage, *told), made)


def _start_by_itself(folder: Path) -> tuple[StartDocument, list[str]]:
    """start.json, which nothing vouches for; where it cannot be used, what the signal's header says, and a sentence."""
    try:
        document = read_document(folder / START_NAME, StartDocument)
        montage_from(document)
        return document, []
    except RecordingError as error:
        if not holds_a_record(folder / SIGNAL_NAME):
            raise
        try:
            instead = start_from_header(folder / SIGNAL_NAME)
        except RecordingError:
            raise error from None
        why = f"{error} What it said is taken from the header of {SIGNAL_NAME}, as far as that knows it."
        return instead, [why if (folder / START_NAME).exists() else MISSING_START]


def _stop(path: Path, timeline: Timeline) -> tuple[StopDocument | None, list[str]]:
    """stop.json, as the timeline knows it or by itself, and what is wrong with it."""
    if not path.exists():
        return None, []
    if timeline.stop is not None:
        document = timeline.stop.stop
        return document, _difference(path, encode_document(document), timeline.stop.crc32)
    try:
        written = read_document(path, StopDocument)
    except RecordingError as error:
        return None, [str(error)]
    unvouched = f"{TIMELINE_NAME} lacks its last line, which vouches for {STOP_NAME}."
    return written, [unvouched] if timeline.start is not None else []


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
