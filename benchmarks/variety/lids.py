"""Lids: blinks of both, blepharospasm of both, myokymia of one.

Blinks at 8–32 a minute with skewed intervals (Doughty 2001; IOVS 2011;52:3419), both lids within a few ms, more often in
conversation; some have a late after-activity, and some a second blink. Blepharospasm: closely spaced bursts, 3–8 a second, of both
lids, brow and sometimes the lower face with them (Aramideh 1994). Myokymia: a unit or two of one lid in doublets or triplets, 3–8 a
second, nearly regular (Medscape 1213160).
"""

from __future__ import annotations

import numpy as np

from benchmarks.variety.day import Day
from benchmarks.variety.draws import Flanks, log_normal, renewal_times
from benchmarks.variety.palsy import Palsy
from benchmarks.variety.person import FRO, OOC, OOR, SIDES, ZYG, sign
from benchmarks.variety.spasms import Nerve
from hfs_emg.events import Kind


class Lids:
    """The lids of one face: how long its blinks last, which lid leads."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._length_s = log_normal(day.rng, 0.085, 0.18, 0.055, 0.13)
        self._lag_s = day.rng.normal(0, 0.003)

    def blinks(self, nerve: Nerve, palsy: Palsy) -> None:
        """Blinks of the whole recording, and what they set off."""
        rng, life, duration_s = self._day.rng, self._day.life, self._day.duration_s
        phrases = [(h.start_s, h.end_s) for h in self._day.person.happenings if h.label == "speech"]
        mean_s = 60 / max(life.blink, 1e-3)
        t = rng.uniform(0, mean_s)
        while t < duration_s - 1.5:
            end_s, uv = self._blink(t, palsy)
            if rng.random() < life.double_blink and end_s + 0.5 < duration_s:
                end_s, uv = self._blink(end_s + rng.uniform(0.06, 0.3), palsy, rng.uniform(0.5, 1))
            nerve.tail(end_s, uv)
            speaking = any(a - 1 < t < b + 1 for a, b in phrases)
            t += max(0.45, log_normal(rng, mean_s * 0.8, 0.75) * (0.7 if speaking else 1.0))

    def _blink(self, start_s: float, palsy: Palsy, scale: float = 1.0) -> tuple[float, float]:
        """Both lids. Returns when the later one is through, and µV RMS."""
        rng, person, life = self._day.rng, self._day.person, self._day.life
        uv = life.blink_uv * log_normal(rng, 1, 0.28, 0.4, 2.2) * scale
        length_s = self._length_s * log_normal(rng, 1, 0.15, 0.7, 1.5)
        lag_s = self._lag_s + rng.normal(0, 0.0025)
        tilt = rng.normal(0, 0.05)
        ends = []
        for side in SIDES:
            at = start_s + sign(side) * lag_s / 2
            level = uv * self._day.left_by_toxin(side, OOC) * person.gain(side, OOC) * (1 + sign(side) * tilt)
            ends.append(person.muscles[side, OOC].pulse(at, length_s, level))
            if rng.random() < 0.25:
                person.muscles[side, ZYG].pulse(at, length_s, uv * rng.uniform(0, 0.03))
        end_s = max(ends)
        if rng.random() < life.late_lid:
            longer_s, level = rng.uniform(0.05, 0.2), uv * rng.uniform(0.06, 0.22)
            for side in SIDES:
                mine = level * person.gain(side, OOC) * self._day.left_by_toxin(side, OOC)
                person.push(
                    (side, OOC), start_s + length_s * 0.8, start_s + length_s + longer_s, Flanks(0.03, 0.06), mine
                )
            end_s = max(end_s, start_s + length_s + longer_s)
        person.note(start_s + 0.006, end_s, Kind.BLINK, "blink", None, sites=[OOC])
        self._day.eyes.append((start_s, life.eye_uv * log_normal(rng, 1, 0.3)))
        palsy.with_blink(start_s, length_s, uv)
        return end_s, uv

    def blepharospasm(self) -> None:
        """Runs of half a second to 20 s."""
        rng, person = self._day.rng, self._day.person
        brow, lower = rng.uniform(0, 0.5), (rng.uniform(0.15, 0.5) if rng.random() < 0.35 else 0)
        sites = [OOC] + ([FRO] if brow > 0.15 else []) + ([ZYG, OOR] if lower else [])
        for start_s in renewal_times(rng, self._day.life.blepharospasm, 1, self._day.duration_s - 22, 1.5):
            end_s = start_s + log_normal(rng, 2.0, 0.9, 0.5, 20)
            if not self._day.free(start_s, end_s):
                continue
            t, last_s = start_s, start_s
            rate_hz, strongest_uv = rng.uniform(3, 8), log_normal(rng, 70, 0.5, 20, 250)
            while t < end_s:
                length_s = log_normal(rng, 0.12, 0.4, 0.06, 0.4)
                uv = strongest_uv * log_normal(rng, 1, 0.3)
                for side in SIDES:
                    late = sign(side) * rng.normal(0, 0.003)
                    span = (t + late, t + length_s + late)
                    flanks = Flanks(rng.uniform(0.015, 0.04), 0.05)
                    person.push((side, OOC), *span, flanks, uv * person.gain(side, OOC))
                    for site, part in ((FRO, brow), (ZYG, lower), (OOR, lower)):
                        if part:
                            person.push((side, site), *span, Flanks(0.03, 0.06), uv * part * person.gain(side, site))
                last_s = t + length_s + 0.03
                t += max(length_s * 0.8, rng.gamma(8, 1 / (8 * rate_hz)))
            person.note(start_s, last_s, Kind.BLEPHAROSPASM, "blepharospasm", None, sites=sites)
            self._day.busy.append((start_s, last_s))

    def myokymia(self) -> None:
        """Bouts of 5 s to some minutes in the lid of one side; gaps within a bout stay far below half a second."""
        rng, person, side = self._day.rng, self._day.person, self._day.life.side
        muscle, duration_s = person.muscles[side, OOC], self._day.duration_s
        for start_s in renewal_times(rng, self._day.life.myokymia / 60, 2, duration_s - 8, 4):
            end_s = min(duration_s - 1, start_s + log_normal(rng, 25, 1.0, 5, 200))
            rate_hz, cv = rng.uniform(3.2, 7.5), rng.uniform(0.1, 0.28)
            uv = log_normal(rng, 9, 0.5, 3, 25)
            units = rng.choice(muscle.units, int(rng.integers(2, 4)), replace=False)
            t = last_s = start_s
            while t < end_s:
                k = int(rng.integers(2, 4))
                for unit in units:
                    times = t + rng.normal(0, 0.006) + np.arange(k) / rng.uniform(35, 60)
                    gain = uv * log_normal(rng, 1, 0.2) * 0.09 / muscle.sizes[unit]
                    muscle.add("movement", np.full(k, unit), times, np.full(k, gain))
                last_s = t + 0.04
                t += max(0.09, rng.normal(1, cv) / rate_hz)
            person.note(start_s, last_s, Kind.TWITCH, "lid_myokymia", side, sites=[OOC])
