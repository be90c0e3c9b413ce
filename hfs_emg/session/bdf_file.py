"""Reading EDF, EDF+, BDF and BDF+ files a few records at a time: memory stays flat however long the file is.

Rule: the length of the file, not the header's count, says how many records there are; what is left of a torn last record is
dropped and told in `notes`. A file that is still being written can be read; it has the records it had when it was opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from hfs_emg.errors import RecordingError
from hfs_emg.session.annotations import Annotation, decode_annotations
from hfs_emg.session.bdf import HEADER_BYTES, BdfHeader, decode_samples
from hfs_emg.session.bdf_header import decode_header, header_size

_WINDOW_BYTES = 4 << 20


class BdfFile:
    """One open file. Raises RecordingError when it cannot be opened or its header makes its samples unreadable.

    header: taken instead of the one in the file, when that is known to be damaged.
    """

    def __init__(self, path: Path, header: BdfHeader | None = None) -> None:
        self.path = path
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise RecordingError(
                f"{path} cannot be opened ({error.strerror}): check the name and the permissions."
            ) from error
        try:
            self.size = os.fstat(self._fd).st_size
            first = self._pread(HEADER_BYTES, 0)
            if header is None:
                header = decode_header(self._pread(min(header_size(first), self.size), 0), self.size)
            elif self.size < header.header_bytes:
                raise RecordingError(f"The file has {self.size} bytes, its header alone has {header.header_bytes}.")
            self.header: BdfHeader = header
        except RecordingError as error:
            os.close(self._fd)
            raise RecordingError(f"{path.name}: {error}") from None
        except OSError as error:
            os.close(self._fd)
            raise RecordingError(f"{path} cannot be read ({error.strerror}).") from error
        body = self.size - self.header.header_bytes
        self.records = body // self.header.record_bytes if self.header.record_bytes else 0
        self.torn_bytes = body - self.records * self.header.record_bytes if self.header.record_bytes else 0
        self._offsets = np.cumsum([0, *(s.samples_per_record for s in self.header.signals)]) * self.header.sample_bytes

    @property
    def notes(self) -> tuple[str, ...]:
        """What the length of the file says against its header, one sentence each."""
        notes = []
        if self.torn_bytes:
            notes.append(f"The last {self.torn_bytes} bytes are a torn record and are left out.")
        if self.header.records != self.records:
            notes.append(f"The header counts {self.header.records} data records, the file holds {self.records}.")
        return tuple(notes)

    @property
    def annotation_signals(self) -> tuple[int, ...]:
        """Positions of the signals that hold annotations."""
        return tuple(i for i, s in enumerate(self.header.signals) if s.annotations)

    @property
    def window_records(self) -> int:
        """How many records make a window of about 4 MB; one at least."""
        return max(1, _WINDOW_BYTES // max(1, self.header.record_bytes))

    def read(self, first: int, count: int, signals: Sequence[int]) -> list[NDArray[np.int32]]:
        """Counts of records first to first + count, one (count * samples_per_record,) array per signal asked for."""
        return self.decode(self.raw(first, count), signals)

    def decode(self, raw: NDArray[np.uint8], signals: Sequence[int]) -> list[NDArray[np.int32]]:
        """Counts of records as `raw` gave them, one (records * samples_per_record,) array per signal asked for."""
        columns = []
        for i in signals:
            part = raw[:, self._offsets[i] : self._offsets[i + 1]]
            columns.append(decode_samples(part, self.header.sample_bytes).reshape(-1))
        return columns

    def raw(self, first: int, count: int) -> NDArray[np.uint8]:
        """(records, record_bytes) of records first to first + count, fewer where the file ends."""
        count = max(0, min(count, self.records - first))
        size = self.header.record_bytes
        try:
            block = self._pread(count * size, self.header.header_bytes + first * size)
        except OSError as error:
            raise RecordingError(
                f"{self.path} cannot be read at record {first} ({error.strerror}): copy it to a sound disk."
            ) from error
        if len(block) != count * size:
            raise RecordingError(f"{self.path} became shorter while it was read: open it again.")
        return np.frombuffer(block, np.uint8).reshape(count, size)

    def record_annotations(self, first: int, count: int) -> Iterator[tuple[int, tuple[Annotation, ...]]]:
        """Record number and its annotations, the time stamp first, for records first to first + count."""
        parts = [slice(int(self._offsets[i]), int(self._offsets[i + 1])) for i in self.annotation_signals]
        for k, raw in enumerate(self.raw(first, count)):
            yield first + k, tuple(a for part in parts for a in decode_annotations(raw[part].tobytes()))

    def annotations(self) -> Iterator[Annotation]:
        """Every annotation with a text, in the order of the file; onsets count from the first sample."""
        start_s: float | None = None
        for _, found in self._all_annotations():
            if start_s is None:
                start_s = found[0].onset_s if found and not found[0].text else 0.0
            for annotation in found:
                if annotation.text:
                    yield Annotation(annotation.onset_s - start_s, annotation.duration_s, annotation.text)

    def record_onsets(self) -> NDArray[np.float64]:
        """(records,) seconds from the first sample at which each record begins: by its time stamp where the file is
        discontinuous (EDF+D, BDF+D), by its number elsewhere. Raises RecordingError for a record without a stamp, or one that
        begins before the record before it ends.
        """
        if self.header.continuity != "D":
            return np.arange(self.records, dtype=np.float64) * self.header.record_s
        onsets = np.empty(self.records)
        for k, found in self._all_annotations():
            if not found or found[0].text:
                raise RecordingError(
                    f"{self.path.name}: record {k} has no time stamp, so its place in time is not known."
                )
            onsets[k] = found[0].onset_s
        early = np.flatnonzero(np.diff(onsets) < self.header.record_s * (1 - 1e-6))
        if len(early):
            k = int(early[0]) + 1
            raise RecordingError(
                f"{self.path.name}: record {k} begins at {onsets[k]:g} s, before the one before it ends."
            )
        if self.records:
            onsets -= onsets[0]
        return onsets

    def close(self) -> None:
        """Give the file back. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> BdfFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _all_annotations(self) -> Iterator[tuple[int, tuple[Annotation, ...]]]:
        if self.annotation_signals:
            for first in range(0, self.records, self.window_records):
                yield from self.record_annotations(first, self.window_records)

    def _pread(self, size: int, at: int) -> bytes:
        parts = []
        while size > 0:
            part = os.pread(self._fd, size, at)
            if not part:
                break
            parts.append(part)
            size -= len(part)
            at += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
