"""Lids: blinks with their late after-activity, the flurries of blepharospasm, myokymia of one lid."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from benchmarks.tripoles.anatomy import Place
from benchmarks.tripoles.firing import Spikes, brief_closure, discharges, volleys
from benchmarks.tripoles.movements import FRO, OOC, OOR, ZYG, Span, echo, effort
from benchmarks.tripoles.stage import Happening, Stage, both
from calibration.montage import Side
from hfs_emg.events import Kind


def blink(rng: Generator, stage: Stage, start_s: float) -> Happening | None:
    """50–130 ms in both lids, 0 ± 3 ms apart, one side a little stronger; the lower face is silent."""
    length = float(np.clip(0.080 * rng.lognormal(0, 0.28), 0.050, 0.130))
    uv = float(np.clip(stage.anatomy.blink_uv * rng.lognormal(0, 0.28), 12, 110))
    lean = stage.anatomy.blink_lean + rng.normal(0, 0.05)
    lag = rng.normal(0, 0.003)
    played: list[tuple[Place, Spikes]] = []
    for place in both(OOC):
        left = place[0] is Side.LEFT
        spikes = _closed(rng, stage, place, start_s=start_s + max(0.0, lag if left else -lag), length_s=length, uv=uv)
        stage.play(place, spikes, uv=uv * (1 + lean if left else 1 - lean))
        played.append((place, spikes))
        if rng.uniform() < 0.35:
            later = start_s + length + rng.uniform(0.03, 0.15)
            span = Span(later, rng.uniform(0.06, 0.2), 0.02, 0.05)
            effort(rng, stage, place, span, uv * rng.uniform(0.06, 0.22))
    happening = stage.tell(Kind.BLINK, None, "blink", played)
    echo(rng, stage, "blink", Span(start_s, max(length, 0.06), 0.02, 0.03), uv)
    return happening


def flurry(rng: Generator, stage: Stage, start_s: float, length_s: float, low_face: bool) -> Happening | None:
    """A blepharospasm: 3–8 closely spaced closures a second of both lids and, less, the brows; `low_face`: Meige's."""
    pace = rng.uniform(3.0, 8.0)
    starts = start_s + np.cumsum(rng.gamma(5, 1 / (5 * pace), max(2, int(length_s * pace))))
    starts = starts[starts < start_s + length_s]
    uv = float(np.clip(70 * rng.lognormal(0, 0.45), 20, 250))
    lean = rng.normal(0, 0.08)
    played: list[tuple[Place, Spikes]] = []
    shares = {OOC: 1.0, FRO: rng.uniform(0, 0.35), ZYG: 0.25 if low_face else 0.04, OOR: 0.3 if low_face else 0.0}
    for at in starts:
        length = float(np.clip(0.15 * rng.lognormal(0, 0.4), 0.06, 0.4))
        strength = uv * rng.lognormal(0, 0.3)
        lag = rng.normal(0, 0.004)
        for site, share in shares.items():
            for place in both(site):
                left = place[0] is Side.LEFT
                level = strength * share * (1 + lean if left else 1 - lean)
                if level < 1.0:
                    continue
                spikes = _closed(
                    rng, stage, place, start_s=at + max(0.0, lag if left else -lag), length_s=length, uv=level
                )
                stage.play(place, spikes, uv=level)
                if site is OOC:
                    played.append((place, spikes))
    return stage.tell(Kind.BLEPHAROSPASM, None, "flurry", played)


def myokymia(rng: Generator, stage: Stage, start_s: float, length_s: float) -> None:
    """One lid's: groups of a few units 3–8 times a second, nearly regular, with pauses; a pause of half a second parts bouts."""
    place = (stage.anatomy.weak_side, OOC)
    pool = stage.anatomy.pools[place]
    pace, irregular = rng.uniform(3.0, 8.0), rng.uniform(0.1, 0.25)
    uv = float(np.clip(9 * rng.lognormal(0, 0.4), 3, 25))
    bout: list[tuple[Place, Spikes]] = []
    at = start_s
    while at < min(start_s + length_s, stage.duration_s - 0.1):
        count = int(rng.integers(1, 4))
        times = discharges(rng, at, count, rng.uniform(40, 60), 0.15)
        few = volleys(rng, pool, times, np.ones(len(times)), share=0.08, jitter_s=0.004)
        stage.play(place, few, uv=uv * rng.lognormal(0, 0.25))
        bout.append((place, few))
        gap = max(0.05, rng.normal(1, irregular) / pace)
        if rng.uniform() < 0.03:
            gap += rng.uniform(0.3, 2.5)
        if gap > 0.5:
            stage.tell(Kind.TWITCH, place[0], "myokymia", bout)
            bout = []
        at += gap
    stage.tell(Kind.TWITCH, place[0], "myokymia", bout)


def _closed(rng: Generator, stage: Stage, place: Place, *, start_s: float, length_s: float, uv: float) -> Spikes:
    pool = stage.anatomy.pools[place]
    strength = float(np.clip(0.2 + uv / 150, 0.2, 0.95))
    return brief_closure(rng, pool, start_s, length_s, strength).within(0.0, stage.duration_s)
