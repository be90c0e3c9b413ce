"""The fifth generator's way from the skin to codes, against data sheet and dossier."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.strangers import faces
from benchmarks.strangers.accidents import _tug
from benchmarks.strangers.converter import codes, decimated, inner_rate_hz
from benchmarks.strangers.recording import montage_of
from benchmarks.strangers.scenarios import SCENARIOS
from benchmarks.strangers.skin import Mains, electrodes
from calibration.montage import Side
from hfs_emg.events import Kind


@pytest.mark.parametrize(("rate_hz", "corner_hz"), [(250.0, 65.0), (500.0, 131.0), (1000.0, 262.0)])
def test_the_converter_is_3_db_down_where_its_data_sheet_says(rate_hz: float, corner_hz: float) -> None:
    inner = inner_rate_hz(rate_hz)
    tone = np.sin(2 * np.pi * corner_hz * np.arange(round(4 * inner)) / inner).astype(np.float32)
    given = decimated(tone, round(inner / rate_hz))[20:]
    assert 20 * np.log10(given.std() * np.sqrt(2)) == pytest.approx(-3.0, abs=0.25)


def test_what_lies_above_half_the_rate_folds_weakly_damped() -> None:
    tone = np.sin(2 * np.pi * 150.0 * np.arange(8000) / 2000).astype(np.float32)
    given = decimated(tone, 8)[20:]
    power = np.abs(np.fft.rfft(given * np.hanning(len(given))))
    assert np.fft.rfftfreq(len(given), 1 / 250)[power.argmax()] == pytest.approx(100.0, abs=1)
    assert 20 * np.log10(given.std() * np.sqrt(2)) == pytest.approx(-17.8, abs=0.6)


def test_the_converter_never_knows_the_future() -> None:
    step = np.zeros(800, np.float32)
    step[400:] = 1
    assert not decimated(step, 8)[:50].any()


def test_codes_stand_at_the_rail_and_are_0_0224_microvolts_wide() -> None:
    assert codes(np.array([1e9, -1e9, 22.3517])).tolist() == [0x7FFFFF, -0x800000, 1000]


def test_a_rate_that_no_board_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"300 samples.*choose"):
        inner_rate_hz(300.0)


def test_a_tug_moves_the_leads_of_one_side_only() -> None:
    montage = montage_of(8)
    for seed in range(8):
        moved = set(_tug(np.random.default_rng(seed), montage, 3.0, 250.0).added)
        assert moved in [set(montage.on(side)) for side in Side]


def test_a_channel_that_comes_off_stands_at_the_rail_and_the_truth_says_when() -> None:
    made = faces(13, 1, 300.0)[0].record()
    rails = [e for e in made.truth.episodes if e.label == "rail"]
    marked = [i for i in made.truth.invalid if i.reason == "rail"]
    assert rails
    assert all(e.side is None and e.kind is Kind.ARTEFACT for e in rails)
    labels = [p.channel for p in made.truth.montage]
    for stretch in marked:
        assert stretch.channels is not None
        late = made.counts[
            round((stretch.end_s - 0.1) * 250) : round(stretch.end_s * 250), labels.index(stretch.channels[0])
        ]
        assert np.isin(late, (0x7FFFFF, -0x800000)).all()


def test_mains_has_its_frequency_and_its_strength() -> None:
    trouble = SCENARIOS[7].trouble
    pair = electrodes(np.random.default_rng(1), montage_of(8), trouble)[0]
    signal = Mains(np.random.default_rng(1), 60, 40_000, 2000.0).seen_by(pair)
    power = np.abs(np.fft.rfft(signal * np.hanning(len(signal))))
    assert np.fft.rfftfreq(len(signal), 1 / 2000)[power.argmax()] == pytest.approx(60, abs=0.4)
    assert 0.6 * pair.mains_uv < signal.std() < 1.8 * pair.mains_uv
