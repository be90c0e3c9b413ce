"""A person: muscles, how they leak into one another's electrodes, and a style of moving.

Style is drawn once and widely: how someone smiles, winks or blinks – which muscles join, how fast, how long, in what course, how much the
other side joins in – differs far more between people than from time to time (stable per-person chewing rate, ICC 0.88, Po 2011).
Ranges are those of the dossier of clinic and signal (§7 of the facts: ratios of muscles, rise times, lengths, asymmetry).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.strangers.muscles import Pool
from calibration.montage import Side, Site

FRO, OOC, ZYG = Site.FRONTALIS, Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS
OOR, MEN, MAS = Site.ORBICULARIS_ORIS, Site.MENTALIS, Site.MASSETER
MUSCLES = (FRO, OOC, ZYG, OOR, MEN, MAS)
Place = tuple[Side, Site]

FULL_UV = {FRO: 130.0, OOC: 190.0, ZYG: 140.0, OOR: 150.0, MEN: 150.0, MAS: 260.0}
DEPTH_MM = {FRO: 4.5, OOC: 3.8, ZYG: 7.0, OOR: 5.5, MEN: 5.5, MAS: 10.0}
NEIGHBOURS: dict[tuple[Site, Site], tuple[float, float]] = {
    (FRO, OOC): (0.03, 0.12),
    (OOC, FRO): (0.03, 0.14),
    (OOC, ZYG): (0.03, 0.16),
    (ZYG, OOC): (0.03, 0.14),
    (ZYG, OOR): (0.05, 0.20),
    (OOR, ZYG): (0.03, 0.14),
    (OOR, MEN): (0.1, 0.3),
    (MEN, OOR): (0.1, 0.3),
    (MAS, ZYG): (0.1, 0.45),
    (MAS, OOC): (0.02, 0.10),
    (MAS, OOR): (0.03, 0.12),
    (MAS, FRO): (0.03, 0.15),
}
"""Muscle, electrodes of the same side: what share of RMS arrives. Masseter's at the frontalis stands for the temporalis."""
ACROSS = {FRO: (0.01, 0.05), OOC: (0.01, 0.025), ZYG: (0.01, 0.02), OOR: (0.03, 0.08), MEN: (0.05, 0.12), MAS: (0, 0)}
"""To the same electrodes of the other side."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How one person makes one movement. drives: peak µV of each muscle. lag_s: how far muscles start apart."""

    shape: str
    rise_s: float
    hold_s: float
    fall_s: float
    drives: dict[Site, float]
    asymmetry: dict[Site, float]
    """Two-sided movements: (left − right) / (left + right) of each muscle."""
    leak: dict[Site, float]
    """One-sided movements: what the other side does, as a share."""
    lag_s: float
    variation: float
    vigour: float = 1.0


class Person:
    """Anatomy and style. Everything is drawn at once, from one generator, so that scenarios differ in behaviour alone."""

    def __init__(self, rng: np.random.Generator, rate_hz: float) -> None:
        build = float(np.exp(0.25 * rng.standard_normal()))
        self.pools: dict[Place, Pool] = {}
        for site in MUSCLES:
            size = FULL_UV[site] * build * np.exp(0.25 * rng.standard_normal())
            depth = DEPTH_MM[site] * np.exp(0.15 * rng.standard_normal())
            for side in Side:
                self.pools[side, site] = Pool(rng, rate_hz, size * np.exp(0.12 * rng.standard_normal()), depth)
        near, far = rng.uniform(0, 1, 2)
        self.leaks: dict[tuple[Place, Place], float] = {}
        for side in Side:
            for (muscle, electrodes), between in NEIGHBOURS.items():
                self.leaks[(side, muscle), (side, electrodes)] = _within(rng, between, near)
            for muscle, between in ACROSS.items():
                self.leaks[(side, muscle), (side.other, muscle)] = _within(rng, between, far)
        self.weakness: dict[Place, float] = {}
        self.manners = {name: _manner(rng, row) for name, row in _MOVEMENTS.items()}
        self.blink = _blink(rng)
        self.blink_doublets = float(rng.uniform(0.03, 0.1))
        self.chews_hz = float(np.clip(rng.normal(1.57, 0.3), 0.94, 2.17))
        self.syllables_hz = float(rng.uniform(3, 6))
        self.speech_uv = {site: uv * float(np.exp(0.4 * rng.standard_normal())) for site, uv in _SPEECH_UV.items()}
        self.mouth_bias = float(rng.normal(0, 0.07))
        self.dominant = Side.LEFT if rng.random() < 0.5 else Side.RIGHT

    def strength(self, side: Side, site: Site) -> float:
        """1, or what a weakness leaves."""
        return self.weakness.get((side, site), 1.0)


def _within(rng: np.random.Generator, between: tuple[float, float], lean: float) -> float:
    """Between both, leaning to where the person's tissue lies."""
    low, high = between
    return low + (high - low) * float(np.clip(lean + rng.normal(0, 0.25), 0, 1))


_SPEECH_UV = {OOR: 18.0, MEN: 16.0, ZYG: 3.5, OOC: 0.7}

