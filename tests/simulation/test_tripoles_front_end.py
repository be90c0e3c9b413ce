"""The front end of faces of a fourth hand: converter, electrodes, disturbances."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tripoles.anatomy import Anatomy, drawn_anatomy
from benchmarks.tripoles.converter import HIGHEST_CODE, LOWEST_CODE, codes, decimated, folded_sine, sinc3_gain
from benchmarks.tripoles.disturbances import Disturber
from benchmarks.tripoles.electrodes import electrode_noise
from benchmarks.tripoles.scenarios import Scenario
from calibration.montage import Side


def person(**traits: object) -> tuple[Scenario, Anatomy]:
    scenario = Scenario(name="someone", **traits)  # type: ignore[arg-type]
    return scenario, drawn_anatomy(np.random.default_rng(5), scenario, 2000.0)


@pytest.mark.parametrize(("rate_hz", "corner_hz"), [(250, 65), (500, 131), (1000, 262)])
def test_sinc3_is_three_decibels_down_where_the_data_sheet_says(rate_hz: float, corner_hz: float) -> None:
    assert 20 * np.log10(sinc3_gain(corner_hz, rate_hz)) == pytest.approx(-3.0, abs=0.15)


@pytest.mark.parametrize("frequency_hz", [20.0, 65.0, 110.0, 180.0])
def test_decimation_is_that_filter_and_folds(frequency_hz: float) -> None:
    fine = np.sin(2 * np.pi * frequency_hz * np.arange(80_000) / 2000)
    made = decimated(fine, 10_000)[100:-100]
    assert np.sqrt(2) * made.std() == pytest.approx(abs(sinc3_gain(frequency_hz, 250)), rel=0.08)


def test_the_third_harmonic_of_60_hz_folds_to_70() -> None:
    spectrum = np.abs(np.fft.rfft(folded_sine(180.0, 250.0, 2500, 0.0)))
    assert np.argmax(spectrum) / 10 == pytest.approx(70.0)


def test_codes_stop_at_the_rails() -> None:
    assert codes(np.array([-1e6, 0.0, 1e6])).tolist() == [LOWEST_CODE, 0, HIGHEST_CODE]


def test_electrode_noise_has_the_level_it_is_asked_for() -> None:
    noise = electrode_noise(np.random.default_rng(0), 50_000, 250.0)
    power = np.abs(np.fft.rfft(noise)) ** 2
    heard = np.fft.rfftfreq(50_000, 1 / 250) >= 20
    assert np.sqrt(2 * power[heard].sum()) / 50_000 == pytest.approx(1.0, rel=0.05)


# What goes wrong


def test_a_tug_pulls_all_leads_of_one_side_and_none_of_the_other() -> None:
    scenario, anatomy = person()
    disturber = Disturber(np.random.default_rng(4), scenario, anatomy.montage, 5000)
    disturber.tug(5.0)
    pulled = np.abs(disturber.trouble.added).max(axis=0) > 1
    sides = [{bool(pulled[i]) for i in anatomy.montage.on(side)} for side in Side]
    assert sorted(map(sorted, sides)) == [[False], [True]]


def test_a_rail_is_beyond_the_converter_and_named() -> None:
    scenario, anatomy = person()
    disturber = Disturber(np.random.default_rng(4), scenario, anatomy.montage, 10_000)
    disturber.rail(5.0)
    (stretch,) = disturber.trouble.invalid
    assert stretch.reason == "rail"
    assert stretch.channels is not None
    assert np.isin(codes(disturber.trouble.added), (LOWEST_CODE, HIGHEST_CODE)).any()


def test_a_lead_that_is_off_shows_no_muscle() -> None:
    scenario, anatomy = person()
    disturber = Disturber(np.random.default_rng(4), scenario, anatomy.montage, 20_000)
    disturber.off(5.0)
    (stretch,) = disturber.trouble.invalid
    assert stretch.reason == "lead_off"
    lost = np.flatnonzero(disturber.trouble.contact.min(axis=0) == 0)
    assert [anatomy.montage.channels[i].label for i in lost] == list(stretch.channels or ())


# Independence and command
