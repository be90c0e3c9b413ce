"""Movements made on purpose, and what a face after palsy adds to them.

One table says which muscles a movement uses, on one side or both, how long and how abruptly. Graded onsets of 40–300 ms
are what sets them apart from spasms. Synkinesis is a function of a movement: the unintended muscles of the affected side
are a happening of their own beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hfs_emg.events import Kind
from hfs_emg.model import Side, Site
from hfs_emg.simulation.disorders import FunctionalTonic, Synkinesis, Tic
from hfs_emg.simulation.envelope import Envelope, burst
from hfs_emg.simulation.events import (
    Discharge,
    Drive,
    Happening,
    Random,
    around,
    chance,
    either_side,
    name_of,
    offset,
    spread,
)
from hfs_emg.simulation.scenario import Scenario

FRO, OOC, ZYG, OOR, MEN, MAS = Site

Range = tuple[float, float, float]
"""Median, 5 % and 95 %."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the table: parts of each muscle, seconds held, seconds of rise, µV RMS.

    leak: range of the part that the other side's orbicularis oculi takes in a one-sided movement. free: parts are upper
    limits, drawn anew for each movement.
    """

    parts: dict[Site, float]
    hold_s: Range
    rise_s: Range
    amplitude_uv: Range
    one_sided: bool = False
    leak: tuple[float, float] = (0.0, 0.0)
    free: bool = False


MOVEMENTS: dict[str, Movement] = {
    "smile": Movement({ZYG: 1.0, OOC: 0.25, OOR: 0.3, MEN: 0.1}, (1.5, 0.5, 4.0), (0.15, 0.08, 0.3), (80, 30, 200)),
    "smirk": Movement(
        {ZYG: 1.0, OOR: 0.5, OOC: 0.1, MEN: 0.15}, (0.8, 0.3, 2.0), (0.14, 0.07, 0.3), (60, 25, 150), one_sided=True
    ),
    "wink": Movement(
        {OOC: 1.0, ZYG: 0.5, OOR: 0.1},
        (0.35, 0.15, 0.8),
        (0.085, 0.05, 0.15),
        (80, 30, 200),
        one_sided=True,
        leak=(0.1, 0.4),
    ),
    "brow_raise": Movement({FRO: 1.0, OOC: 0.05}, (1.0, 0.3, 3.0), (0.12, 0.06, 0.25), (80, 30, 200)),
    "pucker": Movement({OOR: 1.0, MEN: 0.8, ZYG: 0.08}, (1.0, 0.5, 3.0), (0.12, 0.06, 0.25), (80, 40, 250)),
    "tight_closure": Movement(
        {OOC: 1.0, ZYG: 0.35, FRO: 0.15, OOR: 0.08}, (2.5, 1.0, 5.0), (0.12, 0.06, 0.25), (130, 70, 280)
    ),
    "gentle_closure": Movement({OOC: 1.0, ZYG: 0.05}, (2.0, 0.7, 5.0), (0.1, 0.05, 0.2), (22, 10, 40)),
    "snarl": Movement({ZYG: 1.0, OOR: 0.6, OOC: 0.4, FRO: 0.15}, (1.0, 0.3, 3.0), (0.12, 0.06, 0.25), (80, 40, 200)),
    "clench": Movement({MAS: 1.0, FRO: 0.04, MEN: 0.05}, (1.2, 0.4, 4.0), (0.1, 0.05, 0.25), (170, 80, 350)),
    "one_sided_clench": Movement(
        {MAS: 1.0, ZYG: 0.06, FRO: 0.03}, (1.0, 0.3, 3.0), (0.1, 0.05, 0.25), (170, 80, 350), one_sided=True
    ),
    "one_sided_effort": Movement(
        {ZYG: 1.0, OOR: 1.0, MEN: 0.5, OOC: 0.4, FRO: 0.3},
        (0.9, 0.25, 3.0),
        (0.1, 0.04, 0.25),
        (90, 30, 250),
        one_sided=True,
        free=True,
    ),
}


class MovementMaker:
    """Makes the voluntary movements of one person."""

    def __init__(self, scenario: Scenario, rng: Random) -> None:
        self._settings = scenario.expressions
        self._asymmetry = scenario.anatomy.movement_asymmetry
        self._shape = scenario.carrier.voluntary_shape
        self._rng = rng

    def make(self, name: str, at_s: float) -> Happening:
        """One movement of the table."""
        row, rng, s = MOVEMENTS[name], self._rng, self._settings
        level = around(rng, *row.amplitude_uv) * s.amplitude
        envelope = Envelope(
            self._shape,
            rise_s=around(rng, *row.rise_s) / s.briskness,
            plateau_s=around(rng, *row.hold_s) / s.briskness,
            decay_s=rng.uniform(0.05, 0.18),
            depth=rng.uniform(0.05, 0.3),
            rhythm_hz=rng.uniform(1.0, 6.0),
            phase=rng.uniform(0.0, 6.28),
        )
        leader = Side(s.habitual_side) if s.habitual_side is not None else either_side(rng)
        balance = self._asymmetry * abs(float(rng.standard_normal()))
        other = 0.0 if row.one_sided else (1.0 - min(0.6, balance)) / (1.0 + min(0.6, balance))
        if row.free:
            row = replace(row, parts={site: part * float(rng.beta(0.6, 0.8)) for site, part in row.parts.items()})
        drives = self._drives(row, leader, level) + self._drives(
            row, leader.other, level * other, rng.uniform(-0.025, 0.025)
        )
        if row.leak[1] > 0.0:
            drives.append(Drive(leader.other, OOC, level * rng.uniform(*row.leak), rng.uniform(0.0, 0.06)))
        side = name_of(leader) if row.one_sided else "both"
        return Happening(Kind.VOLUNTARY, side, name, (Discharge(at_s, envelope, tuple(drives), offset(rng)),))

    def _drives(self, row: Movement, side: Side, level: float, lag_s: float = 0.0) -> list[Drive]:
        rng = self._rng
        return [
            Drive(side, site, level * part * spread(rng, 1.0, 0.25), lag_s + abs(float(0.015 * rng.standard_normal())))
            for site, part in row.parts.items()
            if level > 0.0
        ]


def with_synkinesis(movement: Happening, settings: Synkinesis, rng: Random) -> list[Happening]:
    """The movement as the affected face makes it, weaker on that side, and beside it what moves there unintended, 0–30 ms later.

    Only two-sided movements of eye or mouth call that up; others are handed back weakened.
    """
    side = Side(settings.side)
    shown = movement.side == "both" and chance(rng, settings.probability)
    weaker, unintended = [], []
    for discharge in movement.discharges:
        drives = tuple(
            replace(v, level_uv=v.level_uv * settings.weakness) if v.side is side else v for v in discharge.drives
        )
        weaker.append(replace(discharge, drives=drives))
        extra = _unintended(discharge, side, settings, rng) if shown else []
        if extra:
            unintended.append(replace(discharge, drives=tuple(extra)))
    found = [replace(movement, discharges=tuple(weaker))]
    if unintended:
        found.append(Happening(Kind.SYNKINESIS, side.value, f"synkinesis_{movement.label}", tuple(unintended)))
    return found


def _unintended(discharge: Discharge, side: Side, settings: Synkinesis, rng: Random) -> list[Drive]:
    healthy = {v.site: v.level_uv for v in discharge.drives if v.side is side.other}
    eye = healthy.get(OOC, 0.0)
    mouth = max(healthy.get(ZYG, 0.0), healthy.get(OOR, 0.0))
    main = 0.5 * max(healthy.values(), default=0.0)
    lag = rng.uniform(0.0, 0.03)
    if eye > max(mouth, main) and settings.eye_to_mouth > 0.0:
        level = eye * settings.eye_to_mouth
        parts = ((ZYG, 0.8), (OOR, 0.9), (MEN, 1.0))
    elif mouth > max(1.5 * eye, main) and settings.mouth_to_eye > 0.0:
        level = mouth * settings.mouth_to_eye
        parts = ((OOC, 1.0), (FRO, 0.15), (MEN, 0.2))
    else:
        return []
    return [Drive(side, site, level * part * spread(rng, 1.0, 0.2), lag) for site, part in parts]


def with_weak_lid(movement: Happening, side: Side, strength: float) -> Happening:
    """The movement as it looks when one orbicularis oculi is weakened by toxin: the same envelope, less of it."""
    discharges = tuple(
        replace(
            d,
            drives=tuple(
                replace(v, level_uv=v.level_uv * strength) if (v.side, v.site) == (side, OOC) else v for v in d.drives
            ),
        )
        for d in movement.discharges
    )
    return replace(movement, discharges=discharges)


def functional_pull(settings: FunctionalTonic, at_s: float, rng: Random) -> Happening:
    """The mouth's corner pulled down for seconds to a minute: slow start, brow and eye quiet."""
    side = Side(settings.side)
    if chance(rng, settings.other_side_share):
        side = side.other
    level = spread(rng, settings.amplitude_uv, 0.35)
    envelope = Envelope(
        "cosine",
        rise_s=rng.uniform(0.1, 0.4),
        plateau_s=around(rng, settings.hold_s, settings.hold_s / 6, settings.hold_s * 5),
        decay_s=rng.uniform(0.1, 0.4),
        depth=rng.uniform(0.1, 0.5),
        rhythm_hz=rng.uniform(0.5, 6.0),
        phase=rng.uniform(0.0, 6.28),
    )
    parts = ((OOR, 1.0), (MEN, 0.8), (ZYG, rng.uniform(0.1, 0.5)), (OOC, rng.uniform(0.0, 0.08)))
    drives = tuple(Drive(side, site, level * part, abs(float(0.03 * rng.standard_normal()))) for site, part in parts)
    return Happening(Kind.VOLUNTARY, side.value, "functional_tonic", (Discharge(at_s, envelope, drives, offset(rng)),))


def tic(settings: Tic, at_s: float, rng: Random) -> Happening:
    """The same two-sided movement as ever, within a few per cent."""
    length = 0.001 * settings.duration_ms * spread(rng, 1.0, 0.06)
    level = settings.amplitude_uv * spread(rng, 1.0, 0.08)
    parts = [(OOC, 1.0), (FRO, 0.1)] + [(site, settings.lower_face) for site in (ZYG, OOR)]
    lag = 0.004 * float(np.clip(rng.standard_normal(), -2.0, 2.0))
    drives = tuple(
        Drive(side, site, level * part, lag if side is Side.RIGHT else 0.0)
        for side in Side
        for site, part in parts
        if part > 0.0
    )
    discharge = Discharge(at_s, burst("cosine", length, 0.035, 0.03), drives, offset(rng))
    kind = Kind.VOLUNTARY if settings.lower_face > 0.1 or settings.duration_ms > 250.0 else Kind.BLINK
    return Happening(kind, "both", "tic", (discharge,))
