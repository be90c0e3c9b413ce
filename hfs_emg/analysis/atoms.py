"""Atoms: what one island is made of, site by site and side by side.

A site is one-sided while its power, or the rise of its power over the last tenths of a second, is a multiple of its twin's; else it is
two-sided. So crosstalk from a strong muscle does not look like activity of the other side, and a spasm within a smile or within
speech still shows. Neighbouring one-sided frames of one side are an atom; neighbouring two-sided frames are an atom.
"""

from __future__ import annotations

from dataclasses import dataclass

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
_SUDDEN = 3.0
"""Power over that of the last tenths of a second from which a site has become active anew."""
_CLOSE_S = 0.08
_REST_S = 0.1
_JOIN_S = 0.15
_SHORTEST_S = 0.024
_SMOOTH_FRAMES = 5
RIGHT_CONTEXT_FRAMES = _SMOOTH_FRAMES // 2
"""Beyond so many quiet frames after it, nothing that follows changes the atoms of a stretch of activity."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What atoms are cut from: a stretch with the frames around it. `first` is the absolute index of column 0, the stretch is columns
    start…end.

    envelope (channels, m): 48 ms mean power. floor (channels, m): noise power. bad (channels, m). eye (m,): power of the eye potential
    over its noise, as far as both eyes show it. gain (channels,): factors on power that make twins alike, by what is usual for this
    face (`balance`).
    """

    first: int
    start: int
    end: int
    envelope: Floats
    floor: Floats
    gain: Floats
    bad: Flags
    eye: Floats


