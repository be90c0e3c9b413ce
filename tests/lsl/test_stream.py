"""Streams between processes: samples and episodes out, and in again as a board."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.boards import Board, ads1299_microvolts_per_count
from firmware_bridge.connect import parse_board_url
from firmware_bridge.errors import BoardAddressError, BoardRefused, BoardUnavailable, LinkLost, PortNotFound
from hfs_emg.boards import open_board
from hfs_emg.cli import main
from hfs_emg.errors import RequestError
from hfs_emg.lsl import library
from hfs_emg.lsl.board import open_lsl
from hfs_emg.lsl.outlets import offset_between
from hfs_emg.session.reader import open_session

from .conftest import FACE, SEED

LSB = ads1299_microvolts_per_count(24)


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """(n, 8) counts of the same patient, recorded in virtual time."""
    store = tmp_path_factory.mktemp("virtual")
    board = f"sim:{FACE}?seed={SEED}&speed=virtual"
    assert main(["record", "--board", board, "--subject", "S1", "--duration", "75", "--store", str(store)]) == 0
    (folder,) = store.glob("S1/2*")
    return np.concatenate([b.counts for b in open_session(folder).blocks()])


def pulled(inlet: Any, enough: int, limit_s: float = 60.0) -> tuple[np.ndarray, np.ndarray]:
    """Values and stamps of so many samples."""
    values, stamps = [], []
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        first, stamp = inlet.pull_sample(0.5)
        if first is not None:
            more, later = inlet.pull_chunk(0.0)
            values += [first, *more]
            stamps += [stamp, *later]
        if len(values) >= enough:
            return np.array(values), np.array(stamps)
    raise AssertionError(f"{len(values)} of {enough} samples came")


def test_another_process_gets_every_sample_with_its_index_and_its_time(
    lsl: Any, stream: str, expected: np.ndarray
) -> None:
    (info,) = lsl.resolve_byprop("name", stream, 1, 10)
    inlet = lsl.StreamInlet(info, recover=False)
    values, stamps = pulled(inlet, 1000)
    index = values[:, -1].astype(int)
    assert (np.diff(index) == 1).all()
    np.testing.assert_array_equal(np.rint(values[:, :-1] / LSB), expected[index])
    steps = np.diff(stamps)
    assert (steps >= 0).all()
    assert abs(np.polyfit(index, stamps, 1)[0] * 250 - 1) < 0.03, "4 ms from sample to sample"
    described = inlet.info(5).desc()
    assert described.child_value("schema") == "hfs-emg/lsl/1"
    assert described.child_value("simulated")
    inlet.close_stream()


def test_a_stream_is_recorded_as_a_board_with_the_codes_of_the_source(
    stream: str, expected: np.ndarray, tmp_path: Path
) -> None:
    options = ["--subject", "S2", "--duration", "4", "--store", str(tmp_path)]
    assert main(["record", "--board", f"lsl:{stream}?wait=10", *options]) == 0
    (folder,) = tmp_path.glob("S2/2*")
    session = open_session(folder)
    counts = np.concatenate([b.counts for b in session.blocks()])
    assert session.stop is not None
    assert session.stop.lost_samples == 0
    assert session.simulated
    assert len(counts) == 1000
    begins = np.flatnonzero((expected == counts[0]).all(axis=1))
    assert len(begins) == 1
    np.testing.assert_array_equal(counts, expected[begins[0] : begins[0] + 1000])


def test_an_episode_comes_as_json_at_the_time_of_its_onset(lsl: Any, stream: str) -> None:
    (info,) = lsl.resolve_byprop("name", f"{stream}-episodes", 1, 10)
    inlet = lsl.StreamInlet(info, recover=False)
    text, stamp = inlet.pull_sample(60.0)
    episode = json.loads(text[0])
    assert {"start_s", "end_s", "kind", "side", "sites", "confidence", "reason", "bursts"} <= set(episode)
    assert 0 < lsl.local_clock() - stamp < 60
    inlet.close_stream()


FLOATS = """
import sys, time
from hfs_emg.lsl.library import load_lsl
lsl = load_lsl()
kind, unit, form, rate = sys.argv[2:6]
info = lsl.StreamInfo(sys.argv[1], kind, 4, float(rate), form, sys.argv[1])
channels = info.desc().append_child("channels")
for n in range(4):
    channel = channels.append_child("channel")
    channel.append_child_value("label", f"C{n}")
    channel.append_child_value("unit", unit)
outlet = lsl.StreamOutlet(info)
print("ready", flush=True)
begin, sent = lsl.local_clock(), 0
while sent < 20 * max(float(rate), 1):
    due = int((lsl.local_clock() - begin) * max(float(rate), 1))
    for n in range(sent, due):
        outlet.push_sample([n % 100 + c for c in range(4)])
    sent = due
    time.sleep(0.01)
