"""A disk that stands still holds nobody up; what it costs is counted (docs/session-format.md, 6.6)."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from sessions import assert_same, cut, joined, random_samples, recorder_in, signal_of
from waiting import LIMIT_S, until

from hfs_emg.errors import DiskError
from hfs_emg.model import Block, Marker
from hfs_emg.session import recorder as recorder_module
from hfs_emg.session.integrity import damage_of
from hfs_emg.session.reader import open_session
from hfs_emg.session.recorder import Recorder

RATE = 250


class StuckDisk:
    """fdatasync that waits until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go, self.entered = threading.Event(), threading.Event()
        self._sync = os.fdatasync
        monkeypatch.setattr("hfs_emg.session.signal_file.os.fdatasync", self.wait)

    def wait(self, descriptor: int) -> None:
        self.entered.set()
        self.go.wait(LIMIT_S)
        self._sync(descriptor)


def test_6_6_a_slow_disk_does_not_hold_the_caller_up_for_a_minute_of_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = recorder_in(tmp_path / "s")
    disk = StuckDisk(monkeypatch)
    whole = random_samples(60 * RATE, signal_of())
    for block in cut(whole, range(0, len(whole.counts), RATE)):
        recorder.write(block)  # would never return if it waited for the disk
    assert disk.entered.wait(LIMIT_S)
    assert (recorder.samples, recorder.synced_samples) == (60 * RATE, 0)
    disk.go.set()
    recorder.finish("stopped", valid_s=60.0, sample_rate_hz=250.0)
    assert recorder.not_kept_samples == 0
    assert_same(open_session(tmp_path / "s"), whole)


def stalled(folder: Path, whole: Block, monkeypatch: pytest.MonkeyPatch) -> tuple[Recorder, StuckDisk, list[float]]:
    """A recorder that was handed a block a second by a live source while the disk stood still; its disk and its clock."""
    now = [0.0]
    recorder = recorder_in(folder, now_s=lambda: now[0])
    disk = StuckDisk(monkeypatch)
    for block in cut(whole, range(0, len(whole.counts), RATE)):
        now[0] += 1.0
        recorder.write(block)
    assert disk.entered.wait(LIMIT_S)
    return recorder, disk, now


def test_6_6_while_the_disk_stands_still_a_minute_waits_and_what_comes_after_it_is_counted_as_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = random_samples(100 * RATE, signal_of())
    whole.lost[:] = False
    recorder, disk, now = stalled(tmp_path / "s", cut(whole, [90 * RATE])[0], monkeypatch)
    assert recorder.not_kept_samples == 30 * RATE
    assert recorder._waiting.samples == 60 * RATE
    assert not recorder.failed
    disk.go.set()
    until(lambda: recorder._waiting.samples == recorder._waiting.small == 0)
    assert recorder.synced_samples == 60 * RATE
    for block in cut(whole, range(90 * RATE, 100 * RATE, RATE))[1:]:
        now[0] += 1.0
        recorder.write(block)
    recorder.marker(Marker(95 * RATE, "awake"))
    recorder.finish("stopped", valid_s=70.0, sample_rate_hz=250.0)
    session = open_session(tmp_path / "s")
    assert session.gaps == ((60 * RATE, 90 * RATE),)
    whole.lost[60 * RATE : 90 * RATE] = True
    counts, lost, _ = joined(session)
    assert np.array_equal(lost, whole.lost)
    assert np.array_equal(counts[~lost], whole.counts[~whole.lost])
    assert set(counts[60 * RATE : 90 * RATE, 0].tolist()) == {int(whole.counts[60 * RATE - 1, 0])}
    assert session.stop is not None
    assert (session.stop.samples, session.stop.lost_samples) == (100 * RATE, 30 * RATE)
    (said,) = session.timeline.disks
    assert (said.disk, said.sample) == ("the disk was too slow, 7500 samples were not kept", 60 * RATE)
    assert session.markers == (Marker(95 * RATE, "awake"),)
    assert damage_of(session) == ()


def test_6_6_words_wait_for_a_disk_that_stands_still_as_many_as_a_bound_says_and_the_others_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = recorder_in(tmp_path / "s")
    disk = StuckDisk(monkeypatch)
    for block in cut(random_samples(2 * RATE, signal_of()), [RATE]):
        recorder.write(block)
    assert disk.entered.wait(LIMIT_S)
    monkeypatch.setattr(recorder_module, "QUEUE_WORDS", 100)
    for k in range(150):
        recorder.marker(Marker(2 * RATE, f"marker {k}"))
        recorder.link_event(f"event {k}", 2 * RATE)
    kept = 300 - recorder.not_kept_words
    assert recorder._waiting.small == 100
    assert 98 <= kept <= 100
    disk.go.set()
    until(lambda: recorder._waiting.small == 0)
    recorder.marker(Marker(2 * RATE, "after it"))
    recorder.finish("stopped", valid_s=2.0, sample_rate_hz=250.0)
    session = open_session(tmp_path / "s")
    assert len(session.markers) + len(session.timeline.links) == kept + 1
    (said,) = session.timeline.disks
    text = f"the disk was too slow, {300 - kept} episodes, markers or link events were not kept"
    assert (said.disk, said.sample) == (text, 2 * RATE)
    assert damage_of(session) == ()


