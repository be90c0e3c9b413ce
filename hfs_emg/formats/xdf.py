"""XDF files as recordings: the EMG stream of several, its pauses as losses, the words of the others as markers.

Memory does not grow with the file: one pass finds what the whole of it must be known for, and each reading of the counts is another one.
Integers stay the file's own codes; floats are rounded to the code they come from (scale.py). Pauses are told by the index that our
own outlets send along, elsewhere by time stamps more than a second apart (pyxdf's threshold); shorter losses cannot be told from jitter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import RAIL_HIGH, RAIL_LOW
from hfs_emg.errors import RecordingError
from hfs_emg.formats.recording import Counts, FileRecording, Hole, check_holes, samples_of_rows
from hfs_emg.formats.scale import ADS1299_GRIDS, GridFinder, to_counts
from hfs_emg.formats.text_recording import check_rate, listed
from hfs_emg.formats.xdf_chunks import (
    CLOCK_OFFSET,
    FILE_HEADER,
    MAGIC,
    NUMBERS,
    SAMPLES,
    STREAM_HEADER,
    XdfFile,
)
from hfs_emg.formats.xdf_streams import INDEX_LABEL, Stream, chosen, stream_of
from hfs_emg.model import Input, Marker, Signal

PAUSE_S = 1.0
_EXACT = ("int8", "int16")
_DECIMALS = 6
"""A float32 of some mV is written to some nV."""

Values = NDArray[np.float64]


def recognises(_path: Path, head: bytes) -> bool:
    """The four bytes that begin XDF files."""
    return head.startswith(MAGIC)


def open_xdf(path: Path) -> FileRecording:
    """The recording; raises RecordingError when it is damaged or nothing in it is raw EMG in volts."""
    with XdfFile(path) as file:
        streams, start = _headers(file)
        stream = chosen(path.name, list(streams.values()))
        check_rate(path.name, stream.rate_hz)
        scan = _Scan(stream)
        for stamps, values in _samples(file, stream):
            scan.push(stamps, values)
        scan.check(path.name)
        check_holes(path.name, scan.holes, stream.rate_hz)
        markers = tuple(_markers(file, streams, stream, scan))
        cut = file.cut
    others = [s.words for s in streams.values() if s is not stream and not s.text]
    notes = [*scan.notes(), *([f"Other streams are left out: {listed(others)}."] if others else [])]
    if cut:
        notes.append("The file ends within a chunk, which is left out.")
    if start is not None:
        notes.append("The start is that of the file, which the first sample need not meet.")
    return FileRecording(
        path=path,
        signal=Signal(stream.rate_hz, tuple(scan.inputs())),
        rows=scan.rows,
        read=partial(_read_counts, path, stream, scan.columns, scan.grids),
        holes=tuple(scan.holes),
        markers=markers,
        input_numbers=tuple(c + 1 for c in scan.columns),
        start_utc=start,
        notes=tuple(notes),
    )


def _headers(file: XdfFile) -> tuple[dict[int, Stream], datetime | None]:
    """Streams by their number with their clock offsets, and the moment of the file."""
    streams: dict[int, Stream] = {}
    start: datetime | None = None
    for chunk in file.chunks():
        if chunk.tag == FILE_HEADER:
            start = _moment(file.xml(chunk).findtext("datetime"))
        elif chunk.tag == STREAM_HEADER:
            number = file.stream_of(chunk)
            try:
                streams[number] = stream_of(number, file.xml(chunk, 4))
            except ValueError as error:
                raise file.damaged(chunk.at, str(error)) from None
        elif chunk.tag == CLOCK_OFFSET and chunk.size == 20 and (known := streams.get(file.stream_of(chunk))):
            moment, offset = np.frombuffer(file.content(chunk)[4:], "<f8")
            if np.isfinite([moment, offset]).all():
                known.offsets.append((float(moment), float(offset)))
    return streams, start


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (
        (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC) if 1985 <= found.year <= 9000 else None
    )


def _samples(file: XdfFile, stream: Stream) -> Iterator[tuple[Values, Values]]:
    """(n,) stamps and (n, channels) values of a stream of numbers, chunk by chunk."""
    for chunk in file.chunks():
        if chunk.tag == SAMPLES and file.stream_of(chunk) == stream.id:
            stamps, values = file.numbers(chunk, NUMBERS[stream.form], stream.channels)
            if len(stamps):
                yield stamps, values.astype(np.float64)


@dataclass(slots=True)
class _Scan:
    """The first pass over the chosen stream. anchors: (row, time stamp), a few a second, for placing words."""

    stream: Stream
    rows: int = 0
    holes: list[Hole] = field(default_factory=list)
    anchors: list[tuple[int, float]] = field(default_factory=list)
    columns: tuple[int, ...] = ()
    _index: int | None = None
    _last: tuple[float, float] | None = None
    _finder: GridFinder | None = None
    _low: Values = field(default_factory=lambda: np.empty(0))
    _high: Values = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        self.columns = tuple(i for i, unit in enumerate(self.stream.units) if unit is not None)
        self._index = self.stream.labels.index(INDEX_LABEL) if INDEX_LABEL in self.stream.labels else None
        if self.stream.form not in _EXACT:
            self._finder = GridFinder(ADS1299_GRIDS, len(self.columns))
        self._low = np.full(self.stream.channels, np.inf)
        self._high = np.full(self.stream.channels, -np.inf)

    def push(self, stamps: Values, values: Values) -> None:
        """The next samples."""
        self._low = np.fmin(self._low, np.fmin.reduce(values, axis=0))
        self._high = np.fmax(self._high, np.fmax.reduce(values, axis=0))
        if self._finder is not None and self.columns:
            self._finder.push(np.nan_to_num(_microvolts(self.stream, self.columns, values)), _DECIMALS)
        times = _deduced(stamps, self._last[0] if self._last else None, 1 / self.stream.rate_hz)
        self.anchors += [(self.rows + int(i), float(times[i])) for i in range(0, len(times), 64)]
        self._find_holes(times, values)
        self._last = float(times[-1]), float(values[-1, self._index]) if self._index is not None else 0.0
        self.rows += len(times)

    def _find_holes(self, times: Values, values: Values) -> None:
        rate = self.stream.rate_hz
        if self._index is not None:
            steps = np.diff(values[:, self._index], prepend=self._last[1] if self._last else values[0, self._index] - 1)
            missing = np.where(np.isfinite(steps), np.rint(np.nan_to_num(steps)) - 1, 0)
        else:
            steps = np.diff(times, prepend=self._last[0] if self._last else times[0])
            far = np.isfinite(steps) & (steps > PAUSE_S)
            missing = np.where(far, np.rint(np.where(far, steps, 0.0) * rate) - 1, 0)
        for i in np.flatnonzero((missing > 0) & (missing < 1e15)):
            self.holes.append(Hole(self.rows + int(i), int(missing[i])))

    def check(self, name: str) -> None:
        """Raises RecordingError for a stream without samples, or whose values have no unit."""
        if not self.rows:
            raise RecordingError(f"{name}: the stream {self.stream.words} holds no samples.")
        if not self.columns:
            low, high = float(np.min(self._low)), float(np.max(self._high))
            raise RecordingError(
                f"{name}: the stream {self.stream.words} names no voltage: its values, from {low:g} to {high:g}, are counts of unknown "
                "worth: have the program that streams name microvolts as the unit of its channels."
            )
        if (self._low == self._high)[list(self.columns)].all():
            raise RecordingError(f"{name}: all {len(self.columns)} inputs are constant, there is nothing to analyse.")

    @property
    def grids(self) -> Values:
        """(columns,) µV per count."""
        if self._finder is not None:
            return self._finder.grids
        return np.array([self.stream.units[c] for c in self.columns], np.float64)

    def inputs(self) -> Iterator[Input]:
        """As the signal has them; of two with one name the second is numbered."""
        exact = self._finder is None
        reach = np.iinfo(NUMBERS[self.stream.form]) if exact else None
        taken: set[str] = set()
        for column, grid in zip(self.columns, self.grids, strict=True):
            label = self.stream.labels[column]
            label = label if label not in taken else f"{label} {column + 1}"
            taken.add(label)
            low, high = (int(reach.min), int(reach.max)) if reach is not None else (RAIL_LOW, RAIL_HIGH)
            yield Input(label, float(grid), 0.0, low, high)

    def notes(self) -> Iterator[str]:
        """What a reader should know."""
        left = [x for i, x in enumerate(self.stream.labels) if i not in self.columns and i != self._index]
        if left:
            yield f"Left out, because no voltage: {listed(left)}."
        if self._index is None:
            yield "The stream counts no samples, so that losses of less than a second cannot be told."

    def row_at(self, moment: float) -> int:
        """The row of a time stamp of this stream's clock."""
        rows, times = np.array(self.anchors).T
        at = int(np.clip(np.searchsorted(times, moment, side="right") - 1, 0, len(rows) - 1))
        row = rows[at] + (moment - times[at]) * self.stream.rate_hz
        return int(np.clip(np.rint(row), 0, self.rows - 1))


