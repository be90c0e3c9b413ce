"""How much was lost: per session and per minute of it, by sample index."""

from __future__ import annotations

import numpy as np

from hfs_emg.model import Block

MINUTE_S = 60.0


class LossLedger:
    """Counts the lost samples of contiguous blocks. samples, lost: of the whole session."""

    def __init__(self, rate_hz: float) -> None:
        self.samples = 0
        self.lost = 0
        self._minute = max(1, round(MINUTE_S * rate_hz))
        self._lost: list[int] = []

    def add(self, block: Block) -> None:
        """The next block."""
        first = block.start // self._minute
        last = max(first, (block.end - 1) // self._minute)
        self._lost += [0] * (last + 1 - len(self._lost))
        if block.lost.any():
            minutes = (block.start + np.flatnonzero(block.lost)) // self._minute
            for minute, count in zip(*np.unique(minutes, return_counts=True), strict=True):
                self._lost[int(minute)] += int(count)
            self.lost += int(block.lost.sum())
        self.samples = block.end

    @property
    def by_minute(self) -> tuple[int, ...]:
        """Lost samples of each minute, the last one perhaps not full."""
        return tuple(self._lost)

    @property
    def share(self) -> float:
        """Of the session, 0 to 1."""
        return self.lost / self.samples if self.samples else 0.0

    @property
    def worst_minute(self) -> tuple[int, float]:
        """Number of the minute that lost most, from 0, and which share of it, 0 to 1."""
        if not self._lost:
            return 0, 0.0
        worst = int(np.argmax(self._lost))
        return worst, self._lost[worst] / min(self._minute, self.samples - worst * self._minute)
