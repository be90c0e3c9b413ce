"""What a guard says: how sure it is and what to do, and nothing of a set-up that is as it was."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from faces import CLOCK, MONTAGE, OOC_L, ZYG_R, HandMade
from test_procedure import TOLD
from written import profile

from calibration.estimate import profile_of, rest_of
from calibration.guards import changes, drift, guards
from calibration.procedure import Observation, Procedure
from calibration.profile import CalibrationProfile
from calibration.tasks import FULL, sequence


def through(grown: dict[int, float]) -> tuple[Observation, CalibrationProfile]:
    """The full sequence; after rest the noise of some channels becomes so many times what it was."""
    one = HandMade(Procedure(sequence(FULL), MONTAGE, CLOCK))
    one.until(lambda p: p.results != ())
    for channel, times in grown.items():
        one.rest_uv[channel] *= times
    one.finish()
    seen = one.procedure.observation()
    return seen, profile_of(seen, TOLD)


@pytest.mark.parametrize("times", [2.2, 0.45])
def test_rest_that_changes_within_a_sequence_asks_for_a_new_baseline(times: float) -> None:
    seen, found = through({OOC_L: times})
    rest = rest_of(seen)
    assert rest is not None
    (caution,) = [c for c in guards(seen, rest, found, None) if c.guard == "drift"]
    assert caution.channels == ("EMG L OOC",)
    assert 0.5 < caution.sureness <= 1
    assert f"Rest changed to {times:.2g} times" in caution.words
    assert "new baseline" in caution.remedy


def test_rest_that_stays_is_no_drift() -> None:
    seen, _ = through({ZYG_R: 1.15})
    rest = rest_of(seen)
    assert rest is not None
    assert drift(seen, rest) == []


def test_what_changed_is_told_by_channel_and_a_stronger_day_is_no_fault() -> None:
    before, now = profile(), profile(1.6, later_s=7200)
    assert changes(now, before, frozenset()) == []
    assert changes(profile(1.0, later_s=7200), before, frozenset()) == []


@pytest.mark.parametrize(("hours", "told"), [(1, True), (30, False)])
def test_within_one_wear_less_is_allowed_than_when_put_on_anew(hours: float, told: bool) -> None:
    from dataclasses import replace

    before = profile()
    now = replace(profile(), made_utc=before.made_utc + timedelta(hours=hours))
    rows = list(now.channels)
    rows[3] = replace(rows[3], tasks={k: replace(v, uv=0.42 * v.uv) for k, v in rows[3].tasks.items()})
    found = changes(replace(now, channels=tuple(rows)), before, frozenset())
    assert [c.guard for c in found] == (["moved electrode"] if told else [])
    assert all("0.42 times the contraction" in c.words and c.remedy and np.isfinite(c.sureness) for c in found)
