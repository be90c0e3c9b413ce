"""BrainFlow's tab-separated files: the board by the number of columns, losses by its index, markers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hfs_emg.errors import RecordingError
from hfs_emg.formats.brainflow_csv import open_brainflow_csv
from hfs_emg.model import Marker

from .examples import LSB, brainflow, brainflow_text, some_counts
from .reading import counts_of, lost_of

BOARDS = {"cyton": (24, 8, 250.0, 1, 256), "daisy": (32, 16, 125.0, 2, 256), "ganglion": (15, 4, 200.0, 1, 201)}


@pytest.mark.parametrize("board", BOARDS)
def test_the_number_of_columns_tells_the_board(tmp_path: Path, board: str) -> None:
    columns, channels, rate_hz, step, modulus = BOARDS[board]
    recording = open_brainflow_csv(brainflow(columns, channels, rate_hz, step, modulus)(tmp_path))
    assert recording.signal.rate_hz == rate_hz
    assert [i.label for i in recording.signal.inputs] == [f"EXG Channel {n}" for n in range(channels)]
    assert recording.samples == 130
    lost = lost_of(recording)
    assert np.flatnonzero(lost).tolist() == [70, 71]
    if board != "ganglion":  # whose codes are finer than the ones written here
        np.testing.assert_array_equal(counts_of(recording)[~lost], some_counts(130, channels)[~lost])
    assert recording.markers == (Marker(50, "marker 2"),)
    assert recording.start_utc is not None
    assert recording.start_utc.timestamp() == 1.7e9
    assert not recording.simulated


def test_a_daisy_row_with_a_repeated_index_is_in_its_place(tmp_path: Path) -> None:
    """BrainFlow hands over the row of a lost half packet with the index of the row before."""
    counts = some_counts(300, 16)
    index = np.arange(300) * 2 % 256
    index[100] = index[99]
    path = tmp_path / "daisy.csv"
    path.write_text(brainflow_text(counts, 32, index, 125.0))
    np.testing.assert_array_equal(counts_of(open_brainflow_csv(path)), counts)


def test_the_synthetic_board_is_told_from_a_daisy_by_its_stop_byte(tmp_path: Path) -> None:
    path = tmp_path / "synthetic.csv"
    path.write_text(brainflow_text(some_counts(300, 16), 32, np.arange(300) % 256, 250.0, stop_byte=0))
    recording = open_brainflow_csv(path)
    assert recording.simulated
    assert recording.signal.rate_hz == 250.0
    assert recording.samples == 300


def test_six_decimals_give_the_exact_codes_up_to_the_rails(tmp_path: Path) -> None:
    counts = some_counts(300, 8)
    counts[10], counts[11] = 0x7FFFFF, -0x800000
    path = tmp_path / "rails.csv"
    path.write_text(brainflow_text(counts, 24, np.arange(300) % 256, 250.0))
    recording = open_brainflow_csv(path)
    np.testing.assert_array_equal(counts_of(recording), counts)
    assert recording.signal.inputs[0].microvolts_per_count == LSB


def test_columns_of_no_known_board_are_refused_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("\t".join(["1.0"] * 23) + "\n")
    with pytest.raises(
        RecordingError, match=r"23 columns between tabs.*24 \(Cyton\), 32 \(Cyton with Daisy\), 15 \(Gang"
    ):
        open_brainflow_csv(path)


def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    text = brainflow_text(some_counts(60, 8), 24, np.arange(60), 250.0).splitlines(keepends=True)
    text[30] = text[30].replace("\t", " ", 1)
    path = tmp_path / "x.csv"
    path.write_text("".join(text))
    with pytest.raises(RecordingError, match=r"x\.csv, line 31: 23 columns"):
        open_brainflow_csv(path)
