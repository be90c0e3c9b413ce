"""A calibration on a terminal: what to do, a countdown, a bar for each site, what has to be done again.

On a terminal the lines are written over; elsewhere one line is printed whenever something new is asked for. The lines themselves are made
by pure functions.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from calibration.procedure import Prompt
from calibration.profile import Caution

_BAR = 20
_FULL = 100.0
"""A bar is full at this multiple of rest; it grows with the logarithm, as everything in EMG does."""
KEYS = "p pause or go on · s skip this task · c cannot do it · q end"


def prompt_words(prompt: Prompt, at: int, tasks: int) -> str:
    """One line: which task, which repetition, what to do."""
    task = prompt.task
    if task is None:
        return "Done: thank you."
    number = f" {prompt.number} of {prompt.of}" if prompt.of > 1 else ""
    again = f" Again, please: {prompt.again}." if prompt.again else ""
    match prompt.phase:
        case "paused":
            doing = "paused, p goes on"
        case "prepare":
            doing = f"{task.words}, in {math.ceil(prompt.left_s)}"
        case "do":
            doing = f"{task.words}: NOW, {math.ceil(prompt.left_s)} s"
        case _:
            doing = f"Relax, {math.ceil(prompt.left_s)} s"
    return f"[{at} of {tasks}] {task.title}{number}: {doing}.{again}"


def bars(levels: NDArray[np.float64] | None, montage: Montage) -> list[str]:
    """A line for each site, left and right, from levels (channels,) as multiples of rest."""
    lines = []
    for site in Site:
        places = [montage.index(side, site) for side in Side]
        if places == [None, None]:
            continue
        parts = [
            f"{side.letter} {_bar(None if i is None or levels is None else float(levels[i]))}"
            for side, i in zip(Side, places, strict=True)
        ]
        lines.append(f"  {site.words:18} {'  '.join(parts)}")
    return lines


def _bar(level: float | None) -> str:
    if level is None:
        return "·" * _BAR
    share = math.log(max(level, 1.0)) / math.log(_FULL)
    whole = min(_BAR, round(_BAR * share))
    return "█" * whole + "░" * (_BAR - whole)


def caution_lines(cautions: Sequence[Caution]) -> list[str]:
    """What the guards found, surest first."""
    return [
        f"! {c.words} ({100 * c.sureness:.0f} % sure): {c.remedy}" for c in sorted(cautions, key=lambda c: -c.sureness)
    ]


class Guide:
    """Shows prompts on a terminal, or as lines elsewhere. A terminal that has gone away ends nothing."""

    def __init__(self, montage: Montage, tasks: int, out: TextIO | None = None) -> None:
        self._out: TextIO | None = sys.stderr if out is None else out
        self._live = self._out.isatty()
        self._montage = montage
        self._tasks = tasks
        self._lines = 0
        self._last = ""
        self._asked: tuple[object, ...] = ()

    def show(self, prompt: Prompt, at: int, levels: NDArray[np.float64] | None) -> None:
        """The prompt and the bars; on a terminal in place of the last ones, when they changed."""
        words = prompt_words(prompt, min(at, self._tasks), self._tasks)
        if self._live:
            text = "\n".join([words, *bars(levels, self._montage), f"  {KEYS}"])
            if text != self._last:
                up = f"\x1b[{self._lines}F" if self._lines else ""
                self._write(up + "".join(f"\x1b[2K{line}\n" for line in text.splitlines()))
                self._lines, self._last = text.count("\n") + 1, text
            return
        asked = (prompt.task, prompt.phase, prompt.number, prompt.again)
        if asked != self._asked and prompt.phase in ("do", "paused", "done"):
            self._write(words + "\n")
        self._asked = asked

    def say(self, text: str) -> None:
        """A line that stays."""
        self._write(text + "\n")
        self._lines = 0

    def _write(self, text: str) -> None:
        if self._out is not None:
            try:
                self._out.write(text)
                self._out.flush()
            except OSError:
                self._out = None
