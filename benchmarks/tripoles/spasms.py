"""The affected side's discharges: bursts of synchronous volleys in all its muscles, alone, in runs, fused, or on the heels of something.

A burst is a train of 2–40 discharges at 150–350 /s that every reached muscle answers with its own lag (ephaptic spread, lateral
branches); a run is 1–20 bursts; a tonic one fuses at 60–140 /s, waxes and wanes 5–15 times a second and tires. Runs come in moods: the
rate itself wanders over 5–60 s. Two affected sides never discharge together (Tan and Jankovic 1999).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from benchmarks.tripoles.anatomy import Place, SpasmTraits
from benchmarks.tripoles.firing import Spikes, discharges, volleys
from benchmarks.tripoles.scenarios import Scenario
from benchmarks.tripoles.stage import Happening, Stage
from benchmarks.tripoles.units import Floats
from calibration.montage import Side, Site
from hfs_emg.events import Kind, SideName

JOINED_S = 0.5
APART_S = 0.8
CROWDED = 0.12
"""How many of the unprovoked stay unprovoked by chance while something else goes on: the free quantity of their coincidence."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Uninterrupted discharges of one side."""

    start_s: float
    end_s: float
    places: frozenset[Place]
    label: str
    fused: bool


@dataclass(frozen=True, slots=True)
class _Train:
    """The nerve's discharges of one burst, before muscles answer; loudness (n,) 0–1; share: of a muscle's units."""

    times_s: Floats
    loudness: Floats
    share: float
    uv: float
    fused: bool


@dataclass(slots=True)
class _Run:
    """Bursts that are built before it is known whether there is room for them."""

    label: str
    bursts: list[Burst] = field(default_factory=list)
    played: list[tuple[Place, Spikes, float]] = field(default_factory=list)


