"""A file as a recording: rows of counts, and the holes between them where samples were lost.

A hole of n samples before row r means that n samples are missing between rows r - 1 and r. They are filled with the last value
and marked, so that sample index is the only clock, as in a session of our own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage
from hfs_emg.errors import RecordingError
from hfs_emg.model import Block, Marker, Signal
from hfs_emg.session.extent import lost_mask

Counts = NDArray[np.int32]

LONGEST_HOLE_S = 86_400.0
"""A longer pause is two recordings."""


@dataclass(frozen=True, slots=True)
class Hole:
    """`samples` samples were lost before row `row` of the source."""

    row: int
    samples: int


@dataclass(frozen=True)
class FileRecording:
    """A `Recording` over any file whose rows can be read again from the beginning.

    rows: number of rows in the source. read: yields them in order as (n, inputs) int32. holes: in order of row. lost: (from, to)
    sample indices that the source itself marks as filled. input_numbers: the 1-based number by which people know each input, where
    the source has more inputs than signal.inputs.
    """

    path: Path
    signal: Signal
    rows: int
    read: Callable[[], Iterator[Counts]]
    holes: tuple[Hole, ...] = ()
    lost: tuple[tuple[int, int], ...] = ()
    markers: tuple[Marker, ...] = ()
    input_numbers: tuple[int, ...] = ()
    montage: Montage | None = None
    start_utc: datetime | None = None
    simulated: bool = False
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def samples(self) -> int:
        """Rows and filled samples."""
        return self.rows + sum(h.samples for h in self.holes)

    def blocks(self, samples_per_block: int = 15_000) -> Iterator[Block]:
        """The whole recording in order; a new call starts at the beginning. Raises RecordingError where the file cannot be read."""
        size = min(samples_per_block, max(self.samples, 1))
        if size < 1:
            raise ValueError(f"samples_per_block is {samples_per_block}: at least 1 is needed")
        marked = np.array(self.lost, np.int64).reshape(-1, 2)
        start = used = 0
        counts, lost = self._empty(size)
        for piece, filled in self._pieces(size):
            done = 0
            while done < len(piece):
                n = min(size - used, len(piece) - done)
                counts[used : used + n] = piece[done : done + n]
                lost[used : used + n] = filled
                used += n
                done += n
                if used == size:
                    yield _block(start, counts, lost | lost_mask(marked, start, start + size))
                    start += size
                    used = 0
                    counts, lost = self._empty(size)
        if used:
            yield _block(start, counts[:used].copy(), lost[:used] | lost_mask(marked, start, start + used))

    def _empty(self, n: int) -> tuple[Counts, NDArray[np.bool_]]:
        return np.empty((n, len(self.signal.inputs)), np.int32), np.empty(n, np.bool_)

    def _pieces(self, longest: int) -> Iterator[tuple[Counts, bool]]:
        """Rows and fillings in order, each with whether it is a filling; no filling longer than `longest`."""
        holes = iter(self.holes)
        hole = next(holes, None)
        row = 0
        last: Counts | None = None
        for rows in self.read():
            rest = rows[: self.rows - row]
            while len(rest):
                until = len(rest) if hole is None else min(len(rest), hole.row - row)
                if until:
                    last = rest[until - 1 : until].copy()
                    yield rest[:until], False
                    row += until
                    rest = rest[until:]
                if hole is not None and row == hole.row and last is not None:
                    for begin in range(0, hole.samples, longest):
                        yield np.repeat(last, min(longest, hole.samples - begin), axis=0), True
                    hole = next(holes, None)
        if row < self.rows:
            raise RecordingError(
                f"{self.path.name} became shorter while it was read: read it again when nothing writes to it."
            )


def check_holes(name: str, holes: Sequence[Hole], rate_hz: float) -> None:
    """Raises RecordingError for a pause so long that two recordings stand in one file."""
    for hole in holes:
        if hole.samples > LONGEST_HOLE_S * rate_hz:
            raise RecordingError(
                f"{name}: {hole.samples / rate_hz / 3600:.0f} h are missing before row {hole.row + 1}: split the file there into two "
                "recordings."
            )


def samples_of_rows(rows: Sequence[int], holes: Sequence[Hole]) -> list[int]:
    """The sample index of each row (in any order), holes before it included."""
    lost = np.concatenate([[0], np.cumsum([h.samples for h in holes], dtype=np.int64)])
    before = np.searchsorted([h.row for h in holes], rows, side="right")
    return [int(row + lost[i]) for row, i in zip(rows, before, strict=True)]


def _block(start: int, counts: Counts, lost: NDArray[np.bool_]) -> Block:
    return Block(start, counts, lost, np.empty((len(counts), 0), np.int32))
