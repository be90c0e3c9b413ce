"""Which faces there are, in which order, and what each is rendered into."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.rendered import Rendered
from benchmarks.strangers.scenarios import SCENARIOS, Scenario


@dataclass(frozen=True, slots=True)
class Stranger:
    """One simulated person in one scenario. All that is drawn is drawn from the seed."""

    seed: int
    name: str
    has_spasm: bool
    rate_hz: float
    inputs: int
    duration_s: float

    @property
    def scenario(self) -> Scenario:
        """What this person does and suffers."""
        return SCENARIOS[self.seed % len(SCENARIOS)]

    def record(self) -> Rendered:
        """Samples, montage and truth; the same numbers each time."""
        from benchmarks.strangers.recording import recorded

        return recorded(self.scenario, self.seed, self.duration_s)


def faces(first_seed: int = 0, count: int = 26, duration_s: float = 960.0) -> list[Stranger]:
    """`count` faces of successive seeds; 26 in a row are each scenario once, the next 26 the same with other anatomy."""
    found = []
    for seed in range(first_seed, first_seed + count):
        s = SCENARIOS[seed % len(SCENARIOS)]
        found.append(Stranger(seed, s.name, s.has_spasm, s.rate_hz, s.inputs, duration_s))
    return found
