"""Voluntary movements: two-sided smiles, pouts, brows and closures; one-sided winks, smirks, grimaces and brows.

Ratios between muscles, lengths and rises are ranges of the facts' parameter table; an effort rises and falls gradually.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator

from benchmarks.tripoles.anatomy import Place
from benchmarks.tripoles.firing import Spikes, by_effort, common_drive, raised
from benchmarks.tripoles.stage import Happening, Stage
from calibration.montage import Side, Site
from hfs_emg.events import Kind

FRO, OOC, ZYG = Site.FRONTALIS, Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS
OOR, MEN, MAS = Site.ORBICULARIS_ORIS, Site.MENTALIS, Site.MASSETER
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Movement:
    """ratios: of `uv` per muscle, drawn anew each time; leak: of the moving side's share on the other side (one-sided ones)."""

    ratios: dict[Site, Range]
    uv: float
    length_s: tuple[float, float, float]
    rise_s: Range
    leak: dict[Site, Range] = field(default_factory=dict)
    lag_s: Range = (-0.020, 0.020)


@dataclass(frozen=True, slots=True)
class Span:
    """When an effort begins, how long it is, how long its edges."""

    start_s: float
    length_s: float
    rise_s: float
    fall_s: float

    def later(self, by_s: float) -> Span:
        """The same, begun later."""
        return replace(self, start_s=self.start_s + by_s)


MOVEMENTS = {
    "smile": Movement(
        {ZYG: (0.8, 1.2), OOC: (0.1, 0.4), OOR: (0.1, 0.4), MEN: (0, 0.1)}, 75, (0.5, 1.5, 4), (0.08, 0.3)
    ),
    "pucker": Movement({OOR: (0.8, 1.2), MEN: (0.4, 1.0), ZYG: (0.02, 0.12)}, 80, (0.5, 1.0, 3), (0.06, 0.25)),
    "brow": Movement({FRO: (0.8, 1.2), OOC: (0.0, 0.05)}, 70, (0.3, 0.9, 3), (0.06, 0.25)),
    "closure": Movement({OOC: (0.8, 1.2), ZYG: (0.05, 0.25), FRO: (0.0, 0.1)}, 70, (0.5, 1.6, 5), (0.05, 0.2)),
    "wink": Movement(
        {OOC: (0.8, 1.2), ZYG: (0.25, 0.75), OOR: (0.03, 0.2)},
        80,
        (0.15, 0.38, 0.8),
        (0.05, 0.15),
        {OOC: (0.1, 0.4), ZYG: (0.0, 0.06)},
        (0.0, 0.06),
    ),
    "smirk": Movement(
        {ZYG: (0.8, 1.2), OOR: (0.2, 0.6), MEN: (0.0, 0.3), OOC: (0.0, 0.2)},
        60,
        (0.3, 0.9, 2.0),
        (0.08, 0.3),
        {ZYG: (0.0, 0.12), OOR: (0.05, 0.3)},
    ),
    "grimace": Movement(
        {OOC: (0.4, 0.9), ZYG: (0.8, 1.2), OOR: (0.4, 0.9), FRO: (0.0, 0.3), MEN: (0.1, 0.5)},
        85,
        (0.4, 1.0, 2.5),
        (0.06, 0.2),
        {OOC: (0.0, 0.25), ZYG: (0.0, 0.1), OOR: (0.05, 0.3)},
    ),
    "one_brow": Movement({FRO: (0.8, 1.2)}, 55, (0.3, 0.8, 2.0), (0.06, 0.25), {FRO: (0.05, 0.35)}),
}
ECHO_OF = {"smile": (OOC,), "pucker": (OOC,), "closure": (ZYG, OOR, MEN), "blink": (ZYG, OOR, MEN)}
"""What moves unasked on the weak side of an old palsy."""


def drawn_length(rng: Generator, movement: Movement) -> float:
    """Log-normal about the median, within the range."""
    low, middle, high = movement.length_s
    return float(np.clip(middle * rng.lognormal(0, 0.45), low, high))


def perform(
    rng: Generator, stage: Stage, name: str, start_s: float, *, length_s: float, side: Side | None
) -> Happening | None:
    """Play a movement; side: of a one-sided one."""
    movement = MOVEMENTS[name]
    uv = float(np.clip(movement.uv * rng.lognormal(0, 0.45), 0.3 * movement.uv, 2.8 * movement.uv))
    rise = rng.uniform(*movement.rise_s)
    span = Span(start_s, length_s, rise, rng.uniform(*movement.rise_s) * 1.4)
    played: list[tuple[Place, Spikes]] = []
    for site, ratio in movement.ratios.items():
        level = uv * rng.uniform(*ratio)
        own = rng.normal(0, 0.02)
        for at in Side:
            leads = side is None or at is side
            share = 1.0 if leads else rng.uniform(*movement.leak.get(site, (0.0, 0.0)))
            asked = level * share * stage.anatomy.lean[at, site] * _weakness(stage, at)
            lag = abs(own) if leads and side is not None else max(0.0, own + rng.uniform(*movement.lag_s))
            spikes = effort(rng, stage, (at, site), span.later(lag), asked)
            if leads:
                played.append(((at, site), spikes))
    happening = stage.tell(Kind.VOLUNTARY, side, name, played)
    if happening and side is None:
        echo(rng, stage, name, span, uv)
    return happening


def effort(rng: Generator, stage: Stage, place: Place, span: Span, uv: float) -> Spikes:
    """Play a graded effort of one muscle; below half a microvolt nothing is recruited."""
    pool = stage.anatomy.pools[place]
    height = pool.effort_for(uv) if uv > 0.5 else 0.0
    rise, fall = min(span.rise_s, 0.5 * span.length_s), min(span.fall_s, 0.5 * span.length_s)
    spikes = by_effort(rng, pool, span.start_s, common_drive(rng, raised(span.length_s, rise, fall, height)))
    spikes = spikes.within(0.0, stage.duration_s)
    stage.play(place, spikes)
    return spikes


def echo(rng: Generator, stage: Stage, name: str, span: Span, uv: float) -> None:
    """The synkinesis of an old palsy with a movement or blink: .15–.8 of its drive, 0–30 ms later, almost every time."""
    sites = ECHO_OF.get(name, ()) if stage.anatomy.aberrant else ()
    if not sites or rng.uniform() > 0.97:
        return
    side, played = stage.anatomy.weak_side, []
    for site in sites:
        asked = uv * stage.anatomy.aberrant.get(site, 0.0) * rng.lognormal(0, 0.2)
        spikes = effort(rng, stage, (side, site), span.later(rng.uniform(0, 0.03)), asked)
        played.append(((side, site), spikes))
    stage.tell(Kind.SYNKINESIS, side, f"with_{name}", played)


def _weakness(stage: Stage, side: Side) -> float:
    return 0.55 if stage.anatomy.aberrant and side is stage.anatomy.weak_side else 1.0
