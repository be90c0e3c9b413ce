"""What the sections of docs/accuracy.md share: the figures of a run, and rows that more than one of them has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.goals import Goal, with_interval
from benchmarks.hardness import Hardness
from benchmarks.outcomes import Outcome
from benchmarks.sweeps import Point, Sweep

Outcomes = Sequence[Outcome]


@dataclass(frozen=True, slots=True)
class Group:
    """Faces of one origin: what they are called, what was found in them, how hard they are for a plain detector."""

    title: str
    outcomes: Outcomes
    hardness: Hardness


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run gave."""

    command: str
    model: str
    quick: bool
    as_hard: Group
    """Test faces of `benchmarks.variety` and `benchmarks.volleys`."""
    harder: Group
    """Test faces of the program's own generator, which the sections on faces, conditions and errors are about."""
    strangers: Group
    """Faces of a generator that nothing was learned from or tuned on."""
    sweeps: Sequence[tuple[Sweep, Sequence[Point]]]
    sweep_faces: int
    sweep_face_s: float

    @property
    def groups(self) -> tuple[Group, ...]:
        """All of them."""
        return self.as_hard, self.harder, self.strangers

    @property
    def outcomes(self) -> Outcomes:
        """Of the harder faces."""
        return self.harder.outcomes


def goal_row(goal: Goal, outcomes: Outcomes) -> tuple[str, ...]:
    estimate = goal.measure(outcomes)
    return goal.title, with_interval(estimate, goal.shown), goal.asked, goal.verdict(estimate)


def by_phenotype(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    groups: dict[str, list[Outcome]] = {}
    for o in outcomes:
        groups.setdefault(o.phenotype, []).append(o)
    return groups


def most_frequent(counted: Counter[str], most: int) -> str:
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {n}" for name, n in ranked[:most])
