"""What is drawn again and again: a quantity with its spread, times of renewal, stretches of an occupation; and how force rises.

Everything in this package that is random comes from one generator per face, in one order. A draw that is not needed is made all the
same where leaving it out would shift what comes after.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import gammainc

Floats = NDArray[np.float64]


class Flanks(NamedTuple):
    """How long an activation takes to come and to go."""

    rise_s: float
    decay_s: float


def log_normal(rng: Generator, median: float, sigma: float, low: float = -np.inf, high: float = np.inf) -> float:
    """A log-normal quantity with this median, cut off at low and high (in its own unit)."""
    return float(np.clip(median * np.exp(sigma * rng.standard_normal()), low, high))


def renewal_times(rng: Generator, per_min: float, start_s: float, end_s: float, least_s: float = 0.3) -> list[float]:
    """Times in seconds of a renewal process with exponential gaps, never closer than least_s. None where per_min is 0."""
    if per_min <= 0:
        return []
    mean_s = 60 / per_min
    times, t = [], start_s + rng.uniform(0, 1) * mean_s
    while t < end_s:
        times.append(t)
        t += least_s + rng.gamma(1.0, max(mean_s - least_s, 0.05))
    return times


def stretches(rng: Generator, share: float, typical_s: float, duration_s: float) -> list[tuple[float, float]]:
    """(start_s, end_s) of an occupation that fills about `share` of duration_s, each about typical_s long."""
    if share <= 0:
        return []
    found = []
    t = rng.uniform(0, 1) * typical_s * (1 - share) / share
    while t < duration_s - 5:
        length_s = log_normal(rng, typical_s, 0.5, typical_s / 4, typical_s * 4)
        found.append((t, min(t + length_s, duration_s - 2)))
        t += length_s + log_normal(rng, typical_s * (1 - share) / max(share, 0.02), 0.5)
    return found


def activation(times_s: Floats, start_s: float, end_s: float, flanks: Flanks, order: float = 2.6) -> Floats:
    """0–1 at each time: comes within about the rise from start_s, goes within about the decay after end_s.

    Both flanks are gamma distributions of this order, as a cascade of so many first-order lags answers a step: a muscle comes in
    more slowly than its nerve, and without the corners of a trapezoid.
    """
    on = gammainc(order, np.maximum(0.0, (times_s - start_s) / (flanks.rise_s / 3.3)))
    off = 1.0 - gammainc(order, np.maximum(0.0, (times_s - end_s) / (flanks.decay_s / 3.3)))
    return np.asarray(on * off)
