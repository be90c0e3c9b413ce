"""The service in virtual time: an emulated board in memory, real sessions on the disk, and a manager that listens."""

import threading

import numpy as np
import pytest
from waiting import LIMIT_S

from calibration.montage import default_montage
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import BoardAddressError, BoardOff
from firmware_bridge.faults import Faults
from firmware_bridge.links import EmulatorLink
from hfs_emg import service as service_module
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.errors import DiskError, RequestError
from hfs_emg.notify import Notifier
from hfs_emg.service import Service, Successor
from hfs_emg.service_settings import ServiceSettings, read_service
from hfs_emg.session.reader import is_session_folder, open_session
from hfs_emg.session.store import Store
from hfs_emg.session.tape import Tape

RATE = 250


class Numbered:
    """Every count of sample i is i."""

    def read(self, start, n):
        return np.repeat(np.arange(start, start + n, dtype=np.int32)[:, None], 8, axis=1)


class Hall:
    """A service that ends after so many samples of signal, and what it left."""

    def __init__(self, tmp_path, *, faults=(), until_s=60.0, at=None, previous=None, watchdog_s=None, **settings):
        self.store = Store(tmp_path / "store")
        self.emulator = CytonEmulator(Numbered(), reset_s=0.05, faults=Faults(faults))
        self.said, self.told = [], []
        self.at = dict(at or {})
        self.until_s = until_s
        self.service = Service(
            self.open_board,
            self.store,
            ServiceSettings(board="sim:tic", subject="S1", **settings),
            AnalysisSettings(),
            montage_of=lambda board: default_montage(board.spec.exg_channels),
            notifier=Notifier(self.told.append, watchdog_s, lambda: self.emulator.now_s),
            say=self.said.append,
            describe=self.describe,
            previous=previous,
        )

    def open_board(self):
        return CytonBoard(EmulatorLink(self.emulator))

    def describe(self, status):
        """Called about once a second: what is to be done at its time is done here."""
        now_s = self.emulator.now_s
        for moment_s in [m for m in self.at if now_s >= m]:
            self.at.pop(moment_s)()
        if now_s >= self.until_s:
            self.service.stop()
        return f"{status.elapsed_s:.0f} s"

    def run(self):
        return self.service.run()

    @property
    def sessions(self):
        """In the order in which they follow one another."""
        found = [open_session(p) for p in self.store.root.rglob("*") if is_session_folder(p)]
        by_previous = {s.start.previous: s for s in found}
        ordered, before = [], next(s.start.previous for s in found if s.start.previous not in {f.name for f in found})
        while before in by_previous:
            ordered.append(by_previous[before])
            before = ordered[-1].name
        assert len(ordered) == len(found)
        return ordered


@pytest.fixture(autouse=True)
def _in_step(monkeypatch):
    """Virtual time runs away from the thread that opens the next session; here it waits."""
    monkeypatch.setattr(Successor, "ready", lambda self, wait_s=0.0: self._made.wait(LIMIT_S))


def counts_of(session):
    return np.concatenate([b.counts[:, 0] for b in session.blocks()])


def lost_of(session):
    return np.concatenate([b.lost for b in session.blocks()])


def test_sessions_of_the_chosen_length_follow_one_another_and_no_sample_is_lost_between_them(tmp_path):
    hall = Hall(tmp_path, session_length_s=12.3, until_s=45.0)
    outcome = hall.run()
    sessions = hall.sessions
    assert len(sessions) == 4
    assert [s.samples for s in sessions[:-1]] == [round(12.3 * RATE)] * 3
    assert [s.stop.reason for s in sessions] == ["rotated"] * 3 + ["stopped"]
    whole = np.concatenate([counts_of(s) for s in sessions])
    assert np.array_equal(whole, np.arange(len(whole)))
    assert sum(s.stop.lost_samples for s in sessions) == 0
    assert outcome.samples == sessions[-1].samples


def test_the_next_session_knows_the_true_rate_from_its_beginning(tmp_path):
    hall = Hall(tmp_path, session_length_s=30.0, until_s=65.0)
    hall.run()
    first_clock = (hall.sessions[1].folder / "timeline.jsonl").read_text().split('"clock":')[1]
    assert float(first_clock.split(",")[0]) == pytest.approx(250.0, rel=2e-4)


@pytest.mark.parametrize("drop", ["@14.9 drop 50", "@14 stall 2 lose", "@14.99 drop 600"])
def test_a_gap_across_the_border_is_counted_once_and_lies_where_it_was(tmp_path, drop):
    hall = Hall(tmp_path, faults=[drop], session_length_s=15.0, until_s=25.0)
    hall.run()
    before, after = hall.sessions
    assert before.samples == 15 * RATE
    counts, lost = (np.concatenate([what(s) for s in (before, after)]) for what in (counts_of, lost_of))
    assert lost.any()
    assert np.array_equal(counts[~lost], np.flatnonzero(~lost))
    assert lost.sum() == before.stop.lost_samples + after.stop.lost_samples


