"""A table of text as a recording: one pass that looks at every row, and a second one each time the counts are read.

The first pass finds what the whole file must be known for: its length, losses, dead inputs, the ADC's code width, markers. It
keeps nothing of the samples, so memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hfs_emg.errors import RecordingError
from hfs_emg.formats.losses import LossFinder
from hfs_emg.formats.recording import Counts, FileRecording, check_holes, samples_of_rows
from hfs_emg.formats.scale import ADS1299_GRIDS, FLOAT_GRIDS, GANGLION_GRIDS, GridFinder, to_counts
from hfs_emg.formats.text_table import Rows, TextTable, read_rows
from hfs_emg.model import Input, Marker, Signal

LOWEST_RATE_HZ = 100.0
HIGHEST_RATE_HZ = 50_000.0


@dataclass(frozen=True, slots=True)
class BoardRows:
    """What rows of one kind of board are like. rules: (modulus, step) that its index may follow; grids: µV per count."""

    title: str
    rate_hz: float
    channels: int
    rules: tuple[tuple[int, int], ...]
    grids: tuple[float, ...]
    simulated: bool = False


CYTON_ROWS = BoardRows("Cyton", 250.0, 8, ((256, 1),), ADS1299_GRIDS)
DAISY_ROWS = BoardRows("Cyton with Daisy", 125.0, 16, ((256, 2), (256, 1)), ADS1299_GRIDS)
GANGLION_ROWS = BoardRows("Ganglion", 200.0, 4, ((201, 1),), GANGLION_GRIDS)
SYNTHETIC_ROWS = BoardRows("synthetic board", 250.0, 16, ((256, 1),), FLOAT_GRIDS, simulated=True)
OTHER_ROWS = BoardRows("another board", 250.0, 8, ((256, 1),), FLOAT_GRIDS)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column (0-based) holds what. unix: seconds or milliseconds since 1970; clock: HH:MM:SS.sss of the day."""

    exg: tuple[int, ...]
    labels: tuple[str, ...]
    index: int | None
    marker: int | None = None
    unix: int | None = None
    clock: int | None = None


def open_table(
    table: TextTable, layout: Layout, board: BoardRows, rate_hz: float, notes: Sequence[str] = ()
) -> FileRecording:
    """The table as a recording. Raises RecordingError where it cannot be read, and when nothing in it can be analysed."""
    check_rate(table.path.name, rate_hz)
    scan = _Scan(layout, board, rate_hz)
    for rows in read_rows(table, layout_columns(layout), layout.clock):
        scan.push(rows)
    if scan.rows == 0:
        raise RecordingError(f"{table.path.name} holds no samples: the recording was stopped before the first one.")
    live = tuple(int(i) for i in np.flatnonzero(scan.live))
    if not live:
        raise RecordingError(
            f"{table.path.name}: all {len(layout.exg)} inputs are constant, there is nothing to analyse."
        )
    holes = scan.losses.holes
    check_holes(table.path.name, holes, rate_hz)
    grids = scan.finder.grids
    labels = tuple(layout.labels[i] for i in live)
    return FileRecording(
        path=table.path,
        signal=Signal(rate_hz, tuple(Input(label, float(grids[i])) for label, i in zip(labels, live, strict=True))),
        rows=scan.rows,
        read=partial(_read_counts, table, tuple(layout.exg[i] for i in live), grids[list(live)]),
        holes=holes,
        markers=tuple(scan.placed_markers()),
        input_numbers=tuple(i + 1 for i in live),
        start_utc=scan.start_utc,
        simulated=board.simulated,
        notes=(*notes, *scan.notes()),
    )


def check_rate(name: str, rate_hz: float) -> None:
    """Raises RecordingError when no EMG can be in a recording of this rate."""
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        why = "too low for EMG" if rate_hz < LOWEST_RATE_HZ else "higher than any EMG recorder's"
        raise RecordingError(
            f"{name}: its rate of {rate_hz:g} Hz is {why}: recordings of {LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g} Hz are read."
        )


def layout_columns(layout: Layout) -> list[int]:
    """The columns to be read, EXG first, then index, marker and unix time where there are such."""
    return [*layout.exg, *(c for c in (layout.index, layout.marker, layout.unix) if c is not None)]


