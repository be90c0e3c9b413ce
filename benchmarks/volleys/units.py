"""Motor units: the potentials of a pool of them, and the trains that recruit them.

A pool follows Fuglevand, Winter and Patla (1993): thresholds and sizes grow exponentially from the first unit to the last, each
recruited unit begins at 8 /s and gains rate with effort. What a voluntary effort does is a renewal train per unit, found by time
rescaling; what a reflex or an ectopic generator does is a volley, in which a share of all units fires together within a jitter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Spikes = tuple[NDArray[np.int64], NDArray[np.int64], Floats]
"""First sample of each potential on the fine grid, its unit, its gain."""

DRIVE_HZ = 500
UNITS = 36
LONGEST_S = 0.014
_EFFORTS = np.linspace(0, 1, 101)
_AT_ONCE = 60_000  # firings rendered in one go: 60 000 × 56 samples at 4 kHz are 27 MB


@dataclass(frozen=True, slots=True)
class Volleys:
    """Common discharges: when, how strong, how far the units scatter around them, which share takes part. All (n,)."""

    times_s: Floats
    gains: Floats
    jitter_s: Floats
    shares: Floats


@dataclass(frozen=True, slots=True)
class MotorPool:
    """The units that one electrode sees of one muscle.

    waveforms: (units, samples) µV at fine_hz; thresholds, peak_rates: (units,), efforts of 0–1 and /s; levels: µV RMS at each of
    `_EFFORTS`; delays_s: (units,), conduction from the branch to the end plate; variability: CV of a train's intervals.
    """

    fine_hz: int
    waveforms: Floats
    thresholds: Floats
    peak_rates: Floats
    levels: Floats
    delays_s: Floats
    variability: float

    def efforts(self, microvolts: Floats) -> Floats:
        """The effort, 0–1, that shows as so many µV RMS."""
        return np.interp(microvolts, self.levels, _EFFORTS)

    def volley_uv(self, rng: Generator, rate_hz: float, share: float, jitter_s: float) -> float:
        """RMS of an endless run of volleys of gain 1, measured on one of two seconds."""
        times = np.cumsum(rng.gamma(16, 1 / 16 / rate_hz, int(2 * rate_hz)))
        n = len(times)
        run = Volleys(times, np.ones(n), np.full(n, jitter_s), np.full(n, share))
        signal = self.render(int((times[-1] + 0.05) * self.fine_hz), volley_spikes(rng, self, run))
        return float(np.sqrt(np.mean(signal[: int(times[-1] * self.fine_hz)] ** 2)))

    def render(self, samples: int, spikes: Spikes) -> NDArray[np.float32]:
        """(samples,) µV: every potential where it begins, cut at both ends."""
        out = np.zeros(samples)
        length = self.waveforms.shape[1]
        first, unit, gain = spikes
        inside = (first >= 0) & (first < samples - length)
        first, unit, gain = first[inside], unit[inside], gain[inside]
        order = np.argsort(first, kind="stable")
        for at in range(0, len(order), _AT_ONCE):
            now = order[at : at + _AT_ONCE]
            start = int(first[now[0]])
            places = (first[now] - start)[:, None] + np.arange(length)
            part = np.bincount(places.ravel(), (gain[now, None] * self.waveforms[unit[now]]).ravel())
            out[start : start + len(part)] += part
        return out.astype(np.float32)


def motor_pool(rng: Generator, fine_hz: int, strongest_uv: float) -> MotorPool:
    """A pool whose full effort shows as strongest_uv RMS. Potentials of two or three phases, 4–12 ms wide."""
    rank = np.arange(UNITS) / (UNITS - 1)
    widths = np.clip(rng.lognormal(np.log(0.0085), 0.28, UNITS), 0.004, 0.012)
    time = (np.arange(int(LONGEST_S * fine_hz)) + 0.5) / fine_hz - LONGEST_S / 2
    x = time / (widths[:, None] / 6)
    third = rng.uniform(0, 1, (UNITS, 1))
    shape = ((1 - third) * -x + third * (1 - x**2)) * np.exp(-(x**2) / 2)
    shape *= np.where(rng.random((UNITS, 1)) < 0.8, 1, -1)  # most fibres run the same way under the pair
    waveforms = shape / np.abs(shape).max(axis=1, keepdims=True) * np.exp(np.log(12) * rank)[:, None]
    waveforms *= rng.lognormal(0, 0.3, (UNITS, 1))  # depth
    thresholds = 0.75 * np.exp(np.log(40) * (rank - 1))
    peaks = rng.uniform(28, 40, UNITS) - 8 * thresholds
    energies = (waveforms**2).sum(axis=1) / fine_hz
    power = (train_rates(_EFFORTS[:, None], thresholds, peaks) * energies).sum(axis=1)
    scale = strongest_uv / np.sqrt(power[-1])
    levels = np.maximum.accumulate(np.sqrt(power) * scale) + 1e-9 * np.arange(len(power))
    delays = np.abs(rng.normal(0, 0.0008, UNITS))
    return MotorPool(fine_hz, waveforms * scale, thresholds, peaks, levels, delays, float(rng.uniform(0.12, 0.25)))


def train_rates(effort: Floats, thresholds: Floats, peaks: Floats) -> Floats:
    """Firing rate, /s, at an effort: nothing below the threshold, 8 above it and 45 more for each unit of effort."""
    above = effort - thresholds
    return np.asarray(np.where(above > 0, np.minimum(8 + 45 * above, peaks), 0))


def train_spikes(rng: Generator, pool: MotorPool, effort: Floats) -> Spikes:
    """Renewal trains of all units under an effort (n,) at DRIVE_HZ."""
    active = np.flatnonzero(effort > pool.thresholds[0])
    found: list[tuple[Floats, int]] = []
    for unit in range(UNITS if len(active) else 0):
        active = active[effort[active] > pool.thresholds[unit]]
        if not len(active):
            break
        rate = train_rates(effort[active], pool.thresholds[unit], pool.peak_rates[unit])
        passed = np.cumsum(rate) / DRIVE_HZ
        shape = 1 / pool.variability**2
        beats = np.cumsum(rng.gamma(shape, 1 / shape, int(passed[-1] * 1.2) + 10)) - rng.random()
        beats = beats[(beats > 0) & (beats < passed[-1])]
        where = np.searchsorted(passed, beats)
        late = (passed[where] - beats) / (rate[where] / DRIVE_HZ)
        found.append(((active[where] + 1 - late) / DRIVE_HZ, unit))
    if not found:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, np.zeros(0)
    times = np.concatenate([t for t, _ in found])
    units = np.concatenate([np.full(len(t), u) for t, u in found])
    return _first_samples(times, pool), units, np.ones(len(times))


def volley_spikes(rng: Generator, pool: MotorPool, volleys: Volleys) -> Spikes:
    """Firings of the units that take part in each common discharge."""
    rows, units = np.nonzero(rng.random((len(volleys.times_s), UNITS)) < volleys.shares[:, None])
    times = volleys.times_s[rows] + volleys.jitter_s[rows] * rng.standard_normal(len(rows)) + pool.delays_s[units]
    return _first_samples(times, pool), units, volleys.gains[rows] * rng.lognormal(0, 0.1, len(rows))


def _first_samples(times_s: Floats, pool: MotorPool) -> NDArray[np.int64]:
    """A potential begins at its firing: its 14 ms frame is centred, so that it is moved by half its usual width."""
    return np.rint((times_s - LONGEST_S / 2 + 0.003) * pool.fine_hz).astype(np.int64)
