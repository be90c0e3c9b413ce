"""Small measures that several features share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def db(power: float) -> float:
    """Power ratio in dB, -60 at least."""
    return float(10 * np.log10(max(float(power), 1e-6)))


def half_peak(power: Floats) -> int:
    """Index of the first value at half the amplitude of the peak. power (n,)."""
    return int(np.flatnonzero(power >= 0.25 * power.max())[0])


def correlation(a: Floats, b: Floats) -> float:
    """Pearson's r of two stretches of the same length; 0 where one of them does not vary."""
    a = a - a.mean()
    b = b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 1e-12 else 0.0
