"""What is asked of the findings, as a table: figure, bound, and how it is measured. The page reads it and judges by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks import pooled
from hfs_emg.evaluate import OTHER_KINDS
from hfs_emg.events import KINDS, Kind
from hfs_emg.intervals import Estimate

Shown = Callable[[float], str]


def share(value: float) -> str:
    return f"{value:.3f}"


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def milliseconds(value: float) -> str:
    return f"{1000 * value:.0f} ms"


def tenths(value: float) -> str:
    return f"{value:.1f}"


def count(value: float) -> str:
    return f"{value:.0f}"


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the table. at_least: larger is better."""

    title: str
    bound: float
    at_least: bool
    shown: Shown
    measure: pooled.Measure

    @property
    def asked(self) -> str:
        """The bound in words."""
        return f"{'≥' if self.at_least else '≤'} {self.shown(self.bound)}"

    def met(self, value: float) -> bool:
        """Whether a figure is good enough."""
        return value >= self.bound if self.at_least else value <= self.bound

    def verdict(self, estimate: Estimate) -> str:
        """`met` only where the whole interval is good enough would flatter nobody; where only the value is, it says so."""
        if estimate.value is None or estimate.low is None or estimate.high is None:
            return "not measured"
        if not self.met(estimate.value):
            return "**not met**"
        doubtful = estimate.low if self.at_least else estimate.high
        return "met" if self.met(doubtful) else "met, not surely"


GOALS: tuple[Goal, ...] = (
    Goal("Spasm F1, all faces together", 0.95, True, share, pooled.f1),
    Goal(f"Spasm F1, worst face with {pooled.WORST_NEEDS} spasms or more", 0.88, True, share, pooled.worst_face),
    Goal("False spasms per hour, spasm-free faces", 3.0, False, tenths, pooled.false_per_hour_look_alikes),
    Goal("Spasms on the wrong side", 0.0, False, count, pooled.wrong_side),
    Goal("Onset error, median", 0.008, False, milliseconds, pooled.onset_median_s),
    Goal("Onset error, 90th percentile", 0.020, False, milliseconds, pooled.onset_p90_s),
    Goal("Error of the total spasm time per recording, mean", 0.10, False, percent, pooled.spasm_time_error),
    Goal("Expected calibration error of spasm", 0.05, False, share, pooled.calibration_error),
    Goal(
        "True onset to first provisional spasm at 250 Hz, median",
        0.150,
        False,
        milliseconds,
        pooled.provisional_median_250_s,
    ),
)

KIND_BOUNDS: dict[Kind, tuple[float, float]] = {
    Kind.BLINK: (0.95, 0.8),
    Kind.BLEPHAROSPASM: (0.90, 0.6),
    Kind.SYNKINESIS: (0.85, 0.6),
    Kind.TWITCH: (0.85, 0.6),
    Kind.VOLUNTARY: (0.85, 0.8),
    Kind.ORAL: (0.85, 0.8),
    Kind.ARTEFACT: (0.70, 0.6),
}
"""Recall and precision asked of each kind."""

KIND_GOALS: dict[Kind, tuple[Goal, Goal]] = {
    kind: (
        Goal(f"Recall of {KINDS[kind].title}", KIND_BOUNDS[kind][0], True, share, partial(pooled.recall_of, kind)),
        Goal(
            f"Precision of {KINDS[kind].title}", KIND_BOUNDS[kind][1], True, share, partial(pooled.precision_of, kind)
        ),
    )
    for kind in OTHER_KINDS
}
"""(recall, precision) of each kind."""


def with_interval(estimate: Estimate, shown: Shown) -> str:
    """`0.912 (0.880–0.934)`, a dash where nothing was counted."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "–"
    if estimate.low == estimate.high:
        return shown(estimate.value)
    return f"{shown(estimate.value)} ({shown(estimate.low).partition(' ')[0]}–{shown(estimate.high)})"
