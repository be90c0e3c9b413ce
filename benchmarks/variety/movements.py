"""Movements of every day: smile, pucker, brow, closing the eyes, wink, smirk, clench, swallow, yawn.

Lengths, rises and shares of the sites are assumptions within the ranges usual for surface EMG of the face: 25–250 µV RMS, rises of
50–300 ms. A wink leaves 10–40 % in the other lid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from numpy.random import Generator

from benchmarks.variety.day import Day
from benchmarks.variety.draws import Flanks, log_normal, renewal_times
from benchmarks.variety.palsy import Palsy
from benchmarks.variety.person import FRO, MAS, MEN, OOC, OOR, SIDES, ZYG
from benchmarks.variety.spasms import Nerve
from calibration.montage import Side, Site
from hfs_emg.events import Kind

_Spread = tuple[float, float, float, float]
"""Median, log-normal spread, least, most."""
_Part = float | tuple[float, float]
"""A share of the amplitude, or the range it is drawn from."""


@dataclass(frozen=True, slots=True)
class Movement:
    """length_s and microvolts are drawn per movement; parts: each site's part. one_sided: on a side that is drawn."""

    length_s: _Spread
    microvolts: _Spread
    parts: Mapping[Site, _Part]
    kind: Kind = Kind.VOLUNTARY
    one_sided: bool = False


MOVEMENTS = {
    "smile": Movement((1.5, 0.5, 0.5, 4), (80, 0.45, 25, 220), {ZYG: 1, OOC: (0.1, 0.4), OOR: (0.15, 0.4)}),
    "brow": Movement((0.9, 0.5, 0.3, 3), (70, 0.4, 25, 200), {FRO: 1, OOC: (0, 0.06)}),
    "pucker": Movement((0.9, 0.4, 0.4, 3), (80, 0.4, 30, 220), {OOR: 1, MEN: (0.6, 1), ZYG: (0.03, 0.15)}),
    "closure": Movement((1.6, 0.5, 0.5, 5), (70, 0.6, 15, 250), {OOC: 1, ZYG: (0.03, 0.15), FRO: (0, 0.08)}),
    "wink": Movement(
        (0.33, 0.4, 0.15, 0.8), (80, 0.4, 30, 200), {OOC: 1, ZYG: (0.25, 0.65), OOR: (0.03, 0.18)}, one_sided=True
    ),
    "smirk": Movement(
        (0.8, 0.5, 0.3, 2),
        (70, 0.4, 25, 180),
        {ZYG: 1, OOR: (0.1, 0.45), OOC: (0.02, 0.15), MEN: (0, 0.1)},
        one_sided=True,
    ),
    "clench": Movement((1.0, 0.4, 0.4, 2.5), (120, 0.4, 40, 300), {MAS: 1, MEN: 0.05}),
    "swallow": Movement(
        (0.8, 0.25, 0.5, 1.5), (22, 0.4, 8, 60), {MEN: 1, OOR: (0.3, 0.9), ZYG: (0.02, 0.1)}, Kind.ORAL
    ),
    "yawn": Movement(
        (5, 0.15, 4, 7),
        (45, 0.4, 15, 110),
        {MEN: 0.6, OOR: 0.5, MAS: 0.5, OOC: (0.3, 0.9), ZYG: 0.3, FRO: (0, 0.4)},
        Kind.ORAL,
    ),
}
"""By the name of their rate in `Life`."""

_RISES_S = {"wink": (0.05, 0.15), "smile": (0.08, 0.3), "yawn": (0.5, 1.2)}
_RISE_S = (0.06, 0.22)


def everyday(day: Day, nerve: Nerve, palsy: Palsy) -> None:
    """Movements of the whole recording at their rates, each where nothing else is done, and what they set off."""
    rng = day.rng
    wanted = [
        (t, name)
        for name in MOVEMENTS
        for t in renewal_times(rng, getattr(day.life, name), 0.0, day.duration_s - 8, 1.0)
    ]
    for start_s, name in sorted(wanted):
        # the lengths and rises of all are drawn, so that what this one is shifts nothing that comes after
        lengths_s = {other: log_normal(rng, *movement.length_s) for other, movement in MOVEMENTS.items()}
        if not day.free(start_s, start_s + lengths_s[name] + 0.3):
            continue
        rises_s = {other: rng.uniform(*span) for other, span in _RISES_S.items()}
        usual_s = rng.uniform(*_RISE_S)
        rise_s = rises_s.get(name, usual_s)
        flanks = Flanks(rise_s, rise_s * rng.uniform(0.8, 1.6))
        made = _Made(name, start_s, lengths_s[name], flanks, SIDES[int(rng.integers(2))])
        uv = _carry_out(day, made)
        _other_side(day, made, uv)
        _set_off(day, nerve, palsy, made)


@dataclass(frozen=True, slots=True)
class _Made:
    name: str
    start_s: float
    length_s: float
    flanks: Flanks
    side: Side


def _carry_out(day: Day, made: _Made) -> float:
    """Make the movement; µV RMS."""
    rng, movement = day.rng, MOVEMENTS[made.name]
    uv = log_normal(rng, *movement.microvolts)
    parts = {site: _drawn(rng, part) for site, part in movement.parts.items()}
    flanks = made.flanks
    if made.name == "swallow":
        flanks = Flanks(rng.uniform(0.08, 0.25), 0.25)
    elif made.name == "yawn":
        flanks = flanks._replace(decay_s=1.0)
    sides = (made.side,) if movement.one_sided else SIDES
    day.move(movement.kind, made.name, made.start_s, made.length_s, flanks, microvolts=uv, parts=parts, sides=sides)
    return uv


def _other_side(day: Day, made: _Made, uv: float) -> None:
    """What a one-sided movement leaves on the other side."""
    rng, end_s, other = day.rng, made.start_s + made.length_s, made.side.other
    if made.name == "wink":
        late_s = made.start_s + rng.uniform(0, 0.06)
        day.person.push((other, OOC), late_s, end_s, made.flanks, uv * rng.uniform(0.1, 0.4))
    elif made.name == "smirk" and rng.random() < 0.6:
        late_s = made.start_s + rng.uniform(0, 0.1)
        day.person.push((other, ZYG), late_s, end_s, made.flanks, 70 * rng.uniform(0.02, 0.12))


def _set_off(day: Day, nerve: Nerve, palsy: Palsy, made: _Made) -> None:
    """Synkinesis that goes along, and a spasm that may set out."""
    rng, chance = day.rng, day.life.from_movement
    if made.name in ("smile", "pucker"):
        palsy.with_mouth(made.start_s, made.length_s, 80 if made.name == "smile" else 60)
        nerve.provoked(made.start_s + rng.uniform(0.3, 1) * made.length_s, chance)
    elif made.name == "closure":
        palsy.with_closure(made.start_s, made.length_s, made.flanks.rise_s)
        nerve.provoked(made.start_s + made.length_s + rng.uniform(0.02, 0.4), chance)


def _drawn(rng: Generator, part: _Part) -> float:
    return rng.uniform(*part) if isinstance(part, tuple) else part
