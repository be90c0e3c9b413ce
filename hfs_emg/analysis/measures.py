"""What several features of atoms share, and the table that they are written into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.stretches import Columns, Flags, Floats, Stretches


class Measured:
    """Features of atoms by name: `table` (n, names), NaN until measured."""

    def __init__(self, atoms: int, names: Sequence[str]) -> None:
        self._column = {name: i for i, name in enumerate(names)}
        self.table: Floats = np.full((atoms, len(names)), np.nan)

    def __getitem__(self, name: str) -> Floats:
        found: Floats = self.table[:, self._column[name]]
        return found

    def __setitem__(self, name: str, values: NDArray[Any]) -> None:
        self.table[:, self._column[name]] = values

    def set(self, name: str, known: Flags, values: NDArray[Any]) -> None:
        """Write values (n,) where known (n,)."""
        self.table[known, self._column[name]] = values[known]

    def at(self, name: str, which: Columns, values: NDArray[Any]) -> None:
        """Write values (k,) for the atoms `which` (k,)."""
        self.table[which, self._column[name]] = values


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
