"""What the live service does when a part of it fails: link, disk, analyser, or the program itself."""

import threading
from contextlib import closing

import numpy as np
import pytest
from monitor_room import RATE_HZ, Idle, Room, counts_of

from firmware_bridge.errors import LinkLost
from hfs_emg import worker as worker_module
from hfs_emg.errors import DiskError, RecordingError, RequestError
from hfs_emg.worker import AnalysisFailed


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
