"""The Cyton's own SD card: exact codes, pauses by the board's clock, an end that may be missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hfs_emg.errors import RecordingError
from hfs_emg.formats import open_recording
from hfs_emg.formats.openbci_sd import open_openbci_sd

from .examples import LSB, sd_card, sd_daisy, sd_row, sd_text, some_counts
from .reading import counts_of, lost_of

DOCUMENTED = """%START AT
00001C70
00,8822D0,882E56,8CB903,8AA6B0,88101E,881459,8C9E38,8CC28A
01,882194,882D1F,8CB47F,8AA0B5,880EE8,881321,8C9B2D,8CC403
%STOP AT
000025BD
"""
"""The example of docs.openbci.com/Cyton/CytonSDCard."""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "OBCI_00.TXT"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_documented_example_is_read(tmp_path: Path) -> None:
    recording = open_openbci_sd(write(tmp_path, DOCUMENTED))
    first = counts_of(recording)[0]
    assert first.tolist() == [int(c, 16) - (1 << 24) for c in DOCUMENTED.splitlines()[2].split(",")[1:]]
    assert recording.signal.rate_hz == 250
    assert any("does not say its rate" in note for note in recording.notes)


def test_codes_are_exact_and_a_pause_is_as_long_as_the_board_says(tmp_path: Path) -> None:
    recording = open_recording(sd_card(tmp_path))
    lost = lost_of(recording)
    assert np.flatnonzero(lost).tolist() == list(range(120, 219)), "100 periods of 4 ms from row to row"
    np.testing.assert_array_equal(counts_of(recording)[~lost], some_counts(300, 8))
    assert recording.signal.inputs[0].microvolts_per_count == LSB
    assert recording.notes == ("The file does not state the gain: 24 is taken, the board's default.",)


def test_the_rate_is_the_one_of_the_end_of_the_file(tmp_path: Path) -> None:
    assert open_openbci_sd(write(tmp_path, sd_text(some_counts(40, 8), rate_hz=1000))).signal.rate_hz == 1000


def test_a_daisy_has_sixteen_inputs_and_a_cut_line_is_left_out(tmp_path: Path) -> None:
    recording = open_openbci_sd(sd_daisy(tmp_path))
    np.testing.assert_array_equal(counts_of(recording), some_counts(200, 16))
    assert any("cut off" in note for note in recording.notes)


def test_a_lost_row_is_told_by_its_id(tmp_path: Path) -> None:
    counts = some_counts(100, 8)
    rows = [sd_row(i, c) for i, c in enumerate(counts) if i not in (60, 61)]
    assert np.flatnonzero(lost_of(open_openbci_sd(write(tmp_path, "".join(rows))))).tolist() == [60, 61]


@pytest.mark.parametrize("spoilt", ["3C,zz", "3C,12345678", "hello"])
def test_a_damaged_row_is_named(tmp_path: Path, spoilt: str) -> None:
    lines = sd_text(some_counts(100, 8)).splitlines(keepends=True)
    lines[62] = spoilt + lines[62][len(spoilt) :] if "zz" in spoilt else spoilt + "\n"
    with pytest.raises(RecordingError, match=r"OBCI_00\.TXT, line 63: .*is no row of an SD card"):
        open_openbci_sd(write(tmp_path, "".join(lines)))


def test_a_card_that_was_never_written_holds_no_samples(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="holds no samples"):
        open_openbci_sd(write(tmp_path, "%START AT\n00001C70\n" + "\0" * 100))


@settings(max_examples=25, deadline=None)
@given(
    codes=st.lists(st.lists(st.integers(-(1 << 23), (1 << 23) - 1), min_size=8, max_size=8), min_size=2, max_size=40),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_any_codes_come_back(tmp_path_factory: pytest.TempPathFactory, codes: list[list[int]], ending: str) -> None:
    counts = np.array(codes, np.int32)
    counts[0, 0], counts[1, 0] = 1, 2  # not all constant
    path = write(tmp_path_factory.mktemp("sd"), sd_text(counts).replace("\n", ending))
    np.testing.assert_array_equal(counts_of(open_openbci_sd(path)), counts)