"""


class Other:
    """A program of somebody else that streams."""

    def __init__(
        self, name: str, kind: str = "EEG", unit: str = "microvolts", form: str = "float32", rate: float = 250.0
    ) -> None:
        arguments = [name, kind, unit, form, str(rate)]
        self.process = subprocess.Popen([sys.executable, "-c", FLOATS, *arguments], stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Other:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_stranger_s_stream_is_read_and_its_end_is_told(lsl: Any) -> None:
    with Other("stranger") as other:
        board = open_board("lsl:stranger")
        assert (board.spec.exg_channels, board.spec.rate_hz, board.spec.counter_modulus) == (4, 250.0, None)
        board.start()
        reading = None
        while reading is None:
            reading = board.read(1.0)
        microvolts = reading.counts * board.microvolts_per_count
        assert np.abs(np.diff(microvolts, axis=1) - 1).max() < 0.03
        assert (np.diff(reading.arrival_s) >= 0).all()
        assert reading.arrival_s[-1] <= board.now_s()
        other.process.kill()
        with pytest.raises(LinkLost, match="'stranger' is gone: start it again"):
            read_on(board)
        board.close()


def read_on(board: Board) -> None:
    for _ in range(400):
        board.read(0.1)


@pytest.mark.parametrize(
    ("described", "says"),
    [
        ({"unit": ""}, "names no voltage, so its values are counts of unknown worth"),
        ({"rate": 50.0}, "is no EMG: 100 Hz or more are needed"),
    ],
)
def test_what_is_no_raw_emg_is_refused(lsl: Any, described: dict[str, Any], says: str) -> None:
    with Other("refused", **described), pytest.raises(BoardRefused, match=says):
        open_board("lsl:refused")


def test_a_name_that_nobody_streams_is_told_with_those_that_are_heard(lsl: Any, stream: str) -> None:
    with pytest.raises(PortNotFound, match=f"named 'nobody' is heard .*{stream}.*network=1"):
        open_board("lsl:nobody?wait=0.5")


@pytest.mark.parametrize("url", ["lsl:", "lsl:x?wait=soon", "lsl:x?network=yes", "lsl:x?host=a"])
def test_an_address_that_cannot_be_is_refused_before_anything_is_looked_for(url: str) -> None:
    with pytest.raises(BoardAddressError):
        open_lsl(parse_board_url(url))


def test_a_missing_liblsl_is_told_with_the_way_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_module: str, _extra: str) -> None:
        raise RuntimeError("LSL binary library file was not found.")

    monkeypatch.setattr(library, "needed", missing)
    monkeypatch.setattr(library, "_in_mne_lsl", lambda: None)
    with pytest.raises(BoardUnavailable, match=r"liblsl is not found .* Raspberry Pi, pip install --no-deps mne-lsl"):
        load(library)


def test_mne_lsl_lends_its_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lent = tmp_path / "mne_lsl" / "lsl" / "lib" / "liblsl.so.1.17.7"
    lent.parent.mkdir(parents=True)
    lent.touch()
    (tmp_path / "mne_lsl" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("PYLSL_LIB", raising=False)
    asked: list[str | None] = []

    def found_at_the_second_try(_module: str, _extra: str) -> Any:
        import os

        asked.append(os.environ.get("PYLSL_LIB"))
        if len(asked) == 1:
            raise RuntimeError("LSL binary library file was not found.")
        return sys

    monkeypatch.setattr(library, "needed", found_at_the_second_try)
    monkeypatch.setattr(library.sys, "modules", {k: v for k, v in sys.modules.items() if not k.startswith("pylsl")})
    try:
        assert library._module() is sys
    finally:
        monkeypatch.delenv("PYLSL_LIB", raising=False)
    assert asked == [None, str(lent)]


def test_without_pylsl_the_line_that_adds_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(RequestError, match=r"pip install 'hfs-emg\[lsl\]'"):
        load(library)


def load(module: Any) -> Any:
    return module.load_lsl()


def test_the_offset_of_two_clocks_is_that_of_the_quickest_look() -> None:
    looks = iter([0.0, 1.0, 1.0, 1.2, 2.0, 2.0] + [x / 10 for x in range(30, 54)])
    theirs = iter([100.5, 101.1, 107.0] + [100.0] * 6)
    assert offset_between(lambda: next(looks), lambda: next(theirs)) == pytest.approx(100.0, abs=6)


def test_a_name_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stream", "--lsl", "--board", "sim:tic", "--name", "a b"]) == 2
    assert "'a b' cannot be the name of a stream" in capsys.readouterr().err
