"""Conditioning, quality, noise floor and edges, each by what it is for."""

from __future__ import annotations

import numpy as np
import pytest
from streams import findings, simulated

from hfs_emg.analysis.conditioning import Conditioner
from hfs_emg.analysis.edges import change_points, common_change_points
from hfs_emg.analysis.mains import folded_hz
from hfs_emg.analysis.noise import NoiseFloor, _in_order
from hfs_emg.analysis.quality import REASONS, SampleQuality
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.errors import RequestError

RATE = 250
SECONDS = 30


def conditioned(uv: np.ndarray, rate: int = RATE) -> np.ndarray:
    conditioner = Conditioner(float(rate), len(uv), rate, AnalysisSettings())
    return conditioner.push(uv, np.zeros(uv.shape[1], dtype=np.bool_)).emg


@pytest.mark.parametrize("mains", [49.85, 50.1, 59.9, 60.13])
@pytest.mark.parametrize("level", [25.0, 400.0])
def test_mains_is_found_and_taken_out_whatever_its_frequency(mains: float, level: float) -> None:
    rng = np.random.default_rng(1)
    t = np.arange(SECONDS * RATE) / RATE
    noise = rng.normal(0, 2.0, (4, len(t)))
    with_hum = conditioned(noise + level * np.sin(2 * np.pi * mains * t))
    without = conditioned(noise)
    late = slice(15 * RATE, None)
    assert with_hum[:, late].std() < 1.1 * without[:, late].std()


def test_noise_alone_is_not_notched() -> None:
    rng = np.random.default_rng(2)
    conditioner = Conditioner(250.0, 8, 250, AnalysisSettings())
    conditioner.push(rng.normal(0, 3, (8, 60 * RATE)), np.zeros(60 * RATE, dtype=np.bool_))
    assert conditioner.mains.last.amplitude_uv.max() < 2.0


def test_an_offset_does_not_ring() -> None:
    assert np.abs(conditioned(np.full((2, 1000), 180_000.0))).max() < 1e-6


def test_a_harmonic_folds_where_sampling_puts_it() -> None:
    assert folded_hz(180.0, 250.0) == pytest.approx(70.0)
    assert folded_hz(150.0, 250.0) == pytest.approx(100.0)


@pytest.mark.parametrize(("rate", "edge"), [(200.0, 100.0), (125.0, 80.0)])
def test_a_band_edge_beyond_nyquist_is_refused_with_the_way_out(rate: float, edge: float) -> None:
    with pytest.raises(RequestError, match="holds nothing above"):
        AnalysisSettings(band_high_hz=edge + 20).band_hz(rate)


def test_a_band_turned_over_is_refused() -> None:
    with pytest.raises(RequestError, match="not below the upper edge"):
        AnalysisSettings(band_low_hz=60.0).band_hz(110.0)


def reasons_at(verdict: np.ndarray, sample: int, channel: int = 0) -> str | None:
    code = int(verdict[channel, sample])
    return REASONS[code - 1] if code else None


def test_rail_flat_gap_and_settling_are_told_apart() -> None:
    quality = SampleQuality(250.0, np.array([[-8_000_000, 8_000_000]] * 2))
    rng = np.random.default_rng(3)
    counts = rng.integers(-500, 500, (2, 5000))
    lost = np.zeros(5000, dtype=np.bool_)
    counts[0, 1000:1010] = 8_388_607
    counts[0, 2000:2200] = 7
    lost[3000:3020] = True
    verdict = quality.push(counts, lost)
    assert reasons_at(verdict, 100) == "settling"
    assert reasons_at(verdict, 1005) == "rail"
    assert reasons_at(verdict, 1050) == "rail", "the filters ring after a rail"
    assert reasons_at(verdict, 1005, channel=1) is None
    assert reasons_at(verdict, 2100) == "flat"
    assert reasons_at(verdict, 3010) == "gap"
    assert reasons_at(verdict, 3050) == "settling"
    assert reasons_at(verdict, 4000) is None


def test_a_single_lost_sample_costs_little() -> None:
    quality = SampleQuality(250.0, np.array([[-8_000_000, 8_000_000]]))
    lost = np.zeros(2000, dtype=np.bool_)
    lost[1500] = True
    verdict = quality.push(np.random.default_rng(4).integers(-500, 500, (1, 2000)), lost)
    assert 1 <= (verdict[0, 1400:] > 0).sum() <= 12


