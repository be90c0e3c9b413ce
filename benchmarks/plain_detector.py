"""The plain detector, a yardstick for how hard the faces are, and its table.

Per channel 20 Hz to Nyquist, 40 ms RMS, on where RMS > median + 5 MAD of the whole recording; a spasm is while two sites or more of
one side are on and none of the other; gaps below half a second are joined. Choices of our own: the band-pass is a high-pass of
fourth order run forward and backward (the upper edge is the converter's), the RMS window is centred, MAD is the plain median of
the distances from the median, every one-sided stretch counts before gaps are joined, and what is then shorter than 20 ms is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from benchmarks.rendered import Rendered, Renders
from calibration.montage import Side
from hfs_emg.evaluate import Found, FoundEpisode, score
from hfs_emg.events import Kind
from hfs_emg.scores import Scores
from hfs_emg.simulation.truth import Truth

WINDOW_S, SHORTEST_S, JOINED_S, DEVIATIONS = 0.04, 0.02, 0.5, 5.0


def found_plainly(recording: Rendered, name: str) -> Found:
    """What it finds in one recording."""
    rate_hz = recording.signal.rate_hz
    microvolts = recording.signal.microvolts(recording.counts)
    on = np.column_stack([_on(microvolts[:, c.input], rate_hz) for c in recording.montage.channels])
    counts = {side: on[:, list(recording.montage.on(side))].sum(axis=1) for side in Side}
    episodes = [
        FoundEpisode(start, end, Kind.SPASM, side.value, 1.0)
        for side in Side
        for start, end in _stretches((counts[side] >= 2) & (counts[side.other] == 0), rate_hz)
    ]
    length_s = len(on) / rate_hz
    return Found(name, length_s, length_s, tuple(sorted(episodes, key=lambda e: e.start_s)))


def _on(signal: NDArray[np.float64], rate_hz: float) -> NDArray[np.bool_]:
    sections = butter(4, 20, "highpass", fs=rate_hz, output="sos")
    rms = running_rms(np.asarray(sosfiltfilt(sections, signal), np.float32), round(WINDOW_S * rate_hz))
    middle = np.median(rms)
    return np.asarray(rms > middle + DEVIATIONS * np.median(np.abs(rms - middle)))


def running_rms(signal: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """(n,) RMS over `width` samples around each."""
    total = np.concatenate([[0.0], np.cumsum(np.asarray(signal, np.float64) ** 2)])
    i = np.arange(len(signal))
    first, last = np.maximum(i - width // 2, 0), np.minimum(i - width // 2 + width, len(signal))
    return np.asarray(np.sqrt((total[last] - total[first]) / (last - first)), np.float32)


def _stretches(on: NDArray[np.bool_], rate_hz: float) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], on, [False])).astype(np.int8))) / rate_hz
    joined: list[tuple[float, float]] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if joined and start - joined[-1][1] < JOINED_S:
            joined[-1] = (joined[-1][0], float(end))
        else:
            joined.append((float(start), float(end)))
    return [(a, b) for a, b in joined if b - a >= SHORTEST_S]


def table(faces: Sequence[Renders]) -> str:
    """Pooled and per face: sensitivity, precision, false spasms, onset, spasm time."""
    pairs = []
    for face in faces:
        recording = face.record()
        pairs.append((face, (found_plainly(recording, face.name), recording.truth)))
    lines = [
        f"{'face':<24}{'true':>6}{'sens':>7}{'prec':>7}{'F1':>7}{'false/h':>9}{'onset ms':>10}{'90 %':>7}{'time':>8}"
    ]
    lines += [_row(f"{s.seed:>3} {s.name}", score([pair])) for s, pair in pairs]
    lines.append(_row("pooled", score([p for _, p in pairs])))
    for name, wanted in (("with spasms", True), ("without", False)):
        some: list[tuple[Found, Truth]] = [p for s, p in pairs if s.has_spasm is wanted]
        if some:
            lines.append(_row(name, score(some)))
    return "\n".join(lines)


def _row(name: str, s: Scores) -> str:
    def shown(value: float | None, pattern: str, factor: float = 1.0) -> str:
        return "–" if value is None or np.isnan(value) else pattern.format(value * factor)

    return (
        f"{name:<24}{s.spasms.true:>6}{shown(s.sensitivity.value, '{:.2f}'):>7}{shown(s.precision.value, '{:.2f}'):>7}"
        f"{shown(s.f1.value, '{:.2f}'):>7}{shown(s.false_per_hour.value, '{:.0f}'):>9}"
        f"{shown(s.onset.median_s, '{:.0f}', 1000):>10}{shown(s.onset.p90_absolute_s, '{:.0f}', 1000):>7}"
        f"{shown(s.spasm_time_relative_error, '{:.0%}'):>8}"
    )
