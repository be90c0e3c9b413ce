"""What the events of a view add up to, at any confidence that is asked for: the slider's table.

Rule: what a reader judged counts as judged, wherever the slider stands; the threshold is for what nobody has judged. The false spasms to
expect are those of `hfs_emg.false_alarms`: measured on simulated faces, of the detector alone, so they are told for what is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import msgspec

from calibration.montage import Montage, Side
from hfs_emg.analysis.burden import Burden, SideBurden, summed
from hfs_emg.events import Findings, Invalid
from hfs_emg.false_alarms import EDGES, false_alarm_rate, measured_false_alarms
from hfs_emg.intervals import Estimate
from hfs_emg.review.view import Event, View

THRESHOLDS = tuple(round(0.5 + 0.05 * k, 2) for k in range(10))
"""Where the slider can stand: below 0.5 nothing is named a spasm."""


class Step(msgspec.Struct, frozen=True):
    """The slider at one place. undecided: spasms among those that count which nobody has judged.

    false_per_hour: to expect on a face without any, from the edge of the measured bins at or below the threshold; None: not measured.
    """

    threshold: float
    sides: dict[str, SideBurden]
    undecided: int
    false_per_hour: Estimate | None


def spasms_of(view: View, threshold: float = 0.0) -> list[Event]:
    """Events that count as spasm."""
    return [event for event in view.events if event.counts(threshold)]


def burden_of(
    view: View, montage: Montage, duration_s: float, invalid: Sequence[Invalid] = (), threshold: float = 0.0
) -> dict[str, SideBurden]:
    """Per side what counts at this threshold, by the same sums as the analysis itself."""
    return _sides(spasms_of(view, threshold), _valid(montage, duration_s, invalid))


def slider(view: View, montage: Montage, duration_s: float, invalid: Sequence[Invalid] = ()) -> tuple[Step, ...]:
    """Every place of the slider at once, so that moving it asks nobody. Places at which the same spasms count are summed up once."""
    valid, counted = _valid(montage, duration_s, invalid), spasms_of(view)
    sums: dict[int, dict[str, SideBurden]] = {}
    steps = []
    for threshold in THRESHOLDS:
        counted = [
            event for event in counted if event.counts(threshold)
        ]  # fewer with every step: their number tells which
        if len(counted) not in sums:
            sums[len(counted)] = _sides(counted, valid)
        steps.append(_step(counted, threshold, sums[len(counted)]))
    return tuple(steps)


def step(
    view: View, montage: Montage, duration_s: float, invalid: Sequence[Invalid] = (), threshold: float = 0.5
) -> Step:
    """One place of the slider."""
    counted = spasms_of(view, threshold)
    return _step(counted, threshold, _sides(counted, _valid(montage, duration_s, invalid)))


def _valid(montage: Montage, duration_s: float, invalid: Sequence[Invalid]) -> dict[Side, float]:
    """Valid time of each side that has electrodes."""
    sums = Burden(montage)
    sums.add(Findings((), tuple(invalid), (), duration_s))
    return {side: sums.side_valid_s(side, duration_s) for side in Side if montage.on(side)}


def _sides(counted: Sequence[Event], valid: dict[Side, float]) -> dict[str, SideBurden]:
    """Each side's, of events that count as spasm."""
    return {
        side.value: summed([e.episode for e in counted if e.episode.side == side], valid_s)
        for side, valid_s in valid.items()
    }


def _step(counted: Sequence[Event], threshold: float, sides: dict[str, SideBurden]) -> Step:
    undecided = sum(not event.judged for event in counted)
    return Step(threshold, sides, undecided, expected_false(threshold))


@cache
def expected_false(threshold: float) -> Estimate | None:
    """False spasms an hour from the measured edge at or below this confidence up; None where nothing was measured."""
    alarms = measured_false_alarms()
    below = [edge for edge in EDGES[:-1] if edge <= threshold]
    return None if alarms is None or not below else false_alarm_rate(alarms, below[-1])