@dataclass(frozen=True, slots=True)
class Neighbourhood(Activity):
    """An island with the frames around it and all that is measured in them.

    short: 24 ms mean power. slow, fast, hop: power of the other views and of single frames. eye_wave (0 or 2, m): 2–15 Hz at the two
    lids, µV. wave (channels, m * hop): the EMG itself.
    """

    short: Floats
    hop: Floats
    slow: Floats
    fast: Floats
    eye_wave: Floats
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

    up: stronger than just before, by a factor. eye_potential (m,): both eyes move (a blink, also one whose muscle drowns in noise).
    """

    burst: Flags
    one_sided: Flags
    two_sided: Flags
    up: Flags
    eye_potential: Flags


@dataclass(frozen=True, slots=True)
class _Sought:
    """Atoms of one side, or of one region of both: its channels, where they take part, and where several of them together make a
    part stand out (channels, m); None where they never do.
    """

    side: SideName
    rows: list[int]
    flags: Flags
    core: Flags | None


class AtomFinder:
    """Cuts islands into atoms for one montage."""

    def __init__(self, clock: FrameClock, montage: Montage, settings: AnalysisSettings) -> None:
        self._clock = clock
        self._on = settings.on_factor**2
        self._off = settings.off_factor**2
        self._ratio = settings.one_sided_ratio**2
        twins = [montage.twin(i) for i in range(len(montage.channels))]
        self.twins = np.array([i if twin is None else twin for i, twin in enumerate(twins)], dtype=np.int64)
        """A channel without a twin stands here for itself."""
        self._alone = [i for i, twin in enumerate(twins) if twin is None]
        self._sides = {side: montage.on(side) for side in Side}
        self._eyes = [i for i, c in enumerate(montage.channels) if c.site is Site.ORBICULARIS_OCULI]
        brows = [i for i, c in enumerate(montage.channels) if c.site is Site.FRONTALIS]
        lower = [i for i, c in enumerate(montage.channels) if c.site.lower_face]
        self._regions = [rows for rows in (brows, self._eyes, lower) if rows]
        self._close = clock.frames(_CLOSE_S)
        self._rest = clock.frames(_REST_S)
        self._join = clock.frames(_JOIN_S)
        self._shortest = max(2, clock.frames(_SHORTEST_S))

    def states(self, near: Activity) -> SiteStates:
        """Which channel is active where, and whether its twin moves with it."""
        envelope, floor = near.envelope, near.floor
        spoiled = bool(near.bad.any())
        level = envelope / floor
        if spoiled:
            level[near.bad] = 0.0
        burst = hysteresis(level, self._on, self._off)
        gain = near.gain[:, None]
        half = 0.5 * gain
        rise = np.maximum(envelope - self._background(near), 0.0)
        base = np.maximum(envelope - rise, floor)
        above = gain * np.maximum(envelope - floor, 0.0)
        apart = above >= (self._ratio * np.maximum(above, half * floor))[self.twins]
        up = envelope >= _SUDDEN * base
        more = gain * rise
        apart |= up & (more >= (self._ratio * np.maximum(more, half * base))[self.twins])
        if spoiled:
            apart |= near.bad[self.twins]
        one_sided = burst & smooth(apart)
        one_sided[self._alone] = burst[self._alone]
        two_sided = burst & ~(one_sided | one_sided[self.twins])
        return SiteStates(burst, one_sided, two_sided, up, hysteresis(near.eye[None, :], EYE_ON, EYE_OFF)[0])

    def _background(self, near: Activity) -> Floats:
        back, far = (self._clock.frames(s) for s in _BACKGROUND_S)
        padded = np.concatenate([np.repeat(near.envelope[:, :1], far, axis=1), near.envelope], axis=1)
        lowest = moving_minimum(padded, far - back + 1)
        return lowest[:, : near.envelope.shape[1]]

    def atoms(self, near: Activity, states: SiteStates) -> list[Atom]:
        """Atoms that begin within the island, by start, one-sided before two-sided."""
        found: list[Atom] = []
        inside = slice(near.start, near.end)
        there = _any_by_row(states.one_sided[:, inside])
        for side in Side:
            rows = list(self._sides[side])
            if any(there[row] for row in rows):
                found += self._gather(near, states, _Sought(side.value, rows, states.one_sided, states.one_sided))
        together = states.two_sided.copy()
        if len(self._eyes) == 2:
            together[self._eyes] |= states.eye_potential & ~states.one_sided[self._eyes].any(axis=0)
        there = _any_by_row(together[:, inside])
        for rows in self._regions:
            if not any(there[row] for row in rows):
                continue
            # A blink stands out of a smile; syllables need not stand apart.
            core = states.up if rows == self._eyes else None
            found += self._gather(near, states, _Sought("both", rows, together, core))
        return sorted(found, key=lambda a: (a.start, a.side == "both", a.side, a.channels))

    def _gather(self, near: Activity, states: SiteStates, sought: _Sought) -> list[Atom]:
        side, rows = sought.side, sought.rows
        inside = slice(near.start, near.end)
        own = sought.flags[rows, inside]
        count = np.add.reduce(own.view(np.int8), axis=0, dtype=np.int8)
        whole = runs(count > 0, self._close)
        if not whole:
            return []
        if sought.core is None:
            several = None
        elif sought.core is sought.flags:
            several = count >= 2
        else:
            several = np.add.reduce((own & sought.core[rows, inside]).view(np.int8), axis=0, dtype=np.int8) >= 2
        parts = [(span, span) for span in whole]
        if several is not None and several.any():
            parts = self._cut(near, states, sought, own, several=several, whole=whole)
        mine = np.zeros((len(sought.flags), own.shape[1]), dtype=np.bool_)
        mine[rows] = own
        frames_before = np.zeros((len(own), own.shape[1] + 1), dtype=np.int32)
        own.cumsum(axis=1, out=frames_before[:, 1:])
        starts, ends = ([part[i] for part, _ in parts] for i in (0, 1))
        enough = (frames_before[:, ends] - frames_before[:, starts] >= self._shortest).T.tolist()
        at = near.start
        found = []
        for ((start, end), span), takes_part in zip(parts, enough, strict=True):
            channels = tuple(c for c, takes in zip(rows, takes_part, strict=True) if takes)
            if channels:
                stretch = (at + span[0], at + span[1])
                found.append(Atom(side, at + start, at + end, mine[:, start:end], channels, stretch))
        return found

    def _cut(
        self,
        near: Activity,
        states: SiteStates,
        sought: _Sought,
        own: Flags,
        *,
        several: Flags,
        whole: list[tuple[int, int]],
    ) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """The parts of each stretch, each with its stretch; columns of the island. own (rows, n): where its channels take part;
        several (n,): where some of them stand out together.
        """
        rows, inside = sought.rows, slice(near.start, near.end)
        strength = np.sqrt(np.where(own, near.envelope[rows, inside], 0.0)).sum(axis=0)
        accompanied = np.zeros_like(several)
        if sought.side != "both":
            accompanied |= np.logical_or.reduce(own & states.burst[self.twins[rows], inside])
        return [(part, span) for span in whole for part in self._parts(several, strength, accompanied, *span)]

    def _parts(
        self, several: Flags, strength: Floats, accompanied: Flags, start: int, end: int
    ) -> list[tuple[int, int]]:
        """A stretch cut where several sites move at once, so that a spasm stands apart from what one site does around it.

        What is left before and after is a part of its own unless it is brief, or as strong: then it is the same action, of which a
        weak site has come late or gone early. What the other side does as well (accompanied) is a part of its own even so: the blink
        from which a spasm sets out.
        """
        cores = [(start + a, start + b) for a, b in runs(several[start:end], self._join) if b - a >= self._shortest]
        parts: list[tuple[int, int]] = []
        at = start
        for first, last in cores:
            begins = first
            if self._apart(strength, accompanied, (at, first), (first, last)):
                parts.append((at, first))
            elif parts:
                parts[-1] = (parts[-1][0], first)
            else:
                begins = at
            parts.append((begins, last))
            at = last
        if cores and not self._apart(strength, accompanied, (at, end), cores[-1]):
            parts[-1] = (parts[-1][0], end)
        elif end > at:
            parts.append((at, end))
        return parts

    def _apart(self, strength: Floats, accompanied: Flags, rest: tuple[int, int], core: tuple[int, int]) -> bool:
        """Whether what is left beside a core is something else."""
        length = rest[1] - rest[0]
        if length >= self._shortest and np.count_nonzero(accompanied[slice(*rest)]) > 0.6 * length:
            return True
        return length >= self._rest and self._weaker(strength, rest, core)

    def _weaker(self, strength: Floats, rest: tuple[int, int], core: tuple[int, int]) -> bool:
        """Whether what is left is at most half as strong as the core beside it."""
        (a, b), (c, d) = rest, core
        return float(np.add.reduce(strength[a:b])) / (b - a) < 0.5 * float(np.add.reduce(strength[c:d])) / (d - c)


def _any_by_row(flags: Flags) -> list[bool]:
    found: list[bool] = np.logical_or.reduce(flags, axis=1).tolist()
    return found


def runs(mask: Flags, close: int = 1) -> list[tuple[int, int]]:
    """Half-open runs of True, those less than `close` apart joined."""
    where = mask.nonzero()[0]
    n = len(where)
    if n == 0:
        return []
    first, last = int(where[0]), int(where[-1])
    if last - first == n - 1:  # most often there is one
        return [(first, last + 1)]
    breaks = (where[1:] - where[:-1] > close).nonzero()[0]
    firsts = [first, *where[breaks + 1].tolist()]
    ends = [*(where[breaks] + 1).tolist(), last + 1]
    return list(zip(firsts, ends, strict=True))


def hysteresis(level: Floats, on: float, off: float) -> Flags:
    """True where a row stays at or above `off` in a run that reaches `on` somewhere. level (rows, n)."""
    reached = level >= on
    if not reached.any():
        return reached
    support = level >= off
    changes = np.ones(support.shape, dtype=np.bool_)
    np.not_equal(support[:, 1:], support[:, :-1], out=changes[:, 1:])
    starts = changes.reshape(-1).nonzero()[0]
    lengths = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1] = support.size - starts[-1]
    hit = np.logical_or.reduceat(reached.reshape(-1), starts).repeat(lengths)
    return np.asarray(hit.reshape(support.shape) & support)


def smooth(flags: Flags) -> Flags:
    """The majority over five neighbouring frames (40 ms), row by row. flags (rows, n)."""
    half = _SMOOTH_FRAMES // 2
    n = flags.shape[1]
    padded = np.concatenate([flags[:, :1].repeat(half, 1), flags, flags[:, -1:].repeat(half, 1)], axis=1).view(np.int8)
    votes = padded[:, :n].copy()
    for k in range(1, _SMOOTH_FRAMES):
        votes += padded[:, k : k + n]
    return np.asarray(votes > half)
