"""After a hole that was too long for one session: the wait for what begins the next."""

from __future__ import annotations

from collections.abc import Callable

from firmware_bridge.boards import Board, Reading
from firmware_bridge.errors import BridgeError

READ_TIMEOUT_S = 0.2


def first_after_hole(board: Board, wanted: Callable[[], bool]) -> Reading | None:
    """The first samples after a hole that was too long; None once they are not `wanted` any more, or can never come."""
    while wanted():
        try:
            reading = board.read(READ_TIMEOUT_S)
        except BridgeError:
            return None
        if reading is not None:
            return reading
    return None
