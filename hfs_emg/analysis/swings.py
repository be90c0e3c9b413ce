"""Slow swings where no muscle moves: an electrode, a cable or a fold of skin that was moved.

Most of such a movement lies below the EMG band, so that the finder of bursts does not see it. Here the power between 2 and 15 Hz is
looked at by itself. The potential of the eyeball is as slow, so the channels at eye and brow need far more of it than the others.
A swing during which anything else was found is left alone: the decision has weighed it there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Site
from hfs_emg.analysis.frames import Flags, Floats, FrameClock, moving_mean
from hfs_emg.analysis.seconds import SWING_WINDOW_S

SWING_UV = 30.0
"""RMS over SWING_WINDOW_S. With half of it precision on the tuning faces falls; with twice of it a third of the swings is lost."""
EYE_SWING_UV = 300.0
"""The same at eye and brow, beyond the eye potential of a blink (up to 300 µV at its peak)."""
OVER_FLOOR = 6.0
"""And so many times the channel's own resting level, for a channel that drifts always."""
APART_S = 0.3
"""Swings less than this apart are one."""
_COVERED_AT_ONCE = 64
"""So many stretches with something found may be held before those that no swing can reach any more are looked for."""
CONFIDENCE = 0.95
"""Of 37 such stretches on the tuning faces 36 lay on a disturbance that was put there."""


@dataclass(frozen=True, slots=True)
class Swing:
    """Frames first…end (half open), the channels that swing, and the largest RMS over SWING_WINDOW_S of each, µV."""

    first: int
    end: int
    channels: tuple[int, ...]
    peaks_uv: tuple[float, ...]


class SwingFinder:
    """Frames of the slow view in; swings out, whatever else is there. State depends on positions alone, never on the cutting."""

    def __init__(self, clock: FrameClock, montage: Montage) -> None:
        self._clock = clock
        channels = montage.channels
        near_eye = np.array([c.site in (Site.ORBICULARIS_OCULI, Site.FRONTALIS) for c in channels], dtype=np.bool_)
        self._least = np.where(near_eye, EYE_SWING_UV, SWING_UV) ** 2
        self._width = max(2, clock.frames(SWING_WINDOW_S))
        self._apart = clock.frames(APART_S)
        self._lead = self._width - 1
        self._power: Floats = np.zeros((len(channels), self._lead))
        """Of the last frames, with which a window that ends with the next one begins."""
        self._bad: Flags = np.ones(self._power.shape, dtype=np.bool_)
        self._end = 0
        """Frames that have come."""
        self._open: tuple[int, int] | None = None
        self._peaks = np.zeros(len(channels))
        self._found: list[Swing] = []

    def push(self, slow: Floats, bad: Flags, floors: Floats) -> None:
        """slow (channels, n): power of frames between 2 and 15 Hz, µV²; bad: frames that count for nothing; floors: resting power in each
        of the seconds that the frames lie in, one column each, inf before it is known.
        """
        new = slow.shape[1]
        power, spoiled = np.concatenate([self._power, slow], axis=1), np.concatenate([self._bad, bad], axis=1)
        least = np.maximum(self._least[:, None], OVER_FLOOR**2 * floors)
        # A mean is no more than the highest: most short blocks, and most seconds of long ones, need no closer look.
        if np.count_nonzero(np.maximum.reduce(power, axis=1) > 0.999 * np.minimum.reduce(least, axis=1)):
            self._look(power, spoiled, least)
        self._end += new
        self._power, self._bad = power[:, new:].copy(), spoiled[:, new:].copy()
        if self._open is not None and self._end - self._width - self._open[1] >= self._apart:
            self._close()

    def found(self) -> tuple[tuple[Swing, ...], int]:
        """Swings that have ended since this was last asked, and a frame before which no later one begins."""
        found, self._found = tuple(self._found), []
        waiting = self._end - self._width - self._apart
        return found, waiting if self._open is None else min(waiting, self._open[0])

    def finish(self) -> None:
        """At the end of the stream: what swings still has ended."""
        self._close()

    def _look(self, power: Floats, spoiled: Flags, least: Floats) -> None:
        """Second by second, where one may swing. power, spoiled: with the last frames before the new ones; least (channels, seconds)."""
        second, lead, new = self._clock.second, self._lead, power.shape[1] - self._lead
        edges = [0, *range(second - self._end % second, new, second), new]
        highest = np.maximum.reduceat(power, [0, *[lead + begin for begin in edges[:-1]]], axis=1)
        # The first second may be shorter here than the window with which the next one begins.
        np.maximum(highest[:, 1], highest[:, 0], out=highest[:, 1])
        moves = np.maximum(highest[:, 1:], highest[:, :-1]) > 0.999 * least
        for k in np.flatnonzero(moves.any(axis=0)).tolist():
            part = slice(edges[k], edges[k + 1] + lead)
            self._find(self._end + edges[k] - lead, power[:, part], spoiled[:, part], least[:, k])

    def _find(self, first: int, power: Floats, spoiled: Flags, least: Floats) -> None:
        """Look at the windows of some columns, which begin with this frame; least (channels,): mean power that is a swing in them."""
        mean = moving_mean(power, self._width)
        over = mean > least[:, None]
        if over.any():
            over &= ~_any(spoiled, self._width)
        for at in np.flatnonzero(over.any(axis=0)).tolist():
            self._swings(first + at, np.where(over[:, at], mean[:, at], 0.0))

    def _swings(self, first: int, power: Floats) -> None:
        """Frames first…first + width swing, at this mean power of each channel (0: it does not)."""
        if self._open is not None and first - self._open[1] >= self._apart:
            self._close()
        self._open = (first if self._open is None else self._open[0], first + self._width)
        np.maximum(self._peaks, power, out=self._peaks)

    def _close(self) -> None:
        if self._open is None:
            return
        channels = tuple(np.flatnonzero(self._peaks).tolist())
        peaks = tuple(float(p) for p in np.sqrt(self._peaks[list(channels)]))
        self._found.append(Swing(*self._open, channels, peaks))
        self._open = None
        self._peaks[:] = 0.0


class SwingLog:
    """Swings in, and where something was found; swings that nothing explains out."""

    def __init__(self) -> None:
        self._waiting: list[Swing] = []
        self._later_from = 0
        self._covered: list[tuple[int, int]] = []

    def expect(self, swings: Sequence[Swing], later_from: int) -> None:
        """Swings that have ended; no later one begins before a frame."""
        self._waiting += swings
        self._later_from = later_from

    def cover(self, first: int, end: int) -> None:
        """Frames in which something was found."""
        self._covered.append((first, end))

    def ripe(self, frontier: int) -> list[Swing]:
        """Swings that end before a frame before which everything else is decided, without those that it covers."""
        if not self._waiting and len(self._covered) < _COVERED_AT_ONCE:
            return []
        done = [s for s in self._waiting if s.end <= frontier]
        self._waiting = self._waiting[len(done) :]
        found = [s for s in done if not any(a < s.end and b > s.first for a, b in self._covered)]
        keep = min([self._later_from, frontier, *(s.first for s in self._waiting)])
        self._covered = [(a, b) for a, b in self._covered if b > keep]
        return found


def _any(flags: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Whether one of `width` neighbouring columns is set."""
    n = flags.shape[1] - width + 1
    found = flags[:, :n].copy()
    for k in range(1, width):
        found |= flags[:, k : k + n]
    return found