def _deduced(stamps: Values, before: float | None, step: float) -> Values:
    """Time stamps where some are left out: each of those is one sample after the one before it."""
    known = np.isfinite(stamps)
    if known.all():
        return stamps
    rows = np.arange(len(stamps))
    last = np.maximum.accumulate(np.where(known, rows, -1))
    first = before if before is not None else 0.0
    base = np.where(last >= 0, stamps[np.maximum(last, 0)], first)
    return np.asarray(base + (rows - last) * step)


def _microvolts(stream: Stream, columns: tuple[int, ...], values: Values) -> Values:
    return values[:, columns] * np.array([stream.units[c] for c in columns], np.float64)


def _markers(file: XdfFile, streams: dict[int, Stream], emg: Stream, scan: _Scan) -> Iterator[Marker]:
    """The words of all streams of text, at the sample of their moment."""
    found: list[tuple[int, str]] = []
    shift = emg.synchronised(scan.anchors[0][1]) - scan.anchors[0][1]
    for chunk in file.chunks():
        stream = streams.get(file.stream_of(chunk)) if chunk.tag == SAMPLES else None
        if stream is None or not stream.text or stream.channels != 1:
            continue
        for stamp, text in file.words(chunk):
            if np.isfinite(stamp) and text.strip():
                found.append((scan.row_at(stream.synchronised(stamp) - shift), " ".join(text.split())[:200]))
    found.sort()
    samples = samples_of_rows([row for row, _ in found], scan.holes)
    for sample, (_, text) in zip(samples, found, strict=True):
        yield Marker(sample, text)


def _read_counts(path: Path, stream: Stream, columns: tuple[int, ...], grids: Values) -> Iterator[Counts]:
    with XdfFile(path) as file:
        for _, values in _samples(file, stream):
            microvolts = _microvolts(stream, columns, values)
            # What is no number is no value: it counts as rail.
            yield to_counts(np.where(np.isnan(microvolts), np.inf, microvolts), grids)
