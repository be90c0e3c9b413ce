"""What is in progress: activity that has not been handed on yet, with the kind that it looks like so far.

It is a pure function of the frames before a fixed tick, as everything else is of the frames around an island.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from hfs_emg.analysis.atoms import BEFORE_S, RIGHT_CONTEXT_FRAMES, Activity, AtomFinder, SiteStates
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.levels import LevelLog
from hfs_emg.events import InProgress, Kind

Striking = dict[str, NDArray[np.bool_]]

TICK_S = 0.08
"""Activity is looked for once in so many seconds of signal, at fixed frames: what is in progress does not depend on the cutting either.
Half of it would halve what is added to the time until a spasm is shown (0.04 s on average), and cost half as much again of a processor.
"""
PIECE_S = 1.0
"""A stretch is looked at in pieces of this length, at fixed frames from its first: what is new in it costs the same however long it
lasts.
"""

LONG_TICKS = 2
"""A stretch longer than that is looked at again only after so many ticks (0.16 s), at fixed ones: speech lasts."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one piece shows; whether it begins with the piece, and whether it lasts to its end."""

    shown: InProgress
    begins: bool
    lasts: bool

    def goes_on_from(self, previous: Sequence[_Seen]) -> bool:
        """Whether it is what was seen in the piece before, going on."""
        mine = self.shown.side, self.shown.kind
        return self.begins and any(other.lasts and mine == (other.shown.side, other.shown.kind) for other in previous)


class Provisional:
    """Tells what is in progress, tick after tick, for one stream."""

    def __init__(self, clock: FrameClock, montage: Montage, levels: LevelLog, atoms: AtomFinder) -> None:
        self._clock = clock
        self._levels = levels
        self._atoms = atoms
        self._rows = {side.value: list(montage.on(side)) for side in Side}
        self._eyes = {i for i, c in enumerate(montage.channels) if c.site is Site.ORBICULARIS_OCULI}
        self._tick = max(1, clock.frames(TICK_S))
        self._piece = clock.frames(PIECE_S)
        self._before = clock.frames(BEFORE_S)
        self._known: dict[tuple[int, int, int], list[_Seen]] = {}

    def at(self, until: int, stretches: list[tuple[int, int]]) -> tuple[InProgress, ...]:
        """What is in progress at a frame, in stretches of activity before it. What no longer grows is not looked at again."""
        known, self._known = self._known, {}
        running: list[InProgress] = []
        for first, last in stretches:
            seen_until = until if last - first <= self._piece else until - until // self._tick % LONG_TICKS * self._tick
            end = min(last, seen_until)
            previous: list[_Seen] = []
            for start in range(first, end, self._piece):
                stop = min(start + self._piece, end)
                where = (start, stop, min(seen_until - stop, RIGHT_CONTEXT_FRAMES))
                found = known.get(where)
                if found is None:
                    found = self._within(*where)
                self._known[where] = found
                running += [seen.shown for seen in found if not seen.goes_on_from(previous)]
                previous = found
        return tuple(running)

    def _within(self, first: int, end: int, after: int) -> list[_Seen]:
        near = self._levels.glance(first, end, self._before, after)
        states = self._atoms.states(near)
        striking = self.striking(near, states)
        found = []
        for atom in self._atoms.atoms(near, states):
            if atom.side == "both":
                kind = Kind.BLINK if any(c in self._eyes for c in atom.channels) else Kind.VOLUNTARY
            else:
                kind = Kind.SPASM if striking[atom.side][atom.start : atom.end].any() else Kind.UNSURE
            shown = InProgress(self._clock.seconds(near.first + atom.start), kind, atom.side)
            found.append(_Seen(shown, atom.start == near.start, atom.end == near.end))
        return found

    def striking(self, near: Activity, states: SiteStates) -> Striking:
        """Frames that look like a spasm of a side: two of its sites above their on-threshold and one-sided."""
        strong = (self._levels.above_on(near) & states.one_sided).view(np.int8)
        return {side: strong[rows].sum(axis=0, dtype=np.int8) >= 2 for side, rows in self._rows.items()}
