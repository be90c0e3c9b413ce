"""What one discharge of a motor unit looks like to an electrode pair on the skin.

A depolarised zone leaves the end plate in both directions and dies at the tendon. It is a stretch of dipoles, the slope of the
membrane potential e(z) = 96 z³ exp(−z) (Rosenfalck 1969, z in mm), that moves at the conduction velocity; only dipoles inside the
fibre count, which gives the effects of end plate and tendon of itself. Each electrode sees them through 1/r; the pair takes the
difference. Depth, distance of the end plate and velocity thus set width, shape and sign of each unit's potential.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PHASES = 4
"""A discharge falls on a quarter of a sample of the rate at which muscles are rendered."""
LENGTH_S = 0.018
STRETCH = 2.4
"""How much longer the active zone is than Rosenfalck's: units' median frequencies then lie at 125–145 Hz."""
SPACING_MM = 10.0
"""Between the electrodes of a pair (Fridlund and Cacioppo 1986)."""
FIBRES = 6
"""Drawn per unit; they stand for all of its fibres."""


def unit_potentials(rng: np.random.Generator, units: int, rate_hz: float, depth_mm: float) -> NDArray[np.float64]:
    """(units, samples) at PHASES × rate_hz, from the discharge on, each of unit energy. depth_mm: the muscle's median."""
    times_ms = np.arange(round(LENGTH_S * rate_hz) * PHASES) / (rate_hz * PHASES) * 1000
    depths = np.clip(depth_mm * np.exp(0.45 * rng.standard_normal(units)), 1.5, 18.0)
    velocities = np.clip(3.7 + 0.6 * rng.standard_normal(units), 2.4, 5.2)
    plates = rng.normal(rng.uniform(-8, 8), 4.0, units)
    halves = rng.uniform(10, 24, (units, 2))
    found = np.zeros((units, len(times_ms)))
    for unit in range(units):
        for _ in range(FIBRES):
            found[unit] += _fibre(
                times_ms,
                depth_mm=max(1.2, depths[unit] + rng.normal(0, 0.8)),
                velocity=velocities[unit] * (1 + 0.03 * rng.standard_normal()),
                plate_mm=plates[unit] + rng.normal(0, 2.5),
                halves_mm=halves[unit] + rng.normal(0, 1.0, 2),
            )
    found *= _fading(len(times_ms))
    return np.asarray(found / np.sqrt((found**2).sum(axis=1, keepdims=True)))


def _fibre(
    times_ms: NDArray[np.float64], depth_mm: float, velocity: float, plate_mm: float, halves_mm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the pair sees of one fibre, arbitrary scale. velocity in m/s, which is mm/ms."""
    found = np.zeros(len(times_ms))
    for direction, half in zip((-1.0, 1.0), halves_mm, strict=True):
        along = np.arange(0, half, 0.5)
        place = plate_mm + direction * along
        seen = 1 / np.hypot(depth_mm, place - SPACING_MM / 2) - 1 / np.hypot(depth_mm, place + SPACING_MM / 2)
        behind = np.maximum(velocity * times_ms[:, None] - along[None, :], 0.0) / STRETCH
        dipoles = behind**2 * np.exp(-behind) * (3 - behind)
        found += dipoles @ np.gradient(seen, 0.5)
    return found


def _fading(samples: int) -> NDArray[np.float64]:
    """One, then a cosine down to zero over the last fifth."""
    window = np.ones(samples)
    last = samples // 5
    window[-last:] = 0.5 * (1 + np.cos(np.pi * (np.arange(last) + 1) / last))
    return window
