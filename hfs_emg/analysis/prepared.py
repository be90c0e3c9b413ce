"""What the first half of the analyser hands to the second: islands, with all that is measured in them.

A piece is whole in itself: nothing of the half that made it is needed to decide, so that the two may be two processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import msgspec

from hfs_emg.analysis.activity import AtomTable, Neighbourhood
from hfs_emg.analysis.examining import Examined
from hfs_emg.analysis.stretches import Floats
from hfs_emg.analysis.swings import Swing
from hfs_emg.events import Episode, Invalid

Frames = tuple[int, int]
"""Of the stream, half open."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Some islands that are ripe, in order of the stream, and what else came to be known with them.

    near: the islands with the frames around them; None without islands, and where they are examined already: then examined says what is
    in them, if anything is, and jumps what is a jump of the mains.
    rails: (channel, first sample, end) at the end of the range. swings: those that have ended; no later one begins before the frame
    swings_from. frontier: frame before which no later island begins. samples: length of the stream, in what its end settles. last:
    nothing follows.
    """

    islands: tuple[Frames, ...]
    near: Neighbourhood | None
    examined: Examined | None
    jumps: AtomTable | None
    rails: tuple[tuple[int, int, int], ...]
    swings: tuple[Swing, ...]
    swings_from: int
    frontier: int
    samples: int | None = None
    last: bool = False


class Decided(msgspec.Struct, frozen=True):
    """What pieces settled. frontier: that of the newest of them, a frame."""

    episodes: tuple[Episode, ...]
    invalid: tuple[Invalid, ...]
    frontier: int


class Decides(Protocol):
    """The half that decides: here, or in a process beside this one."""

    def room(self, rows: int, columns: int) -> Floats:
        """An array to be filled with what is large in the next piece; where that is elsewhere, it need not be copied there."""

    def busy(self) -> bool:
        """Whether it has enough to do, so that what either half may do is better done in the first."""

    def take(self, piece: Prepared) -> None:
        """The next piece. With the last one everything is settled."""

    def settled(self) -> Decided:
        """What was settled since this was last asked."""
