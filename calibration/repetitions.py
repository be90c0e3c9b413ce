"""One repetition of a task: did what was asked for move, and was it spoiled by a spasm, a blink or a movement of the wrong side?

Judged from the envelope alone, when the repetition is over. Steps in which something stands out abruptly are left out of what is
measured; when too little is left, the repetition is asked for again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from calibration.envelope import Envelope, Flags, Floats, StepClock
from calibration.montage import Montage, Side, Site
from calibration.quiet import RestLevels, alive, widened
from calibration.tasks import Task

Outcome = Literal["accepted", "nothing", "one_side", "wrong_side", "both_sides", "spasm", "blink", "signal", "restless"]

ACTIVE = 2.3
"""A site moves above this multiple of its rest RMS: the on-threshold of the analysis."""
ACTIVE_SHARE = 0.35
"""Of the repetition: reaction and a late start take some of it."""
JUMP = 2.2
"""Within a held contraction the step RMS stays below this multiple of its median (1 of 50 000 steps of noise); a spasm does not."""
ALONE = 3.0
"""The same for a site that holds and jumps by itself: a spasm takes other sites along, a strong moment of the effort does not."""
LEAST_OF_OTHER = 0.18
"""Of the other side's level: healthy asymmetry stays above 0.37 (Kim 2018, mean + 2 SD), electrodes' gains take their share."""
CLEAN_SHARE = 0.8
"""Of the best half second: a blink at the best moment must not cost the moment, 20 % without it change a level by 1–2 %."""
LEAST_CLEAN_S = 0.6
"""The best half second must lie in it."""
ONE_SIDED = 1.25
"""A wink is one-sided from this ratio of the eyelids' levels on: the other eyelid takes 10–40 % part in it."""

AGAIN: dict[Outcome, str] = {
    "nothing": "hardly anything moved",
    "one_side": "only one side moved",
    "wrong_side": "the other side moved",
    "both_sides": "both sides moved",
    "spasm": "a spasm came in between",
    "blink": "a blink came in between",
    "signal": "the signal was lost or disturbed",
    "restless": "too little of it was quiet",
}
"""Why a repetition is asked for again, in words."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """One repetition as it was judged: steps start…end, and `clean`, which of them count (steps,).

    moved: the side that moved when only one did, or the wrong one.
    """

    task: str
    number: int
    start: int
    end: int
    outcome: Outcome
    clean: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))
    moved: Side | None = None

    @property
    def counts(self) -> bool:
        """Whether its levels are used."""
        return self.outcome == "accepted"


def judge(
    task: Task,
    number: int,
    seen: Envelope,
    *,
    rest: RestLevels,
    montage: Montage,
    clock: StepClock,
    tight: Floats | None,
) -> Repetition:
    """The verdict on one held contraction. tight: (channels,) RMS in tight closure, by which a wink's two eyes are compared."""
    active = smoothed(seen.power, clock.steps(0.14)) > ACTIVE**2 * rest.power
    spasm, blink = _abrupt(task, seen, active, montage)
    good = sound_steps(seen)
    clean = good & ~spasm & ~blink

    def verdict(outcome: Outcome, moved: Side | None = None) -> Repetition:
        return Repetition(task.name, number, seen.start, seen.end, outcome, clean, moved)

    if not len(good) or good.mean() < 0.5:
        return verdict("signal")
    moving = {side: _moves(task, side, active, montage) for side in Side}
    if task.side is not None:
        return verdict(
            *_one_sided(task.side, moving=moving, seen=seen, clean=clean, rest=rest, montage=montage, tight=tight)
        )
    measured = {side: m for side, m in _with_the_other(task, moving, seen, rest, montage).items() if m is not None}
    if not any(measured.values()):
        return verdict("nothing")
    if not all(measured.values()):
        return verdict("one_side", next(side for side, m in measured.items() if m))
    if _longest(clean & _any_lead(task, active, montage)) < clock.steps(LEAST_CLEAN_S):
        return verdict("spasm" if spasm.sum() >= blink.sum() and spasm.any() else "blink" if blink.any() else "nothing")
    return verdict("accepted")


def sound_steps(seen: Envelope) -> Flags:
    """(steps,) in which no channel is bad, those aside that mostly are: a dead electrode must not end everything."""
    return np.asarray(~seen.bad[:, alive(seen)].any(axis=1), dtype=np.bool_)


def smoothed(power: Floats, steps: int) -> Floats:
    """Mean over `steps` neighbours, as long as the input (steps, channels); ends repeat themselves."""
    if len(power) == 0 or steps <= 1:
        return power
    before = steps // 2
    padded = np.pad(power, ((before, steps - 1 - before), (0, 0)), mode="edge")
    total = np.cumsum(np.concatenate([np.zeros((1, power.shape[1])), padded]), axis=0)
    return np.asarray((total[steps:] - total[:-steps]) / steps)


