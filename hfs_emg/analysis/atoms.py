"""Atoms: what one island is made of, site by site and side by side.

A site is one-sided while its power, or the rise of its power over the last tenths of a second, is a multiple of its twin's; else it is
two-sided. So crosstalk from a strong muscle does not look like activity of the other side, and a spasm within a smile or within
speech still shows. Neighbouring one-sided frames of one side are an atom; neighbouring two-sided frames are an atom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from hfs_emg.analysis.frames import FrameClock, moving_minimum
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.events import SideName

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BEFORE_S = 0.6
"""Frames before an island that a decision may use; what lies further back is told by the history of atoms."""
_BACKGROUND_S = (0.05, 0.45)
"""The lowest power in this stretch before a frame is what it rises from."""
EYE_ON = 20.0
"""Power of the 2–15 Hz eye potential over its noise that shows a blink: amplitude 4.5 times the noise RMS, on both sides."""
EYE_OFF = 8.0
_CLOSE_S = 0.08
_REST_S = 0.1
_JOIN_S = 0.15
_SHORTEST_S = 0.024
_SMOOTH_FRAMES = 5


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """An island with the frames around it: `first` is the absolute index of column 0, the island is columns start…end.

    envelope (channels, m): 48 ms mean power. short: 24 ms mean power. floor (channels, m): noise power. slow, fast, hop: power of
    the other views and of single frames. bad (channels, m). eye (m,): power of the eye potential over its noise, as far as
    both eyes show it. wave (channels, m * hop): the EMG itself.
    """

    first: int
    start: int
    end: int
    envelope: Floats
    short: Floats
    hop: Floats
    slow: Floats
    fast: Floats
    floor: Floats
    bad: Flags
    eye: Floats
    wave: Floats


@dataclass(frozen=True, slots=True)
class Atom:
    """Frames start…end (columns of the neighbourhood) of one side, or of both together.

    active (channels, end - start): where each channel takes part. channels: those that do, at least 24 ms. stretch: columns
    of the whole unbroken activity that the atom was cut from.
    """

    side: SideName
    start: int
    end: int
    active: Flags
    channels: tuple[int, ...]
    stretch: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SiteStates:
    """Per channel and frame of a neighbourhood: in a burst, and how. one_sided and two_sided exclude each other.

    eye_potential (m,): both eyes move (a blink, also one whose muscle drowns in noise).
    """

    burst: Flags
    one_sided: Flags
    two_sided: Flags
    eye_potential: Flags


class AtomFinder:
    """Cuts islands into atoms for one montage."""

    def __init__(self, clock: FrameClock, montage: Montage, settings: AnalysisSettings) -> None:
        self._clock = clock
        self._on = settings.on_factor**2
        self._off = settings.off_factor**2
        self._ratio = settings.one_sided_ratio**2
        self._twins = [montage.twin(i) for i in range(len(montage.channels))]
        self._sides = {side: montage.on(side) for side in Side}
        self._eyes = [i for i, c in enumerate(montage.channels) if c.site is Site.ORBICULARIS_OCULI]
        self._close = clock.frames(_CLOSE_S)
        self._rest = clock.frames(_REST_S)
        self._join = clock.frames(_JOIN_S)
        self._shortest = max(2, clock.frames(_SHORTEST_S))

    def states(self, near: Neighbourhood) -> SiteStates:
        """Which channel is active where, and whether its twin moves with it."""
        level = np.where(near.bad, 0.0, near.envelope / near.floor)
        burst = hysteresis(level, self._on, self._off)
        rise = np.maximum(near.envelope - self._background(near), 0.0)
        above = np.maximum(near.envelope - near.floor, 0.0)
        one_sided = np.zeros_like(burst)
        for c, twin in enumerate(self._twins):
            if twin is None:
                one_sided[c] = burst[c]
                continue
            unknown = near.bad[twin]
            still = above[c] >= self._ratio * np.maximum(above[twin], 0.5 * near.floor[twin])
            base = np.maximum(near.envelope[twin] - rise[twin], near.floor[twin])
            own_base = np.maximum(near.envelope[c] - rise[c], near.floor[c])
            sudden = (rise[c] >= self._ratio * np.maximum(rise[twin], 0.5 * base)) & (
                near.envelope[c] >= 3.0 * own_base
            )
            one_sided[c] = burst[c] & smooth(still | sudden | unknown)
        two_sided = burst & ~one_sided
        for c, twin in enumerate(self._twins):
            if twin is not None:
                two_sided[c] &= ~one_sided[twin]
        return SiteStates(burst, one_sided, two_sided, hysteresis(near.eye[None, :], EYE_ON, EYE_OFF)[0])

    def _background(self, near: Neighbourhood) -> Floats:
        back, far = (self._clock.frames(s) for s in _BACKGROUND_S)
        padded = np.concatenate([np.repeat(near.envelope[:, :1], far, axis=1), near.envelope], axis=1)
        lowest = moving_minimum(padded, far - back + 1)
        return lowest[:, : near.envelope.shape[1]]

    def atoms(self, near: Neighbourhood, states: SiteStates) -> list[Atom]:
        """Atoms that begin within the island, by start, one-sided before two-sided."""
        found: list[Atom] = []
        for side in Side:
            rows = list(self._sides[side])
            if rows:
                found += self._gather(near, side.value, states.one_sided, rows)
        together = states.two_sided.copy()
        if len(self._eyes) == 2:
            together[self._eyes] |= states.eye_potential & ~states.one_sided[self._eyes].any(axis=0)
        found += self._gather(near, "both", together, list(range(len(together))))
        return sorted(found, key=lambda a: (a.start, a.side == "both", a.side))

    def _gather(
        self, near: Neighbourhood, side: Literal["left", "right", "both"], flags: Flags, rows: list[int]
    ) -> list[Atom]:
        count = flags[rows].sum(axis=0)
        count[: near.start] = 0
        count[near.end :] = 0
        whole = runs(count > 0, self._close)
        parts = [(part, span) for span in whole for part in (self._parts(count, *span) if side != "both" else [span])]
        found = []
        for (start, end), span in parts:
            active = np.zeros((len(flags), end - start), dtype=np.bool_)
            active[rows] = flags[rows, start:end]
            taking_part = tuple(np.flatnonzero(active.sum(axis=1) >= self._shortest).tolist())
            if taking_part:
                found.append(Atom(side, start, end, active, taking_part, span))
        return found

    def _parts(self, count: NDArray[np.int64], start: int, end: int) -> list[tuple[int, int]]:
        """A one-sided stretch cut where several sites move at once, so that a spasm stands apart from what one site does around it.

        What is left before and after is a part of its own unless it is brief.
        """
        cores = [(start + a, start + b) for a, b in runs(count[start:end] >= 2, self._join) if b - a >= self._shortest]
        parts: list[tuple[int, int]] = []
        at = start
        for first, last in cores:
            begins = first
            if first - at >= self._rest:
                parts.append((at, first))
            elif parts:
                parts[-1] = (parts[-1][0], first)
            else:
                begins = at
            parts.append((begins, last))
            at = last
        if cores and end - at < self._rest:
            parts[-1] = (parts[-1][0], end)
        elif end > at:
            parts.append((at, end))
        return parts


def runs(mask: Flags, close: int = 1) -> list[tuple[int, int]]:
    """Half-open runs of True, those less than `close` apart joined."""
    where = np.flatnonzero(mask)
    if len(where) == 0:
        return []
    breaks = np.flatnonzero(np.diff(where) > close)
    firsts = where[np.concatenate([[0], breaks + 1])]
    ends = where[np.concatenate([breaks, [len(where) - 1]])] + 1
    return list(zip(firsts.tolist(), ends.tolist(), strict=True))


def hysteresis(level: Floats, on: float, off: float) -> Flags:
    """True where a row stays at or above `off` in a run that reaches `on` somewhere. level (rows, n)."""
    support = level >= off
    result = np.zeros_like(support)
    for row in np.flatnonzero((level >= on).any(axis=1)):
        for start, end in runs(support[row]):
            if (level[row, start:end] >= on).any():
                result[row, start:end] = True
    return result


def smooth(flags: Flags) -> Flags:
    """The majority over five neighbouring frames (40 ms)."""
    half = _SMOOTH_FRAMES // 2
    padded = np.concatenate([np.repeat(flags[:1], half), flags, np.repeat(flags[-1:], half)]).astype(np.int8)
    votes = np.zeros(len(flags), dtype=np.int8)
    for k in range(_SMOOTH_FRAMES):
        votes += padded[k : k + len(flags)]
    return np.asarray(votes > half)
