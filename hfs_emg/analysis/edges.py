"""Where a burst truly begins and ends: looked up in the signal itself, not in its envelope.

An envelope crosses its threshold early or late by an amount that depends on how strong the burst is. So each edge is
placed where two stretches of different power explain the samples best (the maximum-likelihood change of variance of
Staude 2001, with the noise floor as the least the quiet stretch can have).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.atoms import Neighbourhood
from hfs_emg.analysis.frames import moving_mean

Floats = NDArray[np.float64]

FAR_S = 0.3
"""How far in, where the other side moves as well: the length of a blink."""
_SMOOTH_S = 0.012
_MOVES = 5.0
_EARLY_S, _LATE_S = 0.006, 0.008
"""What the smoothing and the comparison with the other side take off at the beginning and at the end; measured on simulated spasms of
the tuning subjects (median error without it: 6.8 and -8.0 ms).
"""
_BEYOND = 2.0
"""So much of the twin's power is taken for the two-sided part."""
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


def _smoothed(power: Floats, width: int) -> Floats:
    """Mean over `width` neighbouring samples about each. power (rows, n)."""
    padded = np.pad(power, ((0, 0), (width // 2, width - 1 - width // 2)), mode="edge")
    return moving_mean(padded, width)


class EdgeFinder:
    """Edges of bursts in one stream of EMG samples."""

    def __init__(self, rate_hz: float, hop: int, delay_s: float) -> None:
        """`delay_s`: how late the filtered signal is, taken off every edge."""
        self._rate_hz = rate_hz
        self._hop = hop
        self._reach = max(4, round(REACH_S * rate_hz))
        self._far = max(4, round(FAR_S * rate_hz))
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

    def of_one_side(
        self, near: Neighbourhood, start: int, end: int, channels: tuple[int, ...], twins: NDArray[np.int64]
    ) -> tuple[float, float]:
        """Where what one side does by itself begins and ends, s: the power of its sites beyond what their twins show, all sites together.

        start, end: columns of the neighbourhood. twins (channels,): a channel without one stands for itself. Where the other side
        moves at the beginning, too (a blink from which a spasm sets out), the onset may lie further in.
        """
        rows = np.array(channels)
        partners = twins[rows]
        lead = self._reach + 4
        first, last = max(0, start * self._hop - lead), min(near.wave.shape[1], end * self._hop + lead)
        power = near.wave[:, first:last] ** 2
        width = max(2, round(_SMOOTH_S * self._rate_hz))
        other = _smoothed(power[partners], width)
        other[partners == rows] = 0.0
        balanced = other * (near.gain[partners] / near.gain[rows])[:, None]
        beyond = np.maximum(_smoothed(power[rows], width) - _BEYOND * balanced, 0.0)
        total = (beyond / near.floor[rows, start][:, None]).sum(axis=0)
        rises, falls = start * self._hop - first, end * self._hop - first
        moves = (other > _MOVES * near.floor[partners, start][:, None]).any(axis=0)
        reach = self._far if moves[rises : rises + self._reach].mean() > 0.5 else self._reach
        begin = max(0, rises - self._reach // 2)
        until = min(len(total), max(rises + 6, min(rises + reach, falls)))
        onset = first + begin + change_point(total[begin:until], float(len(rows)))
        back = max(0, min(falls - 6, max(falls - self._reach, rises)))
        beyond_end = min(len(total), falls + self._reach // 2)
        offset = first + beyond_end - change_point(total[back:beyond_end][::-1], float(len(rows)))
        return self._seconds(near.first, onset - _EARLY_S * self._rate_hz), self._seconds(
            near.first, offset + _LATE_S * self._rate_hz
        )

    def _seconds(self, first: int, sample: float) -> float:
        return max(0.0, (first * self._hop + sample) / self._rate_hz - self._delay_s)
