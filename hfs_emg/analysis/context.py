"""What an atom stands in: what its neighbours look like, and what this face has shown so far.

The second look at an atom. The first one weighs it by itself and gives a probability of each kind; here these probabilities are
put together over the neighbours and, with a memory of minutes, over the session: a face that has had ten clear spasms of the left
side is more likely to have another one there, a face that winks is likely to wink again. Only what came before counts, and what
lies within the same island of activity.
"""

from __future__ import annotations

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

    def take(self, pattern: Floats, weight: float) -> None:
        size = float(np.sqrt((pattern * pattern).sum()))
        if size > 0 and weight > _LEAST_WEIGHT:
            self._sum += weight * pattern / size
            self._size += weight * float(np.log2(size))
            self._weight += weight

    def likeness(self, pattern: Floats) -> tuple[float, float]:
        """Cosine of the angle to the average, and log2 of the size over the average's; NaN before there is one."""
        size = float(np.sqrt((pattern * pattern).sum()))
        if self._weight < 0.5 or size <= 0:
            return float("nan"), float("nan")
        length = float(np.sqrt((self._sum * self._sum).sum()))
        return float(self._sum @ pattern) / (length * size), float(np.log2(size)) - self._size / self._weight


class Context:
    """Puts islands of one stream into context, in their order."""

    def __init__(self) -> None:
        self._sums = np.zeros((3, len(CLASSES)))
        """Events so far by side and kind, fading."""
        self._best = np.zeros(3)
        self._now_s = 0.0
        self._held = Looked.none()
        self._spasms = {side: _Habit() for side in (0, 1)}
        self._others = {side: _Habit() for side in (0, 1)}

    def measure(self, new: Looked) -> Floats:
        """The atoms of the next island in context: (n, len(CONTEXT_NAMES)), NaN where not known."""
        n = len(new.times)
        self._fade(float(new.times[:, 0].min()))
        values = np.full((n, len(CONTEXT_NAMES)), np.nan)
        odds = np.clip(new.looks, 1e-4, 1 - 1e-4)
        values[:, : len(CLASSES)] = np.log2(odds / (1 - odds))
        for side in (0, 1, BOTH):
            mine = new.sides == side
            if mine.any():
                for name, value in self._so_far(side).items():
                    values[mine, _COLUMN[name]] = value
        around = self._held.then(new)
        for i in range(n):
            found = _beside(len(self._held.times) + i, around)
            side = int(new.sides[i])
            if side != BOTH:
                found["like_spasms"], found["size_of_spasms"] = self._spasms[side].likeness(new.patterns[i])
                found["like_others"] = self._others[side].likeness(new.patterns[i])[0]
            for name, value in found.items():
                values[i, _COLUMN[name]] = value
        self._take(around, new)
        return values

    def _fade(self, now_s: float) -> None:
        self._sums *= np.exp(-max(0.0, now_s - self._now_s) / MEMORY_S)
        self._best *= np.exp(-max(0.0, now_s - self._now_s) / (4 * MEMORY_S))
        for habit in (*self._spasms.values(), *self._others.values()):
            habit.fade(float(np.exp(-max(0.0, now_s - self._now_s) / MEMORY_S)))
        self._now_s = max(now_s, self._now_s)

    def _so_far(self, side: int) -> dict[str, float]:
        held_min = MEMORY_S * (1 - np.exp(-self._now_s / MEMORY_S)) / 60

        def rate(count: float) -> float:
            return float(np.log2((count + _PRIOR_PER_MIN * _DOUBT_MIN) / (held_min + _DOUBT_MIN)))

        sums, both = self._sums, self._sums[BOTH]
        mine = sums[side] if side != BOTH else np.maximum(sums[0], sums[1])
        found = {
            "rate_spasm": rate(mine[SPASM]),
            "rate_twitch": rate(mine[TWITCH]),
            "rate_voluntary_here": rate(mine[VOLUNTARY]),
            "rate_oral_here": rate(mine[ORAL]),
            "rate_synkinesis": rate(mine[SYNKINESIS]),
            "rate_blink": rate(both[BLINK]),
            "rate_blepharospasm": rate(both[BLEPHAROSPASM]),
            "rate_voluntary": rate(both[VOLUNTARY]),
            "rate_oral": rate(both[ORAL]),
            "rate_artefact": rate(float(sums[:, ARTEFACT].max())),
            "best_spasm": float(self._best[side] if side != BOTH else self._best.max()),
            "observed": float(np.log2(held_min + 0.05)),
        }
        if side != BOTH:
            found["rate_spasm_other"] = rate(sums[1 - side][SPASM])
        return found

    def _take(self, around: Looked, new: Looked) -> None:
        """Count each kind once per island and side, and keep what the next islands may look back at."""
        for side in (0, 1, BOTH):
            mine = new.looks[new.sides == side]
            if len(mine):
                highest = mine.max(axis=0)
                self._sums[side] += highest
                self._best[side] = max(float(self._best[side]), float(highest[SPASM]))
        for side, look, pattern in zip(new.sides.tolist(), new.looks, new.patterns, strict=True):
            if side != BOTH:
                self._spasms[side].take(pattern, float(look[SPASM]))
                self._others[side].take(pattern, float(look[VOLUNTARY] + look[ORAL] + look[TWITCH]))
        last = float(new.times[:, 1].max())
        self._held = around.of(around.times[:, 1] > last - _NEAR_S - 0.4)


