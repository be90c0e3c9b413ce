"""One-sided spasms: an ectopic generator on the nerve fires all muscles of its side together.

A burst rises in 11–25 ms, discharges irregularly at 150–350 /s (Nielsen 1984: 250–350; needle recordings 150–400), here and there in
doublets, and thins out in after-discharges. Isolated bursts, groups of 2–20 that follow one another by 70–220 ms on average, or tonic
ones whose strength flutters at 5–15 Hz and fades (Gündüz 2024 for the patterns). Lags between sites are a few ms of stable sign (Lee
1992, Montero 2007). Spasms come in restless and calm spells of 5–60 s; some set out from a blink, a phrase or a movement. Two affected
sides never twitch at once (Tan and Jankovic 1999).
"""

from __future__ import annotations

from typing import Literal, cast

import numpy as np

from benchmarks.variety.day import Day
from benchmarks.variety.draws import Floats, log_normal, renewal_times
from benchmarks.variety.person import FRO, MEN, OOC, OOR, SIDES, ZYG
from calibration.montage import Side, Site
from hfs_emg.events import Kind

Pattern = Literal["isolated", "grouped", "tonic"]
PATTERNS: tuple[Pattern, ...] = ("isolated", "grouped", "tonic")

_Burst = tuple[Floats, Floats]
"""(discharges,) time in s and gain of each."""
_LEAST_UV = 0.4
_POTENTIAL_S = 0.004  # the last discharge's potential has passed by then