class _Scan:
    """The first pass over a table."""

    def __init__(self, layout: Layout, board: BoardRows, rate_hz: float) -> None:
        self.rows = 0
        self.losses = LossFinder(board.rules, rate_hz)
        self.finder = GridFinder(board.grids, len(layout.exg))
        self._markers: list[tuple[int, str]] = []
        self.start_utc: datetime | None = None
        self.live = np.zeros(len(layout.exg), np.bool_)
        self._layout = layout
        self._board = board
        self._first: NDArray[np.float64] | None = None
        self._marker = 0.0
        self._midnights = _Midnights()
        self._cut = False

    def push(self, rows: Rows) -> None:
        self._cut |= rows.cut
        if not len(rows.values):
            return
        exg = len(self._layout.exg)
        microvolts = rows.values[:, :exg]
        others = iter(range(exg, rows.values.shape[1]))
        index = rows.values[:, next(others)] if self._layout.index is not None else None
        marks = rows.values[:, next(others)] if self._layout.marker is not None else None
        stamps = rows.values[:, next(others)] if self._layout.unix is not None else None
        if self._first is None:
            self._first = microvolts[0].copy()
            self.start_utc = _utc(float(stamps[0])) if stamps is not None else None
        self.live |= (microvolts != self._first).any(axis=0)
        self.finder.push(microvolts, int(rows.decimals[:exg].max()))
        if index is not None:
            self.losses.push(index, _seconds(stamps) if stamps is not None else self._clock(rows))
        if marks is not None:
            self._mark(marks)
        self.rows += len(microvolts)

    def placed_markers(self) -> Iterator[Marker]:
        """With sample indices, once all losses are known."""
        samples = samples_of_rows([row for row, _ in self._markers], self.losses.holes)
        for sample, (_, text) in zip(samples, self._markers, strict=True):
            yield Marker(sample, text)

    def notes(self) -> Iterator[str]:
        layout = self._layout
        dead = [label for label, live in zip(layout.labels, self.live, strict=True) if not live]
        if dead:
            verb = "is constant and was" if len(dead) == 1 else "are constant and were"
            yield f"{listed(dead)} {verb} left out."
        rounded = [
            label
            for label, live, exact in zip(layout.labels, self.live, self.finder.exact, strict=True)
            if live and not exact
        ]
        if rounded:
            yield f"The values of {listed(rounded)} are no multiples of the board's code and were rounded to it."
        if layout.index is None:
            yield "The file has no sample index, so that losses cannot be told."
        elif not self.losses.counts:
            yield "The sample index does not count the samples evenly, so that losses cannot be told from it."
        if self._cut:
            yield "The last line was cut off and was left out."

    def _clock(self, rows: Rows) -> NDArray[np.float64] | None:
        return None if rows.clock_s is None else self._midnights.unwrap(rows.clock_s)

    def _mark(self, marks: NDArray[np.float64]) -> None:
        """A marker where the column changes to something that is not zero."""
        before = np.concatenate([[self._marker], marks[:-1]])
        for at in np.flatnonzero((marks != before) & (marks != 0)):
            self._markers.append((self.rows + int(at), f"marker {marks[at]:g}"))
        self._marker = float(marks[-1])


class _Midnights:
    """Time of day made to run on."""

    def __init__(self) -> None:
        self._last = np.nan
        self._days = 0

    def unwrap(self, clock_s: NDArray[np.float64]) -> NDArray[np.float64]:
        passed = np.diff(clock_s, prepend=self._last) < -43_200
        days = self._days + np.cumsum(passed)
        self._last, self._days = float(clock_s[-1]), int(days[-1])
        return clock_s + 86_400.0 * days


def _read_counts(table: TextTable, columns: tuple[int, ...], grids: NDArray[np.float64]) -> Iterator[Counts]:
    for rows in read_rows(table, columns):
        yield to_counts(rows.values, grids)


def _seconds(stamps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unix stamps in seconds; later versions write seconds, earlier ones milliseconds. nan where there is no stamp."""
    seconds = np.where(np.abs(stamps) > 1e11, stamps / 1e3, stamps)
    return np.where(seconds > 0, seconds, np.nan)


def _utc(stamp: float) -> datetime | None:
    seconds = float(_seconds(np.array([stamp]))[0])
    # Earlier than the first such board, or later than any calendar: no clock was set.
    return datetime.fromtimestamp(seconds, UTC) if 946_684_800 < seconds < 32_503_680_000 else None


def listed(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
