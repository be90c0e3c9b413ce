"""What the terminal shows while something takes long: a live line on a terminal, a plain line now and then elsewhere.

A terminal that has gone away (a closed window, `| head`) must not end a recording: from then on nothing is shown.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO


class LiveLine:
    """One line that is written over. Without a terminal a line is printed at most each `every_s`, or never when that is None."""

    def __init__(
        self,
        out: TextIO | None = None,
        every_s: float | None = 10.0,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out: TextIO | None = sys.stderr if out is None else out
        self._live = self._out.isatty()
        self._every_s = every_s
        self._now_s = now_s
        self._width = 0
        self._due_s: float | None = None

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._live:
            self._write("\r" + text.ljust(self._width))
            self._width = len(text)
        elif self._every_s is not None and (self._due_s is None or self._now_s() >= self._due_s):
            self._due_s = self._now_s() + self._every_s
            self._write(text + "\n")

    def say(self, text: str) -> None:
        """A line that stays; the live line goes on below it."""
        self.end()
        self._write(text + "\n")

    def end(self) -> None:
        """Leave the line standing."""
        if self._width:
            self._write("\n")
            self._width = 0

    def _write(self, text: str) -> None:
        if self._out is not None:
            try:
                self._out.write(text)
                self._out.flush()
            except OSError:
                self._out = None


class Progress:
    """Share done, on a terminal only: called with 0…1."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._line = LiveLine(every_s=None)
        self._last = -1

    def __call__(self, share: float) -> None:
        """Show the share when it has changed by a percent."""
        percent = int(100 * share)
        if percent != self._last:
            self._last = percent
            self._line.show(f"{self._what}: {percent} %")

    def end(self) -> None:
        """Finish the line."""
        self._line.end()


def clock(seconds: float) -> str:
    """1:02:03 or 2:03."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"