def test_a_session_is_rotated_when_it_is_asked_for(tmp_path):
    hall = Hall(tmp_path, until_s=20.0)
    hall.at = {7.0: hall.service.rotate, 13.0: hall.service.rotate}
    hall.run()
    sessions = hall.sessions
    assert len(sessions) == 3
    assert 7 * RATE <= sessions[0].samples <= 8.5 * RATE
    whole = np.concatenate([counts_of(s) for s in sessions])
    assert np.array_equal(whole, np.arange(len(whole)))


def test_markers_lie_at_the_sample_of_their_moment_in_whichever_session_that_is(tmp_path):
    hall = Hall(tmp_path, session_length_s=10.0, until_s=29.0)
    given = {}

    def mark(name):
        def put():
            given[name] = hall.emulator.now_s
            hall.service.mark(name)

        return put

    hall.at = {float(t): mark(f"at {t}") for t in (3, 9, 10, 11, 19, 20, 27)}
    hall.run()
    origin, found = 0, {}
    for session in hall.sessions:
        found |= {m.text: origin + m.sample for m in session.markers}
        origin += session.samples
    begun_s = {name: given[name] - sample / RATE for name, sample in found.items()}
    assert found.keys() == given.keys()
    assert max(begun_s.values()) - min(begun_s.values()) < 0.02
    assert any("Marker at " in line and "at 27" in line for line in hall.said)


def test_a_marker_cannot_be_empty(tmp_path):
    hall = Hall(tmp_path, until_s=5.0)
    refused = []

    def mark():
        try:
            hall.service.mark(" \n ")
        except RequestError as error:
            refused.append(str(error))

    hall.at = {2.0: mark}
    hall.run()
    assert "without a word" in refused[0]


def test_a_link_lost_for_too_long_ends_the_session_and_the_next_samples_open_another(tmp_path):
    hall = Hall(tmp_path, faults=["@5 poweroff", "@40 poweron"], until_s=50.0, longest_hole_s=10.0)
    hall.run()
    before, after = hall.sessions
    assert before.stop.reason == "link lost"
    assert after.start.previous == before.name
    assert 5 * RATE - 50 <= before.samples <= 5 * RATE
    assert after.samples > RATE
    assert any("lost for too long" in line for line in hall.said)


def test_a_crash_is_named_as_the_session_before(tmp_path):
    hall = Hall(tmp_path, until_s=3.0, previous="20261120T185323Z-1a2b")
    hall.run()
    (session,) = hall.sessions
    assert session.start.previous == "20261120T185323Z-1a2b"


def test_a_next_session_that_cannot_be_opened_lets_this_one_go_on_and_is_tried_again(tmp_path, monkeypatch):
    hall = Hall(tmp_path, session_length_s=10.0, until_s=71.0)
    new, refusals = Store.new_session_folder, []

    def refuse(self, *arguments):
        if threading.current_thread() is not threading.main_thread() and not refusals:
            refusals.append(1)
            raise DiskError("The disk is full: free some space.")
        return new(self, *arguments)

    monkeypatch.setattr(Store, "new_session_folder", refuse)
    hall.run()
    before, after = hall.sessions
    assert 64 * RATE <= before.samples <= 67 * RATE
    assert after.start.previous == before.name
    assert any("this one goes on: The disk is full" in line for line in hall.said)
    whole = np.concatenate([counts_of(s) for s in (before, after)])
    assert np.array_equal(whole, np.arange(len(whole)))


def test_a_disk_that_failed_gets_another_session_once_it_takes_one(tmp_path, monkeypatch):
    hall = Hall(tmp_path, until_s=40.0)
    write, failed = Tape.write, []

    def fail(self, block):
        if block.end > 5 * RATE and not failed:
            failed.append(1)
            raise OSError(5, "Input/output error")
        write(self, block)

    monkeypatch.setattr(Tape, "write", fail)
    hall.run()
    before, after = hall.sessions
    assert before.samples <= 5 * RATE
    assert after.start.previous == before.name
    assert after.stop.reason == "stopped"
    assert after.stop.lost_samples == 0
    assert sum("reports a fault" in line for line in hall.said) >= 1


