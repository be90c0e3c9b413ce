"""The electrodes and cables of one recording: what they carry besides muscle, what befalls them, and the codes that come out.

Ranges of artefacts: motion 50–2000 µV as a damped swing, pops 80–5000 µV, tugs on all leads of a side, rail and lead-off for
seconds, drying over tens of seconds (assumptions within what surface electrodes of a face show).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.variety.draws import Flanks, Floats, activation, log_normal, renewal_times
from benchmarks.variety.front_end import electrode_noise, mains, sinc3, slow_drift
from benchmarks.variety.life import Life
from benchmarks.variety.person import FRO, OOC, SIDES, ZYG, Place
from calibration.montage import Side
from hfs_emg.events import InvalidReason
from hfs_emg.model import FLOAT_SOURCE_MICROVOLTS_PER_COUNT

_EYE_PART = {OOC: 1.0, FRO: -0.5, ZYG: 0.15}
_EYE_ELSEWHERE = 0.03
_AMPLIFIER_UV = 0.14  # input-referred, at gain 24 and 250 /s
_LOWEST, _HIGHEST = -0x800000, 0x7FFFFF

Stretch = tuple[float, float, tuple[int, ...], InvalidReason]
"""start_s, end_s, the channels it spoils, why."""


class Leads:
    """Everything that is not muscle: noise, hum and other, (channels, samples) µV on the inner grid of fs a second."""

    def __init__(self, rng: Generator, places: Sequence[Place], samples: int, fs: float, life: Life) -> None:
        self._rng, self._places, self._samples, self._fs = rng, places, samples, fs
        channels = len(places)
        base_uv = log_normal(rng, life.noise_uv, 0.25, 0.8, 8)
        self.noise_uv = np.array(
            [
                electrode_noise(rng, samples, fs, base_uv * log_normal(rng, 1, 0.25, 0.6, 2), rng.uniform(10, 40))
                for _ in range(channels)
            ]
        )
        self._hum_uv = mains(rng, samples, fs, channels, hz=life.mains_hz, microvolts=life.mains_uv)
        self.noise_uv *= np.linspace(1, rng.uniform(1, 1.15), samples)  # sweat
        self._other_uv = np.array(
            [
                slow_drift(rng, samples, fs, rng.uniform(100, 1200)) + rng.uniform(-30_000, 30_000)
                for _ in range(channels)
            ]
        )
        self._rails: list[tuple[int, int, int, int]] = []
        self._lost: list[tuple[int, int, int]] = []
        self.spoilt: list[Stretch] = []
        self.happenings: list[tuple[float, float, str]] = []
        """start_s, end_s, label."""

    def befall(self, life: Life, duration_s: float) -> None:
        """Everything that a life has in store for electrodes, in the order heart, pops, motion, tugs, drying."""
        rng = self._rng
        if life.heart_uv:
            self.heart(life.heart_uv, rng.uniform(52, 95))
        for t in renewal_times(rng, life.pop, 1, duration_s - 4):
            self.pop(t)
        for t in renewal_times(rng, life.motion, 1, duration_s - 6):
            self.motion(t)
        for t in renewal_times(rng, life.tug, 1, duration_s - 6):
            self.tug(t, SIDES[int(rng.integers(2))])
        if life.dry:
            self._wear_out(duration_s)

    def _wear_out(self, duration_s: float) -> None:
        """One pad after another dries, and may come off; now and then an input goes to the rail."""
        rng = self._rng
        order = rng.permutation(len(self._places))
        for k in range(max(1, int(duration_s / 200))):
            channel = int(order[k % len(order)])
            start_s = rng.uniform(10, max(10, duration_s * 0.6))
            end_s = min(duration_s - 12, start_s + rng.uniform(20, 50))
            if end_s > start_s + 5:
                self.dry(start_s, end_s, channel)
                if rng.random() < 0.6:
                    self.off(end_s, min(duration_s - 3, end_s + rng.uniform(2, 15)), channel)
        for _ in range(max(1, int(duration_s / 160))):
            start_s = rng.uniform(5, max(5, duration_s - 20))
            self.rail(start_s, start_s + rng.uniform(1, 6), int(rng.integers(len(self._places))))

    def eye(self, start_s: float, microvolts: float) -> None:
        """Lid and eyeball under a blink: slow, on both lids alike, turned over above them."""
        span, t = self._span(start_s, 0.7)
        wave = activation(t, 0, self._rng.uniform(0.09, 0.14), Flanks(0.10, 0.2)) * microvolts
        for channel, (_, site) in enumerate(self._places):
            self._other_uv[channel, span] += wave * _EYE_PART.get(site, _EYE_ELSEWHERE)

    def saccade(self, start_s: float, microvolts: float) -> None:
        """The eyes look somewhere and back: aside one lid's potential rises and the other's falls, up and down they go together."""
        first = int(start_s * self._fs)
        stay = min(self._samples - first, int(6 * self._fs))
        t = np.arange(stay) / self._fs
        wave = activation(t, 0, self._rng.uniform(0.3, 3), Flanks(0.045, 0.06), 3.5) * microvolts
        way = self._rng.uniform(0, 2 * np.pi)
        aside, up = np.cos(way), 0.8 * np.sin(way)
        for channel, (side, site) in enumerate(self._places):
            if site is OOC:
                self._other_uv[channel, first : first + stay] += wave * (up + (aside if side is Side.LEFT else -aside))

    def heart(self, microvolts: float, per_min: float) -> None:
        """QRS complexes, each lead with its own part of them."""
        rng = self._rng
        gains = microvolts * rng.uniform(0.2, 1, len(self._places)) * rng.choice([-1, 1], len(self._places))
        t = rng.uniform(0, 1)
        while t < self._samples / self._fs - 1:
            span, since = self._span(t, 0.12)
            x = since - 0.05
            wave = np.exp(-((x / 0.009) ** 2)) - 0.25 * np.exp(-(((x - 0.025) / 0.012) ** 2))
            wave = wave - 0.15 * np.exp(-(((x + 0.022) / 0.008) ** 2))
            self._other_uv[:, span] += gains[:, None] * wave
            t += 60 / per_min * (1 + 0.04 * rng.standard_normal())

    def pop(self, start_s: float) -> None:
        """A contact gives way and settles, on one lead or two."""
        rng = self._rng
        several = 2 if rng.random() < 0.25 else 1
        channels = rng.choice(len(self._places), several, replace=False)
        settles_s, uv = log_normal(rng, 0.12, 0.7, 0.04, 0.5), log_normal(rng, 500, 1.0, 80, 5000)
        span, t = self._span(start_s, 6 * settles_s)
        for channel in channels:
            size = rng.choice([-1, 1]) * uv * rng.uniform(0.5, 1)
            self._other_uv[channel, span] += size * np.exp(-t / settles_s) * (1 - np.exp(-t / 0.002))
        self._note(start_s, start_s + 3 * settles_s, channels, "pop", "pop")

    def motion(self, start_s: float) -> None:
        """The skin under one to four leads swings and comes to rest."""
        rng = self._rng
        several = min(int(rng.integers(1, 5)), len(self._places))
        channels = rng.choice(len(self._places), several, replace=False)
        settles_s, hz = log_normal(rng, 0.25, 0.6, 0.06, 0.8), log_normal(rng, 4, 0.7, 0.7, 14)
        uv = log_normal(rng, 350, 0.9, 50, 2000)
        span, t = self._span(start_s, 6 * settles_s)
        phase = rng.uniform(0, np.pi)
        wave = np.exp(-t / settles_s) * np.sin(2 * np.pi * hz * t + phase)
        wave = wave * (1 - np.exp(-t / rng.uniform(0.01, 0.05)))
        for channel in channels:
            self._other_uv[channel, span] += uv * rng.uniform(0.3, 1) * rng.choice([-1, 1], p=[0.2, 0.8]) * wave
        self._note(start_s, start_s + 3 * settles_s, channels, "motion", "motion")

    def tug(self, start_s: float, side: Side) -> None:
        """A cable of one side: all its leads swing, with the crackle of rubbing contacts."""
        rng = self._rng
        channels = [i for i, (where, _) in enumerate(self._places) if where is side]
        settles_s, hz = log_normal(rng, 0.25, 0.5, 0.08, 0.7), rng.uniform(3, 14)
        uv = log_normal(rng, 500, 0.8, 100, 3000)
        span, t = self._span(start_s, 6 * settles_s)
        wave = np.exp(-t / settles_s) * np.sin(2 * np.pi * hz * t) * (1 - np.exp(-t / 0.006))
        for _ in range(int(rng.integers(2, 12))):
            at = rng.uniform(0, 2.5 * settles_s)
            size = rng.normal(0, 0.25)
            wave += size * np.where(t >= at, np.exp(-(t - at) / rng.uniform(0.01, 0.08)), 0)
        for channel in channels:
            self._other_uv[channel, span] += uv * rng.uniform(0.3, 1.0) * wave
        self._note(start_s, start_s + 3 * settles_s, channels, "cable_tug", "motion")

    def rail(self, start_s: float, end_s: float, channel: int) -> None:
        """An input goes to the rail and creeps back."""
        rng = self._rng
        self._rails.append((channel, int(start_s * self._fs), int(end_s * self._fs), int(rng.choice([-1, 1]))))
        span, t = self._span(end_s, 1.5)
        self._other_uv[channel, span] += 3000 * np.exp(-t / 0.25) * rng.uniform(0.3, 1)
        self._note(start_s, end_s + 0.5, [channel], "rail", "rail")

    def dry(self, start_s: float, end_s: float, channel: int) -> None:
        """A pad dries: noise and hum grow two- to fourfold, until it is seen to."""
        span = slice(int(start_s * self._fs), int(end_s * self._fs))
        n = span.stop - span.start
        ramp = np.interp(np.arange(n), [0, n * 0.7, n], [1, self._rng.uniform(2, 4), 1.2])
        self.noise_uv[channel, span] *= ramp
        self._hum_uv[channel, span] *= ramp

    def off(self, start_s: float, end_s: float, channel: int) -> None:
        """A pad comes off: hum and noise take over, next to nothing is left of the muscle."""
        rng = self._rng
        span = slice(int(start_s * self._fs), int(end_s * self._fs))
        self._hum_uv[channel, span] *= rng.uniform(15, 60)
        self.noise_uv[channel, span] *= rng.uniform(8, 20)
        self._lost.append((channel, span.start, span.stop))
        step, t = self._span(start_s, 0.8)
        self._other_uv[channel, step] += log_normal(rng, 2000, 0.5) * np.exp(-t / 0.15)
        self._note(start_s, end_s, [channel], "lead_off", "lead_off")

    def codes(self, muscle_uv: Floats, ratio: int) -> NDArray[np.int32]:
        """(samples / ratio, channels) of a 24-bit converter, full scale ±187.5 mV; muscle_uv: (channels, samples)."""
        heard = muscle_uv.copy()
        for channel, first, after in self._lost:
            heard[channel, first:after] *= 0.03
        signal = sinc3(heard + self.noise_uv + self._hum_uv + self._other_uv, ratio, late=True)
        signal += self._rng.normal(0, _AMPLIFIER_UV * np.sqrt(self._fs / ratio / 250), signal.shape)
        codes = np.rint(signal / FLOAT_SOURCE_MICROVOLTS_PER_COUNT)
        for channel, first, after, sign in self._rails:
            codes[channel, first // ratio : after // ratio] = sign * 0x800000
        return np.ascontiguousarray(np.clip(codes, _LOWEST, _HIGHEST).astype(np.int32).T)

    def _span(self, start_s: float, length_s: float) -> tuple[slice, Floats]:
        """Where it lies, as far as the recording goes, and the seconds since its start."""
        first = min(self._samples, int(start_s * self._fs))
        after = min(self._samples, first + int(length_s * self._fs))
        return slice(first, after), np.arange(after - first) / self._fs

    def _note(
        self, start_s: float, end_s: float, channels: Sequence[int] | NDArray[np.int64], label: str, why: InvalidReason
    ) -> None:
        self.happenings.append((start_s, end_s, label))
        self.spoilt.append((start_s, end_s, tuple(int(c) for c in channels), why))
