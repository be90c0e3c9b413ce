"""What edfio, pyedflib and MNE find in our signal files, and we in theirs (docs/session-format.md, 2 and 6)."""

from __future__ import annotations

import json
from pathlib import Path

import edfio
import mne
import numpy as np
import pyedflib
import pytest
from sessions import (
    START,
    assert_same,
    cut,
    finished_in,
    interrupted_in,
    random_samples,
    recorder_in,
    signal_of,
    start_of,
)

from firmware_bridge.boards import ads1299_microvolts_per_count
from hfs_emg.model import Block, Input, Marker, Signal
from hfs_emg.session.bdf_file import BdfFile
from hfs_emg.session.reader import open_session
from hfs_emg.session.recorder import Recorder
from hfs_emg.session.recovery import recover

RATE = 250


@pytest.fixture(scope="module")
def scales(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Signal, Block]:
    """A session with every gain of an ADS1299, a Ganglion's scale, and a 16-bit converter with an offset."""
    widths = [ads1299_microvolts_per_count(g) for g in (1, 2, 4, 6, 8, 12, 24)]
    inputs = [Input(f"EXG {n + 1}", w) for n, w in enumerate(widths)]
    inputs.append(Input("EXG 8", 1.2e6 / (8388607 * 1.5 * 51)))
    inputs.append(Input("EXG 9", 0.1, offset_uv=3.3, count_min=-32768, count_max=32767))
    inputs.append(Input("EXG 10", 12.5, count_min=0, count_max=4095))
    signal = Signal(250.0, tuple(inputs), ("AUX 1",))
    folder = tmp_path_factory.mktemp("scales") / "s"
    whole = random_samples(1000, signal)
    whole.counts[0] = [i.count_max for i in inputs]
    whole.counts[1] = [i.count_min for i in inputs]
    whole.counts[2] = 0
    for n, i in enumerate(inputs):
        whole.counts[:, n] = np.clip(whole.counts[:, n], i.count_min, i.count_max)
    recorder = Recorder(folder, start_of(), signal=signal)
    recorder.write(whole)
    recorder.finish("stopped", valid_s=4.0, sample_rate_hz=250.0)
    return folder, signal, whole


def read_with(reader: str, path: Path, signals: int) -> tuple[list[np.ndarray], list[str], float]:
    """µV of each signal, labels, rate."""
    if reader == "edfio":
        file = edfio.read_bdf(path)
        return [s.data for s in file.signals], list(file.labels), file.signals[0].sampling_frequency
    if reader == "pyedflib":
        with pyedflib.EdfReader(str(path)) as reading:
            data = [reading.readSignal(i) for i in range(signals)]
            return data, reading.getSignalLabels(), reading.getSampleFrequency(0)
    raw = mne.io.read_raw_bdf(path, preload=True, verbose="error")
    return list(raw.get_data(units="uV", picks=range(signals - 1))), raw.ch_names, raw.info["sfreq"]


@pytest.mark.parametrize("reader", ["edfio", "pyedflib", "mne"])
def test_2_3_other_readers_find_counts_times_microvolts_per_count(
    scales: tuple[Path, Signal, Block], reader: str
) -> None:
    folder, signal, whole = scales
    data, labels, rate = read_with(reader, folder / "signal.bdf", len(signal.inputs) + 1)
    assert rate == 250.0
    assert labels == [*(i.label for i in signal.inputs), "AUX 1"]
    for n, exg in enumerate(signal.inputs):
        counts = whole.counts[:, n]
        expected = counts * exg.microvolts_per_count + exg.offset_uv
        tolerance = 1e-8 if exg.label != "EXG 8" else 0.01  # in counts; a Ganglion's full scale has no short decimal
        assert np.max(np.abs(data[n][:1000] - expected)) < tolerance * exg.microvolts_per_count


def test_2_3_the_lowest_code_is_stored_as_it_is(scales: tuple[Path, Signal, Block]) -> None:
    folder, _, whole = scales
    assert_same(open_session(folder), whole)
    assert whole.counts[1, 0] == -0x800000
    assert edfio.read_bdf(folder / "signal.bdf").signals[0].digital[1] == -0x800000


@pytest.mark.parametrize("reader", ["edfio", "pyedflib", "mne"])
def test_2_6_ten_annotations_a_second_are_read_back_whole(tmp_path: Path, reader: str) -> None:
    seconds, wanted = 30, []
    recorder = recorder_in(tmp_path / "s")
    whole = random_samples(seconds * RATE, signal_of())
    whole.lost[:] = False
    for k, block in enumerate(cut(whole, range(0, len(whole.counts), 25))):
        recorder.write(block)
        text = f"number {k} ".ljust(58, "x")  # with "marker: " before it 66 characters
        wanted.append((k * 25 / RATE, "marker: " + text))
        recorder.marker(Marker(k * 25, text))
    recorder.finish("stopped", valid_s=30.0, sample_rate_hz=250.0)
    path = tmp_path / "s" / "signal.bdf"
    if reader == "edfio":
        found = [(a.onset, a.text) for a in edfio.read_bdf(path).annotations]
    elif reader == "pyedflib":
        with pyedflib.EdfReader(str(path)) as reading:
            onsets, _, texts = reading.readAnnotations()
        found = list(zip(onsets.tolist(), texts.tolist(), strict=True))
    else:
        notes = mne.io.read_raw_bdf(path, preload=False, verbose="error").annotations
        found = list(zip(notes.onset.tolist(), notes.description.tolist(), strict=True))
    found = [(round(onset, 6), text) for onset, text in found if text != "padding"]
    assert found == [(round(onset, 6), text) for onset, text in wanted]
    assert len(found) == 10 * seconds


