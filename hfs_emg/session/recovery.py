"""Making an interrupted or damaged session whole again, as far as what is on the disk allows.

Rule: nothing that can be read is lost by it. Whole records stay, also damaged ones inside; what is cut off behind the last sound record
is kept in signal.rest; documents and the header are written anew only from what the timeline vouches for. A session that was
interrupted gets a stop document that says so. Doing it twice is doing it once.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hfs_emg.errors import RecordingError, RequestError
from hfs_emg.session.bdf_file import BdfFile
from hfs_emg.session.bdf_header import RECORD_COUNT_OFFSET, RECORD_COUNT_WIDTH, encode_header
from hfs_emg.session.documents import START_NAME, STOP_NAME, StopDocument, encode_document
from hfs_emg.session.extent import lost_mask
from hfs_emg.session.files import RESERVE_NAME, disk_error, write_whole
from hfs_emg.session.integrity import damage_of
from hfs_emg.session.lines import read_journal
from hfs_emg.session.reader import Session, open_session
from hfs_emg.session.tape import EPISODES_NAME, SIGNAL_NAME
from hfs_emg.session.timeline import TIMELINE_NAME, RecordLine, StopLine, TimelineFile

INTERRUPTED = "interrupted"
"""Why a recovered recording ended, as its stop.json says it."""
REST_NAME, START_REST_NAME = "signal.rest", "start.rest"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What there was and what was done. actions: one sentence each, none when nothing had to be done; damage: what stays."""

    folder: Path
    samples: int
    lost_samples: int
    rate_hz: float
    actions: tuple[str, ...]
    damage: tuple[str, ...]


def recover(folder: Path, *, records: bool = True) -> Recovery:
    """Make the session in `folder` whole. records: look for damage in every record too, which reads the whole signal.

    Raises RequestError while it is being recorded, RecordingError when it cannot be read, DiskError when it cannot be written.
    """
    try:
        with _held(folder) as descriptor:
            session = open_session(folder, held=True)
            damage = damage_of(session, records=records)
            actions = _mend(session, descriptor)
    except OSError as error:
        raise disk_error(error, folder) from error
    lost = sum(to - start for start, to in session.gaps)
    return Recovery(folder, session.samples, lost, session.signal.rate_hz, tuple(actions), damage)