def test_a_board_that_is_not_there_is_waited_for(tmp_path, monkeypatch):
    slept = []
    monkeypatch.setattr(service_module.time, "sleep", slept.append)
    monkeypatch.setattr(service_module.time, "monotonic", lambda: sum(slept))
    hall = Hall(tmp_path, until_s=3.0)
    open_board, tries = hall.service._open_board, []

    def late():
        tries.append(sum(slept))
        if len(tries) < 8:
            raise BoardOff("Dongle works, but the board is not heard: switch it on.")
        return open_board()

    hall.service._open_board = late
    assert hall.run().reason == "stopped"
    pauses = np.diff(tries)
    assert np.allclose(pauses, [1, 2, 4, 8, 16, 30, 30], atol=0.3)
    assert sum("not heard" in line for line in hall.said) == 1
    waiting = [m for m in hall.told if "EXTEND_TIMEOUT_USEC" in m]
    assert len(waiting) == 7
    assert hall.told.index("READY=1") == 7


def test_the_end_is_obeyed_while_the_board_is_waited_for(tmp_path, monkeypatch):
    hall = Hall(tmp_path)
    monkeypatch.setattr(service_module.time, "sleep", lambda _s: hall.service.stop())
    hall.service._open_board = lambda: (_ for _ in ()).throw(BoardOff("The board is not heard: switch it on."))
    assert hall.run() is None


def test_a_board_that_cannot_be_named_so_is_refused_at_once(tmp_path):
    hall = Hall(tmp_path)
    hall.service._open_board = lambda: (_ for _ in ()).throw(BoardAddressError("'x' is not a board URL."))
    with pytest.raises(BoardAddressError):
        hall.run()


def test_the_manager_hears_ready_with_the_first_sample_then_life_while_samples_come(tmp_path):
    hall = Hall(tmp_path, faults=["@20 poweroff", "@60 poweron"], until_s=100.0, watchdog_s=6.0)
    hall.at = {19.0: lambda: heard.append(len(hall.told)), 59.0: lambda: heard.append(len(hall.told))}
    heard = []
    hall.run()
    assert hall.told[0] == "READY=1"
    assert hall.told.count("READY=1") == 1
    assert hall.told[-1] == "STOPPING=1"
    fed = [m for m in hall.told[: heard[0]] if m == "WATCHDOG=1"]
    assert 9 <= len(fed) <= 11, "each third of the watchdog's patience"
    while_away = [m for m in hall.told[heard[0] : heard[1]] if "WATCHDOG" in m]
    assert while_away[-1] == "WATCHDOG_USEC=660000000\nWATCHDOG=1"
    assert len(while_away) <= 2
    assert "WATCHDOG_USEC=6000000\nWATCHDOG=1" in hall.told[heard[1] :]


def test_a_reader_that_hangs_does_not_feed_the_watchdog(tmp_path):
    """Life is a sample, not a thread that runs."""
    told = []
    now_s = [0.0]
    notifier = Notifier(told.append, 6.0, lambda: now_s[0])
    notifier.alive()
    for now_s[0] in range(1, 60):
        notifier.status("recording")
    assert [m for m in told if "WATCHDOG" in m] == ["WATCHDOG=1"]


def test_what_is_started_for_nothing_leaves_nothing(tmp_path):
    """The end comes while the next session is open already."""
    hall = Hall(tmp_path, session_length_s=10.0, until_s=7.0)
    hall.run()
    (session,) = hall.sessions
    assert session.stop.reason == "stopped"
    assert [p.name for p in (hall.store.root / "S1").iterdir()] == [session.name]


GOOD = 'board = "serial:auto"\nsubject = "S01"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[analysis]\nmains_hz = 50\n", "no [service] table"),
        ("[service]\nboard = 'serial:auto'\n", "service.subject: missing"),
        (f"[service]\n{GOOD}sesion_length_s = 5\n", "did you mean session_length_s?"),
        (f"[service]\n{GOOD}session_length_s = 0\n", "service.session_length_s"),
        ("[service]\nboard = 'serial:auto'\nsubject = 'Jane Doe'\n", "service.subject"),
        (f"[service]\n{GOOD}[analysis]\nmains_hz = 16\n", "analysis.mains_hz"),
    ],
)
def test_mistakes_in_the_settings_are_told_with_their_place(tmp_path, text, words):
    path = tmp_path / "service.toml"
    path.write_text(text)
    with pytest.raises(RequestError, match=words.replace("[", r"\[").replace("?", r"\?")):
        read_service(path)


def test_paths_in_the_settings_are_beside_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/pi")
    path = tmp_path / "service.toml"
    path.write_text(f"[service]\n{GOOD}store = '~/here'\nmontage = 'wiring.toml'\n")
    service, _ = read_service(path)
    assert service.store == "/home/pi/here"
    assert service.montage == str(tmp_path / "wiring.toml")
    assert service.longest_hole_s == 600
