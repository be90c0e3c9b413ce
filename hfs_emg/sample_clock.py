"""The board's true sample clock, fitted from sample index against arrival time.

Rule: a sample never arrives early, only late. Links deliver in clumps (60 ms with a Cyton's dongle on Linux) and stall, so only the most
punctual sample of each second of arrival is kept, and the line is fitted to the more punctual half of those, over the last ten
minutes: temperature moves the oscillator. Where a counter began anew the number of lost samples is an estimate, so that points before and
behind share the rate and not the place. Virtual time or CLOCK_BOOTTIME, no clock is read here.
"""

from __future__ import annotations

from collections import deque
from math import floor

import numpy as np
from numpy.typing import NDArray

_BUCKET_S = 1.0
_KEPT_BUCKETS = 600
_ANCHOR_BUCKETS = 5
_FIT_AFTER_S = 10.0
_FITS = 60
"""The line is fitted anew when the seconds seen have grown by this part: every second at first, every tenth one after ten minutes."""
_BELIEVABLE = 0.05
"""An oscillator is off by 2.5 % at worst (ADS1299 over its whole temperature range); a fit beyond 5 % is no fit."""


class SampleClock:
    """Maps sample index to the time at which the sample arrives on a punctual link. Of use after the first `observe`."""

    def __init__(self, nominal_hz: float) -> None:
        self._nominal_hz = nominal_hz
        self._rate_hz = nominal_hz
        self._fitted = False
        self._stretch = 0
        self._seconds_in_stretch = 0
        self._seconds_unfitted = 0
        self._buckets: deque[tuple[int, int, float, int]] = deque(
            maxlen=_KEPT_BUCKETS
        )  # second, index, arrival, stretch
        self._anchor: tuple[int, float] | None = None

    @property
    def rate_hz(self) -> float:
        """The fitted rate; the nominal one during the first 10 s."""
        return self._rate_hz

    @property
    def fitted(self) -> bool:
        """True once the rate is fitted."""
        return self._fitted

    @property
    def settled(self) -> bool:
        """True once the rate is fitted and the present stretch long enough for its most punctual samples to stand out."""
        return self._fitted and self._seconds_in_stretch >= _ANCHOR_BUCKETS

    @property
    def started(self) -> bool:
        """True once a sample was observed."""
        return self._anchor is not None

    def interrupt(self) -> None:
        """What comes next lies at an estimated index: a new stretch of the same rate."""
        self._stretch += 1
        self._seconds_in_stretch = 0

    def observe(self, first: int, arrival_s: NDArray[np.float64]) -> None:
        """Samples first, first + 1, … came at arrival_s."""
        if not len(arrival_s):
            return
        if arrival_s[0] == arrival_s[-1]:  # one clump: its last sample is the punctual one
            arrival = float(arrival_s[-1])
            self._note(floor(arrival / _BUCKET_S), first + len(arrival_s) - 1, arrival)
            self._anchor = self._find_anchor()
            return
        seconds = np.floor(arrival_s / _BUCKET_S).astype(np.int64)
        late = arrival_s - np.arange(first, first + len(arrival_s)) / self._nominal_hz
        edges = np.flatnonzero(np.diff(seconds)) + 1
        for start, end in zip((0, *edges), (*edges, len(seconds)), strict=True):
            k = int(start) + int(np.argmin(late[start:end]))
            self._note(int(seconds[k]), first + k, float(arrival_s[k]))
        self._anchor = self._find_anchor()

    def expected_arrival_s(self, index: int) -> float:
        """When a sample arrives on a punctual link, in the clock of the arrival times."""
        anchor, arrival_s = self._anchored()
        return arrival_s + (index - anchor) / self._rate_hz

    def expected_arrivals_s(self, indices: NDArray[np.int64]) -> NDArray[np.float64]:
        """The same for many samples."""
        anchor, arrival_s = self._anchored()
        expected: NDArray[np.float64] = arrival_s + (indices - anchor) / self._rate_hz
        return expected

    def sample_at(self, arrival_s: float) -> float:
        """The sample, with its fraction, that a punctual link delivers at this time."""
        anchor, anchor_s = self._anchored()
        return anchor + (arrival_s - anchor_s) * self._rate_hz

    def _anchored(self) -> tuple[int, float]:
        if self._anchor is None:
            raise ValueError("the sample clock has not seen a sample yet")
        return self._anchor

    def _note(self, second: int, index: int, arrival_s: float) -> None:
        if not self._buckets or (second, self._stretch) != (self._buckets[-1][0], self._buckets[-1][3]):
            self._seconds_unfitted += 1
            if self._seconds_unfitted * _FITS > len(self._buckets) > 0:
                self._seconds_unfitted = 0
                self._fit()
            self._buckets.append((second, index, arrival_s, self._stretch))
            self._seconds_in_stretch += 1
            return
        _, best, best_s, _ = self._buckets[-1]
        if arrival_s - best_s < (index - best) / self._nominal_hz:
            self._buckets[-1] = (second, index, arrival_s, self._stretch)

    def _find_anchor(self) -> tuple[int, float]:
        """The most punctual of the last seconds."""
        _, index, arrival_s, stretch = self._buckets[-1]
        for k in range(2, min(_ANCHOR_BUCKETS, len(self._buckets)) + 1):
            _, other, other_s, its_stretch = self._buckets[-k]
            if its_stretch != stretch:
                break
            if other_s - arrival_s < (other - index) / self._rate_hz:
                index, arrival_s = other, other_s
        return index, arrival_s

    def _fit(self) -> None:
        """Least squares through the more punctual half of the seconds seen."""
        points = np.array(self._buckets)
        came_s = points[:, 2] - points[-1, 2]
        x = (points[:, 1] - points[-1, 1]) / self._nominal_hz
        late = came_s - x
        stretch = (points[:, 3] - points[0, 3]).astype(np.int64)
        stretches = np.flatnonzero(np.bincount(stretch))
        if sum(float(np.ptp(came_s[stretch == s])) for s in stretches) < _FIT_AFTER_S:
            return
        keep = np.ones(len(x), np.bool_)
        slope = 0.0
        for _ in range(4):
            from_x, from_late = x - _means(x, stretch, keep), late - _means(late, stretch, keep)
            spread = np.square(from_x[keep]).sum()
            if spread <= 0:
                return
            slope = float((from_x * from_late)[keep].sum() / spread)
            residual = from_late - slope * from_x
            keep = np.zeros(len(x), np.bool_)
            for s in stretches:
                here = stretch == s
                keep[here] = residual[here] <= np.median(residual[here])
        if abs(slope) < _BELIEVABLE:
            self._rate_hz = self._nominal_hz / (1 + slope)
            self._fitted = True


def _means(values: NDArray[np.float64], stretch: NDArray[np.int64], keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each value the mean of the kept ones of its stretch."""
    total = np.bincount(stretch[keep], values[keep], stretch[-1] + 1)
    count = np.bincount(stretch[keep], minlength=stretch[-1] + 1)
    means: NDArray[np.float64] = (total / np.maximum(count, 1))[stretch]
    return means
