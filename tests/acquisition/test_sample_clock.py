"""The sample clock finds the board's true rate from when samples come."""

from __future__ import annotations

import numpy as np
import pytest
from cyton_link import BEGIN_S, Link, blocks_of

from firmware_bridge.boards import CYTON
from hfs_emg.acquisition import Acquisition
from hfs_emg.sample_clock import SampleClock


@pytest.mark.parametrize("clump_s", [0.004, 0.016, 0.06])
@pytest.mark.parametrize("true_hz", [247.5, 248.9, 250.0, 250.547, 252.5])
def test_after_a_minute_the_rate_is_known_within_0_02_percent(true_hz: float, clump_s: float) -> None:
    acquisition = Acquisition(CYTON)
    blocks_of(acquisition, Link(CYTON, round(60 * true_hz), true_hz=true_hz, clump_s=clump_s).readings())
    assert acquisition.clock.rate_hz == pytest.approx(true_hz, rel=2e-4)
    assert acquisition.clock.fitted


def test_stalls_gaps_and_late_clumps_do_not_bend_it() -> None:
    link = Link(
        CYTON, 15_000, true_hz=250.6, lost=[(3000, 4300), (9000, 9003)], stalled=[(6000, 8000), (11_000, 11_200)]
    )
    rng = np.random.default_rng(1)
    for start in np.flatnonzero(np.diff(link.arrival_s))[::3] + 1:  # every third clump is late by up to 50 ms
        same = link.arrival_s == link.arrival_s[start]
        link.arrival_s[same] += rng.uniform(0, 0.05)
    acquisition = Acquisition(CYTON)
    blocks_of(acquisition, link.readings())
    assert acquisition.clock.rate_hz == pytest.approx(250.6, rel=2e-4)


def test_seconds_that_came_late_as_a_whole_do_not_count() -> None:
    """Fifteen seconds at the end of a minute, all 0.3 s late, as after retries of the radio."""
    link = Link(CYTON, 15_000, true_hz=250.6)
    link.arrival_s[11_000:] += 0.3
    acquisition = Acquisition(CYTON)
    assert blocks_of(acquisition, link.readings())[-1].end == 15_000
    assert acquisition.clock.rate_hz == pytest.approx(250.6, rel=2e-4)


def test_before_there_is_enough_the_nominal_rate_is_given() -> None:
    acquisition = Acquisition(CYTON)
    blocks_of(acquisition, Link(CYTON, 1000, true_hz=251.0).readings())
    assert (acquisition.clock.rate_hz, acquisition.clock.fitted) == (250.0, False)


def test_a_rate_that_changes_is_followed() -> None:
    """Ten minutes at another temperature, and the old rate is forgotten."""
    clock = SampleClock(250.0)
    for k in range(1400):
        clock.observe(k * 250, np.array([k * 250 / 250.5 if k < 700 else 700 * 250 / 250.5 + (k - 700) * 250 / 249.0]))
    assert clock.rate_hz == pytest.approx(249.0, rel=2e-4)


def test_a_fit_that_no_oscillator_could_have_is_not_believed() -> None:
    clock = SampleClock(250.0)
    for k in range(60):
        clock.observe(k * 250, np.array([k * 1.2]))
    assert (clock.rate_hz, clock.fitted) == (250.0, False)


def test_sample_and_time_map_onto_each_other_at_the_punctual_edge() -> None:
    """Clumps arrive 0 to 60 ms late; the map speaks of a punctual link."""
    acquisition = Acquisition(CYTON)
    blocks_of(acquisition, Link(CYTON, 30_000, true_hz=250.5).readings())
    clock = acquisition.clock
    for sample in (100, 15_000, 29_999, 40_000):
        due_s = clock.expected_arrival_s(sample)
        assert due_s == pytest.approx(BEGIN_S + (sample + 1) / 250.5, abs=0.01)
        assert clock.sample_at(due_s) == pytest.approx(sample, abs=1e-6)
    many = clock.expected_arrivals_s(np.array([100, 40_000]))
    assert many.tolist() == [clock.expected_arrival_s(100), clock.expected_arrival_s(40_000)]


def test_a_clock_that_saw_nothing_says_so() -> None:
    clock = SampleClock(250.0)
    clock.observe(0, np.empty(0))
    assert not clock.started
    with pytest.raises(ValueError, match="not seen a sample"):
        clock.expected_arrival_s(0)
