"""Atoms: what one island is made of, site by site and side by side.

A site is one-sided while its power, or the rise of its power over the last tenths of a second, is a multiple of its twin's; else it is
two-sided. So crosstalk from a strong muscle does not look like activity of the other side, and a spasm within a smile or within
speech still shows. Neighbouring one-sided frames of one side are an atom; neighbouring two-sided frames are an atom.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from hfs_emg.analysis.activity import BOTH, Activity, AtomTable, Cut, Layout, SiteStates
from hfs_emg.analysis.frames import FrameClock, moving_minimum
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.analysis.stretches import Columns, Flags, Floats, Stretches, counts_before, narrowed, runs, widened

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


class _Sought(NamedTuple):
    """Atoms of one side, or of one region of both: the side's number, and the channels."""

    side: int
    rows: list[int]


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
        self._eyes = [i for i, c in enumerate(montage.channels) if c.site is Site.ORBICULARIS_OCULI]
        brows = [i for i, c in enumerate(montage.channels) if c.site is Site.FRONTALIS]
        lower = [i for i, c in enumerate(montage.channels) if c.site.lower_face]
        sides = [_Sought(side, list(montage.on(each))) for side, each in enumerate(Side)]
        both = [_Sought(BOTH, rows) for rows in (brows, self._eyes, lower)]
        self._sought = [sought for sought in (*sides, *both) if sought.rows]
        self._sides = np.array([sought.side for sought in self._sought])
        sizes = [len(sought.rows) for sought in self._sought]
        self._begins: Columns = np.cumsum(sizes) - np.array(sizes)
        self._owner = np.arange(len(sizes)).repeat(sizes)
        self._channel = np.array([row for sought in self._sought for row in sought.rows])
        self._row = self._channel + len(twins) * (self._sides == BOTH)[self._owner]
        """What is sought, channel after channel: which `_Sought` each is of, which channel it is, and its row where the flags of both
        sides together follow the one-sided ones.
        """
        self._close = clock.frames(_CLOSE_S)
        self._rest = clock.frames(_REST_S)
        self._join = clock.frames(_JOIN_S)
        self._shortest = max(2, clock.frames(_SHORTEST_S))

    def cut(self, near: Activity) -> Cut:
        """Islands cut into atoms."""
        states = self.states(near)
        return Cut(states, self.atoms(near, states))

    def states(self, near: Activity) -> SiteStates:
        """Which channel is active where, and whether its twin moves with it."""
        envelope, floor, layout = near.envelope, near.floor, near.layout
        spoiled = np.count_nonzero(near.bad) > 0
        level = envelope / floor
        if spoiled:
            level[near.bad] = 0.0
        burst = hysteresis(level, self._on, self._off, layout.low)
        gain = layout.spread(near.gain)
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
        one_sided = burst & smooth(apart, layout)
        one_sided[self._alone] = burst[self._alone]
        two_sided = burst & ~(one_sided | one_sided[self.twins])
        eye_potential = hysteresis(near.eye[None, :], EYE_ON, EYE_OFF, layout.low)[0]
        together = two_sided
        if len(self._eyes) == 2:
            together = two_sided.copy()
            together[self._eyes] |= eye_potential & ~np.logical_or.reduce(one_sided[self._eyes], axis=0)
        return SiteStates(burst, one_sided, two_sided, up, eye_potential, together)

    def _background(self, near: Activity) -> Floats:
        back, far = (self._clock.frames(s) for s in _BACKGROUND_S)
        lowest = moving_minimum(widened(near.envelope, near.layout.spans, far, 0), far - back + 1)
        return narrowed(lowest, near.layout.lengths, far)

    def atoms(self, near: Activity, states: SiteStates) -> AtomTable:
        """Atoms that begin within the stretches, by start, one-sided before two-sided."""
        layout = near.layout
        laid = Stretches(layout.starts, layout.ends)
        k, stretches = len(laid.columns), len(layout.spans)
        # What is sought is looked for side by side, and its columns counted through: those of the second begin at k.
        own = np.concatenate([laid.lines(states.one_sided), laid.lines(states.together)])[self._row]
        count = np.add.reduceat(own.view(np.int8), self._begins, axis=0, dtype=np.int8)
        where = (count > 0).reshape(-1).nonzero()[0]
        if not len(where):
            return AtomTable.none(len(self.twins))
        begins, stops, of = runs(where, where // k * stretches + laid.owner[where % k], self._close)
        spans = np.array([begins, stops, begins, stops, of // stretches])
        several = self._several(own, count, laid, states)
        if np.count_nonzero(several):
            spans = self._cut(spans, own, several, laid.lines(near.envelope), laid.lines(states.burst))
        spans[:4] -= k * spans[4]
        first, end, _, _, which = spans
        before = counts_before(own)
        takes = before.take(end, axis=1) - before.take(first, axis=1) >= self._shortest
        row, part = (takes & (self._owner[:, None] == which)).nonzero()
        channels = np.zeros((len(first), len(self.twins)), dtype=np.bool_)
        channels[part, self._channel[row]] = True
        some = np.logical_or.reduce(channels, axis=1).nonzero()[0]
        order = some[np.lexsort((channels.argmax(axis=1)[some], self._sides[which[some]], first[some]))]
        return self._table(layout, laid, spans[:, order], channels[order])

    def _table(self, layout: Layout, laid: Stretches, spans: Columns, channels: Flags) -> AtomTable:
        """spans (5, n): as `_cut` has them, in columns of the stretches; channels (n, channels)."""
        first, end, begins, stops, which = spans
        island = laid.owner[first]
        origin = layout.origin[island]
        starts, ends = laid.columns[first], laid.columns[end - 1] + 1
        return AtomTable(
            starts,
            ends,
            layout.low[island],
            layout.high[island],
            origin,
            self._sides[which],
            channels,
            stops - begins,
            first - begins,
            island,
            self._clock.seconds_of(origin + starts),
            self._clock.seconds_of(origin + ends),
        )

    def _several(self, own: Flags, count: NDArray[np.int8], laid: Stretches, states: SiteStates) -> Flags:
        """Where several channels of what is sought make a part stand out (sought, k): any two of a side; both lids when they have become
        active anew, for a blink stands out of a smile, and syllables need not stand apart.
        """
        several = count >= 2
        for i, sought in enumerate(self._sought):
            if sought.side != BOTH:
                continue
            if sought.rows != self._eyes:
                several[i] = False
            elif np.count_nonzero(several[i]):
                begin = self._begins[i]
                anew = own[begin : begin + len(sought.rows)] & laid.lines(states.up)[sought.rows]
                several[i] = np.add.reduce(anew.view(np.int8), axis=0, dtype=np.int8) >= 2
        return several

    def _cut(self, whole: Columns, own: Flags, several: Flags, envelope: Floats, burst: Flags) -> Columns:
        """Stretches of unbroken activity cut into their parts. (5, n): first and end of each, then of the stretch it is of, in columns
        counted through; then what was sought. own (rows, k), several (sought, k); envelope, burst (channels, k).
        """
        where = several.reshape(-1).nonzero()[0]
        first, end, of = runs(where, whole[0].searchsorted(where, side="right") - 1, self._join)
        cores: dict[int, list[tuple[int, int]]] = {}
        for a, b, i in zip(first.tolist(), end.tolist(), of.tolist(), strict=True):
            if b - a >= self._shortest:
                cores.setdefault(i, []).append((a, b))
        strength, accompanied = np.zeros(several.shape), np.zeros(several.shape, dtype=np.bool_)
        for which in {int(whole[4, i]) for i in cores}:
            side, rows = self._sought[which]
            begin = self._begins[which]
            mine = own[begin : begin + len(rows)]
            strength[which] = np.sqrt(np.where(mine, envelope[rows], 0.0)).sum(axis=0)
            if side != BOTH:
                accompanied[which] = np.logical_or.reduce(mine & burst[self.twins[rows]], axis=0)
        loud, beside = strength.reshape(-1), accompanied.reshape(-1)
        found = []
        for i, (start, stop, _, _, which) in enumerate(whole.T.tolist()):
            parts = self._parts(cores[i], loud, beside, start, stop) if i in cores else [(start, stop)]
            found += [(*part, start, stop, which) for part in parts]
        return np.array(found).T

    def _parts(
        self, cores: list[tuple[int, int]], strength: Floats, accompanied: Flags, start: int, end: int
    ) -> list[tuple[int, int]]:
        """A stretch cut where several sites move at once (cores), so that a spasm stands apart from what one site does around it.

        What is left before and after is a part of its own unless it is brief, or as strong: then it is the same action, of which a
        weak site has come late or gone early. What the other side does as well (accompanied) is a part of its own even so: the blink
        from which a spasm sets out.
        """
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
        if not self._apart(strength, accompanied, (at, end), cores[-1]):
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


def hysteresis(level: Floats, on: float, off: float, low: Columns) -> Flags:
    """True where a row stays at or above `off` in a run that reaches `on` somewhere. level (rows, m); low: where each stretch begins."""
    reached = level >= on
    if not np.count_nonzero(reached):
        return reached
    support = level >= off
    changes = np.ones(support.shape, dtype=np.bool_)
    np.not_equal(support[:, 1:], support[:, :-1], out=changes[:, 1:])
    if len(low) > 1:
        changes[:, low] = True
    starts = changes.reshape(-1).nonzero()[0]
    lengths = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1] = support.size - starts[-1]
    hit = np.logical_or.reduceat(reached.reshape(-1), starts).repeat(lengths)
    return np.asarray(hit.reshape(support.shape) & support)


def smooth(flags: Flags, layout: Layout) -> Flags:
    """The majority over five neighbouring frames (40 ms), row by row. flags (rows, m) of stretches laid end to end."""
    half = _SMOOTH_FRAMES // 2
    padded = widened(flags, layout.spans, half, half).view(np.int8)
    n = padded.shape[1] - 2 * half
    votes = padded[:, :n].copy()
    for k in range(1, _SMOOTH_FRAMES):
        votes += padded[:, k : k + n]
    return narrowed(votes > half, layout.lengths, 2 * half)
