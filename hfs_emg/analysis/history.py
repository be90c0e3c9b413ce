"""What went before: the atoms of the last seconds, as far as a decision may use them. Nothing of the future, nothing of decisions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hfs_emg.analysis.activity import BOTH, AtomTable
from hfs_emg.analysis.islands import LONGEST_S
from hfs_emg.analysis.measures import Measured
from hfs_emg.analysis.stretches import Columns, Flags, Floats, Stretches, any_of

MEMORY_S = 10.0
_COUPLING_MEMORY = 12.0
"""Movements over which the coupling of a side to two-sided movements is averaged."""
_ORAL_S = 3.0
_RHYTHM_S = 4.0
_LOWER_RHYTHM_S = 5.0
_APART_S = 0.15
"""Movements of the lower face that begin within less are one."""
_LONGEST_SINCE_S = 3.0
_HELD_S = MEMORY_S + LONGEST_S + 1.0
"""An atom is no longer than an island, so that one that began earlier than this reaches into no window."""


class History:
    """Atoms in order of their start."""

    def __init__(self, eyes: Flags, lower: Flags) -> None:
        """eyes, lower (channels,): those over the eyelids, those of the lower face."""
        self._parts = eyes, lower
        self._starts: Floats = np.zeros(0)
        self._ends: Floats = np.zeros(0)
        self._flags: Flags = np.zeros((5, 0), dtype=np.bool_)
        """Of the left side, of the right, of both; moves an eye, moves the lower face."""
        self._coupling = [0.3, 0.3]

    def measure(self, values: Measured, atoms: AtomTable) -> None:
        """Take the atoms of the next islands, and write down what each of them has before it."""
        self._take(atoms)
        now = atoms.start_s
        _, _, both, eye, lower = self._flags
        values["lower_context"], values["oral_context"], values["movement_context"] = self._covered(now)
        values["eye_rate"] = self._begun(both & eye, now, MEMORY_S)
        values["since_eye"] = self._since(both & eye, now)
        for side in range(3):
            some = np.flatnonzero(atoms.sides == side)
            if len(some):
                self._own(values, some, side, now[some])
        starts, counts = _apart(self._starts[lower], now)
        values["lower_count"] = counts
        values["lower_interval"], values["lower_cv"] = _rhythm(starts, counts)
        values["coupling"] = self._coupled(atoms)

    def _take(self, atoms: AtomTable) -> None:
        kept = self._starts >= atoms.start_s[0] - _HELD_S
        eyes, lower = self._parts
        flags = [
            *(atoms.sides == side for side in range(3)),
            *(any_of(atoms.channels & p) for p in (eyes, lower)),
        ]
        self._starts = np.concatenate([self._starts[kept], atoms.start_s])
        self._ends = np.concatenate([self._ends[kept], atoms.end_s])
        self._flags = np.concatenate([self._flags[:, kept], np.stack(flags)], axis=1)

    def _covered(self, now: Floats) -> tuple[Floats, Floats, Floats]:
        """Shares of the time before in which something moved on both sides: the lower face, of the last 3 s; of the last 10 s; anything, of
        the last 10 s. Overlaps count twice, up to 1.
        """
        which = self._flags[BOTH]
        starts, ends, lower = self._starts[which], self._ends[which], self._flags[4, which]
        first = np.searchsorted(starts, now - _HELD_S)
        last = np.searchsorted(starts, now)
        some = np.flatnonzero(last > first)
        found = np.zeros((3, len(now)))
        before = Stretches(first[some], last[some])
        begin, end, is_lower, at = before.line(starts), before.line(ends), before.line(lower), before.spread(now[some])
        end = np.minimum(end, at)
        long = np.maximum(0.0, end - np.maximum(begin, at - MEMORY_S))
        short = np.maximum(0.0, end - np.maximum(begin, at - _ORAL_S))
        found[0, some] = before.sums(short * is_lower) / _ORAL_S
        found[1, some] = before.sums(long * is_lower) / MEMORY_S
        found[2, some] = before.sums(long) / MEMORY_S
        lower_share, oral, anything = np.minimum(1.0, found)
        return lower_share, oral, anything

    def _begun(self, which: Flags, now: Floats, within_s: float) -> Columns:
        """How many of them began within the time before."""
        starts = self._starts[which]
        return np.asarray(np.searchsorted(starts, now) - np.searchsorted(starts, now - within_s))

    def _since(self, which: Flags, now: Floats) -> Floats:
        """Seconds since the last of them that began before ended; 3 at most."""
        last = np.searchsorted(self._starts[which], now)
        ends = np.concatenate([[-np.inf], np.maximum.accumulate(self._ends[which])])
        return np.asarray(np.minimum(_LONGEST_SINCE_S, np.maximum(0.0, now - ends[last])))

    def _own(self, values: Measured, some: Columns, side: int, now: Floats) -> None:
        """What the atoms `some`, of one side, have before them of their own side and of the other."""
        which = self._flags[side]
        values.at("since_own", some, self._since(which, now))
        values.at("own_context", some, self._begun(which, now, MEMORY_S))
        if side != BOTH:
            values.at("other_context", some, self._begun(self._flags[1 - side], now, MEMORY_S))
        starts = self._starts[which]
        first, last = np.searchsorted(starts, now - _RHYTHM_S), np.searchsorted(starts, now)
        counts = last - first
        values.at("rhythm_count", some, counts)
        # The intervals end with the one up to now.
        before = Stretches(first, last + 1)
        moments = before.line(np.append(starts, 0.0))
        moments[np.cumsum(before.lengths) - 1] = now
        interval, irregularity = _rhythm(moments, before.lengths)
        for name, found in (("rhythm_interval", interval), ("rhythm_cv", irregularity)):
            values.at(name, some, np.where(counts >= 2, found, np.nan))

    def _coupled(self, atoms: AtomTable) -> Floats:
        """Share of recent two-sided movements during which the lower face of the atom's side moved by itself too, before its island."""
        found = np.full(len(atoms), np.nan)
        both = (atoms.sides == BOTH).nonzero()[0]
        lower = any_of(atoms.channels & self._parts[1])
        begins, ends = atoms.start_s[both, None] - 0.05, atoms.end_s[both, None] + 0.05
        for side in range(BOTH):
            own = atoms.sides == side
            mine = (own & lower).nonzero()[0]
            beside = atoms.island[mine] == atoms.island[both, None]
            beside &= (atoms.start_s[mine] < ends) & (atoms.end_s[mine] > begins)
            coupling = [self._coupling[side]]
            for followed in beside.any(axis=1).tolist():
                coupling.append(coupling[-1] + (float(followed) - coupling[-1]) / _COUPLING_MEMORY)
            found[own] = np.array(coupling)[np.searchsorted(atoms.island[both], atoms.island[own])]
            self._coupling[side] = coupling[-1]
        return found


