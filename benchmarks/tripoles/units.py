"""A muscle's motor units: the wave of each as an electrode pair sees it, when it is recruited, how fast it fires.

A unit's wave is a tripole that starts at the end plates and runs both ways along the fibre until it dies at the tendons, seen by a pair
1 cm apart through a medium in which the potential falls with distance: depth and place along the fibre make the shape. Fibres of a unit
are spread in time. Units are small first (Henneman), and those recruited first fire fastest (onion skin; De Luca).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WAVE_S = 0.022
HALF_SPACING_MM = 5.0
SLOWEST_HZ, FASTEST_HZ = 8.0, 40.0


@dataclass(frozen=True, slots=True)
class Pool:
    """waves (units, samples) µV at `rate_hz`; thresholds (units,) of effort 0–1; ceilings_hz (units,); latencies_s (units,)."""

    rate_hz: float
    waves: Floats
    thresholds: Floats
    ceilings_hz: Floats
    latencies_s: Floats

    @property
    def size(self) -> int:
        """How many units."""
        return len(self.waves)

    def rates_hz(self, effort: Floats) -> Floats:
        """(units, n) firing rates at (n,) efforts: nothing below a unit's threshold, from 8 /s there up to its ceiling."""
        above = effort[None, :] - self.thresholds[:, None]
        rate = np.minimum(SLOWEST_HZ + 55.0 * above, self.ceilings_hz[:, None])
        return np.asarray(np.where(above > 0, rate, 0.0))

    def effort_for(self, uv: float) -> float:
        """The effort at which trains without common timing add up to that RMS; 1 where it is out of reach."""
        efforts = np.linspace(0.0, 1.0, 81)
        energy = np.sum(self.waves**2, axis=1) / self.rate_hz
        return float(np.interp(uv, np.sqrt(energy @ self.rates_hz(efforts)), efforts))


def drawn_pool(rng: Generator, rate_hz: float, strongest_uv: float, size: int) -> Pool:
    """Units whose interference pattern has an RMS of `strongest_uv` at full effort (Campbell's theorem)."""
    order = np.arange(size) / max(1, size - 1)
    thresholds = 0.004 + 0.7 * (np.exp(3.2 * order) - 1) / (np.exp(3.2) - 1)
    ceilings = np.clip(rng.normal(FASTEST_HZ - 3 - 18 * thresholds, 2.0), 12.0, FASTEST_HZ)
    sizes = np.exp(np.log(rng.uniform(8, 25)) * order + rng.normal(0, 0.25, size))
    waves = np.stack([_wave(rng, rate_hz) for _ in range(size)]) * sizes[:, None]
    pool = Pool(rate_hz, waves, thresholds, ceilings, np.abs(rng.normal(0.0, 0.0012, size)))
    power = float(np.sum(pool.rates_hz(np.array([1.0]))[:, 0] * np.sum(waves**2, axis=1) / rate_hz))
    return Pool(rate_hz, waves * (strongest_uv / np.sqrt(power)), thresholds, ceilings, pool.latencies_s)


def _wave(rng: Generator, rate_hz: float) -> Floats:
    """(samples,) of one unit, begun two milliseconds in so that its spread has room."""
    fine = 4
    t_ms = np.arange(round(WAVE_S * rate_hz) * fine) / (rate_hz * fine) * 1e3 - 2.0
    depth = np.clip(rng.lognormal(np.log(3.2), 0.4), 1.4, 9.0)
    aside = rng.uniform(0.0, 5.0)
    distance = float(np.hypot(depth, aside))
    plate, half_fibre = rng.uniform(-14.0, 14.0), rng.uniform(11.0, 19.0)
    speed = np.clip(rng.normal(3.1, 0.45), 2.0, 4.4)
    lead, trail = rng.uniform(1.0, 2.2), rng.uniform(3.5, 7.0)
    leading = rng.uniform(0.65, 0.8)
    poles = ((leading, 0.0), (-1.0, lead), (1.0 - leading, lead + trail))
    seen = np.zeros_like(t_ms)
    for way in (-1.0, 1.0):
        for charge, behind in poles:
            at = plate + way * np.clip(speed * t_ms - behind, 0.0, half_fibre)
            seen += charge * (
                1 / np.hypot(HALF_SPACING_MM - at, distance) - 1 / np.hypot(-HALF_SPACING_MM - at, distance)
            )
    spread_ms = rng.uniform(0.25, 0.9)
    width = np.arange(-3 * spread_ms, 3 * spread_ms, 1e3 / (rate_hz * fine))
    kernel = np.exp(-0.5 * (width / spread_ms) ** 2)
    spread = np.convolve(seen, kernel / kernel.sum(), "same").reshape(-1, fine).mean(axis=1)
    return np.asarray(spread - np.linspace(spread[0], spread[-1], len(spread)))
