"""A session as one EDF+ or BDF+ file, continuous, with everything that is known of it as annotations.

Rule: an annotation lies in the record in which it begins while there is room, and in a later one otherwise (edfplus.info, 2.2.4 allows
it: each carries its own onset); the room follows the densest second. Lost samples hold the last value and are annotated `gap`, the
end of the last record is annotated `padding`, as in a session of ours.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hfs_emg.exports.shared import SharedSession
from hfs_emg.session.annotations import Annotation, encode_annotation, encode_stamp
from hfs_emg.session.bdf import BdfHeader, BdfSignal, encode_samples
from hfs_emg.session.bdf_header import encode_header
from hfs_emg.session.losses import Annotations, Losses
from hfs_emg.session.signal_file import session_header
from hfs_emg.session.tape import episode_text

LEAST_ROOM, MOST_ROOM = 1200, 6000
"""Bytes of annotations in a record. The most holds some 90 a second; denser ones go on in the records that follow."""

Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Coding:
    """How counts become digital values: signals, one per column, and a function from (n, columns) counts to (n, columns) values."""

    sample_bytes: int
    signals: tuple[BdfSignal, ...]
    values: Callable[[Codes], Codes]


def full_header(session: SharedSession) -> BdfHeader:
    """The BDF+ header of a session as it is shared: EXG inputs, then aux, then annotations."""
    simulated = " simulated" if session.simulated else ""
    return session_header(
        session.signal,
        subject=session.subject,
        start_utc=session.start.started,
        equipment=f"{session.start.software}{simulated}",
    )


def write_file(session: SharedSession, coding: Coding, out: Path) -> None:
    """Write one session to a new file. Raises RecordingError where the session cannot be read, OSError of the disk."""
    notes = _notes(session)
    header = _header(session, coding, _room(notes, full_header(session).record_s))
    writer = _Writer(session, coding, header, notes)
    with out.open("wb") as file:
        file.write(encode_header(header))
        for block in session.blocks():
            for record in writer.push(np.hstack([block.counts, block.aux]), block.lost):
                file.write(record)
        for record in writer.finish():
            file.write(record)
        file.seek(0)
        file.write(encode_header(replace(header, records=writer.records)))
        file.flush()
        os.fsync(file.fileno())


def _notes(session: SharedSession) -> list[tuple[float, bytes]]:
    """Episodes and markers, (onset in s, encoded), by onset."""
    rate = session.signal.rate_hz
    notes = [Annotation(e.start_s, e.end_s - e.start_s, episode_text(e)) for e in session.episodes]
    notes += [Annotation(m.sample / rate, None, f"marker: {m.text}") for m in session.markers]
    return sorted(((n.onset_s, encode_annotation(n)) for n in notes), key=lambda pair: pair[0])


def _room(notes: Sequence[tuple[float, bytes]], record_s: float) -> int:
    """Bytes of annotations per record: what the densest one wants beside its stamp and a gap or two, within the limits."""
    wanted: dict[int, int] = {}
    for onset_s, encoded in notes:
        record = int(onset_s / record_s)
        wanted[record] = wanted.get(record, 0) + len(encoded)
    room = min(max(max(wanted.values(), default=0) + 120, LEAST_ROOM), MOST_ROOM)
    return -(-room // 6) * 6  # whole samples of 2 bytes and of 3


def _header(session: SharedSession, coding: Coding, room: int) -> BdfHeader:
    full = full_header(session)
    half = 1 << (8 * coding.sample_bytes - 1)
    kind = "BDF" if coding.sample_bytes == 3 else "EDF"
    said = BdfSignal(f"{kind} Annotations", "", "-1", "1", -half, half - 1, room // coding.sample_bytes)
    return replace(full, sample_bytes=coding.sample_bytes, signals=(*coding.signals, said), records=0)


class _Writer:
    """Makes records of counts, each with the annotations that are due."""

    def __init__(
        self, session: SharedSession, coding: Coding, header: BdfHeader, notes: list[tuple[float, bytes]]
    ) -> None:
        self.records = 0
        self._coding = coding
        self._rate_hz = session.signal.rate_hz
        self._record_s = header.record_s
        self._length = header.signals[0].samples_per_record
        self._room = header.signals[-1].samples_per_record * header.sample_bytes
        self._notes = notes[::-1]
        self._annotations = Annotations()
        self._losses = Losses(self._rate_hz, self._annotations)
        self._rows = np.empty((0, len(coding.signals)), np.int32)
        self._lost = np.empty(0, np.bool_)
        self._samples = 0

    def push(self, counts: Codes, lost: NDArray[np.bool_]) -> list[bytes]:
        """The records that (n, columns) counts complete."""
        self._rows = np.concatenate([self._rows, counts])
        self._lost = np.concatenate([self._lost, lost])
        records = []
        at = 0
        while at + self._length <= len(self._rows):
            records.append(self._record(self._rows[at : at + self._length], self._lost[at : at + self._length]))
            at += self._length
        self._rows, self._lost = self._rows[at:], self._lost[at:]
        return records

    def finish(self) -> list[bytes]:
        """The last record, filled up with the last value, and more of that while annotations wait."""
        records = []
        while len(self._rows) or self._waiting or not self.records:
            padding = self._length - len(self._rows)
            fill = self._rows[-1:] if len(self._rows) else self._last
            self._annotations.put(self._samples_s(len(self._rows)), padding / self._rate_hz, "padding", first=True)
            rows = np.concatenate([self._rows, np.repeat(fill, padding, axis=0)])
            records.append(self._record(rows, self._lost, last=True))
            self._rows, self._lost = self._rows[:0], self._lost[:0]
        return records

    @property
    def _waiting(self) -> bool:
        self._losses.close(self._samples)
        return bool(self._annotations or self._notes)

    @property
    def _last(self) -> Codes:
        return self._kept if self.records else np.zeros((1, len(self._coding.signals)), np.int32)

    def _samples_s(self, more: int) -> float:
        return (self._samples + more) / self._rate_hz

    def _record(self, rows: Codes, lost: NDArray[np.bool_], *, last: bool = False) -> bytes:
        self._losses.record(lost, self._samples, last=last)
        self._samples += len(rows)
        self._kept = rows[-1:].copy()
        onset_s = self.records * self._record_s
        stamp = encode_stamp(onset_s)
        room = self._room - len(stamp)
        gaps = self._annotations.take(room)
        text = stamp + gaps + self._due(math.inf if last else onset_s + self._record_s, room - len(gaps))
        self.records += 1
        values = np.ascontiguousarray(self._coding.values(rows).T)
        return encode_samples(values, self._coding.sample_bytes).tobytes() + text.ljust(self._room, b"\x00")

    def _due(self, before_s: float, room: int) -> bytes:
        taken: list[bytes] = []
        while self._notes and self._notes[-1][0] < before_s and len(self._notes[-1][1]) <= room:
            taken.append(self._notes.pop()[1])
            room -= len(taken[-1])
        return b"".join(taken)
