"""Lost samples told from a sample index that wraps, with the help of arrival times.

The index of consecutive samples goes up by a step, modulo some number; both are found from the file, because the boards and the
versions of the programs that write such files differ. A gap in the index gives the loss modulo the index; the arrival times, which
come in clumps but never early, tell how often it wrapped meanwhile. An index that fell back to 0 began anew, and then only the
clock tells. One index out of step whose successor is right is a damaged index, not a loss.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hfs_emg.formats.recording import Hole

Indices = NDArray[np.int64]

_CELL = 64  # rows over which the earliest arrival is kept
_AROUND = 4  # cells looked at on each side of a gap: about a second, longer than any clump of a serial dongle


class LossFinder:
    """Push every row's index and arrival time in order, then read `holes`.

    rules: (modulus, step) that the index may follow, the likelier first; the first one that two thirds of the first rows follow is taken.
    """

    def __init__(self, rules: Sequence[tuple[int, int]], rate_hz: float) -> None:
        self._rules = tuple(rules)
        self._rate_hz = rate_hz
        self._rule: tuple[int, int] | None = None
        self._rows = 0
        self._last: tuple[int, float] | None = None
        self._gaps: list[NDArray[np.float64]] = []
        self._earliest: list[float] = []

    @property
    def counts(self) -> bool:
        """The index follows one of the rules, so that losses can be told."""
        return self._rule is not None or self._rows < 2

    def push(self, index: NDArray[np.float64], time_s: NDArray[np.float64] | None) -> None:
        """(n,) index and (n,) arrival in seconds of the next rows; None, or nan in places, when the file gives none."""
        times = np.full(len(index), np.nan) if time_s is None else time_s
        numbers = np.rint(index).astype(np.int64)
        first = self._rows
        self._keep_earliest(times)
        if self._last is not None:
            numbers = np.concatenate([[self._last[0]], numbers])
            times = np.concatenate([[self._last[1]], times])
            first -= 1
        if not len(numbers):
            return
        delta = np.diff(numbers)
        if self._rule is None and first <= 0 and len(delta):
            self._rule = self._find_rule(delta)
        if self._rule is not None:
            modulus, step = self._rule
            at = np.flatnonzero(delta % modulus != step)
            columns = (first + 1 + at, delta[at] % modulus, numbers[at + 1], times[at + 1] - times[at])
            self._gaps.append(np.stack([np.asarray(c, np.float64) for c in columns], axis=1))
        self._rows = first + len(numbers)
        self._last = int(numbers[-1]), float(times[-1])

    @property
    def holes(self) -> tuple[Hole, ...]:
        """What was lost, in order of row."""
        if self._rule is None:
            return ()
        modulus, step = self._rule
        gaps = np.concatenate(self._gaps) if self._gaps else np.empty((0, 4))
        gaps = gaps[~_damaged(gaps, modulus, step)]
        rows = gaps[:, 0].astype(np.int64)
        found = []
        for i, (row, delta, number, direct_s) in enumerate(gaps):
            before = rows[i - 1] if i else 0
            after = rows[i + 1] if i + 1 < len(rows) else self._rows
            elapsed = self._elapsed(int(before), int(row), int(after), float(direct_s))
            lost = _lost(int(delta), int(number), elapsed, modulus, step)
            if lost > 0:
                found.append(Hole(int(row), lost))
        return tuple(found)

    def _find_rule(self, delta: Indices) -> tuple[int, int] | None:
        for modulus, step in self._rules:
            if np.mean(delta % modulus == step) >= 2 / 3:
                return modulus, step
        return None

    def _keep_earliest(self, times: NDArray[np.float64]) -> None:
        """Per cell of rows the least delay: arrival against the row's own time."""
        if not len(times):
            return
        rows = self._rows + np.arange(len(times))
        delay = np.where(np.isnan(times), np.inf, times) - rows / self._rate_hz
        starts = np.unique(np.concatenate([[0], np.flatnonzero(rows % _CELL == 0)]))
        least = np.minimum.reduceat(delay, starts).tolist()
        if self._rows % _CELL:
            self._earliest[-1] = min(self._earliest[-1], least.pop(0))
        self._earliest.extend(least)

    def _elapsed(self, before: int, row: int, after: int, direct_s: float) -> float:
        """Samples that the clock says are missing before `row`; nan when it says nothing.

        Measured between the least delays on both sides, as far as no other gap lies there; else from the two rows alone.
        """
        left = self._earliest[max(-(-before // _CELL), row // _CELL - _AROUND) : row // _CELL]
        cell = -(-row // _CELL)
        right = self._earliest[cell : min(after // _CELL, cell + _AROUND)]
        if left and right and np.isfinite(low := min(left)) and np.isfinite(high := min(right)):
            return (high - low) * self._rate_hz
        return direct_s * self._rate_hz - 1


def _damaged(gaps: NDArray[np.float64], modulus: int, step: int) -> NDArray[np.bool_]:
    """Pairs of neighbouring rows whose two steps together are right: the first of them has a wrong index."""
    damaged = np.zeros(len(gaps), np.bool_)
    if len(gaps) > 1:
        pairs = (np.diff(gaps[:, 0]) == 1) & ((gaps[:-1, 1] + gaps[1:, 1]) % modulus == 2 * step % modulus)
        damaged[:-1] |= pairs
        damaged[1:] |= pairs
    return damaged


def _lost(delta: int, number: int, elapsed: float, modulus: int, step: int) -> int:
    """How many samples a gap of `delta` in the index lost, when the clock says `elapsed` (nan: no clock)."""
    known = np.isfinite(elapsed)
    if number == 0:  # the counter began anew
        return max(0, round(elapsed)) if known else 0
    base = delta // step - 1
    if not known:
        return max(0, base)
    per_turn = modulus // step
    return max(0, base + per_turn * round((elapsed - base) / per_turn))
