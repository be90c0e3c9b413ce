"""Opening a session folder: finished, interrupted, or still being recorded.

Rule: what was recorded comes back exactly (counts, lost samples, aux), without the padding. Whatever a power cut left half-written is
left out and told in `notes`; a record whose bytes are not those that were written is handed over as lost. A damaged start.json,
stop.json or header is taken from where it is written once more, a lost start document from the header; only a folder for which that
fails too is refused.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from hfs_emg.errors import RecordingError
from hfs_emg.events import Episode
from hfs_emg.model import Block, Marker, Montage, Signal
from hfs_emg.sample_time import SampleTime
from hfs_emg.session.bdf_file import BdfFile
from hfs_emg.session.documents import START_NAME, StartDocument, StopDocument, montage_from
from hfs_emg.session.extent import lost_mask, measure
from hfs_emg.session.ledger import documents_of, sound_header
from hfs_emg.session.lines import Journal, read_journal
from hfs_emg.session.start_again import holds_a_record
from hfs_emg.session.tape import EPISODES_NAME, SIGNAL_NAME
from hfs_emg.session.timeline import Timeline, read_timeline

_WINDOW_RECORDS = 60


def is_session_folder(path: Path) -> bool:
    """True for a folder that holds a start.json, or lost it and holds a signal."""
    return (path / START_NAME).is_file() or holds_a_record(path / SIGNAL_NAME)


def is_being_recorded(folder: Path) -> bool:
    """True while a recorder holds the signal file: it keeps it locked, and a dead process keeps nothing."""
    try:
        fd = os.open(folder / SIGNAL_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def open_session(folder: Path, *, held: bool = False) -> Session:
    """The session in a folder as it is now. held: whoever opens it holds the signal file, so nobody records it.

    Raises RecordingError when there is none that can be read.
    """
    if not is_session_folder(folder):
        raise RecordingError(f"{folder} is no session: a session folder holds {START_NAME}.")
    return Session(folder, held=held)


class Session:
    """A recorded session; implements hfs_emg.model.Recording. It has the length it had when it was opened."""

    def __init__(self, folder: Path, *, held: bool = False) -> None:
        self.folder = folder
        self.recording = not held and is_being_recorded(folder)
        self.timeline: Timeline = read_timeline(folder)
        documents = documents_of(folder, self.timeline)
        self.start: StartDocument = documents.start
        self.start_made = documents.start_made
        self.stop: StopDocument | None = documents.stop
        self.signal: Signal = self.start.signal
        self.montage: Montage | None = montage_from(self.start)
        self._time = SampleTime(self.timeline.clocks) if self.timeline.clocks else None
        self.recording = self.recording and self.stop is None
        header = sound_header(folder / SIGNAL_NAME, self.start, self.timeline)
        self.mended_header = header.instead
        self.damage: tuple[str, ...] = (*documents.damage, *header.damage)
        with BdfFile(folder / SIGNAL_NAME, self.mended_header) as file:
            self._check_header(file)
            self._length = file.header.signals[0].samples_per_record
            self.record_bytes, self.header_bytes = file.header.record_bytes, file.header.header_bytes
            extent = measure(file, self.timeline, self.stop, growing=self.recording)
        self.records = extent.records
        self.samples = extent.samples
        self.markers: tuple[Marker, ...] = extent.markers
        self._lost = extent.lost
        self.extent_notes = extent.notes

    @property
    def name(self) -> str:
        """The session's id."""
        return self.start.session

    @property
    def start_utc(self) -> datetime | None:
        """When the first sample was due; None when the computer's clock was not set."""
        return self.start.started

    def utc_of(self, sample: float) -> datetime | None:
        """When a sample was taken, by the timeline's clock lines; by the start document where it has none; None: clock not set."""
        if self._time is not None:
            try:
                return self._time.utc(sample)
            except (ArithmeticError, ValueError):  # a clock line that means nothing
                return None
        started = self.start_utc
        return None if started is None else started + timedelta(seconds=sample / self.signal.rate_hz)

    @property
    def simulated(self) -> bool:
        """True when no human wore the electrodes."""
        return self.start.simulated

    @property
    def interrupted(self) -> bool:
        """True when the recording ended without stop.json and nobody is recording it now."""
        return self.stop is None and not self.recording

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """Pairs [from, to) of sample indices that never came, in order, touching ones joined."""
        return tuple((int(a), int(b)) for a, b in self._lost)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know, one sentence each."""
        notes = [*self.start.notes]
        if self.recording:
            notes.append("The session is being recorded.")
        elif self.stop is None:
            seconds = self.samples / self.signal.rate_hz
            notes.append(f"The recording was interrupted: it ends without a stop document after {seconds:.1f} s.")
        if not self.recording:
            notes += [*self.damage, *self.extent_notes, *self.timeline.notes]
        return tuple(notes)

    def episodes(self) -> tuple[Episode, ...]:
        """The episodes that were settled while recording, in that order; damaged lines are left out, see `journal_notes`."""
        return self._read_episodes()[0]

    def journal_notes(self) -> tuple[str, ...]:
        """Which lines of the journal of episodes cannot be read, one sentence each."""
        return self._read_episodes()[1]

    def _read_episodes(self) -> tuple[tuple[Episode, ...], tuple[str, ...]]:
        journal = read_journal(self.folder / EPISODES_NAME) or Journal((), (), False, 0)
        decoder = msgspec.json.Decoder(Episode)
        found: list[Episode] = []
        bad = list(journal.bad)
        for number, line in journal.lines:
            try:
                found.append(decoder.decode(line))
            except (msgspec.DecodeError, ValueError, RecursionError):
                bad.append(number)
        notes = replace(journal, bad=tuple(sorted(bad))).notes(EPISODES_NAME)
        missing = self.timeline.episodes_bytes - journal.whole_bytes
        if missing > 0 and not self.recording:
            notes = (*notes, f"{missing} bytes at the end of {EPISODES_NAME} are missing.")
        return tuple(found), notes

    def blocks(self, samples_per_block: int = 15_000) -> Iterator[Block]:
        """The whole recording in order, at most samples_per_block each."""
        inputs = len(self.signal.inputs)
        with BdfFile(self.folder / SIGNAL_NAME, self.mended_header) as file:
            loaded, lost, at = self._no_rows(), np.empty(0, np.bool_), 0
            for start in range(0, self.samples, samples_per_block):
                end = min(start + samples_per_block, self.samples)
                if end > at + len(loaded):
                    first = start // self._length
                    wanted = -(-end // self._length) - first
                    before = loaded[first * self._length - at - 1] if len(loaded) and first else None
                    loaded, lost = self._load(file, first, max(wanted, _WINDOW_RECORDS), before)
                    at = first * self._length
                rows = loaded[start - at : end - at]
                yield Block(
                    start,
                    np.ascontiguousarray(rows[:, :inputs]),
                    lost_mask(self._lost, start, end) | lost[start - at : end - at],
                    np.ascontiguousarray(rows[:, inputs:]),
                )

    def stretch(self, start: int, end: int) -> Block:
        """Samples [start, end) alone, cut to what there is, without reading what lies before them."""
        start, end = max(0, min(start, self.samples)), max(0, min(end, self.samples))
        inputs = len(self.signal.inputs)
        first = start // self._length
        with BdfFile(self.folder / SIGNAL_NAME, self.mended_header) as file:
            loaded, lost = self._load(file, first, max(1, -(-end // self._length) - first), None)
        inside = slice(start - first * self._length, max(start, end) - first * self._length)
        rows = loaded[inside]
        return Block(
            start,
            np.ascontiguousarray(rows[:, :inputs]),
            lost_mask(self._lost, start, start + len(rows)) | lost[inside],
            np.ascontiguousarray(rows[:, inputs:]),
        )

    @property
    def samples_per_record(self) -> int:
        """Of every signal but the annotations."""
        return self._length

    def damaged_records(self) -> tuple[int, ...]:
        """Numbers of the records whose bytes are not those that were written, by their CRC-32. Reads the whole file."""
        found: list[int] = []
        with BdfFile(self.folder / SIGNAL_NAME, self.mended_header) as file:
            for first in range(0, self.records, _WINDOW_RECORDS):
                raw = file.raw(first, min(_WINDOW_RECORDS, self.records - first))
                found += [first + int(k) for k in np.flatnonzero(self._damaged(raw, first))]
        return tuple(found)

    def _damaged(self, raw: NDArray[np.uint8], first: int) -> NDArray[np.bool_]:
        """(records,) True where the bytes do not fit the CRC-32 in the timeline."""
        lines = [self.timeline.records.get(first + k) for k in range(len(raw))]
        return np.array([r is not None and zlib.crc32(b) != r.crc32 for b, r in zip(raw, lines, strict=True)], np.bool_)

    def _load(
        self, file: BdfFile, first: int, count: int, before: NDArray[np.int32] | None
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """(samples, columns) counts of some records, and (samples,) True in damaged ones, which are filled with the last value.

        before: the row before the first.
        """
        raw = file.raw(first, min(count, self.records - first))
        if len(raw) * self._length < min(count * self._length, self.samples - first * self._length):
            raise RecordingError(f"{file.path} became shorter after it was opened: open the session again.")
        columns = range(len(self.signal.inputs) + len(self.signal.aux_labels))
        rows = np.stack(file.decode(raw, columns), axis=1)
        damaged = self._damaged(raw, first)
        for k in np.flatnonzero(damaged):
            fill = rows[k * self._length - 1] if k else before
            rows[k * self._length : (k + 1) * self._length] = 0 if fill is None else fill.copy()
        return rows, np.repeat(damaged, self._length)

    def _no_rows(self) -> NDArray[np.int32]:
        return np.empty((0, len(self.signal.inputs) + len(self.signal.aux_labels)), np.int32)

    def _check_header(self, file: BdfFile) -> None:
        signals = file.header.signals
        expected = len(self.signal.inputs) + len(self.signal.aux_labels) + 1
        lengths = {s.samples_per_record for s in signals[:-1]}
        if len(signals) != expected or not signals[-1].annotations or len(lengths) != 1 or 0 in lengths:
            raise RecordingError(
                f"{file.path} has {len(signals)} signals where {START_NAME} names {expected - 1} and the annotations: "
                "they are not of one session."
            )
        rate_hz = file.header.rate_hz(0)
        if abs(rate_hz / self.signal.rate_hz - 1) > 1e-6:
            raise RecordingError(
                f"{file.path} has {rate_hz:g} Hz where {START_NAME} says {self.signal.rate_hz:g}: they are not of one session."
            )
