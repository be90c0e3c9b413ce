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

    def __init__(self, channels: int, slow: int = 0) -> None:
        """Rows for `channels` in windows of the EMG band, then `slow` more in windows of the slow band."""
        rows = channels + slow
        of_rows = [EMG_WINDOWS] * channels + [SLOW_WINDOWS] * slow
        self._quiet_power = np.array([statistics.quiet_factor for statistics in of_rows]) ** 2
        self._quantile = np.array([statistics.quantile for statistics in of_rows])
        self._memory = np.full((rows, MEMORY_WINDOWS), np.nan)
        self._row_starts = np.arange(rows) * MEMORY_WINDOWS
        self._filled = np.zeros(rows, dtype=np.int64)
        self._next = np.zeros(rows, dtype=np.int64)
        self._full = False
        self._busy_seconds = np.zeros(rows, dtype=np.int64)
        self.power: Floats = np.full(rows, LEAST_RMS_UV**2)
        self._quiet_below = np.full(rows, np.inf)
        self.known = np.zeros(rows, dtype=np.bool_)
        """Whether a row had at least one second of signal yet; and whether all had."""
        self.all_known = False
        self._lent = np.zeros(rows, dtype=np.int64)
        """Windows still to be heard before a floor that was lent is the channel's own."""

    def lend(self, power: Floats) -> None:
        """Begin the first rows with floors (channels,) µV² from elsewhere; they give way to what is heard, soon where it is louder."""
        few, own = MEMORY_WINDOWS // 8, slice(0, len(power))
        self._memory[own, :few] = (power * self._quantile[own])[:, None]
        self._filled[own] = self._next[own] = self._lent[own] = few
        self.power[own] = np.maximum(power, LEAST_RMS_UV**2)
        self._renew_limit()

    def push_second(self, windows: Floats, bad: NDArray[np.bool_]) -> None:
        """Windows (rows, n): mean power in neighbouring windows of one second; bad ones count for nothing."""
        usable = ~bad
        quiet = usable & (windows < self._quiet_below[:, None])
        rows = quiet.nonzero()[0]
        taken = np.bincount(rows, minlength=len(quiet))
        stuck = self._stuck(usable, taken)
        if np.count_nonzero(stuck):
            self._start_anew(stuck)
            quiet[stuck] = usable[stuck]
            rows = quiet.nonzero()[0]
            taken = np.bincount(rows, minlength=len(quiet))
        if np.count_nonzero(self._lent):
            self._lent = np.maximum(0, self._lent - taken)
        if len(rows):
            self._remember(windows[quiet], rows, taken)
            self._renew_limit()

    def _stuck(self, usable: NDArray[np.bool_], taken: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Rows that have not been quiet for too long. usable (rows, n): windows that count; taken (rows,): how many were quiet."""
        nearly_all_busy = taken * 20 < usable.shape[1]
        if not np.count_nonzero(nearly_all_busy):  # most often
            self._busy_seconds[:] = 0
            return np.asarray(nearly_all_busy)
        good = np.bincount(usable.nonzero()[0], minlength=len(usable))
        busy = (good >= 4) & (taken * 20 < good)
        self._busy_seconds[~busy & (taken > 0)] = 0
        self._busy_seconds[busy] += 1
        return np.asarray(busy & (self._busy_seconds >= np.where(self._lent > 0, LENT_STUCK_SECONDS, STUCK_SECONDS)))

    def _start_anew(self, stuck: NDArray[np.bool_]) -> None:
        self._memory[stuck] = np.nan
        self._filled[stuck] = self._next[stuck] = self._lent[stuck] = 0
        self._full = False

    def _renew_limit(self) -> None:
        self._quiet_below = self._quiet_power * self.power
        if not self._full:
            self._quiet_below[self._filled < MEMORY_WINDOWS // 8] = np.inf

    def _remember(self, windows: Floats, rows: NDArray[np.int64], taken: NDArray[np.int64]) -> None:
        """Take windows (k,) of these rows (k,), row by row, so many of each as taken (rows,) says, for the oldest ones."""
        place = np.arange(len(rows)) + (self._next - (np.cumsum(taken) - taken))[rows]
        self._memory.reshape(-1)[place % MEMORY_WINDOWS + self._row_starts[rows]] = windows
        self._next = (self._next + taken) % MEMORY_WINDOWS
        changed = taken > 0
        if not self._full:
            self._filled = np.minimum(MEMORY_WINDOWS, self._filled + taken)
            self._full = bool((self._filled == MEMORY_WINDOWS).all())
            self.known |= changed
            self.all_known = bool(self.known.all())
        if self._full and np.count_nonzero(changed) == len(changed):  # most often
            found = _in_order(self._memory, int(_QUANTILE * (MEMORY_WINDOWS - 1)))
            self.power = np.maximum(found / self._quantile, LEAST_RMS_UV**2)
            return
        for filled in (MEMORY_WINDOWS,) if self._full else set(self._filled[changed].tolist()):
            which = changed & (self._filled == filled)
            at = int(_QUANTILE * (filled - 1))
            found = _in_order(self._memory[which, :filled], at)
            self.power[which] = np.maximum(found / self._quantile[which], LEAST_RMS_UV**2)


def _in_order(values: Floats, at: int) -> Floats:
    """Of each row (n, k) of values from 0 up the value that has `at` values below it, (n,).

    It is sought in single precision, as whole numbers (IEEE 754 orders positive ones alike), which costs a sixth: rounding keeps the order,
    so that what is found is the one that rounds to it.
    """
    rough = values.astype(np.float32).view(np.int32)
    mine = rough == np.partition(rough, at, axis=1)[:, at, None]
    if np.count_nonzero(mine) == len(values):
        return np.asarray(values[mine])
    return np.asarray(np.partition(values, at, axis=1)[:, at])  # several round alike
