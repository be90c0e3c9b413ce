"""Failure modes after which the board comes back, into the same recording. The number of each test is the row of docs/links.md."""

import argparse
import json

import numpy as np
import pytest
from room import Numbers, Room, lasting, told_of

from firmware_bridge.boards import ads1299_microvolts_per_count
from firmware_bridge.connect import open_board
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.cyton_commands import ChannelSettings
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import PortNotFound
from firmware_bridge.faults import Faults
from firmware_bridge.healing import UNPLUGGED
from firmware_bridge.links import EmulatorLink
from hfs_emg.session.reader import open_session


def scaled_down(session):
    """The counts that came; at gain 6 they are a quarter of the number of their sample."""
    return np.concatenate([b.counts[~b.lost] for b in session.blocks()])


def test_14_gains_after_a_power_cycle_are_the_ones_that_were_set(tmp_path):
    room = Room(tmp_path, "@10 poweroff", "@13 poweron", gain=6, duration_s=30.0)
    room.record()
    told_of(room, "settings re-applied")
    assert room.board.microvolts_per_count.tolist() == [ads1299_microvolts_per_count(6)] * 8
    numbers = scaled_down(room.session)[:, 0] * 4
    assert numbers[-1] == pytest.approx(30 * 250, abs=40)  # at gain 24 it would be four times that
    assert (np.diff(numbers) >= 0).all()


def test_14_a_rate_that_another_program_left_does_not_undo_them():
    emulator = CytonEmulator(Numbers(), reset_s=0.2)
    EmulatorLink(emulator).write(b"~5")
    emulator.advance(2.0)
    board = CytonBoard(EmulatorLink(emulator))
    board.configure([ChannelSettings(1, gain=6)])
    board.start()
    board.read(1.0)
    counts = board.read(1.0).counts
    assert counts[-1, 0] == pytest.approx(counts[-1, 1] / 4, abs=1)


def test_17_the_board_is_switched_off_in_the_middle(tmp_path):
    """Silence warns after half a second, is a loss after two; the dongle is asked, the recording stays open."""
    room = Room(tmp_path, "@10 poweroff", duration_s=60.0, longest_hole_s=30.0)
    outcome = room.record()
    assert any(words.startswith("late by ") for words in room.links)
    assert any(
        "No signal from the board (the dongle works): is its battery flat, is it out of range?" in w for w in room.links
    )
    assert (outcome.reason, outcome.errors) == ("link lost", ())
    assert room.session.stop.reason == "link lost"
    assert 9.5 * 250 <= outcome.samples <= 10 * 250
    assert 39 <= room.emulator.now_s <= 45


@pytest.mark.parametrize("away_s", [0.7, 3.0, 12.0, 100.0])
def test_18_the_board_is_switched_on_again(tmp_path, away_s):
    room = Room(tmp_path, "@20 poweroff", f"@{20 + away_s} poweron", duration_s=away_s + 40, rate_hz=250.0)
    outcome = room.record()
    worst, lost = room.misplaced()
    assert worst <= 25
    assert lost == outcome.lost_samples == outcome.estimated_samples
    assert lost > away_s * 250
    assert room.session.stop.restarts == 1
    assert room.session.stop.gaps == 1
    told_of(room, "The board was switched off and on; settings re-applied.", "(an estimate: the counter began anew)")
    if away_s >= 2:
        told_of(room, "Reconnected: samples come again after ")
    assert room.links[-1] == "ok"


@pytest.mark.parametrize("away_s", [0.7, 5.0, 60.0])
def test_18_out_of_range_and_back_nothing_begins_anew(tmp_path, away_s):
    room = Room(tmp_path, "@70 radiodown", f"@{70 + away_s} radioup", duration_s=away_s + 90, rate_hz=250.7)
    outcome = room.record()
    assert room.misplaced() == (0, outcome.lost_samples)
    assert outcome.lost_samples == pytest.approx(away_s * 250.7, abs=3)
    assert outcome.estimated_samples == 0
    assert room.session.stop.restarts == 0


def test_18_a_board_whose_banner_was_lost_is_found_by_asking(tmp_path):
    """Switched off and on out of range: in range again it is there, and does not stream."""
    faults = ("@20 radiodown", "@21 poweroff", "@22 poweron", "@30 radioup")
    room = Room(tmp_path, *faults, duration_s=60.0, gain=6)
    room.record()
    told_of(room, "The board was there and did not stream; settings re-applied.")
    assert room.links[-1] == "ok"
    lost = np.concatenate([b.lost for b in room.session.blocks()])
    assert 10 * 250 <= lost.sum() <= 20 * 250
    numbers = scaled_down(room.session)[:, 0] * 4
    assert numbers[-1] == pytest.approx(60 * 250, abs=40)


@pytest.mark.parametrize("away_s", [0.05, 1.0, 12.0, 300.0])
def test_19_the_dongle_is_unplugged(tmp_path, away_s):
    room = Room(tmp_path, "@70 unplug", f"@{70 + away_s} replug", duration_s=away_s + 100, rate_hz=249.4, gain=6)
    outcome = room.record()
    assert outcome.reason == "duration reached"
    assert room.told[0] == UNPLUGGED == "Dongle unplugged: plug it back in, the recording is kept."
    assert room.told[1].startswith("Reconnected after ")
    assert room.told[1].endswith("settings re-applied.")
    assert any(UNPLUGGED in words for words in room.links) or away_s < 2
    assert room.links[-1] == "ok"
    assert room.session.stop.restarts == 1
    lost = np.concatenate([b.lost for b in room.session.blocks()])
    numbers = scaled_down(room.session)[:, 0] * 4
    came = np.flatnonzero(~lost)
    assert np.abs((numbers - numbers[0]) - came).max() <= 25 + 4
    assert lost.sum() >= away_s * 249


