"""A disk without room, a disk that is gone (docs/session-format.md, 6): how a recording ends."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from pathlib import Path

import pytest
from sessions import assert_same, cut, episode, random_samples, recorder_in, signal_of
from waiting import LIMIT_S

from hfs_emg.errors import DiskError
from hfs_emg.model import Block, Marker
from hfs_emg.session.files import RESERVE_NAME, Reserve
from hfs_emg.session.integrity import damage_of
from hfs_emg.session.reader import Session, open_session
from hfs_emg.session.recorder import Recorder

RATE = 250
RECORD = 5 * 750 + 1200


class SmallDisk:
    """A disk of so many bytes for the files of one folder; what was in the way of a write is not written at all."""

    def __init__(self, folder: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.size = folder, size
        self._pwrite, self._write = os.pwrite, os.write
        monkeypatch.setattr(os, "pwrite", self.pwrite)
        monkeypatch.setattr(os, "write", self.write)

    @property
    def used(self) -> int:
        return sum(p.stat().st_size for p in self.folder.iterdir())

    def pwrite(self, descriptor: int, content: bytes, at: int) -> int:
        self._check(at + len(content) - os.fstat(descriptor).st_size)
        return self._pwrite(descriptor, content, at)

    def write(self, descriptor: int, content: bytes) -> int:
        self._check(len(content))
        return self._write(descriptor, content)

    def _check(self, growth: int) -> None:
        if growth > 0 and self.used + growth > self.size:
            raise OSError(errno.ENOSPC, "No space left on device")


def recorded_until_full(recorder: Recorder, whole: Block) -> DiskError:
    """A second at a time, with words, as a live source does it, until the disk has no room and beyond. What was told, once."""
    told: list[DiskError] = []

    def tell(action: object, *arguments: object) -> None:
        try:
            action(*arguments)  # type: ignore[operator]
        except DiskError as error:
            told.append(error)

    for n, block in enumerate(cut(whole, range(0, len(whole.counts), 100))):
        tell(recorder.write, block)
        tell(recorder.marker, Marker(block.start, f"marker {n}"))
        tell(recorder.episode, episode(n, block.start / RATE))
    tell(lambda: recorder.finish("stopped", valid_s=1.0, sample_rate_hz=250.0))
    assert len(told) == 1
    return told[0]


def whole_in(folder: Path, whole: Block) -> Session:
    """The session, which ended whole and holds the beginning of `whole`."""
    session = open_session(folder)
    assert session.stop is not None
    assert session.stop.reason == "disk full"
    assert session.stop.samples == session.samples
    assert session.stop.lost_samples == int(whole.lost[: session.samples].sum())
    assert session.stop.valid_s == pytest.approx((session.samples - session.stop.lost_samples) / RATE, abs=1e-3)
    assert_same(session, whole, session.samples)
    assert session.notes == ()
    assert damage_of(session) == ()
    return session


@pytest.mark.parametrize("room", range(RECORD * 7, RECORD * 8 + 1, 619))
def test_6_5_on_a_full_disk_the_recording_ends_whole_out_of_the_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """Wherever the room ends: in a record, a line of a journal, a marker."""
    whole = random_samples(30 * RATE, signal_of())
    recorder = recorder_in(tmp_path / "s")
    disk = SmallDisk(tmp_path / "s", 0, monkeypatch)
    disk.size = disk.used + room
    told = recorded_until_full(recorder, whole)
    assert "because the disk is full: free some space" in str(told)
    monkeypatch.undo()
    session = whole_in(tmp_path / "s", whole)
    assert 3 * RATE <= session.samples <= 8 * RATE
    assert not (tmp_path / "s" / RESERVE_NAME).exists()
    # Every word up to there is in the journals, and in the annotations that any other program reads.
    due = range(session.samples // 100)
    assert {m.sample for m in session.markers} >= {100 * k for k in due}
    assert {e.id for e in session.episodes()} >= set(due)


def test_6_5_when_somebody_takes_the_reserve_too_the_recording_ends_with_its_last_whole_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = random_samples(30 * RATE, signal_of())
    recorder = recorder_in(tmp_path / "s")
    disk = SmallDisk(tmp_path / "s", 0, monkeypatch)
    disk.size = disk.used + 7 * RECORD
    real = Reserve.release

    def stolen(self: Reserve) -> bool:
        released = real(self)
        disk.size = disk.used + 1500 if released else disk.size  # the documents still fit
        return released

    monkeypatch.setattr(Reserve, "release", stolen)
    recorded_until_full(recorder, whole)
    monkeypatch.undo()
    session = open_session(tmp_path / "s")
    assert_same(session, whole, session.samples)
    assert session.samples >= 3 * RATE
    assert session.samples % RATE == 0
    assert damage_of(session) == ()


def test_6_5_records_that_a_failed_sync_does_not_vouch_for_are_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems find out that they are full only when they are asked to put things on the disk."""
    whole = random_samples(10 * RATE, signal_of())
    whole.lost[:] = False
    recorder = recorder_in(tmp_path / "s")
    recorder.write(cut(whole, [4 * RATE])[0])
    while recorder.synced_samples < 4 * RATE:
        threading.Event().wait(0.001)
    real = os.fdatasync
    failed: list[int] = []

    def full(descriptor: int) -> None:
        if not failed:
            failed.append(descriptor)
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", full)
    recorder.write(cut(whole, [4 * RATE, 6 * RATE])[1])
    with pytest.raises(DiskError, match="the disk is full"):
        recorder.finish("stopped", valid_s=6.0, sample_rate_hz=250.0)
    monkeypatch.undo()
    session = open_session(tmp_path / "s")
    assert session.samples == recorder.synced_samples == 4 * RATE
    assert session.stop is not None
    assert_same(session, whole, 4 * RATE)


def test_6_5_no_recording_begins_on_a_disk_without_room_for_the_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int, _at: int, _size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DiskError, match="the disk is full"):
        recorder_in(tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_6_4_a_folder_that_is_deleted_while_it_is_recorded_is_told_at_once(tmp_path: Path) -> None:
    """The files are still open then, and writing to them would go on without an error."""
    recorder = recorder_in(tmp_path / "s")
    blocks = cut(random_samples(9 * RATE, signal_of()), range(0, 9 * RATE, RATE))
    recorder.write(blocks[0])
    while recorder.synced_samples < RATE:
        threading.Event().wait(0.001)
    shutil.rmtree(tmp_path / "s")
    recorder.write(blocks[1])
    recorder._thread.join(timeout=LIMIT_S)
    with pytest.raises(DiskError, match="its folder is gone"):
        recorder.write(blocks[2])
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)


@pytest.mark.parametrize("code", [errno.EROFS, errno.EIO, errno.ENODEV])
def test_6_4_a_disk_that_fails_for_good_leaves_an_interrupted_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    whole = random_samples(9 * RATE, signal_of())
    blocks = cut(whole, range(0, 9 * RATE, RATE))
    recorder = recorder_in(tmp_path / "s")
    for block in blocks[:3]:
        recorder.write(block)
    while recorder.synced_samples < 3 * RATE:
        threading.Event().wait(0.001)

    def fail(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    for name in ("pwrite", "write", "fdatasync", "fsync", "ftruncate"):
        monkeypatch.setattr(os, name, fail)
    recorder.write(blocks[3])
    recorder._thread.join(timeout=LIMIT_S)
    with pytest.raises(DiskError):
        recorder.write(blocks[4])
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)
    monkeypatch.undo()
    session = open_session(tmp_path / "s")
    assert session.interrupted
    assert_same(session, whole, 3 * RATE)
