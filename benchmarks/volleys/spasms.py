"""One-sided spasms: an ectopic generator on the nerve drives all muscles of its side with common discharges.

Intraburst 150–350 /s, 2–40 discharges a burst (any number in a tonic one); isolated, grouped or tonic (Gündüz 2024); ephaptic and
conduction lags of a few ms of stable sign with a scatter of 3 ms; clustered in time: a nerve is calm or excitable for 5–60 s.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.volleys.person import Muscle
from benchmarks.volleys.sheet import Firing, Sheet
from benchmarks.volleys.units import Floats
from calibration.montage import Side, Site
from hfs_emg.events import Kind

_POTENTIAL_S = 0.004  # the last discharge's potential has passed by then


@dataclass(frozen=True, slots=True)
class Habit:
    """A patient's spasms on one side.

    per_min: those that come by themselves; uv: median RMS at the lid; forms: shares of isolated, grouped, tonic; gains: each site's
    part of the lid's amplitude; lid_alone: share that stays in the lid; after_blink, on_movement: chance that a spasm sets out from
    one; longest_tonic_s; brief: scale of all lengths.
    """

    side: Side
    per_min: float
    uv: float
    gains: dict[Site, float]
    forms: tuple[float, float, float] = (0.35, 0.58, 0.07)
    lid_alone: float = 0.0
    after_blink: float = 0.08
    on_movement: float = 0.1
    tonic_s: tuple[float, float] = (1.2, 6.0)
    brief: float = 1.0
    firing: Firing = field(default_factory=lambda: Firing(240, 0.0018, 0.6))


def gains_of(sheet: Sheet, *, spread: float = 1.0, lid: float = 1.0) -> dict[Site, float]:
    """A patient's gains by site: 1 : 0.7 : 0.55 : 0.5 at the median for lid, cheek, mouth, brow; the brow joins in 86 %."""
    rng = sheet.rng
    return {
        Site.ORBICULARIS_OCULI: lid,
        Site.ZYGOMATICUS: spread * float(np.clip(rng.lognormal(np.log(0.7), 0.25), 0.4, 1.0)),
        Site.ORBICULARIS_ORIS: spread * float(np.clip(rng.lognormal(np.log(0.55), 0.25), 0.3, 1.0)),
        Site.MENTALIS: spread * float(np.clip(rng.lognormal(np.log(0.55), 0.25), 0.3, 1.0)),
        Site.FRONTALIS: spread * (float(rng.uniform(0.3, 0.9)) if rng.random() < 0.86 else 0.0),
    }


def firing_of(sheet: Sheet) -> Firing:
    """A patient's own intraburst rate and scatter."""
    rng = sheet.rng
    return Firing(float(rng.uniform(170, 330)), float(rng.uniform(0.001, 0.003)), float(rng.uniform(0.45, 0.75)))


def spasms(sheet: Sheet, habit: Habit) -> None:
    """Write a whole recording's spasms of one side: spontaneous, from blinks, from movements. Blinks and movements come first."""
    rng = sheet.rng
    starts = [(t, "spasm") for t in _spontaneous(sheet, habit.per_min)]
    starts += [
        (last + rng.uniform(-0.01, 0.06), "spasm_blink_triggered")
        for _, last, _ in sheet.blinks
        if rng.random() < habit.after_blink
    ]
    starts += [
        (t + rng.uniform(0.05, 0.5), "spasm_in_movement") for t in sheet.starts if rng.random() < habit.on_movement
    ]
    for start_s, label in sorted(starts):
        if sheet.free(habit.side.other, start_s, start_s + 3, 0.6) and sheet.free(habit.side, start_s, start_s, 0.0):
            _one(sheet, habit, start_s, label)


def _spontaneous(sheet: Sheet, per_min: float) -> list[float]:
    """Times of an excitable nerve: three times the mean rate for 5–60 s, a third of it between."""
    rng = sheet.rng
    times, t = [], 0.0
    while t < sheet.duration_s:
        excitable = rng.random() < 0.3
        state_s = rng.uniform(5, 60)
        count = rng.poisson(per_min / 60 * state_s * (2.4 if excitable else 0.4))
        times += list(t + rng.uniform(0, state_s, count))
        t += state_s
    return times


