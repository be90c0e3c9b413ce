"""What lies between muscle and amplifier when nothing goes wrong: electrodes, drift, mains, heart, and the eye's potential.

Electrode noise has a white and a 1/f part; gel electrodes have 1–3 µV RMS in 20–450 Hz, channels differ by half to three times. Slow
parts (below 20 Hz) are made at the output rate, where the converter no longer changes them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from benchmarks.strangers.scenarios import Trouble
from benchmarks.strangers.stage import Lid
from calibration.montage import Channel, Montage, Side, Site

Floats = NDArray[np.float64]
BAND_HZ = 430.0
"""Width of 20–450 Hz, in which electrode noise is stated."""


@dataclass(frozen=True, slots=True)
class Electrode:
    """One pair. white_uv: RMS in 20–450 Hz."""

    white_uv: float
    corner_hz: float
    offset_uv: float
    drift_uv: float
    mains_uv: float
    mains_phase: float
    heart_uv: float
    gaze: tuple[float, float]
    """µV of a look all the way to the left, and up."""
    lid_uv: float

    @property
    def density(self) -> float:
        """White noise, µV per root Hz."""
        return self.white_uv / float(np.sqrt(BAND_HZ))


def electrodes(rng: np.random.Generator, montage: Montage, trouble: Trouble) -> list[Electrode]:
    """One per channel, in their order."""
    noise = float(rng.uniform(1.0, 2.2))
    mains = float(rng.uniform(*trouble.mains_uv))
    heart = float(rng.uniform(3, 15)) if rng.random() < trouble.heart else 0.0
    eye = float(rng.uniform(*trouble.gaze_uv))
    return [
        Electrode(
            white_uv=float(np.clip(noise * np.exp(0.25 * rng.standard_normal()), 0.7, 4.0)),
            corner_hz=float(rng.uniform(10, 40)),
            offset_uv=float(rng.normal(0, 12_000)),
            drift_uv=float(np.exp(rng.uniform(np.log(100), np.log(1500)))),
            mains_uv=mains * float(np.exp(0.2 * rng.standard_normal())),
            mains_phase=float(rng.uniform(0, 2 * np.pi)),
            heart_uv=heart * float(rng.uniform(0.2, 1.0)) * (1 if c.side is Side.LEFT else 0.6),
            gaze=_gaze_gain(rng, c, eye),
            lid_uv=eye
            * {Site.ORBICULARIS_OCULI: 1.0, Site.FRONTALIS: 0.35}.get(c.site, 0.06)
            * float(rng.uniform(0.6, 1.3)),
        )
        for c in montage.channels
    ]


def _gaze_gain(rng: np.random.Generator, channel: Channel, eye: float) -> tuple[float, float]:
    near = {Site.ORBICULARIS_OCULI: 1.0, Site.FRONTALIS: 0.3, Site.ZYGOMATICUS: 0.12}.get(channel.site, 0.03)
    sign = 1.0 if channel.side is Side.LEFT else -1.0
    return sign * eye * near * float(rng.uniform(0.5, 1.2)), eye * near * float(rng.uniform(0.2, 0.8))


def coloured(rng: np.random.Generator, samples: int, rate_hz: float, electrode: Electrode) -> Floats:
    """(samples,) µV of the 1/f part and of slow drift with sweat, around the offset."""
    spectrum = rng.standard_normal(samples // 2 + 1) + 1j * rng.standard_normal(samples // 2 + 1)
    f = np.fft.rfftfreq(samples, 1 / rate_hz)
    f[0] = f[1]
    pink = electrode.density * np.sqrt(electrode.corner_hz / np.maximum(f, 0.3))
    found = np.fft.irfft(spectrum * pink * np.sqrt(samples * rate_hz / 4), samples)
    coarse = rng.standard_normal(samples // round(rate_hz) + 40)
    walk = (
        gaussian_filter1d(coarse, 4.0)[10:-10] * electrode.drift_uv * 2
        + np.cumsum(coarse[10:-10]) * electrode.drift_uv * 0.05
    )
    at = np.arange(samples) / rate_hz
    return np.asarray(found + electrode.offset_uv + np.interp(at, np.arange(len(walk)), gaussian_filter1d(walk, 1.5)))


class Mains:
    """One power line for all channels: its phase, its harmonics and how strongly it couples wander."""

    def __init__(self, rng: np.random.Generator, hertz: int, samples: int, rate_hz: float) -> None:
        seconds = int(samples / rate_hz) + 2
        deviation = np.clip(rng.normal(0, 0.05) + np.cumsum(rng.normal(0, 0.004, seconds)), -0.2, 0.2)
        turns = np.concatenate([[0], np.cumsum(hertz + deviation)])
        at = np.arange(samples) / rate_hz
        phase = 2 * np.pi * np.interp(at, np.arange(seconds + 1), turns)
        self._sine, self._cosine = np.sin(phase).astype(np.float32), np.cos(phase).astype(np.float32)
        self._harmonics = np.zeros(samples, np.float32)
        for order, share in ((2, 0.2), (3, 0.4), (5, 0.15)):
            height = share * float(rng.uniform(0.3, 1.2))
            self._harmonics += (height * np.sin(order * phase + rng.uniform(0, 2 * np.pi))).astype(np.float32)
        coupling = np.exp(gaussian_filter1d(rng.standard_normal(seconds + 60), 12)[:seconds] * 0.15)
        for _ in range(rng.poisson(seconds / 300)):  # the person touches something
            coupling[int(rng.integers(seconds)) :] *= float(rng.uniform(0.96, 1.04))
        self._coupling = np.interp(at, np.arange(seconds), np.clip(coupling, 0.4, 2.5)).astype(np.float32)

    def seen_by(self, electrode: Electrode) -> NDArray[np.float32]:
        """(samples,) µV."""
        peak = np.float32(electrode.mains_uv * np.sqrt(2))
        c, s = np.float32(np.cos(electrode.mains_phase)), np.float32(np.sin(electrode.mains_phase))
        return np.asarray(peak * self._coupling * (c * self._sine + s * self._cosine + self._harmonics))


def heartbeats(rng: np.random.Generator, samples: int, rate_hz: float) -> Floats:
    """(samples,) QRS complexes of height 1, 50–100 a minute with respiratory arrhythmia."""
    found = np.zeros(samples)
    pace = float(rng.uniform(50, 95)) / 60
    at, width = float(rng.uniform(0, 1)), round(0.1 * rate_hz)
    time = (np.arange(width) - width / 2) / rate_hz
    shape = (
        np.exp(-((time / 0.011) ** 2))
        - 0.25 * np.exp(-(((time + 0.025) / 0.01) ** 2))
        - 0.35 * np.exp(-(((time - 0.028) / 0.012) ** 2))
    )
    while at < samples / rate_hz:
        first = round(at * rate_hz)
        part = found[first : first + width]
        part += shape[: len(part)]
        at += (1 + 0.04 * np.sin(2 * np.pi * 0.25 * at) + float(rng.normal(0, 0.015))) / pace
    return found


class Eyes:
    """Where both eyes look, and the lids over them, at the output rate."""

    def __init__(self, rng: np.random.Generator, samples: int, rate_hz: float, lids: list[Lid]) -> None:
        self._across, self._up, self._lid = np.zeros(samples), np.zeros(samples), np.zeros(samples)
        at, where = float(rng.exponential(0.5)), np.zeros(2)
        while at < samples / rate_hz:
            where = np.clip(0.6 * where + rng.normal(0, 0.35, 2), -1, 1)
            first = round(at * rate_hz)
            self._across[first:], self._up[first:] = where
            at += float(rng.gamma(1.5, 0.6)) + 0.15
        width = 0.012 * rate_hz  # a saccade takes 30–60 ms
        self._across, self._up = gaussian_filter1d(self._across, width), gaussian_filter1d(self._up, width)
        for lid in lids:
            first, length = round(lid.start_s * rate_hz), max(3, round(lid.length_s * rate_hz))
            x = np.linspace(0, 1, length)
            shape = lid.depth * np.where(x < 0.3, np.sin(np.pi * x / 0.6) ** 2, np.cos(np.pi * (x - 0.3) / 1.4) ** 2)
            part = self._lid[max(0, first) : first + length]
            part += shape[: len(part)]

    def seen_by(self, electrode: Electrode) -> Floats:
        """(samples,) µV."""
        across, up = electrode.gaze
        return np.asarray(across * self._across + up * self._up + electrode.lid_uv * self._lid)
