"""The converter: a third-order sinc decimator and 24-bit codes.

The ADS1299 averages three times over one output period: gain (sin(πf/fs) / (M sin(πf/(M fs))))³, −3 dB at 0.262 fs (data sheet SBAS499:
65, 131 and 262 Hz at 250, 500 and 1000 a second), 1.5 samples late. What lies above half the rate folds back, weakly damped.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import upfirdn

from hfs_emg.model import FLOAT_SOURCE_MICROVOLTS_PER_COUNT as MICROVOLTS_PER_COUNT

LOWEST, HIGHEST = -0x800000, 0x7FFFFF
_INNER_HZ = {200.0: 2000.0, 250.0: 2000.0, 500.0: 2000.0, 1000.0: 4000.0}


def inner_rate_hz(rate_hz: float) -> float:
    """At which muscles are rendered for an output rate; raises ValueError for rates that no board has."""
    if rate_hz not in _INNER_HZ:
        raise ValueError(f"{rate_hz:g} samples per second are not modelled: choose one of 200, 250, 500 and 1000.")
    return _INNER_HZ[rate_hz]


@cache
def _taps(factor: int) -> NDArray[np.float32]:
    box = np.full(factor, 1 / factor)
    return np.convolve(np.convolve(box, box), box).astype(np.float32)


def decimated(signal: NDArray[np.float32], factor: int) -> NDArray[np.float64]:
    """(n // factor,) of (n,): each output knows the input up to its own time and no further."""
    found = upfirdn(_taps(factor), signal, 1, factor)
    return np.asarray(found[: len(signal) // factor], np.float64)


def codes(microvolts: NDArray[np.float64]) -> NDArray[np.int32]:
    """Counts of gain 24; beyond the range they stand at the rail."""
    return np.asarray(np.clip(np.rint(microvolts / MICROVOLTS_PER_COUNT), LOWEST, HIGHEST), np.int32)
