"""The live service in virtual time: an emulated board in memory, the real recorder or one that fails on purpose."""

import json
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from calibration.montage import Side, default_montage
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import LinkLost
from firmware_bridge.faults import Faults
from firmware_bridge.links import EmulatorLink
from hfs_emg import worker as worker_module
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.boards import signal_of
from hfs_emg.errors import DiskError, RecordingError, RequestError
from hfs_emg.events import Findings, Kind
from hfs_emg.monitor import Monitor
from hfs_emg.session.documents import start_document
from hfs_emg.session.reader import open_session
from hfs_emg.session.recorder import Recorder
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario
from hfs_emg.worker import AnalysisFailed, AnalysisWorker

RATE_HZ = 250.0
MONTAGE = default_montage(8)
NOTHING = Findings((), (), (), 0.0)


class Numbered:
    """Every count of sample i is i."""

    def read(self, start, n):
        return np.repeat(np.arange(start, start + n, dtype=np.int32)[:, None], 8, axis=1)


class Idle:
    """An analyser that finds nothing and remembers what it was given."""

    def __init__(self, before=None):
        self.ends = []
        self._before = before

    def push(self, block):
        if self._before:
            self._before(block)
        self.ends.append(block.end)
        return NOTHING

    def still_invalid(self):
        return []

    def finish(self):
        return NOTHING


class Room:
    """All that a monitor needs, taken apart."""

    def __init__(self, tmp_path, *, source=None, faults=(), analyzer=None, **options):
        emulator = CytonEmulator(source or Numbered(), reset_s=0.05, faults=Faults(faults))
        self.board = CytonBoard(EmulatorLink(emulator))
        self.signal = signal_of(self.board, MONTAGE)
        self.folder = tmp_path / "20261120T185323Z-1a2b"
        start = start_document(
            session=self.folder.name, subject="S1", start_utc=None, board=self.board.spec, montage=MONTAGE, software="t"
        )
        self.recorder = Recorder(self.folder, start, signal=self.signal)
        self.analyzer = analyzer if analyzer is not None else Idle()
        make = analyzer if callable(analyzer) else lambda: self.analyzer
        self.worker = AnalysisWorker(make, RATE_HZ)
        self.seen = []
        options.setdefault("on_status", self.seen.append)
        self.monitor = Monitor(self.board, self.signal, MONTAGE, self.recorder, self.worker, **options)

    def run(self):
        with closing(self.board):
            return self.monitor.run()

    @property
    def session(self):
        self.recorder.abandon()
        return open_session(self.folder)

    def timeline(self, kind):
        self.recorder.abandon()
        lines = map(json.loads, (self.folder / "timeline.jsonl").read_text().splitlines())
        return [line for line in lines if kind in line]


def counts_of(session):
    return np.concatenate([b.counts for b in session.blocks()])


def test_a_block_is_recorded_before_it_is_handed_to_the_analyser(tmp_path, monkeypatch):
    room = Room(tmp_path, duration_s=5.0)
    order = []
    for name, owner, verb in (("recorded", room.recorder, "write"), ("analysed", room.worker, "put")):
        take = getattr(owner, verb)
        monkeypatch.setattr(
            owner, verb, lambda block, name=name, take=take: (order.append((block.end, name)), take(block))
        )
    room.run()
    ends = [end for end, name in order if name == "recorded"]
    assert ends[-1] == 1250
    assert order == [(end, name) for end in ends for name in ("recorded", "analysed")]
    assert room.analyzer.ends[-1] == 1250


@pytest.mark.parametrize("samples", [1, 249, 250, 251, 1003])
def test_the_duration_is_kept_to_the_sample_wherever_a_block_ends(tmp_path, samples):
    room = Room(tmp_path, duration_s=samples / RATE_HZ)
    outcome = room.run()
    assert (outcome.reason, outcome.samples, outcome.errors) == ("duration reached", samples, ())
    session = room.session
    assert session.samples == session.stop.samples == samples
    assert np.array_equal(counts_of(session)[:, 0], np.arange(samples))
    assert room.analyzer.ends[-1] == samples


def test_a_duration_that_ends_within_a_hole_counts_what_was_lost_up_to_there(tmp_path):
    room = Room(tmp_path, faults=["@3 stall 4 lose"], duration_s=5.0)
    outcome = room.run()
    assert outcome.samples == 1250
    assert outcome.lost_samples == room.session.stop.lost_samples
    assert 490 <= outcome.lost_samples <= 500


def test_stopped_from_another_thread_everything_that_came_is_kept(tmp_path):
    room = Room(tmp_path, on_status=lambda status: status.elapsed_s >= 7 and room.monitor.stop())
    outcome = room.run()
    assert outcome.reason == "stopped"
    session = room.session
    assert session.stop.reason == "stopped"
    assert session.samples == outcome.samples == outcome.analysed_samples >= 1750
    assert np.array_equal(counts_of(session)[:, 0], np.arange(session.samples))


