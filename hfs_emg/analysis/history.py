"""What went before: the atoms of the last seconds, as far as a decision may use them. Nothing of the future, nothing of decisions."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from hfs_emg.events import SideName

MEMORY_S = 10.0
_COUPLING_MEMORY = 12.0
"""Movements over which the coupling of a side to two-sided movements is averaged."""


@dataclass(frozen=True, slots=True)
class PastAtom:
    """One atom, in seconds, with the part of the face that moved."""

    start_s: float
    end_s: float
    side: SideName
    eye: bool
    lower: bool


class History:
    """Atoms in order of their start."""

    def __init__(self) -> None:
        self._atoms: deque[PastAtom] = deque()
        self._coupling = {"left": 0.3, "right": 0.3}

    def add(self, atom: PastAtom) -> None:
        """An atom that has been measured: those that start after it may look back at it."""
        self._atoms.append(atom)
        while self._atoms[-1].start_s - self._atoms[0].end_s > MEMORY_S + 5.0:
            self._atoms.popleft()

    def close(self, island: list[PastAtom]) -> None:
        """All atoms of an island, after the last of them has been measured: what followed what."""
        for movement in island:
            if movement.side != "both":
                continue
            for side in ("left", "right"):
                followed = any(
                    a.side == side
                    and a.lower
                    and a.start_s < movement.end_s + 0.05
                    and a.end_s > movement.start_s - 0.05
                    for a in island
                )
                self._coupling[side] += (float(followed) - self._coupling[side]) / _COUPLING_MEMORY

    def lower_share(self, now_s: float) -> float:
        """Share of the last 3 s in which the lower face moved on both sides."""
        covered = sum(
            max(0.0, min(a.end_s, now_s) - max(a.start_s, now_s - 3.0))
            for a in self._atoms
            if a.side == "both" and a.lower
        )
        return min(1.0, covered / 3.0)

    def two_sided_shares(self, now_s: float) -> tuple[float, float]:
        """Shares of the last 10 s: the lower face moved on both sides; anything did. Overlaps count twice, up to 1."""
        lower = anything = 0.0
        for a in self._atoms:
            if a.side == "both":
                covered = max(0.0, min(a.end_s, now_s) - max(a.start_s, now_s - MEMORY_S))
                anything += covered
                lower += covered * a.lower
        return min(1.0, lower / MEMORY_S), min(1.0, anything / MEMORY_S)

    def count(self, side: str, now_s: float) -> int:
        """Atoms of a side that began in the last 10 s."""
        return sum(1 for a in self._atoms if a.side == side and now_s - MEMORY_S <= a.start_s < now_s)

    def lower_rhythm(self, now_s: float) -> tuple[float, float, float]:
        """Movements of the lower face in the last 5 s, of whatever side, starts less than 0.15 s apart being one: how many,
        median interval, its irregularity.
        """
        starts: list[float] = []
        for a in self._atoms:
            if a.lower and now_s - 5.0 <= a.start_s < now_s and (not starts or a.start_s - starts[-1] > 0.15):
                starts.append(a.start_s)
        if len(starts) < 3:
            return float(len(starts)), np.nan, np.nan
        intervals = np.diff(np.array(starts))
        return (
            float(len(starts)),
            float(np.median(intervals)),
            float(intervals.std() / max(float(intervals.mean()), 1e-6)),
        )

    def eye_count(self, now_s: float) -> int:
        """Two-sided movements of the eyes that began in the last 10 s."""
        return sum(1 for a in self._atoms if a.side == "both" and a.eye and now_s - 10.0 <= a.start_s < now_s)

    def since(self, side: str, now_s: float, *, eye: bool) -> float:
        """Seconds since the last atom of a side (one that moved the eye, if asked) ended; 3 at most."""
        ends = [a.end_s for a in self._atoms if a.side == side and (a.eye or not eye) and a.start_s < now_s]
        return min(3.0, max(0.0, now_s - max(ends))) if ends else 3.0

    def coupling(self, side: str) -> float:
        """Share of recent two-sided movements during which the lower face of this side moved by itself too."""
        return self._coupling[side]

    def rhythm(self, side: str, now_s: float) -> tuple[float, float, float]:
        """Atoms of this side in the last 4 s: how many, median interval of their starts (now included), its irregularity."""
        starts = [a.start_s for a in self._atoms if a.side == side and now_s - 4.0 <= a.start_s < now_s]
        if len(starts) < 2:
            return float(len(starts)), np.nan, np.nan
        intervals = np.diff(np.array([*starts, now_s]))
        return (
            float(len(starts)),
            float(np.median(intervals)),
            float(intervals.std() / max(float(intervals.mean()), 1e-6)),
        )
