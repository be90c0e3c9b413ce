"""What goes wrong at the electrodes: pops, motion, tugs at the cable of one side, pairs that dry and come off.

Each accident adds to the signal in front of the converter, or makes noise and mains of a channel grow, and is named in the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from benchmarks.strangers.scenarios import Trouble
from calibration.montage import Montage, Side
from hfs_emg.events import InvalidReason

Floats = NDArray[np.float64]
OFF_UV = 400_000.0
"""A pair that hangs in the air drifts beyond what the converter can say (±187 500 µV)."""


@dataclass(frozen=True, slots=True)
class Accident:
    """added: µV at the output rate of each channel, from start_s on. offs: whether the channels read nothing meanwhile."""

    start_s: float
    end_s: float
    label: str
    reason: InvalidReason
    added: dict[int, Floats]
    off: bool = False


def accidents(
    rng: np.random.Generator, montage: Montage, trouble: Trouble, duration_s: float, rate_hz: float
) -> list[Accident]:
    """All of one recording, in order."""
    found: list[Accident] = []
    for per_min, make in ((trouble.pops, _pop), (trouble.motions, _motion), (trouble.tugs, _tug)):
        starts = (float(rng.uniform(0.5, duration_s - 2.5)) for _ in range(rng.poisson(per_min * duration_s / 60)))
        found.extend(make(rng, montage, start_s, rate_hz) for start_s in starts)
    for _ in range(rng.poisson(trouble.rails_per_hour * duration_s / 3600)):
        length = float(np.clip(rng.lognormal(np.log(6), 0.8), 1, min(60, 0.3 * duration_s)))
        found.append(_off(rng, montage, float(rng.uniform(0.5, max(1, duration_s - length - 1))), length, rate_hz))
    return sorted(found, key=lambda a: a.start_s)


def dryness(rng: np.random.Generator, montage: Montage, drying: bool, seconds: int) -> Floats:
    """(channels, seconds) 0…1: how far each pair has dried, some moistened again."""
    found = np.zeros((len(montage.channels), seconds))
    if not drying:
        return found
    for i in rng.choice(len(montage.channels), max(2, len(montage.channels) // 3), replace=False):
        start = rng.uniform(0.05, 0.6) * seconds
        level = np.clip((np.arange(seconds) - start) / (rng.uniform(0.15, 0.5) * seconds), 0, 1) ** 2
        mended = rng.uniform(0.7, 1.4) * seconds
        found[i] = np.where(np.arange(seconds) < mended, level, 0.1 * level)
    return found


def _pop(rng: np.random.Generator, montage: Montage, start_s: float, rate_hz: float) -> Accident:
    """A step of 0.1–5 mV that decays within 50–500 ms."""
    step = float(np.exp(rng.uniform(np.log(100), np.log(5000)))) * float(rng.choice([-1, 1]))
    tau = float(rng.uniform(0.05, 0.5))
    time = np.arange(round(5 * tau * rate_hz)) / rate_hz
    shape = step * np.exp(-time / tau)
    length = float(np.clip(tau * np.log(abs(step) / 20), 0.05, 2.0))
    channel = int(rng.integers(len(montage.channels)))
    return Accident(start_s, start_s + length, "pop", "pop", {channel: shape})


def _motion(rng: np.random.Generator, montage: Montage, start_s: float, rate_hz: float) -> Accident:
    """0.5–15 Hz, 50–2000 µV, on one to four pairs that lie together."""
    length = float(rng.uniform(0.2, 2.0))
    n = round(length * rate_hz)
    window = np.sin(np.pi * np.arange(n) / n) ** 0.5
    width = rate_hz / (2 * np.pi * rng.uniform(1.5, 12))
    common = _unit(gaussian_filter1d(rng.standard_normal(n), width))
    size = float(np.exp(rng.uniform(np.log(50), np.log(2000))))
    first, count = int(rng.integers(len(montage.channels))), int(rng.integers(1, 5))
    added = {}
    for i in range(first, min(len(montage.channels), first + count)):
        own = _unit(gaussian_filter1d(rng.standard_normal(n), width))
        added[i] = window * size * float(rng.uniform(0.2, 1)) * (0.8 * common + 0.4 * own)
    return Accident(start_s, start_s + length, "motion", "motion", added)


def _tug(rng: np.random.Generator, montage: Montage, start_s: float, rate_hz: float) -> Accident:
    """All pairs of one side: a jerk that rings at 5–40 Hz, scrapes, and leaves the baseline elsewhere for a while."""
    side = Side.LEFT if rng.random() < 0.5 else Side.RIGHT
    length = float(rng.uniform(0.1, 0.9))
    n = round((length + 1.5) * rate_hz)
    time = np.arange(n) / rate_hz
    size = float(np.exp(rng.uniform(np.log(60), np.log(1200))))
    held = np.where(time < length, 1.0, np.exp(-(time - length) / 0.05))
    ring = np.sin(2 * np.pi * rng.uniform(5, 40) * time) * np.exp(-time / (0.5 * length))
    scrape = rng.standard_normal(n) * held * float(rng.uniform(0.05, 0.35))
    shift = (1 - np.exp(-time / 0.02)) * np.exp(-time / (0.4 * length + 0.1))
    added = {}
    for i in montage.on(side):
        own = size * float(rng.uniform(0.35, 1.0)) * float(rng.choice([-1, 1]))
        added[i] = own * (ring + scrape + float(rng.uniform(0.2, 1.5)) * shift)
    return Accident(start_s, start_s + length, "tug", "motion", added)


def _off(rng: np.random.Generator, montage: Montage, start_s: float, length_s: float, rate_hz: float) -> Accident:
    """A pair comes off: its input runs to the rail within some tenths of a second and stays until it is put back."""
    time = np.arange(round(length_s * rate_hz)) / rate_hz
    sign = float(rng.choice([-1, 1]))
    shape = sign * OFF_UV * (1 - np.exp(-time / rng.uniform(0.05, 0.4)))
    channel = int(rng.integers(len(montage.channels)))
    back = sign * 40_000 * np.exp(-np.arange(round(0.8 * rate_hz)) / (0.12 * rate_hz))
    return Accident(start_s, start_s + length_s, "rail", "rail", {channel: np.concatenate([shape, back])}, off=True)


def _unit(values: Floats) -> Floats:
    return np.asarray(values / max(float(values.std()), 1e-9))
