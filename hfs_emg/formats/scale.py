"""Microvolts back to the ADC codes they came from.

A board writes multiples of its code width. Which of its gains was set is not in the file, but the values tell: the coarsest
grid on which all of them lie. Values on no grid are rounded to the finest one, which is also what a source of mere floats gets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import RAIL_HIGH, RAIL_LOW, ads1299_microvolts_per_count
from hfs_emg.model import FLOAT_SOURCE_MICROVOLTS_PER_COUNT

ADS1299_GRIDS = tuple(ads1299_microvolts_per_count(gain) for gain in (1, 2, 4, 6, 8, 12, 24))
"""µV per count at the gains of a Cyton and its Daisy, coarse to fine (TI SBAS499)."""

GANGLION_GRIDS = (FLOAT_SOURCE_MICROVOLTS_PER_COUNT, 1.2e6 / (2**23 - 1) / 1.5 / 51)
"""µV per count of a Ganglion's MCP3912 with its amplifier of 51 (OpenBCI, Ganglion data format), and a wider one for values beyond it."""

FLOAT_GRIDS = (FLOAT_SOURCE_MICROVOLTS_PER_COUNT,)
"""Sources whose code width nobody knows."""

_ENOUGH = 64  # values on a grid twice as coarse by chance: 2^-64
_SINGLE = 2.0**-23  # the GUI computes in single precision: relative error of scale and product together


class GridFinder:
    """Which grid each channel's values lie on: `push` all values, then read the result.

    A coarse grid must hold for 64 different values that are written finely enough to contradict it.
    """

    def __init__(self, grids: Sequence[float], channels: int) -> None:
        self._grids = np.asarray(grids, np.float64)
        self._alive = np.ones((len(grids), channels), np.bool_)
        self._tested = np.zeros((len(grids), channels), np.int64)
        self._largest = np.zeros(channels)
        self._distinct = np.zeros(channels, np.int64)

    def push(self, microvolts: NDArray[np.float64], decimals: int) -> None:
        """(n, channels) values written with so many digits after the point."""
        size = np.abs(microvolts)
        self._largest = np.maximum(self._largest, size.max(axis=0, initial=0.0))
        if len(microvolts) and self._distinct.max(initial=0) < _ENOUGH:
            sample = np.sort(microvolts[:4096], axis=0)
            self._distinct = np.maximum(self._distinct, 1 + np.count_nonzero(np.diff(sample, axis=0), axis=0))
        tolerance = 0.5 * 10.0 ** -min(decimals, 12) + size * _SINGLE
        for g in np.flatnonzero(self._alive.any(axis=1)):
            grid = self._grids[g]
            telling = tolerance < 0.35 * grid
            off = np.abs(microvolts - np.rint(microvolts / grid) * grid) > tolerance
            self._alive[g] &= ~(off & telling).any(axis=0)
            self._tested[g] += np.count_nonzero(telling, axis=0)

    @property
    def grids(self) -> NDArray[np.float64]:
        """(channels,) µV per count."""
        fits = self._alive & (self._tested >= _ENOUGH) & (self._distinct >= _ENOUGH)
        wide = self._largest <= self._grids[:, None] * (RAIL_HIGH + 1.5)
        chosen = []
        for channel in range(self._alive.shape[1]):
            proven = np.flatnonzero(fits[:, channel])
            covering = np.flatnonzero(wide[:, channel])
            if len(proven):
                chosen.append(self._grids[proven[0]])
            elif len(self._grids) > 1 and len(covering):
                chosen.append(self._grids[covering[-1]])
            else:
                chosen.append(self._grids[-1])
        return np.array(chosen, np.float64)

    @property
    def exact(self) -> NDArray[np.bool_]:
        """(channels,) nothing contradicts the finest grid."""
        return np.asarray(self._alive[-1])


def to_counts(microvolts: NDArray[np.float64], grids: NDArray[np.float64]) -> NDArray[np.int32]:
    """(n, channels) codes, clipped at the rails of 24 bit."""
    return np.clip(np.rint(microvolts / grids), RAIL_LOW, RAIL_HIGH).astype(np.int32)
