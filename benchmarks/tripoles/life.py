"""What a person does in a quarter of an hour: talk, eat, sit; mimicry in moods; blinks by attention; then what the disease makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator

from benchmarks.tripoles import lids, mouths
from benchmarks.tripoles.firing import by_effort
from benchmarks.tripoles.movements import MEN, OOR, ZYG, drawn_length, perform
from benchmarks.tripoles.movements import MOVEMENTS as MOVES
from benchmarks.tripoles.scenarios import Scenario
from benchmarks.tripoles.spasms import Spasms
from benchmarks.tripoles.stage import Stage
from calibration.montage import Side
from hfs_emg.events import Kind

Doing = Literal["talk", "meal", "idle"]
_AGE = {"talk": 45.0, "meal": 60.0, "idle": 35.0}


@dataclass(frozen=True, slots=True)
class State:
    """A stretch of doing one thing; watchful: how much fewer or more blinks attention makes of it."""

    doing: Doing
    start_s: float
    end_s: float
    watchful: float
    merry: float


def live(rng: Generator, stage: Stage, scenario: Scenario) -> list[State]:
    """Fill the stage; returns the states."""
    states = _states(rng, scenario, stage.duration_s)
    for state in states:
        if state.doing == "talk":
            _talk(rng, stage, state)
        elif state.doing == "meal":
            _eat(rng, stage, state, scenario)
    _mimicry(rng, stage, scenario, states)
    _blinks(rng, stage, scenario, states)
    _flurries(rng, stage, scenario)
    if scenario.myokymia:
        _myokymia(rng, stage, scenario)
    if scenario.synkinesis:
        _resting_tone(rng, stage)
    spasms = Spasms(rng, stage, scenario)
    before = list(stage.happenings)
    for traits in stage.anatomy.spasm:
        spasms.provoked(traits, before)
    for traits in stage.anatomy.spasm:
        spasms.unprovoked(traits)
    spasms.tell()
    return states


def _states(rng: Generator, scenario: Scenario, duration_s: float) -> list[State]:
    """Each stretch is what has had too little of its share so far, with some chance in it."""
    shares: dict[Doing, float] = {"talk": scenario.talk, "meal": scenario.meal}
    shares["idle"] = 1.0 - sum(shares.values())
    had: dict[Doing, float] = dict.fromkeys(shares, 0.0)
    states, at = [], 0.0
    while at < duration_s:
        wanting = {d: shares[d] * (at + 30) - had[d] + rng.normal(0, 6) for d in shares if shares[d] > 0}
        doing = max(wanting, key=lambda d: wanting[d])
        length = float(np.clip(_AGE[doing] * rng.lognormal(0, 0.5), 10, 130))
        end = min(duration_s, at + length)
        states.append(State(doing, at, end, float(rng.lognormal(0, 0.3)), float(rng.lognormal(-0.2, 0.6))))
        had[doing] += end - at
        at = end
    return states


def _talk(rng: Generator, stage: Stage, state: State) -> None:
    at = state.start_s + rng.uniform(0.3, 1.5)
    while True:
        length = float(np.clip(rng.lognormal(np.log(1.3), 0.5), 0.4, 6.0))
        if at + length + 0.6 > state.end_s:
            return
        mouths.phrase(rng, stage, at, length)
        pause = rng.lognormal(np.log(0.7), 0.5)
        at += length + (rng.uniform(3, 9) if rng.uniform() < 0.15 else max(0.55, pause) + 0.3)


def _eat(rng: Generator, stage: Stage, state: State, scenario: Scenario) -> None:
    at = state.start_s + rng.uniform(0.5, 3)
    while True:
        length = float(np.clip(13 * rng.lognormal(0, 0.5), 3, 35))
        if at + length + 3.5 > state.end_s:
            return
        mouths.chewing(rng, stage, at, length, bool(rng.uniform() < scenario.one_sided_meal))
        at += length + rng.uniform(1.2, 2.0)
        if rng.uniform() < 0.7:
            mouths.swallow(rng, stage, at)
        at += rng.uniform(2.5, 9)


def _mimicry(rng: Generator, stage: Stage, scenario: Scenario, states: list[State]) -> None:
    """Movements at their rates, merrier in some states, never two at once and none with food in the mouth."""
    rates = {
        "smile": scenario.smiles,
        "pucker": scenario.pouts,
        "brow": 0.7 * scenario.brows,
        "one_brow": 0.3 * scenario.brows,
        "closure": scenario.closures,
        "wink": scenario.winks,
        "smirk": scenario.smirks,
        "grimace": scenario.grimaces,
    }
    taken: list[tuple[float, float]] = []
    favoured = Side.LEFT if rng.uniform() < 0.5 else Side.RIGHT
    for state in states:
        for name, rate in rates.items():
            if state.doing == "meal" and name not in ("brow", "one_brow"):
                continue
            for _ in range(rng.poisson(rate * state.merry * (state.end_s - state.start_s) / 60)):
                length = drawn_length(rng, MOVES[name])
                start = rng.uniform(state.start_s, max(state.start_s + 0.1, state.end_s - length))
                if start + length > stage.duration_s - 0.3 or _clash(taken, start, start + length, 0.7):
                    continue
                taken.append((start, start + length))
                side = None if not MOVES[name].leak else favoured if rng.uniform() < 0.75 else favoured.other
                perform(rng, stage, name, start, length_s=length, side=side)
        if state.doing == "idle":
            _idle_mouth(rng, stage, scenario, state, taken)


def _idle_mouth(
    rng: Generator, stage: Stage, scenario: Scenario, state: State, taken: list[tuple[float, float]]
) -> None:
    minutes = (state.end_s - state.start_s) / 60
    swallows, yawns = rng.poisson(scenario.swallows * minutes), rng.poisson(scenario.yawns * minutes)
    for n in range(swallows + yawns):
        length = 1.8 if n < swallows else 7.5
        start = rng.uniform(state.start_s, state.end_s)
        if start + length < stage.duration_s and not _clash(taken, start, start + length, 0.7):
            taken.append((start, start + length))
            (mouths.swallow if n < swallows else mouths.yawn)(rng, stage, start)


def _blinks(rng: Generator, stage: Stage, scenario: Scenario, states: list[State]) -> None:
    """Skewed intervals (IOVS 2011;52:3419), shorter in talk, longer with attention; none while the lids are shut on purpose."""
    shut = [
        (h.start_s, h.end_s)
        for h in stage.happenings
        if (h.kind is Kind.VOLUNTARY and h.label in ("wink", "closure", "grimace")) or h.label == "yawn"
    ]
    at = rng.exponential(3.0)
    while at < stage.duration_s - 0.5:
        state = next((s for s in states if s.start_s <= at < s.end_s), states[-1])
        pace = scenario.blinks * (1.4 if state.doing == "talk" else 0.9) / state.watchful / 60
        if not _clash(shut, at, at + 0.2, 0.1):
            lids.blink(rng, stage, at)
            if rng.uniform() < 0.07 and at < stage.duration_s - 1.0:
                lids.blink(rng, stage, at + rng.uniform(0.22, 0.45))
        at += 0.5 + rng.lognormal(-0.32, 0.8) * max(0.5, 1 / pace - 0.5)


def _flurries(rng: Generator, stage: Stage, scenario: Scenario) -> None:
    taken: list[tuple[float, float]] = []
    low_face = bool(rng.uniform() < 0.35)
    for _ in range(rng.poisson(scenario.flurries * stage.duration_s / 60)):
        length = float(np.clip(rng.lognormal(np.log(2.2), 0.8), 0.5, 20))
        start = rng.uniform(0.5, stage.duration_s)
        if start + length < stage.duration_s - 0.7 and not _clash(taken, start, start + length, 1.0):
            taken.append((start, start + length))
            lids.flurry(rng, stage, start, length, low_face)


def _myokymia(rng: Generator, stage: Stage, scenario: Scenario) -> None:
    """A first bout soon, others at the scenario's rate; 5 s to 5 min."""
    at = rng.uniform(1.0, 0.15 * stage.duration_s)
    while at < stage.duration_s - 6:
        length = float(np.clip(60 * rng.lognormal(0, 0.7), 5, 300))
        lids.myokymia(rng, stage, at, length)
        at += length + rng.exponential(60 / scenario.myokymia) + 5


def _resting_tone(rng: Generator, stage: Stage) -> None:
    """An old palsy's side is never quite at rest."""
    for site in (ZYG, OOR, MEN):
        place = (stage.anatomy.weak_side, site)
        pool = stage.anatomy.pools[place]
        steady = np.full(round(stage.duration_s / 0.005), pool.effort_for(rng.uniform(1.0, 3.0)))
        stage.play(place, by_effort(rng, pool, 0.0, steady).within(0.0, stage.duration_s))


def _clash(taken: list[tuple[float, float]], start_s: float, end_s: float, margin_s: float) -> bool:
    return any(a - margin_s < end_s and start_s < b + margin_s for a, b in taken)
