"""From muscles to counts: electrode noise, mains that fold, heart, eyes, the ADS1299's sinc3, 24-bit codes.

The fine grid is a whole multiple of the output rate. A third-order sinc is three running means of one output sample each (TI
SBAS499); it is causal, so that everything arrives one and a half samples late, as on the board. At 250 /s it takes 11.8 dB at the
Nyquist frequency and folds the third harmonic of 60 Hz onto 70 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.volleys.leads import RAIL_UV, Leads
from benchmarks.volleys.sheet import Sheet
from calibration.montage import Channel, Site
from hfs_emg.model import FLOAT_SOURCE_MICROVOLTS_PER_COUNT

Floats = NDArray[np.float32]
_HARMONICS = {1: 1.0, 2: 0.2, 3: 0.4, 5: 0.15}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Electrodes and room. noise_uv: white noise of the best and the worst channel in 500 Hz; heart_uv: height of the QRS complex."""

    noise_uv: tuple[float, float] = (1.0, 2.0)
    mains_hz: float = 50.0
    mains_uv: float = 3.0
    heart_uv: float = 0.0


def fine_rate(rate_hz: float) -> int:
    """The grid on which potentials are drawn: 2 kHz, 4 kHz for recordings of 1 kHz."""
    return 4000 if rate_hz > 500 else 2000


def sinc3(fine: Floats, ratio: int) -> Floats:
    """(samples // ratio,) from (samples,): three running means of `ratio`, every `ratio`-th value."""
    box = np.ones(ratio) / ratio
    taps = np.convolve(np.convolve(box, box), box)
    taps = np.pad(taps, (0, 3 * ratio - len(taps)))[::-1].astype(np.float32)
    rows = fine[: len(fine) // ratio * ratio].reshape(-1, ratio)
    out = rows @ taps[2 * ratio :]
    out[1:] += rows[:-1] @ taps[ratio : 2 * ratio]
    out[2:] += rows[:-2] @ taps[:ratio]
    return np.asarray(out)


class Room:
    """Mains, heart and eyes, which all channels share, each with its own part."""

    def __init__(self, rng: Generator, sheet: Sheet, leads: Leads, around: Surroundings) -> None:
        self._rng = rng
        self._leads = leads
        self._around = around
        self._samples, self._rate_hz = len(leads.extra_uv), leads.rate_hz
        self._heart = _heart(rng, self._samples, self._rate_hz, around.heart_uv)
        self._eye = _lid_potentials(sheet, self._samples, self._rate_hz)
        self._saccades = _saccades(rng, self._samples, self._rate_hz)
        self._waves = self._mains_waves()

    def _mains_waves(self) -> list[tuple[float, Floats, Floats]]:
        """(weight, cosine, sine) of each harmonic after the converter."""
        fine_hz = fine_rate(self._rate_hz)
        ratio = fine_hz // int(self._rate_hz)
        t = np.arange(self._samples * ratio) / fine_hz
        off = self._around.mains_hz + self._rng.uniform(-0.1, 0.1)
        phase = 2 * np.pi * (off * t + 0.02 * np.sin(2 * np.pi * t / 97) * 1.5)
        made = []
        for h, weight in _HARMONICS.items():
            if h * off < fine_hz / 2:
                cosine, sine = (sinc3(wave(h * phase).astype(np.float32), ratio) for wave in (np.cos, np.sin))
                made.append((weight, cosine, sine))
        return made

    def microvolts(self, channel: int) -> Floats:
        """(samples,) µV that this lead picks up besides muscle, white noise and cable."""
        rng, place = self._rng, self._leads.montage.channels[channel]
        t = np.arange(self._samples) / self._rate_hz
        level = np.sqrt(2) * self._around.mains_uv * rng.lognormal(0, 0.3)
        knots = np.arange(0, t[-1] + 60, 20)
        wander = np.interp(t, knots, rng.lognormal(0, 0.04, len(knots)))
        step = np.where(t > rng.uniform(0, t[-1]), rng.lognormal(0, 0.08), 1.0)  # the person moves a hand
        mains = np.zeros(self._samples)
        for weight, cosine, sine in self._waves:
            angle = rng.uniform(0, 2 * np.pi)
            mains += weight * (np.cos(angle) * cosine + np.sin(angle) * sine)
        part = {Site.ORBICULARIS_OCULI: 1.0, Site.FRONTALIS: 0.5}.get(place.site, 0.12) * rng.uniform(0.6, 1.2)
        slow = part * (self._eye + self._saccades * rng.choice((-1, 1))) + self._heart * rng.uniform(0.3, 1.0)
        drift = rng.uniform(100, 1500) * np.sin(2 * np.pi * rng.uniform(0.002, 0.02) * t + rng.uniform(0, 6.3))
        offset = rng.normal(0, 15_000)
        gained = mains * level * wander * step * self._leads.mains_gain[:, channel]
        return np.asarray(gained + slow + drift + offset, np.float32)


def electrode_noise(rng: Generator, samples: int, rate_hz: float, white_uv: float) -> Floats:
    """(samples,) µV: white noise of white_uv in 500 Hz through the converter, and its rise towards low frequencies."""
    fine_hz = fine_rate(rate_hz)
    ratio = fine_hz // int(rate_hz)
    white = rng.standard_normal(samples * ratio, np.float32) * np.float32(white_uv * np.sqrt(fine_hz / 1000))
    f = np.fft.rfftfreq(samples, 1 / rate_hz)
    corner_hz = rng.uniform(10, 40)
    density = white_uv * np.sqrt(rate_hz / 1000) * np.sqrt(corner_hz / np.maximum(f, 0.05))
    pink = np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) * np.where(f > 0, density, 0), samples)
    return np.asarray(sinc3(white, ratio) + pink, np.float32)


