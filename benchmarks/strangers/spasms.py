"""Hemifacial spasm: volleys of an ectopic generator that strike all muscles of the side at once.

Discharges of 150–350 a second, 2–40 to a burst (Hjorth and Willison 1973; Nielsen 1984), each striking a random share of every
muscle's units; single bursts, irregular groups, or tonic activity with 5–15 Hz in it that fades (Gündüz 2024 for their mix). A
pattern – which muscles join and how much, how far apart they start – belongs to the person and varies a little from attack to attack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.strangers.muscles import Train
from benchmarks.strangers.person import FRO, MEN, OOC, OOR, ZYG
from benchmarks.strangers.scenarios import SpasmPlan
from benchmarks.strangers.stage import Happening, Stage
from calibration.montage import Side, Site
from hfs_emg.events import Kind

LONGEST_GAP_S = 0.5
"""Bursts of one side that are no farther apart belong to one spasm."""
TONIC_S = 1.0


@dataclass(frozen=True, slots=True)
class Pattern:
    """One person's spasm on one side. gains: relative to the lid. lags_s: behind the lid, ephaptic and axonal."""

    side: Side
    gains: dict[Site, float]
    lags_s: dict[Site, float]
    amplitude_uv: float
    spread: float
    """Of amplitude from attack to attack, log."""
    burst_s: float
    volleys_hz: float
    gap_s: float
    ragged: float
    """Coefficient of variation of the gaps of a group."""
    lid_only: float
    """Share of attacks that stay in the lid."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Volleys without a pause. amplitude relative to the attack's."""

    start_s: float
    length_s: float
    amplitude: float
    tonic: bool = False


def pattern(rng: np.random.Generator, plan: SpasmPlan, side: Side) -> Pattern:
    """Drawn once per person and side."""
    mouth = float(np.clip(np.exp(rng.normal(-0.5, 0.4)), 0.3, 1.0))
    gains = {OOC: 1.0, ZYG: float(np.clip(np.exp(rng.normal(-0.35, 0.4)), 0.35, 1.0))}
    if plan.stage == 3:
        gains |= {OOR: mouth, MEN: mouth * float(rng.uniform(0.4, 1.3))}
    else:
        gains |= {OOR: float(rng.uniform(0.0, 0.12))}
    if plan.stage == 3 and rng.random() < 0.86:
        gains[FRO] = float(rng.uniform(0.12, 0.7))
    low, high = np.log(plan.amplitude_uv)
    return Pattern(
        side=side,
        gains=gains,
        lags_s={site: 0.0 if site is OOC else float(rng.uniform(-0.004, 0.009)) for site in gains},
        amplitude_uv=float(np.exp(rng.uniform(low + 0.15 * (high - low), high - 0.15 * (high - low)))),
        spread=float(rng.uniform(0.25, 0.45)),
        burst_s=float(rng.uniform(0.03, 0.05) if plan.brief else rng.uniform(0.045, 0.09)),
        volleys_hz=float(rng.uniform(170, 330)),
        gap_s=float(rng.uniform(0.09, 0.2)),
        ragged=float(rng.uniform(0.3, 0.6)),
        lid_only=float(rng.uniform(0.2, 0.4) if plan.stage == 2 else rng.uniform(0.0, 0.06)),
    )


def bursts_of(rng: np.random.Generator, own: Pattern, plan: SpasmPlan, start_s: float, tail: bool) -> list[Burst]:
    """When an attack discharges: one burst, a group, or a tonic stretch that often begins as a group. tail: of a blink."""
    if tail:
        return _group(rng, own, start_s, int(rng.integers(1, 5)))
    drawn = rng.random()
    if drawn < plan.tonic:
        led = _group(rng, own, start_s, int(rng.integers(2, 6))) if rng.random() < 0.4 else []
        at = led[-1].start_s + led[-1].length_s + float(rng.uniform(0.02, 0.1)) if led else start_s
        low, high = np.log(plan.tonic_s)
        return [*led, Burst(at, float(np.exp(rng.uniform(low, high))), 1.0, tonic=True)]
    count = int(3 + min(17, rng.geometric(0.22) - 1)) if drawn < plan.tonic + plan.grouped else 1
    return _group(rng, own, start_s, count)


