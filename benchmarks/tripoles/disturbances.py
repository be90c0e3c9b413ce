"""What goes wrong at the electrodes: pops, motion, tugs at a side's cables, rails, leads that come off or dry; and where to blame it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.random import Generator

from benchmarks.tripoles.converter import smoothed_steps
from benchmarks.tripoles.scenarios import Scenario
from benchmarks.tripoles.units import Floats
from calibration.montage import Montage, Side
from hfs_emg.events import Invalid


@dataclass(slots=True)
class Trouble:
    """(samples, channels) each: added µV, what is left of the muscles (0–1), factors of noise and mains. episodes: (start, end, label)."""

    added: Floats
    contact: Floats
    noisier: Floats
    hum: Floats
    episodes: list[tuple[float, float, str]] = field(default_factory=list)
    invalid: list[Invalid] = field(default_factory=list)


class Disturber:
    """Fills a Trouble."""

    def __init__(self, rng: Generator, scenario: Scenario, montage: Montage, samples: int) -> None:
        self._rng, self._scenario, self._montage = rng, scenario, montage
        self._rate, self._samples = scenario.rate_hz, samples
        shape = (samples, len(montage.channels))
        self.trouble = Trouble(np.zeros(shape), np.ones(shape), np.ones(shape), np.ones(shape))

    def all(self) -> Trouble:
        """Everything at the scenario's rates."""
        minutes = self._samples / self._rate / 60
        for rate, act in (
            (self._scenario.pops, self.pop),
            (self._scenario.motions, self.motion),
            (self._scenario.tugs, self.tug),
        ):
            for _ in range(self._rng.poisson(rate * minutes)):
                act(self._when(3.0))
        for i in range(self.trouble.added.shape[1]):
            self.trouble.added[:, i] = smoothed_steps(self.trouble.added[:, i])
        for _ in range(self._rng.poisson(self._scenario.losses_per_h * minutes / 60)):
            (self.rail if self._rng.uniform() < 0.45 else self.off)(self._when(5.0))
        if self._scenario.dries:
            self._dry()
        return self.trouble

    def pop(self, start_s: float) -> None:
        """A step that decays, on one lead: 100–5000 µV, 0.05–0.5 s."""
        rng = self._rng
        size = rng.choice([-1, 1]) * np.clip(500 * rng.lognormal(0, 1.0), 100, 5000)
        decay = rng.uniform(0.05, 0.5)
        channel = rng.integers(self.trouble.added.shape[1])
        self._add(start_s, 6 * decay, {int(channel): size}, lambda t: np.exp(-t / decay))
        self.trouble.episodes.append((start_s, min(self._end, start_s + 4 * decay), "pop"))

    def motion(self, start_s: float) -> None:
        """Slow movement of 1–4 leads together: 0.5–15 Hz, 50–2000 µV, 0.1–2 s."""
        rng = self._rng
        length = float(np.clip(rng.lognormal(np.log(0.6), 0.6), 0.1, 2.0))
        size = float(np.clip(250 * rng.lognormal(0, 0.9), 50, 2000))
        tones = [(rng.normal(), rng.uniform(0.5, 15), rng.uniform(0, 7)) for _ in range(5)]
        many = min(int(rng.integers(1, 5)), self.trouble.added.shape[1])
        first = int(rng.integers(self.trouble.added.shape[1]))
        inputs = self.trouble.added.shape[1]
        gains = {(first + n) % inputs: size * rng.normal(1.0, 0.4) / 2.2 for n in range(many)}
        self._add(start_s, length, gains, lambda t: _swing(t, length, tones))
        self.trouble.episodes.append((start_s, min(self._end, start_s + length), "motion"))

    def tug(self, start_s: float) -> None:
        """A pull at the cable of one side: every lead of it jerks once to three times and swings back."""
        rng = self._rng
        side = Side.LEFT if rng.uniform() < 0.5 else Side.RIGHT
        pulls = np.cumsum(np.concatenate([[0.0], rng.uniform(0.12, 0.45, rng.integers(0, 3))]))
        rise, decay = rng.uniform(0.006, 0.03), rng.uniform(0.05, 0.22)
        swing = rng.uniform(3, 14)
        size = float(np.clip(500 * rng.lognormal(0, 0.7), 100, 3000))
        strengths = {
            channel: size * rng.normal(1.0, 0.35) * rng.uniform(0.4, 1.0, len(pulls))
            for channel in self._montage.on(side)
        }

        def jerk(t: Floats) -> Floats:
            return np.asarray((1 - np.exp(-t / rise)) * np.exp(-t / decay) * np.cos(2 * np.pi * swing * t))

        for n, pull in enumerate(pulls):
            gains = {channel: float(strength[n]) for channel, strength in strengths.items()}
            self._add(start_s + pull, 6 * decay, gains, jerk)
        self.trouble.episodes.append((start_s, min(self._end, start_s + float(pulls[-1]) + 4 * decay), "tug"))

    def rail(self, start_s: float) -> None:
        """An offset beyond the converter's range for 1–20 s."""
        rng = self._rng
        length = float(np.clip(5 * rng.lognormal(0, 0.7), 1, 20))
        channel = int(rng.integers(self.trouble.added.shape[1]))
        size = float(rng.choice([-1, 1]) * rng.uniform(260_000, 400_000))
        on = self._slice(start_s, length)
        self.trouble.added[on, channel] += size
        self._add(start_s + length, 3.0, {channel: 0.2 * size}, lambda t: np.exp(-t / 0.25))
        self._lost(start_s, length, channel, "rail")

    def off(self, start_s: float) -> None:
        """A lead off the skin for 3–60 s: no muscle, five times the noise, mains many times over."""
        rng = self._rng
        length = float(np.clip(12 * rng.lognormal(0, 0.7), 3, 60))
        channel = int(rng.integers(self.trouble.added.shape[1]))
        on = self._slice(start_s, length)
        self.trouble.contact[on, channel] = 0.0
        self.trouble.noisier[on, channel] *= 5.0
        self.trouble.hum[on, channel] *= rng.uniform(15, 60)
        offset = 15_000.0 * rng.choice([-1, 1])
        self._add(start_s, length, {channel: offset}, lambda t: 1 - np.exp(-t / 0.4))
        self._lost(start_s, length, channel, "lead_off")

    def _dry(self) -> None:
        """One or two leads lose their gel: noise and mains grow to a few times, the signal hardly changes."""
        rng, many = self._rng, self.trouble.added.shape[1]
        for channel in rng.permutation(many)[: int(rng.integers(1, 3))]:
            along = np.clip(np.linspace(-rng.uniform(0.2, 0.8), 1.0, self._samples), 0, 1)
            self.trouble.noisier[:, channel] *= 1 + rng.uniform(0.8, 2.0) * along
            self.trouble.hum[:, channel] *= 1 + rng.uniform(3, 9) * along

    def _lost(self, start_s: float, length_s: float, channel: int, reason: Literal["rail", "lead_off"]) -> None:
        end = min(self._end, start_s + length_s)
        names = (self._montage.channels[channel].label,)
        self.trouble.invalid.append(Invalid(start_s, end, names, reason))
        self.trouble.episodes.append((start_s, end, reason))

    @property
    def _end(self) -> float:
        return self._samples / self._rate

    def _when(self, room_s: float) -> float:
        return float(self._rng.uniform(0.5, max(0.6, self._end - room_s)))

    def _slice(self, start_s: float, length_s: float) -> slice:
        return slice(round(start_s * self._rate), min(self._samples, round((start_s + length_s) * self._rate)))

    def _add(self, start_s: float, length_s: float, gains: dict[int, float], shape: Callable[[Floats], Floats]) -> None:
        on = self._slice(start_s, length_s)
        t = np.arange(on.start, on.stop) / self._rate - start_s
        if len(t):
            for channel, gain in gains.items():
                self.trouble.added[on, channel] += gain * shape(np.maximum(t, 0.0))


def _swing(t: Floats, length_s: float, tones: list[tuple[float, float, float]]) -> Floats:
    window = np.sin(np.pi * np.clip(t / length_s, 0, 1)) ** 1.5
    return np.asarray(window * sum(a * np.sin(2 * np.pi * f * t + p) for a, f, p in tones))
