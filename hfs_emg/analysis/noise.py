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
        self._filled = [0] * channels
        self._next = [0] * channels
        self._busy_seconds = [0] * channels
        self.power = np.full(channels, LEAST_RMS_UV**2)
        self.known = np.zeros(channels, dtype=np.bool_)
        """Whether a channel had at least one second of signal yet."""

    def push_second(self, windows: Floats, bad: NDArray[np.bool_]) -> None:
        """Windows (channels, n): mean power in neighbouring 48 ms windows of one second; bad ones count for nothing."""
        ready = np.array(self._filled) >= MEMORY_WINDOWS // 8
        quiet = ~bad & ((windows < self._statistics.quiet_factor**2 * self.power[:, None]) | ~ready[:, None])
        sound = np.count_nonzero(~bad, axis=1).tolist()
        still = np.count_nonzero(quiet, axis=1).tolist()
        for c, (good, taken) in enumerate(zip(sound, still, strict=True)):
            chosen = quiet[c]
            if good >= 4 and taken * 20 < good:
                self._busy_seconds[c] += 1
                if self._busy_seconds[c] >= STUCK_SECONDS:
                    self._memory[c] = np.nan
                    self._filled[c] = self._next[c] = 0
                    chosen = ~bad[c]
            elif taken:
                self._busy_seconds[c] = 0
            if chosen.any():
                self._remember(c, windows[c, chosen])

    def _remember(self, c: int, taken: Floats) -> None:
        memory, now = self._memory[c], self._next[c]
        first = taken[: MEMORY_WINDOWS - now]
        memory[now : now + len(first)] = first
        memory[: len(taken) - len(first)] = taken[len(first) :]
        self._next[c] = (now + len(taken)) % MEMORY_WINDOWS
        filled = self._filled[c] = min(MEMORY_WINDOWS, self._filled[c] + len(taken))
        at = int(_QUANTILE * (filled - 1))
        ordered = memory[:filled].copy()
        ordered.partition(at)
        self.power[c] = max(float(ordered[at]) / self._statistics.quantile, LEAST_RMS_UV**2)
        self.known[c] = True
