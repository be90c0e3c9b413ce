"""The front end against the figures of TI SBAS499 and the sinc³ formula."""

from __future__ import annotations

import numpy as np
import pytest

from hfs_emg.errors import RequestError
from hfs_emg.simulation.front_end import (
    MICROVOLTS_PER_COUNT,
    OVERSAMPLED_HZ,
    RATES_HZ,
    Decimator,
    quantise,
    sinc3_gain,
    sinc3_kernel,
)

TABLE_250 = {
    20: -0.3,
    30: -0.6,
    50: -1.7,
    60: -2.5,
    80: -4.5,
    100: -7.3,
    120: -10.8,
    125: -11.8,
    150: -17.8,
    180: -28.1,
}
TABLE_1000 = {20: 0.0, 50: -0.1, 60: -0.2, 80: -0.3, 100: -0.4, 120: -0.6, 150: -1.0, 180: -1.4, 200: -1.7, 300: -4.0}


def measured_db(frequency_hz: float, rate_hz: float, seen_at_hz: float | None = None) -> float:
    """Level of a sine of unit amplitude behind the decimator, at the frequency where it is seen."""
    t = np.arange(4 * OVERSAMPLED_HZ) / OVERSAMPLED_HZ
    _, out = Decimator(rate_hz)(np.sin(2 * np.pi * frequency_hz * t + 0.3), 0)
    inner = out[20 : 20 + int(3 * rate_hz)]
    seen = frequency_hz if seen_at_hz is None else seen_at_hz
    spectrum = np.fft.rfft(inner * np.hanning(len(inner)))
    level = np.abs(spectrum[round(seen * 3)]) / (np.sum(np.hanning(len(inner))) / 2)
    return float(20 * np.log10(level))


@pytest.mark.parametrize(("frequency", "decibel"), [(f, d) for f, d in TABLE_250.items() if f < 125])
def test_a_sine_at_250_samples_per_second_loses_what_the_table_says(frequency: int, decibel: float) -> None:
    assert measured_db(frequency, 250.0) == pytest.approx(decibel, abs=0.15)


@pytest.mark.parametrize(("frequency", "decibel"), TABLE_1000.items())
def test_a_sine_at_1000_samples_per_second_loses_what_the_table_says(frequency: int, decibel: float) -> None:
    assert measured_db(frequency, 1000.0) == pytest.approx(decibel, abs=0.15)


@pytest.mark.parametrize(("rate", "table"), [(250.0, TABLE_250), (1000.0, TABLE_1000)])
def test_the_closed_form_is_the_table(rate: float, table: dict[int, float]) -> None:
    for frequency, decibel in table.items():
        assert 20 * np.log10(sinc3_gain(float(frequency), rate)) == pytest.approx(decibel, abs=0.07)


@pytest.mark.parametrize(("frequency", "seen_at", "decibel"), [(180, 70, -28.1), (150, 100, -17.8), (200, 50, -37.9)])
def test_harmonics_of_mains_fold_to_where_the_table_says(frequency: int, seen_at: int, decibel: float) -> None:
    assert measured_db(frequency, 250.0, seen_at) == pytest.approx(decibel, abs=0.6)


@pytest.mark.parametrize("rate", RATES_HZ)
def test_a_constant_passes_unchanged(rate: int) -> None:
    kernel = sinc3_kernel(OVERSAMPLED_HZ // rate)
    assert kernel.sum() == pytest.approx(1.0)
    assert np.all(kernel > 0.0)
    _, out = Decimator(rate)(np.ones(OVERSAMPLED_HZ), 0)
    assert out[len(out) // 2] == pytest.approx(1.0)


@pytest.mark.parametrize("first", [0, 1, 7, 16_001, -5])
def test_where_a_stretch_starts_on_the_oversampled_grid_only_shifts_it(first: int) -> None:
    """A pulse is seen at its own time: the centre of gravity behind the filter is where it was."""
    wave = np.zeros(400)
    wave[200] = 1.0
    start, out = Decimator(250.0)(wave, first)
    centre = np.sum(out * (start + np.arange(len(out)))) / np.sum(out)
    assert centre * 8 == pytest.approx(first + 200, abs=0.6)


def test_codes_are_rounded_and_clipped_at_the_rails() -> None:
    codes = quantise(np.array([0.0, MICROVOLTS_PER_COUNT, -2.4 * MICROVOLTS_PER_COUNT, 200_000.0, -200_000.0]))
    assert codes.tolist() == [0, 1, -2, 0x7FFFFF, -0x800000]
    assert codes.dtype == np.int32


def test_a_rate_that_does_not_divide_the_oversampled_one_is_refused_with_a_list() -> None:
    with pytest.raises(RequestError, match="300 Hz: choose one of 100, 125, 200, 250"):
        Decimator(300.0)
