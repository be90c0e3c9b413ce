"""What is drawn once for a person: how strong each muscle is, what leaks where, how the affected side discharges.

Sources are muscles of one side, masseters among them whether or not an electrode lies there. Ranges: strength at full effort 80–300 µV
RMS; neighbours 5–30 %, across the face 1–5 %, at the middle 5–20 %, masseter into the cheek 10–60 % and into the lid 2–15 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from benchmarks.tripoles.scenarios import Scenario
from benchmarks.tripoles.units import Floats, Pool, drawn_pool
from calibration.montage import Channel, Montage, Side, Site

Place = tuple[Side, Site]
PLACES: tuple[Place, ...] = tuple((side, site) for side in Side for site in Site)
STRONGEST_UV = {
    Site.FRONTALIS: 130.0,
    Site.ORBICULARIS_OCULI: 170.0,
    Site.ZYGOMATICUS: 140.0,
    Site.ORBICULARIS_ORIS: 150.0,
    Site.MENTALIS: 140.0,
    Site.MASSETER: 260.0,
}
_NEIGHBOURS = {
    frozenset((Site.FRONTALIS, Site.ORBICULARIS_OCULI)): (0.03, 0.16),
    frozenset((Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS)): (0.04, 0.20),
    frozenset((Site.ZYGOMATICUS, Site.ORBICULARIS_ORIS)): (0.05, 0.25),
    frozenset((Site.ORBICULARIS_ORIS, Site.MENTALIS)): (0.08, 0.30),
    frozenset((Site.ZYGOMATICUS, Site.MENTALIS)): (0.02, 0.10),
    frozenset((Site.ORBICULARIS_ORIS, Site.ORBICULARIS_OCULI)): (0.005, 0.04),
}
_ACROSS = {
    Site.FRONTALIS: (0.02, 0.08),
    Site.ORBICULARIS_OCULI: (0.01, 0.04),
    Site.ZYGOMATICUS: (0.01, 0.03),
    Site.ORBICULARIS_ORIS: (0.03, 0.11),
    Site.MENTALIS: (0.05, 0.20),
}
_MASSETER = {
    Site.ZYGOMATICUS: (0.10, 0.50),
    Site.ORBICULARIS_OCULI: (0.02, 0.13),
    Site.FRONTALIS: (0.02, 0.10),
    Site.ORBICULARIS_ORIS: (0.03, 0.15),
    Site.MENTALIS: (0.03, 0.15),
}
_CODES = {
    "F": Site.FRONTALIS,
    "O": Site.ORBICULARIS_OCULI,
    "Z": Site.ZYGOMATICUS,
    "R": Site.ORBICULARIS_ORIS,
    "M": Site.MENTALIS,
}


@dataclass(frozen=True, slots=True)
class SpasmTraits:
    """Of one affected side. gains: per muscle against the lid; lags_s: after the lid; pace_hz: within a burst."""

    side: Side
    gains: dict[Site, float]
    lags_s: dict[Site, float]
    reach: dict[Site, float]
    loud_uv: float
    pace_hz: float
    rate_factor: float
    jitter_s: float
    rise_s: float


@dataclass(frozen=True, slots=True)
class Anatomy:
    """mixing: (channels, sources) gains at the electrodes, in the order of PLACES. aberrant: what an old palsy's weak side adds."""

    montage: Montage
    pools: dict[Place, Pool]
    mixing: Floats
    lean: dict[Place, float]
    spasm: tuple[SpasmTraits, ...]
    blink_uv: float
    blink_lean: float
    weak_side: Side
    working_side: Side
    aberrant: dict[Site, float]


