"""Speech, meals, swallows and yawns: what the mouth does on both sides, and the masseter that leaks into it."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from benchmarks.tripoles.anatomy import Place
from benchmarks.tripoles.firing import GRID_S, Spikes, by_effort
from benchmarks.tripoles.movements import FRO, MAS, MEN, OOC, OOR, ZYG, Span, effort
from benchmarks.tripoles.stage import Stage, both
from benchmarks.tripoles.units import Floats
from calibration.montage import Side, Site
from hfs_emg.events import Kind

_SPOKEN = {OOR: 1.0, MEN: 0.8, ZYG: 0.3, OOC: 0.04, FRO: 0.02}


def phrase(rng: Generator, stage: Stage, start_s: float, length_s: float) -> None:
    """Syllables at 3–6 /s, 50–300 ms each, irregular; the sides nearly together (Wohlert and Goffman 1994)."""
    pace = rng.uniform(3.0, 6.0)
    onsets = start_s + np.cumsum(rng.gamma(6, 1 / (6 * pace), int(length_s * pace) + 1))
    onsets = np.concatenate([[start_s], onsets[onsets < start_s + length_s - 0.05]])
    lengths = np.clip(rng.lognormal(np.log(0.14), 0.4, len(onsets)), 0.05, 0.3)
    loud = float(np.clip(27 * rng.lognormal(0, 0.35), 8, 80))
    played: list[tuple[Place, Spikes]] = []
    for site, share in _SPOKEN.items():
        voiced = rng.lognormal(-0.1, 0.55, len(onsets)) * (rng.uniform(size=len(onsets)) < 0.85)
        for place in both(site):
            leaning = stage.anatomy.lean[place] * rng.lognormal(0, 0.12) * rng.lognormal(0, 0.18, len(onsets))
            shape = _bumps(onsets - start_s, lengths, voiced * leaning, length_s + 0.4)
            spikes = _shaped(rng, stage, place, start_s, shape=shape, uv=loud * share)
            if share > 0.1:
                played.append((place, spikes))
    stage.tell(Kind.ORAL, None, "speech", played)


def chewing(rng: Generator, stage: Stage, start_s: float, length_s: float, one_sided: bool) -> None:
    """Cycles near 1.57 Hz (Po 2011), the working side stronger; a purely one-sided chewer's other side keeps a fifth or so."""
    pace = float(np.clip(rng.normal(1.57, 0.25), 0.94, 2.17))
    onsets = np.arange(0.0, length_s - 0.3, 1 / pace)
    onsets = onsets + rng.normal(0, 0.05 / pace, len(onsets))
    lengths = np.clip(rng.normal(0.28, 0.05, len(onsets)), 0.18, 0.42)
    force = rng.lognormal(0, 0.25, len(onsets)) * np.linspace(1.15, 0.85, len(onsets))
    working = stage.anatomy.working_side
    if not one_sided and rng.uniform() < 0.5:
        working = working.other
    balance = rng.uniform(0.12, 0.4) if one_sided else rng.uniform(0.45, 0.9)
    loud = {MAS: 130 * rng.lognormal(0, 0.3), ZYG: 12 * rng.lognormal(0, 0.4), OOR: 14 * rng.lognormal(0, 0.4)}
    played: list[tuple[Place, Spikes]] = []
    for site, uv in loud.items():
        shift = 0.0 if site is MAS else 0.45 / pace
        for side in Side:
            share = 1.0 if side is working else balance if site is MAS else 0.5 + 0.5 * balance
            shape = _bumps(onsets + shift, lengths, force * rng.lognormal(0, 0.15, len(onsets)), length_s + 0.8)
            played.append(((side, site), _shaped(rng, stage, (side, site), start_s, shape=shape, uv=uv * share)))
    stage.tell(Kind.ORAL, None, "chewing", played)


def swallow(rng: Generator, stage: Stage, start_s: float) -> None:
    """Lips and chin close for 0.5–1.5 s."""
    _together(rng, stage, "swallow", Span(start_s, rng.uniform(0.5, 1.5), 0.1, 0.25), {OOR: 18, MEN: 25})


def yawn(rng: Generator, stage: Stage, start_s: float) -> None:
    """4–7 s: mouth, lids and brow of both sides."""
    strength = {OOR: 35.0, MEN: 40.0, OOC: 30.0, ZYG: 30.0, FRO: 15.0}
    _together(rng, stage, "yawn", Span(start_s, rng.uniform(4, 7), 0.8, 1.5), strength)


def _together(
    rng: Generator,
    stage: Stage,
    label: str,
    span: Span,
    uv: dict[Site, float],
) -> None:
    played = []
    for site, level in uv.items():
        asked = level * rng.lognormal(0, 0.3)
        for place in both(site):
            later = span.later(abs(rng.normal(0, 0.02)))
            spikes = effort(rng, stage, place, later, asked * stage.anatomy.lean[place])
            played.append((place, spikes))
    stage.tell(Kind.ORAL, None, label, played)


def _bumps(onsets: Floats, lengths: Floats, heights: Floats, total_s: float) -> Floats:
    """Half-sine bumps on the grid, the higher one where two meet."""
    t = np.arange(round(total_s / GRID_S)) * GRID_S
    shape = np.zeros_like(t)
    for onset, length, height in zip(onsets, lengths, heights, strict=True):
        on = (t >= onset) & (t < onset + length)
        shape[on] = np.maximum(shape[on], height * np.sin(np.pi * (t[on] - onset) / length) ** 1.2)
    return shape


def _shaped(rng: Generator, stage: Stage, place: Place, start_s: float, *, shape: Floats, uv: float) -> Spikes:
    pool = stage.anatomy.pools[place]
    height = pool.effort_for(uv) if uv > 0.5 else 0.0
    spikes = by_effort(rng, pool, start_s, np.clip(shape * height, 0, 1)).within(0.0, stage.duration_s)
    stage.play(place, spikes)
    return spikes