def _group(rng: np.random.Generator, own: Pattern, start_s: float, count: int) -> list[Burst]:
    bursts, at = [], start_s
    swell = float(rng.uniform(1.3, 2.2)) if count > 2 and rng.random() < 0.3 else 1.0
    shape = 1 / own.ragged**2
    for i in range(count):
        length = float(np.clip(own.burst_s * np.exp(0.5 * rng.standard_normal()), 0.015, 0.2))
        rising = swell ** (i / max(1, count - 1)) / np.sqrt(swell)
        bursts.append(Burst(at, length, float(rising * np.exp(0.28 * rng.standard_normal()))))
        pause = max(0.015, float(rng.gamma(shape, own.gap_s / shape)) - length)
        at += length + min(pause, 0.45)
    return bursts


def attack(
    stage: Stage, rng: np.random.Generator, own: Pattern, bursts: Sequence[Burst], label: str
) -> Happening | None:
    """Discharge; one happening from the first volley to the last."""
    level = own.amplitude_uv * float(np.exp(own.spread * rng.standard_normal()))
    gains = {site: gain * float(np.exp(0.22 * rng.standard_normal())) for site, gain in own.gains.items()}
    lags = {site: lag + float(rng.normal(0, 0.0012)) for site, lag in own.lags_s.items()}
    if label == "spasm_lid":
        gains = {OOC: gains[OOC]}
    spans: list[tuple[float, float] | None] = []
    driven: set[Site] = set()
    for burst in bursts:
        times, course, rate_hz = _volleys(rng, own, burst)
        for site, gain in gains.items():
            uv = level * gain * burst.amplitude
            if uv < 1.0:
                continue
            place = (own.side, site)
            pool = stage.person.pools[place]
            share = course * (uv * stage.person.strength(*place) / pool.full_uv)
            share *= np.exp(0.15 * rng.standard_normal(len(share)))
            most = 0.3 if burst.tonic else 0.9
            train: Train = pool.volleys(rng, times + lags[site], share, rate_hz, most)
            stage.add(place, train, spastic=True)
            spans.append(train.span_s)
            driven.add(site)
    kind = Kind.SPASM if len(driven) > 1 else Kind.TWITCH
    return stage.note(spans, kind, own.side.value, driven, label if kind is Kind.SPASM else "spasm_lid")


def _volleys(
    rng: np.random.Generator, own: Pattern, burst: Burst
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """(n,) times and (n,) relative amplitudes of a burst's volleys, and their rate."""
    rate_hz = float(np.clip(own.volleys_hz * np.exp(0.15 * rng.standard_normal()), 150, 350))
    if burst.tonic:
        rate_hz = max(150.0, 0.7 * rate_hz)
    count = max(2, round(burst.length_s * rate_hz))
    if not burst.tonic:
        count = min(count, 40)
    steps = rng.gamma(20.0, 1 / (20.0 * rate_hz), count)
    times = np.concatenate([[0.0], np.cumsum(steps)[:-1]])
    last = times[-1] + 1 / rate_hz
    rise = float(rng.uniform(0.02, 0.1) if burst.tonic else rng.uniform(0.005, 0.02))
    course = np.minimum(1.0, (times + 0.35 * rise) / rise)
    course *= np.minimum(1.0, (last - times) / min(0.3 * last, 0.03) + 0.2)
    if burst.tonic:
        beat = rng.uniform(5, 15) * times + np.cumsum(rng.normal(0, 0.02, count))
        course *= 1 - rng.uniform(0.2, 0.6) * (0.5 + 0.5 * np.sin(2 * np.pi * beat))
        course *= 1 - rng.uniform(0, 0.3) * times / last
    return times + burst.start_s, course, rate_hz


def longest_burst_s(bursts: Sequence[Burst]) -> float:
    """Of an attack; from 1 s on it is tonic."""
    return max(b.length_s for b in bursts)
