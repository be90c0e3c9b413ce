"""A board that is opened again by itself: BrainFlow's through rows of our own, attempts in a thread, what cannot be waited for."""

import threading

import numpy as np
import pytest
from test_brainflow_stream import LAYOUT, FakeSession, FakeWire
from waiting import LIMIT_S

from firmware_bridge.attempts import AtOnce, InBackground
from firmware_bridge.boards import CYTON, ads1299_microvolts_per_count
from firmware_bridge.brainflow_stream import BrainFlowBoard
from firmware_bridge.errors import BoardOff, BridgeError, PlayedOut
from firmware_bridge.healing import UNPLUGGED, HealingBoard


class Desk:
    """BrainFlow boards one after another on one clock; each `put` is the next board, None one that is not heard."""

    def __init__(self, **options):
        self.session, self.wire, self.opened = FakeSession(), FakeWire(), 0
        self.missing = 0
        self.board = HealingBoard(
            self.open(**options),
            lambda old: AtOnce(self.reopen, old),
            clock=lambda: self.session.now_s,
            nap=self.session.nap,
            silent_limit_s=10.0,
        )

    def open(self, **options):
        self.opened += 1
        self.wire = FakeWire()
        return BrainFlowBoard(
            CYTON,
            LAYOUT,
            np.full(8, ads1299_microvolts_per_count(24)),
            self.session,
            {},
            wire=self.wire,
            clock=lambda: self.session.now_s,
            unix_clock=lambda: self.session.now_s,
            nap=self.session.nap,
            **options,
        )

    def reopen(self):
        if self.missing:
            self.missing -= 1
            raise BoardOff("Dongle works, but the board is not heard: switch it on.")
        return self.open()

    def comes(self, seconds):
        """Samples of that long from now on."""
        count = round(seconds * 250)
        self.session.due += [(self.session.now_s + (k + 1) / 250, k % 256) for k in range(count)]

    def read(self, seconds):
        until_s = self.session.now_s + seconds
        found = []
        while self.session.now_s < until_s:
            reading = self.board.read(0.2)
            found += [reading] if reading is not None else []
        return found


def test_an_unplugged_brainflow_board_goes_on():
    desk = Desk()
    desk.board.start()
    desk.comes(2.0)
    assert sum(len(r.counts) for r in desk.read(3.0)) == 500
    desk.wire.unplugged = True
    desk.missing = 2
    assert desk.read(2.0) == []
    assert "not heard" in desk.board.statistics.trouble
    assert desk.read(10.0) == []
    desk.comes(1.0)
    again = desk.read(2.0)
    assert [r.restarted for r in again[:2]] == [True, False]
    assert desk.board.statistics.restarts == 1
    assert desk.board.statistics.events[0] == UNPLUGGED
    assert desk.board.statistics.events[-1].startswith("Reconnected after ")
    assert desk.board.statistics.trouble is None
    assert desk.opened == 2


def test_a_silent_brainflow_board_is_opened_anew_after_ten_seconds():
    desk = Desk()
    desk.board.start()
    desk.comes(1.0)
    desk.read(9.0)
    assert desk.opened == 1
    desk.read(4.0)
    assert desk.opened == 2
    assert desk.board.statistics.events[0].startswith("Nothing has come for 10 s: the board is opened anew")


def test_a_computer_that_slept_does_not_count_its_sleep_as_silence():
    desk = Desk()
    desk.board.start()
    desk.comes(1.0)
    desk.read(2.0)
    desk.session.now_s += 3600
    desk.board.read(0.2)
    assert desk.opened == 1


def test_a_recording_that_was_played_to_its_end_is_not_waited_for():
    desk = Desk(rows_in_file=250)
    desk.board.start()
    desk.comes(1.0)
    with pytest.raises(PlayedOut, match="played to its end"):
        desk.read(3.0)


def test_an_attempt_does_not_hold_anybody_up_and_what_it_opens_too_late_is_closed():
    gate, closed = threading.Event(), threading.Event()

    class Board:
        def close(self):
            closed.set()

    def slow():
        gate.wait(LIMIT_S)
        return Board()

    attempt = InBackground(slow, None)
    assert attempt.result() is None
    attempt.abandon()
    gate.set()
    assert closed.wait(LIMIT_S)


def test_a_fault_while_opening_is_an_error_and_no_end():
    def broken():
        raise RuntimeError("no such thing")

    attempt = AtOnce(broken, None)
    assert isinstance(attempt.result(), BridgeError)
    assert "RuntimeError: no such thing" in str(attempt.result())
    attempt.abandon()
