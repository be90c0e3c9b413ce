"""Speech and meals.

Speech: 3–6 syllables a second in phrases of 0.5–6 s, alike on both sides (Wohlert and Goffman 1994). Chewing: 1.57 Hz on average,
0.94–2.17 between people, bouts of 3–35 s (Po 2011); the working side is stronger and changes, unless the face chews on one side.
"""

from __future__ import annotations

import numpy as np

from benchmarks.variety.day import Day
from benchmarks.variety.draws import Flanks, log_normal, stretches
from benchmarks.variety.person import MAS, MEN, OOC, OOR, SIDES, ZYG, sign
from benchmarks.variety.spasms import Nerve
from calibration.montage import Side, Site
from hfs_emg.events import Kind


def talk(day: Day, nerve: Nerve) -> None:
    """Conversations of 12–45 s, in phrases."""
    rng = day.rng
    lips_uv = log_normal(rng, 26, 0.35, 10, 75)
    cheek, lid = rng.uniform(0.15, 0.35), rng.uniform(0.02, 0.08)
    for start_s, end_s in stretches(rng, day.life.speech, rng.uniform(12, 45), day.duration_s):
        t = start_s
        while t < end_s:
            phrase_end_s = _phrase(day, t, lips_uv, cheek, lid)
            day.person.note(t, phrase_end_s, Kind.ORAL, "speech", None, sites=[OOR, MEN, ZYG])
            day.busy.append((t, phrase_end_s))
            nerve.provoked(rng.uniform(t, phrase_end_s), day.life.from_speech)
            t = phrase_end_s + log_normal(rng, 0.55, 0.6, 0.12, 2.5)


def _phrase(day: Day, start_s: float, lips_uv: float, cheek: float, lid: float) -> float:
    """Syllables, one after another; returns when the last one is over."""
    rng = day.rng
    until_s = start_s + log_normal(rng, 1.8, 0.6, 0.5, 6)
    per_s = rng.uniform(3, 6)
    t = end_s = start_s
    while t < min(until_s, day.duration_s - 0.6):
        length_s = log_normal(rng, 0.12, 0.45, 0.05, 0.3)
        rise_s = rng.uniform(0.02, 0.07)
        uv = lips_uv * log_normal(rng, 1, 0.45, 0.2, 3)
        tilt = rng.normal(0, 0.07)
        parts: dict[Site, float] = {
            OOR: 1.0,
            MEN: rng.uniform(0.4, 1.1),
            ZYG: cheek * log_normal(rng, 1, 0.5, 0.2, 3),
            OOC: lid * log_normal(rng, 1, 0.5),
            MAS: rng.uniform(0.05, 0.3),
        }
        for side in SIDES:
            late = sign(side) * rng.normal(0, 0.008)
            for site, part in parts.items():
                level = uv * part * day.person.gain(side, site) * (1 + sign(side) * tilt)
                level *= day.left_by_toxin(side, site)
                flanks = Flanks(rise_s, rng.uniform(0.04, 0.1))
                day.person.push((side, site), t + late, t + length_s + late, flanks, level)
        end_s = t + length_s + 0.04
        t += max(0.08, rng.gamma(9, 1 / (9 * per_s)))
    return end_s


def eat(day: Day, nerve: Nerve) -> None:
    """Meals: bouts of chewing with pauses, most of them ended by a swallow."""
    rng, life = day.rng, day.life
    if life.chew <= 0:
        return
    rate_hz = float(np.clip(rng.normal(1.57, 0.3), 0.94, 2.17))
    working = SIDES[int(rng.integers(2))]
    for start_s, end_s in stretches(rng, life.chew, rng.uniform(60, 180), day.duration_s):
        t = start_s
        while t < end_s:
            length_s = log_normal(rng, 13, 0.6, 3, 35)
            if rng.random() < 0.5 and not life.one_sided_chew:
                working = working.other
            last_s = _bout(day, t, t + length_s, rate_hz, working)
            day.person.note(t, last_s, Kind.ORAL, "chewing", None, sites=[MAS, ZYG, OOR])
            day.busy.append((t, last_s))
            nerve.provoked(rng.uniform(t, last_s), life.from_speech)
            if rng.random() < 0.6:
                _swallow(day, last_s)
                last_s += 1.8
            t = last_s + log_normal(rng, 1.6, 0.6, 0.6, 8)


def _bout(day: Day, start_s: float, until_s: float, rate_hz: float, working: Side) -> float:
    """Chewing strokes, one after another; returns when the last one is over."""
    rng, person = day.rng, day.person
    bias = rng.uniform(0.3, 0.45) if day.life.one_sided_chew else rng.uniform(0.1, 0.5)
    strongest_uv = log_normal(rng, 120, 0.35, 50, 280)
    t = end_s = start_s
    while t < min(until_s, day.duration_s - 1):
        length_s = log_normal(rng, 0.24, 0.22, 0.15, 0.38)
        rise_s = rng.uniform(0.05, 0.12)
        uv = strongest_uv * log_normal(rng, 1, 0.25)
        for side in SIDES:
            gain = (1 + bias) if side is working else (1 - bias)
            late = 0 if side is working else rng.normal(0.01, 0.015)
            flanks = Flanks(rise_s, rng.uniform(0.05, 0.12))
            level = uv * gain * person.gain(side, MAS)
            person.push((side, MAS), t + late, t + late + length_s, flanks, level)
            lips = (t + rng.uniform(0.2, 0.4) / rate_hz, t + rng.uniform(0.4, 0.6) / rate_hz)
            person.push((side, OOR), *lips, Flanks(0.08, 0.1), 9 * log_normal(rng, 1, 0.4))
            if rng.random() < 0.6:
                person.push((side, ZYG), t, t + length_s, Flanks(rise_s, 0.1), 8 * gain * log_normal(rng, 1, 0.4))
        end_s = t + length_s + 0.06
        t += 1 / rate_hz * (1 + 0.09 * rng.standard_normal())
    return end_s


def _swallow(day: Day, after_s: float) -> None:
    rng = day.rng
    start_s = after_s + rng.uniform(0.3, 0.8)
    length_s = log_normal(rng, 0.8, 0.2, 0.5, 1.5)
    uv = log_normal(rng, 25, 0.3)
    day.move(Kind.ORAL, "swallow", start_s, length_s, Flanks(0.12, 0.25), microvolts=uv, parts={MEN: 1, OOR: 0.6})