def best_power(power: Floats, clean: Flags, steps: int) -> Floats:
    """(channels,): the largest mean over `steps` neighbouring steps, those of them that are clean; nan where too few ever are."""
    if len(power) < steps:
        return np.full(power.shape[1], np.nan)
    counted = np.where(clean[:, None], power, 0.0)
    sums = np.cumsum(np.concatenate([np.zeros((1, power.shape[1])), counted]), axis=0)
    held = np.convolve(clean.astype(np.int64), np.ones(steps, np.int64), "valid")
    enough = held >= CLEAN_SHARE * steps
    means = (sums[steps:] - sums[:-steps])[enough] / held[enough, None]
    return np.asarray(means.max(axis=0)) if len(means) else np.full(power.shape[1], np.nan)


def lead_channels(task: Task, side: Side, montage: Montage) -> list[int]:
    """Channels of a side at the task's sites."""
    found = (montage.index(side, site) for site in task.sites)
    return [i for i in found if i is not None]


def _moves(task: Task, side: Side, active: Flags, montage: Montage) -> bool | None:
    """Whether a side does what was asked for; None where it has no electrode for it."""
    leads = lead_channels(task, side, montage)
    if not leads:
        return None
    return bool((active[:, leads].mean(axis=0) >= ACTIVE_SHARE).any())


def _with_the_other(
    task: Task, moving: dict[Side, bool | None], seen: Envelope, rest: RestLevels, montage: Montage
) -> dict[Side, bool | None]:
    """The same, but a side that shows far less than the other one does not move: crosstalk of its neighbours looks like a trace of it."""
    over = np.sqrt(np.maximum(np.median(seen.power, axis=0) - rest.power, 0.0))
    strength = {side: max((float(over[i]) for i in lead_channels(task, side, montage)), default=0.0) for side in Side}
    return {
        side: None if m is None else m and strength[side] >= LEAST_OF_OTHER * strength[side.other]
        for side, m in moving.items()
    }


def _any_lead(task: Task, active: Flags, montage: Montage) -> Flags:
    leads = [i for side in Side for i in lead_channels(task, side, montage)]
    return np.asarray(active[:, leads].any(axis=1)) if leads else np.ones(len(active), np.bool_)


def _one_sided(
    side: Side,
    *,
    moving: dict[Side, bool | None],
    seen: Envelope,
    clean: Flags,
    rest: RestLevels,
    montage: Montage,
    tight: Floats | None,
) -> tuple[Outcome, Side | None]:
    """A wink: which eyelid moved more, each in units of its own tight closure."""
    eyes = {s: montage.index(s, Site.ORBICULARIS_OCULI) for s in Side}
    if not any(moving.values()):
        return "nothing", None
    wanted, other = eyes[side], eyes[side.other]
    if wanted is None or other is None or not clean.any():
        return ("accepted", None) if moving[side] else ("nothing", None)
    power = np.maximum(seen.power[clean].mean(axis=0) - rest.power, 1e-9)
    level = np.sqrt(power) / (tight if tight is not None else np.ones(len(power)))
    if level[other] > ONE_SIDED * level[wanted]:
        return "wrong_side", side.other
    if level[wanted] < ONE_SIDED * level[other]:
        return "both_sides", None
    return "accepted", None


def _abrupt(task: Task, seen: Envelope, active: Flags, montage: Montage) -> tuple[Flags, Flags]:
    """(steps,) twice: where one side jumps above what it holds (a spasm), and where both eyelids do (a blink)."""
    power = smoothed(seen.power, 2)
    held = np.array(
        [_held(p[a]) if a.mean() > ACTIVE_SHARE else np.inf for p, a in zip(seen.power.T, active.T, strict=True)]
    )
    resting = ~np.isfinite(held)
    quiet = np.median(seen.power, axis=0)
    # A site that does not take part jumps when it moves at all.
    base = np.where(resting, quiet, held)
    jumps = (power > JUMP**2 * base) & active
    plain = (jumps & resting) | ((power > ALONE**2 * base) & active)
    sides = {s: list(montage.on(s)) for s in Side}
    jumping = {
        s: np.asarray(plain[:, i].any(axis=1) | (jumps[:, i].sum(axis=1) >= 2), np.bool_) for s, i in sides.items()
    }
    eyes = [montage.index(s, Site.ORBICULARIS_OCULI) for s in Side]
    both = np.zeros(len(power), np.bool_)
    if task.sites[:1] != (Site.ORBICULARIS_OCULI,) and None not in eyes:
        both = np.asarray(jumps[:, [e for e in eyes if e is not None]].all(axis=1), np.bool_)
    # What both sides do alike is movement: a site that joins later, a stronger squeeze.
    spasm = jumping[Side.LEFT] ^ jumping[Side.RIGHT]
    return widened(spasm & ~widened(both, 1), 1), widened(both, 1)


def _held(power: Floats) -> float:
    """The median of a steady effort, told from its lower quarter: spasms may fill more than half of a repetition.

    For steps of some seven independent samples the median lies 1.5 times higher (chi-square).
    """
    return 1.5 * float(np.quantile(power, 0.25))


def _longest(flags: Flags) -> int:
    """Length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