class Spasms:
    """All discharges of a recording, both sides."""

    def __init__(self, rng: Generator, stage: Stage, scenario: Scenario) -> None:
        self._rng, self._stage, self._scenario = rng, stage, scenario
        self._bursts: dict[Side, list[Burst]] = {side: [] for side in Side}

    def unprovoked(self, traits: SpasmTraits) -> None:
        """Runs out of the blue at the scenario's rate, clustered."""
        rng, at = self._rng, 0.0
        while at < self._stage.duration_s:
            mood_s, mood = rng.uniform(5, 60), rng.lognormal(-0.2, 0.65)
            rate = self._scenario.spasms * traits.rate_factor * mood / 60
            count = rng.poisson(rate * mood_s)
            for start in np.sort(at + rng.uniform(0, mood_s, count)):
                if rng.uniform() < CROWDED or not self._crowded(float(start)):
                    self._try(traits, self._drawn(traits, float(start), "spasm"))
            at += mood_s

    def _crowded(self, at_s: float) -> bool:
        """Whether something else goes on there."""
        return any(h.start_s - 0.5 < at_s < h.end_s + 0.3 for h in self._stage.happenings)

    def provoked(self, traits: SpasmTraits, happenings: list[Happening]) -> None:
        """Those that set out from a blink, a phrase or a movement."""
        rng, scenario = self._rng, self._scenario
        for what in happenings:
            if what.kind is Kind.BLINK and rng.uniform() < scenario.from_blink * traits.rate_factor:
                length = what.end_s - what.start_s
                start = what.start_s + max(0.04, length * rng.uniform(0.9, 1.1) + rng.uniform(0.02, 0.17))
                self._try(traits, self._tail(traits, start))
            elif what.kind is Kind.ORAL and rng.uniform() < scenario.from_speech:
                start = (
                    rng.uniform(what.start_s, what.end_s)
                    if rng.uniform() < 0.35
                    else what.end_s + rng.uniform(0.0, 0.6)
                )
                self._try(traits, self._drawn(traits, start, f"spasm_{what.label}"))
            elif what.kind is Kind.VOLUNTARY and rng.uniform() < scenario.from_movement:
                start = (
                    rng.uniform(what.start_s, what.end_s) if rng.uniform() < 0.4 else what.end_s + rng.uniform(0.0, 0.8)
                )
                self._try(traits, self._drawn(traits, start, f"spasm_{what.label}"))

    def tell(self) -> None:
        """Hand the stage an episode for all bursts of a side that lie no more than half a second apart."""
        for side, bursts in self._bursts.items():
            together: list[list[Burst]] = []
            for burst in sorted(bursts, key=lambda b: b.start_s):
                if together and burst.start_s - max(b.end_s for b in together[-1]) <= JOINED_S:
                    together[-1].append(burst)
                else:
                    together.append([burst])
            self._stage.happenings += [_episode(side, group) for group in together]

    def _drawn(self, traits: SpasmTraits, start_s: float, label: str) -> _Run:
        rng, (alone, several, fused) = self._rng, self._scenario.mix
        run = _Run(label)
        which = rng.choice(3, p=np.array([alone, several, fused]) / (alone + several + fused))
        loud = float(np.clip(traits.loud_uv * rng.lognormal(0, 0.38), 8, 300))
        if rng.uniform() < self._scenario.below_blink:
            loud = min(loud, self._stage.anatomy.blink_uv * rng.uniform(0.25, 0.8))
        if self._scenario.asleep:
            loud *= rng.uniform(0.5, 1.0)
        sites = self._reached(traits)
        count = 1 if which == 0 else int(np.clip(rng.lognormal(np.log(5.5), 0.6), 3, 20))
        if which == 2:
            count = int(rng.integers(0, 5))
        grows = rng.uniform(1.02, 1.2) if rng.uniform() < 0.3 else 1.0
        at = start_s
        for n in range(count):
            length = float(np.clip(rng.lognormal(np.log(0.085), 0.45), 0.025, 0.2))
            uv = loud * min(2.0, grows**n) * rng.lognormal(0, 0.28)
            self._burst(run, traits, sites, start_s=at, length_s=length, uv=uv)
            at += length + float(np.clip(rng.lognormal(np.log(0.08), 0.45), 0.03, 0.25))
        if which == 2:
            self._fused(run, traits, sites, start_s=at, uv=loud)
        return run

    def _tail(self, traits: SpasmTraits, start_s: float) -> _Run:
        """80–400 ms on a blink, 1–4 bursts, .3–1.5 of the blink's strength."""
        rng, run = self._rng, _Run("spasm_blink")
        loud = self._stage.anatomy.blink_uv * rng.uniform(0.3, 1.5)
        sites, at = self._reached(traits), start_s
        for _ in range(int(rng.choice([1, 1, 2, 2, 3, 4]))):
            length = float(np.clip(rng.lognormal(np.log(0.08), 0.4), 0.03, 0.2))
            self._burst(run, traits, sites, start_s=at, length_s=length, uv=loud * rng.lognormal(0, 0.28))
            at += length + rng.uniform(0.03, 0.12)
        return run

    def _reached(self, traits: SpasmTraits) -> dict[Site, float]:
        """Gains of the muscles that one run reaches."""
        rng = self._rng
        return {
            site: gain * float(rng.lognormal(0, 0.25))
            for site, gain in traits.gains.items()
            if gain > 0 and rng.uniform() < traits.reach[site]
        }

    def _burst(
        self, run: _Run, traits: SpasmTraits, sites: dict[Site, float], *, start_s: float, length_s: float, uv: float
    ) -> None:
        rng = self._rng
        pace = float(np.clip(traits.pace_hz * rng.lognormal(0, 0.12), 150, 350))
        times = discharges(rng, start_s, int(np.clip(length_s * pace, 2, 40)), pace, 0.35)
        swell = np.clip(0.3 + 0.7 * (times - start_s) / traits.rise_s, 0.3, 1.0)
        swell *= np.linspace(1.0, rng.uniform(0.4, 1.0), len(times))
        share = float(np.clip(0.12 + uv / 150, 0.12, 0.9))
        self._volley(run, traits, sites, _Train(times, swell, share, uv, False))

    def _fused(self, run: _Run, traits: SpasmTraits, sites: dict[Site, float], *, start_s: float, uv: float) -> None:
        rng = self._rng
        length = float(np.clip(self._scenario.tonic_s * rng.lognormal(0, 0.6), 1.1, 58.0))
        pace = rng.uniform(60, 140)
        times = discharges(rng, start_s, int(length * pace), pace, 0.3)
        along = times - start_s
        waves = 0.5 - 0.5 * np.cos(
            2 * np.pi * rng.uniform(5, 15) * along + rng.normal(0, 0.4, len(along)).cumsum() * 0.2
        )
        loudness = (1 - rng.uniform(0.2, 0.6) * waves) * (1 - rng.uniform(0, 0.3) * along / along[-1])
        loudness *= np.clip(0.3 + along / rng.uniform(0.02, 0.10), 0.3, 1.0)
        self._volley(run, traits, sites, _Train(times, loudness, 0.5, uv * 0.8, True))

    def _volley(self, run: _Run, traits: SpasmTraits, sites: dict[Site, float], train: _Train) -> None:
        rng, places = self._rng, []
        for site, gain in sites.items():
            if not train.fused and gain < 1 and rng.uniform() < 0.03:
                continue
            place = (traits.side, site)
            pool = self._stage.anatomy.pools[place]
            lagged = train.times_s + traits.lags_s[site] + rng.normal(0, 0.0005, len(train.times_s))
            spikes = volleys(rng, pool, lagged, train.loudness, share=train.share, jitter_s=traits.jitter_s)
            run.played.append((place, spikes, train.uv * gain))
            places.append(place)
        times = [s.times_s for _, s, _ in run.played[len(run.played) - len(places) :]]
        if times:
            start, end = min(float(t.min()) for t in times), max(float(t.max()) for t in times)
            run.bursts.append(Burst(start, end, frozenset(places), run.label, train.fused))

    def _try(self, traits: SpasmTraits, run: _Run) -> None:
        """Play it where there is room: inside the recording, off this side's other runs and well off the other side's."""
        if not run.bursts:
            return
        start, end = run.bursts[0].start_s, max(b.end_s for b in run.bursts)
        if start < 0.3 or end > self._stage.duration_s - 0.1:
            return
        own = self._bursts[traits.side]
        others = self._bursts[traits.side.other]
        if any(b.start_s < end + 0.1 and start - 0.1 < b.end_s for b in own):
            return
        if any(b.start_s < end + APART_S and start - APART_S < b.end_s for b in others):
            return
        own += run.bursts
        for place, spikes, uv in run.played:
            self._stage.play(place, spikes, "spasm", uv)


def _episode(side: Side, bursts: list[Burst]) -> Happening:
    places: frozenset[Place] = frozenset().union(*(b.places for b in bursts))
    label, kind = bursts[0].label, Kind.SPASM
    if len(places) == 1:
        (_, site) = next(iter(places))
        label, kind = f"spasm_{'lid' if site is Site.ORBICULARIS_OCULI else site.code.lower()}", Kind.TWITCH
    fused = any(b.fused and b.end_s - b.start_s >= 1.0 for b in bursts)
    end = max(b.end_s for b in bursts)
    name: SideName = "left" if side is Side.LEFT else "right"
    return Happening(bursts[0].start_s, end, kind, name, places, label, "tonic" if fused else "clonic")