def test_a_lost_link_ends_the_session_whole_and_is_told(tmp_path):
    room = Room(tmp_path, faults=["@6.2 unplug"])
    outcome = room.run()
    assert outcome.reason == room.session.stop.reason == "link lost"
    assert isinstance(outcome.errors[0], LinkLost)
    assert 1500 <= outcome.samples <= 1550
    assert np.array_equal(counts_of(room.session)[:, 0], np.arange(outcome.samples))


def test_a_disk_that_fails_midway_ends_the_recording_and_not_the_analysis(tmp_path, monkeypatch):
    seen = []

    def look(status):
        seen.append(status)
        while room.recorder.samples > 1250 and not room.recorder.failed:  # virtual time outruns the disk's thread
            threading.Event().wait(0.001)

    room = Room(tmp_path, duration_s=10.0, on_status=look)
    write = room.recorder._tape.write

    def fail(block):
        if block.end > 1000:
            raise OSError(28, "No space left on device")
        write(block)

    monkeypatch.setattr(room.recorder._tape, "write", fail)
    outcome = room.run()
    assert outcome.samples == outcome.analysed_samples == 2500
    (error,) = outcome.errors
    assert isinstance(error, DiskError)
    assert "disk is full" in str(error)
    session = room.session
    assert session.stop.reason == "disk full"
    assert 750 <= session.samples <= 1000
    assert seen[0].problem is None
    assert seen[-1].problem is error


def test_an_analyser_that_raises_leaves_the_recording_whole(tmp_path):
    def fail(block):
        if block.end > 500:
            raise ZeroDivisionError("division by zero")

    room = Room(tmp_path, analyzer=Idle(fail), duration_s=60.0)
    outcome = room.run()
    assert outcome.samples == room.session.stop.samples == 15_000
    assert outcome.analysed_samples <= 500
    (error,) = outcome.errors
    assert isinstance(error, AnalysisFailed)
    assert "ZeroDivisionError: division by zero" in str(error)
    assert "hfs-emg analyze" in str(error)
    assert room.session.stop.valid_s <= 2.0


def test_an_analyser_that_cannot_be_made_leaves_the_recording_whole(tmp_path):
    refusal = RequestError("model.json is not a model file.")

    def make():
        raise refusal

    room = Room(tmp_path, analyzer=make, duration_s=4.0)
    outcome = room.run()
    assert outcome.errors == (refusal,)
    assert room.session.stop.samples == 1000


def test_an_analyser_that_hangs_never_holds_the_recording_up_and_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(worker_module, "SPARE_S", 1.0)
    monkeypatch.setattr(worker_module, "MOMENT_S", 0.0001)
    monkeypatch.setattr(worker_module, "GIVE_UP_S", 20.0)
    released = threading.Event()
    room = Room(tmp_path, analyzer=Idle(lambda _block: released.wait()), duration_s=60.0)
    outcome = room.run()
    released.set()
    assert room.session.stop.samples == 15_000
    (error,) = outcome.errors
    assert "too slow" in str(error)


def test_what_waits_for_the_analyser_is_merged_and_stays_small(tmp_path, monkeypatch):
    """A board in virtual time runs ahead by the spare and no further."""
    monkeypatch.setattr(worker_module, "SPARE_S", 2.0)
    monkeypatch.setattr(worker_module, "MOMENT_S", 60.0)
    sizes, waiting = [], []
    spare = 2.0 * RATE_HZ

    def look(block):
        """The first block takes long: until the spare waits, and a while longer to see the board wait too."""
        if not sizes:
            while room.worker._waiting_samples <= spare:
                threading.Event().wait(0.001)
            threading.Event().wait(0.2)
        waiting.append(room.worker._waiting_samples)
        sizes.append(block.end)

    room = Room(tmp_path, analyzer=Idle(look), duration_s=60.0)
    room.run()
    assert max(waiting) <= spare + 50
    steps = np.diff([0, *sizes])
    assert steps.sum() == 15_000
    assert steps.max() <= worker_module.MERGED_S * RATE_HZ


def test_a_fault_of_the_program_still_closes_the_session(tmp_path):
    def fail(_status):
        raise ZeroDivisionError

    room = Room(tmp_path, on_status=fail, duration_s=10.0)
    with pytest.raises(ZeroDivisionError), closing(room.board):
        room.monitor.run()
    assert room.session.stop.reason == "fault of the program"
    assert room.session.samples >= 250


