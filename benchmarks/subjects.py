"""The development set: subjects drawn at random, split by subject. Nothing is ever tuned on `test`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.subjects import draw_subject, phenotype_names

Set = Literal["train", "tune", "test"]
SEEDS: dict[Set, range] = {"train": range(10_000, 12_340), "tune": range(20_000, 20_078), "test": range(30_000, 30_104)}
DURATION_S: dict[Set, float] = {"train": 60.0, "tune": 180.0, "test": 300.0}


@dataclass(frozen=True, slots=True)
class DrawnSubject:
    """One simulated person: seed, phenotype, length of the recording."""

    seed: int
    phenotype: str
    duration_s: float

    def face(self) -> SimulatedFace:
        """The person, with electrodes; rate and number of inputs are drawn too."""
        scenario = draw_subject(self.seed, self.phenotype)
        return SimulatedFace(
            scenario,
            seed=self.seed,
            rate_hz=scenario.suggested_rate_hz,
            channels=scenario.suggested_channels,
        )


def drawn(which: Set) -> list[DrawnSubject]:
    """All subjects of a set: every phenotype equally often."""
    names = phenotype_names()
    return [DrawnSubject(seed, names[i % len(names)], DURATION_S[which]) for i, seed in enumerate(SEEDS[which])]
