"""Leads and electrodes as a technician left them: exchanged, dry, bridged, dead; and the impedance of each.

Works on what the inputs would see with everything in order. Noise that a fault adds is a pure function of the seed and the sample's number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.simulation.cooperation import Cooperation
from hfs_emg.simulation.events import stream

Samples = NDArray[np.float64]

_BLOCK = 1000
_GOOD_OHM = (2_500.0, 9_000.0)
_DRY_OHM = (150_000.0, 480_000.0)
_BRIDGED_OHM = (1_500.0, 3_000.0)
_DEAD_OHM = (2e6, 8e6)


class Wiring:
    """How inputs see electrodes. Arrays are (samples, inputs) in µV."""

    def __init__(self, settings: Cooperation, inputs: int, *, rate_hz: float, seed: int, name: str) -> None:
        self._seed = (seed, name)
        rng = stream(seed, name, 41)
        order = np.arange(inputs)
        for a, b in settings.swapped:
            if max(a, b) <= inputs:
                order[[a - 1, b - 1]] = order[[b - 1, a - 1]]
        self.order: NDArray[np.int64] = order
        """order[i]: the place whose leads are plugged into input i."""
        self._width = np.sqrt(rate_hz / 250.0)
        """White noise is as strong in the EMG band at every rate: a wider band holds more of it."""
        self._gain = np.ones(inputs)
        self._noise_uv = np.zeros(inputs)
        self._hum_uv = np.zeros(inputs)
        self.ohm: Samples = rng.uniform(*_GOOD_OHM, (inputs, 2))
        """(inputs, 2): impedance of the P and the N electrode, Ω."""
        for fault in (f for f in settings.electrodes if f.input <= inputs):
            i = fault.input - 1
            if fault.kind == "dry":
                self._gain[i], self._noise_uv[i], self._hum_uv[i] = 0.7, rng.uniform(7.0, 12.0), rng.uniform(40.0, 90.0)
                self.ohm[i] = rng.uniform(*_DRY_OHM, 2)
            elif fault.kind == "bridged":
                self._gain[i], self._noise_uv[i] = rng.uniform(0.03, 0.07), 0.2
                self.ohm[i] = rng.uniform(*_BRIDGED_OHM, 2)
            else:
                self._gain[i], self._noise_uv[i] = 0.0, 0.2
                self.ohm[i] = rng.uniform(*_DEAD_OHM, 2)

    @property
    def plain(self) -> bool:
        """Whether all leads lie as they should."""
        return bool((self._gain == 1).all() and (self.order == np.arange(len(self.order))).all())

    @property
    def hums(self) -> bool:
        """Whether some input picks up more of the mains than it should."""
        return bool((self._hum_uv > 0).any())

    def seen(self, microvolts: Samples, start: int, hum: Samples | None) -> Samples:
        """What the inputs see of samples start…; hum: the mains by itself, of 1 µV RMS, where `hums`."""
        out = microvolts[:, self.order] * self._gain
        if (self._noise_uv > 0).any():
            out = out + self._noise(start, len(out)) * (self._noise_uv * self._width)
        if hum is not None:
            out = out + hum * self._hum_uv
        return np.asarray(out)

    def _noise(self, start: int, n: int) -> Samples:
        blocks = range(start // _BLOCK, (start + n - 1) // _BLOCK + 1)
        rows = [stream(*self._seed, 1000 + number).standard_normal((_BLOCK, len(self._gain))) for number in blocks]
        first = start - blocks.start * _BLOCK
        return np.asarray(np.concatenate(rows)[first : first + n])
