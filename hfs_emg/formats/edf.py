"""EDF, EDF+, BDF and BDF+ files of any program as recordings.

The inputs are the signals whose physical dimension is a voltage and whose rate is the highest among those; slower ones, status and
trigger channels are left out with a note. Digital codes and scale stay the file's own. The pauses of a discontinuous file are filled
and marked lost. Annotations become markers, except the two by which our own files say what was lost ("gap") and what is no recording
("padding").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from math import isfinite
from pathlib import Path

import numpy as np

from calibration.errors import MontageError
from calibration.montage import Montage, montage_from_labels
from hfs_emg.errors import RecordingError
from hfs_emg.formats.recording import Counts, FileRecording, Hole, check_holes
from hfs_emg.formats.text_recording import check_rate, listed
from hfs_emg.model import Input, Marker, Signal
from hfs_emg.session.annotations import Annotation
from hfs_emg.session.bdf import BdfHeader, BdfSignal
from hfs_emg.session.bdf_file import BdfFile

_NO_EMG = ("status", "trigger", "trig", "stim")
_OURS = "hfs-emg"


def recognises(_path: Path, head: bytes) -> bool:
    """The eight bytes that begin EDF and BDF files."""
    return head.startswith((b"\xffBIOSEMI", b"0       "))


def open_edf(path: Path) -> FileRecording:
    """The recording; raises RecordingError when its header is damaged or nothing in it is EMG."""
    with BdfFile(path) as file:
        header = file.header
        chosen, inputs, notes = _inputs(path.name, header)
        length = header.signals[chosen[0]].samples_per_record
        rate_hz = header.rate_hz(chosen[0])
        check_rate(path.name, rate_hz)
        if not file.records:
            raise RecordingError(f"{path.name} holds no samples: the recording was stopped before its first record.")
        holes = tuple(_holes(path.name, file, length, rate_hz))
        said = _Said.of(file, header, rate_hz, file.records * length + sum(h.samples for h in holes))
        montage, doubts = _own_montage([i.label for i in inputs])
        notes = [*notes, *file.notes, *doubts, *_zone_note(header)]
    return FileRecording(
        path=path,
        signal=Signal(rate_hz, inputs),
        rows=said.samples - sum(h.samples for h in holes),
        read=partial(_read_counts, path, chosen),
        holes=holes,
        lost=said.lost,
        markers=said.markers,
        input_numbers=tuple(i + 1 for i in chosen),
        montage=montage,
        start_utc=_start(header),
        simulated="simulated" in f"{header.patient} {header.recording}".lower(),
        notes=tuple(notes),
    )


def _inputs(name: str, header: BdfHeader) -> tuple[tuple[int, ...], tuple[Input, ...], list[str]]:
    """Positions and inputs of the EMG signals, and what was left out."""
    volts: dict[int, Input] = {}
    others: list[str] = []
    bare: list[str] = []
    for i, signal in enumerate(header.signals):
        if signal.annotations:
            continue
        found = _input(signal) if signal.samples_per_record else None
        if found is None:
            others.append(signal.label or f"signal {i + 1}")
            if not signal.dimension.strip():
                bare.append(f"{others[-1]} in counts from {signal.digital_min} to {signal.digital_max}")
        else:
            volts[i] = found
    if not volts:
        held = "; ".join([listed(others), *bare]) if others else "annotations only"
        raise RecordingError(
            f"{name} holds no signal in volts (found: {held[:200]}): EMG needs a physical dimension such as uV in the header."
        )
    most = max(header.signals[i].samples_per_record for i in volts)
    chosen = tuple(i for i in volts if header.signals[i].samples_per_record == most)
    others += [volts[i].label for i in volts if i not in chosen]
    notes = [f"Left out, because slower or no voltage: {listed(others)}."] if others else []
    return chosen, tuple(volts[i] for i in chosen), notes


def _input(signal: BdfSignal) -> Input | None:
    """The signal as an input; None when it is no voltage, or its limits give no scale."""
    if signal.label.strip().lower() in _NO_EMG:
        return None
    try:
        scale = signal.microvolts_scale
    except (RecordingError, OverflowError):
        return None
    if scale is None or not all(map(isfinite, scale)) or not 1e-9 < abs(scale[0]) < 1e6:
        return None
    low, high = sorted((signal.digital_min, signal.digital_max))
    return Input(signal.label, scale[0], scale[1], low, high)


def _own_montage(labels: Sequence[str]) -> tuple[Montage | None, list[str]]:
    """The montage that the labels spell out; labels that name a place twice spell none."""
    try:
        return montage_from_labels(labels), []
    except MontageError as error:
        return None, [f"The labels are not used as a montage: {error}"]


def _holes(name: str, file: BdfFile, length: int, rate_hz: float) -> Iterator[Hole]:
    """What lies between the records of a discontinuous file."""
    if file.header.continuity != "D":
        return
    onsets = file.record_onsets()
    if not np.isfinite(onsets).all():
        raise RecordingError(f"{name}: a record's time stamp is no number, so its place in time is not known.")
    filled = 0
    for k in range(1, len(onsets)):
        # Against the whole recording so far, so that rounded time stamps do not add up.
        missing = round(float(onsets[k]) * rate_hz) - k * length - filled
        if missing > 0:
            hole = Hole(k * length, missing)
            check_holes(name, [hole], rate_hz)
            filled += missing
            yield hole


@dataclass(frozen=True, slots=True)
class _Said:
    """What the annotations say: how many samples are recording, which of them were lost, and the markers."""

    samples: int
    lost: tuple[tuple[int, int], ...]
    markers: tuple[Marker, ...]

    @classmethod
    def of(cls, file: BdfFile, header: BdfHeader, rate_hz: float, samples: int) -> _Said:
        ours = _OURS in header.recording
        lost: list[tuple[int, int]] = []
        markers: list[Marker] = []
        end = samples
        for note in file.annotations():
            span = _span(note, rate_hz, samples)
            if span is None:
                continue
            if ours and note.text == "padding":
                end = min(end, span[0])
            elif ours and note.text == "gap":
                lost.append(span)
            else:
                markers.append(Marker(span[0], note.text))
        end = max(end, 1)
        markers.sort(key=lambda m: m.sample)
        return cls(end, tuple(_joined(lost, end)), tuple(m for m in markers if m.sample < end))


def _span(note: Annotation, rate_hz: float, samples: int) -> tuple[int, int] | None:
    """First sample and the one after the last; None for an annotation that lies outside the recording."""
    if not isfinite(note.onset_s) or not -1 / rate_hz < note.onset_s < samples / rate_hz:
        return None
    first = max(round(note.onset_s * rate_hz), 0)
    duration = note.duration_s if note.duration_s is not None and isfinite(note.duration_s) else 0.0
    after = round(min(note.onset_s + max(duration, 0.0), samples / rate_hz) * rate_hz)
    return first, max(after, first)


def _joined(spans: Sequence[tuple[int, int]], end: int) -> Iterator[tuple[int, int]]:
    """In order and apart from each other."""
    last: tuple[int, int] | None = None
    for first, after in sorted((a, min(b, end)) for a, b in spans if a < min(b, end)):
        if last is not None and first <= last[1]:
            last = last[0], max(last[1], after)
        else:
            if last is not None:
                yield last
            last = first, after
    if last is not None:
        yield last


def _read_counts(path: Path, chosen: Sequence[int]) -> Iterator[Counts]:
    with BdfFile(path) as file:
        for first in range(0, file.records, file.window_records):
            yield np.stack(file.read(first, file.window_records, chosen), axis=1)


def _start(header: BdfHeader) -> datetime | None:
    return None if header.start is None else header.start.replace(tzinfo=UTC)


def _zone_note(header: BdfHeader) -> Iterator[str]:
    if header.start is not None and _OURS not in header.recording:
        yield "The header's start time names no time zone and was taken as UTC."
