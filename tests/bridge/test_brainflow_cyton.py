"""BrainFlow's own Cyton drivers on an emulated board, with what goes wrong on a real wire. Opening takes them over a second each."""

import re
import time
from contextlib import contextmanager

import needs
import numpy as np
import pytest
from contract import NumberedSource, Sent, SentByDaisy, collect, joined, stretch

from firmware_bridge.boards import CYTON
from firmware_bridge.brainflow_library import Session
from firmware_bridge.connect import open_board
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import BoardOff, BoardRefused, LinkLost, PortBusy, PortNotFound
from firmware_bridge.links import SerialLink
from firmware_bridge.pty_server import PtyServer

pytestmark = pytest.mark.brainflow


@pytest.fixture(scope="module", autouse=True)
def _brainflow():
    needs.brainflow()


@contextmanager
def plugged_in(daisy=False):
    """A port with an emulated board behind it, and what the board sends."""
    source = NumberedSource(16 if daisy else 8)
    with PtyServer(CytonEmulator(source, daisy=daisy, reset_s=0.05)) as server:
        yield server, SentByDaisy(source, rows_apart=2) if daisy else Sent(source)


@pytest.fixture(scope="module")
def cyton():
    """A board that was left streaming by a program that died, in bursts of 50 packets, opened all the same."""
    with plugged_in() as (server, sent):
        died = SerialLink(server.path)
        died.write(b"b")
        assert died.read(1.0)
        died.close()
        server.inject("batch 200")
        time.sleep(
            0.1
        )  # enough packets on their way for BrainFlow, which reads no more than 500 bytes, to give up on its own
        board = open_board(f"brainflow:cyton?serial_port={server.path}")
        server.inject("batch 0")
        yield board, server, sent
        board.close()


@pytest.fixture(scope="module")
def cyton_daisy():
    with plugged_in(daisy=True) as (server, sent):
        board = open_board(f"brainflow:cyton_daisy?serial_port={server.path}")
        yield board, server, sent
        board.close()


def test_a_board_left_streaming_is_stopped_and_read_from_its_beginning(cyton):
    board, _server, sent = cyton
    found = joined(stretch(board, 20))
    assert found.counters[0] == 0
    assert np.array_equal(found.counts, sent.rows(found.counts[:, 0]))


def test_the_specification_is_the_built_in_drivers(cyton):
    spec = cyton[0].spec
    for field in ("name", "rate_hz", "exg_channels", "counter_modulus", "counter_step", "aux_labels", "count_max"):
        assert getattr(spec, field) == getattr(CYTON, field)


def test_lost_packets_show_in_the_counters_and_nowhere_else(cyton):
    board, server, sent = cyton
    board.start()
    readings = collect(board, 10)
    server.inject("drop 7")
    readings += collect(board, 30)
    board.stop()
    found = joined(readings)
    steps = np.diff(found.counters) % 256
    assert sorted(steps.tolist())[-2:] == [1, 8]
    assert np.array_equal(np.diff(found.counts[:, 0]), steps)
    assert np.array_equal(found.counts, sent.rows(found.counts[:, 0]))


def test_a_counter_that_begins_anew_is_told(cyton):
    """BrainFlow sends a setting while streaming; the firmware stops its converter and starts it with id 0."""
    board, _server, sent = cyton
    board.start()
    collect(board, 50)
    board._session.command("x1060110X")
    readings = collect(board, 60)
    board.stop()
    anew = [r for r in readings if r.restarted]
    assert [r.counters[0] for r in anew] == [0]
    assert board.statistics.restarts == 1
    found = joined(readings)
    assert np.array_equal(found.counts, sent.rows(found.counts[:, 0]))


def test_the_same_port_cannot_be_opened_twice(cyton):
    board, server, _sent = cyton
    for url in (f"brainflow:cyton?serial_port={server.path}", f"serial://{server.path}"):
        with pytest.raises(PortBusy, match="close that program"):
            open_board(url)
    assert len(joined(stretch(board, 5)).counts) >= 5


def test_a_board_that_is_switched_off_is_silent_and_comes_back(cyton):
    board, server, sent = cyton
    board.start()
    collect(board, 5)
    server.inject("poweroff")
    while board.read(0.1) is not None:
        pass
    assert board.read(0.1) is None
    board.stop()
    server.inject("poweron")
    found = joined(stretch(board, 20))
    assert np.array_equal(found.counts, sent.rows(found.counts[:, 0]))


def test_no_row_of_a_daisy_is_made_of_two_when_packets_are_lost(cyton_daisy):
    """Losses of every length and parity: a lost even half, a lost odd half, and an odd with the even half after it."""
    board, server, sent = cyton_daisy
    board.start()
    readings = []
    for packets in (1, 2, 3, 1, 2, 3, 1, 2, 2, 2, 1, 2):
        server.inject(f"drop {packets}")
        readings += collect(board, 9)
    board.stop()
    found = joined(readings)
    assert np.array_equal(found.counts, sent.rows(found.counts[:, 0]))
    assert np.array_equal(np.diff(found.counts[:, 0]) % 256, np.diff(found.counters) % 256)
    assert board.statistics.bad_packets > 0
    assert board.statistics.samples == len(found.counts)


