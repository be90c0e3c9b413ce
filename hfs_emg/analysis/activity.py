"""What is looked at together: stretches of activity with the frames around them, laid end to end, and the atoms in them as columns.

An hour of a meal holds thousands of islands and ten thousands of atoms, and what numpy does to one costs some hundred calls whether it
is one or fifty. So all islands that ripen together are worked on together, and a live look at one stretch is the same with one. Which
they are depends on how the stream was cut, and must not show: see `stretches`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.stretches import Columns, Flags, Floats
from hfs_emg.events import SideName

BOTH = 2
"""Sides by number: 0 left, 1 right, 2 both."""
SIDE_NAMES: tuple[SideName, ...] = ("left", "right", "both")
SIDE_NUMBERS = {name: number for number, name in enumerate(SIDE_NAMES)}


class Layout:
    """Where some stretches lie, (n,) each. low, high: all columns that are held for each; starts, ends: those of the stretch itself;
    origin: frame of the stream less column. spans, lengths: low and high, and how many columns that is, as numbers.
    """

    def __init__(self, stretches: Sequence[tuple[int, int]], around: Sequence[tuple[int, int]]) -> None:
        """stretches: frames of the stream, half open; around: the frames that are held for each."""
        self.lengths = [last - first for first, last in around]
        stops = list(accumulate(self.lengths))
        self.spans = list(zip([0, *stops], stops, strict=False))
        offsets = [low - first for (first, _), (low, _) in zip(around, self.spans, strict=True)]
        shifted = [(a + by, b + by) for (a, b), by in zip(stretches, offsets, strict=True)]
        self.low, self.high, self.starts, self.ends, self.origin = np.array(
            [(*span, *stretch, -by) for span, stretch, by in zip(self.spans, shifted, offsets, strict=True)]
        ).T

    def spread(self, each: NDArray[np.float64]) -> Floats:
        """One value per stretch and row, (n, rows), to one per column (rows, m); (rows, 1) where there is but one stretch."""
        return each.T if len(self.spans) == 1 else each.T.repeat(self.lengths, axis=1)


@dataclass(frozen=True, slots=True)
class Activity:
    """What atoms are cut from: stretches with the frames around them, m columns in all.

    envelope (channels, m): 48 ms mean power. floor (channels, m): noise power. bad (channels, m). eye (m,): power of the eye potential
    over its noise, as far as both eyes show it. gain (n, channels): factors on power that make twins alike, by what is usual for this
    face (`balance`).
    """

    layout: Layout
    envelope: Floats
    floor: Floats
    gain: Floats
    bad: Flags
    eye: Floats


@dataclass(frozen=True, slots=True)
class Neighbourhood(Activity):
    """Islands with the frames around them and all that is measured in them.

    short: 24 ms mean power. slow, fast, hop: power of the other views and of single frames. eye_wave (0 or 2, m): 2–15 Hz at the two
    lids, µV. wave (channels, m * hop): the EMG itself. hum_hz (m,): mains frequency, as sampled, in the second before that of the frame:
    whole, and not yet changed by what begins there.
    """

    short: Floats
    hop: Floats
    slow: Floats
    fast: Floats
    eye_wave: Floats
    wave: Floats
    hum_hz: Floats


@dataclass(frozen=True, slots=True)
class SiteStates:
    """Per channel and frame (channels, m): in a burst, and how. one_sided and two_sided exclude each other.

    up: stronger than just before, by a factor. eye_potential (m,): both eyes move (a blink, also one whose muscle drowns in noise).
    together: two-sided, by the muscle or by the eye potential.
    """

    burst: Flags
    one_sided: Flags
    two_sided: Flags
    up: Flags
    eye_potential: Flags
    together: Flags


@dataclass(frozen=True, slots=True)
class AtomTable:
    """Atoms as columns, (n,) each, by start. starts, ends: columns of what they were cut from. low, high: those of the neighbourhood
    they are in.

    origin: frame of the stream less column. sides: by number. channels (n, channels): which take part, at least 24 ms. stretch: length
    of the unbroken activity; into: how far in the atom begins, frames. island: which of the stretches. start_s, end_s: seconds of the
    stream.
    """

    starts: Columns
    ends: Columns
    low: Columns
    high: Columns
    origin: Columns
    sides: Columns
    channels: Flags
    stretch: Columns
    into: Columns
    island: Columns
    start_s: Floats
    end_s: Floats

    @staticmethod
    def none(channels: int) -> AtomTable:
        """No atoms."""
        nothing, never = np.zeros(0, dtype=np.int64), np.zeros(0)
        return AtomTable(
            *(nothing,) * 6, np.zeros((0, channels), dtype=np.bool_), *(nothing,) * 3, start_s=never, end_s=never
        )

    def __len__(self) -> int:
        return len(self.starts)

    def by_island(self) -> list[slice]:
        """The rows of each island that has atoms."""
        edges = np.flatnonzero(np.diff(self.island, prepend=-1, append=-1)).tolist()
        return [slice(*own) for own in pairwise(edges)]

    def of(self, which: Flags | Columns) -> AtomTable:
        """Some of them."""
        return AtomTable(*(getattr(self, name)[which] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Cut:
    """Islands cut into atoms."""

    states: SiteStates
    atoms: AtomTable
