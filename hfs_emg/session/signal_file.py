"""Appending to a BDF+ file so that any reader opens it at any moment.

Rule: a record goes out in one `write`; once it is on the disk (`fdatasync`) the header's record count is rewritten in place. A
write that fails is taken back: the file ends with its last whole record.
"""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hfs_emg.errors import RecordingError
from hfs_emg.model import Signal
from hfs_emg.session.annotations import ascii_text, encode_stamp
from hfs_emg.session.bdf import COUNT_MAX, COUNT_MIN, BdfHeader, BdfSignal, encode_samples
from hfs_emg.session.bdf_header import RECORD_COUNT_OFFSET, RECORD_COUNT_WIDTH, encode_header
from hfs_emg.session.documents import StartDocument
from hfs_emg.session.scaling import plain_signal, record_length, voltage_signal

ANNOTATION_BYTES = 1200
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def session_header(signal: Signal, *, subject: str, start_utc: datetime | None, equipment: str) -> BdfHeader:
    """The BDF+ header of a recording of ours: EXG inputs, then aux, then annotations. start_utc None: not known."""
    samples, duration = record_length(signal.rate_hz)
    exg = [voltage_signal(i, ascii_text(i.label, 16), samples) for i in signal.inputs]
    aux = [plain_signal(ascii_text(label, 16), samples) for label in signal.aux_labels]
    notes = BdfSignal("BDF Annotations", "", "-1", "1", COUNT_MIN, COUNT_MAX, ANNOTATION_BYTES // 3)
    day = "X" if start_utc is None else f"{start_utc:%d}-{_MONTHS[start_utc.month - 1]}-{start_utc:%Y}"
    return BdfHeader(
        sample_bytes=3,
        patient=f"{_word(subject)} X X X",
        recording=f"Startdate {day} X X {_word(equipment)}"[:80],
        start=None if start_utc is None else start_utc.replace(tzinfo=None, microsecond=0),
        continuity="C",
        records=0,
        record_duration=duration,
        signals=(*exg, *aux, notes),
    )


def check_counts(samples: NDArray[np.int32], labels: Sequence[str]) -> None:
    """Raise RecordingError, naming the signal, where a count needs more than the 24 bits of a BDF sample."""
    beyond = (samples > COUNT_MAX) | (samples < COUNT_MIN)
    if beyond.any():
        row, column = np.argwhere(beyond)[0]
        raise RecordingError(
            f"{labels[column]} has the count {samples[row, column]}, which does not fit the 24 bits of a BDF sample: "
            "the board's specification is wrong."
        )


def header_of(start: StartDocument) -> BdfHeader:
    """The header that belongs to a start document: all that it says is said there."""
    software = f"hfs-emg {start.software}"
    return session_header(start.signal, subject=start.subject, start_utc=start.started, equipment=software)


def header_crc32(encoded: bytes) -> int:
    """CRC-32 of a header's bytes with the record count, which grows, left blank."""
    end = RECORD_COUNT_OFFSET + RECORD_COUNT_WIDTH
    return zlib.crc32(encoded[:RECORD_COUNT_OFFSET] + b" " * RECORD_COUNT_WIDTH + encoded[end:])


class SignalFile:
    """A BDF+ file that grows by whole records. Used by one thread. OSError comes through as it is."""

    def __init__(self, path: Path, header: BdfHeader) -> None:
        encoded = encode_header(header)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._header = header
        self._end = 0
        self.records = 0
        try:
            self._write(encoded)
            os.fsync(self._fd)
        except OSError:
            os.close(self._fd)
            raise

    @property
    def descriptor(self) -> int:
        """For locking."""
        return self._fd

    @property
    def samples_per_record(self) -> int:
        """Of every signal but the annotations."""
        return self._header.signals[0].samples_per_record

    @property
    def annotation_room(self) -> int:
        """Bytes of annotations that the next record takes beside its time stamp."""
        return ANNOTATION_BYTES - len(encode_stamp(self._onset_s()))

    def next_record(self, samples: NDArray[np.int32], annotations: bytes = b"") -> bytes:
        """The next record: (samples_per_record, signals) counts and encoded annotations, not written yet."""
        text = (encode_stamp(self._onset_s()) + annotations).ljust(ANNOTATION_BYTES, b"\x00")
        return encode_samples(np.ascontiguousarray(samples.T)).tobytes() + text

    def append(self, samples: NDArray[np.int32], annotations: bytes = b"") -> None:
        """Make the next record, and write it."""
        self.append_record(self.next_record(samples, annotations))

    def append_record(self, record: bytes) -> None:
        """Write the record that `next_record` made."""
        if len(record) != self._header.record_bytes:
            raise ValueError(f"a record of {len(record)} bytes where {self._header.record_bytes} are due")
        self._write(record)
        self.records += 1

    def sync(self) -> None:
        """Put what was appended on the disk, then say in the header how many records there are."""
        os.fdatasync(self._fd)
        self.write_count()

    def write_count(self) -> None:
        """Say in the header how many records there are."""
        os.pwrite(self._fd, str(self.records).ljust(RECORD_COUNT_WIDTH).encode("ascii"), RECORD_COUNT_OFFSET)

    def check_there(self) -> None:
        """Raise OSError when the file was deleted: what is written to it then goes nowhere."""
        if not os.fstat(self._fd).st_nlink:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def cut(self, records: int) -> None:
        """Take back all but the first `records`."""
        self._end = self._header.header_bytes + records * self._header.record_bytes
        os.ftruncate(self._fd, self._end)
        self.records = records

    def seal(self) -> None:
        """Put the header's record count on the disk too."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Seal and close. May be called twice."""
        if self._fd >= 0:
            try:
                self.seal()
            finally:
                os.close(self._fd)
                self._fd = -1

    def _onset_s(self) -> float:
        return self.records * self._header.record_s

    def _write(self, block: bytes) -> None:
        at = self._end
        view = memoryview(block)
        try:
            while view:
                written = os.pwrite(self._fd, view, at)
                view = view[written:]
                at += written
        except OSError:
            os.ftruncate(self._fd, self._end)
            raise
        self._end = at


def _word(text: str) -> str:
    return ascii_text(text, 40).replace(" ", "_") or "X"
