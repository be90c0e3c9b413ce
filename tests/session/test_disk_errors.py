"""What the disk says becomes a sentence, and the recording ends whole (docs/session-format.md, 6.4 and 6.5)."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sessions import assert_same, cut, episode, random_samples, recorder_in, signal_of
from waiting import LIMIT_S

from hfs_emg.errors import DiskError
from hfs_emg.session.integrity import damage_of
from hfs_emg.session.reader import open_session


def test_7_a_file_where_the_store_should_be_is_a_disk_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(DiskError, match="a file is where a folder should be") as failure:
        recorder_in(tmp_path / "store" / "P014" / "s")
    assert failure.value.status == 5


RATE = 250


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_6_5_a_disk_without_room_is_told_once_and_the_recording_ends_whole(tmp_path: Path) -> None:
    """A size limit in the middle of the fourth record: the kernel writes half of it and then fails, reserve or not."""
    whole = random_samples(20 * RATE, signal_of())
    recorder = recorder_in(tmp_path / "s")
    header, record = 256 * 7, 5 * 750 + 1200
    with file_size_limit(header + 3 * record + record // 2):
        recorder.write(cut(whole, [4 * RATE])[0])
        recorder._thread.join(timeout=LIMIT_S)
        assert recorder.failed
        blocks = cut(whole, range(4 * RATE, len(whole.counts), RATE))[1:]
        with pytest.raises(DiskError, match="size limit") as failure:
            recorder.write(blocks[0])
        assert failure.value.status == 5
        for block in blocks[1:]:  # whoever goes on analysing may go on calling
            recorder.write(block)
        recorder.episode(episode(1, 0.5))
        recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)
    assert (tmp_path / "s" / "signal.bdf").stat().st_size == header + 3 * record
    session = open_session(tmp_path / "s")
    assert_same(session, whole, 3 * RATE)
    assert session.stop is not None
    assert (session.stop.reason, session.stop.samples) == ("disk full", 3 * RATE)
    assert session.stop.lost_samples == whole.lost[: 3 * RATE].sum()
    assert session.notes == ()
    assert damage_of(session) == ()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EIO, "reports a fault"),
        (errno.EROFS, "read-only"),
        (999, "the system says"),
    ],
)
@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
def test_6_4_what_the_disk_says_becomes_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, sentence: str
) -> None:
    recorder = recorder_in(tmp_path / "s")

    def fail(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(f"hfs_emg.session.signal_file.os.{call}", fail)
    recorder.write(random_samples(500, signal_of()))
    with pytest.raises(DiskError, match=sentence):
        recorder.finish("stopped", valid_s=2.0, sample_rate_hz=250.0)
    monkeypatch.undo()
    assert open_session(tmp_path / "s").interrupted
    recorder.finish("stopped", valid_s=2.0, sample_rate_hz=250.0)


def test_6_4_a_start_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    with file_size_limit(100), pytest.raises(DiskError, match="size limit"):
        recorder_in(tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_6_4_a_stop_document_that_fails_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = random_samples(500, signal_of())
    recorder = recorder_in(tmp_path / "s")
    recorder.write(whole)

    real = os.fsync

    def full(descriptor: int) -> None:
        if (tmp_path / "s" / ".stop.json.part").exists():
            raise OSError(errno.ENOSPC, "full")
        real(descriptor)

    monkeypatch.setattr("hfs_emg.session.files.os.fsync", full)
    with pytest.raises(DiskError, match="the disk is full"):
        recorder.finish("stopped", valid_s=2.0, sample_rate_hz=250.0)
    monkeypatch.undo()
    assert sorted(p.name for p in (tmp_path / "s").iterdir() if "stop" in p.name) == []
    assert_same(open_session(tmp_path / "s"), whole)