def drawn_anatomy(rng: Generator, scenario: Scenario, fine_hz: float) -> Anatomy:
    """Everything that stays as it is through a recording."""
    sites = [_CODES[c] for c in scenario.sites]
    order = [(side, site) for side in Side for site in sites]
    if rng.uniform() < 0.3:
        order = [(side, site) for site in sites for side in Side]
    montage = Montage(tuple(Channel(i, side, site) for i, (side, site) in enumerate(order)))
    pools, lean = {}, {}
    for side, site in PLACES:
        strongest = STRONGEST_UV[site] * rng.lognormal(0, 0.28)
        pools[side, site] = drawn_pool(rng, fine_hz, strongest, int(rng.integers(34, 64)))
        lean[side, site] = float(np.exp(rng.normal(0, 0.13)))
    side = Side.LEFT if rng.uniform() < 0.62 else Side.RIGHT
    affected = (side, side.other)[: scenario.sides]
    return Anatomy(
        montage=montage,
        pools=pools,
        mixing=_mixing(rng, montage),
        lean=lean,
        spasm=tuple(_traits(rng, scenario, s, i) for i, s in enumerate(affected)),
        blink_uv=float(np.clip(scenario.blink_uv * rng.lognormal(0, 0.3), 15, 90)),
        blink_lean=float(rng.normal(0, 0.10)),
        weak_side=side,
        working_side=Side.LEFT if rng.uniform() < 0.5 else Side.RIGHT,
        aberrant={s: float(rng.uniform(0.2, 0.8)) for s in Site} if scenario.synkinesis else {},
    )


def _mixing(rng: Generator, montage: Montage) -> Floats:
    gains = np.zeros((len(montage.channels), len(PLACES)))
    for i, channel in enumerate(montage.channels):
        for j, (side, site) in enumerate(PLACES):
            gains[i, j] = _gain(rng, channel, side, site)
    return gains


def _gain(rng: Generator, channel: Channel, side: Side, site: Site) -> float:
    same = side is channel.side
    if site is channel.site:
        return 1.0 if same else float(rng.uniform(*_ACROSS[site]))
    if site is Site.MASSETER:
        return float(rng.uniform(*_MASSETER[channel.site])) * (1.0 if same else 0.05)
    pair = _NEIGHBOURS.get(frozenset((site, channel.site)))
    gain = float(np.exp(rng.uniform(*np.log(pair)))) if pair else float(rng.uniform(0.0, 0.008))
    return gain if same else 0.12 * gain


def _traits(rng: Generator, scenario: Scenario, side: Side, number: int) -> SpasmTraits:
    """Gains and lags: OOC 1, zygomaticus .5, mouth .35, frontalis .4 with wide spread; lags −5 to +10 ms."""
    typical = {
        Site.FRONTALIS: 0.45 if rng.uniform() < 0.86 else 0.0,
        Site.ORBICULARIS_OCULI: 1.0,
        Site.ZYGOMATICUS: 0.75,
        Site.ORBICULARIS_ORIS: 0.55,
        Site.MENTALIS: 0.4,
    }
    reach = dict.fromkeys(typical, 0.95)
    reach[Site.ORBICULARIS_OCULI] = 0.99
    if scenario.spread == "early":
        for site in (Site.FRONTALIS, Site.MENTALIS):
            reach[site] = 0.0
        reach[Site.ZYGOMATICUS] = 0.35
        reach[Site.ORBICULARIS_ORIS] = 0.8
    gains = {site: gain * float(rng.lognormal(0, 0.35)) for site, gain in typical.items()}
    gains[Site.ORBICULARIS_OCULI] = scenario.weak_lid
    lags = {site: float(np.clip(rng.normal(0.0025, 0.003), -0.005, 0.010)) for site in typical}
    lags[Site.ORBICULARIS_OCULI] = 0.0
    return SpasmTraits(
        side=side,
        gains=gains,
        lags_s=lags,
        reach=reach,
        loud_uv=float(np.clip(scenario.spasm_uv * rng.lognormal(0, 0.25), 10, 250)),
        pace_hz=float(rng.uniform(170, 330)),
        rate_factor=1.0 if number == 0 else float(rng.uniform(0.3, 0.8)),
        jitter_s=float(rng.uniform(0.0003, 0.0012)),
        rise_s=float(rng.uniform(0.006, 0.022)),
    )
