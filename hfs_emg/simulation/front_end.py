"""The analogue-to-digital end of an ADS1299: third-order sinc decimation, gain, rails, quantisation.

Muscles and disturbances are generated at 2 000 samples per second and pass this filter; what is stationary (noise,
mains, drift) is generated at the output rate with the same gain in closed form. The impulse response of the sinc³
filter, a quadratic B-spline three output periods long, is sampled at the oversampled rate, which keeps the response of
the real filter (whose modulator is far faster) to 0.1 dB up to half the output rate. TI SBAS499, "Digital decimation
filter": 250 samples per second are −3 dB at 65 Hz.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import RAIL_HIGH, RAIL_LOW, ads1299_microvolts_per_count
from hfs_emg.errors import RequestError

Samples = NDArray[np.float64]

OVERSAMPLED_HZ = 2000
"""Rate of everything generated before the filter."""

DEFAULT_GAIN = 24.0
MICROVOLTS_PER_COUNT = ads1299_microvolts_per_count(DEFAULT_GAIN)
RATES_HZ = (100, 125, 200, 250, 400, 500, 1000)
"""Output rates that divide the oversampled rate and leave it a factor of two."""


def oversampling(rate_hz: float) -> int:
    """Oversampled samples per output sample; raises RequestError for a rate that is not one of RATES_HZ."""
    if rate_hz not in RATES_HZ:
        listed = ", ".join(str(r) for r in RATES_HZ)
        raise RequestError(f"A simulated face cannot be sampled at {rate_hz:g} Hz: choose one of {listed} Hz.")
    return OVERSAMPLED_HZ // int(rate_hz)


def sinc3_gain(frequency_hz: Samples | float, rate_hz: float) -> Samples:
    """Amplitude gain of the decimation filter (signed: the side lobes are of the third power)."""
    return np.asarray(np.sinc(np.asarray(frequency_hz, dtype=np.float64) / rate_hz) ** 3, dtype=np.float64)


def sinc3_kernel(factor: int) -> Samples:
    """The filter's impulse response at the oversampled rate, (3·factor − 1,), sum 1, symmetric."""
    u = np.arange(1, 3 * factor) / factor
    spline = np.where(
        u < 1.0,
        0.5 * u**2,
        np.where(u < 2.0, 0.75 - (u - 1.5) ** 2, 0.5 * (3.0 - u) ** 2),
    )
    return np.asarray(spline / spline.sum(), dtype=np.float64)


class Decimator:
    """Takes stretches of oversampled signal to the output grid.

    Output sample i is the filtered signal at oversampled index i·factor, with the filter centred there: the group delay
    of the real filter (1.5 output periods) is left out, so that ground truth and signal share one clock.
    """

    def __init__(self, rate_hz: float) -> None:
        self.factor = oversampling(rate_hz)
        self._kernel = sinc3_kernel(self.factor)
        self._reach = len(self._kernel) // 2

    def __call__(self, wave: Samples, first: int) -> tuple[int, Samples]:
        """(index of the first output sample, output samples) of a stretch that starts at oversampled index `first`."""
        full = np.convolve(wave, self._kernel)
        begins = first - self._reach
        start = -(-begins // self.factor)
        return start, full[start * self.factor - begins :: self.factor]


def quantise(microvolts: Samples, microvolts_per_count: float = MICROVOLTS_PER_COUNT) -> NDArray[np.int32]:
    """ADC codes, clipped at the rails 0x7FFFFF and −0x800000."""
    codes = np.rint(microvolts / microvolts_per_count)
    return np.clip(codes, RAIL_LOW, RAIL_HIGH).astype(np.int32)
