"""How a stretch of a day goes: activities one after the other, and in each what the face does of its own accord.

Blink rates are those of rest, reading and talk (Doughty 2001), intervals right-skewed, drifting with attention. Talk has turns, phrases
and listening; meals have bouts, swallows and pauses. The rest – smiles, brows, winks – comes as company calls for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.strangers.mouth import chewing, phrase
from benchmarks.strangers.scenarios import Activity, Scenario
from benchmarks.strangers.stage import Deed, Stage, blink, enact
from calibration.montage import Side
from hfs_emg.events import Kind

BLINKS_PER_MIN: dict[Activity, tuple[float, float]] = {
    "rest": (8, 21),
    "attention": (2, 14),
    "talk": (11, 32),
    "meal": (9, 22),
    "company": (12, 28),
    "sleep": (0, 0),
}
LIVELINESS: dict[Activity, float] = {
    "rest": 0.5,
    "attention": 0.4,
    "talk": 1.2,
    "meal": 0.5,
    "company": 2.0,
    "sleep": 0.1,
}
"""How much more often than the scenario's mean expressions come."""
EXPRESSIONS = {
    "smile": 5.0,
    "brow_raise": 2.5,
    "pucker": 0.8,
    "snarl": 0.6,
    "closure": 0.8,
    "clench": 0.4,
    "swallow": 1.0,
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """One activity."""

    activity: Activity
    start_s: float
    end_s: float


def stretches(rng: np.random.Generator, shares: dict[Activity, float], duration_s: float) -> list[Stretch]:
    """The activities in random order, each about its share of the time, 20–90 s at a time."""
    pieces = max(len(shares), round(duration_s / 45))
    wanted = np.array(list(shares.values())) * pieces
    counts = np.maximum(1, np.rint(wanted)).astype(int)
    order = rng.permutation(np.repeat(np.arange(len(shares)), counts))
    lengths = rng.lognormal(0, 0.35, len(order))
    if duration_s < 20 * len(shares):  # a short piece is mostly what the person is here for
        lengths *= np.array(list(shares.values()))[order]
    edges = np.concatenate([[0], np.cumsum(lengths)]) / lengths.sum() * duration_s
    names = list(shares)
    return [Stretch(names[k], float(edges[i]), float(edges[i + 1])) for i, k in enumerate(order)]


def live(stage: Stage, rng: np.random.Generator, scenario: Scenario, day: list[Stretch]) -> None:
    """All that the person does, without spasm and mimic."""
    taste = rng.dirichlet(0.8 * np.array(list(EXPRESSIONS.values())))
    loyal = 0.995 if scenario.one_sided_chewing else float(rng.uniform(0.75, 0.97))
    lazy = float(rng.uniform(0, 1))  # where in the range of blink rates the person lies
    if scenario.mimic == "blepharospasm":
        lazy = 1.2
    for part in day:
        if part.activity == "talk":
            _talk(stage, rng, part.start_s, part.end_s, silence=0.3)
        elif part.activity == "company":
            _talk(stage, rng, part.start_s, part.end_s, silence=0.8)
        elif part.activity == "meal":
            _meal(stage, rng, part.start_s, part.end_s, loyal)
        _expressions(stage, rng, part, scenario.gestures * LIVELINESS[part.activity], taste)
        if part.activity != "sleep":
            _one_sided(stage, rng, part, scenario.unilateral)
    closed = [(h.start_s - 0.1, h.end_s + 0.1) for h in stage.happenings if h.label in ("closure", "wink", "tic")]
    for part in day:
        _blinks(stage, rng, part, lazy, closed)


def _blinks(
    stage: Stage, rng: np.random.Generator, part: Stretch, lazy: float, closed: list[tuple[float, float]]
) -> None:
    low, high = BLINKS_PER_MIN[part.activity]
    if high == 0:
        return
    rate = low + (high - low) * lazy
    at = part.start_s + float(rng.uniform(0, 60 / rate))
    mood = 0.0
    while at < part.end_s - 0.3:
        if not any(a < at < b for a, b in closed):
            deliberate = rng.random() < 0.04
            strength = float(rng.uniform(1.6, 2.6)) if deliberate else float(rng.choice([1.0, 0.6], p=[0.9, 0.1]))
            blink(stage, rng, at, strength, deliberate)
            if rng.random() < stage.person.blink_doublets:
                at += float(rng.uniform(0.25, 0.45))
                blink(stage, rng, at, 0.8)
        mood = 0.9 * mood + float(rng.normal(0, 0.12))
        spread = 0.6
        at += max(0.4, 60 / rate * float(np.exp(mood + spread * rng.standard_normal() - spread**2 / 2)))


def _talk(stage: Stage, rng: np.random.Generator, from_s: float, to_s: float, silence: float) -> None:
    at = from_s + float(rng.uniform(0.2, 2))
    while at < to_s - 1:
        length = min(float(np.clip(rng.lognormal(np.log(1.4), 0.6), 0.4, 6)), to_s - at - 0.5)
        phrase(stage, rng, at, length)
        at += length + float(rng.uniform(0.6, 1.8))
        if rng.random() < silence:
            at += float(rng.uniform(2, 12))


def _meal(stage: Stage, rng: np.random.Generator, from_s: float, to_s: float, loyal: float) -> None:
    at = from_s + float(rng.uniform(0.3, 3))
    working = stage.person.dominant
    while at < to_s - 2:
        length = min(float(np.clip(rng.lognormal(np.log(13), 0.6), 3, 35)), to_s - at - 1)
        chewing(stage, rng, (at, length), working, loyal)
        at += length + float(rng.uniform(0.9, 2))
        if at < to_s - 2:
            enact(stage, rng, stage.person.manners["swallow"], Deed(at, None, Kind.ORAL, "swallow"))
        at += float(rng.uniform(2, 7))
        if loyal < 0.97 and rng.random() < 0.5:
            working = working.other


def _expressions(
    stage: Stage,
    rng: np.random.Generator,
    part: Stretch,
    per_min: float,
    taste: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    names = list(EXPRESSIONS)
    at = part.start_s + float(rng.exponential(60 / per_min))
    while at < part.end_s - 2:
        name = names[int(rng.choice(len(names), p=taste))]
        if part.activity == "meal":
            name = "brow_raise" if name in ("pucker", "clench", "swallow") else name
        kind = Kind.ORAL if name in ("swallow", "yawn") else Kind.VOLUNTARY
        strength = float(np.exp(0.35 * rng.standard_normal()))
        done = enact(stage, rng, stage.person.manners[name], Deed(at, None, kind, name, strength))
        at = (done.end_s if done else at) + 0.6 + float(rng.exponential(60 / per_min))
    if part.activity == "rest" and part.end_s - part.start_s > 15 and rng.random() < 0.05:
        yawn = stage.person.manners["yawn"]
        enact(stage, rng, yawn, Deed(part.end_s - 9, None, Kind.ORAL, "yawn"))


def _one_sided(stage: Stage, rng: np.random.Generator, part: Stretch, per_min: float) -> None:
    if per_min <= 0:
        return
    at = part.start_s + float(rng.exponential(60 / per_min))
    while at < part.end_s - 2:
        name = str(rng.choice(["wink", "smirk", "brow_cock"], p=[0.45, 0.4, 0.15]))
        own: Side = stage.person.dominant
        side = own if rng.random() < 0.75 else own.other
        strength = float(np.exp(0.3 * rng.standard_normal()))
        done = enact(stage, rng, stage.person.manners[name], Deed(at, side, Kind.VOLUNTARY, name, strength))
        at = (done.end_s if done else at) + 0.6 + float(rng.exponential(60 / per_min))
