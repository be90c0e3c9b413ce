"""What electrodes, mains, heart and skin put under the muscles: steady things, drawn at the recording's rate.

Electrode noise is white with a 1/f corner at 10–40 Hz; its level is the RMS from 20 Hz to Nyquist. Mains is 50 or 60 Hz ± 0.2 Hz with
harmonics .2, .4 and .15 of the fundamental, each through sinc3 and folded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from benchmarks.tripoles.converter import folded_sine
from benchmarks.tripoles.scenarios import Scenario
from benchmarks.tripoles.units import Floats

_HARMONICS = {1: 1.0, 2: 0.2, 3: 0.4, 5: 0.15}


@dataclass(frozen=True, slots=True)
class Skin:
    """(samples, channels) each: noise, mains and slow, µV. quiet_uv: (channels,) RMS of the noise from 20 Hz up."""

    noise: Floats
    mains: Floats
    slow: Floats
    quiet_uv: Floats


def drawn_skin(rng: Generator, scenario: Scenario, channels: int, samples: int) -> Skin:
    """Of a whole recording."""
    rate = scenario.rate_hz
    quiet = scenario.noise_uv * np.clip(rng.lognormal(0, 0.25, channels), 0.5, 3.0)
    noise = np.empty((samples, channels))
    slow = np.empty((samples, channels))
    for i in range(channels):
        noise[:, i] = quiet[i] * electrode_noise(rng, samples, rate) * _sweating(rng, samples)
        slow[:, i] = rng.uniform(-30_000, 30_000) + drift(rng, samples, rate)
    slow += _heart(rng, scenario, channels, samples)
    return Skin(noise, _mains(rng, scenario, channels, samples), slow, quiet)


def electrode_noise(rng: Generator, samples: int, rate_hz: float) -> Floats:
    """(samples,) whose RMS from 20 Hz to Nyquist is one; 1/f below its corner, nothing below 0.3 Hz."""
    f = np.fft.rfftfreq(samples, 1 / rate_hz)
    corner = rng.uniform(10, 40)
    shape = np.sqrt(1 + corner / np.maximum(f, 0.3)) * (f > 0.3)
    heard = float(np.sqrt(np.sum(shape[f >= 20] ** 2) / max(1, len(f))))
    return _coloured(rng, shape, samples) / heard


def drift(rng: Generator, samples: int, rate_hz: float) -> Floats:
    """(samples,) µV: 0.01–0.3 Hz, 0.2–5 mV."""
    f = np.fft.rfftfreq(samples, 1 / rate_hz)
    band = ((f >= 0.01) & (f <= 0.3)) / np.maximum(f, 0.01)
    wander = _coloured(rng, band, samples)
    size = float(np.clip(800 * rng.lognormal(0, 0.7), 200, 5000))
    return np.asarray(size * wander / max(float(np.std(wander)), 1e-9))


def _coloured(rng: Generator, shape: Floats, samples: int) -> Floats:
    return np.asarray(np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) * shape, samples))


def _sweating(rng: Generator, samples: int) -> Floats:
    return np.linspace(1.0, rng.uniform(0.9, 1.35), samples)


def _mains(rng: Generator, scenario: Scenario, channels: int, samples: int) -> Floats:
    """Amplitudes wander together and step when somebody touches something; each channel has its own imbalance and phase."""
    rate = scenario.rate_hz
    frequency = scenario.mains_hz + rng.uniform(-0.2, 0.2)
    knots = np.arange(0, samples / rate + 20, 8.0)
    wander = np.convolve(rng.normal(0, 0.05, len(knots) + 7), np.ones(8) / np.sqrt(8), "valid")
    steps = np.where(rng.uniform(size=len(knots)) < 0.008, rng.normal(0, 0.2, len(knots)), 0).cumsum()
    size = np.exp(np.interp(np.arange(samples) / rate, knots, np.clip(wander + steps, -0.8, 0.8)))
    mains = np.zeros((samples, channels))
    together = rng.uniform(0, 2 * np.pi, len(_HARMONICS))
    for i in range(channels):
        level = scenario.mains_uv * float(np.clip(rng.lognormal(0, 0.3), 0.4, 2.0))
        for (order, share), phase in zip(_HARMONICS.items(), together, strict=True):
            tilt = share * rng.lognormal(0, 0.4 if order > 1 else 0.0)
            mains[:, i] += level * tilt * folded_sine(order * frequency, rate, samples, phase + rng.normal(0, 0.6))
    return np.asarray(mains * size[:, None])


def _heart(rng: Generator, scenario: Scenario, channels: int, samples: int) -> Floats:
    """QRS complexes common to all leads, faster and slower with breathing."""
    if not scenario.heart_uv:
        return np.zeros((samples, channels))
    rate, duration = scenario.rate_hz, samples / scenario.rate_hz
    beats = [rng.uniform(0, 1)]
    pace = rng.uniform(50, 95) / 60
    while beats[-1] < duration:
        sway = 1 + 0.05 * np.sin(2 * np.pi * 0.23 * beats[-1])
        beats.append(beats[-1] + sway / pace * (1 + rng.normal(0, 0.02)))
    t = np.arange(-0.06, 0.06, 1 / rate)
    complexes = np.exp(-0.5 * (t / 0.011) ** 2) - 0.3 * np.exp(-0.5 * ((t - 0.026) / 0.011) ** 2)
    train = np.zeros(samples + len(t))
    at = np.rint(np.array(beats) * rate).astype(int)
    train[at[at < samples]] = 1.0
    heart = np.convolve(train, complexes)[len(t) // 2 :][:samples]
    return np.asarray(heart[:, None] * scenario.heart_uv * rng.lognormal(0, 0.4, channels)[None, :])
