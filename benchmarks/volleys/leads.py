"""What happens to electrodes and cables: motion, pops, tugs on a side's leads, rail, drying, leads that come off.

All of it lies at the output rate: it is slow, or so large that the converter's filter changes nothing that matters. A step is
smeared over three samples as a sinc3 does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from benchmarks.volleys.sheet import Happening
from calibration.montage import Montage, Side
from hfs_emg.events import Invalid, Kind

RAIL_UV = 187_500.0


class Leads:
    """The wires of one recording. extra_uv, noise_gain, mains_gain: (samples, channels)."""

    def __init__(self, rng: Generator, montage: Montage, rate_hz: float, duration_s: float) -> None:
        self.rng = rng
        self.montage = montage
        self.rate_hz = rate_hz
        self.duration_s = duration_s
        shape = (int(duration_s * rate_hz), len(montage.channels))
        self.extra_uv = np.zeros(shape, np.float32)
        warmer = rng.uniform(1, 2, shape[1]) ** (duration_s / 1800)  # sweat: up to twice the noise in half an hour
        self.noise_gain = (warmer ** np.linspace(0, 1, shape[0])[:, None]).astype(np.float32)
        self.mains_gain = np.ones(shape, np.float32)
        self.happenings: list[Happening] = []
        self.invalid: list[Invalid] = []

    def motion(self, start_s: float, channels: Sequence[int] | None = None) -> None:
        """The skin under one to four neighbouring leads moves: 0.5–15 Hz, 50–2000 µV, 0.1–2 s."""
        if channels is None:
            several = min(int(self.rng.integers(1, 5)), self.extra_uv.shape[1])
            first = int(self.rng.integers(0, self.extra_uv.shape[1] - several + 1))
            channels = range(first, first + several)
        length = float(np.clip(self.rng.lognormal(np.log(0.6), 0.6), 0.1, 2))
        uv = float(np.clip(self.rng.lognormal(np.log(300), 0.8), 50, 2000))
        self._swing(start_s, length, channels, uv, 15.0)
        self._note(start_s, start_s + length, "motion")

    def tug(self, start_s: float, side: Side) -> None:
        """Somebody pulls the cable of one side: all its leads swing and rattle together for 0.2–1.5 s."""
        length = float(np.clip(self.rng.lognormal(np.log(0.5), 0.5), 0.2, 1.5))
        uv = float(np.clip(self.rng.lognormal(np.log(500), 0.7), 100, 2500))
        channels = self.montage.on(side)
        self._swing(start_s, length, channels, uv, 12.0)
        self._swing(start_s, length, channels, 0.06 * uv, 60.0)  # the wires rub in the plug
        self._note(start_s, start_s + length, "tug")

    def pop(self, start_s: float, channel: int | None = None) -> None:
        """A contact gives way and settles: step of 100–5000 µV, exponential with 0.05–0.5 s."""
        if channel is None:
            channel = int(self.rng.integers(0, self.extra_uv.shape[1]))
        uv = float(np.clip(self.rng.lognormal(np.log(600), 0.9), 100, 5000)) * self.rng.choice((-1, 1))
        tau = float(self.rng.uniform(0.05, 0.5))
        at = int(start_s * self.rate_hz)
        n = min(int(6 * tau * self.rate_hz), len(self.extra_uv) - at - 3)
        if n < 3:
            return
        fall = np.convolve(np.exp(-np.arange(n) / self.rate_hz / tau), (1 / 6, 2 / 3, 1 / 6))
        self.extra_uv[at : at + len(fall), channel] += uv * fall
        self._note(start_s, start_s + 2 * tau, "pop")

    def rail(self, start_s: float, length_s: float, channels: Sequence[int]) -> None:
        """The offset leaves the converter's range."""
        span = self._span(start_s, start_s + length_s)
        self.extra_uv[span, list(channels)] += 4 * RAIL_UV * self.rng.choice((-1, 1))
        self._note(start_s, start_s + length_s, "rail")
        self._spoil(start_s, start_s + length_s, channels, "rail")

    def off(self, start_s: float, length_s: float, channels: Sequence[int]) -> None:
        """A lead hangs in the air: the mains takes it over, and it drifts."""
        span = self._span(start_s, start_s + length_s)
        n = span.stop - span.start
        for c in channels:
            self.noise_gain[span, c] *= 6
            self.mains_gain[span, c] *= self.rng.uniform(40, 120)
            self.extra_uv[span, c] += np.cumsum(self.rng.normal(0, 20, n)) + self.rng.normal(0, 4000)
        self._note(start_s, start_s + length_s, "lead_off")
        self._spoil(start_s, start_s + length_s, channels, "lead_off")

    def dries(self, start_s: float, channel: int, noise: float, mains: float) -> None:
        """From start_s on a contact gets worse over five minutes: noise and mains grow to so many times."""
        t = np.arange(len(self.extra_uv)) / self.rate_hz
        progress = np.clip((t - start_s) / 300, 0, 1)
        self.noise_gain[:, channel] *= noise**progress
        self.mains_gain[:, channel] *= mains**progress

    def _swing(self, start_s: float, length_s: float, channels: Sequence[int], uv: float, fastest_hz: float) -> None:
        span = self._span(start_s, start_s + length_s)
        n = span.stop - span.start
        if n < 4:
            return
        t = np.arange(n) / self.rate_hz
        common = sum(
            np.sin(2 * np.pi * f * t + p)
            for f, p in zip(
                self.rng.uniform(0.5, min(fastest_hz, self.rate_hz / 2.5), 6), self.rng.uniform(0, 6.3, 6), strict=True
            )
        )
        window = np.sin(np.pi * np.arange(n) / n) ** 0.7
        for c in channels:
            own = self.rng.normal(0, 1) if self.rng.random() < 0.5 else self.rng.choice((-1, 1))
            self.extra_uv[span, c] += (uv / 2 * own * common * window).astype(np.float32)

    def _span(self, start_s: float, end_s: float) -> slice:
        n = len(self.extra_uv)
        return slice(min(n, int(start_s * self.rate_hz)), min(n, int(end_s * self.rate_hz)))

    def _note(self, start_s: float, end_s: float, label: str) -> None:
        if end_s < self.duration_s:
            self.happenings.append(Happening(start_s, end_s, Kind.ARTEFACT, None, (), label))

    def _spoil(self, start_s: float, end_s: float, channels: Sequence[int], reason: str) -> None:
        labels = tuple(self.montage.channels[c].label for c in channels)
        end_s = min(end_s, self.duration_s)
        self.invalid.append(Invalid(start_s, end_s, labels, "rail" if reason == "rail" else "lead_off"))
