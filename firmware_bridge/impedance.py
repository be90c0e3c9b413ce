"""Lead-off tone to kΩ: a lock-in at 31.25 Hz over whole periods, with its own uncertainty. Pure.

The converter sends 6 nA at 31.25 Hz through an electrode, the board 2.2 kΩ in series with it (OpenBCI GUI, `DataProcessing`). The tone and
the samples come from one clock, so that a period is a whole number of samples and the phase does not wander. Windows of half a second under
a Hann weight keep mains (19 Hz away) and drift out; a window with a blink or a spasm in it stands out from the others, and the median of
them does not follow it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAD_OFF_AMPERE = 6e-9
SERIES_OHM = 2200.0
TONE_HZ = 31.25
WINDOW_PERIODS = 16
"""0.512 s: 1.5 / 0.512 s of noise bandwidth around the tone, the next zero 4 Hz away."""
FEWEST_WINDOWS = 2
STEADY_FIT = 0.8
HIGHEST_KOHM = 2_000.0
"""Beyond it nobody is interested in how much it is."""


@dataclass(frozen=True, slots=True)
class Impedance:
    """One electrode. kohm and its standard uncertainty; fit: share of the tone that came in one phase throughout, 1 for a clean reading.

    open_circuit: so much that the lead, or the electrode, is off.
    """

    kohm: float
    uncertainty_kohm: float
    fit: float
    windows: int

    @property
    def steady(self) -> bool:
        """Whether there was a tone at all: muscle and noise come in every phase."""
        return self.fit >= STEADY_FIT

    @property
    def open_circuit(self) -> bool:
        """Nothing is connected there."""
        return self.kohm >= HIGHEST_KOHM

    @property
    def words(self) -> str:
        """`4.8 ± 0.1 kΩ`: one decimal, so that no less than 0.1 can be told of the uncertainty."""
        return f"{self.kohm:.1f} ± {max(self.uncertainty_kohm, 0.1):.1f} kΩ"


def tone_response(rate_hz: float, *, averaged: bool = False) -> float:
    """What the converter leaves of the tone: sinc³ at its own rate (TI SBAS499), and, for a Daisy, the mean of two samples.

    rate_hz is the rate of the samples; averaged: each is the mean of two of the converter's.

    >>> round(tone_response(250.0), 3)
    0.925
    """
    own_hz = 2 * rate_hz if averaged else rate_hz
    x = math.pi * TONE_HZ / own_hz
    return float((math.sin(x) / x) ** 3) * (math.cos(x) if averaged else 1.0)


class ToneMeter:
    """Lock-in on one channel. Push samples as they come; `reading` is what they tell so far.

    rate_hz must hold a whole number of samples in four periods of the tone; raises ValueError for another.
    """

    def __init__(self, rate_hz: float, *, averaged: bool = False) -> None:
        period = rate_hz / TONE_HZ
        if abs(period * 4 - round(period * 4)) > 1e-9 or period < 3:
            raise ValueError(f"the tone of {TONE_HZ} Hz cannot be followed at {rate_hz:g} samples a second")
        self._length = round(WINDOW_PERIODS * period)
        self._response = tone_response(rate_hz, averaged=averaged)
        turns = np.exp(-2j * np.pi * np.arange(self._length) / period)
        weight = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(self._length) + 0.5) / self._length)
        self._kernel: NDArray[np.complex128] = turns * weight * 2 / weight.sum()
        self._weight = weight / weight.sum()
        self._held = np.zeros(0)
        self._found: list[complex] = []

    def push(self, microvolts: NDArray[np.float64], lost: NDArray[np.bool_] | None = None) -> None:
        """Samples (n,) that follow those before, lost ones filled and marked; a window with a lost sample is left out."""
        values = np.where(lost, np.nan, microvolts) if lost is not None else np.asarray(microvolts, np.float64)
        self._held = np.concatenate([self._held, values])
        half = self._length // 2
        # Windows overlap by half: under a Hann weight neighbours share little, and every sample counts the same.
        while len(self._held) >= self._length:
            window = self._held[: self._length]
            self._held = self._held[half:]
            # A half window is a whole number of periods, so that the phase is the same in each.
            if np.isfinite(window).all():
                self._found.append(complex(((window - (window * self._weight).sum()) * self._kernel).sum()))

    @property
    def reading(self) -> Impedance | None:
        """None before two windows were whole."""
        if len(self._found) < FEWEST_WINDOWS:
            return None
        tones = np.array(self._found)
        middle = complex(np.median(tones.real), np.median(tones.imag))
        # Normal law from the median deviation of both parts; overlapping windows count for three quarters.
        deviation = 1.4826 * math.hypot(
            float(np.median(np.abs(tones.real - middle.real))), float(np.median(np.abs(tones.imag - middle.imag)))
        )
        counted = max(1.0, 0.75 * len(tones))
        to_kohm = 1e-6 / LEAD_OFF_AMPERE / self._response / 1000
        error_uv = deviation / math.sqrt(2) * math.sqrt(math.pi / 2 / counted)
        kohm = max(0.0, abs(middle) * to_kohm - SERIES_OHM / 1000)
        power = float((np.abs(tones) ** 2).mean())
        fit = float(abs(tones.mean()) ** 2 / power) if power > 0 else 0.0
        # Below four windows their scatter says little: half a code of the converter at gain 1 is the least.
        return Impedance(kohm, max(error_uv * to_kohm, 0.02), fit, len(tones))
