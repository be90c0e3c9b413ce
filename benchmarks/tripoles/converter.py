"""The converter: third-order sinc decimation, folding included, and 24-bit codes at gain 24.

ADS1299 (Texas Instruments, SBAS499): −3 dB at 65, 131 and 262 Hz at 250, 500 and 1000 samples per second; a sample is the mean of the
past three periods, weighted, so what happens now is seen one and a half samples later.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import upfirdn

from benchmarks.tripoles.units import Floats

OVERSAMPLED = 8
MICROVOLTS_PER_COUNT = 4.5 / (2**23 - 1) / 24 * 1e6
LOWEST_CODE, HIGHEST_CODE = -(2**23), 2**23 - 1
STEP_KERNEL = np.array([1.0, 4.0, 1.0]) / 6.0
"""What sinc3 makes of a step between two samples: a cubic spline's values there."""


def sinc3_gain(frequency_hz: float, rate_hz: float) -> float:
    """Of a sine before the converter."""
    return float(np.sinc(frequency_hz / rate_hz) ** 3)


def decimated(fine: Floats, samples: int) -> Floats:
    """(samples,) at the rate, of what was sampled eight times as fast."""
    box = np.ones(OVERSAMPLED) / OVERSAMPLED
    kernel = np.concatenate([[0.0], np.convolve(np.convolve(box, box), box)])
    return np.asarray(upfirdn(kernel, fine, 1, OVERSAMPLED)[:samples])


def folded_sine(frequency_hz: float, rate_hz: float, samples: int, phase: float) -> Floats:
    """(samples,) of a sine of amplitude one before the converter, wherever it folds to."""
    t = np.arange(samples) / rate_hz
    return np.asarray(sinc3_gain(frequency_hz, rate_hz) * np.sin(2 * np.pi * frequency_hz * t + phase))


def smoothed_steps(signal: Floats) -> Floats:
    """What sinc3 leaves of edges that were drawn at the rate itself."""
    return np.asarray(np.convolve(np.pad(signal, 1, mode="edge"), STEP_KERNEL, "valid"))


def codes(microvolts: Floats) -> NDArray[np.int32]:
    """Rounded and held at the rails."""
    counts = np.rint(microvolts / MICROVOLTS_PER_COUNT)
    return np.asarray(np.clip(counts, LOWEST_CODE, HIGHEST_CODE).astype(np.int32))