def contact_noise(rng: Generator, place: Channel, around: Surroundings) -> float:
    """White noise of one contact, µV in 500 Hz; hair and sweat make the brow's a little worse."""
    low, high = around.noise_uv
    worse = 1.15 if place.site is Site.FRONTALIS else 1.0
    return float(np.exp(rng.uniform(np.log(low), np.log(high))) * worse)


def counts(microvolts: NDArray[np.float64]) -> NDArray[np.int32]:
    """Codes of a converter with a full scale of ±187.5 mV."""
    codes = np.rint(np.clip(microvolts, -2 * RAIL_UV, 2 * RAIL_UV) / FLOAT_SOURCE_MICROVOLTS_PER_COUNT)
    return np.clip(codes, -0x800000, 0x7FFFFF).astype(np.int32)


def _heart(rng: Generator, samples: int, rate_hz: float, uv: float) -> Floats:
    out = np.zeros(samples, np.float32)
    if uv <= 0:
        return out
    interval = 60 / rng.uniform(55, 90)
    beats = np.cumsum(interval * rng.lognormal(0, 0.04, int(samples / rate_hz / interval) + 2))
    x = (np.arange(int(0.1 * rate_hz)) - 0.04 * rate_hz) / rate_hz
    shape = np.exp(-((x / 0.009) ** 2)) - 0.25 * np.exp(-(((x - 0.025) / 0.012) ** 2))
    for at in (beats * rate_hz).astype(int):
        if at + len(shape) < samples:
            out[at : at + len(shape)] += uv * shape
    return out


def _lid_potentials(sheet: Sheet, samples: int, rate_hz: float) -> Floats:
    """Slow waves below 10 Hz as the lid slides over the eye's dipole."""
    out = np.zeros(samples, np.float32)
    for start_s, uv, length_s in sheet.eye:
        at, n = int(start_s * rate_hz), int(length_s * rate_hz)
        if n > 2 and at >= 0 and at + n < samples:
            skewed = (np.arange(n) / n) ** 0.7
            out[at : at + n] += uv * np.sin(np.pi * skewed) ** 2
    return out


def _saccades(rng: Generator, samples: int, rate_hz: float) -> Floats:
    """The eyes look elsewhere: steps of a few tens of µV in 40 ms, held until the next."""
    times = np.cumsum(0.2 + rng.exponential(1.0, int(samples / rate_hz / 0.8) + 10))
    gaze = rng.normal(0, 18, len(times))
    knots = np.ravel(np.column_stack((times, times + 0.04)))
    values = np.ravel(np.column_stack((np.r_[0.0, gaze[:-1]], gaze)))
    return np.asarray(np.interp(np.arange(samples) / rate_hz, knots, values), np.float32)
