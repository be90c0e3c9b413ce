"""Crosstalk taken off: what a calibration profile knows of how far each muscle is seen by the other electrodes.

Volume conduction has no delay, so what arrives at another electrode is the muscle's own signal times a number. With the matrix of these
numbers, C[i, j] for the part of channel i's own muscle that channel j shows, the channels show x = m C of the muscles' own signals m,
and m = x C⁻¹. Only numbers that the profile knows well are used; the others stay 0, as without a profile.

The numbers are those of muscles. The heart is seen by all electrodes at once and hum by each as it likes: taken off by the same numbers,
they would become one-sided. So a channel counts as a source by how loud it is, and without its hum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.conditioning import Conditioned
from hfs_emg.analysis.filters import filter_in_place
from hfs_emg.errors import RequestError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST = 0.002
"""Weights below this change nothing that anybody could see: 40 dB above the noise they are a tenth of it."""
LOUD = 4.0
"""Times the resting level at which half of what arrives is taken off; a fifth at half of that, nearly all of a contraction. What is as
faint as the heart (some 9 dB over noise at these sites) stays what it is, and leaks no more than noise.
"""
MEMORY_S = 0.04
"""Over which loudness is measured, exponentially: short beside the steps of a spasm, long beside one period of the band."""
_FAST = 2


class Unmixing:
    """Takes known crosstalk off a stream, sample by sample."""

    def __init__(self, crosstalk: Floats, known: Flags, rest_power: Floats, rate_hz: float) -> None:
        """crosstalk (channels, channels), 1 on the diagonal; known: which entries may be used; rest_power (channels,) µV².

        Raises RequestError where it has no inverse.
        """
        used = np.where(known, crosstalk, 0.0)
        np.fill_diagonal(used, 1.0)
        try:
            back = np.linalg.inv(used)
        except np.linalg.LinAlgError:
            raise RequestError(
                "The crosstalk of the calibration profile cannot be undone, for two of its channels show the same: check for bridged "
                "electrodes and calibrate again, or go on without it."
            ) from None
        reach = (np.abs(back) >= LEAST) & ~np.eye(len(back), dtype=np.bool_)
        self._sources = np.flatnonzero(reach.any(axis=1))
        self._weights = [
            (int(j), row, float(back[i, j])) for row, i in enumerate(self._sources) for j in np.flatnonzero(reach[i])
        ]
        self._faint: Floats = LOUD**2 * rest_power[self._sources, None]
        keep = float(np.exp(-1 / (rate_hz * MEMORY_S)))
        self._memory = np.array([[1 - keep, 0.0, 0.0, 1.0, -keep, 0.0]])
        self._state = np.zeros((len(self._sources), 1, 2))

    def take_off(self, conditioned: Conditioned, good: Flags) -> None:
        """Change the EMG views in place. good (channels, n): samples that are a measurement; others are no source.

        One product after the other in a fixed order: a matrix product may round by the length of what it is given.
        """
        if not self._weights or not conditioned.band.shape[1]:
            return
        measured = good[self._sources]
        emg = np.where(measured, conditioned.emg[self._sources], 0.0)
        loudness = emg * emg
        filter_in_place(self._memory, loudness, self._state)
        share = np.where(measured, loudness / (loudness + self._faint), 0.0)
        emg *= share
        fast = share * conditioned.views[_FAST][self._sources]
        for j, row, weight in self._weights:
            conditioned.emg[j] += weight * emg[row]
            conditioned.band[j] += weight * emg[row]
            conditioned.views[_FAST][j] += weight * fast[row]
