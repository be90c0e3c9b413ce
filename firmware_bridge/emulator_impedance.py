"""The electrodes of an emulated board: what a lead-off current meets on its way through the skin.

The current is modelled as a sine of 6 nA (the converter switches a direct current; its harmonics are far above the band). It passes the
converter's own sinc³ filter like everything else, which at an eighth of the sampling rate leaves 0.925 of it (TI SBAS499).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from firmware_bridge.cyton_commands import LeadOff

TONE_GAIN = (math.sin(math.pi / 8) / (math.pi / 8)) ** 3


@dataclass(frozen=True, slots=True)
class Electrodes:
    """Impedance of each channel's P and N electrode, Ω; channels beyond the last have that one's."""

    p_ohm: tuple[float, ...]
    n_ohm: tuple[float, ...]

    @staticmethod
    def alike(ohm: float) -> Electrodes:
        """All of them the same."""
        return Electrodes((ohm,), (ohm,))

    @staticmethod
    def of(pairs: Iterable[Sequence[float]]) -> Electrodes:
        """From (P, N) by channel."""
        rows = [(float(p), float(n)) for p, n in pairs]
        return Electrodes(tuple(p for p, _ in rows), tuple(n for _, n in rows))

    def met(self, lead_off: Sequence[LeadOff]) -> tuple[float, ...]:
        """Ω that the current of each row meets, 0 where it is off."""
        return tuple(
            row.p * self.p_ohm[min(i, len(self.p_ohm) - 1)] + row.n * self.n_ohm[min(i, len(self.n_ohm) - 1)]
            for i, row in enumerate(lead_off)
        )
