"""The converters of an emulated board: which samples are due at a time, and what they are.

Sample k is taken (k + 1) / rate seconds after the first start, whether the converter runs or not; packet ids count from 0 at every start.
With a Daisy each packet carries the mean of two samples, cut towards zero: the Daisy's for even ids, the board's for odd ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.emulator_signal import FrontEnd, converted
from firmware_bridge.sources import CountSource

_CHUNK_SAMPLES = 64
"""The source is asked for this many samples at once, so that it may compute in bulk."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples that follow each other: number of the first, packet ids (n,), times (n,) in seconds, counts (n, 8)."""

    start: int
    ids: NDArray[np.int64]
    times_s: NDArray[np.float64]
    counts: NDArray[np.int32]


class Converter:
    """One clock for the board's converter and the Daisy's."""

    def __init__(self, source: CountSource, rate_hz: float) -> None:
        self.running = False
        self.first_start_s: float | None = None
        self._source = source
        self._rate_hz = rate_hz
        # Sample `_anchor` lies at `_anchor_s`; a change of rate moves both.
        self._anchor = 0
        self._anchor_s = 0.0
        self._next = 0
        self._id = 0
        self._chunk: NDArray[np.int32] = np.zeros((0, 0), np.int32)
        self._chunk_start = 0
        self._last = np.zeros((1, 16), np.int32)

    @property
    def next_s(self) -> float:
        """When the next sample is due; infinite while stopped."""
        return self._sample_s(self._next) if self.running else math.inf

    def start(self, at_s: float) -> None:
        """Run from at_s on, ids from 0."""
        if self.first_start_s is None:
            self.first_start_s = at_s
            self._anchor_s = at_s + 1 / self._rate_hz
        self.running = True
        self._id = 0
        self._next = self._after(at_s)

    def set_rate(self, rate_hz: float) -> None:
        """Another true rate from the sample that is due next."""
        self._anchor_s = self._sample_s(self._next)
        self._anchor = self._next
        self._rate_hz = rate_hz

    def due(self, to_s: float) -> int:
        """How many samples are due up to to_s."""
        return self._after(to_s) - self._next if self.running else 0

    def take(self, n: int, front: FrontEnd, *, daisy: bool) -> Stretch:
        """The next n samples."""
        start, ids = self._next, (self._id + np.arange(n)) & 0xFF
        counts = converted(self._raw(start, n)[:, : len(front.settings)], start, front)
        counts = self._averaged(counts, ids) if daisy else counts
        times_s = self._anchor_s + (np.arange(start, start + n) - self._anchor) / self._rate_hz
        self._next += n
        self._id = (self._id + n) & 0xFF
        return Stretch(start, ids, times_s, counts)

    def _sample_s(self, sample: int) -> float:
        return self._anchor_s + (sample - self._anchor) / self._rate_hz

    def _after(self, time_s: float) -> int:
        """The first sample later than time_s that has not been taken; the millionth forgives rounding."""
        return max(self._next, self._anchor + math.floor((time_s - self._anchor_s) * self._rate_hz + 1e-6) + 1)

    def _averaged(self, counts: NDArray[np.int32], ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """Means of each sample and the one before it; the first after a start mixes in the last of the stream before."""
        total = counts + np.concatenate((self._last, counts[:-1]))
        self._last = counts[-1:]
        means = (total + (total < 0)) >> 1  # C's division cuts towards zero
        return np.where((ids % 2 == 0)[:, np.newaxis], means[:, 8:], means[:, :8])

    def _raw(self, start: int, n: int) -> NDArray[np.int32]:
        """The source's counts of samples start…start+n, read ahead by chunks."""
        held_end = self._chunk_start + len(self._chunk)
        if start + n > held_end:
            begin = max(start, held_end)
            more = self._source.read(begin, max(_CHUNK_SAMPLES, start + n - begin))
            kept = self._chunk[start - self._chunk_start :] if start < held_end else more[:0]
            self._chunk = np.concatenate((kept, more))
            self._chunk_start = start
        offset = start - self._chunk_start
        return self._chunk[offset : offset + n]
