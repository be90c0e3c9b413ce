"""What an atom stands in: what its neighbours look like, and what this face has shown so far.

The second look at an atom. The first one weighs it by itself and gives a probability of each kind; here these probabilities are
put together over the neighbours and, with a memory of minutes, over the session: a face that has had ten clear spasms of the left
side is more likely to have another one there, a face that winks is likely to wink again. Only what came before counts, and what
lies within the same island of activity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Site
from hfs_emg.analysis.kinds import ARTEFACT, BLEPHAROSPASM, BLINK, CLASSES, ORAL, SPASM, SYNKINESIS, TWITCH, VOLUNTARY

Floats = NDArray[np.float64]

MEMORY_S = 180.0
_NEAR_S = 0.6
_OVER_S = 0.05
_TOGETHER_S = 0.3
_CLUSTER_GAP_S = 0.5
_DOUBT_MIN = 0.5
"""Minutes of observation that the prior rate of an event is worth."""
_PRIOR_PER_MIN = 0.2
BOTH = 2
"""Sides by number: 0 left, 1 right, 2 both."""

CONTEXT_NAMES = (
    *(f"looks_{name}" for name in CLASSES),  # log2 of the odds that the first look gives
    "rate_spasm",  # log2 of spasm-like events per minute so far, this side (both: the more affected one)
    "rate_spasm_other",
    "rate_twitch",
    "rate_voluntary_here",  # one-sided voluntary movement of this side
    "rate_oral_here",
    "rate_synkinesis",
    "rate_blink",
    "rate_blepharospasm",
    "rate_voluntary",  # two-sided
    "rate_oral",
    "rate_artefact",
    "best_spasm",  # the clearest spasm of this side so far, 0…1
    "observed",  # log2 of the minutes that the memory holds
    "near_spasm",  # highest probability of spasm among this side's other atoms within 0.6 s
    "near_voluntary",
    "near_artefact",  # of any atom within 0.3 s
    "near_other_spasm",  # of the other side within 0.3 s
    "over_blink",  # of the two-sided atoms at the same time
    "over_blepharospasm",
    "over_voluntary",
    "over_oral",
    "over_spasm",  # of the one-sided atoms at the same time as a two-sided one
    "cluster_length",  # log10 s of this side's atoms that follow within 0.5 s
    "cluster_atoms",
    "cluster_spasm",  # their mean probability of spasm, by time
    "cluster_oral",
    "cluster_voluntary",
    "like_spasms",  # cosine between its amplitudes by site and those of earlier spasms of this side
    "size_of_spasms",  # log2 of its amplitude over theirs
    "like_others",  # cosine to earlier voluntary, oral and twitching movements of this side
)
_COLUMN = {name: i for i, name in enumerate(CONTEXT_NAMES)}
_RATES = CONTEXT_NAMES[_COLUMN["rate_spasm"] : _COLUMN["best_spasm"]]
_SO_FAR = slice(_COLUMN["rate_spasm"], _COLUMN["observed"] + 1)
_OVER = (
    ("over_blink", BLINK),
    ("over_blepharospasm", BLEPHAROSPASM),
    ("over_voluntary", VOLUNTARY),
    ("over_oral", ORAL),
)
_CLUSTER_KINDS = (SPASM, ORAL, VOLUNTARY)
"""In the order of their names."""
_EVENTS = len(CLASSES)
_HABIT = len(Site) + 2
_LEAST_HABIT = 0.5
"""Summed probability of earlier movements of a kind from which there is a habit to compare with."""
_LEAST_WEIGHT = 0.2
"""Probability below which an atom tells nothing of how a kind looks in this face."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Atoms after the first look: times (n, 2) start and end, s; sides (n,), 0 left, 1 right, 2 both; looks (n, classes)
    probabilities; patterns (n, sites) mean amplitude, µV.
    """

    times: Floats
    sides: NDArray[np.int64]
    looks: Floats
    patterns: Floats

    @staticmethod
    def none() -> Looked:
        """No atoms."""
        sites = len(Site)
        return Looked(np.zeros((0, 2)), np.zeros(0, dtype=np.int64), np.zeros((0, len(CLASSES))), np.zeros((0, sites)))

    def of(self, which: NDArray[np.int64]) -> Looked:
        """Some of them."""
        return Looked(self.times[which], self.sides[which], self.looks[which], self.patterns[which])

    def then(self, other: Looked) -> Looked:
        """These and others after them."""
        return Looked(*(np.concatenate([getattr(each, name) for each in (self, other)]) for name in self.__slots__))


class Context:
    """Puts islands of one stream into context, in their order."""

    def __init__(self) -> None:
        self._sums: Floats = np.zeros((3, _EVENTS + 2 * _HABIT))
        """Fading, by side: events by kind; then of spasms, and of other movements, their summed patterns and sizes and their weight."""
        self._best = [0.0, 0.0, 0.0]
        self._now_s = 0.0
        self._held = Looked.none()

    def measure(self, new: Looked, islands: Sequence[slice] = (slice(None),)) -> Floats:
        """The atoms of the next islands in context: (n, len(CONTEXT_NAMES)), NaN where not known. islands: the rows of each, in order."""
        count = len(new.times)
        values = np.full((count, len(CONTEXT_NAMES)), np.nan)
        if not count:
            return values
        island = np.zeros(count, dtype=np.int64)
        for i, rows in enumerate(islands):
            island[rows] = i
        odds = np.clip(new.looks, 1e-4, 1 - 1e-4)
        values[:, : len(CLASSES)] = np.log2(odds / (1 - odds))
        sizes = np.sqrt((new.patterns * new.patterns).sum(axis=1))
        known, so_far = self._events(new, island, sizes)
        values[:, _SO_FAR] = so_far[island, new.sides]
        _like(values, new, sizes, known[island, new.sides, _EVENTS:])
        around = self._held.then(new)
        held = len(self._held.times)
        near = _held_around(around.times[:, 1].tolist(), held, island.tolist())
        seen = np.zeros((count, held + count), dtype=np.bool_)
        for i, rows in enumerate(islands):
            seen[rows, near[i]] = True
        _beside(values, held, around, seen)
        _clusters(values, around, near[:-1], np.concatenate([np.full(held, -1), island]))
        self._held = around.of(np.array(near[-1], dtype=np.int64))
        return values

    def _events(self, new: Looked, island: NDArray[np.int64], sizes: Floats) -> tuple[Floats, Floats]:
        """What was known before each island: the fading sums (islands, 3, …), and what is told of them (islands, 3, len(_SO_FAR))."""
        order = np.lexsort((new.sides, island))
        of, side = island[order], new.sides[order]
        begins = np.flatnonzero(np.diff(of * 3 + side, prepend=-1))
        where = of[begins], side[begins]
        highest = np.maximum.reduceat(new.looks[order], begins, axis=0)
        count = int(of[-1]) + 1
        added = np.zeros((count, *self._sums.shape))
        added[(*where, slice(_EVENTS))] = highest
        added[(*where, slice(_EVENTS, None))] = np.add.reduceat(_habits(new, sizes)[order], begins, axis=0)
        clearest = np.zeros((count, 3))
        clearest[where] = highest[:, SPASM]
        starts = np.minimum.reduceat(new.times[:, 0], np.searchsorted(island, np.arange(count)))
        known = np.empty(added.shape)
        best: list[list[float]] = []
        minutes: list[float] = []
        for i, (now_s, clear) in enumerate(zip(starts.tolist(), clearest.tolist(), strict=True)):
            passed = max(0.0, now_s - self._now_s)
            self._now_s = max(now_s, self._now_s)
            self._sums *= math.exp(-passed / MEMORY_S)
            known[i] = self._sums
            self._sums += added[i]
            faded = math.exp(-passed / (4 * MEMORY_S))
            best.append([value * faded for value in self._best])
            self._best = [max(pair) for pair in zip(best[-1], clear, strict=True)]
            minutes.append(MEMORY_S * (1 - math.exp(-self._now_s / MEMORY_S)) / 60)
        return known, _told(known[:, :, :_EVENTS], np.array(best), minutes)


def _told(events: Floats, best: Floats, minutes: list[float]) -> Floats:
    """The features of _SO_FAR, (islands, 3, …): of events (islands, 3, classes), best (islands, 3) and the minutes that memory holds."""
    mine = np.stack([events[:, 0], events[:, 1], np.maximum(events[:, 0], events[:, 1])], axis=1)
    both = events[:, BOTH][:, None]
    counts = np.empty((len(events), 3, len(_RATES)))
    counts[:, :, 0] = mine[:, :, SPASM]
    counts[:, 0, 1], counts[:, 1, 1], counts[:, 2, 1] = events[:, 1, SPASM], events[:, 0, SPASM], np.nan
    counts[:, :, 2:6] = mine[:, :, [TWITCH, VOLUNTARY, ORAL, SYNKINESIS]]
    counts[:, :, 6:10] = both[:, :, [BLINK, BLEPHAROSPASM, VOLUNTARY, ORAL]]
    counts[:, :, 10] = events[:, :, ARTEFACT].max(axis=1)[:, None]
    found = np.empty((len(events), 3, len(_RATES) + 2))
    held = np.array(minutes)[:, None, None]
    found[:, :, :-2] = np.log2((counts + _PRIOR_PER_MIN * _DOUBT_MIN) / (held + _DOUBT_MIN))
    found[:, :BOTH, -2], found[:, BOTH, -2] = best[:, :BOTH], best.max(axis=1)
    found[:, :, -1] = np.array([math.log2(each + 0.05) for each in minutes])[:, None]
    return found


def _habits(new: Looked, sizes: Floats) -> Floats:
    """What each atom adds to the habits of its side, of spasms and of other movements: (n, 2 * _HABIT)."""
    looks = new.looks
    weights = np.stack([looks[:, SPASM], looks[:, VOLUNTARY] + looks[:, ORAL] + looks[:, TWITCH]], axis=1)
    weights[(sizes[:, None] <= 0) | (weights <= _LEAST_WEIGHT)] = 0.0
    size = np.where(sizes > 0, sizes, 1.0)[:, None]
    found = np.empty((len(sizes), 2, _HABIT))
    found[:, :, :-2] = new.patterns[:, None] * (weights / size)[:, :, None]
    found[:, :, -2] = weights * np.log2(size)
    found[:, :, -1] = weights
    return found.reshape(len(sizes), 2 * _HABIT)


def _like(values: Floats, new: Looked, sizes: Floats, habits: Floats) -> None:
    """How one-sided atoms compare with earlier ones of their side; habits (n, 2 * _HABIT): what these add up to.

    Cosine of the angle to the average pattern, and log2 of the size over the average's; not known before there is one.
    """
    for k, name in enumerate(("like_spasms", "like_others")):
        habit = habits[:, k * _HABIT : (k + 1) * _HABIT]
        some = np.flatnonzero((new.sides < BOTH) & (sizes > 0) & (habit[:, -1] >= _LEAST_HABIT))
        total, size, weight = habit[some, :-2], sizes[some], habit[some, -1]
        length = np.sqrt((total * total).sum(axis=1)) * size
        values[some, _COLUMN[name]] = (new.patterns[some] * total).sum(axis=1) / length
        if k == 0:
            values[some, _COLUMN["size_of_spasms"]] = np.log2(size) - habit[some, -2] / weight


def _held_around(ends_s: list[float], held: int, island: list[int]) -> list[list[int]]:
    """The atoms that each island is looked at with: its own, and those of islands before it that are still held; at last those that the
    next one has before it. ends_s: of the atoms, the first `held` of them of earlier islands; island: of the others.
    """
    found: list[list[int]] = []
    near, at = list(range(held)), held
    for _, mine in groupby(island):
        own = len(list(mine))
        near = [*near, *range(at, at + own)]
        found.append(near)
        last = max(ends_s[at : at + own])
        at += own
        near = [j for j in near if ends_s[j] > last - _NEAR_S - 0.4]
    return [*found, near]


def _beside(values: Floats, held: int, around: Looked, seen: NDArray[np.bool_]) -> None:
    """What lies around the atoms after the first `held`: their columns of values (n, len(CONTEXT_NAMES)). seen (n, held + n): which atoms
    each is looked at with.
    """
    # Pair by pair, for each atom is looked at with few others; the pairs of one lie together, and it is in one of them itself.
    mine, beside = seen.nonzero()
    begins = np.searchsorted(mine, np.arange(len(seen)))
    (start, end), (from_s, until_s) = around.times[held + mine].T, around.times[beside].T
    sides, looks = around.sides[beside], around.looks[beside]
    apart = np.maximum(from_s - end, start - until_s)
    both, same, others = sides == BOTH, sides == around.sides[held + mine], beside != held + mine
    together, over = apart <= _TOGETHER_S, apart <= _OVER_S
    over_both = over & others & both

    def highest(which: NDArray[np.bool_], kind: int) -> Floats:
        return np.asarray(np.maximum.reduceat(np.where(which, looks[:, kind], 0.0), begins))

    near = others & same & (apart <= _NEAR_S)
    values[:, _COLUMN["near_spasm"]] = highest(near, SPASM)
    values[:, _COLUMN["near_voluntary"]] = highest(near, VOLUNTARY)
    values[:, _COLUMN["near_artefact"]] = highest(others & together, ARTEFACT)
    for name, kind in _OVER:
        values[:, _COLUMN[name]] = highest(over_both, kind)
    here = around.sides[held:] == BOTH
    if here.any():
        values[here, _COLUMN["over_spasm"]] = highest(over & ~both, SPASM)[here]
    if not here.all():
        values[~here, _COLUMN["near_other_spasm"]] = highest(together & ~both & ~same, SPASM)[~here]


def _clusters(values: Floats, around: Looked, near: Sequence[Sequence[int]], island: NDArray[np.int64]) -> None:
    """The runs of each side's atoms, none more than the gap after another, that the atoms of some islands are in. near: those that each
    island is looked at with; island: which one each atom is of, -1 for the earlier ones that have no row in values.
    """
    owner = np.repeat(np.arange(len(near)), [len(each) for each in near])
    own = np.array([j for each in near for j in each], dtype=np.int64)
    group = owner * 3 + around.sides[own]
    order = np.lexsort((around.times[own, 0], group))
    own, group, owner = own[order], group[order], owner[order]
    times = around.times[own]
    begins: list[int] = []
    ends: list[float] = []
    of, last = -1, 0.0
    for i, (mine, (start, end)) in enumerate(zip(group.tolist(), times.tolist(), strict=True)):
        if mine != of or start > last + _CLUSTER_GAP_S:
            begins.append(i)
            ends.append(end)
        of, last = mine, max(ends[-1], end)
        ends[-1] = last
    counts = np.diff([*begins, len(own)])
    length = times[:, 1] - times[:, 0]
    weight = np.maximum(np.add.reduceat(length, begins), 1e-6)
    shares = np.add.reduceat(around.looks[own][:, _CLUSTER_KINDS] * length[:, None], begins, axis=0)
    found = np.empty((len(begins), 2 + len(_CLUSTER_KINDS)))
    found[:, 0] = np.log10(np.maximum(np.array(ends) - times[begins, 0], 0.01))
    found[:, 1] = counts
    found[:, 2:] = shares / weight[:, None]
    new = island[own] == owner
    rows = own[new] - np.count_nonzero(island < 0)
    values[rows, _COLUMN["cluster_length"] : _COLUMN["cluster_voluntary"] + 1] = found.repeat(counts, axis=0)[new]