def test_the_first_row_of_a_daisy_is_left_out(cyton_daisy):
    board, _server, _sent = cyton_daisy
    assert joined(stretch(board, 5)).counters[0] == 2


def registers(server):
    """CHnSET of all channels, asked of the board after its port was closed."""
    emulator = server._emulator
    emulator.receive(b"s?")
    emulator.advance(emulator.now_s + 1)
    return re.findall(r"CH\dSET, \w\w, (\w\w)", emulator.take().decode("latin-1").split("Board ADS")[-1])


@pytest.mark.parametrize(
    ("daisy", "query", "register", "described"),
    [
        (False, "", "60", {"reference": "bipolar", "gain": "24"}),
        (False, "&reference=common&gain=8", "48", {"reference": "common", "gain": "8"}),
        (True, "&gain=12", "50", {"reference": "bipolar", "gain": "12"}),
    ],
)
def test_every_channel_is_set_and_brainflow_reckons_with_the_gain(daisy, query, register, described):
    """At another gain BrainFlow's microvolts come back as whole counts only if it took the gain of every channel."""
    with plugged_in(daisy) as (server, sent):
        name = "cyton_daisy" if daisy else "cyton"
        board = open_board(f"brainflow:{name}?serial_port={server.path}{query}")
        assert {key: board.description[key] for key in described} == described
        gain = int(described["gain"])
        found = joined(stretch(board, 40))
        board.close()
    assert registers(server) == [register] * (16 if daisy else 8)
    # All but the first channel are wild, so one row alone tells which sample it is; a Daisy's means of rounded codes are one off.
    at_gain = sent.rows(np.arange(10**4)) * gain / 24
    first = int(np.abs(found.counts[0] - at_gain).max(axis=1).argmin())
    expected = at_gain[first :: sent.rows_apart][: len(found.counts)]
    assert np.abs(found.counts - expected).max() <= (1.5 if daisy else 0.5)


def test_a_sampling_rate_left_by_another_program_does_not_undo_the_settings_at_the_start():
    with plugged_in() as (server, _sent):
        before = SerialLink(server.path)
        before.write(b"~4")
        assert before.read(2.0)
        before.close()
        board = open_board(f"brainflow:cyton?serial_port={server.path}")
        stretch(board, 10)
        board.close()
    assert registers(server) == ["60"] * 8


def test_a_board_that_fails_at_a_channel_is_refused_and_the_port_given_back(monkeypatch):
    command = Session.command
    monkeypatch.setattr(Session, "command", lambda self, text: command(self, text.replace("x3060100X", "") or "D"))
    with plugged_in() as (server, _sent):
        with pytest.raises(BoardRefused, match="Board did not accept settings for channel 3"):
            open_board(f"brainflow:cyton?serial_port={server.path}")
        SerialLink(server.path).close()


@pytest.mark.parametrize(
    ("daisy", "name", "words"), [(True, "cyton", "has a Daisy"), (False, "cyton_daisy", "Daisy not detected")]
)
def test_a_daisy_that_is_not_as_asked_is_refused_before_brainflow_reads_it_wrongly(daisy, name, words):
    with plugged_in(daisy) as (server, _sent), pytest.raises(BoardRefused, match=words):
        open_board(f"brainflow:{name}?serial_port={server.path}")


def test_a_board_that_is_off_is_told_from_a_port_that_is_not_there():
    with plugged_in() as (server, _sent):
        server.inject("poweroff")
        with pytest.raises(BoardOff, match="Dongle works, but the board is not heard"):
            open_board(f"brainflow:cyton?serial_port={server.path}")
    with pytest.raises(PortNotFound, match="plug the dongle in"):
        open_board("brainflow:cyton?serial_port=/dev/ttyNONE")


class ScriptedShim:
    """A BoardShim whose answers are scripted; an exception among them is raised."""

    def __init__(self, *answers):
        self.answers, self.asked, self.released = list(answers), [], 0

    def prepare_session(self):
        pass

    def is_prepared(self):
        return True

    def release_session(self):
        self.released += 1

    def config_board(self, text):
        self.asked.append(text)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class ScriptedError(Exception):
    exit_code = 4


def test_a_session_that_is_over_does_not_release_its_successor_when_it_is_collected():
    """BrainFlow tells sessions apart by board and port only, and a BoardShim releases its session when it is collected."""
    shims = [ScriptedShim(), ScriptedShim()]
    for shim in shims:
        session = Session(shim, ScriptedError, "/dev/ttyUSB0", 250.0)
        session.release()
    assert shims[0].released == 1
    assert not any(shim.is_prepared() for shim in shims)


def test_samples_left_over_in_an_answer_cost_no_more_than_asking_again():
    shim = ScriptedShim(UnicodeDecodeError("utf-8", b"\xa0", 0, 1, "invalid start byte"), "Success$$$")
    session = Session(shim, ScriptedError, "/dev/ttyUSB0", 250.0)
    assert session.command("x1060110X") == "Success$$$"
    assert shim.asked == ["x1060110X", "x1060110X"]


def test_a_write_to_a_port_that_is_gone_is_a_lost_link():
    session = Session(ScriptedShim(ScriptedError()), ScriptedError, "/dev/ttyUSB0", 250.0)
    with pytest.raises(LinkLost, match="plug it in again"):
        session.command("d")
