"""One face on one day: which input sees which muscle how strongly, how noisy it is, and this person's own constants.

Drawn from a scenario and a seed. The mixing matrix (muscle → input) holds electrode gains and crosstalk along and
across the face; it has no delay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hfs_emg.model import Montage, Side, Site
from hfs_emg.simulation.events import Random
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.settings import Anatomy

Samples = NDArray[np.float64]

MUSCLES: tuple[tuple[Side, Site], ...] = tuple((side, site) for side in Side for site in Site)
MUSCLE_INDEX = {place: i for i, place in enumerate(MUSCLES)}

_NEIGHBOURS: dict[frozenset[Site], float] = {
    frozenset({Site.FRONTALIS, Site.ORBICULARIS_OCULI}): 0.6,
    frozenset({Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS}): 1.0,
    frozenset({Site.ZYGOMATICUS, Site.ORBICULARIS_ORIS}): 1.0,
    frozenset({Site.ORBICULARIS_ORIS, Site.MENTALIS}): 1.0,
    frozenset({Site.FRONTALIS, Site.ZYGOMATICUS}): 0.1,
    frozenset({Site.ORBICULARIS_OCULI, Site.ORBICULARIS_ORIS}): 0.2,
    frozenset({Site.ZYGOMATICUS, Site.MENTALIS}): 0.3,
}
"""Crosstalk along the face, relative to that of direct neighbours."""

_MASSETER_SEEN = {
    Site.ZYGOMATICUS: 1.0,
    Site.ORBICULARIS_ORIS: 0.3,
    Site.ORBICULARIS_OCULI: 0.2,
    Site.FRONTALIS: 0.3,
    Site.MENTALIS: 0.2,
}
"""Masseter (and, at the brow, temporalis) seen elsewhere, relative to the zygomaticus."""

_MIDLINE = {Site.ORBICULARIS_ORIS: 2.5, Site.MENTALIS: 2.5, Site.FRONTALIS: 1.5}
_ACROSS_AT_MOST = 0.25
_EXTRA_PLACES = (
    (Side.LEFT, Site.MENTALIS),
    (Side.LEFT, Site.MASSETER),
    (Side.RIGHT, Site.MENTALIS),
    (Side.RIGHT, Site.MASSETER),
    (Side.LEFT, Site.ORBICULARIS_OCULI),
    (Side.RIGHT, Site.ORBICULARIS_OCULI),
)
"""What lies under inputs beyond the montage; further ones lie in the open and carry noise only."""


@dataclass(frozen=True, slots=True)
class Face:
    """Constants of one face. Arrays over inputs: (inputs,), mixing (muscles, inputs); µV and Hz.

    places: what each input lies on, None for an open one. blink_balance: (left − right) / (left + right) of blinks.
    """

    montage: Montage
    places: tuple[tuple[Side, Site] | None, ...]
    mixing: Samples
    noise_uv: Samples
    tone_uv: Samples
    corner_hz: Samples
    offset_uv: Samples
    mains_uv: Samples
    mains_hz: float
    ecg_weights: Samples
    blink_balance: float
    blink_lag_s: float
    spasm_lags_s: NDArray[np.float64]

    def own_gain(self, side: Side, site: Site) -> tuple[int, float] | None:
        """(input, gain) of the analysed channel that lies on a muscle, None when there is none."""
        index = self.montage.index(side, site)
        if index is None:
            return None
        number = self.montage.channels[index].input
        return number, float(self.mixing[MUSCLE_INDEX[side, site], number])

    def inputs_on(self, side: Side) -> tuple[int, ...]:
        """All inputs of one side."""
        return tuple(i for i, place in enumerate(self.places) if place is not None and place[0] is side)

    def inputs_at(self, site: Site) -> tuple[int, ...]:
        """All inputs over one site."""
        return tuple(i for i, place in enumerate(self.places) if place is not None and place[1] is site)


def draw_face(scenario: Scenario, montage: Montage, inputs: int, rng: Random) -> Face:
    """The constants of this person on this day."""
    places: list[tuple[Side, Site] | None] = [None] * inputs
    for channel in montage.channels:
        places[channel.input] = (channel.side, channel.site)
    free = [i for i, place in enumerate(places) if place is None]
    for number, extra in zip(free, _EXTRA_PLACES, strict=False):
        places[number] = extra
    noise, mains = scenario.noise, scenario.mains
    noise_uv = noise.electrode_uv * np.exp(noise.spread * _bounded(rng, inputs))
    tone = np.full(inputs, noise.tone_uv) * np.exp(0.3 * _bounded(rng, inputs))
    tone *= np.array([_tone_factor(scenario, place) for place in places])
    return Face(
        montage=montage,
        places=tuple(places),
        mixing=_mixing(scenario.anatomy, places, rng),
        noise_uv=noise_uv,
        tone_uv=tone,
        corner_hz=noise.corner_hz * np.exp(0.3 * _bounded(rng, inputs)),
        offset_uv=1000.0 * noise.offset_mv * rng.uniform(-1.5, 1.5, inputs),
        mains_uv=mains.level_uv * np.exp(mains.spread * _bounded(rng, inputs)),
        mains_hz=mains.frequency_hz + rng.uniform(-0.15, 0.15),
        ecg_weights=scenario.electrodes.ecg_uv * rng.uniform(0.3, 1.2) * rng.uniform(0.4, 1.0, inputs),
        blink_balance=float(np.clip(scenario.anatomy.blink_asymmetry * rng.standard_normal(), -0.3, 0.3)),
        blink_lag_s=float(0.0012 * rng.standard_normal()),
        spasm_lags_s=rng.normal(0.0, 0.002, len(Site)),
    )


def _bounded(rng: Random, count: int) -> Samples:
    return np.clip(rng.standard_normal(count), -2.0, 2.0)


def _tone_factor(scenario: Scenario, place: tuple[Side, Site] | None) -> float:
    if place is None:
        return 0.0
    asleep = 0.3 if scenario.sleep is not None else 1.0
    weak = scenario.synkinesis
    return asleep * (weak.tone_factor if weak is not None and weak.side == place[0].value else 1.0)


def _mixing(anatomy: Anatomy, places: list[tuple[Side, Site] | None], rng: Random) -> Samples:
    mixing = np.zeros((len(MUSCLES), len(places)))
    for muscle, (side, site) in enumerate(MUSCLES):
        for number, place in enumerate(places):
            if place is not None:
                jitter = 1.0 if place == (side, site) else float(np.exp(0.35 * np.clip(rng.standard_normal(), -2, 2)))
                mixing[muscle, number] = _coupling(anatomy, side, site, place) * jitter
    # An electrode pair is as sensitive to a neighbour as to its own muscle, so its gain scales the column.
    return anatomy.amplitude * mixing * np.exp(anatomy.gain_spread * _bounded(rng, len(places)))


def _coupling(anatomy: Anatomy, side: Side, site: Site, place: tuple[Side, Site]) -> float:
    across = 1.0
    if place[0] is not side:
        across = min(_ACROSS_AT_MOST, anatomy.crosstalk_across * _MIDLINE.get(site, 1.0))
    if place[1] is site:
        return across
    if site is Site.MASSETER:
        return across * anatomy.masseter_bleed * _MASSETER_SEEN[place[1]]
    if place[1] is Site.MASSETER:
        return across * anatomy.crosstalk_along * 0.5
    return across * anatomy.crosstalk_along * _NEIGHBOURS.get(frozenset({site, place[1]}), 0.02)
