"""What several features of atoms share, and the table that they are written into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.feature_names import NAMES
from hfs_emg.analysis.stretches import Columns, Flags, Floats, Stretches

_COLUMN = {name: i for i, name in enumerate(NAMES)}


class Measured:
    """Features of atoms by name: `table` (n, len(NAMES)), NaN until measured."""

    def __init__(self, table: Floats) -> None:
        self.table = table

    @staticmethod
    def none(atoms: int) -> Measured:
        """Nothing is measured of so many atoms yet."""
        return Measured(np.full((atoms, len(NAMES)), np.nan))

    def __getitem__(self, name: str) -> Floats:
        found: Floats = self.table[:, _COLUMN[name]]
        return found

    def __setitem__(self, name: str, values: NDArray[Any]) -> None:
        self.table[:, _COLUMN[name]] = values

    def set(self, name: str, known: Flags, values: NDArray[Any]) -> None:
        """Write values (n,) where known (n,)."""
        self.table[known, _COLUMN[name]] = values[known]

    def at(self, name: str, which: Columns, values: NDArray[Any]) -> None:
        """Write values (k,) for the atoms `which` (k,)."""
        self.table[which, _COLUMN[name]] = values


@dataclass(frozen=True, slots=True)
class Profile:
    """What the features of each atom are drawn from, (n, channels) unless said.

    level: highest power over noise, raw_level: the same also where the signal is bad. amplitude: mean µV above the noise. order: channels
    that take part, the strongest first; count (n,): how many they are. own: channels of the side of the strongest. cut: the atoms' frames.
    """

    level: Floats
    raw_level: Floats
    amplitude: Floats
    order: Columns
    count: Columns
    own: Flags
    cut: Stretches


def db(power: Floats) -> Floats:
    """Power ratios in dB, -60 at least."""
    return np.asarray(10 * np.log10(np.maximum(power, 1e-6)))
