"""What a power cut, a kill and a failing disk leave behind (docs/session-format.md, 6)."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal as signals
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import mne
import numpy as np
import pyedflib
import pytest
from sessions import assert_same, cut, episode, joined, random_samples, recorder_in, signal_of, start_of

from hfs_emg.errors import DiskError, RecordingError, RequestError
from hfs_emg.model import Block, Marker
from hfs_emg.session import recorder as recorder_module
from hfs_emg.session.integrity import damage_of
from hfs_emg.session.reader import is_being_recorded, open_session
from hfs_emg.session.recorder import Recorder
from hfs_emg.session.recovery import recover
from hfs_emg.session.tape import Tape

RATE = 250
CHILD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[2])
    from sessions import cut, episode, random_samples, recorder_in, signal_of
    from hfs_emg.model import Marker
    recorder = recorder_in(Path(sys.argv[1]))
    whole = random_samples(200 * 250, signal_of())
    told = 0
    for n, block in enumerate(cut(whole, range(0, len(whole.counts), 10))):
        recorder.write(block)
        if n % 25 == 0:
            recorder.marker(Marker(block.start, f"marker {n}"))
            recorder.episode(episode(n, block.start / 250))
        if recorder.synced_samples > told:
            told = recorder.synced_samples
            print(told, flush=True)
    """
)


def interrupted(folder: Path, samples: int = 1330) -> Block:
    """A session whose recorder went away without a stop document."""
    whole = random_samples(samples, signal_of())
    recorder = recorder_in(folder)
    for k, block in enumerate(cut(whole, range(0, samples, 100))):
        recorder.write(block)
        recorder.marker(Marker(block.start, f"marker {k}"))
        recorder.episode(episode(k, block.start / RATE))
    recorder.abandon()
    return whole


