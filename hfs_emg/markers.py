"""Words that somebody puts at a moment of a recording, until their sample is there; and the button on a Cyton.

A marker bears the moment at which it was given, and lies at the sample taken then, although that sample comes some tens of
milliseconds later. No clock and no thread of its own: `Markers` may be used from several threads.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import numpy as np

from firmware_bridge.boards import ButtonPin
from hfs_emg.errors import RequestError
from hfs_emg.model import Block, Marker

LONGEST_TEXT = 200
BUTTON_TEXT = "button"
PLAIN_TEXT = "marker"
HOLD_S = 0.3
"""A contact bounces for some milliseconds, and a finger does not press so often."""


def marker_text(text: str) -> str:
    """The text in one line, without control characters. Raises RequestError for an empty or an endless one."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not words:
        raise RequestError("A marker without a word says nothing: give it a text.")
    if len(words) > LONGEST_TEXT:
        raise RequestError(f"A marker of {len(words)} characters is too long: say it in {LONGEST_TEXT}.")
    return words


class Markers:
    """Markers that wait for their sample. `put` and `due` may be called from different threads."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, str]] = deque()

    def put(self, text: str, at_s: float) -> None:
        """A marker at that moment of the board's clock. Raises RequestError as `marker_text`."""
        self._waiting.append((at_s, marker_text(text)))

    def due(self, sample_at: Callable[[float], float], samples: int, *, last: bool = False) -> list[Marker]:
        """Those whose sample has come, taken out: a recording holds `samples`, and was at sample_at(t) at the moment t.

        last: no more will come, and what still waits lies at the last sample.
        """
        found: list[Marker] = []
        for _ in range(len(self._waiting)):
            at_s, text = self._waiting.popleft()
            sample = sample_at(at_s)
            index = 0 if math.isnan(sample) else max(0, math.floor(min(sample, 1e15)))
            if index < samples or last:
                found.append(Marker(min(index, samples - 1), text))
            else:
                self._waiting.append((at_s, text))
        return found


class ButtonEdges:
    """A board's button in its auxiliary columns: blocks in, the samples out at which it was pressed.

    Only a change from open to pressed between two samples counts; the first sample of all is no change.
    """

    def __init__(self, pin: ButtonPin, rate_hz: float) -> None:
        self._pin = pin
        self._hold = round(HOLD_S * rate_hz)
        self._pressed: bool | None = None
        self._deaf_until = 0

    def push(self, block: Block, origin: int = 0) -> list[int]:
        """Samples at which it was pressed, by the block's own index; origin: index of that one's first sample among all."""
        down = (block.aux[:, self._pin.column] & self._pin.mask) != 0
        if not len(down):
            return []
        before = np.concatenate(([down[0] if self._pressed is None else self._pressed], down[:-1]))
        self._pressed = bool(down[-1])
        found = []
        for at in (block.start + np.flatnonzero(down & ~before)).tolist():
            if at + origin >= self._deaf_until:
                self._deaf_until = at + origin + self._hold
                found.append(at)
        return found


class MarkDesk:
    """Takes markers from keys, sockets and pages, and puts them into whichever session runs now; from any thread.

    now_s: the board's clock. session: the id of the session that runs, set by whoever runs it. This is what a web page calls, too.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self.markers = Markers()
        self.session = ""

    def mark(self, text: str, at_s: float | None = None) -> str:
        """Put a marker at this moment, or at one before it. Returns the id of the session. Raises RequestError for an unfit text."""
        self.markers.put(text, self._now_s() if at_s is None else at_s)
        return self.session
