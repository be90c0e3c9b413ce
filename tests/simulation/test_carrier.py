"""Carriers: level, spectrum, recruitment, and what a side's muscles share."""

from __future__ import annotations

import numpy as np
import pytest

from hfs_emg.simulation.carrier import BANK_SAMPLES, FULL_DRIVE_UV, CarrierBank, emg_spectrum
from hfs_emg.simulation.front_end import OVERSAMPLED_HZ, Decimator
from hfs_emg.simulation.settings import Carrier

MODELS = ("gaussian", "pulsed", "motor_units")


def bank(model: str, **settings: float) -> CarrierBank:
    return CarrierBank(Carrier(model=model, **settings), 4, np.random.default_rng(4))  # type: ignore[arg-type]


def at_1000(wave: np.ndarray) -> np.ndarray:
    return Decimator(1000.0)(wave, 0)[1][10:-10]


@pytest.mark.parametrize("model", MODELS)
def test_one_microvolt_means_one_microvolt_rms_at_1000_samples_per_second(model: str) -> None:
    wave = bank(model).ectopic(np.ones(BANK_SAMPLES), 0, 2)
    assert np.sqrt(np.mean(at_1000(wave) ** 2)) == pytest.approx(1.0, rel=0.03)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("level", [4.0, 15.0, 60.0, 200.0])
def test_a_voluntary_contraction_has_the_level_it_was_asked_for(model: str, level: float) -> None:
    wave = bank(model).voluntary(np.full(BANK_SAMPLES, level), 0)
    assert np.sqrt(np.mean(at_1000(wave) ** 2)) == pytest.approx(level, rel=0.3)


@pytest.mark.parametrize(("low", "high"), [(40.0, 80.0), (60.0, 120.0), (60.0, 150.0)])
def test_the_gaussian_carrier_has_the_spectrum_of_the_formula(low: float, high: float) -> None:
    wave = bank("gaussian", low_corner_hz=low, high_corner_hz=high).ectopic(np.ones(BANK_SAMPLES), 0, 1)
    frequencies = np.fft.rfftfreq(BANK_SAMPLES, 1 / OVERSAMPLED_HZ)

    def median(power: np.ndarray) -> float:
        return float(frequencies[np.searchsorted(np.cumsum(power) / power.sum(), 0.5)])

    assert median(np.abs(np.fft.rfft(wave)) ** 2) == pytest.approx(median(emg_spectrum(low, high) ** 2), rel=0.05)


@pytest.mark.parametrize("model", MODELS)
def test_surface_emg_lies_between_20_and_450_hz(model: str) -> None:
    power = np.abs(np.fft.rfft(bank(model).voluntary(np.full(BANK_SAMPLES, 50.0), 0))) ** 2
    frequencies = np.fft.rfftfreq(BANK_SAMPLES, 1 / OVERSAMPLED_HZ)
    inside = (frequencies > 15.0) & (frequencies < 450.0)
    assert power[inside].sum() > 0.85 * power.sum()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("shared", [0.1, 0.4])
def test_muscles_of_one_side_share_part_of_a_spasm(model: str, shared: float) -> None:
    carriers = bank(model, shared=shared)
    ones = np.ones(BANK_SAMPLES)
    first, second = carriers.ectopic(ones, 77, 0), carriers.ectopic(ones, 77, 1)
    f, g = np.fft.rfft(first), np.fft.rfft(second)
    alike = np.abs(np.fft.irfft(f * np.conj(g))).max() / np.sqrt(np.sum(first**2) * np.sum(second**2))
    assert 0.3 * shared < alike < shared + 0.12


def test_a_weak_contraction_of_motor_units_is_sparse_and_a_strong_one_is_dense() -> None:
    carriers = bank("motor_units", units=24)

    def kurtosis(level: float) -> float:
        wave = carriers.voluntary(np.full(BANK_SAMPLES, level), 0)
        return float(np.mean(wave**4) / np.mean(wave**2) ** 2)

    assert kurtosis(5.0) > 1.3 * kurtosis(0.8 * FULL_DRIVE_UV)


def test_a_contraction_longer_than_the_bank_goes_on_without_a_seam() -> None:
    carriers = bank("gaussian")
    wave = carriers.ectopic(np.ones(BANK_SAMPLES + 500), 100, 0)
    assert np.array_equal(wave[BANK_SAMPLES:], wave[:500])
    jump = np.abs(np.diff(wave))[BANK_SAMPLES - 101]
    assert jump <= np.abs(np.diff(wave)).max()


def test_less_of_an_emg_is_left_at_250_than_at_1000_samples_per_second() -> None:
    """Shwedyk spectra of 64–148 Hz median keep 0.46–0.73 of their amplitude (computed with sinc³)."""
    gains = [bank("gaussian", low_corner_hz=lo, high_corner_hz=hi).gain_at(250.0) for lo, hi in ((40, 80), (60, 150))]
    assert gains[0] == pytest.approx(0.73, abs=0.05)
    assert 0.4 < gains[1] < gains[0]
