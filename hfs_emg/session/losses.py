"""Lost stretches as a recording goes by, record by record: pairs for the timeline, annotations for the signal.

Rule: a gap is counted when it begins and annotated when it has ended; a record's line tells the part of it that lies in that record.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from hfs_emg.session.annotations import Annotation, encode_annotation


class Annotations:
    """Annotations that wait for room in a record, in the order in which they were settled."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, onset_s: float, duration_s: float | None, text: str, *, first: bool = False) -> None:
        """One more; `first` for one that belongs into the very next record."""
        encoded = encode_annotation(Annotation(onset_s, duration_s, text))
        if first:
            self._waiting.appendleft(encoded)
        else:
            self._waiting.append(encoded)

    def take(self, room: int) -> bytes:
        """As many as `room` bytes hold."""
        taken: list[bytes] = []
        while self._waiting and len(self._waiting[0]) <= room:
            taken.append(self._waiting.popleft())
            room -= len(taken[-1])
        return b"".join(taken)


class Losses:
    """Lost samples and gaps so far."""

    def __init__(self, rate_hz: float, annotations: Annotations) -> None:
        self._rate_hz = rate_hz
        self._annotations = annotations
        self._gap_start: int | None = None
        self.samples = 0
        self.gaps = 0

    def record(self, lost: NDArray[np.bool_], first: int, *, last: bool) -> tuple[tuple[int, int], ...]:
        """The pairs [from, to) of a record that begins at sample `first`. last: nothing comes after it, so a gap ends with it."""
        edges = np.flatnonzero(np.diff(lost.astype(np.int8), prepend=0, append=0))
        pairs = tuple((first + int(a), first + int(b)) for a, b in edges.reshape(-1, 2))
        if self._gap_start is not None and len(lost) and not lost[0]:
            self.close(first)
        for start, to in pairs:
            if self._gap_start is None:
                self._gap_start = start
                self.gaps += 1
            if last or to < first + len(lost):
                self.close(to)
        self.samples += sum(to - start for start, to in pairs)
        return pairs

    def close(self, end: int) -> None:
        """Annotate the gap that is open, if there is one, as ending here."""
        if self._gap_start is not None:
            self._annotations.put(self._gap_start / self._rate_hz, (end - self._gap_start) / self._rate_hz, "gap")
            self._gap_start = None
