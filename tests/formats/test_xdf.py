"""XDF: the EMG stream among others, its pauses, the words of the others; as pyxdf reads it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import pyxdf
from hypothesis import given, settings
from hypothesis import strategies as st

from hfs_emg.errors import RecordingError
from hfs_emg.formats import open_recording
from hfs_emg.formats.xdf import open_xdf
from hfs_emg.model import Marker

from .examples import LSB, some_counts, xdf, xdf_chunk, xdf_file, xdf_header, xdf_samples
from .reading import counts_of, lost_of, microvolts_of

VOLTS = [(f"C{n}", "uV") for n in range(4)]


def write(folder: Path, *chunks: bytes) -> Path:
    path = folder / "x.xdf"
    path.write_bytes(xdf_file(*chunks))
    return path


def test_floats_become_the_codes_they_came_from_and_a_pause_is_lost(tmp_path: Path) -> None:
    recording = open_recording(xdf(tmp_path))
    lost = lost_of(recording)
    assert np.flatnonzero(lost).tolist() == list(range(900, 1400)), "two seconds at 250 Hz"
    np.testing.assert_array_equal(counts_of(recording)[~lost], some_counts(1500, 8))
    assert recording.signal.inputs[0].microvolts_per_count == LSB
    assert recording.start_utc == datetime(2026, 11, 20, 11, tzinfo=UTC)


def test_samples_and_time_are_as_pyxdf_has_them(tmp_path: Path) -> None:
    path = xdf(tmp_path)
    theirs = next(s for s in pyxdf.load_xdf(str(path), dejitter_timestamps=False)[0] if s["info"]["type"] == ["EMG"])
    mine = open_xdf(path)
    np.testing.assert_allclose(microvolts_of(mine)[~lost_of(mine)], theirs["time_series"], atol=LSB / 100)
    stamps = theirs["time_stamps"] - theirs["time_stamps"][0]
    np.testing.assert_allclose(np.flatnonzero(~lost_of(mine)) / 250, stamps, atol=1e-6)


def test_words_of_another_clock_lie_at_their_sample(tmp_path: Path) -> None:
    markers = open_xdf(xdf(tmp_path)).markers
    assert markers == (Marker(250, "smile"), Marker(1625, "rest"))


def test_other_streams_are_left_out_and_named(tmp_path: Path) -> None:
    assert any("'Gaze stream' (Gaze, double64, 60 Hz)" in note for note in open_xdf(xdf(tmp_path)).notes)


def test_integers_stay_the_files_own_codes(tmp_path: Path) -> None:
    counts = some_counts(500, 4).astype("<i2")
    path = write(
        tmp_path, xdf_header(7, "EEG", "int16", 500.0, VOLTS), xdf_samples(7, counts, [1 + i / 500 for i in range(500)])
    )
    recording = open_xdf(path)
    np.testing.assert_array_equal(counts_of(recording), counts)
    assert (recording.signal.inputs[0].microvolts_per_count, recording.signal.inputs[0].count_max) == (1.0, 32767)


def test_the_index_of_our_own_outlet_tells_every_loss(tmp_path: Path) -> None:
    kept = np.delete(np.arange(400), [100, 101, 250])
    values = np.column_stack([(some_counts(400, 4) * LSB)[kept], kept])
    stream = xdf_header(1, "EMG", "double64", 250.0, [*VOLTS, ("SAMPLE", "index")])
    recording = open_xdf(write(tmp_path, stream, xdf_samples(1, values, [1 + i / 250 for i in kept])))
    assert np.flatnonzero(lost_of(recording)).tolist() == [100, 101, 250]
    assert [i.label for i in recording.signal.inputs] == ["C0", "C1", "C2", "C3"]
    assert recording.notes[-1].startswith("The start is that of the file")


def test_a_file_that_was_cut_keeps_what_is_whole(tmp_path: Path) -> None:
    path = xdf(tmp_path)
    path.write_bytes(path.read_bytes()[:-2000])
    recording = open_xdf(path)
    assert 500 < recording.samples < 2000
    assert any("ends within a chunk" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("chunks", "says"),
    [
        ([], "holds no stream"),
        ([xdf_header(1, "EMG", "float32", 50.0, VOLTS)], "no signal of 100 Hz or more.*'EMG stream' .EMG, float32, 50 Hz."),
        ([xdf_header(1, "Markers", "string", 0.0, [("m", "")])], "no signal of 100 Hz or more"),
        ([xdf_header(1, "EMG", "float32", 250.0, VOLTS)], "holds no samples"),
        ([xdf_header(1, "EMG", "float32", 250.0, VOLTS)[:-9]], "ends|no stream"),
        ([xdf_chunk(2, b"\1\0\0\0<!DOCTYPE a [<!ENTITY b 'c'>]><info/>")], "byte .* a document type"),
        ([xdf_header(1, "EMG", "float128", 250.0, VOLTS)], "byte .* format 'float128'"),
        ([xdf_chunk(2, b"\1\0\0\0<info>")], "byte .* no XML"),
    ],
)  # fmt: skip
def test_what_holds_no_raw_emg_is_refused_in_a_sentence(tmp_path: Path, chunks: list[bytes], says: str) -> None:
    with pytest.raises(RecordingError, match=says):
        open_xdf(write(tmp_path, *chunks))


def test_values_without_a_unit_are_shown_as_counts(tmp_path: Path) -> None:
    bare = [(f"C{n}", "") for n in range(4)]
    values = np.tile(np.arange(-12, 488.0)[:, None], (1, 4)).astype("<f4")
    path = write(
        tmp_path, xdf_header(1, "EMG", "float32", 250.0, bare), xdf_samples(1, values, [i / 250 for i in range(500)])
    )
    with pytest.raises(RecordingError, match="values, from -12 to 487, are counts of unknown worth"):
        open_xdf(path)


def test_a_number_of_samples_that_is_a_lie_allocates_nothing(tmp_path: Path) -> None:
    lie = xdf_chunk(3, b"\1\0\0\0" + b"\x08" + (1 << 60).to_bytes(8, "little") + b"\0" * 40)
    with pytest.raises(RecordingError, match="1152921504606846976 samples, where"):
        open_xdf(write(tmp_path, xdf_header(1, "EMG", "float32", 250.0, VOLTS), lie))


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.integers(-32768, 32767)] * 4), min_size=2, max_size=60),
    told=st.lists(st.booleans(), min_size=60, max_size=60),
    cuts=st.lists(st.integers(1, 59), max_size=4),
)
def test_any_samples_come_back_however_they_are_cut_and_stamped(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, ...]], told: list[bool], cuts: list[int]
) -> None:
    counts = np.array(rows, "<i2")
    counts[0], counts[1] = 1, 2
    stamps = [10 + i / 250 if t or i == 0 else None for i, t in zip(range(len(counts)), told, strict=False)]
    edges = sorted({0, len(counts), *(c for c in cuts if c < len(counts))})
    parts = [xdf_samples(1, counts[a:b], stamps[a:b]) for a, b in itertools.pairwise(edges)]
    path = write(tmp_path_factory.mktemp("xdf"), xdf_header(1, "EMG", "int16", 250.0, VOLTS), *parts)
    recording = open_xdf(path)
    np.testing.assert_array_equal(counts_of(recording), counts)
    (theirs,) = pyxdf.load_xdf(str(path), dejitter_timestamps=False)[0]
    np.testing.assert_array_equal(theirs["time_series"], counts)
