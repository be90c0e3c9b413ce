"""The development set: subjects drawn at random by four generators, split by subject. Nothing is ever tuned on `test` or on strangers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks import tripoles, variety, volleys
from benchmarks.rendered import Renders
from hfs_emg.simulation.draws import LEAKY
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.phenotypes import PHENOTYPES
from hfs_emg.simulation.subjects import draw_subject, phenotype_names

Set = Literal["train", "tune", "test"]
SEEDS: dict[Set, range] = {"train": range(10_000, 15_824), "tune": range(20_000, 20_156), "test": range(30_000, 30_078)}
TRAIN_LEAKY = 0.5
"""To learn from, every second face leaks across the midline: what one-sided means must be learned where it is hard to see."""
VARIED: dict[Set, range] = {"train": range(1040, 2080), "tune": range(520, 598), "test": range(26, 52)}
VOLLEYS: dict[Set, range] = {"train": range(3120, 3640), "tune": range(2600, 2652), "test": range(26, 52)}
TRIPOLES: dict[Set, range] = {"train": range(4160, 4680), "tune": range(2652, 2704), "test": range(26, 52)}
"""Seeds of faces of `benchmarks.variety`, `benchmarks.volleys` and `benchmarks.tripoles`, each of their 26 scenarios equally often."""
VARIED_S: dict[Set, float] = {"train": 120.0, "tune": 180.0, "test": 960.0}
VOLLEYS_S: dict[Set, float] = {"train": 240.0, "tune": 240.0, "test": 960.0}
"""Those of `benchmarks.tripoles` are as long."""
DURATION_S: dict[Set, float] = {"train": 100.0, "tune": 180.0, "test": 480.0}


@dataclass(frozen=True, slots=True)
class DrawnSubject:
    """One simulated person: seed, phenotype, length of the recording."""

    seed: int
    phenotype: str
    duration_s: float
    leaky: float = LEAKY

    def face(self) -> SimulatedFace:
        """The person, with electrodes; rate and number of inputs are drawn too."""
        scenario = draw_subject(self.seed, self.phenotype, self.leaky)
        return SimulatedFace(
            scenario,
            seed=self.seed,
            rate_hz=scenario.suggested_rate_hz,
            channels=scenario.suggested_channels,
        )


def drawn(which: Set) -> list[DrawnSubject]:
    """All subjects of a set. To learn from, every phenotype equally often; to be measured on, by its weight among those with, or
    without, spasm, one of each at least.
    """
    seeds = SEEDS[which]
    if which == "train":
        names = phenotype_names()
        order = [names[i % len(names)] for i in range(len(seeds))]
        leaky = TRAIN_LEAKY
    else:
        leaky = LEAKY
        half = len(seeds) // 2
        order = [*_by_weight(True, half), *_by_weight(False, len(seeds) - half)]
    return [DrawnSubject(seed, name, DURATION_S[which], leaky) for seed, name in zip(seeds, order, strict=True)]


def rendered(which: Set) -> list[Renders]:
    """All faces of a set that the other three generators draw. To learn from, their seeds are below those of one's own."""
    varied, volley, tripole = VARIED[which], VOLLEYS[which], TRIPOLES[which]
    return [
        *variety.faces(varied.start, len(varied), VARIED_S[which]),
        *volleys.faces(volley.start, len(volley), VOLLEYS_S[which]),
        *tripoles.faces(tripole.start, len(tripole), VOLLEYS_S[which]),
    ]


def generator_of(seeds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whose faces they are, of those to learn from and to tune on: 0 the program's own generator's, else a number for each other one."""
    found = np.zeros(len(seeds), dtype=np.int64)
    for number, sets in enumerate((VARIED, VOLLEYS, TRIPOLES), start=1):
        for which in ("train", "tune"):
            found[np.isin(seeds, sets[which])] = number
    return found


def _by_weight(has_spasm: bool, count: int) -> list[str]:
    """`count` names, each about as often as its weight says (largest remainders), as evenly mixed as that allows."""
    names = phenotype_names(has_spasm=has_spasm)
    weights = [PHENOTYPES[name].weight for name in names]
    wanted = [max(1.0, count * w / sum(weights)) for w in weights]
    times = [int(w) for w in wanted]
    for i in sorted(range(len(names)), key=lambda i: times[i] - wanted[i])[: count - sum(times)]:
        times[i] += 1
    turns = [(k / times[i], i) for i in range(len(names)) for k in range(times[i])]
    return [names[i] for _, i in sorted(turns)][:count]
