"""The development set: subjects drawn at random, split by subject. Nothing is ever tuned on `test`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario, scenario_names

Set = Literal["train", "tune", "test"]
SEEDS: dict[Set, range] = {"train": range(10_000, 10_060), "tune": range(20_000, 20_020), "test": range(30_000, 30_030)}


@dataclass(frozen=True, slots=True)
class DrawnSubject:
    """One simulated person with the rate and number of inputs of the recording."""

    seed: int
    scenario: str
    rate_hz: float
    channels: int
    duration_s: float

    def face(self) -> SimulatedFace:
        """The person, with electrodes."""
        return SimulatedFace(load_scenario(self.scenario), seed=self.seed, rate_hz=self.rate_hz, channels=self.channels)


def drawn(which: Set) -> list[DrawnSubject]:
    """All subjects of a set."""
    names = scenario_names()
    return [
        DrawnSubject(
            seed, names[i % len(names)], (250.0, 250.0, 250.0, 500.0, 1000.0, 200.0)[i % 6], 8 if i % 4 else 4, 240.0
        )
        for i, seed in enumerate(SEEDS[which])
    ]
