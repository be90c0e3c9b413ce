"""When motor units fire: by effort, in synchronous volleys, in a blink."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.tripoles.units import Floats, Pool

GRID_S = 0.005


@dataclass(frozen=True, slots=True)
class Spikes:
    """times_s, units and weights, each (n,); in no order."""

    times_s: Floats
    units: NDArray[np.int64]
    weights: Floats

    def scaled(self, factor: float) -> Spikes:
        """The same at another amplitude."""
        return Spikes(self.times_s, self.units, self.weights * factor)

    def within(self, start_s: float, end_s: float) -> Spikes:
        """Those from start to end."""
        keep = (self.times_s >= start_s) & (self.times_s < end_s)
        return Spikes(self.times_s[keep], self.units[keep], self.weights[keep])


def by_effort(rng: Generator, pool: Pool, start_s: float, effort: Floats) -> Spikes:
    """Renewal trains (gamma intervals, CV 0.12–0.3) of the units that an effort on a 5 ms grid recruits."""
    wanted = np.flatnonzero(pool.thresholds < effort.max(initial=0.0))
    if not len(wanted):
        return _spikes([], [])
    passed = np.cumsum(pool.rates_hz(effort)[wanted], axis=1) * GRID_S
    grid = start_s + np.arange(1, len(effort) + 1) * GRID_S
    most = int(passed[:, -1].max() * 1.6 + 6)
    shape = 1 / rng.uniform(0.12, 0.30, (len(wanted), 1)) ** 2
    gaps = rng.gamma(shape, 1 / shape, (len(wanted), most))
    gaps[:, 0] *= rng.uniform(0, 1, len(wanted))
    due = np.cumsum(gaps, axis=1)
    times = [np.interp(d[d < p[-1]], p, grid) for d, p in zip(due, passed, strict=True)]
    return _spikes(times, [np.full(len(t), unit) for t, unit in zip(times, wanted, strict=True)])


def common_drive(rng: Generator, effort: Floats) -> Floats:
    """The effort with what all its units share: slow wandering below 3 Hz and tremor near 9 Hz (De Luca)."""
    n = len(effort)
    t = np.arange(n) * GRID_S
    wander = sum(
        rng.uniform(0.02, 0.09) * np.sin(2 * np.pi * (f * t + rng.uniform())) for f in rng.uniform(0.4, 3.0, 3)
    )
    tremor = rng.uniform(0.02, 0.10) * np.sin(2 * np.pi * (rng.uniform(7.5, 10.5) * t + rng.uniform()))
    return np.asarray(np.clip(effort * (1 + wander + tremor), 0.0, 1.0))


def discharges(rng: Generator, start_s: float, count: int, rate_hz: float, irregular: float) -> Floats:
    """(count,) times of an ectopic train from start_s: no interval below 2.5 ms."""
    gaps = np.maximum(rng.lognormal(np.log(1 / rate_hz), irregular, max(0, count - 1)), 0.0025)
    return np.concatenate([[start_s], start_s + np.cumsum(gaps)])


def volleys(rng: Generator, pool: Pool, times_s: Floats, loudness: Floats, *, share: float, jitter_s: float) -> Spikes:
    """The same units at each discharge, each with its own latency; `loudness` (n,) 0–1 of discharges is how many answer."""
    members = rng.permutation(pool.size)[: max(2, round(share * pool.size))]
    answer = rng.uniform(size=(len(times_s), len(members))) < 0.86 * loudness[:, None]
    answer[0, 0] = answer[-1, -1] = True
    which, who = np.nonzero(answer)
    units = members[who]
    times = times_s[which] + pool.latencies_s[units] + np.abs(rng.normal(0, jitter_s, len(units)))
    return _spikes([times], [units])


def brief_closure(rng: Generator, pool: Pool, start_s: float, length_s: float, strength: float) -> Spikes:
    """A blink's: recruited within the first third, often with a doublet, then 30–60 /s until it is over."""
    many = max(6, round(strength * pool.size))
    rank = np.arange(many) / many
    first = start_s + length_s * (0.35 * rank + rng.exponential(0.06, many))
    first[0] = start_s
    times, units = [first], [np.arange(many)]
    for later in range(1, 1 + int(length_s * 60) + 1):
        pace = rng.normal(0.019, 0.004, many) if later > 1 else rng.uniform(0.007, 0.02, many)
        first = first + np.clip(pace, 0.005, 0.04)
        on = first < start_s + length_s * rng.uniform(0.75, 1.0, many)
        times.append(first[on])
        units.append(np.flatnonzero(on))
    return _spikes(times, units)


def raised(length_s: float, rise_s: float, fall_s: float, height: float) -> Floats:
    """Effort on the grid: a half cosine up, a plateau, a half cosine down."""
    t = np.arange(max(2, round(length_s / GRID_S))) * GRID_S
    up = np.clip(t / max(rise_s, GRID_S), 0, 1)
    down = np.clip((length_s - t) / max(fall_s, GRID_S), 0, 1)
    return np.asarray(height * (0.5 - 0.5 * np.cos(np.pi * up)) * (0.5 - 0.5 * np.cos(np.pi * down)))


def _spikes(times: list[Floats], units: list[NDArray[np.int64]]) -> Spikes:
    if not times:
        return Spikes(np.empty(0), np.empty(0, np.int64), np.empty(0))
    all_times = np.concatenate(times)
    return Spikes(all_times, np.concatenate(units).astype(np.int64), np.ones(len(all_times)))
