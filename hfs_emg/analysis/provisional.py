"""What is in progress: activity that has not been handed on yet, with the kind that it looks like so far.

It is a pure function of the frames before a fixed tick, as everything else is of the frames around an island.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibration.montage import Montage, Site
from hfs_emg.analysis.activity import BOTH, SIDE_NAMES
from hfs_emg.analysis.atoms import BEFORE_S, RIGHT_CONTEXT_FRAMES, AtomFinder
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.levels import LevelLog
from hfs_emg.analysis.stretches import any_of
from hfs_emg.analysis.striking import StrikingFinder
from hfs_emg.events import InProgress, Kind

_Piece = tuple[int, int, int]
"""Frames of a stretch, half open, and how many after them count."""

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

    def __init__(
        self, clock: FrameClock, montage: Montage, levels: LevelLog, atoms: AtomFinder, striking: StrikingFinder
    ) -> None:
        self._clock = clock
        self._levels = levels
        self._atoms = atoms
        self._striking = striking
        self._eyes = [i for i, c in enumerate(montage.channels) if c.site is Site.ORBICULARIS_OCULI]
        self._tick = max(1, clock.frames(TICK_S))
        self._piece = clock.frames(PIECE_S)
        self._before = clock.frames(BEFORE_S)
        self._known: dict[_Piece, list[_Seen]] = {}

    def at(self, until: int, stretches: list[tuple[int, int]]) -> tuple[InProgress, ...]:
        """What is in progress at a frame, in stretches of activity before it. What no longer grows is not looked at again."""
        pieces: list[list[_Piece]] = []
        for first, last in stretches:
            seen_until = until if last - first <= self._piece else until - until // self._tick % LONG_TICKS * self._tick
            end = min(last, seen_until)
            pieces.append([])
            for start in range(first, end, self._piece):
                stop = min(start + self._piece, end)
                pieces[-1].append((start, stop, min(seen_until - stop, RIGHT_CONTEXT_FRAMES)))
        new = [where for mine in pieces for where in mine if where not in self._known]
        self._known |= self._within(new)
        self._known = {where: self._known[where] for mine in pieces for where in mine}
        running: list[InProgress] = []
        for mine in pieces:
            previous: list[_Seen] = []
            for where in mine:
                found = self._known[where]
                running += [seen.shown for seen in found if not seen.goes_on_from(previous)]
                previous = found
        return tuple(running)

    def _within(self, pieces: Sequence[_Piece]) -> dict[_Piece, list[_Seen]]:
        """What each of some pieces shows."""
        found: dict[_Piece, list[_Seen]] = {piece: [] for piece in pieces}
        if not pieces:
            return found
        near = self._levels.glance(pieces, self._before)
        cut = self._atoms.cut(near)
        states, atoms = cut.states, cut.atoms
        columns = atoms.starts, atoms.ends, atoms.sides, atoms.island, atoms.start_s
        looks = any_of(atoms.channels[:, self._eyes]), self._striking.first(near, states, atoms) >= 0
        layout = near.layout
        for start, end, side, island, start_s, eye, spasm in zip(
            *(c.tolist() for c in (*columns, *looks)), strict=True
        ):
            two_sided = Kind.BLINK if eye else Kind.VOLUNTARY
            one_sided = Kind.SPASM if spasm else Kind.UNSURE
            shown = InProgress(start_s, two_sided if side == BOTH else one_sided, SIDE_NAMES[side])
            found[pieces[island]].append(
                _Seen(shown, start == int(layout.starts[island]), end == int(layout.ends[island]))
            )
        return found
