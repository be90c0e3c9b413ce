"""Islands: stretches of frames in which some channel is above its noise, with quiet water on both sides.

An island is handed on once LOOK_AHEAD_S of signal after it is there, and everything found in it is a pure function of the
frames around it. That is why the cutting of the stream cannot show. Activity without a pause is cut after LONGEST_S, at a fixed frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.frames import FrameClock

Flags = NDArray[np.bool_]

QUIET_S = 0.12
"""Silence of all channels that ends an island: the gap that bursts may have (60–80 ms) and the envelope's window."""
LOOK_AHEAD_S = 1.0
"""Signal after an island that a decision may use: chewing (0.9–2.2 Hz) shows its next stroke within it."""
LONGEST_S = 8.0


@dataclass(frozen=True, slots=True)
class Island:
    """Frames first…last+1 (half open). `cut` says that activity goes on at its end."""

    first: int
    end: int
    cut: bool


class IslandFinder:
    """Walks forward over frames; `frontier` is the frame before which everything has been handed on."""

    def __init__(self, clock: FrameClock) -> None:
        self._quiet = clock.frames(QUIET_S)
        self._look_ahead = clock.frames(LOOK_AHEAD_S)
        self._longest = clock.frames(LONGEST_S)
        self.frontier = 0
        self.open: list[tuple[int, int]] = []
        """First frame and end of each stretch of activity that has not been handed on yet; the last may still grow."""

    def find(self, support: Flags, seed: Flags) -> list[Island]:
        """Islands now ripe. support, seed: flags of the frames from `frontier` to the newest; seed implies support."""
        base = self.frontier
        n = len(support)
        self.open = []
        active = np.flatnonzero(support)
        if len(active) == 0:
            self.frontier = base + n
            return []
        breaks = np.flatnonzero(np.diff(active) > self._quiet)
        firsts = active[np.concatenate([[0], breaks + 1])]
        ends = active[np.concatenate([breaks, [len(active) - 1]])] + 1
        seeds = [0, *np.cumsum(seed).tolist()]
        islands: list[Island] = []
        stretches = list(zip(firsts.tolist(), ends.tolist(), strict=True))
        for i, (first, end) in enumerate(stretches):
            at = first
            while end - at > self._longest and at + self._longest + self._look_ahead <= n:
                if seeds[at + self._longest] > seeds[at]:
                    islands.append(Island(base + at, base + at + self._longest, cut=True))
                # The next piece begins with activity, as it does where the cut was all that an earlier call could see.
                at = int(active[np.searchsorted(active, at + self._longest)])
            wait = self._look_ahead if seeds[end] > seeds[at] else self._quiet
            if end - at > self._longest or end + wait > n:
                self.frontier = base + at
                waiting = [(at, end), *stretches[i + 1 :]]
                self.open = [(base + a, base + b) for a, b in waiting if seeds[b] > seeds[a]]
                return islands
            if seeds[end] > seeds[at]:
                islands.append(Island(base + at, base + end, cut=False))
            self.frontier = base + end
        self.frontier = base + n
        return islands

    def flush(self, support: Flags, seed: Flags) -> list[Island]:
        """At the end of the stream: what is left, without waiting for signal after it."""
        pad = np.zeros(self._look_ahead + self._quiet + 1, dtype=np.bool_)
        return self.find(np.concatenate([support, pad]), np.concatenate([seed, pad]))
