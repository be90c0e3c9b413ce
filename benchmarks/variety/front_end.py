"""What the amplifier sees besides muscle and cable, and what it makes of it: noise, drift, mains, the ADS1299's sinc3.

All is made on an inner grid, a whole multiple of the output rate, so that harmonics of the mains fold as they do on the board. A
third-order sinc takes 11.8 dB at the Nyquist frequency and is 1.5 output samples late (TI SBAS499).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from scipy.interpolate import CubicSpline
from scipy.signal import butter, sosfiltfilt

from benchmarks.variety.draws import Floats, log_normal

INNER = {200: 6, 250: 6, 500: 4, 1000: 3}
"""Inner samples per output sample, by output rate in Hz."""

_HARMONICS = ((1, 1.0), (2, 0.2), (3, 0.4), (5, 0.15))


def sinc3(signals: Floats, ratio: int, *, late: bool = False) -> Floats:
    """(channels, samples / ratio) from (channels, samples). Centred, or as late as the converter is."""
    taps = np.ones(1)
    for _ in range(3):
        taps = np.convolve(taps, np.ones(ratio) / ratio)
    out = np.array([np.convolve(row, taps, "same") for row in signals])
    if late:
        delay = round(1.5 * (ratio - 1))
        out = np.concatenate([np.repeat(out[:, :1], delay, axis=1), out[:, : out.shape[1] - delay]], axis=1)
    return np.asarray(out[:, ::ratio])


def muscle_band(signals: Floats, rate_hz: float) -> Floats:
    """(channels, samples) from 20 Hz to the Nyquist frequency, without delay."""
    return np.asarray(sosfiltfilt(butter(4, 20, "high", fs=rate_hz, output="sos"), signals, axis=-1))


def running_rms(signals: Floats, rate_hz: float, window_s: float) -> Floats:
    """(channels, samples) RMS of a window around each sample, shorter at both ends."""
    width = max(1, round(window_s * rate_hz))
    n = signals.shape[-1]
    power = np.cumsum(np.concatenate([np.zeros((*signals.shape[:-1], 1)), signals * signals], axis=-1), axis=-1)
    first = np.clip(np.arange(n) - width // 2, 0, n)
    after = np.clip(first + width, 0, n)
    within = power[..., after] - power[..., first]
    return np.asarray(np.sqrt(np.maximum(0, within / np.maximum(1, after - first))))


def electrode_noise(rng: Generator, samples: int, fs: float, microvolts: float, corner_hz: float) -> Floats:
    """(samples,) µV of white noise that rises as 1/f below corner_hz; `microvolts` RMS between 20 and 450 Hz."""
    f = np.fft.rfftfreq(samples, 1 / fs)
    f[0] = f[1]
    density = microvolts / np.sqrt(430 + corner_hz * np.log(450 / 20))
    amplitude = density * np.sqrt(1 + corner_hz / np.maximum(f, 0.5)) * np.sqrt(fs * samples / 2) / np.sqrt(2)
    real, imaginary = (rng.standard_normal(len(f), dtype=np.float32) for _ in range(2))
    z = (real + 1j * imaginary) * amplitude
    z[0] = 0
    return np.fft.irfft(z, samples)


def slow_drift(rng: Generator, samples: int, fs: float, microvolts: float) -> Floats:
    """(samples,) µV: a smooth random walk with a step every four seconds, most of its trend taken off."""
    knots = max(6, int(samples / fs / 4))
    walk = np.cumsum(rng.standard_normal(knots))
    walk -= np.linspace(walk[0], walk[-1], knots) * 0.6
    walk *= microvolts / max(1e-9, walk.std())
    return np.asarray(CubicSpline(np.linspace(0, samples, knots), walk)(np.arange(samples)))


def mains(rng: Generator, samples: int, fs: float, channels: int, *, hz: float, microvolts: float) -> Floats:
    """(channels, samples) µV of hum: one wandering frequency, each channel with harmonics and a strength of its own."""
    t = np.arange(samples) / fs
    knots = max(4, int(samples / fs / 10))
    off_hz = np.interp(t, np.linspace(0, t[-1], knots), rng.normal(0, 0.03, knots))
    phase = 2 * np.pi * (hz * t + np.cumsum(off_hz) / fs)
    waves = [(part * np.sin(h * phase), part * np.cos(h * phase)) for h, part in _HARMONICS]
    changes = max(4, int(samples / fs / 6))
    return np.array([_hum(rng, t, waves, changes, microvolts) for _ in range(channels)])


def _hum(rng: Generator, t: Floats, waves: Sequence[tuple[Floats, Floats]], changes: int, microvolts: float) -> Floats:
    """One channel's; its strength wanders by some percent, so many times."""
    walk = np.exp(0.08 * np.cumsum(rng.standard_normal(changes)) / np.sqrt(changes))
    wander = np.interp(t, np.linspace(0, t[-1], changes), walk)
    hum = np.zeros(len(t))
    for sine, cosine in waves:
        angle = rng.uniform(0, 2 * np.pi)
        gain = rng.lognormal(0, 0.3)
        hum = hum + gain * (sine * np.cos(angle) + cosine * np.sin(angle))
    return np.asarray(hum * wander * microvolts * np.sqrt(2) * log_normal(rng, 1, 0.3, 0.4, 2))
