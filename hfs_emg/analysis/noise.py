"""The running noise floor of each channel, renewed once a second at fixed positions.

Only quiet windows count, so that the floor is frozen while a muscle is active; when a channel has not been quiet for a
minute the noise itself has changed, and the floor starts anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEMORY_WINDOWS = 400
"""Windows of 50 ms remembered per channel: 20 s of quiet, more in wall time when the face is busy."""
_QUANTILE = 0.3
STUCK_SECONDS = 60
LENT_STUCK_SECONDS = 5
"""The same for a floor that was not heard here but taken from a calibration."""
LEAST_RMS_UV = 0.15
"""No real electrode is quieter than the converter's own noise (ADS1299 at gain 24: 0.14 µV RMS)."""


@dataclass(frozen=True, slots=True)
class WindowStatistics:
    """How mean power in a short window of noise scatters. A window is quiet below quiet_factor times the floor's RMS;
    quantile: the 0.3 quantile of a window's power as a share of the mean.
    """

    quiet_factor: float
    quantile: float


EMG_WINDOWS = WindowStatistics(1.7, 0.69)
"""48 ms of the 20–110 Hz band: chi-square with 8 degrees of freedom; 0.3 % of noise windows are not quiet."""
SLOW_WINDOWS = WindowStatistics(2.5, 0.42)
"""96 ms of 2–15 Hz: chi-square with 2.5 degrees of freedom."""


class NoiseFloor:
    """Power of the resting signal per channel, µV²."""

    def __init__(self, channels: int, statistics: WindowStatistics = EMG_WINDOWS) -> None:
        self._statistics = statistics
        self._memory = np.full((channels, MEMORY_WINDOWS), np.nan)
        self._filled = np.zeros(channels, dtype=np.int64)
        self._next = np.zeros(channels, dtype=np.int64)
        self._busy_seconds = np.zeros(channels, dtype=np.int64)
        self.power = np.full(channels, LEAST_RMS_UV**2)
        self.known = np.zeros(channels, dtype=np.bool_)
        """Whether a channel had at least one second of signal yet."""
        self._lent = np.zeros(channels, dtype=np.int64)
        """Windows still to be heard before a floor that was lent is the channel's own."""

    def lend(self, power: Floats) -> None:
        """Begin with floors (channels,) µV² from elsewhere; they give way to what is heard, soon where it is louder."""
        few = MEMORY_WINDOWS // 8
        self._memory[:, :few] = (power * self._statistics.quantile)[:, None]
        self._filled[:] = self._next[:] = self._lent[:] = few
        self.power = np.maximum(power, LEAST_RMS_UV**2)

    def push_second(self, windows: Floats, bad: NDArray[np.bool_]) -> None:
        """Windows (channels, n): mean power in neighbouring 48 ms windows of one second; bad ones count for nothing."""
        ready = self._filled >= MEMORY_WINDOWS // 8
        quiet = ~bad & ((windows < self._statistics.quiet_factor**2 * self.power[:, None]) | ~ready[:, None])
        good, taken = np.add.reduce(~bad, axis=1, dtype=np.int64), np.add.reduce(quiet, axis=1, dtype=np.int64)
        busy = (good >= 4) & (taken * 20 < good)
        self._busy_seconds[busy] += 1
        self._busy_seconds[~busy & (taken > 0)] = 0
        stuck = busy & (self._busy_seconds >= np.where(self._lent > 0, LENT_STUCK_SECONDS, STUCK_SECONDS))
        if stuck.any():
            self._memory[stuck] = np.nan
            self._filled[stuck] = self._next[stuck] = 0
            quiet[stuck] = ~bad[stuck]
            taken[stuck] = good[stuck]
            self._lent[stuck] = 0
        self._lent = np.maximum(0, self._lent - taken)
        if taken.any():
            self._remember(windows, quiet, taken)

    def _remember(self, windows: Floats, chosen: NDArray[np.bool_], taken: NDArray[np.int64]) -> None:
        """Take the windows chosen (channels, n), so many of each channel as taken (channels,) says, for the oldest ones."""
        rows, columns = chosen.nonzero()
        rank = np.arange(len(rows)) - (np.cumsum(taken) - taken)[rows]
        self._memory[rows, (self._next[rows] + rank) % MEMORY_WINDOWS] = windows[rows, columns]
        self._next = (self._next + taken) % MEMORY_WINDOWS
        self._filled = np.minimum(MEMORY_WINDOWS, self._filled + taken)
        changed = taken > 0
        for filled in set(self._filled[changed].tolist()):
            which = changed & (self._filled == filled)
            at = int(_QUANTILE * (filled - 1))
            ordered = self._memory[which, :filled]
            ordered.partition(at, axis=1)
            self.power[which] = np.maximum(ordered[:, at] / self._statistics.quantile, LEAST_RMS_UV**2)
        self.known |= changed
