"""Envelopes: bounded, as abrupt and as long as they were asked to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hfs_emg.simulation.envelope import SHAPES, Envelope, burst


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Envelope,
        shape=st.sampled_from(sorted(SHAPES)),
        rise_s=st.floats(0.005, 0.4),
        plateau_s=st.floats(0.0, 5.0),
        decay_s=st.floats(0.01, 0.3),
        depth=st.floats(0, 0.7),
        rhythm_hz=st.floats(0.5, 15.0),
        fade=st.floats(0, 0.3),
    )
)
def test_an_envelope_lies_between_nothing_and_its_peak(envelope: Envelope) -> None:
    values = envelope.at(np.arange(-0.1, envelope.span_s + 0.2, 0.001))
    assert values.min() >= 0.0
    assert values.max() <= 1.0 + 1e-9
    assert np.all(values[:99] == 0.0)
    assert np.all(values[-150:] == 0.0)


@pytest.mark.parametrize("shape", ["trapezoid", "surge", "cosine", "bell"])
@pytest.mark.parametrize("rise", [0.005, 0.02, 0.15])
def test_the_rise_time_is_that_from_a_tenth_to_nine_tenths(shape: str, rise: float) -> None:
    t = np.arange(0.0, 1.0, 0.0001)
    values = Envelope(shape, rise, 0.3, 0.05).at(t)
    measured = t[np.argmax(values >= 0.9)] - t[np.argmax(values >= 0.1)]
    assert measured == pytest.approx(rise, rel=0.35)


@pytest.mark.parametrize("duration", [0.04, 0.08, 0.2])
def test_a_burst_stays_above_half_for_its_duration(duration: float) -> None:
    t = np.arange(0.0, 1.0, 0.0005)
    values = burst("trapezoid", duration, 0.012, 0.03).at(t)
    assert np.sum(values >= 0.5) * 0.0005 == pytest.approx(duration, rel=0.25)


def test_fatigue_and_modulation_take_away_what_they_say() -> None:
    t = np.arange(1.0, 4.0, 0.001)
    steady = Envelope("trapezoid", 0.05, 5.0, 0.1).at(t)
    waxing = Envelope("trapezoid", 0.05, 5.0, 0.1, depth=0.5, rhythm_hz=10.0).at(t)
    tired = Envelope("trapezoid", 0.05, 5.0, 0.1, fade=0.3).at(t)
    assert np.all(steady == 1.0)
    assert waxing.min() == pytest.approx(0.5, abs=0.05)
    assert tired[-1] < tired[0] < 1.0
