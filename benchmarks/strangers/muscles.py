"""A muscle: motor units, how effort recruits them, and how a volley of the nerve strikes them.

Effort recruits small units first (size principle); each begins at about 8 discharges a second and quickens, those recruited first
stay the fastest (onion skin, De Luca and Erim 1994). Trains are renewal trains. A volley strikes a random share of all units at once,
whatever their size, each at its own latency. Amplitudes are given as a share of the muscle's RMS at full effort.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.strangers.fibres import PHASES, unit_potentials

Floats = NDArray[np.float64]
UNITS = 40
GRID_HZ = 1000.0
"""Of effort profiles."""
SLOWEST_HZ, FASTEST_HZ = 8.0, 40.0
VOLLEY_JITTER_S = 0.0004


@dataclass(frozen=True, slots=True)
class Train:
    """Discharges of one muscle: when, of which unit, how strong relative to the unit's own potential."""

    times_s: Floats
    units: NDArray[np.int64]
    weights: Floats

    @property
    def span_s(self) -> tuple[float, float] | None:
        """First and last discharge, or None when there is none."""
        return (float(self.times_s.min()), float(self.times_s.max())) if len(self.times_s) else None


class Pool:
    """The motor units of one muscle of one side, as the electrode pair above it sees them."""

    def __init__(self, rng: np.random.Generator, rate_hz: float, full_uv: float, depth_mm: float) -> None:
        self._rate_hz = rate_hz
        rank = np.arange(UNITS) / (UNITS - 1)
        size = np.exp(np.log(rng.uniform(5, 14)) * rank + 0.25 * rng.standard_normal(UNITS))
        shapes = unit_potentials(rng, UNITS, rate_hz, depth_mm) * size[:, None]
        self._thresholds = rng.uniform(0.45, 0.75) * np.expm1(3 * rank) / np.expm1(3.0)
        self._ceilings = FASTEST_HZ - rng.uniform(8, 18) * rank
        efforts = np.linspace(0, 1, 101)
        energies = (shapes**2).sum(axis=1) / (rate_hz * PHASES)
        rms = np.sqrt(self._rates(efforts) @ energies)
        self._efforts, self._amplitudes = efforts, rms / rms[-1]
        scale = full_uv / rms[-1]
        self.full_uv = full_uv
        self._latencies_s = np.abs(rng.normal(0, rng.uniform(0.0008, 0.0022), UNITS))
        self._shapes = shapes * scale
        self._alone = float(energies.sum() * scale**2)
        self._together = self._energy_in_step()
        self._irregularity = rng.uniform(0.14, 0.28)

    def _energy_in_step(self) -> float:
        """Of all units struck by one volley, µV² s."""
        shift = np.rint(self._latencies_s * self._rate_hz * PHASES).astype(int)
        total = np.zeros(self._shapes.shape[1] + shift.max())
        for shape, by in zip(self._shapes, shift, strict=True):
            total[by : by + len(shape)] += shape
        return float((total**2).sum() / (self._rate_hz * PHASES))

    def _rates(self, effort: Floats) -> Floats:
        """(n, units) discharges per second at (n,) efforts."""
        above = effort[:, None] - self._thresholds[None, :]
        rise = 1 - np.exp(-np.maximum(above, 0) / 0.22)
        return np.asarray(np.where(above > 0, SLOWEST_HZ + (self._ceilings - SLOWEST_HZ) * rise, 0.0))

    def graded(self, rng: np.random.Generator, start_s: float, amplitude: Floats, vigour: float = 1.0) -> Train:
        """Trains for an (n,) amplitude profile of 1 kHz, share of full. vigour: how much faster than in held efforts units fire,
        as they do in the first moment of quick movements; the amplitude stays as asked."""
        effort = np.interp(amplitude / np.sqrt(vigour), self._amplitudes, self._efforts)
        effort[amplitude <= 0] = 0.0
        turned = np.cumsum(self._rates(effort) * (vigour / GRID_HZ), axis=0)
        wanted = turned[-1]
        most = int(wanted.max() * 1.6 + 12)
        shape = 1 / self._irregularity**2
        steps = rng.gamma(shape, 1 / shape, (UNITS, most))
        steps[:, 0] = rng.uniform(0.05, 0.7, UNITS)
        due = np.cumsum(steps, axis=1)
        times, units = [], []
        for unit in np.flatnonzero(wanted > 0.05):
            when = np.searchsorted(turned[:, unit], due[unit][due[unit] < wanted[unit]])
            times.append(when)
            units.append(np.full(len(when), unit))
        if not times:
            return Train(np.zeros(0), np.zeros(0, np.int64), np.zeros(0))
        index = np.concatenate(times)
        at = start_s + (index + rng.uniform(0, 1, len(index))) / GRID_HZ
        return Train(at, np.concatenate(units), np.ones(len(index)))

    def volleys(
        self, rng: np.random.Generator, times_s: Floats, amplitude: Floats, rate_hz: float, most: float
    ) -> Train:
        """What volleys at (n,) times of about rate_hz do; amplitude (n,), share of full. most: of the units by one volley."""
        target = (amplitude * self.full_uv) ** 2 / rate_hz
        excess = self._together - self._alone
        share = (-self._alone + np.sqrt(self._alone**2 + 4 * max(excess, 1e-9) * target)) / (2 * max(excess, 1e-9))
        share = np.clip(share, 3.0 / UNITS, most)
        given = share**2 * self._together + share * (1 - share) * self._alone
        weight = np.sqrt(target / given)
        struck = rng.random((len(times_s), UNITS)) < share[:, None]
        volley, unit = np.nonzero(struck)
        at = times_s[volley] + self._latencies_s[unit] + rng.normal(0, VOLLEY_JITTER_S, len(unit))
        return Train(at, unit, weight[volley])

    def alone(self, times_s: Floats, unit: int, amplitude_uv: float) -> Train:
        """One unit's discharges, strong enough that three of them within 50 ms have this RMS over it."""
        energy = float((self._shapes[unit] ** 2).sum() / (self._rate_hz * PHASES))
        weight = np.sqrt(amplitude_uv**2 * 0.05 / (3 * energy))
        return Train(times_s, np.full(len(times_s), unit), np.full(len(times_s), weight))

    def render(self, trains: list[Train], samples: int) -> NDArray[np.float32]:
        """(samples,) µV at the rate of the pool."""
        found = np.zeros(samples + 1, np.float32)
        if not trains:
            return found[:-1]
        times = np.concatenate([t.times_s for t in trains])
        units = np.concatenate([t.units for t in trains])
        weights = np.concatenate([t.weights for t in trains])
        order = np.argsort(times, kind="stable")
        tick = np.rint(times[order] * self._rate_hz * PHASES).astype(np.int64)
        units, weights = units[order], weights[order]
        inside = (tick >= 0) & (tick < (samples - 1) * PHASES)
        tick, units, weights = tick[inside], units[inside], weights[inside]
        table = _by_phase(self._shapes)
        for first in range(0, len(tick), 60_000):
            part = slice(first, first + 60_000)
            base, phase = tick[part] // PHASES, tick[part] % PHASES
            drawn = table[units[part], phase] * weights[part, None]
            start = int(base[0])
            where = (base - start)[:, None] + np.arange(table.shape[2])
            total = np.bincount(where.ravel(), drawn.ravel()).astype(np.float32)
            end = min(samples, start + len(total))
            found[start:end] += total[: end - start]
        return found[:-1]


def _by_phase(shapes: Floats) -> Floats:
    """(units, PHASES, samples): the potential as sampled when the discharge lies 0…3 quarters after a sample."""
    units, fine = shapes.shape
    padded = np.zeros((units, fine + PHASES))
    padded[:, PHASES:] = shapes
    return np.stack([padded[:, PHASES - p :: PHASES][:, : fine // PHASES] for p in range(PHASES)], axis=1)
