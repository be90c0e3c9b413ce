"""EDF and BDF of other programs and of our own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import edfio
import mne
import numpy as np
import pytest

from hfs_emg.errors import RecordingError
from hfs_emg.formats import open_recording
from hfs_emg.formats.edf import open_edf
from hfs_emg.model import Marker

from .examples import LSB, discontinuous_bdf, edf, session, some_counts
from .reading import counts_of, lost_of, microvolts_of


def write(folder: Path, *signals: edfio.EdfSignal, **more: object) -> Path:
    path = folder / "x.edf"
    edfio.Edf(list(signals), **more).write(path)  # type: ignore[arg-type]
    return path


def volts(label: str, rate_hz: float = 250.0, unit: str = "uV", seconds: int = 2) -> edfio.EdfSignal:
    values = np.random.default_rng(1).normal(0, 50, int(rate_hz * seconds))
    return edfio.EdfSignal(values, rate_hz, label=label, physical_dimension=unit, physical_range=(-500, 500))


def test_digital_codes_and_scale_stay_the_files_own(tmp_path: Path) -> None:
    path = edf(tmp_path)
    recording = open_edf(path)
    theirs = edfio.read_edf(path)
    np.testing.assert_array_equal(counts_of(recording), np.stack([s.digital for s in theirs.signals[:4]], axis=1))
    np.testing.assert_allclose(microvolts_of(recording), np.stack([s.data for s in theirs.signals[:4]], axis=1))
    assert (recording.signal.inputs[0].count_min, recording.signal.inputs[0].count_max) == (-32768, 32767)


def test_microvolts_agree_with_mne(tmp_path: Path) -> None:
    path = edf(tmp_path)
    theirs = mne.io.read_raw_edf(path, include=["EMG L OOC", "EMG R OOR"], verbose="error").get_data()
    np.testing.assert_allclose(microvolts_of(open_edf(path))[:, [0, 3]].T, theirs * 1e6, atol=1e-6)


def test_inputs_are_the_fastest_voltages_and_the_rest_is_noted(tmp_path: Path) -> None:
    recording = open_edf(edf(tmp_path))
    assert [i.label for i in recording.signal.inputs] == ["EMG L OOC", "EMG L OOR", "EMG R OOC", "EMG R OOR"]
    assert recording.notes == ("Left out, because slower or no voltage: SpO2 and slow.",)
    assert recording.input_numbers == (1, 2, 3, 4)


def test_a_status_channel_is_no_input_even_in_volts(tmp_path: Path) -> None:
    recording = open_edf(write(tmp_path, volts("Status"), volts("A"), volts("Trigger")))
    assert [i.label for i in recording.signal.inputs] == ["A"]
    assert recording.input_numbers == (2,)


@pytest.mark.parametrize(("unit", "microvolts"), [("nV", 1e-3), ("uV", 1.0), ("mV", 1e3), ("V", 1e6)])
def test_every_voltage_becomes_microvolts(tmp_path: Path, unit: str, microvolts: float) -> None:
    (channel,) = open_edf(write(tmp_path, volts("A", unit=unit))).signal.inputs
    assert channel.microvolts_per_count == pytest.approx(1000 / 65535 * microvolts)


def test_annotations_are_markers_at_their_sample(tmp_path: Path) -> None:
    recording = open_edf(edf(tmp_path))
    assert recording.markers == (Marker(375, "smile"), Marker(750, "gap"))
    assert not lost_of(recording).any(), "a gap is ours to say only in a file of ours"


def test_the_pauses_of_a_discontinuous_file_are_filled_and_lost(tmp_path: Path) -> None:
    recording = open_edf(discontinuous_bdf(tmp_path))
    assert recording.samples == 1000 + 750
    lost = lost_of(recording)
    assert np.flatnonzero(lost).tolist() == [*range(500, 1000), *range(1250, 1500)]
    np.testing.assert_array_equal(counts_of(recording)[~lost], some_counts(1000, 4))
    assert recording.markers == (Marker(1125, "late"),)
    assert recording.signal.inputs[0].microvolts_per_count == pytest.approx(LSB, rel=1e-12)


def test_the_signal_file_of_a_session_alone_says_what_the_session_says(tmp_path: Path) -> None:
    """Without start.json and timeline the file still knows its lost samples, its padding and its markers."""
    whole = open_recording(session(tmp_path))
    alone = open_recording(tmp_path / "session" / "signal.bdf", whole.montage)
    assert alone.samples == whole.samples == 625
    np.testing.assert_array_equal(counts_of(alone), counts_of(whole))
    np.testing.assert_array_equal(lost_of(alone), lost_of(whole))
    assert any(m.sample == 100 and "smile" in m.text for m in alone.markers)
    assert alone.start_utc == whole.start_utc == datetime(2026, 11, 20, tzinfo=UTC)


def test_a_foreign_start_time_is_taken_as_utc_with_a_note(tmp_path: Path) -> None:
    import datetime as dt

    recording_of = edfio.Recording(startdate=dt.date(2020, 2, 3))
    path = write(tmp_path, volts("A"), recording=recording_of, starttime=dt.time(4, 5, 6))
    recording = open_edf(path)
    assert recording.start_utc == datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert "taken as UTC" in recording.notes[-1]


def test_labels_that_name_a_place_twice_are_no_montage(tmp_path: Path) -> None:
    recording = open_edf(write(tmp_path, volts("EMG L OOC"), volts("L OOC")))
    assert recording.montage is None
    assert "EMG L OOC is named twice" in recording.notes[0]


def test_a_torn_last_record_is_left_out_with_a_note(tmp_path: Path) -> None:
    path = edf(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    recording = open_edf(path)
    assert recording.samples == 875
    assert any("torn record" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("signals", "says"),
    [
        ([volts("A", 50.0)], "rate of 50 Hz is too low for EMG"),
        (
            [volts("A", unit=""), volts("B", unit="%")],
            r"no signal in volts \(found: A and B; A in counts from -32768 to 32767\)",
        ),
    ],
)
def test_what_is_no_emg_is_refused_in_a_sentence(tmp_path: Path, signals: list[edfio.EdfSignal], says: str) -> None:
    with pytest.raises(RecordingError, match=says):
        open_edf(write(tmp_path, *signals))


def test_a_file_without_records_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, volts("A"))
    path.write_bytes(path.read_bytes()[:512])
    with pytest.raises(RecordingError, match="holds no samples"):
        open_edf(path)
