"""How strongly a muscle is driven over time: rise, plateau, decay, in several shapes.

An envelope is a value; its samples are a pure function of time since its start. The peak of an unmodulated envelope is
1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

TAIL = 4.5
"""An exponential decay is cut after so many time constants (1 % is left)."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """rise_s is the 10–90 % rise time, decay_s the time constant of the fall.

    depth and rhythm_hz: modulation of a sustained contraction (0 = none). fade: share lost by fatigue between start and
    end.
    """

    shape: str
    rise_s: float
    plateau_s: float
    decay_s: float
    depth: float = 0.0
    rhythm_hz: float = 0.0
    phase: float = 0.0
    fade: float = 0.0

    @property
    def span_s(self) -> float:
        """Length until nothing is left."""
        return self.rise_s / 0.8 + self.plateau_s + TAIL * self.decay_s

    @property
    def core_s(self) -> float:
        """From the start to one time constant after the plateau."""
        return self.rise_s / 0.8 + self.plateau_s + self.decay_s

    def at(self, t: Samples) -> Samples:
        """Values at times since the start, in seconds; 0 outside the span."""
        values = SHAPES[self.shape](t, self.rise_s / 0.8, self.plateau_s, self.decay_s)
        if self.depth > 0.0:
            # Two incommensurable rhythms: a fused contraction waxes and wanes irregularly.
            swing = 0.6 * np.sin(2 * np.pi * self.rhythm_hz * t + self.phase)
            swing += 0.4 * np.sin(2 * np.pi * 0.618 * self.rhythm_hz * t + 2.3 * self.phase)
            values = values * (1.0 - self.depth * (0.5 + 0.5 * swing))
        if self.fade > 0.0:
            values = values * (1.0 - self.fade * np.clip(t / self.span_s, 0.0, 1.0))
        return np.where((t >= 0.0) & (t < self.span_s), values, 0.0)


def burst(shape: str, duration_s: float, rise_s: float, decay_s: float) -> Envelope:
    """An envelope that stays above half its peak for duration_s; rise and decay are shortened where they would not
    fit."""
    rise = min(rise_s, 0.6 * duration_s)
    decay = min(decay_s, 0.6 * duration_s)
    return Envelope(shape, rise, max(0.0, duration_s - 0.6 * rise - 0.69 * decay), decay)


def _fall(t: Samples, since: float, decay: float) -> Samples:
    return np.exp(-np.maximum(t - since, 0.0) / decay)


def _trapezoid(t: Samples, rise: float, plateau: float, decay: float) -> Samples:
    return np.minimum(np.clip(t / rise, 0.0, 1.0), _fall(t, rise + plateau, decay))


def _cosine(t: Samples, rise: float, plateau: float, decay: float) -> Samples:
    up = 0.5 - 0.5 * np.cos(np.pi * np.clip(t / rise, 0.0, 1.0))
    down = 0.5 + 0.5 * np.cos(np.pi * np.clip((t - rise - plateau) / (TAIL / 2 * decay), 0.0, 1.0))
    return np.minimum(up, down)


def _surge(t: Samples, rise: float, plateau: float, decay: float) -> Samples:
    """An abrupt start that sags over the plateau to 60 % before it decays."""
    sag = 1.0 - 0.4 * np.clip((t - rise) / max(plateau, 1e-3), 0.0, 1.0)
    return np.clip(t / rise, 0.0, 1.0) * sag * _fall(t, rise + plateau, decay)


def _bell(t: Samples, rise: float, plateau: float, decay: float) -> Samples:
    """Smooth on both sides: a Gaussian rise and a Gaussian fall around the plateau."""
    up = np.exp(-0.5 * (np.minimum(t - rise, 0.0) / (0.42 * rise)) ** 2)
    down = np.exp(-0.5 * (np.maximum(t - rise - plateau, 0.0) / (1.2 * decay)) ** 2)
    return up * down


SHAPES: dict[str, Callable[[Samples, float, float, float], Samples]] = {
    "trapezoid": _trapezoid,
    "cosine": _cosine,
    "surge": _surge,
    "bell": _bell,
}
