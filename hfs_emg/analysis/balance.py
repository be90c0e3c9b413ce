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
        self._memory = np.full((len(pairs), MEMORY_WINDOWS), np.nan)
        self._filled = [0] * len(pairs)
        self._next = [0] * len(pairs)
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
        for k, i in np.argwhere(usable.any(axis=2)).tolist():
            self._remember(i, ratio[k, i, usable[k, i]])
            found[some[k] :] = self.gain
        return found

    def _remember(self, i: int, taken: Floats) -> None:
        where = (self._next[i] + np.arange(len(taken))) % MEMORY_WINDOWS
        self._memory[i, where] = taken
        self._next[i] = (self._next[i] + len(taken)) % MEMORY_WINDOWS
        filled = self._filled[i] = min(MEMORY_WINDOWS, self._filled[i] + len(taken))
        ordered = self._memory[i, :filled].copy()
        ordered.partition(((filled - 1) // 2, filled // 2))
        median = float(ordered[(filled - 1) // 2] + ordered[filled // 2]) / 2
        habit = median * filled / (filled + _DOUBT_WINDOWS)
        habit = min(max(habit, -_MOST_LOG2), _MOST_LOG2)
        left, right = self._pairs[i]
        self.gain[left], self.gain[right] = 2.0**-habit, 2.0**habit
