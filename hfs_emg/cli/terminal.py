"""What the terminal shows while something takes long: a live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class LiveLine:
    """One line that is written over. Without a terminal a line is printed at most each `every_s`."""

    def __init__(self, out: TextIO | None = None, every_s: float = 10.0) -> None:
        self._out = sys.stderr if out is None else out
        self._live = self._out.isatty()
        self._every_s = every_s
        self._width = 0
        self._next = 0.0

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._live:
            self._out.write("\r" + text.ljust(self._width))
            self._width = len(text)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every_s
            self._out.write(text + "\n")
        self._out.flush()

    def end(self) -> None:
        """Leave the line standing, or wipe nothing when none was shown."""
        if self._live and self._width:
            self._out.write("\n")
            self._out.flush()
            self._width = 0


class Progress:
    """Share done, on a terminal only: called with 0…1."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._line = LiveLine(every_s=5.0)
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
