"""Which samples of which channel count for nothing, and why.

Reasons seen in the samples themselves: gap (never came), rail (at the end of the converter's range), flat (the same code
for long), settling (filters not yet steady), lead_off (so much hum or noise that no skin can be behind it). Motion and
pops are told from the shape of an episode, later. Everything here looks back only; a flat line is known after FLAT_S.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.conditioning import RESTART_AFTER_S
from hfs_emg.analysis.stretches import runs
from hfs_emg.events import InvalidReason

Flags = NDArray[np.bool_]

START_S = 2.0
"""Deaf at the start: a second to find the mains and let its notch settle, another to learn the noise."""
AFTER_GAP_S = 0.25
"""Deaf after a restart of the filters: the 20 Hz high-pass (slowest pole 21 ms) has forgotten a millivolt step by then."""
AFTER_SHORT_GAP_S = 0.04
AFTER_RAIL_S = 0.4
FLAT_S = 0.2
REASONS: tuple[InvalidReason, ...] = ("gap", "rail", "flat", "lead_off", "settling")
"""In order of precedence."""


class SampleQuality:
    """Flags samples of one stream; state is what carries over from the samples before."""

    def __init__(self, rate_hz: float, rails: NDArray[np.int64]) -> None:
        """`rails` (channels, 2): lowest and highest code that still is a measurement."""
        self._rails = rails
        self._long_gap = max(1, int(RESTART_AFTER_S * rate_hz))
        self._after_gap = int(AFTER_GAP_S * rate_hz)
        self._after_short = max(1, int(AFTER_SHORT_GAP_S * rate_hz))
        self._after_rail = int(AFTER_RAIL_S * rate_hz)
        self._flat = int(FLAT_S * rate_hz)
        self._deaf_until = int(START_S * rate_hz)
        self._position = 0
        self._lost_run = 0
        self._railed_until = np.zeros(len(rails), dtype=np.int64)
        self._rails_until = 0
        """The latest of them."""
        self._same_since = np.zeros(len(rails), dtype=np.int64)
        self._oldest_change = 0
        """The earliest of them."""
        self._last: NDArray[np.int64] | None = None

    def push(self, counts: NDArray[np.int64], lost: Flags) -> NDArray[np.int8]:
        """(channels, n): 0 for good, else 1 + index into REASONS. counts (channels, n) as read, lost (n,)."""
        n = counts.shape[1]
        verdict = np.zeros(counts.shape, dtype=np.int8)
        if n == 0:
            return verdict
        where = np.arange(self._position, self._position + n)
        any_lost = np.count_nonzero(lost) > 0
        if self._position < self._deaf_until or self._lost_run or any_lost:
            verdict[:, self._deaf(lost, where)] = 1 + REASONS.index("settling")
        self._flat_line(verdict, counts, lost)
        self._rail(verdict, counts, where)
        if any_lost:
            verdict[:, lost] = 1 + REASONS.index("gap")
        self._position += n
        return verdict

    def _deaf(self, lost: Flags, where: NDArray[np.int64]) -> Flags:
        until = np.full(len(lost), self._deaf_until, dtype=np.int64)
        run = self._lost_run
        if lost.any() or run:
            edges = np.flatnonzero(np.diff(np.concatenate([[run > 0], lost]).astype(np.int8)))
            began = -run
            for edge in edges:
                if lost[edge]:
                    began = int(edge)
                    continue
                deaf = self._after_gap if edge - began > self._long_gap else self._after_short
                self._deaf_until = max(self._deaf_until, int(where[edge]) + deaf)
                until[edge:] = self._deaf_until
            self._lost_run = len(lost) - began if len(lost) and lost[-1] else 0
        return np.asarray(where < until)

    def _rail(self, verdict: NDArray[np.int8], counts: NDArray[np.int64], where: NDArray[np.int64]) -> None:
        at_rail = (counts <= self._rails[:, :1]) | (counts >= self._rails[:, 1:])
        if self._position >= self._rails_until and not np.count_nonzero(at_rail):
            return
        last = np.where(at_rail, where + self._after_rail + 1, 0)
        last = np.maximum(np.maximum.accumulate(last, axis=1), self._railed_until[:, None])
        self._railed_until = last[:, -1].copy()
        self._rails_until = int(self._railed_until.max())
        verdict[where < last] = 1 + REASONS.index("rail")

    def _flat_line(self, verdict: NDArray[np.int8], counts: NDArray[np.int64], lost: Flags) -> None:
        before, self._last = self._last, counts[:, -1].copy()
        n = counts.shape[1]
        newest = self._position + n - 1
        if newest - self._oldest_change < self._flat and n > 1 and (self._last != counts[:, -2]).all():
            # Nothing is old enough to be flat, and everything has just changed: so it is in nearly every short block.
            self._same_since[:] = self._oldest_change = newest
            return
        changed = np.empty(counts.shape, dtype=np.bool_)
        np.not_equal(counts[:, 1:], counts[:, :-1], out=changed[:, 1:])
        changed[:, 0] = False if before is None else counts[:, 0] != before
        changed |= lost
        # Nearly every sample differs from the one before it: those that do not are few.
        rows, same = (~changed).nonzero()
        first, end, row = runs(same, rows, 1)
        since = np.where(first == 0, self._same_since[row] - self._position, first - 1)
        for i in np.flatnonzero(end - since > self._flat).tolist():
            verdict[row[i], max(first[i], since[i] + self._flat) : end[i]] = 1 + REASONS.index("flat")
        self._same_since[:] = newest
        self._same_since[row[end == n]] = since[end == n] + self._position
        self._oldest_change = int(self._same_since.min())
