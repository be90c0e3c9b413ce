"""What an atom stands in: what its neighbours look like, and what this face has shown so far.

The second look at an atom. The first one weighs it by itself and gives a probability of each kind; here these probabilities are
put together over the neighbours and, with a memory of minutes, over the session: a face that has had ten clear spasms of the left
side is more likely to have another one there, a face that winks is likely to wink again. Only what came before counts, and what
lies within the same island of activity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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

    def of(self, which: NDArray[np.bool_]) -> Looked:
        """Some of them."""
        return Looked(self.times[which], self.sides[which], self.looks[which], self.patterns[which])

    def then(self, other: Looked) -> Looked:
        """These and others after them."""
        return Looked(
            np.concatenate([self.times, other.times]),
            np.concatenate([self.sides, other.sides]),
            np.concatenate([self.looks, other.looks]),
            np.concatenate([self.patterns, other.patterns]),
        )


class _Habit:
    """How a side's movements of some kind are spread over its sites, on average, and how strong they are; fading."""

    def __init__(self) -> None:
        self._sum = np.zeros(len(Site))
        self._size = 0.0
        self._weight = 0.0

    def fade(self, factor: float) -> None:
        self._sum *= factor
        self._size *= factor
        self._weight *= factor

    def take(self, patterns: Floats, sizes: Floats, weights: Floats) -> None:
        """Movements (n, sites) of these sizes (n,), with their weights (n,)."""
        told = (sizes > 0) & (weights > _LEAST_WEIGHT)
        if told.any():
            weight, size = weights[told], sizes[told]
            self._sum += (patterns[told] * (weight / size)[:, None]).sum(axis=0)
            self._size += float((weight * np.log2(size)).sum())
            self._weight += float(weight.sum())

    def likeness(self, patterns: Floats, sizes: Floats) -> tuple[Floats, Floats]:
        """Cosine of the angle to the average, and log2 of the size over the average's, (n,) each; NaN before there is one."""
        nothing = np.full(len(sizes), np.nan)
        if self._weight < 0.5:
            return nothing, nothing
        known = sizes > 0
        size = np.where(known, sizes, 1.0)
        cosine = (patterns * self._sum).sum(axis=1) / (math.sqrt(float((self._sum * self._sum).sum())) * size)
        over = np.log2(size) - self._size / self._weight
        return np.where(known, cosine, np.nan), np.where(known, over, np.nan)


class Context:
    """Puts islands of one stream into context, in their order."""

    def __init__(self) -> None:
        self._sums = np.zeros((3, len(CLASSES)))
        """Events so far by side and kind, fading."""
        self._best = np.zeros(3)
        self._now_s = 0.0
        self._held = Looked.none()
        self._spasms = (_Habit(), _Habit())
        self._others = (_Habit(), _Habit())

    def measure(self, new: Looked) -> Floats:
        """The atoms of the next island in context: (n, len(CONTEXT_NAMES)), NaN where not known."""
        self._fade(float(new.times[:, 0].min()))
        values = np.full((len(new.times), len(CONTEXT_NAMES)), np.nan)
        odds = np.clip(new.looks, 1e-4, 1 - 1e-4)
        values[:, : len(CLASSES)] = np.log2(odds / (1 - odds))
        values[:, _SO_FAR] = self._so_far()[new.sides]
        around = self._held.then(new)
        _beside(values, len(self._held.times), around)
        _clusters(values, len(self._held.times), around)
        sizes = np.sqrt((new.patterns * new.patterns).sum(axis=1))
        for side in range(BOTH):
            mine = np.flatnonzero(new.sides == side)
            if len(mine):
                patterns, size, looks = new.patterns[mine], sizes[mine], new.looks[mine]
                spasms, others = self._spasms[side], self._others[side]
                like, larger = spasms.likeness(patterns, size)
                values[mine, _COLUMN["like_spasms"]], values[mine, _COLUMN["size_of_spasms"]] = like, larger
                values[mine, _COLUMN["like_others"]] = others.likeness(patterns, size)[0]
                spasms.take(patterns, size, looks[:, SPASM])
                others.take(patterns, size, looks[:, VOLUNTARY] + looks[:, ORAL] + looks[:, TWITCH])
        self._count(around, new)
        return values

    def _fade(self, now_s: float) -> None:
        passed = max(0.0, now_s - self._now_s)
        factor = math.exp(-passed / MEMORY_S)
        self._sums *= factor
        self._best *= math.exp(-passed / (4 * MEMORY_S))
        for habit in (*self._spasms, *self._others):
            habit.fade(factor)
        self._now_s = max(now_s, self._now_s)

    def _so_far(self) -> Floats:
        """By side, (3, len(_SO_FAR))."""
        held_min = MEMORY_S * (1 - math.exp(-self._now_s / MEMORY_S)) / 60
        mine = np.stack([self._sums[0], self._sums[1], np.maximum(self._sums[0], self._sums[1])])
        both = self._sums[BOTH]
        counts = np.empty((3, len(_RATES)))
        counts[:, 0], counts[:, 1] = mine[:, SPASM], (*self._sums[1::-1, SPASM], np.nan)
        counts[:, 2:6] = mine[:, (TWITCH, VOLUNTARY, ORAL, SYNKINESIS)]
        counts[:, 6:10] = both[[BLINK, BLEPHAROSPASM, VOLUNTARY, ORAL]]
        counts[:, 10] = self._sums[:, ARTEFACT].max()
        rates = np.log2((counts + _PRIOR_PER_MIN * _DOUBT_MIN) / (held_min + _DOUBT_MIN))
        best = (self._best[0], self._best[1], self._best.max())
        observed = np.full(3, math.log2(held_min + 0.05))
        return np.column_stack([rates, best, observed])

    def _count(self, around: Looked, new: Looked) -> None:
        """Count each kind once per island and side, and keep what the next islands may look back at."""
        for side in (0, 1, BOTH):
            mine = new.looks[new.sides == side]
            if len(mine):
                highest = mine.max(axis=0)
                self._sums[side] += highest
                self._best[side] = max(float(self._best[side]), float(highest[SPASM]))
        last = float(new.times[:, 1].max())
        self._held = around.of(around.times[:, 1] > last - _NEAR_S - 0.4)


