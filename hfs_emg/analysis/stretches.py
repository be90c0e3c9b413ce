"""Measures over many stretches of columns at once.

How many stretches are measured together, and which, must not show in any of them. So a sum runs over its own stretch alone
(`reduceat`), or along the last axis of an array whose last axis has a fixed length; never along an axis that the number of
stretches shares, where numpy would add in another order for one stretch than for two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Columns = NDArray[np.int64]


def highest(values: Floats, starts: Columns, ends: Columns) -> Floats:
    """Highest of each row in each stretch: values (rows, m) to (n, rows). Stretches are not empty and end before column m - 1."""
    found = np.maximum.reduceat(values, _between(starts, ends), axis=1)[:, ::2]
    return np.ascontiguousarray(found.T)


def average(values: Floats, starts: Columns, ends: Columns) -> Floats:
    """Mean of each row in each stretch: values (rows, m) to (n, rows). Stretches are not empty and end before column m - 1."""
    found = np.add.reduceat(values, _between(starts, ends), axis=1)[:, ::2]
    return np.ascontiguousarray((found / (ends - starts)).T)


def highest_of(values: Floats, rows: Columns, starts: Columns, ends: Columns, empty: float = 0.0) -> Floats:
    """Highest value of one row in each stretch, (n,); `empty` where there is nothing in it. values (rows, m)."""
    width = values.shape[1]
    first = rows * width + np.minimum(starts, width - 1)
    last = np.maximum(rows * width + np.minimum(ends, width - 1), first)
    order = np.argsort(first, kind="stable")
    found = np.empty(len(rows))
    found[order] = np.maximum.reduceat(values.reshape(-1), _between(first[order], last[order]))[::2]
    found[last <= first] = empty
    return found


def counts_before(flags: Flags) -> NDArray[np.int32]:
    """How many are True before each column: flags (rows, m) to (rows, m + 1)."""
    found = np.zeros((flags.shape[0], flags.shape[1] + 1), dtype=np.int32)
    flags.cumsum(axis=1, out=found[:, 1:])
    return found


def share(before: NDArray[np.int32], rows: Columns, starts: Columns, ends: Columns) -> Floats:
    """Share of True in each stretch of one row, 0 where there is nothing in it. before: as `counts_before` gives it."""
    length = np.maximum(ends - starts, 0)
    counted = before[rows, starts + length] - before[rows, starts]
    return np.asarray(counted / np.maximum(length, 1))


def any_of(flags: Flags) -> Flags:
    """Whether any of each row of (n, k) is True."""
    return np.asarray(flags.any(axis=1))


def row_sums(values: Floats) -> Floats:
    """Sum of each row of (n, k), whatever its layout in memory."""
    return np.asarray(np.ascontiguousarray(values).sum(axis=1))


def samples(values: Floats, rows: Columns, first: Columns, width: int, step: int = 1) -> Floats:
    """`width` columns from `first` (n,) on, backwards with step -1, of rows (n, k): (n, k, width). Beyond either end of values the last
    column that there is stands in.
    """
    columns = np.clip(first[:, None] + step * np.arange(width), 0, values.shape[1] - 1)
    return np.asarray(values.reshape(-1).take((rows * values.shape[1])[:, :, None] + columns[:, None, :]))


def added(each: Floats) -> Floats:
    """Sum over the second axis of (n, k, …), in its order."""
    total: Floats = each[:, 0].copy()
    for k in range(1, each.shape[1]):
        total += each[:, k]
    return total


def runs(where: Columns, owner: Columns, close: int) -> tuple[Columns, Columns, Columns]:
    """Half-open runs of some columns, those less than `close` apart joined where they have the same owner: first, end, and owner of each.

    where, owner (k,): columns, ascending, and what each is of.
    """
    n = len(where)
    if not n:
        return where, where, owner
    if where[-1] - where[0] == n - 1 and owner[0] == owner[-1]:  # most often there is one
        return where[:1], where[-1:] + 1, owner[:1]
    apart = (where[1:] - where[:-1] > close) | (owner[1:] != owner[:-1])
    breaks = apart.nonzero()[0]
    first = np.concatenate([[0], breaks + 1])
    last = np.concatenate([breaks, [n - 1]])
    return where[first], where[last] + 1, owner[first]


def widened(values: NDArray[Any], spans: Sequence[tuple[int, int]], before: int, after: int) -> NDArray[Any]:
    """Spans of columns laid end to end, each with so many copies of its first column before it and of its last one after it."""
    parts: list[NDArray[Any]] = []
    for low, high in spans:
        if before:
            parts.append(values[:, low : low + 1].repeat(before, axis=1))
        parts.append(values[:, low:high])
        if after:
            parts.append(values[:, high - 1 : high].repeat(after, axis=1))
    return np.concatenate(parts, axis=1)


def narrowed(values: NDArray[Any], lengths: Sequence[int], extra: int) -> NDArray[Any]:
    """Of spans laid end to end, each with `extra` columns more than its length, so many columns from the first of each on."""
    if len(lengths) == 1:
        return values[:, : lengths[0]]
    at, parts = 0, []
    for length in lengths:
        parts.append(values[:, at : at + length])
        at += length + extra
    return np.concatenate(parts, axis=1)


def _between(starts: Columns, ends: Columns) -> Columns:
    both = np.empty(2 * len(starts), dtype=np.int64)
    both[::2] = starts
    both[1::2] = ends
    return both


class Stretches:
    """Stretches laid end to end, each of at least one column."""

    def __init__(self, starts: Columns, ends: Columns) -> None:
        self.lengths = ends - starts
        self._stops = self.lengths.cumsum()
        self._offsets = self._stops - self.lengths
        total = int(self._stops[-1]) if len(starts) else 0
        self.place: Columns = np.arange(total)
        """Column within its stretch."""
        if len(starts) == 1:  # as in most live looks
            self.owner: Columns = np.zeros(total, dtype=np.int64)
            """Which stretch each column is of."""
            self.columns: Columns = self.place + starts
            """Column of the whole."""
            return
        self.owner = np.arange(len(starts)).repeat(self.lengths)
        self.place -= self._offsets[self.owner]
        self.columns = self.place + starts[self.owner]

    def spread(self, each: NDArray[Any]) -> NDArray[Any]:
        """One value per stretch to one per column."""
        return np.asarray(each[self.owner])

    def row(self, values: NDArray[Any], rows: Columns) -> NDArray[Any]:
        """The columns of one row for each stretch. values (rows, m)."""
        return np.asarray(values.reshape(-1).take(self.columns + (rows * values.shape[1])[self.owner]))

    def line(self, values: NDArray[Any]) -> NDArray[Any]:
        """The columns of values (m,)."""
        return values.take(self.columns)

    def lines(self, values: NDArray[Any]) -> NDArray[Any]:
        """The columns of values (rows, m)."""
        if len(self.lengths) == 1:
            return values[:, int(self.columns[0]) : int(self.columns[-1]) + 1]
        return values.take(self.columns, axis=1)

    def sums(self, values: Floats) -> Floats:
        """Sum of each stretch; values as `row` gives them."""
        return np.asarray(np.add.reduceat(values, self._offsets)) if len(self._offsets) else np.zeros(0)

    def means(self, values: Floats) -> Floats:
        """Mean of each stretch."""
        return np.asarray(self.sums(values) / self.lengths)

    def highest(self, values: Floats) -> Floats:
        """Highest of each stretch."""
        return np.asarray(np.maximum.reduceat(values, self._offsets)) if len(self._offsets) else np.zeros(0)

    def first(self, flags: Flags) -> Columns:
        """Where in each stretch the first True is; its length if there is none."""
        if not len(self._offsets):
            return np.zeros(0, dtype=np.int64)
        lengths = self.spread(self.lengths)
        return np.asarray(np.minimum.reduceat(np.where(flags, self.place, lengths), self._offsets))

    def last(self, flags: Flags) -> Columns:
        """Where in each stretch the last True is; -1 if there is none."""
        if not len(self._offsets):
            return np.zeros(0, dtype=np.int64)
        return np.asarray(np.maximum.reduceat(np.where(flags, self.place, -1), self._offsets))

    def runs(self, flags: Flags, close: int) -> tuple[Columns, Columns, Columns]:
        """Runs of True within each stretch, as `runs` has them, by place among all columns laid end to end."""
        where = flags.nonzero()[0]
        return runs(where, self.owner[where], close)

    def counts(self, flags: Flags) -> Columns:
        """How many are True in each stretch."""
        return np.bincount(self.owner[flags], minlength=len(self._offsets))

    def medians(self, values: Floats) -> Floats:
        """Median of each stretch."""
        ordered = values[np.lexsort((values, self.owner))]
        low, high = self._offsets + (self.lengths - 1) // 2, self._offsets + self.lengths // 2
        return np.asarray((ordered[low] + ordered[high]) / 2)

    def spreads(self, values: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each stretch."""
        _, squares, middle = self.centred(values)
        return middle, np.sqrt(squares / self.lengths)

    def centred(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Values about the mean of their stretch, the sum of their squares, and the mean."""
        middle = self.means(values)
        apart = values - middle[self.owner]
        return apart, self.sums(apart * apart), middle

    def correlations(self, a: Floats, b: Floats) -> Floats:
        """Pearson's r of each stretch of a and b; 0 where one of them does not vary."""
        (a_apart, a_squares, _), (b_apart, b_squares, _) = self.centred(a), self.centred(b)
        scale = np.sqrt(a_squares * b_squares)
        varies = scale > 1e-12
        return np.where(varies, self.sums(a_apart * b_apart) / np.where(varies, scale, 1.0), 0.0)
