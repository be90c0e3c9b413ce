"""The page that says what a calibration buys counts what it says."""

from __future__ import annotations

import numpy as np

from benchmarks.profile_gain import CROSSTALK, conditions, fewer, verdict
from benchmarks.trials import AS_DRAWN


def test_what_is_missed_less_often_with_a_profile_is_told_face_by_face_with_its_interval() -> None:
    without, having = np.array([4.0, 3.0, 5.0, 4.0]), np.array([1.0, 1.0, 2.0, 1.0])
    found = fewer(without, having)
    assert (found.value, found.low, found.high) == (11.0, 9.0, 12.0)
    assert verdict(found) == "**fewer**"


def test_a_profile_that_makes_more_mistakes_is_said_to() -> None:
    found = fewer(np.array([0.0, 0.0]), np.array([2.0, 2.0]))
    assert (found.value, found.low, found.high) == (-4.0, -4.0, -4.0)
    assert verdict(found) == "**more**"


def test_the_runs_differ_in_the_profile_alone() -> None:
    for crosstalk in CROSSTALK:
        without, having = conditions(crosstalk, False), conditions(crosstalk, True)
        assert not without.calibrated
        assert having.calibrated
        assert without.crosstalk_across == having.crosstalk_across
    assert conditions(None, False) == AS_DRAWN