def test_samples_that_no_recording_can_hold_end_it_with_a_sentence(tmp_path, monkeypatch):
    room = Room(tmp_path, duration_s=10.0)
    write = room.recorder.write
    refusal = RecordingError("A count is beyond 24 bits.")

    def refuse(block):
        if block.end > 1000:
            raise refusal
        write(block)

    monkeypatch.setattr(room.recorder, "write", refuse)
    outcome = room.run()
    assert outcome.errors == (refusal,)
    assert room.session.stop.reason == "fault of the program"
    assert room.session.samples == outcome.samples > 900


def test_markers_lie_at_the_newest_sample(tmp_path):
    at = {3: "wash out", 5: "tea"}

    def mark(status):
        word = at.pop(round(status.elapsed_s), None)
        if word and not status.ending:
            marked[word] = room.recorder.samples
            room.monitor.mark(word)

    marked = {}
    room = Room(tmp_path, on_status=mark, duration_s=8.0)
    room.monitor.mark("before the first sample")
    room.run()
    found = {m.text: m.sample for m in room.session.markers}
    assert found.keys() == {"before the first sample", "wash out", "tea"}
    assert found["before the first sample"] < 50
    for word, samples in marked.items():
        assert samples - 1 <= found[word] <= samples + 50


def test_a_marker_set_at_the_very_end_is_kept(tmp_path):
    def mark_and_stop(status):
        if not status.ending and status.elapsed_s >= 2:
            room.monitor.mark("the end")
            room.monitor.stop()

    room = Room(tmp_path, on_status=mark_and_stop)
    outcome = room.run()
    (marker,) = room.session.markers
    assert (marker.text, marker.sample) == ("the end", outcome.samples - 1)


def test_the_clock_is_told_at_once_and_each_minute(tmp_path):
    begin = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
    room = Room(tmp_path, duration_s=150.0, utc_now=lambda: begin + timedelta(seconds=room.board.now_s()))
    room.run()
    clocks = room.timeline("clock")
    samples = [line["sample"] for line in clocks]
    assert samples[0] < 50
    assert 10 * 250 <= samples[1] <= 13 * 250
    assert [round((s - samples[1]) / 15_000) for s in samples[1:]] == [0, 1, 2]
    for line in clocks:
        assert line["clock"] == pytest.approx(250.0, rel=1e-3)
        offset_s = (datetime.fromisoformat(line["utc"]) - begin).total_seconds() - line["arrival_s"]
        assert abs(offset_s) < 0.002
    assert room.session.stop.sample_rate_hz == pytest.approx(250.0, rel=1e-3)


def test_the_status_comes_once_a_second_and_tells_what_is(tmp_path):
    room = Room(tmp_path, faults=["@2.2 drop 5"], duration_s=6.0)
    room.run()
    *live, last = room.seen
    assert [round(s.elapsed_s) for s in live] == [1, 2, 3, 4, 5, 6]
    assert [s.lost_samples for s in live] == [0, 0, 5, 5, 5, 5]
    assert all(s.link == "ok" and not s.ending for s in live)
    assert all(s.spasms == {Side.LEFT: 0, Side.RIGHT: 0} for s in live)
    assert all(0 <= s.disk_behind_s <= s.elapsed_s and s.analysis_behind_s <= s.elapsed_s for s in live)
    assert last.ending


def test_silence_is_told_each_second_while_it_lasts(tmp_path):
    room = Room(tmp_path, faults=["@3 poweroff", "@8 poweron"], duration_s=12.0)
    room.run()
    silent = [s.link for s in room.seen if s.link != "ok"]
    assert len(silent) >= 3
    assert silent[0].startswith("late by ")
    assert any("No signal from the board (the dongle works)" in words for words in silent)
    assert room.seen[-1].link == "ok"


def test_what_happens_to_the_link_is_in_the_session(tmp_path):
    room = Room(tmp_path, faults=["@3 poweroff", "@5 poweron"], duration_s=10.0)
    room.run()
    assert room.session.stop.restarts == 1
    lines = room.timeline("link")
    assert [line["link"].split(";")[0][:28] for line in lines] == [
        "The board was switched off a",
        "Reconnected: samples come ag",
        "Lost 2.2 s (an estimate: the",
    ]
    assert all(700 <= line["sample"] <= 2500 for line in lines)


def test_spasms_are_counted_and_recorded_as_they_settle(tmp_path):
    face = SimulatedFace(load_scenario("moderate-right"), seed=2)
    room = Room(tmp_path, source=face, analyzer=lambda: Analyzer(room.signal, MONTAGE), duration_s=60.0)
    outcome = room.run()
    episodes = room.session.episodes()
    spasms = sum(e.kind is Kind.SPASM for e in episodes)
    assert spasms > 0
    assert (
        room.seen[-1].spasms[Side.RIGHT] <= spasms == outcome.burden.count(Side.RIGHT) + outcome.burden.count(Side.LEFT)
    )
    assert list(episodes) == outcome.burden.episodes
    assert outcome.burden.valid_s(60.0) == pytest.approx(room.session.stop.valid_s, abs=1e-3)