def test_6_6_a_patient_source_waits_with_its_words_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "QUEUE_WORDS", 20)
    recorder = recorder_in(tmp_path / "s", patient=True)
    recorder.write(random_samples(2 * RATE, signal_of()))
    for k in range(300):
        recorder.marker(Marker(k, f"marker {k}"))
    recorder.finish("stopped", valid_s=2.0, sample_rate_hz=250.0)
    assert len(open_session(tmp_path / "s").markers) == 300
    assert recorder.not_kept_words == 0


def test_6_6_a_stall_that_ends_with_the_recording_is_counted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = random_samples(70 * RATE, signal_of())
    whole.lost[:] = False
    recorder, disk, _ = stalled(tmp_path / "s", whole, monkeypatch)
    disk.go.set()
    recorder.finish("stopped", valid_s=60.0, sample_rate_hz=250.0)
    session = open_session(tmp_path / "s")
    assert session.samples == 70 * RATE
    assert session.gaps[-1] == (60 * RATE, 70 * RATE)


def test_6_6_a_source_faster_than_time_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes of signal in no time, past a disk that stands still for a while: nothing of it is lost."""
    recorder = recorder_in(tmp_path / "s")
    disk = StuckDisk(monkeypatch)
    whole = random_samples(600 * RATE, signal_of())
    threading.Timer(0.2, disk.go.set).start()
    for block in cut(whole, range(0, len(whole.counts), RATE)):
        recorder.write(block)
    recorder.finish("stopped", valid_s=600.0, sample_rate_hz=250.0)
    assert recorder.not_kept_samples == 0
    assert_same(open_session(tmp_path / "s"), whole)


def test_6_6_a_patient_source_waits_as_long_as_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is taken in: by the clock the disk has stood still for days."""
    now = [0.0]
    recorder = recorder_in(tmp_path / "s", patient=True, now_s=lambda: now[0])
    disk = StuckDisk(monkeypatch)
    whole = random_samples(130 * RATE, signal_of())
    threading.Timer(0.2, disk.go.set).start()
    for block in cut(whole, range(0, len(whole.counts), RATE)):
        recorder.write(block)
        now[0] += 3600.0
    recorder.finish("stopped", valid_s=130.0, sample_rate_hz=250.0)
    assert recorder.not_kept_samples == 0
    assert_same(open_session(tmp_path / "s"), whole)


def test_6_6_a_filled_hole_longer_than_the_queue_costs_nothing_of_what_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that was down for nine minutes is filled at once while the disk stands still."""
    now = [0.0]
    recorder = recorder_in(tmp_path / "s", now_s=lambda: now[0])
    disk = StuckDisk(monkeypatch)
    whole = random_samples(580 * RATE, signal_of())
    whole.lost[:] = False
    hole = slice(10 * RATE, 550 * RATE)
    whole.lost[hole] = True
    whole.counts[hole], whole.aux[hole] = whole.counts[10 * RATE - 1], whole.aux[10 * RATE - 1]
    for block in cut(
        whole,
        [*range(0, 10 * RATE, RATE), *range(10 * RATE, 550 * RATE, 60 * RATE), *range(550 * RATE, 580 * RATE, RATE)],
    ):
        now[0] += 1.0
        recorder.write(block)
    assert recorder.not_kept_samples == 0
    disk.go.set()
    recorder.finish("stopped", valid_s=40.0, sample_rate_hz=250.0)
    assert_same(open_session(tmp_path / "s"), whole)


def test_an_ending_does_not_wait_for_ever_for_a_disk_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "_PATIENCE_S", 0.05)
    recorder = recorder_in(tmp_path / "s")
    disk = StuckDisk(monkeypatch)
    recorder.write(random_samples(7 * RATE, signal_of()))
    assert disk.entered.wait(LIMIT_S)
    with pytest.raises(DiskError, match="the last 7 s are not on it: check or replace"):
        recorder.finish("stopped", valid_s=7.0, sample_rate_hz=250.0)
    disk.go.set()
    recorder._thread.join(timeout=LIMIT_S)
    assert open_session(tmp_path / "s").interrupted
