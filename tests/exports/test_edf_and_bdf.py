"""EDF+ and BDF+ as other programs read them, and back."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import edfio
import mne
import numpy as np
import pyedflib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.boards import CYTON
from hfs_emg.exports.bdf import write_bdf
from hfs_emg.exports.edf import write_edf
from hfs_emg.exports.shared import SharedEvent, SharedSession, share
from hfs_emg.formats import open_recording
from hfs_emg.formats.edf import open_edf
from hfs_emg.model import Block, Input, Marker, Signal
from hfs_emg.session.documents import start_document
from hfs_emg.session.recorder import Recorder
from hfs_emg.session.tape import episode_text

from .conftest import START, episodes, record


class Note(NamedTuple):
    onset_s: float
    duration_s: float
    text: str


def in_edfio(path: Path) -> list[Note]:
    read = edfio.read_bdf if path.suffix == ".bdf" else edfio.read_edf
    return [Note(a.onset, a.duration or 0.0, a.text) for a in read(path).annotations]


def in_pyedflib(path: Path) -> list[Note]:
    with pyedflib.EdfReader(str(path)) as file:
        return [Note(*row) for row in zip(*file.readAnnotations(), strict=True)]


def in_mne(path: Path) -> list[Note]:
    read = mne.io.read_raw_bdf if path.suffix == ".bdf" else mne.io.read_raw_edf
    found = read(path, verbose="error").annotations
    return [Note(float(a["onset"]), float(a["duration"]), str(a["description"])) for a in found]


READERS = {"edfio": in_edfio, "pyedflib": in_pyedflib, "mne": in_mne}
WRITERS = {".bdf": write_bdf, ".edf": write_edf}


@pytest.fixture(scope="module", params=WRITERS)
def written(
    request: pytest.FixtureRequest, sessions: list[SharedSession], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path: Path = tmp_path_factory.mktemp("edf") / f"session{request.param}"
    WRITERS[request.param](sessions[0], path)
    return path


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_finds_every_episode_at_ten_a_second(
    written: Path, sessions: list[SharedSession], reader: str
) -> None:
    told = [n for n in READERS[reader](written) if n.text.split(":")[0] not in ("gap", "padding", "marker")]
    expected = sessions[0].episodes
    assert len(expected) > 110
    assert [n.text for n in sorted(told)] == [episode_text(e) for e in expected]
    np.testing.assert_allclose([n.onset_s for n in sorted(told)], [e.start_s for e in expected], atol=1e-6)
    np.testing.assert_allclose([n.duration_s for n in sorted(told)], [e.end_s - e.start_s for e in expected], atol=1e-4)


@pytest.mark.parametrize("suffix", WRITERS)
def test_the_readers_agree_on_a_second_denser_than_any_record(tmp_path: Path, suffix: str) -> None:
    """Three hundred in one second go on into the records after it, and none is lost."""
    folder = record(tmp_path, "P1", 0, seconds=6)
    dense = episodes(1, 300)
    shared = share(folder, tmp_path)
    shared.__dict__["events"] = tuple(SharedEvent(e, "undecided") for e in dense)  # a cached property
    path = tmp_path / f"dense{suffix}"
    WRITERS[suffix](shared, path)
    found = {name: sorted(n for n in read(path) if "p=" in n.text) for name, read in READERS.items()}
    for name, notes in found.items():
        assert len(notes) == 300, name
        assert [n.text for n in notes] == [n.text for n in found["edfio"]], name


def test_a_bdf_holds_every_code_loss_and_marker(sessions: list[SharedSession], tmp_path: Path) -> None:
    path = tmp_path / "x.bdf"
    write_bdf(sessions[0], path)
    back = open_recording(path)
    assert back.samples == sessions[0].samples
    assert back.montage == sessions[0].montage
    mine, theirs = list(sessions[0].blocks()), list(back.blocks())
    np.testing.assert_array_equal(np.concatenate([b.counts for b in mine]), np.concatenate([b.counts for b in theirs]))
    np.testing.assert_array_equal(np.concatenate([b.lost for b in mine]), np.concatenate([b.lost for b in theirs]))
    assert Marker(100, "marker: smile, then rest") in back.markers
    assert back.start_utc == sessions[0].start.started.replace(microsecond=0)  # type: ignore[union-attr]


def test_an_edf_holds_microvolts_to_half_a_step_and_tells_a_coarse_one(
    sessions: list[SharedSession], tmp_path: Path
) -> None:
    path = tmp_path / "x.edf"
    (note,) = write_edf(sessions[0], path)
    assert "EMG L FRO in steps of up to 6.6 µV" in note, "the input that went from rail to rail"
    theirs = mne.io.read_raw_edf(path, verbose="error").get_data(picks=range(8)) * 1e6
    counts = np.concatenate([b.counts for b in sessions[0].blocks()])
    mine = counts * sessions[0].signal.inputs[0].microvolts_per_count
    off = np.abs(theirs[:, : len(mine)].T - mine).max(axis=0)
    assert off[0] < 3.4
    assert off[1:].max() < 0.012, "all others keep their code, in the middle of the file's range"


def test_the_end_of_a_gap_at_the_end_of_the_recording_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.bdf"
    write_bdf(share(tiny(tmp_path, np.arange(250)[:, None].astype(np.int32), lost_from=240), tmp_path), path)
    back = open_edf(path)
    assert back.samples == 250
    assert np.flatnonzero(np.concatenate([b.lost for b in back.blocks()])).tolist() == list(range(240, 250))


def tiny(folder: Path, counts: np.ndarray, *, lost_from: int | None = None, rate_hz: float = 250.0) -> Path:
    """A session of these counts."""
    target = folder / "P9" / "20260304T050607Z-0001"
    target.parent.mkdir(exist_ok=True)
    start = start_document(session=target.name, subject="P9", start_utc=START, board=CYTON, software="hfs-emg 0.1.0")
    signal = Signal(rate_hz, tuple(Input(f"IN {n}", 0.0223517) for n in range(counts.shape[1])))
    recorder = Recorder(target, start, signal=signal, patient=True)
    lost = np.arange(len(counts)) >= (len(counts) if lost_from is None else lost_from)
    recorder.write(Block(0, np.ascontiguousarray(counts), lost, np.empty((len(counts), 0), np.int32)))
    recorder.finish("asked to", valid_s=0.0, sample_rate_hz=rate_hz)
    return target


codes = st.integers(-0x800000 + 1, 0x7FFFFF)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(codes, codes), min_size=1, max_size=300),
    rate_hz=st.sampled_from([125.0, 200.0, 250.0, 1000.0]),
)
def test_any_counts_go_out_as_bdf_and_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int]], rate_hz: float
) -> None:
    folder = tmp_path_factory.mktemp("any")
    counts = np.array(rows, np.int32)
    write_bdf(share(tiny(folder, counts, rate_hz=rate_hz), folder), folder / "x.bdf")
    back = open_edf(folder / "x.bdf")
    assert back.signal.rate_hz == rate_hz
    np.testing.assert_array_equal(np.concatenate([b.counts for b in back.blocks()]), counts)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(codes, st.integers(-25_000, 25_000)), min_size=1, max_size=300))
def test_any_counts_go_out_as_edf_within_half_a_step(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    counts = np.array(rows, np.int32)
    session = share(tiny(folder, counts), folder)
    write_edf(session, folder / "x.edf")
    back = open_edf(folder / "x.edf")
    theirs = back.signal.microvolts(np.concatenate([b.counts for b in back.blocks()]))
    off = np.abs(theirs - session.signal.microvolts(counts)).max(axis=0)
    steps = np.array([i.microvolts_per_count for i in back.signal.inputs])
    assert (off <= 0.51 * steps).all()
    assert off[1] < 1e-3, "what fits 16 bits keeps its codes"