def test_19_no_look_is_busy_and_none_keeps_anybody_waiting(tmp_path):
    """While the dongle is away: five calls a second at most, none of them longer than it may be, and one look at the port a second."""
    room = Room(tmp_path, "@5 unplug", duration_s=20.0)
    board, emulator = room.board, room.emulator
    looks, naps = [], []
    begin, nap = board._begin, board._nap
    board._begin = lambda old: looks.append(emulator.now_s) or begin(old)
    board._nap = lambda seconds: naps.append(seconds) or nap(seconds)
    board.start()
    while emulator.now_s < 8 or board._board is not None:
        board.read(0.2)
    begun_s, calls = emulator.now_s, 0
    looks.clear()
    naps.clear()
    while emulator.now_s < begun_s + 60:
        before_s = emulator.now_s
        assert board.read(0.2) is None
        calls += 1
        assert emulator.now_s - before_s <= 0.2 + 1e-6
    assert calls <= 301
    assert len(naps) <= 361
    assert len(looks) <= 61
    assert max(np.diff(looks)) <= 1.3


def test_20_a_hole_that_is_too_long_opens_a_new_session_that_takes_what_comes(tmp_path):
    room = Room(tmp_path, "@10 unplug", "@50 replug", duration_s=None, longest_hole_s=30.0)
    first = room.record(duration_s=100.0)
    assert (first.reason, first.next_reading) == ("link lost", None)
    ended = room.session
    reading = None
    while reading is None:
        reading = room.board.read(0.2)
    second = room.record(first=reading, duration_s=10.0)
    assert second.reason == "duration reached"
    assert room.misplaced() == (0, 0)
    counts = [next(iter(s.blocks())).counts[0, 0] for s in (ended, room.session)]
    assert counts[1] - counts[0] >= 50 * 250 - 250


def test_20_samples_that_end_too_long_a_hole_are_the_next_sessions_first(tmp_path):
    """The board streamed on: what ends the hole is handed over, not one sample less."""
    room = Room(tmp_path, "@10 radiodown", "@45 radioup", longest_hole_s=30.0, duration_s=100.0)
    first = room.record()
    assert first.reason == "link lost"
    reading = first.next_reading or next(r for _ in range(200) if (r := room.board.read(0.2)) is not None)
    second = room.record(first=reading, duration_s=10.0)
    assert second.samples == 2500
    assert next(iter(room.session.blocks())).counts[0, 0] == reading.counts[0, 0]
    assert room.misplaced() == (0, 0)


def test_20_a_duration_that_is_over_ends_although_nothing_comes(tmp_path):
    room = Room(tmp_path, "@10 unplug", duration_s=40.0)
    outcome = room.record()
    assert (outcome.reason, outcome.samples) == ("duration reached", 10_000)
    assert outcome.lost_samples == outcome.estimated_samples >= 29 * 250
    assert room.session.samples == 10_000


def test_20_another_board_is_not_taken_for_the_one_that_went(tmp_path):
    """A dongle of another board: it is told what is wrong, until the right one is back."""
    room = Room(tmp_path, "@10 unplug", "@12 replug", duration_s=40.0)
    begin, boards = room.board._begin, [CytonEmulator(Numbers(), daisy=True, reset_s=0.2)]

    class Given:
        def __init__(self, board):
            self.board = board

        def result(self):
            return self.board

        def abandon(self):
            pass

    def other(old):
        return Given(CytonBoard(EmulatorLink(boards.pop()))) if boards else begin(old)

    room.board._begin = other
    room.record()
    told_of(room, "The board that is there now is another one (OpenBCI Cyton with Daisy): put the OpenBCI Cyton back.")
    told_of(room, "Reconnected after ")
    assert room.misplaced()[0] <= 25


def test_the_first_opening_is_not_repeated(monkeypatch):
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    with pytest.raises(PortNotFound):
        open_board("serial:auto")


def test_a_session_names_the_one_before_it_and_the_document_holds_both(tmp_path, capsys):
    from calibration.montage import default_montage
    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.cli.watching import tell_outcome, watch
    from hfs_emg.session.store import Store

    emulator = CytonEmulator(Numbers(), reset_s=0.2, faults=Faults(["@10 unplug", "@60 replug"]))
    store = Store(tmp_path)
    ended = watch(
        lasting(emulator),
        store,
        "S1",
        montage=default_montage(8),
        settings=AnalysisSettings(),
        duration_s=90.0,
        longest_hole_s=20.0,
    )
    (first, _), (folder, outcome) = ended
    assert {first, folder} == {f for f in (tmp_path / "S1").iterdir() if f.is_dir()}
    assert open_session(folder).start.previous == first.name
    assert open_session(first).stop.reason == "link lost"
    assert outcome.reason == "duration reached"
    assert 25 * 250 <= outcome.samples <= 32 * 250

    told = capsys.readouterr().err
    assert "Link at 0:10: Dongle unplugged: plug it back in, the recording is kept." in told
    assert "Reconnected after 50 s; settings re-applied." in told
    options = argparse.Namespace(json=tmp_path / "all.json", force=False)
    assert tell_outcome(options, ended, simulated=False) == 0
    said = capsys.readouterr().out
    assert said.count("Session: ") == said.count("Ended: ") == 2
    document = json.loads(options.json.read_text())
    assert document["schema"] == "hfs-emg/recordings/1"
    assert [s["session"] for s in document["sessions"]] == [first.name, folder.name]
    lengths = [s["analysis"]["recording"]["duration_s"] for s in document["sessions"]]
    assert lengths == [outcome.samples / 250 for _, outcome in ended]
    tell_outcome(options, ended[:1], simulated=False)
    assert json.loads(options.json.read_text()) == document["sessions"][0]["analysis"]