Range = tuple[float, float]
_Row = tuple[tuple[str, ...], Range, Range, Range, dict[Site, Range], dict[Site, Range]]
_MOVEMENTS: dict[str, _Row] = {
    # shapes, rise s, hold s, fall s, peak µV of each muscle, leak to the other side (one-sided ones)
    "smile": (
        ("minimum_jerk", "overshooting", "stepped", "arched"),
        (0.09, 0.3),
        (0.3, 2.6),
        (0.15, 0.7),
        {ZYG: (35, 150), OOC: (6, 50), OOR: (4, 30), MEN: (0, 14)},
        {},
    ),
    "pucker": (
        ("minimum_jerk", "overshooting", "arched"),
        (0.07, 0.22),
        (0.2, 1.8),
        (0.1, 0.4),
        {OOR: (40, 160), MEN: (25, 130), ZYG: (0, 12)},
        {},
    ),
    "brow_raise": (
        ("minimum_jerk", "overshooting", "stepped", "arched"),
        (0.06, 0.24),
        (0.2, 1.8),
        (0.1, 0.4),
        {FRO: (30, 130), OOC: (0, 10)},
        {},
    ),
    "closure": (
        ("minimum_jerk", "overshooting"),
        (0.05, 0.2),
        (0.3, 2.5),
        (0.1, 0.4),
        {OOC: (30, 160), ZYG: (0, 20), FRO: (0, 10)},
        {},
    ),
    "snarl": (
        ("minimum_jerk", "arched"),
        (0.07, 0.25),
        (0.2, 1.2),
        (0.1, 0.4),
        {ZYG: (30, 110), OOR: (15, 60), OOC: (10, 60)},
        {},
    ),
    "wink": (
        ("minimum_jerk", "arched", "overshooting", "quick"),
        (0.05, 0.15),
        (0.04, 0.4),
        (0.08, 0.22),
        {OOC: (35, 170), ZYG: (6, 85), OOR: (0, 20)},
        {OOC: (0.08, 0.4), ZYG: (0.0, 0.1), OOR: (0.1, 0.4)},
    ),
    "smirk": (
        ("minimum_jerk", "overshooting", "stepped", "arched"),
        (0.07, 0.28),
        (0.15, 1.4),
        (0.12, 0.5),
        {ZYG: (30, 130), OOR: (5, 45), OOC: (0, 22)},
        {ZYG: (0.0, 0.25), OOR: (0.1, 0.6), OOC: (0.0, 0.4)},
    ),
    "brow_cock": (
        ("minimum_jerk", "overshooting"),
        (0.08, 0.25),
        (0.2, 1.2),
        (0.1, 0.4),
        {FRO: (25, 100), OOC: (0, 10)},
        {FRO: (0.05, 0.45), OOC: (0.0, 0.3)},
    ),
    "clench": (
        ("overshooting", "minimum_jerk"),
        (0.08, 0.3),
        (0.4, 2.5),
        (0.1, 0.5),
        {MAS: (60, 200), ZYG: (5, 30), OOR: (10, 50), MEN: (5, 40)},
        {},
    ),
    "swallow": (
        ("arched", "minimum_jerk"),
        (0.12, 0.35),
        (0.2, 0.6),
        (0.15, 0.4),
        {OOR: (8, 35), MEN: (10, 45)},
        {},
    ),
    "yawn": (
        ("arched", "minimum_jerk"),
        (1.0, 2.0),
        (1.5, 3.0),
        (0.8, 1.5),
        {OOR: (10, 50), MEN: (15, 60), ZYG: (8, 40), OOC: (8, 60), FRO: (0, 30)},
        {},
    ),
    "tic": (
        ("quick", "arched"),
        (0.02, 0.05),
        (0.02, 0.15),
        (0.03, 0.1),
        {OOC: (40, 140), ZYG: (0, 70), FRO: (0, 50), OOR: (0, 30)},
        {},
    ),
}


def _manner(rng: np.random.Generator, row: _Row) -> Manner:
    shapes, rise_s, hold_s, fall_s, drives, leak = row

    def between(low_high: Range) -> float:
        return float(rng.uniform(*low_high))

    chosen = str(rng.choice(shapes))
    return Manner(
        shape=chosen,
        rise_s=between(rise_s) * (0.6 if chosen == "quick" else 1.0),
        hold_s=between(hold_s),
        fall_s=between(fall_s),
        drives={site: between(uv) for site, uv in drives.items()},
        asymmetry={site: float(rng.normal(0, _ASYMMETRY[site])) for site in drives},
        leak={site: between(share) for site, share in leak.items()},
        lag_s=float(rng.uniform(0.004, 0.045)),
        variation=float(rng.uniform(0.08, 0.25)),
    )


_ASYMMETRY = {FRO: 0.11, OOC: 0.13, ZYG: 0.17, OOR: 0.1, MEN: 0.1, MAS: 0.15}
"""Standard deviation. Healthy means are 10.9 % at the frontalis, 16.7 at the zygomaticus, 12.1 at the mouth (Kim 2018)."""


def _blink(rng: np.random.Generator) -> Manner:
    """Spontaneous: short, fast, both lids, hardly anything else."""
    return Manner(
        shape="quick",
        rise_s=float(rng.uniform(0.010, 0.025)),
        hold_s=float(rng.uniform(0.012, 0.045)),
        fall_s=float(rng.uniform(0.015, 0.035)),
        drives={OOC: float(np.clip(35 * np.exp(0.5 * rng.standard_normal()), 15, 90))},
        asymmetry={OOC: float(np.clip(rng.normal(0, 0.13), -0.25, 0.25))},
        leak={},
        lag_s=0.003,
        variation=float(rng.uniform(0.15, 0.35)),
        vigour=float(rng.uniform(2.0, 3.5)),
    )
