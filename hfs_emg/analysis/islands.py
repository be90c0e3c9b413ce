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
_SET = b"\1"


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
        self._silence = bytes(self._quiet)
        self._look_ahead = clock.frames(LOOK_AHEAD_S)
        self._longest = clock.frames(LONGEST_S)
        self.frontier = 0
        self.open: list[tuple[int, int]] = []
        """First frame and end of each stretch of activity that has not been handed on yet; the last may still grow."""

    def find(self, support: Flags, seed: Flags) -> list[Island]:
        """Islands now ripe. support, seed: flags of the frames from `frontier` to the newest; seed implies support."""
        base, n = self.frontier, len(support)
        self.open = []
        flags, seeds = support.tobytes(), seed.tobytes()
        stretches = self._stretches(flags)
        if not stretches:
            self.frontier = base + n
            return []
        islands: list[Island] = []
        for i, (first, end) in enumerate(stretches):
            at = first
            while end - at > self._longest and at + self._longest + self._look_ahead <= n:
                if _SET in seeds[at : at + self._longest]:
                    islands.append(Island(base + at, base + at + self._longest, cut=True))
                # The next piece begins with activity, as it does where the cut was all that an earlier call could see.
                at = flags.find(_SET, at + self._longest)
            seeded = _SET in seeds[at:end]
            if end - at > self._longest or end + (self._look_ahead if seeded else self._quiet) > n:
                self.frontier = base + at
                waiting = [(at, end), *stretches[i + 1 :]]
                self.open = [(base + a, base + b) for a, b in waiting if _SET in seeds[a:b]]
                return islands
            if seeded:
                islands.append(Island(base + at, base + end, cut=False))
            self.frontier = base + end
        self.frontier = base + n
        return islands

    def _stretches(self, flags: bytes) -> list[tuple[int, int]]:
        """Runs of set flags, those less than the quiet between islands apart joined. As bytes, for their search is made for this."""
        found: list[tuple[int, int]] = []
        first = flags.find(_SET)
        while first >= 0:
            end = flags.find(self._silence, first)
            end = end if end >= 0 else flags.rfind(_SET) + 1
            found.append((first, end))
            first = flags.find(_SET, end)
        return found

    def flush(self, support: Flags, seed: Flags) -> list[Island]:
        """At the end of the stream: what is left, without waiting for signal after it."""
        pad = np.zeros(self._look_ahead + self._quiet + 1, dtype=np.bool_)
        return self.find(np.concatenate([support, pad]), np.concatenate([seed, pad]))