def _one(sheet: Sheet, habit: Habit, start_s: float, label: str) -> None:
    rng = sheet.rng
    uv = float(np.clip(habit.uv * rng.lognormal(0, 0.35), 8, 300))
    from_blink = label == "spasm_blink_triggered"
    form = rng.choice(3, p=habit.forms) if not from_blink else 3
    alone = rng.random() < habit.lid_alone
    lags = {s: rng.normal(0, 0.003) + (0 if s is Site.ORBICULARIS_OCULI else 0.002) for s in habit.gains}
    gains = {
        s: uv * g * rng.lognormal(0, 0.25)
        for s, g in habit.gains.items()
        if g > 0 and (not alone or s is Site.ORBICULARIS_OCULI)
    }
    t, first, last, longest = start_s, np.inf, 0.0, 0.0
    for length, pause, gain in _bursts(sheet, habit, int(form)):
        times, envelope = _discharges(sheet, habit, t, length, tonic=form == 2)
        for site, level in gains.items():
            here = times + lags[site]
            sheet.volley("ectopic", Muscle(habit.side, site), here, gain * level * envelope, habit.firing)
            if site in sheet.face.sites():
                first, last = min(first, here[0]), max(last, here[-1])
        longest = max(longest, float(times[-1] - times[0]))
        t = float(times[-1]) + pause
    if last > 0:
        kind = Kind.TWITCH if alone else Kind.SPASM
        span = (float(first), float(last) + _POTENTIAL_S)
        sites = [s for s in gains if s in sheet.face.sites()]
        sheet.note(kind, habit.side.value, span, sites, label="spasm_lid" if alone else label, longest_s=longest)


def _bursts(sheet: Sheet, habit: Habit, form: int) -> list[tuple[float, float, float]]:
    """(length, pause after it, gain) of each burst. Form 0 isolated, 1 grouped, 2 tonic, 3 the tail of a blink."""
    rng = sheet.rng
    if form == 0:
        return [(habit.brief * float(np.clip(rng.lognormal(np.log(0.07), 0.5), 0.025, 0.18)), 0.0, 1.0)]
    if form == 2:
        low, high = habit.tonic_s
        whole = (float(np.exp(rng.uniform(np.log(low), np.log(high)))), 0.0, 1.0)
        clonic = _bursts(sheet, habit, 1)[:4] if rng.random() < 0.4 else []
        return [*clonic, whole]
    count = int(np.clip(rng.lognormal(np.log(6), 0.5), 3, 20)) if form == 1 else int(rng.integers(1, 5))
    if habit.brief < 1:
        count = min(count, 4)
    crescendo = rng.random() < 0.3
    return [
        (
            habit.brief * float(np.clip(rng.lognormal(np.log(0.075), 0.45), 0.03, 0.2)),
            float(np.clip(rng.lognormal(np.log(0.11), 0.45), 0.04, 0.25)),
            float(rng.lognormal(0, 0.25)) * (0.75 + 0.4 * k / count if crescendo else 1.0),
        )
        for k in range(count)
    ]


def _discharges(sheet: Sheet, habit: Habit, start_s: float, length_s: float, *, tonic: bool) -> tuple[Floats, Floats]:
    """Times of the common discharges of one burst, and their amplitudes around 1."""
    rng = sheet.rng
    tonic = tonic and length_s > 0.5
    mean_s = 1 / habit.firing.rate_hz
    count = max(2, int(length_s / mean_s)) if tonic else int(np.clip(length_s / mean_s, 2, 40))
    times = start_s + np.concatenate([[0.0], np.cumsum(rng.gamma(12, mean_s / 12, count - 1))])
    t = times - start_s
    rise, fall = (rng.uniform(0.02, 0.1), 0.08) if tonic else (rng.uniform(0.01, 0.03), rng.uniform(0.008, 0.03))
    envelope = np.minimum(1, 0.15 + 0.85 * t / rise) * np.minimum(1, 0.3 + 0.7 * (t[-1] - t) / fall)
    if tonic:
        beat_hz, depth, fade = rng.uniform(5, 15), rng.uniform(0.2, 0.6), rng.uniform(0, 0.3)
        phase = 2 * np.pi * beat_hz * (t + 0.02 * np.sin(2 * np.pi * 0.7 * t)) + rng.uniform(0, 6)
        envelope *= (1 - depth * (0.5 + 0.5 * np.sin(phase))) * (1 - fade * t / max(t[-1], 1e-3))
    return times, envelope
