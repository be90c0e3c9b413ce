"""The Board contract over every board we have: the checks of contract.py on each, one session per board, unplugged at the end."""

from contextlib import contextmanager

import needs
import pytest
from contract import LAST, STRETCH, USE, NumberedSource, Sent, SentByDaisy, Subject, running, stretch

from firmware_bridge.connect import open_board
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.links import EmulatorLink
from firmware_bridge.pty_server import PtyServer

RESET_S = 0.05
"""A real board takes a second for `v`; the checks need not wait for it."""


def emulated(daisy):
    source = NumberedSource(16 if daisy else 8)
    sent = SentByDaisy(source, rows_apart=2) if daisy else Sent(source)
    return CytonEmulator(source, daisy=daisy, reset_s=RESET_S), sent


@contextmanager
def native_in_virtual_time(daisy):
    emulator, sent = emulated(daisy)
    before = running()
    board = CytonBoard(EmulatorLink(emulator))

    def unplug():
        emulator.faults.inject("unplug")

    yield Subject(board, sent, unplug, configurable=True, virtual_time=True, before=before)
    board.close()


@contextmanager
def on_a_pty(url, daisy):
    emulator, sent = emulated(daisy)
    before = running()
    with PtyServer(emulator) as server:
        board = open_board(url.format(server.path))
        yield Subject(board, sent, server.unplug, configurable=True, before=before)
        board.close()


@contextmanager
def synthetic():
    before = running()
    board = open_board("brainflow:synthetic")
    yield Subject(board, before=before)
    board.close()


BOARDS = {
    "native, virtual time": lambda: native_in_virtual_time(daisy=False),
    "native with Daisy, virtual time": lambda: native_in_virtual_time(daisy=True),
    "native on a pty": lambda: on_a_pty("serial://{}", daisy=False),
    "native with Daisy on a pty": lambda: on_a_pty("serial://{}", daisy=True),
    "BrainFlow cyton": lambda: on_a_pty("brainflow:cyton?serial_port={}", daisy=False),
    "BrainFlow cyton_daisy": lambda: on_a_pty("brainflow:cyton_daisy?serial_port={}", daisy=True),
    "BrainFlow synthetic": synthetic,
}


def _parameter(name):
    return pytest.param(name, marks=[pytest.mark.brainflow] if "BrainFlow" in name else [], id=name)


@pytest.fixture(scope="module", params=[_parameter(name) for name in BOARDS])
def subject(request):
    """A board, open; a module has one after the other."""
    if "BrainFlow" in request.param:
        needs.brainflow()
    with BOARDS[request.param]() as opened:
        yield opened


@pytest.fixture(scope="module")
def readings(subject):
    """A quarter of a second of signal at least, read once."""
    return stretch(subject.board)


@pytest.mark.parametrize("check", STRETCH, ids=lambda check: check.__name__)
def test_signal(subject, readings, check):
    check(subject, readings)


@pytest.mark.parametrize("check", USE, ids=lambda check: check.__name__)
def test_use(subject, check):
    check(subject)


@pytest.mark.parametrize("check", LAST, ids=lambda check: check.__name__)
def test_end(subject, check):
    check(subject)
