"""What is in progress: activity that has not been handed on yet, with the kind that it looks like so far.

It is a pure function of the frames before a fixed tick, as everything else is of the frames around an island.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from hfs_emg.analysis.atoms import BEFORE_S, RIGHT_CONTEXT_FRAMES, AtomFinder, Neighbourhood, SiteStates
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.levels import LevelLog
from hfs_emg.events import InProgress, Kind

Striking = dict[str, NDArray[np.bool_]]


class Provisional:
    """Tells what is in progress, tick after tick, for one stream."""

    def __init__(self, clock: FrameClock, montage: Montage, levels: LevelLog, atoms: AtomFinder) -> None:
        self._clock = clock
        self._levels = levels
        self._atoms = atoms
        self._rows = {side.value: list(montage.on(side)) for side in Side}
        self._eyes = {i for i, c in enumerate(montage.channels) if c.site is Site.ORBICULARIS_OCULI}
        self._known: dict[tuple[int, int], list[InProgress]] = {}

    def at(self, until: int, stretches: list[tuple[int, int]]) -> tuple[InProgress, ...]:
        """What is in progress at a frame, in stretches of activity before it. What no longer grows is not looked at again."""
        known, self._known = self._known, {}
        running: list[InProgress] = []
        for stretch in stretches:
            after = min(until - stretch[1], RIGHT_CONTEXT_FRAMES)
            found = known.get(stretch)
            if found is None:
                found = self._within(*stretch, after)
            if after == RIGHT_CONTEXT_FRAMES:
                self._known[stretch] = found
            running += found
        return tuple(running)

    def _within(self, first: int, end: int, after: int) -> list[InProgress]:
        near = self._levels.neighbourhood(first, end, self._clock.frames(BEFORE_S), after)
        states = self._atoms.states(near)
        striking = self.striking(near, states)
        found = []
        for atom in self._atoms.atoms(near, states):
            if atom.side == "both":
                kind = Kind.BLINK if any(c in self._eyes for c in atom.channels) else Kind.VOLUNTARY
            else:
                kind = Kind.SPASM if striking[atom.side][atom.start : atom.end].any() else Kind.UNSURE
            found.append(InProgress(self._clock.seconds(near.first + atom.start), kind, atom.side))
        return found

    def striking(self, near: Neighbourhood, states: SiteStates) -> Striking:
        """Frames that look like a spasm of a side: two of its sites above their on-threshold and one-sided."""
        strong = (self._levels.above_on(near) & states.one_sided).view(np.int8)
        return {side: strong[rows].sum(axis=0, dtype=np.int8) >= 2 for side, rows in self._rows.items()}
