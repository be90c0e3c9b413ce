"""What a power cut and a kill leave behind (docs/session-format.md, 6)."""

from __future__ import annotations

import fcntl
import os
import signal as signals
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from sessions import assert_same, interrupted_in, joined, random_samples, recorder_in, signal_of

from hfs_emg.errors import RecordingError
from hfs_emg.model import Marker
from hfs_emg.session.reader import is_being_recorded, open_session

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
    whole = interrupted_in(tmp_path / "s", 5 * RATE + 30)
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


@pytest.mark.parametrize("name", ["timeline.jsonl", "episodes.jsonl"])
def test_6_2_a_journal_cut_at_any_byte_leaves_the_signal_whole(tmp_path: Path, name: str) -> None:
    whole = interrupted_in(tmp_path / "s", 5 * RATE)
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
    whole = interrupted_in(tmp_path / "s", 5 * RATE)
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
    whole = interrupted_in(tmp_path / "s", 5 * RATE)
    path = tmp_path / "s" / "signal.bdf"
    content, record = path.read_bytes(), 5 * 750 + 1200
    path.write_bytes(content[:-record] + damage * (3 * record))
    session = open_session(tmp_path / "s")
    assert_same(session, whole, 4 * RATE)
    assert "The last 3 records of the signal are damaged and are left out." in session.notes
