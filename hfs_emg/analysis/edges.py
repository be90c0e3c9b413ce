"""Where a burst truly begins and ends: looked up in the signal itself, not in its envelope.

An envelope crosses its threshold early or late by an amount that depends on how strong the burst is. So each edge is
placed where two stretches of different power explain the samples best (the maximum-likelihood change of variance of
Staude 2001, with the noise floor as the least the quiet stretch can have).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REACH_S = 0.08
"""How far on either side of the envelope's crossing the edge is sought."""


def change_point(power: Floats, floor: float) -> int:
    """Index of the first sample of the louder stretch in `power` (squared samples, quiet first, then loud)."""
    n = len(power)
    if n < 6:
        return n // 2
    at = np.arange(1, n - 2)
    total = np.cumsum(power)
    quiet = np.maximum(total[at - 1] / at, 0.5 * floor)
    loud = np.maximum((total[-1] - total[at - 1]) / (n - at), 1.01 * quiet)
    likelihood = -0.5 * (at * np.log(quiet) + total[at - 1] / quiet)
    likelihood -= 0.5 * ((n - at) * np.log(loud) + (total[-1] - total[at - 1]) / loud)
    return int(at[int(np.argmax(likelihood))])


class EdgeFinder:
    """Edges of bursts in one stream of EMG samples."""

    def __init__(self, rate_hz: float, hop: int, delay_s: float) -> None:
        """`delay_s`: how late the filtered signal is, taken off every edge."""
        self._rate_hz = rate_hz
        self._hop = hop
        self._reach = max(4, round(REACH_S * rate_hz))
        self._delay_s = delay_s

    def onset_s(self, wave: Floats, first: int, frame: int, last_frame: int, floor: float) -> float:
        """Seconds from the start. wave: one channel from frame `first` on, whose envelope rose at `frame`, fell at `last_frame`."""
        crossing = (frame - first) * self._hop
        start = max(0, crossing - self._reach // 2)
        end = min(len(wave), max(crossing + 6, min(crossing + self._reach, (last_frame - first) * self._hop)))
        stretch = wave[start:end]
        return self._seconds(first, start + change_point(stretch * stretch, floor))

    def offset_s(self, wave: Floats, first: int, frame: int, first_frame: int, floor: float) -> float:
        """The same for the end: the envelope fell at `frame`, had risen at `first_frame`."""
        crossing = (frame - first) * self._hop
        start = max(0, min(crossing - 6, max(crossing - self._reach, (first_frame - first) * self._hop)))
        end = min(len(wave), crossing + self._reach // 2)
        stretch = wave[start:end][::-1]
        return self._seconds(first, end - change_point(stretch * stretch, floor))

    def _seconds(self, first: int, sample: int) -> float:
        return max(0.0, (first * self._hop + sample) / self._rate_hz - self._delay_s)