@pytest.mark.parametrize("seconds", [3, 20])
def test_6_1_a_killed_process_loses_nothing_that_was_acknowledged(tmp_path: Path, seconds: int) -> None:
    folder = tmp_path / "store" / "P014" / "s"
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        acknowledged = 0
        while acknowledged < seconds * RATE:
            line = child.stdout.readline()
            assert line, "the child ended before it was killed"
            acknowledged = int(line)
        child.send_signal(signals.SIGKILL)
        acknowledged = max([acknowledged, *(int(n) for n in child.stdout.read().split())])
    assert child.returncode == -signals.SIGKILL
    session = open_session(folder)
    assert session.interrupted
    assert not session.recording
    assert session.samples >= acknowledged
    assert_same(session, random_samples(200 * RATE, signal_of()), session.samples)
    assert "interrupted" in session.notes[0]
    marked = [m.sample for m in session.markers]
    assert marked == list(range(0, marked[-1] + 1, 250))
    assert marked[-1] >= acknowledged - RATE
    assert [e.id for e in session.episodes()] == [m // 10 for m in marked][: len(session.episodes())]


def test_1_5_a_recorder_at_work_is_seen_and_a_dead_one_is_not(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path / "s")
    assert is_being_recorded(tmp_path / "s")
    recorder.abandon()
    assert not is_being_recorded(tmp_path / "s")
    assert not is_being_recorded(tmp_path)
    assert open_session(tmp_path / "s").interrupted


def test_1_5_a_session_with_a_stop_document_is_finished_even_while_its_file_is_still_held(tmp_path: Path) -> None:
    whole = random_samples(600, signal_of())
    recorder = recorder_in(tmp_path / "s")
    recorder.write(whole)
    recorder.finish("stopped", valid_s=2.0, sample_rate_hz=250.0)
    with (tmp_path / "s" / "signal.bdf").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        session = open_session(tmp_path / "s")
    assert not session.recording
    assert session.notes == ()
    assert_same(session, whole)


def test_6_2_a_signal_cut_at_any_byte_opens_with_its_whole_records(tmp_path: Path) -> None:
    whole = interrupted(tmp_path / "s", 5 * RATE + 30)
    path = tmp_path / "s" / "signal.bdf"
    content = path.read_bytes()
    header, record = 256 * 7, 5 * 750 + 1200
    assert len(content) == header + 5 * record
    rng = np.random.default_rng(3)
    for end in {header, header + 1, len(content) - 1, len(content), *rng.integers(header, len(content), 60).tolist()}:
        path.write_bytes(content[:end])
        session = open_session(tmp_path / "s")
        assert_same(session, whole, (end - header) // record * RATE)
        assert any("torn record" in note for note in session.notes) == ((end - header) % record != 0)
    path.write_bytes(content[: header - 1])
    with pytest.raises(RecordingError, match="header"):
        open_session(tmp_path / "s")


def test_6_2_a_finished_signal_that_was_cut_later_says_what_is_missing(tmp_path: Path) -> None:
    whole = random_samples(1000, signal_of())
    recorder = recorder_in(tmp_path / "s")
    recorder.write(whole)
    recorder.finish("stopped", valid_s=4.0, sample_rate_hz=250.0)
    path = tmp_path / "s" / "signal.bdf"
    os.truncate(path, path.stat().st_size // 2)
    session = open_session(tmp_path / "s")
    assert_same(session, whole, session.samples)
    assert 0 < session.samples < 1000
    assert f"{1000 - session.samples} samples at the end are missing from the signal file." in session.notes


class Killed(BaseException):
    """Passes every handler, as a kill does."""


def with_gaps(samples: int) -> Block:
    """Random samples with a gap over each end of a second, of 2 samples before it and 1 behind it; filled, as every gap is."""
    whole = random_samples(samples, signal_of())
    place = np.arange(samples) % RATE
    whole.lost[:] = (place >= RATE - 2) | ((place < 1) & (np.arange(samples) > 0))
    came = np.maximum.accumulate(np.where(whole.lost, 0, np.arange(samples)))
    return Block(0, whole.counts[came], whole.lost, whole.aux[came], 7.5)


@pytest.mark.parametrize("torn", [False, True])
def test_6_1_whichever_write_is_the_last_one_nothing_lost_passes_for_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, torn: bool
) -> None:
    """Killed in the place of each write in turn, or in the middle of it."""
    whole = with_gaps(4 * RATE + 20)
    real = {name: getattr(os, name) for name in ("write", "pwrite")}
    written, last = 0, 0

    def call(name: str, fd: int, content: bytes, *at: int) -> int:
        nonlocal written
        written += 1
        if written < last:
            return int(real[name](fd, content, *at))
        if torn:
            real[name](fd, bytes(content)[: len(content) // 2], *at)
        raise Killed

    found = []
    while last in (0, written):
        last += 1
        folder = tmp_path / str(last)
        folder.mkdir()
        tape = Tape(folder, start_of(), signal_of(), {}, 1.0)
        written = 0
        for name in real:
            monkeypatch.setattr(os, name, partial(call, name))
        with suppress(Killed):
            for block in cut(whole, range(0, len(whole.counts), 70)):
                tape.write(block)
                tape.commit()
        monkeypatch.undo()
        acknowledged = tape.synced_samples
        tape.close()
        session = open_session(folder)
        assert_same(session, whole, session.samples)
        assert session.samples >= acknowledged
        recover(folder)
        assert_same(open_session(folder), whole, session.samples)
        assert damage_of(open_session(folder)) == ()
        found.append(session.samples)
    assert found[-1] == 4 * RATE
    assert sorted(set(found)) == [n * RATE for n in range(5)]


def test_6_2_a_gap_that_nothing_tells_of_is_known_by_what_fills_it(tmp_path: Path) -> None:
    """A power cut kept the last record and not its line, and the gap under way there has no annotation yet."""
    whole = with_gaps(3 * RATE)
    recorder = recorder_in(tmp_path / "s")
    recorder.write(whole)
    recorder.abandon()
    path = tmp_path / "s" / "timeline.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if not line.startswith(b'{"record":2')))
    session = open_session(tmp_path / "s")
    assert "The timeline lacks record 2" in " ".join(session.notes)
    assert_same(session, whole)
    recover(tmp_path / "s")
    assert_same(open_session(tmp_path / "s"), whole)


@pytest.mark.parametrize("name", ["timeline.jsonl", "episodes.jsonl"])
def test_6_2_a_journal_cut_at_any_byte_leaves_the_signal_whole(tmp_path: Path, name: str) -> None:
    whole = interrupted(tmp_path / "s", 5 * RATE)
    path = tmp_path / "s" / name
    content = path.read_bytes()
    rng = np.random.default_rng(4)
    for end in {0, 1, len(content) - 1, len(content), *rng.integers(0, len(content), 60).tolist()}:
        path.write_bytes(content[:end])
        session = open_session(tmp_path / "s")
        counts, lost, aux = joined(session)
        assert np.array_equal(counts, whole.counts)
        assert np.array_equal(aux, whole.aux)
        known = whole.lost if name == "episodes.jsonl" else lost & whole.lost
        assert np.array_equal(lost, known)
        assert [e.id for e in session.episodes()] == list(range(len(session.episodes())))


def test_4_4_losses_and_markers_are_found_in_the_annotations_when_the_timeline_is_gone(tmp_path: Path) -> None:
    whole = random_samples(1330, signal_of())
    recorder = recorder_in(tmp_path / "s")
    recorder.write(whole)
    recorder.marker(Marker(600, "eyes closed"))
    recorder.finish("stopped", valid_s=5.0, sample_rate_hz=250.0)
    (tmp_path / "s" / "timeline.jsonl").unlink()
    (tmp_path / "s" / "stop.json").unlink()
    session = open_session(tmp_path / "s")
    assert_same(session, whole)
    assert session.markers == (Marker(600, "eyes closed"),)
    assert any("timeline.jsonl is missing" in note for note in session.notes)


def test_4_5_lines_that_cannot_be_read_are_passed_over_and_told(tmp_path: Path) -> None:
    whole = interrupted(tmp_path / "s", 5 * RATE)
    path = tmp_path / "s" / "timeline.jsonl"
    lines = path.read_bytes().splitlines()
    lines[3] = b'{"record": "x"}'
    lines[5] = b'{"later": "version"}'
    path.write_bytes(b"\n".join([*lines, b'{"record": 99, "crc']))
    session = open_session(tmp_path / "s")
    assert session.samples == len(whole.counts)
    assert "Line 4 of timeline.jsonl cannot be read and is left out." in session.notes
    assert "The last line of timeline.jsonl is torn and is left out." in session.notes


@pytest.mark.parametrize("damage", [b"\x00", b"\xff"])
def test_6_2_records_that_are_there_but_empty_are_left_out(tmp_path: Path, damage: bytes) -> None:
    """A power cut may leave a file that was lengthened and not filled."""
    whole = interrupted(tmp_path / "s", 5 * RATE)
    path = tmp_path / "s" / "signal.bdf"
    content, record = path.read_bytes(), 5 * 750 + 1200
    path.write_bytes(content[:-record] + damage * (3 * record))
    session = open_session(tmp_path / "s")
    assert_same(session, whole, 4 * RATE)
    assert "The last 3 records of the signal are damaged and are left out." in session.notes


def test_6_3_an_interrupted_file_is_opened_by_other_readers_as_it_is(tmp_path: Path) -> None:
    interrupted(tmp_path / "s", 5 * RATE)
    path = tmp_path / "s" / "signal.bdf"
    with pyedflib.EdfReader(str(path)) as reading:
        assert reading.datarecords_in_file == 5
    assert mne.io.read_raw_bdf(path, verbose="error").n_times == 5 * RATE


def test_7_a_file_where_the_store_should_be_is_a_disk_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(DiskError, match="a file is where a folder should be") as failure:
        recorder_in(tmp_path / "store" / "P014" / "s")
    assert failure.value.status == 5


def test_a_session_folder_is_never_written_twice(tmp_path: Path) -> None:
    whole = interrupted(tmp_path / "s")
    with pytest.raises(DiskError, match="exists already"):
        recorder_in(tmp_path / "s")
    assert_same(open_session(tmp_path / "s"), whole, 1250)


@pytest.mark.parametrize("name", ["start.json", "signal.bdf", "../x", ".hidden", "a/b", ""])
def test_copies_have_plain_names_of_their_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(RequestError, match="cannot be the name"):
        Recorder(tmp_path / "s", start_of(), signal=signal_of(), copies={name: b""})
    assert not (tmp_path / "s").exists()


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
        recorder._thread.join(timeout=10)
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


def until(condition: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Wait for what the recorder's thread does."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.0005)


class StuckDisk:
    """fdatasync that waits until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go, self.entered = threading.Event(), threading.Event()
        self._sync = os.fdatasync
        monkeypatch.setattr("hfs_emg.session.signal_file.os.fdatasync", self.wait)

    def wait(self, descriptor: int) -> None:
        self.entered.set()
        self.go.wait(timeout=30)
        self._sync(descriptor)


def test_6_6_a_slow_disk_does_not_hold_the_caller_up_for_a_minute_of_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = recorder_in(tmp_path / "s")
    disk = StuckDisk(monkeypatch)
    whole = random_samples(60 * RATE, signal_of())
    for block in cut(whole, range(0, len(whole.counts), RATE)):
        recorder.write(block)  # would never return if it waited for the disk
    assert disk.entered.wait(timeout=10)
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
    assert disk.entered.wait(timeout=10)
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
    assert disk.entered.wait(timeout=10)
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
    assert disk.entered.wait(timeout=10)
    with pytest.raises(DiskError, match="the last 7 s are not on it: check or replace"):
        recorder.finish("stopped", valid_s=7.0, sample_rate_hz=250.0)
    disk.go.set()
    recorder._thread.join(timeout=10)
    assert open_session(tmp_path / "s").interrupted


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
