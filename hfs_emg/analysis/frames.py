"""Filtered samples to power frames, and the sliding store that the later stages read.

A frame is 8 ms (2 samples at 250 Hz), at a position fixed by sample index. Per channel it holds the mean power of the three filtered
views. The store keeps the last minutes, so memory does not grow with the recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.conditioning import Conditioned

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FRAME_S = 0.008
WINDOW_S = 0.048
"""Length of the RMS window of the envelope: what the vocabulary calls the 50 ms RMS."""

SHORT_FRAMES = 3
"""The same of the short envelope: a frame and its two neighbours."""


@dataclass(frozen=True, slots=True)
class FrameClock:
    """How samples, frames and seconds relate at one rate."""

    rate_hz: float
    hop: int
    """Samples in a frame."""
    window: int
    """Frames in the envelope's window."""
    second: int
    """Frames in the second after which thresholds are renewed."""

    @staticmethod
    def at(rate_hz: float) -> FrameClock:
        """The clock for a sampling rate; frames are 8 ms or the nearest whole number of samples."""
        hop = max(1, round(FRAME_S * rate_hz))
        return FrameClock(rate_hz, hop, max(2, round(WINDOW_S * rate_hz / hop)), round(rate_hz / hop))

    def frames(self, seconds: float) -> int:
        """Seconds in whole frames."""
        return round(seconds * self.rate_hz / self.hop)

    def seconds(self, frame: float) -> float:
        """Time at which a frame begins."""
        return frame * self.hop / self.rate_hz

    def seconds_of(self, frames: NDArray[np.int64]) -> Floats:
        """The same for many."""
        return frames * self.hop / self.rate_hz


class SlidingArray:
    """Columns appended at the right, dropped at the left, addressed by their absolute index. Reads are views: copy to keep."""

    def __init__(self, rows: int, dtype: type) -> None:
        self._values: NDArray[Any] = np.zeros((rows, 4096), dtype=dtype)
        self._used = 0
        self.start = 0

    @property
    def end(self) -> int:
        """Absolute index after the last column."""
        return self.start + self._used

    def append(self, columns: NDArray[Any]) -> None:
        """Add columns (rows, n)."""
        self.room(columns.shape[1])[:] = columns

    def room(self, n: int) -> NDArray[Any]:
        """n columns more, to be written into."""
        used = self._used + n
        if used > self._values.shape[1]:
            grown = np.zeros((len(self._values), max(2 * used, 4096)), dtype=self._values.dtype)
            grown[:, : self._used] = self._values[:, : self._used]
            self._values = grown
        found = self._values[:, self._used : used]
        self._used = used
        return found

    def drop_before(self, index: int) -> None:
        """Forget columns before an absolute index, when that frees at least half."""
        surplus = min(index - self.start, self._used)
        if surplus < 4096 or surplus < self._used // 2:
            return
        kept = self._values[:, surplus : self._used]
        self._used -= surplus
        self.start += surplus
        # In place: memory that is new from the system costs more than what is done in it.
        self._values[:, : self._used] = kept

    def read(self, start: int, end: int) -> NDArray[Any]:
        """Columns start…end by absolute index; both must be held."""
        return self._values[:, start - self.start : end - self.start]


class FrameStream:
    """Samples in, frames out. `bad` marks samples of channels that count for nothing; a frame with one of them is bad."""

    def __init__(self, clock: FrameClock, channels: int) -> None:
        self._hop = clock.hop
        self._rest: Floats = np.zeros((3, channels, 0))
        self._rest_bad = np.zeros((channels, 0), dtype=np.bool_)

    def push(self, conditioned: Conditioned, bad: Flags) -> tuple[Floats, Flags, Floats]:
        """Whole frames that the samples complete: power of emg, slow and fast (3, channels, frames), the bad flags, and the slow
        view itself (channels, frames), its first sample of each frame.
        """
        views, flags = conditioned.views, bad
        if self._rest.shape[2]:
            views = np.concatenate([self._rest, views], axis=2)
            flags = np.concatenate([self._rest_bad, flags], axis=1)
        whole = views.shape[2] // self._hop * self._hop
        self._rest = views[:, :, whole:].copy()
        self._rest_bad = flags[:, whole:].copy()
        power = views[:, :, : whole : self._hop] ** 2
        spoiled = flags[:, : whole : self._hop].copy()
        for k in range(1, self._hop):
            part = views[:, :, k : whole : self._hop]
            power += part * part
            spoiled |= flags[:, k : whole : self._hop]
        power /= self._hop
        return power, spoiled, views[1, :, : whole : self._hop].copy()


def moving_mean(power: Floats, width: int) -> Floats:
    """Mean over `width` (from 2 on) neighbouring columns, (rows, n) → (rows, n - width + 1); added in a fixed order: exact however cut."""
    n = power.shape[1] - width + 1
    total: Floats = power[:, :n] + power[:, 1 : n + 1]
    for k in range(2, width):
        total += power[:, k : k + n]
    total /= width
    return total


def moving_minimum(values: Floats, width: int) -> Floats:
    """Minimum over `width` neighbouring columns, (rows, n) → (rows, n - width + 1)."""
    reach = 1
    low = values
    while 2 * reach <= width:
        low = np.minimum(low[:, : low.shape[1] - reach], low[:, reach:])
        reach *= 2
    rest = width - reach
    return np.minimum(low[:, : low.shape[1] - rest], low[:, rest:]) if rest else low