def test_the_floor_ignores_activity_and_follows_noise() -> None:
    rng = np.random.default_rng(5)
    floor = NoiseFloor(1)

    def second(scale: float, burst: bool = False) -> np.ndarray:
        power = scale**2 * rng.chisquare(8, (1, 20)) / 8
        if burst:
            power[:, 5:12] *= 100
        return power

    for i in range(30):
        floor.push_second(second(2.0, burst=i % 2 == 0), np.zeros((1, 20), dtype=np.bool_))
    assert float(floor.power[0]) == pytest.approx(4.0, rel=0.25)
    for _ in range(40):
        floor.push_second(second(2.6), np.zeros((1, 20), dtype=np.bool_))
    assert float(floor.power[0]) == pytest.approx(2.6**2, rel=0.25)


def test_noise_that_stays_ten_times_louder_becomes_the_new_floor() -> None:
    rng = np.random.default_rng(6)
    floor = NoiseFloor(1)
    for scale in [1.0] * 20 + [10.0] * 70:
        floor.push_second(scale**2 * rng.chisquare(8, (1, 20)) / 8, np.zeros((1, 20), dtype=np.bool_))
    assert float(floor.power[0]) == pytest.approx(100.0, rel=0.35)


@pytest.mark.parametrize("snr", [4.0, 10.0, 30.0])
def test_an_edge_is_found_in_the_samples_whatever_the_strength(snr: float) -> None:
    """The envelope would say 48 ms late at low and 12 ms at high amplitude; the change of variance does not."""
    rng = np.random.default_rng(7)
    true = rng.integers(8, 22, 200)
    wave = rng.normal(0, 1, (200, 40))
    wave[np.arange(40) >= true[:, None]] *= snr
    errors = change_points(wave * wave, np.full(200, 40), np.ones(200)) - true
    assert abs(float(np.median(errors))) <= 1.0
    assert float(np.quantile(np.abs(errors), 0.9)) <= 4


def test_a_cheek_that_joins_a_lid_which_has_just_blinked_says_when_the_spasm_began() -> None:
    """The lid is loud from the beginning, and grows a little less so; alone, or added to the cheek, it would say something else."""
    rng = np.random.default_rng(8)
    lid, cheek = rng.normal(0, 20, (100, 60)), rng.normal(0, 1, (100, 60))
    lid[:, :6] /= 20
    cheek[:, 30:] *= 8
    power = np.stack([lid * lid, cheek * cheek], axis=1)
    lengths, floors = np.full(100, 60), np.ones((100, 2))
    found = common_change_points(np.concatenate([power, power[:, 1:]], axis=1), lengths, np.ones((100, 3)))
    assert np.quantile(np.abs(found - 30), 0.8) <= 2
    added_up = change_points(power.sum(axis=1), lengths, 2 * np.ones(100))
    assert np.median(added_up) < 10, "the lid alone decides where powers are added up"
    silent = floors.copy()
    silent[:, 0] = np.nan
    assert np.quantile(np.abs(common_change_points(power, lengths, silent) - 30), 0.9) <= 2


def test_bursts_late_in_a_recording_begin_at_samples_not_at_frames() -> None:
    """Edges are found in the samples wherever in the stream a burst lies; a frame is two samples, so half of them fall between two."""
    stream = simulated("moderate-right", 60.0)
    episodes, _ = findings(stream, [len(stream.counts)])
    starts = np.array([b.start_s for e in episodes for b in e.bursts if b.start_s > 20.0])
    frames = starts / 0.008
    assert len(starts) > 40
    assert np.mean(np.abs(frames - np.round(frames)) < 1e-6) < 0.8


@pytest.mark.parametrize("apart", [1.0, 1e-9])
def test_a_quantile_found_in_single_precision_first_is_the_very_one(apart: float) -> None:
    """Values so close that many of them round alike are told apart, too."""
    values = 1.0 + apart * np.random.default_rng(8).random((7, 240))
    for at in (0, 59, 239):
        assert np.array_equal(_in_order(values, at), np.sort(values, axis=1)[:, at])
