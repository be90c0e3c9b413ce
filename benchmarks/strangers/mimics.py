"""What is taken for hemifacial spasm: blepharospasm, post-paralytic synkinesis, a lid's myokymia, tics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.strangers.effort import quick
from benchmarks.strangers.muscles import GRID_HZ
from benchmarks.strangers.person import FRO, MEN, OOC, OOR, ZYG, Person
from benchmarks.strangers.stage import Deed, Miswiring, Stage, enact
from calibration.montage import Side, Site
from hfs_emg.events import Kind


def miswired(rng: np.random.Generator, person: Person) -> Miswiring:
    """A face after a palsy: one side weak, mouth follows lid and lid follows mouth (ratio above 1.62, Bernardes 2018)."""
    side = Side.LEFT if rng.random() < 0.5 else Side.RIGHT
    weak = float(rng.uniform(0.45, 0.8))
    for site in (FRO, OOC, ZYG, OOR, MEN):
        person.weakness[side, site] = weak
    lid, smile, lips = rng.uniform(0.2, 0.6), rng.uniform(0.15, 0.5), rng.uniform(0.1, 0.45)
    gains = {
        (OOC, ZYG): float(lid),
        (OOC, OOR): float(lid * rng.uniform(0.4, 1.0)),
        (ZYG, FRO): float(0.3 * smile),
        (OOR, OOC): float(lips),
        (FRO, ZYG): float(rng.uniform(0.1, 0.3)),
    }
    return Miswiring(side, gains, float(rng.uniform(0.0, 0.02)))


def blepharospasm(stage: Stage, rng: np.random.Generator, from_s: float, to_s: float) -> None:
    """Runs of both lids: bursts of 60–400 ms, 3–8 a second, for half a second to 20 s; brows and, in some, the mouth join."""
    runs_per_min = float(rng.uniform(2.0, 5.0))
    gains: dict[Site, float] = {OOC: 1.0, FRO: float(rng.uniform(0.0, 0.35))}
    if rng.random() < 0.4:  # Meige
        gains |= {
            ZYG: float(rng.uniform(0.1, 0.4)),
            OOR: float(rng.uniform(0.1, 0.5)),
            MEN: float(rng.uniform(0.1, 0.5)),
        }
    lean = {site: float(np.clip(rng.normal(0, 0.1), -0.2, 0.2)) for site in gains}
    strength = float(rng.uniform(40, 130))
    pace, length = float(rng.uniform(3, 7)), float(rng.uniform(0.09, 0.22))
    at = from_s + float(rng.exponential(20 / runs_per_min))
    while at < to_s - 1:
        run = float(np.clip(rng.lognormal(np.log(1.8), 0.8), 0.5, min(20, to_s - at)))
        peaks = {site: (strength * gain, lean[site]) for site, gain in gains.items()}
        _lid_run(stage, rng, (at, run), peaks, (pace, length))
        at += run + float(rng.exponential(60 / runs_per_min)) + 0.7


def _lid_run(
    stage: Stage,
    rng: np.random.Generator,
    run: tuple[float, float],
    peaks: dict[Site, tuple[float, float]],
    rhythm: tuple[float, float],
) -> None:
    """run: when and how long, s. peaks: µV and lean to the left of each muscle. rhythm: bursts a second, their length in s."""
    (at, run_s), (pace, length) = run, rhythm
    course = np.zeros(round((run_s + 0.8) * GRID_HZ))
    when = 0.0
    while when < run_s:
        own = float(np.clip(length * np.exp(0.35 * rng.standard_normal()), 0.06, 0.4))
        stroke = quick(rng, 0.02, own * 0.6, own * 0.25) * float(np.exp(0.3 * rng.standard_normal()))
        part = course[round(when * GRID_HZ) :][: len(stroke)]
        np.maximum(part, stroke[: len(part)], out=part)
        when += max(own * 0.7, float(rng.gamma(6.0, 1 / (6.0 * pace))))
    spans = []
    for site, (uv, lean) in peaks.items():
        for side in Side:
            share = 1 + lean if side is Side.LEFT else 1 - lean
            spans.append(stage.graded(rng, (side, site), at + float(rng.uniform(0, 0.006)), course * uv * share, 2.0))
    stage.note(spans, Kind.BLEPHAROSPASM, "both", [s for s, (uv, _) in peaks.items() if uv > 1], "blepharospasm")


def lid_myokymia(stage: Stage, rng: np.random.Generator, from_s: float, to_s: float) -> None:
    """A few units of one lid, each in groups of 2–4 discharges, 3–8 groups a second, not in step; bouts of 5 s to minutes."""
    side = Side.LEFT if rng.random() < 0.5 else Side.RIGHT
    pool = stage.person.pools[side, OOC]
    units = rng.choice(25, int(rng.integers(2, 5)), replace=False)
    level, pace = float(rng.uniform(6, 22)), float(rng.uniform(3, 8))
    at = from_s + float(rng.uniform(1, 6))
    while at < to_s - 4:
        length = float(np.clip(rng.lognormal(np.log(25), 0.7), 5, min(300, to_s - at - 1)))
        spans = []
        for unit in units:
            groups = at + np.cumsum(rng.gamma(25.0, 1 / (25.0 * pace), max(2, round(length * pace))))
            counts = rng.integers(2, 5, len(groups))
            steps = rng.uniform(0.017, 0.032, len(groups))
            times = np.concatenate([g + np.arange(c) * s for g, c, s in zip(groups, counts, steps, strict=True)])
            train = pool.alone(times[times < to_s], int(unit), level * float(np.exp(0.3 * rng.standard_normal())))
            stage.add((side, OOC), train)
            spans.append(train.span_s)
        stage.note(spans, Kind.TWITCH, side.value, [OOC], "lid_myokymia")
        at += length + float(rng.uniform(10, 90))


def tics(stage: Stage, rng: np.random.Generator, from_s: float, to_s: float) -> None:
    """Stereotyped quick movements in clusters: most both-sided, some people's one-sided."""
    person = stage.person
    manner = replace(person.manners["tic"], variation=0.07)
    one_sided = float(rng.choice([0.0, 0.1, 0.5], p=[0.5, 0.3, 0.2]))
    leak = {site: float(rng.uniform(0.05, 0.4)) for site in manner.drives}
    manner = replace(manner, leak=leak)
    at = from_s + float(rng.exponential(6))
    while at < to_s - 1:
        for _ in range(int(rng.geometric(0.4))):
            side = person.dominant if rng.random() < one_sided else None
            if at < to_s - 1:
                enact(stage, rng, manner, Deed(at, side, Kind.VOLUNTARY, "tic"))
            at += float(rng.uniform(0.6, 2.5))
        at += float(rng.exponential(16))
