"""Where a session begins and ends among the samples of one acquisition, and when its clock is to be noted. Pure.

Several sessions can follow one another over one acquisition: a session that is rotated ends with some sample, and the next one begins
with the sample after it.
"""

from __future__ import annotations

from dataclasses import replace

from hfs_emg.model import Block
from hfs_emg.sample_clock import SampleClock

CLOCK_EVERY_S = 60.0


class SessionSpan:
    """Cuts the blocks of an acquisition to one session's. origin: index of the session's first sample; limit: its longest length.

    left_over: what a rotation cut off, by the acquisition's index.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.origin = 0
        self.limit = limit
        self.rotate_at: int | None = None
        self.left_over: list[Block] = []

    def complete(self, samples: int) -> bool:
        """All that was wanted is there."""
        return self.limit is not None and samples >= self.limit

    def rotated(self, samples: int) -> bool:
        """The next session's turn has come."""
        return self.rotate_at is not None and samples >= self.rotate_at

    def cut(self, block: Block, samples: int) -> Block | None:
        """The block by the session's own index, up to its end; None when nothing of it is wanted. The session holds `samples` by now."""
        if self.origin:
            block = replace(block, start=block.start - self.origin)
        end = block.end
        if self.rotate_at is not None:
            end = min(end, max(self.rotate_at, samples))
        if end < block.end:
            rest = _part(block, max(0, end - block.start), len(block.counts))
            self.left_over.append(replace(rest, start=rest.start + self.origin))
        if self.limit is not None:
            end = min(end, self.limit)
        if end <= block.start:
            return None
        return block if end == block.end else _part(block, 0, end - block.start)


class ClockNotes:
    """When the fitted clock is to be written down: at once, when it knows better than one clump of samples tells, and each minute."""

    def __init__(self, rate_hz: float) -> None:
        self._every = round(CLOCK_EVERY_S * rate_hz)
        self._due = 0
        self._settled = False

    def due(self, clock: SampleClock, samples: int) -> bool:
        """Whether to note it now, the session holding `samples`."""
        if not clock.started:
            return False
        settles = clock.settled and not self._settled
        self._settled = clock.settled
        if samples < self._due and not settles:
            return False
        self._due = samples + self._every
        return True


def _part(block: Block, start: int, end: int) -> Block:
    """Some of its samples, the counts in an array of their own."""
    rows = slice(start, end)
    return Block(block.start + start, block.counts[rows].copy(), block.lost[rows], block.aux[rows], block.arrival_s)