def _beside(values: Floats, held: int, around: Looked) -> None:
    """What lies around the atoms after the first `held`: their columns of values (n, len(CONTEXT_NAMES))."""
    times, sides, looks = around.times, around.sides, around.looks
    new, side = times[held:], sides[held:, None]
    apart = np.maximum(times[:, 0] - new[:, 1:], new[:, :1] - times[:, 1])
    others = np.ones(apart.shape, dtype=np.bool_)
    others[np.arange(len(new)), held + np.arange(len(new))] = False
    both, here = sides == BOTH, side[:, 0] == BOTH
    near = others & (sides == side) & (apart <= _NEAR_S)
    together = apart <= _TOGETHER_S
    over = apart <= _OVER_S
    over_both = over & others & both

    def highest(which: NDArray[np.bool_], kind: int) -> Floats:
        return np.asarray(np.where(which, looks[:, kind], 0.0).max(axis=1))

    values[:, _COLUMN["near_spasm"]] = highest(near, SPASM)
    values[:, _COLUMN["near_voluntary"]] = highest(near, VOLUNTARY)
    values[:, _COLUMN["near_artefact"]] = highest(others & together, ARTEFACT)
    for name, kind in _OVER:
        values[:, _COLUMN[name]] = highest(over_both, kind)
    if here.any():
        values[here, _COLUMN["over_spasm"]] = highest(over[here] & ~both, SPASM)
    if not here.all():
        other = together & ~both & (sides != side)
        values[~here, _COLUMN["near_other_spasm"]] = highest(other[~here], SPASM)


def _clusters(values: Floats, held: int, around: Looked) -> None:
    """The runs of each side's atoms, none more than the gap after another, that the atoms after the first `held` are in."""
    for side in (0, 1, BOTH):
        rows = np.flatnonzero(around.sides == side)
        if not len(rows) or rows[-1] < held:
            continue
        order = rows[np.argsort(around.times[rows, 0], kind="stable")]
        times = around.times[order]
        ends = np.maximum.accumulate(times[:, 1])
        begins = np.flatnonzero(np.concatenate([[True], times[1:, 0] > ends[:-1] + _CLUSTER_GAP_S]))
        stops = np.append(begins[1:], len(order))
        length = times[:, 1] - times[:, 0]
        weight = np.maximum(np.add.reduceat(length, begins), 1e-6)
        shares = np.add.reduceat(around.looks[order][:, _CLUSTER_KINDS] * length[:, None], begins, axis=0)
        found = np.empty((len(begins), 2 + len(_CLUSTER_KINDS)))
        found[:, 0] = np.log10(np.maximum(ends[stops - 1] - times[begins, 0], 0.01))
        found[:, 1] = stops - begins
        found[:, 2:] = shares / weight[:, None]
        new = order >= held
        group = np.repeat(np.arange(len(begins)), stops - begins)
        values[order[new] - held, _COLUMN["cluster_length"] : _COLUMN["cluster_voluntary"] + 1] = found[group[new]]