@contextmanager
def _held(folder: Path) -> Iterator[int]:
    """The signal file, held as a recorder holds it."""
    try:
        descriptor = os.open(folder / SIGNAL_NAME, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        raise RecordingError(f"{folder} holds no {SIGNAL_NAME}: there is nothing to recover.") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RequestError(f"{folder} is being recorded: end the recording first.") from None
        yield descriptor
    finally:
        os.close(descriptor)


def _mend(session: Session, descriptor: int) -> list[str]:
    # First, so that their space is there for what follows.
    for path in (session.folder / RESERVE_NAME, *session.folder.glob(".*.part")):
        path.unlink(missing_ok=True)
    actions = []
    for name in (TIMELINE_NAME, EPISODES_NAME):
        actions += _mend_journal(session.folder / name)
    if session.stop is None:
        actions += _end_signal(session, descriptor)
    if session.mended_header is not None:
        header = replace(session.mended_header, records=_records(session, descriptor))
        os.pwrite(descriptor, encode_header(header), 0)
        actions.append(f"The header of {SIGNAL_NAME} was written anew.")
    os.fsync(descriptor)
    start = session.timeline.start
    if start is not None:
        actions += _mend_document(session.folder / START_NAME, encode_document(start.start))
    elif session.start_made:
        actions += _make_start(session)
    if session.stop is None:
        _end_session(session)
        actions.append(f"{STOP_NAME} was written: the recording ended interrupted.")
    elif session.timeline.stop is not None:
        actions += _mend_document(session.folder / STOP_NAME, encode_document(session.timeline.stop.stop))
    elif start is not None:
        _vouch_for(session, session.stop, (session.folder / STOP_NAME).read_bytes())
        actions.append(f"{TIMELINE_NAME} got its last line again.")
    return actions


def _mend_journal(path: Path) -> list[str]:
    """Cut a torn last line off, and end the last one."""
    journal = read_journal(path)
    if journal is None:
        return []
    with path.open("r+b") as file:
        torn = file.seek(0, os.SEEK_END) - journal.whole_bytes
        file.truncate(journal.whole_bytes)
        if journal.whole_bytes:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.flush()
        os.fsync(file.fileno())
    return [f"A torn line of {torn} bytes was cut off {path.name}."] if torn else []


def _end_signal(session: Session, descriptor: int) -> list[str]:
    """Cut the signal after its last sound record and say in the header how many there are; give lines to records without one."""
    actions = []
    whole = session.header_bytes + session.records * session.record_bytes
    rest = os.fstat(descriptor).st_size - whole
    if rest >= session.record_bytes:
        write_whole(session.folder / REST_NAME, os.pread(descriptor, rest, whole))
        actions.append(f"{rest} bytes behind the last sound record of {SIGNAL_NAME} were moved to {REST_NAME}.")
    elif rest:
        actions.append(f"A torn record of {rest} bytes was cut off {SIGNAL_NAME}.")
    if rest:
        os.ftruncate(descriptor, whole)
    os.pwrite(descriptor, str(session.records).ljust(RECORD_COUNT_WIDTH).encode("ascii"), RECORD_COUNT_OFFSET)
    known = max((k for k in session.timeline.records if k < session.records), default=-1) + 1
    if known < session.records:
        timeline = TimelineFile(session.folder, with_sums=session.timeline.with_sums)
        with BdfFile(session.folder / SIGNAL_NAME, session.mended_header) as file:
            for k in range(known, session.records):
                timeline.append(_line_of(session, k, zlib.crc32(file.raw(k, 1).tobytes())))
        timeline.close()
        actions.append(f"{session.records - known} records got the line in {TIMELINE_NAME} that they lacked.")
    return actions


def _line_of(session: Session, record: int, crc32: int) -> RecordLine:
    length = session.samples_per_record
    first = record * length
    count = max(0, min(session.samples - first, length))
    gaps = np.array(session.gaps, np.int64).reshape(-1, 2)
    edges = np.flatnonzero(np.diff(lost_mask(gaps, first, first + count).astype(np.int8), prepend=0, append=0))
    pairs = tuple((first + int(a), first + int(b)) for a, b in edges.reshape(-1, 2))
    return RecordLine(record, crc32, None, count, pairs)


def _records(session: Session, descriptor: int) -> int:
    """How many records the file has now."""
    return (os.fstat(descriptor).st_size - session.header_bytes) // session.record_bytes


def _mend_document(path: Path, content: bytes) -> list[str]:
    try:
        if path.read_bytes() == content:
            return []
    except OSError:
        pass
    write_whole(path, content)
    return [f"{path.name} was written anew."]


def _make_start(session: Session) -> list[str]:
    """A start document from the header; what stood there, and may be of a later version, is kept."""
    path = session.folder / START_NAME
    kept = path.with_name(START_REST_NAME)
    if path.exists():
        path.replace(kept)
    write_whole(path, encode_document(session.start))
    beside = f"; what it held is in {kept.name}" if kept.exists() else ""
    return [f"{path.name} was made anew from the header of {SIGNAL_NAME}{beside}."]


def _end_session(session: Session) -> None:
    """A stop document for a recording that never got one. valid_s: what was received; the analysis may know of less."""
    lost = sum(to - start for start, to in session.gaps)
    clocks = session.timeline.clocks
    stop = StopDocument(
        reason=INTERRUPTED,
        samples=session.samples,
        lost_samples=lost,
        estimated_samples=None,
        gaps=len(session.gaps),
        restarts=0,
        valid_s=round((session.samples - lost) / session.signal.rate_hz, 3),
        sample_rate_hz=clocks[-1].clock if clocks else session.signal.rate_hz,
    )
    document = encode_document(stop)
    _vouch_for(session, stop, document)
    write_whole(session.folder / STOP_NAME, document)


def _vouch_for(session: Session, stop: StopDocument, document: bytes) -> None:
    """The line of the timeline that comes before the stop document."""
    timeline = TimelineFile(session.folder, with_sums=session.timeline.with_sums)
    journal = session.folder / EPISODES_NAME
    timeline.append(StopLine(stop, zlib.crc32(document), journal.stat().st_size if journal.exists() else 0))
    timeline.close()
