"""How effort runs in time: profiles at 1 kHz, peak about 1.

Reaching movements follow a minimum-jerk course (Flash and Hogan 1985); held expressions are ramped, overshoot and settle, creep or
falter; quick ones rise at once and decay. Over each lies the slow wander of common drive (1–3 Hz) and the tremor of effort (8–12 Hz).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from benchmarks.strangers.muscles import GRID_HZ

Floats = NDArray[np.float64]
Shape = Callable[[np.random.Generator, float, float, float], Floats]
"""From rise, hold and fall in seconds."""


def minimum_jerk(rng: np.random.Generator, rise_s: float, hold_s: float, fall_s: float) -> Floats:
    """Smooth up, a plateau that leans a little, smooth down."""
    hold = np.linspace(1.0, 1 + rng.normal(0, 0.08), _steps(hold_s, least=0))
    last = hold[-1] if len(hold) else 1.0
    return np.concatenate([_smooth(_steps(rise_s)), hold, last * _smooth(_steps(fall_s))[::-1]])


def overshooting(rng: np.random.Generator, rise_s: float, hold_s: float, fall_s: float) -> Floats:
    """A ramp that goes beyond what is then held, and lets go with a sag before the end."""
    beyond = rng.uniform(0.15, 0.6)
    settle = np.arange(_steps(hold_s, least=0)) / GRID_HZ
    hold = 1 + beyond * np.exp(-settle / rng.uniform(0.06, 0.25))
    last = float(hold[-1]) if len(hold) else 1 + beyond
    rise = (1 + beyond) * np.linspace(0, 1, _steps(rise_s))
    fall = last * np.linspace(1, 0, _steps(fall_s)) ** rng.uniform(1.0, 2.2)
    return np.concatenate([rise, hold, fall]) / (1 + beyond)


def stepped(rng: np.random.Generator, rise_s: float, hold_s: float, fall_s: float) -> Floats:
    """Two or three stages up, as a smile that grows, and one down."""
    stages = int(rng.integers(2, 4))
    levels = [*np.sort(rng.uniform(0.25, 0.9, stages - 1)).tolist(), 1.0]
    parts, at = [], 0.0
    for i, level in enumerate(levels):
        parts.append(at + (level - at) * _smooth(_steps(rise_s / stages * rng.uniform(0.6, 1.5))))
        if i < stages - 1:
            parts.append(np.full(_steps(hold_s / stages * rng.uniform(0.2, 0.9), least=0), level))
        at = level
    parts.append(np.full(_steps(hold_s / stages, least=0), 1.0))
    parts.append(_smooth(_steps(fall_s))[::-1])
    return np.concatenate(parts)


def quick(rng: np.random.Generator, rise_s: float, hold_s: float, fall_s: float) -> Floats:
    """Up at once, a short top, then an exponential decay: blinks, tics, startled closures."""
    rise = np.linspace(0, 1, _steps(rise_s)) ** rng.uniform(0.6, 1.1)
    decay = np.exp(-np.arange(_steps(3 * fall_s)) / (GRID_HZ * fall_s))
    decay *= np.linspace(1, 0, len(decay)) ** 0.3
    return np.concatenate([rise, np.ones(_steps(hold_s, least=0)), decay])


def arched(rng: np.random.Generator, rise_s: float, hold_s: float, fall_s: float) -> Floats:
    """One arch without a plateau, leaning to either end."""
    length = _steps(rise_s + hold_s + fall_s)
    peak = np.clip((rise_s + hold_s * rng.uniform(0.2, 0.8)) / (rise_s + hold_s + fall_s), 0.12, 0.88)
    x = np.linspace(0, 1, length)
    warped = np.where(x < peak, x / peak / 2, 0.5 + (x - peak) / (1 - peak) / 2)
    return np.asarray(np.sin(np.pi * warped) ** rng.uniform(1.0, 2.0))


SHAPES: dict[str, Shape] = {
    "minimum_jerk": minimum_jerk,
    "overshooting": overshooting,
    "stepped": stepped,
    "quick": quick,
    "arched": arched,
}


def unsteady(rng: np.random.Generator, profile: Floats, wander: float, tremor: float) -> Floats:
    """The profile under common drive: wander and tremor are standard deviations relative to it."""
    n = len(profile)
    if n == 0:
        return profile
    slow = gaussian_filter1d(rng.standard_normal(n + 600), 110)[300 : 300 + n]
    slow *= np.sqrt(2 * np.sqrt(np.pi) * 110)  # white noise so smoothed has again a standard deviation of 1
    time = np.arange(n) / GRID_HZ
    phase = 2 * np.pi * (rng.uniform(8, 12) * time + rng.uniform()) + 0.8 * slow
    return np.asarray(profile * np.clip(1 + wander * slow + tremor * np.sqrt(2) * np.sin(phase), 0.1, 2.0))


def _smooth(steps: int) -> Floats:
    """0 → 1 with least jerk."""
    x = (np.arange(steps) + 0.5) / steps
    return np.asarray(x**3 * (10 - 15 * x + 6 * x**2))


def _steps(seconds: float, least: int = 4) -> int:
    return max(least, round(seconds * GRID_HZ))
