"""Rest: which steps of a resting face are quiet, and how strong and how even the signal is in them.

Blinks, spasms and movements must not get into the noise: a step counts only when no channel stands out in it or next to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.envelope import Envelope, Flags, Floats

STANDS_OUT = 1.75
"""A channel stands out above this multiple of its median RMS: under 1 of 500 steps of noise (chi-square, 8 degrees of freedom)."""
_BESIDE = 2
"""Steps before and after one that stands out: rise and fall of what was there."""
LEAST_RMS_UV = 0.15
"""No electrode is quieter than the converter itself (ADS1299 at gain 24: 0.14 µV RMS)."""


@dataclass(frozen=True, slots=True)
class RestLevels:
    """(channels,): power µV², spread of the step RMS µV (1.4826 × median deviation), steps that were quiet; and which those were."""

    power: Floats
    spread_uv: Floats
    products: Floats
    steps: int
    quiet: Flags

    @property
    def uv(self) -> Floats:
        """RMS per channel."""
        return np.asarray(np.sqrt(self.power), dtype=np.float64)


def quiet_steps(envelope: Envelope) -> Flags:
    """(steps,): True where no sound channel stands out, and none did shortly before or after."""
    power = envelope.power
    sound = ~envelope.bad
    if not len(power):
        return np.zeros(0, np.bool_)
    medians = np.array([np.median(p[s]) if s.any() else np.inf for p, s in zip(power.T, sound.T, strict=True)])
    loud = np.asarray(((power > STANDS_OUT**2 * medians) & sound).any(axis=1), np.bool_)
    # A channel that is mostly bad says nothing; one that is bad for a while makes these steps unusable.
    usable = sound[:, alive(envelope)].all(axis=1)
    return np.asarray(usable & ~widened(loud, _BESIDE))


def alive(envelope: Envelope) -> Flags:
    """(channels,) that are sound in more than half of the steps."""
    return (
        np.asarray(envelope.bad.mean(axis=0) < 0.5) if len(envelope.bad) else np.ones(envelope.bad.shape[1], np.bool_)
    )


def widened(flags: Flags, steps: int) -> Flags:
    """Flags (steps,) that also hold for so many neighbours of those that are set."""
    wide = flags.copy()
    for shift in range(1, steps + 1):
        wide[shift:] |= flags[:-shift]
        wide[:-shift] |= flags[shift:]
    return wide


def rest_levels(envelope: Envelope) -> RestLevels | None:
    """Levels over the quiet steps; None when fewer than 20 of them are there."""
    quiet = quiet_steps(envelope)
    if int(quiet.sum()) < 20:
        return None
    products = envelope.products[quiet].mean(axis=0)
    power = np.maximum(np.diagonal(products), LEAST_RMS_UV**2)
    rms = np.sqrt(envelope.power[quiet])
    spread = 1.4826 * np.median(np.abs(rms - np.median(rms, axis=0)), axis=0)
    return RestLevels(power, spread, products, int(quiet.sum()), quiet)