@pytest.mark.parametrize("reader", ["edfio", "pyedflib", "mne"])
def test_2_8_a_session_without_a_sample_is_a_file_that_readers_open(tmp_path: Path, reader: str) -> None:
    finished_in(tmp_path / "s", 0)
    data, _, _ = read_with(reader, tmp_path / "s" / "signal.bdf", 5)
    assert all(np.all(np.abs(d) < 1e-6) for d in data)
    assert open_session(tmp_path / "s").samples == 0
    assert list(open_session(tmp_path / "s").blocks()) == []


@pytest.mark.parametrize("reader", ["edfio", "pyedflib", "mne"])
def test_2_9_a_growing_file_is_opened_by_any_reader(tmp_path: Path, reader: str) -> None:
    whole = random_samples(5 * RATE + 40, signal_of())
    recorder = recorder_in(tmp_path / "s")
    recorder.write(whole)
    while recorder.synced_samples < 5 * RATE:
        pass
    data, _, _ = read_with(reader, tmp_path / "s" / "signal.bdf", 5)
    assert len(data[0]) == 5 * RATE
    session = open_session(tmp_path / "s")
    assert session.recording
    assert not session.interrupted
    assert session.notes == ("The session is being recorded.",)
    assert_same(session, whole, session.samples)
    assert session.samples in (4 * RATE, 5 * RATE)  # the line of the last record may be on its way
    recorder.finish("stopped", valid_s=5.0, sample_rate_hz=250.0)
    assert_same(session, whole, session.samples)
    assert_same(open_session(tmp_path / "s"), whole)


@pytest.mark.parametrize("clock", [None, START.replace(year=1970)])
def test_2_10_a_clock_that_was_not_set_is_told_as_such(tmp_path: Path, clock: object) -> None:
    recorder = Recorder(tmp_path / "s", start_of(start_utc=clock), signal=signal_of())  # type: ignore[arg-type]
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)
    assert json.loads((tmp_path / "s" / "start.json").read_text())["start_utc"] == "clock not set"
    assert open_session(tmp_path / "s").start_utc is None
    with pyedflib.EdfReader(str(tmp_path / "s" / "signal.bdf")) as reading:
        assert reading.getStartdatetime().year == 1985
    with BdfFile(tmp_path / "s" / "signal.bdf") as file:
        assert file.header.start is None
        assert file.header.recording.startswith("Startdate X X X")


def test_6_3_an_interrupted_file_is_opened_by_other_readers_as_it_is(tmp_path: Path) -> None:
    interrupted_in(tmp_path / "s", 5 * RATE)
    path = tmp_path / "s" / "signal.bdf"
    with pyedflib.EdfReader(str(path)) as reading:
        assert reading.datarecords_in_file == 5
    assert mne.io.read_raw_bdf(path, verbose="error").n_times == 5 * RATE


@pytest.mark.parametrize(("kind", "suffix"), [(edfio.EdfSignal, "edf"), (edfio.BdfSignal, "bdf")])
def test_files_of_edfio_with_unequal_rates_are_read_exactly(tmp_path: Path, kind: type, suffix: str) -> None:
    rng = np.random.default_rng(2)
    signals = [
        kind(rng.normal(0, 50, 700 * n), sampling_frequency=100 * n, label=f"S{n}", physical_dimension="uV")
        for n in (1, 3)
    ]
    notes = [edfio.EdfAnnotation(0.5, None, "begin"), edfio.EdfAnnotation(3.25, 1.5, "ruhig bleiben ä")]
    container = edfio.Edf if suffix == "edf" else edfio.Bdf
    path = tmp_path / f"x.{suffix}"
    container(signals, annotations=notes, data_record_duration=0.7).write(path)
    with BdfFile(path) as file:
        assert [file.header.rate_hz(i) for i in (0, 1)] == [pytest.approx(100), pytest.approx(300)]
        for i, counts in enumerate(file.read(0, file.records, [0, 1])):
            width, offset = file.header.signals[i].microvolts_scale or (0.0, 0.0)
            assert counts * width + offset == pytest.approx(signals[i].data, abs=1e-6)
        assert [(a.onset_s, a.duration_s, a.text) for a in file.annotations()] == [tuple(n) for n in notes]


def test_6_7_a_recovered_file_is_opened_by_other_readers(tmp_path: Path) -> None:
    interrupted_in(tmp_path / "s")
    recover(tmp_path / "s")
    with pyedflib.EdfReader(str(tmp_path / "s" / "signal.bdf")) as reading:
        assert reading.datarecords_in_file == 5
    assert mne.io.read_raw_bdf(tmp_path / "s" / "signal.bdf", verbose="error").n_times == 1250
