"""A stream that fell silent: when to ask the dongle, and what its answers mean. No clock, no wire.

The port stays open when a board is off or out of range; only its samples stop. The dongle is then asked whether it hears the board
(0xF0 0x07), ever more seldom. "Down" leaves it at waiting: in range again the board goes on by itself, and switched on it says its
banner. "Up" twice, without a sample between, means that the board is there and does not stream: its banner was lost, or a command.
"""

from __future__ import annotations

from enum import Enum, auto

WARN_AFTER_S = 0.5
LOST_AFTER_S = 2.0
_ASK_FIRST_S = 2.0
_ASK_SELDOM_S = 5.0
_ASK_AGAIN_S = 2.0
"""After "Up": a board in range again needs a moment until its first packet is through, and one that was switched on a second to boot."""

_SILENT = "No signal from the board, and the dongle has not said why."
_BOARD_GONE = "No signal from the board (the dongle works): is its battery flat, is it out of range?"


class DongleSays(Enum):
    """Its answer to the question whether it hears the board."""

    UP = auto()
    DOWN = auto()


class SilenceWatch:
    """One stream's silences. now_s: when it began."""

    def __init__(self, now_s: float) -> None:
        self._heard_s = now_s
        self._ask_s = now_s + LOST_AFTER_S
        self._pause_s = _ASK_FIRST_S
        self._ups = 0
        self._answer: DongleSays | None = None

    @property
    def due_s(self) -> float:
        """When to ask next, if no sample comes."""
        return self._ask_s

    def trouble(self, now_s: float) -> str | None:
        """What is wrong now, in one sentence; None while samples come."""
        if now_s - self._heard_s <= LOST_AFTER_S:
            return None
        return _BOARD_GONE if self._answer is DongleSays.DOWN else _SILENT

    def heard(self, now_s: float) -> float | None:
        """Samples came. Returns for how many seconds there was silence if the signal counted as lost, else None."""
        silent_s = now_s - self._heard_s
        self._heard_s = now_s
        self._ask_s = now_s + LOST_AFTER_S
        self._pause_s = _ASK_FIRST_S
        self._ups = 0
        self._answer = None
        return silent_s if silent_s > LOST_AFTER_S else None

    def asked(self, now_s: float) -> None:
        """The question was written."""
        self._ask_s = now_s + self._pause_s
        self._pause_s = min(_ASK_SELDOM_S, self._pause_s * 1.5)

    def answered(self, says: DongleSays, now_s: float) -> bool:
        """The dongle's answer. True when the board has to be set up and started again."""
        if now_s - self._heard_s <= LOST_AFTER_S:
            return False  # an answer that was held up together with the samples before it
        self._answer = says
        self._ups = self._ups + 1 if says is DongleSays.UP else 0
        if self._ups == 1:
            self._ask_s = now_s + _ASK_AGAIN_S
        return self._ups >= 2

    def failed(self, now_s: float) -> None:
        """Setting the board up again did not work: wait, and ask anew."""
        self._ups = 0
        self._ask_s = now_s + self._pause_s
