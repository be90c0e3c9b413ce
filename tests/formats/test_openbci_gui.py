"""OpenBCI GUI text: three generations, three boards, and the traps in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.boards import ads1299_microvolts_per_count
from hfs_emg.errors import RecordingError
from hfs_emg.formats.openbci_gui import open_openbci_gui, recognises

from .conftest import GANGLION, GANGLION_REST, GUI_V4, GUI_V5, GUI_V6
from .reading import counts_of, lost_of, microvolts_of

LSB = ads1299_microvolts_per_count(24)
V4 = "%OpenBCI Raw EEG Data\n%Number of channels = 8\n%Sample Rate = 250.0 Hz\n%First Column = SampleIndex\n"
V6 = (
    "%OpenBCI Raw EXG Data\n%Number of channels = {n}\n%Sample Rate = {rate} Hz\n%Board = OpenBCI_GUI$Board{board}\n"
    "Sample Index, {exg}, Accel Channel 0, Not Used, Timestamp, Marker Channel, Timestamp (Formatted)\n"
)


def v6(rows: list[str], board: str = "CytonSerial", n: int = 8, rate: str = "250") -> str:
    exg = ", ".join(f"EXG Channel {i}" for i in range(n))
    return V6.format(n=n, rate=rate, board=board, exg=exg) + "".join(row + "\n" for row in rows)


def row(index: int, counts: list[int], time_s: float, marker: int = 0, lsb: float = LSB) -> str:
    values = ", ".join(f"{c * lsb:.12f}" for c in counts)
    return f"{index}, {values}, 0.040, 0, {time_s:.6f}, {marker}, 2026-11-20 12:00:00.000"


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "recording.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def counts(n: int, channels: int = 8, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(-80_000, 80_000, (n, channels)) * 2 + 1


def cyton(n: int, skip: range = range(0), rate_hz: float = 250.0) -> tuple[list[str], np.ndarray]:
    """Rows of n samples without those in `skip`, and all their counts."""
    c = counts(n)
    rows = [row(i % 256, c[i].tolist(), 1.7e9 + i / rate_hz) for i in range(n) if i not in skip]
    return rows, c


def test_three_generations_of_one_recording_import_to_identical_microvolts(real: dict[str, Path]) -> None:
    first, second, third = (open_openbci_gui(real[name]) for name in (GUI_V4, GUI_V5, GUI_V6))
    assert first.samples == second.samples == third.samples == 22_490
    np.testing.assert_array_equal(microvolts_of(first), microvolts_of(second))
    np.testing.assert_array_equal(microvolts_of(first), microvolts_of(third))
    assert first.signal == second.signal == third.signal
    assert first.start_utc == second.start_utc == third.start_utc == datetime(2019, 5, 15, 16, 0, 53, 329_000, UTC)


def test_microvolts_lie_within_the_rounding_of_the_text(real: dict[str, Path]) -> None:
    text = real[GUI_V6].read_text().splitlines()[5:]
    written = np.array([[float(f) for f in line.split(",")[1:9]] for line in text])
    imported = microvolts_of(open_openbci_gui(real[GUI_V6]))
    assert np.abs(imported - written).max() < LSB / 2


def test_the_row_of_zeros_of_version_5_is_dropped_with_a_note(real: dict[str, Path]) -> None:
    assert open_openbci_gui(real[GUI_V5]).notes == ("A row of zeros before the first sample was left out.",)
    assert open_openbci_gui(real[GUI_V4]).notes == ()


def test_cyton_inputs_carry_the_gui_labels_and_the_code_width_of_gain_24(real: dict[str, Path]) -> None:
    signal = open_openbci_gui(real[GUI_V4]).signal
    assert [i.label for i in signal.inputs] == [f"EXG Channel {n}" for n in range(8)]
    assert {i.microvolts_per_count for i in signal.inputs} == {LSB}
    assert signal.rate_hz == 250.0


@pytest.mark.parametrize(("name", "samples"), [(GANGLION, 26_207), (GANGLION_REST, 6_414)])
def test_a_ganglion_leaves_dead_inputs_out_and_its_index_is_no_loss(
    real: dict[str, Path], name: str, samples: int
) -> None:
    recording = open_openbci_gui(real[name])
    assert recording.signal.rate_hz == 200.0
    assert [i.label for i in recording.signal.inputs] == ["EXG Channel 0", "EXG Channel 1"]
    assert recording.input_numbers == (1, 2)
    assert recording.notes == ("EXG Channel 2 and EXG Channel 3 are constant and were left out.",)
    assert recording.samples == samples
    assert not lost_of(recording).any()
    assert recording.start_utc is None, "the file has local time of day only"


def test_the_first_ganglion_sample_is_the_first_row(real: dict[str, Path]) -> None:
    np.testing.assert_allclose(microvolts_of(open_openbci_gui(real[GANGLION]))[0], [-40.62, 13.04], atol=0.002)


@pytest.mark.parametrize("gain", [1, 2, 4, 6, 8, 12, 24])
def test_values_turn_back_into_the_exact_codes_of_every_gain(tmp_path: Path, gain: int) -> None:
    c = counts(300)
    lsb = ads1299_microvolts_per_count(gain)
    path = write(tmp_path, v6([row(i % 256, c[i].tolist(), i / 250, lsb=lsb) for i in range(300)]))
    recording = open_openbci_gui(path)
    assert recording.signal.inputs[0].microvolts_per_count == lsb
    np.testing.assert_array_equal(counts_of(recording), c)


def test_values_that_are_no_codes_are_rounded_with_a_note(tmp_path: Path) -> None:
    rows = [row(i % 256, [10 * j + i for j in range(8)], i / 250, lsb=LSB * 0.777) for i in range(300)]
    recording = open_openbci_gui(write(tmp_path, v6(rows)))
    assert recording.signal.inputs[0].microvolts_per_count == LSB
    assert "no multiples of the board's code" in recording.notes[0]


def test_a_gap_in_the_index_is_filled_and_marked(tmp_path: Path) -> None:
    rows, c = cyton(1000, skip=range(400, 407))
    recording = open_openbci_gui(write(tmp_path, v6(rows)))
    assert recording.samples == 1000
    lost = lost_of(recording)
    assert np.flatnonzero(lost).tolist() == list(range(400, 407))
    np.testing.assert_array_equal(counts_of(recording)[~lost], c[~lost])
    np.testing.assert_array_equal(counts_of(recording)[lost], np.repeat(c[399:400], 7, axis=0))


@pytest.mark.parametrize("n", [255, 300, 513, 5000])
def test_a_loss_longer_than_the_index_is_told_by_the_clock(tmp_path: Path, n: int) -> None:
    rows, _ = cyton(4000 + n, skip=range(2000, 2000 + n))
    assert int(lost_of(open_openbci_gui(write(tmp_path, v6(rows)))).sum()) == n


def test_clumped_arrival_is_no_loss_and_does_not_lengthen_one(tmp_path: Path) -> None:
    c = counts(3000)
    kept = [i for i in range(3000) if not 1500 <= i < 1510]
    rows = [row(i % 256, c[i].tolist(), 1.7e9 + (i // 125 + 1) * 0.5) for i in kept]
    assert int(lost_of(open_openbci_gui(write(tmp_path, v6(rows)))).sum()) == 10


def test_a_loss_before_a_stall_is_not_taken_for_a_longer_one(tmp_path: Path) -> None:
    """Ten samples are lost, and what follows comes 1.4 s late, in one clump, before all is as it was."""
    c = counts(3000)
    kept = [i for i in range(3000) if not 1500 <= i < 1510]
    rows = [row(i % 256, c[i].tolist(), 1.7e9 + (i / 250 if i < 1500 else max(i / 250, 7.4))) for i in kept]
    assert int(lost_of(open_openbci_gui(write(tmp_path, v6(rows)))).sum()) == 10


def test_an_index_that_begins_anew_is_told_by_the_clock_alone(tmp_path: Path) -> None:
    c = counts(2000)
    rows = [row(i % 256, c[i].tolist(), 1.7e9 + i / 250) for i in range(1000)]
    rows += [row(i % 256, c[1000 + i].tolist(), 1.7e9 + 4 + 2.0 + i / 250) for i in range(1000)]
    assert int(lost_of(open_openbci_gui(write(tmp_path, v6(rows)))).sum()) == 500


def test_a_damaged_index_is_no_loss(tmp_path: Path) -> None:
    rows, _ = cyton(1000)
    rows[500] = "77" + rows[500][rows[500].index(",") :]
    assert open_openbci_gui(write(tmp_path, v6(rows))).samples == 1000


def test_a_daisy_counts_by_two(tmp_path: Path) -> None:
    c = counts(1000, 16)
    kept = [i for i in range(1000) if i not in (300, 301)]
    rows = [row(2 * i % 256, c[i].tolist(), 1.7e9 + i / 125) for i in kept]
    recording = open_openbci_gui(write(tmp_path, v6(rows, "CytonSerialDaisy", 16, "125")))
    assert recording.signal.rate_hz == 125.0
    assert len(recording.signal.inputs) == 16
    assert np.flatnonzero(lost_of(recording)).tolist() == [300, 301]


def test_a_ganglion_that_repeats_its_index_loses_nothing_and_says_so(tmp_path: Path) -> None:
    c = counts(1000, 4)
    rows = [row(i // 2 % 101, c[i].tolist(), 1.7e9 + i / 200) for i in range(1000)]
    recording = open_openbci_gui(write(tmp_path, v6(rows, "GanglionNative", 4, "200")))
    assert recording.samples == 1000
    assert "losses cannot be told" in recording.notes[-1]


def test_markers_keep_their_sample_when_something_was_lost_before(tmp_path: Path) -> None:
    c = counts(100)
    rows = [row(i, c[i].tolist(), i / 250, marker=3 if i == 60 else 0) for i in range(100) if i not in (10, 11)]
    (marker,) = open_openbci_gui(write(tmp_path, v6(rows))).markers
    assert (marker.sample, marker.text) == (60, "marker 3")


def test_a_decimal_comma_reads_like_a_decimal_point(tmp_path: Path) -> None:
    c = counts(300)

    def comma(value: float) -> str:
        return f"{value:.2f}".replace(".", ",")

    rows = [
        f"{i % 256}, {', '.join(comma(v * LSB) for v in c[i])}, 0,040, 0,420, 0,238, 12:00:{i // 250:02d}.{i % 250 * 4:03d}"
        for i in range(300)
    ]
    path = write(tmp_path, V4.replace("250.0", "250,0") + "\n".join(rows) + "\n")
    np.testing.assert_array_equal(counts_of(open_openbci_gui(path)), c)


@pytest.mark.parametrize("extra", ["", ", 23:59:59.100", ", 23:59:59.100, 1557936053329"])
def test_version_4_had_12_13_or_14_columns(tmp_path: Path, extra: str) -> None:
    rows = [f"{i}, " + ", ".join(f"{i + j}.00" for j in range(8)) + ", 0.04, 0.42, 0.24" + extra for i in range(200)]
    recording = open_openbci_gui(write(tmp_path, V4 + "\r\n".join(rows) + "\r\n"))
    assert (recording.samples, len(recording.signal.inputs)) == (200, 8)


def test_a_loss_over_midnight_is_as_long_as_it_was(tmp_path: Path) -> None:
    def clock(i: int) -> str:
        seconds = (86_395 + i / 250) % 86_400
        return f"{int(seconds) // 3600:02d}:{int(seconds) // 60 % 60:02d}:{seconds % 60:06.3f}"

    kept = [i for i in range(3000) if not 1200 <= i < 1500]  # midnight lies among the lost
    rows = [f"{i % 256}, " + ", ".join(f"{i + j}.00" for j in range(8)) + f", 0, 0, 0, {clock(i)}" for i in kept]
    assert open_openbci_gui(write(tmp_path, V4 + "\n".join(rows) + "\n")).samples == 3000


def test_a_file_without_a_rate_gets_the_boards_and_says_so(tmp_path: Path) -> None:
    rows, _ = cyton(100)
    text = v6(rows).replace("%Sample Rate = 250 Hz\n", "")
    recording = open_openbci_gui(write(tmp_path, text))
    assert recording.signal.rate_hz == 250.0
    assert recording.notes == ("The file does not say its rate: 250 Hz is taken, a Cyton's.",)


def test_a_synthetic_board_is_no_human(tmp_path: Path) -> None:
    rows, _ = cyton(100)
    assert open_openbci_gui(write(tmp_path, v6(rows, "BrainFlowSynthetic"))).simulated
    assert not open_openbci_gui(write(tmp_path, v6(rows))).simulated


@pytest.mark.parametrize("tail", ["57, 12.0", "57, 1", "57, 1.0\n", "\0" * 3000])
def test_a_last_line_that_was_cut_is_left_out_with_a_note(tmp_path: Path, tail: str) -> None:
    rows, c = cyton(57)
    recording = open_openbci_gui(write(tmp_path, v6(rows) + tail))
    np.testing.assert_array_equal(counts_of(recording), c)
    assert (recording.notes == ("The last line was cut off and was left out.",)) is not tail.startswith("\0")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("30, 1.0, 2.0", "3 columns, where the rows before have 14"),
        ("30, x" + ", 0" * 12, "'x' in column 2 is not a number"),
        ("30, nan" + ", 0" * 12, "'nan' in column 2 is not a number"),
        ("30, 1_000" + ", 0" * 12, "'1_000' in column 2 is not a number"),
        ("30, " + "9" * 400 + ", 0" * 12, "in column 2 is not a number"),
    ],
)
def test_a_wrong_line_in_the_middle_is_named(tmp_path: Path, line: str, says: str) -> None:
    rows, _ = cyton(100)
    rows[40] = line
    with pytest.raises(RecordingError, match=says) as caught:
        open_openbci_gui(write(tmp_path, v6(rows)))
    assert str(caught.value).startswith("recording.txt, line 46:")


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    rows, c = cyton(100)
    rows[30] += "\n"
    np.testing.assert_array_equal(counts_of(open_openbci_gui(write(tmp_path, v6(rows) + "\n\n"))), c)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("%OpenBCI Raw EEG Data\n", "holds no samples"),
        (v6([]), "holds no samples"),
        (V4 + "1, 2, 3\n", "3 columns and names none"),
        (v6(["0" + ", 5.0" * 12 + ", x"] * 9), "all 8 inputs are constant"),
        (v6(cyton(9)[0], rate="50"), "its rate of 50 Hz is too low for EMG"),
        (v6(cyton(9)[0]).replace("EXG", "XYZ"), "no column named 'EXG Channel"),
    ],
)
def test_what_cannot_be_analysed_is_refused_in_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RecordingError, match=says):
        open_openbci_gui(write(tmp_path, text))


def test_a_pause_of_days_is_refused_with_its_place(tmp_path: Path) -> None:
    c = counts(200)
    rows = [row(i % 100, c[i].tolist(), 1.7e9 + i / 250 + (200_000 if i >= 100 else 0)) for i in range(200)]
    with pytest.raises(RecordingError, match=r"56 h are missing before row 101"):
        open_openbci_gui(write(tmp_path, v6(rows)))


def test_a_number_with_an_exponent_is_read(tmp_path: Path) -> None:
    rows = [
        row(i, [5 * i + 1] * 8, i / 250).replace(f"{(5 * i + 1) * LSB:.12f}", f"{(5 * i + 1) * LSB:.15E}")
        for i in range(100)
    ]
    assert counts_of(open_openbci_gui(write(tmp_path, v6(rows))))[7, 3] == 36


def test_rows_longer_than_a_chunk_join_without_a_seam(tmp_path: Path) -> None:
    """The file is several chunks long, and lines cross their borders."""
    rows, c = cyton(9000)
    np.testing.assert_array_equal(counts_of(open_openbci_gui(write(tmp_path, v6(rows)))), c)


def test_only_its_own_files_are_recognised() -> None:
    assert recognises(Path("x"), b"%OpenBCI Raw EEG Data\n")
    assert recognises(Path("x"), b"\xef\xbb\xbf%OpenBCI Raw EXG Data\r\n")
    assert not recognises(Path("x"), b"0\t1\t2\n")