class Nerve:
    """The irritable nerve of one face: its own rates, lags and jitter, and the spasms it has made."""

    def __init__(self, day: Day) -> None:
        self._day = day
        rng = day.rng
        self._rate_hz = rng.uniform(160, 330)
        self._rise_s = rng.uniform(0.011, 0.025)
        self._tail_s = log_normal(rng, 0.028, 0.4, 0.012, 0.06)
        jitter_s = rng.uniform(0.0006, 0.003)
        spans_ms = {FRO: (-2, 5), ZYG: (-3, 8), OOR: (-3, 10), MEN: (-3, 10)}
        usual_s = {site: rng.uniform(*span) / 1e3 for site, span in spans_ms.items()}
        self._lag_s = {site: float(rng.normal(usual_s.get(site, 0.0), 0.003)) for site in (FRO, OOC, ZYG, OOR, MEN)}
        self._spans: dict[Side, list[tuple[float, float]]] = {side: [] for side in SIDES}
        for muscle in day.person.muscles.values():
            muscle.settle_volleys(self._rate_hz, jitter_s)

    def by_itself(self) -> None:
        """Spasms that come unprovoked, in spells; a night has few, but one at least."""
        rng, life = self._day.rng, self._day.life
        duration_s = self._day.duration_s
        for side, rate in ((life.side, life.spasm), (life.side.other, life.spasm * life.both_sides)):
            if rate <= 0:
                continue
            t, restless = rng.uniform(0, 20), True
            until = rng.uniform(5, 60)
            if rate < 1:
                times = renewal_times(rng, rate, 5, duration_s - 10, 2)
                for one in times or [rng.uniform(10, max(10, duration_s - 20))]:
                    self.spasm(side, one, self._pattern())
                continue
            while t < duration_s - 2:
                if t > until:
                    restless, until = not restless, t + rng.uniform(5, 60)
                here = rate * (1.6 if restless else 0.4)
                self.spasm(side, t, self._pattern())
                t += 0.75 + rng.exponential(60 / here)

    def provoked(self, time_s: float, chance: float) -> None:
        """Perhaps a spasm that a phrase or a movement has set off."""
        if self._day.life.spasm and self._day.rng.random() < chance:
            self.spasm(self._day.life.side, time_s, self._pattern(), provoked=True)

    def tail(self, blink_end_s: float, blink_uv: float) -> None:
        """Perhaps a spasm on the heels of a two-sided blink: one to four bursts, sized by the blink."""
        rng, life = self._day.rng, self._day.life
        if life.spasm and rng.random() < life.from_blink:
            late_s = rng.gamma(2.0, life.tail_late_ms / 2e3)
            self.spasm(life.side, blink_end_s - 0.015 + late_s, "isolated", blink=(blink_end_s, blink_uv))

    def spasm(
        self,
        side: Side,
        start_s: float,
        pattern: Pattern,
        *,
        blink: tuple[float, float] | None = None,
        provoked: bool = False,
    ) -> None:
        """One spasm, unless something else has the side. blink: end in s and µV of the one it sets out from.

        What is at work for something else seldom joins, unless it was that which provoked the spasm.
        """
        rng, life = self._day.rng, self._day.life
        if start_s > self._day.duration_s - 3 or self._taken(side, start_s):
            return
        if not provoked and rng.random() < life.spared and not self._day.free(start_s, start_s + 0.3, 0.1):
            return
        uv = life.uv * log_normal(rng, 1, life.uv_sigma, 0.2, 5)
        if blink:
            uv = blink[1] * log_normal(rng, 1.1, 0.25, 0.5, 1.5)
            pattern = cast(Pattern, str(rng.choice(["isolated", "grouped"], p=[0.6, 0.4])))
        bursts = self._tonic(start_s) if pattern == "tonic" else self._clonic(start_s, pattern, bool(blink))
        last_s = bursts[-1][0][-1]
        if last_s > self._day.duration_s - 0.5:
            return
        if any(a - 0.8 < last_s and start_s < b + 0.8 for a, b in self._spans[side.other]):
            return
        reached = self._fire(side, bursts, uv, self._sites(bool(blink)))
        if not reached:
            return
        first_s, last_s = self._seen(bursts, reached)
        if blink:
            first_s = max(first_s, blink[0] - 0.01)
        sites = list(reached)
        kind, label = Kind.SPASM, "spasm_blink_triggered" if blink else f"spasm_{pattern}"
        if len(sites) == 1:
            kind, label = Kind.TWITCH, "spasm_one_site"
        spans = [(float(times[0]), float(times[-1])) for times, _ in bursts]
        self._day.person.note(first_s, max(last_s, first_s + 0.01), kind, label, side, sites=sites, bursts=spans)
        self._spans[side].append((first_s, last_s))

    def _pattern(self) -> Pattern:
        shares = np.array(self._day.life.patterns, float)
        return cast(Pattern, str(self._day.rng.choice(PATTERNS, p=shares / shares.sum())))

    def _taken(self, side: Side, t: float) -> bool:
        """Whether a spasm of this side runs, or one of the other side is near."""
        return any(a - 0.12 < t < b + 0.12 for a, b in self._spans[side]) or any(
            a - 1.2 < t < b + 1.2 for a, b in self._spans[side.other]
        )

    def _sites(self, after_blink: bool) -> dict[Site, float]:
        """Where it goes this time, and each site's gain."""
        rng, life = self._day.rng, self._day.life
        gains = dict(life.gains)
        if rng.random() < life.one_site and not after_blink:
            return {OOC: 1.0}
        if rng.random() < life.drop_site:
            others = [site for site in gains if site is not OOC]
            if len(others) > 1:
                gains.pop(others[int(rng.integers(len(others)))])
        return gains

    def _fire(self, side: Side, bursts: list[_Burst], uv: float, gains: dict[Site, float]) -> dict[Site, float]:
        """Fire the bursts in every site; µV RMS of those that got more than next to nothing."""
        rng, reached = self._day.rng, {}
        for site, gain in gains.items():
            level = uv * gain * log_normal(rng, 1, 0.25)
            if site is OOC:
                level *= self._day.life.toxin
            if level < _LEAST_UV:
                continue
            muscle = self._day.person.muscles[side, site]
            for times, weights in bursts:
                muscle.volley(times, weights, level, rng.uniform(0.55, 0.9), self._lag_s[site])
            reached[site] = level
        return reached

    def _seen(self, bursts: list[_Burst], reached: dict[Site, float]) -> tuple[float, float]:
        """First discharge, and the last one above the noise of its electrode."""
        first_s = min(bursts[0][0][0] + self._lag_s[site] for site in reached)
        floor = min(0.5, max(0.13, 2.2 * self._day.life.noise_uv / max(reached.values())))
        above = [loud for loud in (times[weights >= floor] for times, weights in bursts) if len(loud)]
        last_s = max(loud[-1] for loud in above) if above else bursts[-1][0][-1]
        return float(first_s), float(last_s + max(self._lag_s[site] for site in reached) + _POTENTIAL_S)

    def _tonic(self, start_s: float) -> list[_Burst]:
        """A long burst, half of the times led in by a few short ones."""
        rng, life = self._day.rng, self._day.life
        length_s = log_normal(rng, float(np.sqrt(life.tonic_s[0] * life.tonic_s[1])), 0.55, *life.tonic_s)
        found, t = [], start_s
        if rng.random() < 0.5:
            for _ in range(int(rng.integers(1, 5))):
                found.append(self._burst(t, log_normal(rng, 0.06, 0.4, 0.03, 0.15), self._rate_hz * 0.95))
                t = found[-1][0][-1] + rng.uniform(0.05, 0.15)
        rate_hz = self._rate_hz * rng.uniform(0.7, 1)
        flutter = (rng.uniform(5, 15), rng.uniform(0.2, 0.6), rng.uniform(0, 6))
        found.append(self._burst(t, length_s, rate_hz, flutter, rng.uniform(0, 0.3)))
        return found

    def _clonic(self, start_s: float, pattern: Pattern, after_blink: bool) -> list[_Burst]:
        """One burst, or several with irregular gaps; three groups in ten grow."""
        rng, short = self._day.rng, self._day.life.short
        alone = pattern == "isolated"
        low, high = (2, 4) if after_blink else (3, 20)
        n = 1 if alone else int(np.clip(np.rint(log_normal(rng, 5, 0.6)), low, high))
        interval_s, cv = rng.uniform(0.07, 0.22), rng.uniform(0.3, 0.6)
        grows = rng.random() < 0.3
        found, t = [], start_s
        for j in range(n):
            length_s = log_normal(rng, (0.06 if alone else 0.07) * short, 0.5, 0.014, 0.19)
            rate_hz = min(350, max(150, self._rate_hz * log_normal(rng, 1, 0.12)))
            if length_s * rate_hz > 40:
                length_s = 40 / rate_hz
            times, weights = self._burst(t, length_s, rate_hz)
            gain = log_normal(rng, 1, 0.25) * (1 + (0.6 * j / max(1, n - 1) - 0.3 if grows else 0))
            found.append((times, weights * gain))
            pause_s = max(0.05, rng.gamma(1 / cv**2, interval_s * cv**2))
            t = max(t + length_s + 0.03, t + pause_s + length_s * 0.6)
        return found

    def _burst(
        self,
        start_s: float,
        length_s: float,
        rate_hz: float,
        flutter: tuple[float, float, float] | None = None,
        fade: float = 0.0,
    ) -> _Burst:
        """Discharges of one burst and their after-discharges. flutter: Hz, depth and phase."""
        rng = self._day.rng
        times, weights, t = [], [], start_s
        while t < start_s + length_s:
            x = t - start_s
            gain = 1 - 0.85 * np.exp(-x / (self._rise_s / 1.5))
            if flutter:
                hz, depth, phase = flutter
                gain *= 1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * hz * x + phase))
            gain *= 1 - fade * x / length_s
            gain *= log_normal(rng, 1, 0.18)
            times.append(t)
            weights.append(gain)
            if rng.random() < 0.15:  # a doublet
                times.append(t + rng.uniform(0.002, 0.0032))
                weights.append(gain * rng.uniform(0.4, 0.8))
            t += rng.gamma(9, 1 / (9 * rate_hz))
        stop_s = t
        while (gain := np.exp(-(t - stop_s) / self._tail_s)) >= 0.12:
            times.append(t)
            weights.append(gain * log_normal(rng, 1, 0.2) * (1 - fade))
            t += rng.gamma(6, 1 / (6 * rate_hz)) * (1 + 0.7 * (1 - gain))
        return np.array(times), np.array(weights)
