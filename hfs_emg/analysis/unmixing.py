"""Crosstalk taken off: what a calibration profile knows of how far each muscle is seen by the other electrodes.

Volume conduction has no delay, so what arrives at another electrode is the muscle's own signal times a number. With the matrix of these
numbers, C[i, j] for the part of channel i's own muscle that channel j shows, the channels show x = m C of the muscles' own signals m,
and m = x C⁻¹. Only numbers that the profile knows well are used; the others stay 0, as without a profile.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.conditioning import Conditioned
from hfs_emg.errors import RequestError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST = 0.002
"""Weights below this change nothing that anybody could see: 40 dB above the noise they are a tenth of it."""
_EMG, _FAST = 0, 2


class Unmixing:
    """Takes known crosstalk off a stream, sample by sample."""

    def __init__(self, crosstalk: Floats, known: Flags) -> None:
        """crosstalk (channels, channels), 1 on the diagonal; known: which entries may be used.

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
        self._weights = [
            (j, i, float(back[i, j]))
            for j in range(len(back))
            for i in range(len(back))
            if i != j and abs(back[i, j]) >= LEAST
        ]

    def take_off(self, conditioned: Conditioned, good: Flags) -> None:
        """Change the EMG views in place. good (channels, n): samples that are a measurement; others are no source.

        One product after the other in a fixed order: a matrix product may round by the length of what it is given.
        """
        if not self._weights or not conditioned.band.shape[1]:
            return
        sources = sorted({i for _, i, _ in self._weights})
        for view in (conditioned.views[_EMG], conditioned.views[_FAST], conditioned.band):
            seen = {i: np.where(good[i], view[i], 0.0) for i in sources}
            for j, i, weight in self._weights:
                view[j] += weight * seen[i]
