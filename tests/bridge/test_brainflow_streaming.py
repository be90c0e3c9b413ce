"""BrainFlow's streaming board: the rows that another process has, taken from the network as a board."""

from __future__ import annotations

import os
import subprocess
import sys

import needs
import numpy as np
import pytest

from firmware_bridge.connect import open_board
from firmware_bridge.errors import BoardAddressError

pytestmark = pytest.mark.brainflow
GROUP = "225.1.1.1"

MASTER = """
import sys, time
from brainflow.board_shim import BoardIds, BoardShim, BrainFlowInputParams
BoardShim.disable_board_logger()
board = BoardShim(BoardIds.SYNTHETIC_BOARD, BrainFlowInputParams())
board.prepare_session()
board.add_streamer(f"streaming_board://{sys.argv[1]}:{sys.argv[2]}")
board.start_stream()
print("ready", flush=True)
sys.stdin.read()
board.release_session()
"""


@pytest.fixture
def master():
    """A process that has BrainFlow's synthetic board and streams it; the URL under which it is a board here."""
    needs.brainflow()
    port = 20_000 + os.getpid() % 20_000
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", MASTER, GROUP, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout.readline() == "ready\n"
        yield f"brainflow:streaming?master=synthetic&ip_address={GROUP}&ip_port={port}"
    finally:
        child.communicate("")


def test_the_rows_of_another_process_come_with_their_counter(master):
    board = open_board(master)
    try:
        assert (board.spec.name, board.spec.rate_hz, board.spec.exg_channels) == ("synthetic", 250.0, 16)
        assert board.spec.simulated
        board.start()
        readings = []
        while sum(len(r.counts) for r in readings) < 250:
            reading = board.read(5.0)
            assert reading is not None, "nothing came over the network"
            readings.append(reading)
        board.stop()
    finally:
        board.close()
    counters = np.concatenate([r.counters for r in readings])
    assert (np.diff(counters) % 256 == 1).all()
    assert np.concatenate([r.counts for r in readings]).std(axis=0).min() > 0


def test_whose_rows_they_are_must_be_said(master):
    with pytest.raises(BoardAddressError, match="needs master=BOARD, the board whose rows these are"):
        open_board(master.replace("master=synthetic&", ""))
