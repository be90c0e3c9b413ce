"""What is called synced is on the disk, and a recorder refuses what it could not keep (docs/session-format.md, 2.9, 4.4, 6.1)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sessions import assert_same, cut, episode, interrupted_in, random_samples, recorder_in, signal_of, start_of
from waiting import until

from hfs_emg.errors import DiskError, RecordingError, RequestError
from hfs_emg.model import Marker
from hfs_emg.session.reader import open_session
from hfs_emg.session.recorder import Recorder

RATE = 250


def test_a_session_folder_is_never_written_twice(tmp_path: Path) -> None:
    whole = interrupted_in(tmp_path / "s")
    with pytest.raises(DiskError, match="exists already"):
        recorder_in(tmp_path / "s")
    assert_same(open_session(tmp_path / "s"), whole, 1250)


@pytest.mark.parametrize("name", ["start.json", "signal.bdf", "../x", ".hidden", "a/b", ""])
def test_copies_have_plain_names_of_their_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(RequestError, match="cannot be the name"):
        Recorder(tmp_path / "s", start_of(), signal=signal_of(), copies={name: b""})
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("step", [1, 40, 250, 777])
def test_6_1_a_healthy_disk_leaves_at_most_a_second_in_memory(tmp_path: Path, step: int) -> None:
    """And what is called synced is on the disk: a reader of the file finds it."""
    recorder = recorder_in(tmp_path / "s")
    whole = random_samples(4 * RATE, signal_of())
    for block in cut(whole, range(0, len(whole.counts), step)):
        recorder.write(block)
        until(lambda: recorder.samples - recorder.synced_samples < RATE)
    recorder.abandon()
    assert_same(open_session(tmp_path / "s"), whole, 4 * RATE)


@pytest.mark.parametrize("word", ["episode", "marker", "link_event", "clock"])
def test_4_4_a_word_is_synced_when_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    recorder = recorder_in(tmp_path / "s")
    synced: list[str] = []
    real = os.fdatasync
    monkeypatch.setattr(
        os, "fdatasync", lambda fd: (synced.append(Path(f"/proc/self/fd/{fd}").resolve().name), real(fd))[1]
    )
    arguments = {
        "episode": (episode(1, 0.5),),
        "marker": (Marker(3, "awake"),),
        "link_event": ("unplugged", 3),
        "clock": (250.1, 3, 8.0, None),
    }
    getattr(recorder, word)(*arguments[word])
    until(lambda: recorder._waiting.samples == recorder._waiting.small == 0)
    assert synced == ["episodes.jsonl" if word == "episode" else "timeline.jsonl"]
    recorder.abandon()


def test_6_1_nothing_is_acknowledged_before_its_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = recorder_in(tmp_path / "s")
    seen: list[int] = []
    real = os.fdatasync
    monkeypatch.setattr(
        "hfs_emg.session.signal_file.os.fdatasync", lambda fd: (seen.append(recorder.synced_samples), real(fd))[1]
    )
    for n, block in enumerate(cut(random_samples(5 * RATE, signal_of()), range(0, 5 * RATE, RATE)), 1):
        recorder.write(block)
        until(lambda n=n: recorder.synced_samples == n * RATE)  # type: ignore[misc]
        assert seen[-1] <= n * RATE
    assert {0, RATE, 2 * RATE} <= set(seen)


def test_a_block_out_of_order_and_a_count_beyond_24_bits_are_refused_at_once(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path / "s")
    whole = random_samples(20, signal_of())
    with pytest.raises(ValueError, match="starts at sample 10"):
        recorder.write(cut(whole, [10])[1])
    for samples, name in ((whole.counts, "EMG R OOC"), (whole.aux, "AUX 1")):
        keep = samples[3, -2 if name == "EMG R OOC" else 0]
        samples[3, -2 if name == "EMG R OOC" else 0] = 0x800000
        with pytest.raises(RecordingError, match=f"{name} has the count 8388608"):
            recorder.write(whole)
        samples[3, -2 if name == "EMG R OOC" else 0] = keep
    recorder.write(whole)
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)
    assert_same(open_session(tmp_path / "s"), whole)


def test_a_sync_interval_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="sync interval of 0 s"):
        recorder_in(tmp_path / "s", sync_every_s=0)


def test_2_9_a_longer_sync_interval_syncs_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = recorder_in(tmp_path / "s", sync_every_s=10)
    synced: list[int] = []
    real = os.fdatasync
    monkeypatch.setattr("hfs_emg.session.signal_file.os.fdatasync", lambda fd: (synced.append(fd), real(fd))[1])
    whole = random_samples(25 * RATE, signal_of())
    whole.lost[:] = False
    recorder.write(whole)
    recorder.finish("stopped", valid_s=25.0, sample_rate_hz=250.0)
    assert len([fd for fd in synced if fd == synced[0]]) == 3