def _beside(i: int, around: Looked) -> dict[str, float]:
    """What lies around atom i."""
    times, sides, looks = around.times, around.sides, around.looks
    start, end = times[i]
    apart = np.maximum(times[:, 0] - end, start - times[:, 1])
    others = np.arange(len(times)) != i
    mine = sides == sides[i]
    both = sides == BOTH

    def highest(which: NDArray[np.bool_], kind: int) -> float:
        return float(looks[which, kind].max()) if which.any() else 0.0

    near = others & mine & (apart <= _NEAR_S)
    over = others & both & (apart <= _OVER_S)
    found = {
        "near_spasm": highest(near, SPASM),
        "near_voluntary": highest(near, VOLUNTARY),
        "near_artefact": highest(others & (apart <= _TOGETHER_S), ARTEFACT),
        "over_blink": highest(over, BLINK),
        "over_blepharospasm": highest(over, BLEPHAROSPASM),
        "over_voluntary": highest(over, VOLUNTARY),
        "over_oral": highest(over, ORAL),
    }
    if sides[i] == BOTH:
        found["over_spasm"] = highest(~both & (apart <= _OVER_S), SPASM)
    else:
        found["near_other_spasm"] = highest(~both & ~mine & (apart <= _TOGETHER_S), SPASM)
    first, last = _cluster(i, times, mine)
    run = mine & (times[:, 0] >= first) & (times[:, 1] <= last)
    weight = times[run, 1] - times[run, 0]
    shares = (looks[run] * weight[:, None]).sum(axis=0) / max(float(weight.sum()), 1e-6)
    found["cluster_length"] = float(np.log10(max(last - first, 0.01)))
    found["cluster_atoms"] = float(run.sum())
    for name, kind in (("cluster_spasm", SPASM), ("cluster_oral", ORAL), ("cluster_voluntary", VOLUNTARY)):
        found[name] = float(shares[kind])
    return found


def _cluster(i: int, times: Floats, mine: NDArray[np.bool_]) -> tuple[float, float]:
    """Start and end of the run of this side's atoms around atom i, none more than the gap after another."""
    order = np.flatnonzero(mine)[np.argsort(times[mine, 0], kind="stable")]
    starts, ends = times[order, 0], np.maximum.accumulate(times[order, 1])
    breaks = np.flatnonzero(starts[1:] > ends[:-1] + _CLUSTER_GAP_S) + 1
    at = int(np.flatnonzero(order == i)[0])
    group = int(np.searchsorted(breaks, at, side="right"))
    first = int(breaks[group - 1]) if group else 0
    last = int(breaks[group]) if group < len(breaks) else len(order)
    return float(starts[first]), float(ends[last - 1])
