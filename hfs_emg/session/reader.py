"""Opening a session folder: finished, interrupted, or still being recorded.

Rule: what was recorded comes back exactly (counts, lost samples, aux), without the padding. Whatever a power cut left half-written is
left out and told in `notes`; only a folder without a readable start.json or signal is refused.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from hfs_emg.errors import RecordingError
from hfs_emg.events import Episode
from hfs_emg.model import Block, Marker, Montage, Signal
from hfs_emg.session.bdf_file import BdfFile
from hfs_emg.session.documents import (
    START_NAME,
    STOP_NAME,
    StartDocument,
    StopDocument,
    montage_from,
    read_document,
)
from hfs_emg.session.extent import lost_mask, measure
from hfs_emg.session.tape import EPISODES_NAME, SIGNAL_NAME
from hfs_emg.session.timeline import Timeline, read_timeline

_WINDOW_RECORDS = 60


def is_session_folder(path: Path) -> bool:
    """True for a folder that holds a start.json."""
    return (path / START_NAME).is_file()


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


def open_session(folder: Path) -> Session:
    """The session in a folder as it is now. Raises RecordingError when there is none that can be read."""
    if not is_session_folder(folder):
        raise RecordingError(f"{folder} is no session: a session folder holds {START_NAME}.")
    return Session(folder)


class Session:
    """A recorded session; implements hfs_emg.model.Recording. It has the length it had when it was opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recording = is_being_recorded(folder)
        self.start: StartDocument = read_document(folder / START_NAME, StartDocument)
        self.signal: Signal = self.start.signal
        self.montage: Montage | None = montage_from(self.start)
        self.stop: StopDocument | None = (
            read_document(folder / STOP_NAME, StopDocument) if (folder / STOP_NAME).exists() else None
        )
        self.recording = self.recording and self.stop is None
        self.timeline: Timeline = read_timeline(folder)
        with BdfFile(folder / SIGNAL_NAME) as file:
            self._check_header(file)
            self._length = file.header.signals[0].samples_per_record
            extent = measure(file, self.timeline, self.stop, growing=self.recording)
        self.records = extent.records
        self.samples = extent.samples
        self.markers: tuple[Marker, ...] = extent.markers
        self._lost = extent.lost
        self._extent_notes = extent.notes

    @property
    def name(self) -> str:
        """The session's id."""
        return self.start.session

    @property
    def start_utc(self) -> datetime | None:
        """When the first sample was due; None when the computer's clock was not set."""
        return self.start.started

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
            notes += [*self._extent_notes, *self.timeline.notes]
        return tuple(notes)

    def episodes(self) -> tuple[Episode, ...]:
        """The episodes that were settled while recording, in that order; a torn last line is passed over."""
        path = self.folder / EPISODES_NAME
        try:
            lines = path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return ()
        decoder = msgspec.json.Decoder(Episode)
        found = []
        for number, line in enumerate(lines, 1):
            try:
                if line:
                    found.append(decoder.decode(line))
            except msgspec.DecodeError as error:
                if number < len(lines):
                    raise RecordingError(f"{path}, line {number}, is damaged: {error}.") from error
        return tuple(found)

    def blocks(self, samples_per_block: int = 15_000) -> Iterator[Block]:
        """The whole recording in order, at most samples_per_block each."""
        inputs = len(self.signal.inputs)
        with BdfFile(self.folder / SIGNAL_NAME) as file:
            loaded, at = np.empty((0, 0), np.int32), 0
            for start in range(0, self.samples, samples_per_block):
                end = min(start + samples_per_block, self.samples)
                if end > at + len(loaded):
                    first = start // self._length
                    wanted = -(-end // self._length) - first
                    loaded, at = self._load(file, first, max(wanted, _WINDOW_RECORDS)), first * self._length
                rows = loaded[start - at : end - at]
                yield Block(
                    start,
                    np.ascontiguousarray(rows[:, :inputs]),
                    lost_mask(self._lost, start, end),
                    np.ascontiguousarray(rows[:, inputs:]),
                )

    def damaged_records(self) -> tuple[int, ...]:
        """Numbers of the records whose bytes are not those that were written, by their CRC-32. Reads the whole file."""
        found: list[int] = []
        with BdfFile(self.folder / SIGNAL_NAME) as file:
            for first in range(0, self.records, _WINDOW_RECORDS):
                for k, raw in enumerate(file.raw(first, min(_WINDOW_RECORDS, self.records - first)), first):
                    line = self.timeline.records.get(k)
                    if line is not None and zlib.crc32(raw.tobytes()) != line.crc32:
                        found.append(k)
        return tuple(found)

    def _load(self, file: BdfFile, first: int, count: int) -> NDArray[np.int32]:
        columns = range(len(self.signal.inputs) + len(self.signal.aux_labels))
        parts = file.read(first, min(count, self.records - first), columns)
        if len(parts[0]) < min(count * self._length, self.samples - first * self._length):
            raise RecordingError(f"{file.path} became shorter after it was opened: open the session again.")
        return np.stack(parts, axis=1)

    def _check_header(self, file: BdfFile) -> None:
        signals = file.header.signals
        expected = len(self.signal.inputs) + len(self.signal.aux_labels) + 1
        lengths = {s.samples_per_record for s in signals[:-1]}
        if len(signals) != expected or not signals[-1].annotations or len(lengths) != 1:
            raise RecordingError(
                f"{file.path} has {len(signals)} signals where {START_NAME} names {expected - 1} and the annotations: "
                "they are not of one session."
            )
