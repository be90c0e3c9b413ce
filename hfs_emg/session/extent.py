"""How much of a signal file was recorded, and which samples of it never came.

Rule: the timeline says it, record by record. A record without its line, as a power cut or a damaged timeline leaves it, counts when it
carries its own time stamp, and then its annotations say what was lost and what is padding. A gap is annotated when it has ended, so
one that was under way is not among them: in such a record a sample that repeats the one before it on every input, as a filled one
does and noise never, counts as lost.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hfs_emg.model import Marker
from hfs_emg.session.annotations import Annotation, ascii_text
from hfs_emg.session.bdf_file import BdfFile
from hfs_emg.session.documents import StopDocument
from hfs_emg.session.timeline import Timeline

_MARKER = "marker: "
_FAR = 1 << 53


@dataclass(frozen=True, slots=True)
class Extent:
    """What there is to read. lost: (n, 2) sample indices [from, to), in order and apart from each other."""

    records: int
    samples: int
    lost: NDArray[np.int64]
    markers: tuple[Marker, ...]
    notes: tuple[str, ...]


def measure(file: BdfFile, timeline: Timeline, stop: StopDocument | None, *, growing: bool) -> Extent:
    """The extent of a session's signal file. growing: a recorder is at work, so only records with a line count."""
    length = file.header.signals[0].samples_per_record
    rate_hz = length / file.header.record_s
    records = file.records
    notes = []
    if growing:
        records = min(records, max(timeline.records, default=-1) + 1)
    elif stop is None:
        records = _sound_records(file, timeline)
    if file.torn_bytes and not growing:
        notes.append(f"The last {file.torn_bytes} bytes of the signal are a torn record and are left out.")
    if records < file.records and not growing:
        notes.append(f"The last {file.records - records} records of the signal are damaged and are left out.")
    counted = file.header.records
    if not growing and (counted > file.records if stop is None else counted not in (0, file.records)):
        notes.append(f"The header counts {counted} data records, the file holds {file.records}.")
    unlined = next((k for k in range(records) if k not in timeline.records), None)
    found: list[Annotation] = []
    if unlined is not None:
        notes.append(f"The timeline lacks record {unlined}: losses from there on are taken from the annotations.")
    if timeline.notes and not growing:
        unlined = 0
    if unlined is not None:
        found = [a for _, part in file.record_annotations(unlined, records - unlined) for a in part]
    samples = _recorded_samples(timeline, records, length, rate_hz, found)
    if stop is not None:
        if stop.samples > records * length:
            notes.append(f"{stop.samples - records * length} samples at the end are missing from the signal file.")
        samples = min(stop.samples, records * length)
    pairs = [pair for k in range(records) if k in timeline.records for pair in timeline.records[k].lost]
    pairs += [
        (round(a.onset_s * rate_hz), round((a.onset_s + a.duration_s) * rate_hz))
        for a in found
        if a.text == "gap" and a.duration_s is not None
    ]
    pairs += [pair for k in range(records) if k not in timeline.records for pair in _repeated(file, k, samples)]
    return Extent(records, samples, _joined(pairs, samples), _markers(timeline, found, rate_hz), tuple(notes))


def lost_mask(lost: NDArray[np.int64], start: int, end: int) -> NDArray[np.bool_]:
    """(end - start,) True where a sample of [start, end) lies in a lost stretch."""
    mask = np.zeros(end - start, np.bool_)
    first = int(np.searchsorted(lost[:, 1], start, side="right"))
    last = int(np.searchsorted(lost[:, 0], end, side="left"))
    for a, b in lost[first:last]:
        mask[max(int(a) - start, 0) : int(b) - start] = True
    return mask


def _sound_records(file: BdfFile, timeline: Timeline) -> int:
    """Records up to the last sound one: a power cut may leave some at the end that are there but empty."""
    for k in range(file.records - 1, -1, -1):
        line = timeline.records.get(k)
        if line is not None:
            sound = zlib.crc32(file.raw(k, 1).tobytes()) == line.crc32
        else:
            stamps = [a for _, part in file.record_annotations(k, 1) for a in part[:1]]
            sound = any(not a.text and abs(a.onset_s - k * file.header.record_s) < 1e-3 for a in stamps)
        if sound:
            return k + 1
    return 0


def _recorded_samples(timeline: Timeline, records: int, length: int, rate_hz: float, found: list[Annotation]) -> int:
    padded = {round(a.onset_s * rate_hz) for a in found if a.text == "padding"}
    for k in range(records - 1, -1, -1):
        line = timeline.records.get(k)
        if line is not None:
            count = min(max(line.samples, 0), length)
        else:
            count = next((p - k * length for p in padded if k * length <= p < (k + 1) * length), length)
        if count:
            return k * length + count
    return 0


def _repeated(file: BdfFile, record: int, samples: int) -> list[tuple[int, int]]:
    """Pairs [from, to) of a record's samples that are as the one before them; the first of a recording has none before it."""
    columns = [i for i, s in enumerate(file.header.signals) if not s.annotations]
    before = min(record, 1)
    rows = np.stack(file.read(record - before, before + 1, columns), axis=1)
    length = file.header.signals[columns[0]].samples_per_record
    first = (record - before) * length
    same = np.concatenate([[False], (rows[1:] == rows[:-1]).all(axis=1)])
    same[: before * length] = False
    same[max(0, samples - first) :] = False
    edges = np.flatnonzero(np.diff(same.astype(np.int8), prepend=0, append=0))
    return [(first + int(a), first + int(b)) for a, b in edges.reshape(-1, 2)]


def _joined(pairs: list[tuple[int, int]], samples: int) -> NDArray[np.int64]:
    """Sorted, within the recording, and joined where they touch."""
    joined: list[list[int]] = []
    for start, to in sorted((max(a, 0), min(b, samples)) for a, b in pairs):
        if start >= to:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], to)
        else:
            joined.append([start, to])
    return np.array(joined, np.int64).reshape(-1, 2)


def _markers(timeline: Timeline, found: list[Annotation], rate_hz: float) -> tuple[Marker, ...]:
    """The timeline's markers, and those that only the annotations still know."""
    told = [m for m in timeline.markers if 0 <= m.sample < _FAR]
    known = {(m.sample, ascii_text(_MARKER + m.text, 67)) for m in told}
    extra = [
        Marker(round(a.onset_s * rate_hz), a.text.removeprefix(_MARKER))
        for a in found
        if a.text.startswith(_MARKER)
        and 0 <= a.onset_s * rate_hz < _FAR
        and (round(a.onset_s * rate_hz), a.text) not in known
    ]
    return tuple(sorted((*told, *extra), key=lambda m: m.sample))
