"""Speech and chewing: many small strokes in a row, one happening per phrase or bout."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.strangers.effort import arched
from benchmarks.strangers.muscles import GRID_HZ
from benchmarks.strangers.person import MAS, MEN, OOC, OOR, ZYG
from benchmarks.strangers.stage import Happening, Stage, follow
from calibration.montage import Side, Site
from hfs_emg.events import Kind

Floats = NDArray[np.float64]

ARTICULATIONS: tuple[dict[Site, float], ...] = (
    {OOR: 1.0, MEN: 0.9, ZYG: 0.1, OOC: 0.2},  # lips closed: p, b, m
    {OOR: 0.9, MEN: 0.5, ZYG: 0.0, OOC: 0.2},  # lips rounded: o, u
    {OOR: 0.3, MEN: 0.2, ZYG: 1.0, OOC: 0.6},  # spread: i, e
    {OOR: 0.2, MEN: 0.35, ZYG: 0.2, OOC: 0.2},  # the tongue's work
)


def phrase(stage: Stage, rng: np.random.Generator, start_s: float, length_s: float) -> Happening | None:
    """Syllables of 3–6 a second, irregular; both sides say the same, one a little louder (Wohlert and Goffman 1994)."""
    person = stage.person
    n = round((length_s + 0.5) * GRID_HZ)
    profiles = {(side, site): np.zeros(n) for side in Side for site in person.speech_uv}
    level = float(np.exp(0.25 * rng.standard_normal()))
    pace = person.syllables_hz * float(np.exp(0.1 * rng.standard_normal()))
    at = 0.0
    while at < length_s:
        joined = ARTICULATIONS[int(rng.integers(len(ARTICULATIONS)))]
        length = float(np.clip(rng.lognormal(np.log(0.13), 0.35), 0.05, 0.3))
        stress = level * float(np.exp(0.4 * rng.standard_normal()))
        bias = float(np.clip(person.mouth_bias + rng.normal(0, 0.05), -0.4, 0.4))
        for site, share in joined.items():
            stroke = arched(rng, length * float(rng.uniform(0.25, 0.5)), 0.0, length * 0.6)
            first = max(0, round((at + rng.normal(0, 0.012)) * GRID_HZ))
            for side in Side:
                loud = person.speech_uv[site] * share * stress * (1 + bias if side is Side.LEFT else 1 - bias)
                _lay(profiles[side, site], first + abs(round(rng.normal(0, 4))), stroke * loud)
        at += float(rng.gamma(9.0, 1 / (9.0 * pace)))
    return _play(stage, rng, start_s, profiles, "speech")


def chewing(
    stage: Stage, rng: np.random.Generator, bout: tuple[float, float], working: Side, loyal: float
) -> Happening | None:
    """One bout: when and how long, s. working: the side that chews first; loyal: how likely it stays so at each stroke."""
    start_s, length_s = bout
    person = stage.person
    n = round((length_s + 0.8) * GRID_HZ)
    sites = (MAS, ZYG, OOR, MEN, OOC)
    profiles = {(side, site): np.zeros(n) for side in Side for site in sites}
    force = float(rng.uniform(30, 85))
    cheek, lips, chin = (float(rng.uniform(*r)) for r in ((0.05, 0.2), (0.05, 0.3), (0.05, 0.25)))
    bias = float(rng.uniform(0.2, 0.4)) if loyal > 0.97 else float(rng.uniform(0.1, 0.45))
    at = 0.0
    while at < length_s:
        if rng.random() > loyal:
            working = working.other
        cycle = float(rng.gamma(100.0, 1 / (100.0 * person.chews_hz)))
        length = min(0.42, cycle * float(rng.uniform(0.38, 0.5)))
        force *= float(np.exp(rng.normal(-0.012, 0.1)))
        for side in Side:
            effort = force * (1 + bias if side is working else 1 - bias)
            late = abs(round(rng.normal(0, 12)))
            first = round(at * GRID_HZ) + late
            close = arched(rng, 0.4 * length, 0.1 * length, 0.5 * length)
            _lay(profiles[side, MAS], first, close * effort)
            _lay(profiles[side, ZYG], first + 20, close * (effort * cheek * float(np.exp(0.3 * rng.standard_normal()))))
            _lay(profiles[side, OOC], first + 10, close * (effort * 0.03))
            _lay(profiles[side, OOR], first + round(300 * length), close * (0.5 * force * lips))
            opened = arched(rng, 0.3 * length, 0.0, 0.4 * length)
            _lay(profiles[side, MEN], first + round(1000 * length), opened * (force * chin))
        at += cycle
    return _play(stage, rng, start_s, profiles, "chewing")


def _play(
    stage: Stage, rng: np.random.Generator, start_s: float, profiles: dict[tuple[Side, Site], Floats], label: str
) -> Happening | None:
    spans, sites = [], set()
    for place, profile in profiles.items():
        span = stage.graded(rng, place, start_s, profile, vigour=1.5)
        spans.append(span)
        if span is not None:
            sites.add(place[1])
    found = stage.note(spans, Kind.ORAL, "both", sites, label)
    follow(stage, rng, start_s, {site: p for (side, site), p in profiles.items() if side is Side.LEFT}, 1.5)
    return found


def _lay(profile: Floats, first: int, stroke: Floats) -> None:
    """The stronger of what is there and the stroke."""
    part = profile[first : first + len(stroke)]
    np.maximum(part, stroke[: len(part)], out=part)
