"""How this face's two sides compare by themselves: the habitual ratio of each pair of twin sites in two-sided movement.

Electrodes never sit alike and no face is symmetric, so that a smile or a syllable can be twice as strong on one side all the
time. One-sidedness is judged against that habit. It is renewed once a second, at fixed positions, from windows in which both
twins move and neither is far beyond the other (those are one-sided, and say nothing of the habit).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEMORY_WINDOWS = 240
"""Windows of 48 ms remembered per pair: 12 s of movement."""
_ACTIVE = 4.0
"""Power over the floor from which a window counts as movement."""
_FAR_LOG2 = 2.0
"""Amplitude ratios beyond 4 are one-sided: healthy voluntary movement stays below 3 (Kim 2018: mean + 2 SD)."""
_DOUBT_WINDOWS = 40.0
"""Evidence for the two sides being alike, in windows: a habit shows only slowly."""
_MOST_LOG2 = 1.0


class PairBalance:
    """Balance of the pairs of one montage. gain (channels,): factors on power that make the twins alike; 1 without a twin."""

    def __init__(self, channels: int, pairs: list[tuple[int, int]]) -> None:
        self._pairs = pairs
        self._left = [a for a, _ in pairs]
        self._right = [b for _, b in pairs]
        self._memory: list[Floats] = [np.zeros(0)] * len(pairs)
        """Of each pair the last windows, in their order."""
        self.gain: Floats = np.ones(channels)

    def push_seconds(self, windows: Floats, spoiled: NDArray[np.bool_], floors: Floats) -> Floats:
        """windows (seconds, channels, n): mean power of the windows of some seconds; floors (seconds, channels): noise power in each.
        Returns the gains after each of them, (seconds, channels).
        """
        found = np.repeat(self.gain[None], len(windows), axis=0)
        if not self._pairs:
            return found
        active = (windows >= _ACTIVE * floors[:, :, None]) & ~spoiled
        both = active[:, self._left] & active[:, self._right]
        some = np.flatnonzero(both.any(axis=(1, 2)))
        if not len(some):
            return found
        above = np.maximum(windows[some] - floors[some][:, :, None], 1e-9)
        ratio = 0.5 * np.log2(above[:, self._left] / above[:, self._right])
        usable = both[some] & (np.abs(ratio) <= _FAR_LOG2)
        for i, (left, right) in enumerate(self._pairs):
            told = np.flatnonzero(usable[:, i].any(axis=1))
            if len(told):
                habits = self._remember(i, ratio[told, i], usable[told, i])
                since = np.searchsorted(some[told], np.arange(len(windows)), side="right")
                found[:, left] = np.array([self.gain[left], *(2.0**-habit for habit in habits)])[since]
                found[:, right] = np.array([self.gain[right], *(2.0**habit for habit in habits)])[since]
        self.gain = found[-1].copy()
        return found

    def _remember(self, i: int, ratio: Floats, usable: NDArray[np.bool_]) -> list[float]:
        """Take the usable windows (seconds, n) of a pair, at least one in each second. Returns its habit after each, log2."""
        values = np.concatenate([self._memory[i], ratio[usable]])
        ends = len(self._memory[i]) + np.cumsum(np.count_nonzero(usable, axis=1))
        filled = np.minimum(ends, MEMORY_WINDOWS)
        # What a second remembers, sorted; the places of what it does not have yet are behind it.
        back = ends[:, None] - 1 - np.arange(filled[-1])
        ordered = np.sort(np.where(back >= 0, values[np.maximum(back, 0)], np.inf), axis=1)
        each = np.arange(len(ends))
        median = (ordered[each, (filled - 1) // 2] + ordered[each, filled // 2]) / 2
        self._memory[i] = values[-MEMORY_WINDOWS:]
        habits: list[float] = (median * filled / (filled + _DOUBT_WINDOWS)).tolist()
        return [min(max(habit, -_MOST_LOG2), _MOST_LOG2) for habit in habits]