def _apart(starts: Floats, now: Floats) -> tuple[Floats, Columns]:
    """Of each moment the starts in the 5 s before it, those that follow another too soon left out: end to end, and how many."""
    first = np.searchsorted(starts, now - _LOWER_RHYTHM_S).tolist()
    last = np.searchsorted(starts, now).tolist()
    each = starts.tolist()
    found: list[float] = []
    counts: list[int] = []
    following = _following(each)
    for begin, end in zip(first, last, strict=True):
        begun, at = len(found), begin
        while at < end:
            found.append(each[at])
            at = following[at]
        counts.append(len(found) - begun)
    return np.array(found), np.array(counts, dtype=np.int64)


def _following(starts: Sequence[float]) -> list[int]:
    """For each start the index of the first that is far enough from it."""
    found: list[int] = []
    at = 0
    for start in starts:
        while at < len(starts) and not starts[at] - start > _APART_S:
            at += 1
        found.append(at)
    return found


def _rhythm(moments: Floats, counts: Columns) -> tuple[Floats, Floats]:
    """Median of the intervals between moments, and their irregularity (standard deviation over mean); NaN for less than two intervals.

    moments: those of each, end to end; counts (n,): how many each has.
    """
    interval, irregularity = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    some = np.flatnonzero(counts >= 3)
    if len(some):
        begins = (np.cumsum(counts) - counts)[some]
        between = Stretches(begins, begins + counts[some] - 1)
        intervals = between.line(np.diff(moments))
        interval[some] = between.medians(intervals)
        middle, deviation = between.spreads(intervals)
        irregularity[some] = deviation / np.maximum(middle, 1e-6)
    return interval, irregularity
