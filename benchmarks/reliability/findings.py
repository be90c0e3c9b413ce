"""What a disturbed recording found, beside what the same signal undisturbed shows; and where its samples truly lie.

Outside the gaps means: more than a quarter of an hour after one. The analyser learns from what it hears, so that after a gap it knows
something else than without it, until it has heard enough again: its noise floor is of the last 20 s of quiet, its balance of the two
sides of the last 12 s of two-sided movement, which a quiet face takes minutes for, and its habits of this face fade with 180 s, so that
after 900 s under 1 % of what was before a gap is left in them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.events import Episode
from hfs_emg.model import Block, Signal
from hfs_emg.session.reader import Session

RATE = 250
FORGOTTEN_S = 900.0
"""So long after a hole what was before it counts for nothing (five times the 180 s of analysis.context.MEMORY_S): outside the gaps."""
SINCE_S = (0.0, 60.0, 180.0, FORGOTTEN_S)
"""Findings are compared by the time since the last hole, from each of these to the next."""


@dataclass
class Places:
    """Where the samples that came lie. jumps: (index, by how much a sample's place is off from there on, in samples)."""

    samples: int = 0
    came: int = 0
    first: int = 0
    last: int = 0
    jumps: list[tuple[int, int]] = field(default_factory=list)
    holes: list[tuple[int, int]] = field(default_factory=list)
    backwards: int = 0

    @property
    def truly_lost(self) -> int:
        """Samples between the first and the last one that never came."""
        return self.last - self.first + 1 - self.came

    @property
    def worst_step(self) -> int:
        """The worst error of one estimate."""
        return max((abs(b - a) for (_, a), (_, b) in zip([(0, 0), *self.jumps], self.jumps, strict=False)), default=0)

    def stretches(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """(number of the first sample, how many) of each part of the indices start…end in which the numbers run on."""
        at = start
        off = ([0] + [by for index, by in self.jumps if index <= start])[-1]
        for index, by in [*((i, by) for i, by in self.jumps if start < i < end), (end, 0)]:
            yield self.first + at + off, index - at
            at, off = index, by


def places_of(session: Session, numbered: int, turn: int) -> Places:
    """Read every sample's number (input `numbered`; modulo `turn`), block by block, so that a day needs no more memory than a minute."""
    found = Places(holes=list(session.gaps))
    off = 0
    for block in session.blocks():
        came = np.flatnonzero(~block.lost)
        if not len(came):
            continue
        numbers = block.counts[came, numbered].astype(np.int64)
        if not found.came:
            found.first = int(numbers[0]) - (block.start + int(came[0]))
        error = (numbers - found.first - (block.start + came) + turn // 2) % turn - turn // 2
        for k in np.flatnonzero(np.diff(error, prepend=off)):
            found.jumps.append((block.start + int(came[k]), int(error[k])))
        off = int(error[-1])
        true = found.first + block.start + came + error
        found.backwards += int((np.diff(true, prepend=found.last if found.came else true[0] - 1) <= 0).sum())
        found.came += len(came)
        found.last = int(true[-1])
    found.samples = session.samples
    return found


def undisturbed(
    read: Callable[[int, int], NDArray[np.int32]], signal: Signal, montage: Montage, places: Places
) -> Iterator[Episode]:
    """What the analyser finds in the same signal when nothing is lost: straight from the face, no link between.

    Each sample at the place that the recording gives it: where the counter began anew a place is an estimate, and the analyser's frames and
    seconds lie at fixed places. A signal that is moved by a single sample is cut otherwise, so that edges move by some milliseconds and a
    doubtful decision may fall to the other side; that would be told of a gap which had no part in it.
    """
    analyzer = Analyzer(signal, montage)
    size = 10 * RATE
    none = np.zeros((size, len(signal.aux_labels)), np.int32)
    for at in range(0, places.samples, size):
        n = min(size, places.samples - at)
        counts = np.concatenate([read(first, length) for first, length in places.stretches(at, at + n)])
        yield from analyzer.push(
            Block(at, np.ascontiguousarray(counts), np.zeros(n, np.bool_), none[:n], None)
        ).episodes
    yield from analyzer.finish().episodes


@dataclass(frozen=True)
class Compared:
    """Findings so long after a hole: how many there are in the undisturbed signal, how many of them were found, how many others were."""

    since_s: float
    true: int
    same: int
    others: int


Key = tuple[str, str | None, int, int]
"""Kind, side, and the indices of its first and last sample."""


def compare(places: Places, found: list[Episode], true: list[Episode]) -> list[Compared]:
    """Episodes by the time since the last hole; those that touch one, or begin 5 s before it, are left out."""
    edges = places.holes
    ends = [b for _, b in edges]

    def since(first: int) -> int:
        """Which of SINCE_S: from the beginning of the recording it is as after no hole."""
        before = bisect_right(ends, first)
        away_s = (first - ends[before - 1]) / RATE if before else math.inf
        return bisect_right(SINCE_S, away_s) - 1

    def sorted_in(keys: Iterable[Key]) -> list[set[Key]]:
        groups: list[set[Key]] = [set() for _ in SINCE_S]
        for key in keys:
            if not any(key[2] < b and key[3] > a - 5 * RATE for a, b in edges):
                groups[since(key[2])].add(key)
        return groups

    def near(one: Key, others: set[Key]) -> bool:
        kind, side, a, b = one
        return any((kind, side, a + i, b + j) in others for i in (-1, 0, 1) for j in (-1, 0, 1))

    theirs, ours = (
        sorted_in((str(e.kind), e.side, round(e.start_s * RATE), round(e.end_s * RATE)) for e in episodes)
        for episodes in (true, found)
    )
    everywhere = (set[Key]().union(*ours), set[Key]().union(*theirs))
    return [
        Compared(
            since_s,
            len(theirs[k]),
            sum(near(one, everywhere[0]) for one in theirs[k]),
            sum(not near(one, everywhere[1]) for one in ours[k]),
        )
        for k, since_s in enumerate(SINCE_S)
    ]


def replayed(session: Session, montage: Montage) -> list[Episode]:
    """What the analyser finds in the recording, afterwards."""
    analyzer = Analyzer(session.signal, montage)
    found: list[Episode] = []
    for block in session.blocks(10 * RATE):
        found += analyzer.push(block).episodes
    return [*found, *analyzer.finish().episodes]


def as_found(episodes: list[Episode]) -> list[Episode]:
    """Without what depends on when the screen looked."""
    return sorted((msgspec.structs.replace(e, first_provisional_s=None) for e in episodes), key=lambda e: e.id)
