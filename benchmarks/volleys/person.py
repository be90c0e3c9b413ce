"""A face: which muscles it has, how strong they are, and what of each reaches which electrode.

Ranges: parameter table of the clinical dossier (crosstalk to the neighbour 5–30 %, across the face 1–10 %, near the midline 5–20 %,
masseter into the cheek 10–60 % and into the lid 2–15 %), normal asymmetry of healthy faces (Kim 2018: 11–17 % on average).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from benchmarks.volleys.units import MotorPool, motor_pool
from calibration.montage import Channel, Montage, Side, Site


class Muscle(NamedTuple):
    """One muscle of one side."""

    side: Side
    site: Site


MUSCLES = tuple(Muscle(side, site) for side in Side for site in Site)
_STRONGEST_UV = {
    Site.FRONTALIS: 150.0,
    Site.ORBICULARIS_OCULI: 240.0,
    Site.ZYGOMATICUS: 170.0,
    Site.ORBICULARIS_ORIS: 170.0,
    Site.MENTALIS: 170.0,
    Site.MASSETER: 320.0,
}
_NEIGHBOURS = {
    frozenset((Site.FRONTALIS, Site.ORBICULARIS_OCULI)),
    frozenset((Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS)),
    frozenset((Site.ZYGOMATICUS, Site.ORBICULARIS_ORIS)),
    frozenset((Site.ORBICULARIS_ORIS, Site.MENTALIS)),
}
_MASSETER_INTO = {
    Site.ZYGOMATICUS: (0.12, 0.5),
    Site.ORBICULARIS_OCULI: (0.02, 0.1),
    Site.FRONTALIS: (0.03, 0.12),  # the temporalis, which works with it
    Site.ORBICULARIS_ORIS: (0.03, 0.12),
    Site.MENTALIS: (0.03, 0.12),
}
_NEAR_MIDLINE = (Site.ORBICULARIS_ORIS, Site.MENTALIS)
_FOUR_INPUTS = (Site.ORBICULARIS_OCULI, Site.ORBICULARIS_ORIS), (Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS)
_EIGHT_INPUTS = (
    (Site.FRONTALIS, Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS, Site.ORBICULARIS_ORIS),
    (Site.FRONTALIS, Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS, Site.MENTALIS),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Anatomy and habits that last for a recording.

    reach: for each channel of the montage the weight of every muscle; asymmetry: left-to-right amplitude ratio of a two-sided
    movement at each site; blink_uv, blink_s: the usual blink; affected: the side that is ill, in whom one is; tone_uv: at rest.
    """

    montage: Montage
    pools: dict[Muscle, MotorPool]
    reach: dict[Channel, dict[Muscle, float]]
    asymmetry: dict[Site, float]
    blink_uv: float
    blink_s: float
    chewing_hz: float
    affected: Side
    tone_uv: dict[Muscle, float]

    def sites(self) -> tuple[Site, ...]:
        """Sites with an electrode."""
        return tuple(dict.fromkeys(c.site for c in self.montage.channels))

    def weaken(self, side: Side, strength: float, sites: Iterable[Site] = tuple(Site)) -> None:
        """Lower what one side has of two-sided movements to `strength` of the other's."""
        for site in sites:
            self.asymmetry[site] *= strength if side is Side.LEFT else 1 / strength

    def share(self, muscle: Muscle) -> float:
        """What this side has of a two-sided movement; the geometric mean of both sides is 1."""
        ratio = self.asymmetry[muscle.site]
        return float(np.sqrt(ratio if muscle.side is Side.LEFT else 1 / ratio))


def person(rng: Generator, inputs: int, fine_hz: int) -> Person:
    """A face drawn at random for 4 or 8 inputs."""
    choices = _FOUR_INPUTS if inputs == 4 else _EIGHT_INPUTS
    sites = choices[int(rng.random() < 0.35)]
    montage = Montage(tuple(Channel(i, side, s) for i, (side, s) in enumerate((a, b) for a in Side for b in sites)))
    pools = {m: motor_pool(rng, fine_hz, _STRONGEST_UV[m.site] * rng.lognormal(0, 0.2)) for m in MUSCLES}
    reach = {c: {m: _weight(rng, c, m) for m in MUSCLES} for c in montage.channels}
    return Person(
        montage=montage,
        pools=pools,
        reach=reach,
        asymmetry={site: float(rng.lognormal(0, 0.22)) for site in Site},
        blink_uv=float(np.clip(rng.lognormal(np.log(35), 0.4), 15, 90)),
        blink_s=float(np.clip(rng.lognormal(np.log(0.085), 0.2), 0.055, 0.125)),
        chewing_hz=float(rng.uniform(1.1, 2.0)),
        affected=Side.LEFT if rng.random() < 0.62 else Side.RIGHT,
        tone_uv={m: float(rng.uniform(0.2, 1.0)) for m in MUSCLES},
    )


def _weight(rng: Generator, channel: Channel, muscle: Muscle) -> float:
    if (channel.side, channel.site) == muscle:
        return 1.0
    if channel.side is not muscle.side:
        if channel.site is not muscle.site:
            return float(rng.uniform(0.0, 0.01))
        low, high = (0.05, 0.1) if muscle.site in _NEAR_MIDLINE else (0.01, 0.04)
        return float(rng.uniform(low, high))
    if muscle.site is Site.MASSETER:
        return float(rng.uniform(*_MASSETER_INTO[channel.site]))
    if frozenset((channel.site, muscle.site)) in _NEIGHBOURS:
        return float(rng.uniform(0.05, 0.22))
    return float(rng.uniform(0.01, 0.04))
