"""What is always there: electrode noise, resting tone, hum with its harmonics, standing potential and drift.

All of it is stationary, so it is made at the output rate with the front end's gain in closed form: noise through an FIR
whose response is the analogue spectrum times sinc³ with its folded parts, hum as sines that carry the gain of their
true frequency and fold by being sampled (at 250 samples per second the third harmonic of 60 Hz, 180 Hz, shows at 70 Hz,
−28 dB). Segment k is a pure function of the seed and k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.simulation.anatomy import Face
from hfs_emg.simulation.events import stream
from hfs_emg.simulation.front_end import OVERSAMPLED_HZ, sinc3_gain
from hfs_emg.simulation.scenario import Scenario

Samples = NDArray[np.float64]

_HARMONICS = ((1, 1.0), (2, 0.2), (3, 0.4), (5, 0.15))
"""Harmonic and its size relative to the fundamental."""
_STREAM = 7
_SEGMENTS = 1_000


class Background:
    """The stationary part of one face at one output rate, in segments of a fixed length."""

    def __init__(self, scenario: Scenario, face: Face, rate_hz: float, segment_samples: int, seed: int) -> None:
        rng = stream(seed, scenario.name, _STREAM)
        self._inputs = len(face.places)
        self._rate_hz = rate_hz
        self._length = segment_samples
        self._seed = seed
        self._name = scenario.name
        self._growth_per_s = scenario.noise.growth_per_hour / 3600.0
        spectra = noise_spectra(scenario, face, rate_hz)
        kernels = np.fft.irfft(spectra * np.sqrt(rate_hz / 2.0), axis=1)
        self._reach = kernels.shape[1]
        kernels = np.roll(kernels, self._reach // 2, axis=1) * np.hanning(self._reach + 1)[:-1]
        self.quiet_rms_uv = _rms_above(kernels, 20.0, rate_hz)
        self._points = -(-(segment_samples + self._reach) // 500) * 500
        self._response = np.fft.rfft(kernels, self._points, axis=1)
        self._tail: tuple[int, Samples] | None = None

        self._offset_uv = face.offset_uv[:, None]
        size = 1000.0 * scenario.noise.drift_mv
        self._drift_hz = np.exp(rng.uniform(np.log(0.01), np.log(0.3), 4))
        self._drift_phase = rng.uniform(0.0, 2 * np.pi, 4)
        self._drift_uv = size * rng.normal(0.0, 0.5, (self._inputs, 4)) * np.sqrt(0.01 / self._drift_hz) * 2.0
        self._mains_hz = face.mains_hz
        self._mains_wander = rng.uniform(0.2, 1.0), rng.uniform(0.002, 0.01)
        self._mains_uv = np.sqrt(2.0) * face.mains_uv
        self._mains_angles = rng.uniform(0.0, 2 * np.pi, len(_HARMONICS)), rng.normal(0.0, 0.5, self._inputs)

    def times_s(self, segment: int) -> Samples:
        """(samples,) times of a segment."""
        return (segment * self._length + np.arange(self._length)) / self._rate_hz

    def noise(self, segment: int) -> Samples:
        """(inputs, samples) electrode noise and resting tone, µV."""
        if self._tail is None or self._tail[0] != segment - 1:
            self._tail = (segment - 1, self._filtered(segment - 1)[:, self._length : self._length + self._reach])
        whole = self._filtered(segment)
        out = whole[:, : self._length].copy()
        out[:, : self._reach] += self._tail[1]
        self._tail = (segment, whole[:, self._length : self._length + self._reach].copy())
        grown = np.minimum(1.0 + self._growth_per_s * self.times_s(segment), 2.0)
        return np.asarray(out * grown, dtype=np.float64)

    def _filtered(self, segment: int) -> Samples:
        rng = stream(self._seed, self._name, _SEGMENTS + segment)
        white = rng.standard_normal((self._inputs, self._length))
        spectrum = np.fft.rfft(white, self._points, axis=1) * self._response
        return np.asarray(np.fft.irfft(spectrum, self._points, axis=1), dtype=np.float64)

    def slow(self, segment: int) -> Samples:
        """(inputs, samples) standing potential and drift, µV."""
        t = self.times_s(segment)
        out = np.repeat(self._offset_uv, self._length, axis=1)
        for i, (f, phase) in enumerate(zip(self._drift_hz, self._drift_phase, strict=True)):
            out += self._drift_uv[:, i, None] * np.sin(2 * np.pi * f * t + phase)
        return out

    def mains(self, segment: int) -> Samples:
        """(inputs, samples) hum, µV."""
        t = self.times_s(segment)
        depth, wander_hz = self._mains_wander
        angle = 2 * np.pi * self._mains_hz * t + depth * np.sin(2 * np.pi * wander_hz * t)
        own, turns = self._mains_angles
        out = np.zeros((self._inputs, self._length))
        for (harmonic, part), start in zip(_HARMONICS, own, strict=True):
            size = self._mains_uv * part * float(sinc3_gain(harmonic * self._mains_hz, self._rate_hz))
            wave, quarter = np.sin(harmonic * angle + start), np.cos(harmonic * angle + start)
            out += (size * np.cos(harmonic * turns))[:, None] * wave
            out += (size * np.sin(harmonic * turns))[:, None] * quarter
        return out


def noise_spectra(scenario: Scenario, face: Face, rate_hz: float) -> Samples:
    """(inputs, bins) amplitude density in µV/√Hz behind the front end, folded; bins from 0 to half the rate, about 1 Hz
    apart."""
    points = 2 ** round(np.log2(rate_hz))
    bins = np.fft.rfftfreq(points, 1.0 / rate_hz)
    power = np.zeros((len(face.places), len(bins)))
    for fold in range(int(OVERSAMPLED_HZ / 2 // rate_hz) + 1):
        for sign in (1, -1):
            if fold == 0 and sign < 0:
                continue
            f = np.abs(fold * rate_hz + sign * bins)
            power += _analogue_power(scenario, face, f) * sinc3_gain(f, rate_hz) ** 2
    return np.asarray(np.sqrt(power), dtype=np.float64)


def _analogue_power(scenario: Scenario, face: Face, f: Samples) -> Samples:
    """(inputs, bins) one-sided power density in µV²/Hz; electrode noise is normalised over 20–450 Hz, tone over the
    whole band."""
    corner = face.corner_hz[:, None]
    band = 430.0 + corner * np.log(450.0 / 20.0)
    electrode = face.noise_uv[:, None] ** 2 / band * (1.0 + corner / np.maximum(f, 1.0))
    grid = np.arange(1.0, 1000.0)
    c = scenario.carrier

    def shape(x: Samples) -> Samples:
        return x**2 / ((x**2 + c.low_corner_hz**2) * (x**2 + c.high_corner_hz**2) ** 2)

    tone = face.tone_uv[:, None] ** 2 * shape(f) / np.sum(shape(grid))
    return np.asarray(electrode + tone, dtype=np.float64)


def _rms_above(kernels: Samples, low_hz: float, rate_hz: float) -> Samples:
    """(inputs,) RMS of white noise of unit variance through each kernel, from low_hz up."""
    power = np.abs(np.fft.rfft(kernels, axis=1)) ** 2
    bins = np.fft.rfftfreq(kernels.shape[1], 1.0 / rate_hz)
    return np.asarray(np.sqrt(2.0 * np.sum(power[:, bins >= low_hz], axis=1) / kernels.shape[1]), dtype=np.float64)
