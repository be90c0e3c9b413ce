"""What rendering a simulated face gives, whoever simulates it: samples, what they mean, and what is true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage
from hfs_emg.model import Signal
from hfs_emg.simulation.truth import Truth


@dataclass(frozen=True, slots=True)
class Rendered:
    """counts: (samples, inputs) int32, codes of a 24-bit converter, in the order of the signal's inputs."""

    signal: Signal
    montage: Montage
    counts: NDArray[np.int32]
    truth: Truth


class Renders(Protocol):
    """A face that is not yet rendered, whoever draws it."""

    @property
    def seed(self) -> int:
        """Of all that is drawn."""

    @property
    def name(self) -> str:
        """Its scenario's."""

    @property
    def has_spasm(self) -> bool:
        """Whether it has hemifacial spasm."""

    @property
    def rate_hz(self) -> float:
        """Samples per second."""

    @property
    def inputs(self) -> int:
        """How many inputs it has."""

    def record(self) -> Rendered:
        """The same numbers for the same face."""
