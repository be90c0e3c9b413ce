"""What is renewed once a second, at fixed frames: resting levels, the habit of the two sides, hum, and electrodes that are off the skin.

Each of these holds for a whole second and is drawn from the seconds before it. So it is kept by the second, and what of it can be worked
out for all seconds of a long block at once is.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.balance import PairBalance
from hfs_emg.analysis.frames import Flags, Floats, FrameClock, SlidingArray
from hfs_emg.analysis.known import Known
from hfs_emg.analysis.mains import MainsSecond
from hfs_emg.analysis.noise import NoiseFloor
from hfs_emg.analysis.quality import REASONS

LEAD_OFF_MAINS_UV = 2000.0
"""Hum of this amplitude means that no skin is behind the electrode: real recordings with poor contact show up to 600 µV."""
LEAD_OFF_NOISE_UV = 60.0
"""So does resting noise above this: dry electrodes stay below 12 µV RMS."""
SWING_WINDOW_S = 0.096
"""RMS window of slow swings."""
_LEARNING = 1
"""The start is deaf for two seconds; the filters have settled in the first, and the noise is learnt from the second, bad as it is."""
_FIRST_HABIT = 3
"""The first second that may show how the two sides compare."""


class SecondLog:
    """Whole seconds of frames in; what holds in each second out. A second is addressed by any frame in it."""

    def __init__(
        self,
        clock: FrameClock,
        channels: int,
        eyes: Sequence[int],
        pairs: list[tuple[int, int]],
        known: Known | None = None,
    ) -> None:
        """eyes: channels whose slow power has a floor of its own. pairs: as `PairBalance` wants them. known: from a calibration."""
        self._clock = clock
        self._channels = channels
        self._eyes = list(eyes)
        width, swing = clock.window, max(2, clock.frames(SWING_WINDOW_S))
        self._longest = clock.second // width
        self._emg_windows = width, self._longest
        self._lid_windows = 2 * width, self._longest // 2
        self._swing_windows = swing, clock.second // swing
        """Length in frames, and how many of them are in a second."""
        self._noise = NoiseFloor(channels, len(self._eyes) + channels)
        if known is not None:
            self._noise.lend(known.rest_power)
        self._balance = PairBalance(channels, pairs)
        ends = np.cumsum([channels, len(self._eyes), channels, channels, 1]).tolist()
        self.emg, self.lids, self.swings, self.gains, self.hum = (
            slice(a, b) for a, b in zip([0, *ends], ends, strict=False)
        )
        """Rows of the log: floors of the EMG, of the lids' slow view and of all slow views (inf before there is one); gains; and the
        frequency of the hum in the second before.
        """
        self._kept = SlidingArray(ends[-1], np.float64)
        self._kept.append(np.concatenate([self._floors(), self._balance.gain, [0.0]])[:, None])
        self._lines: dict[int, tuple[float, ...]] = {}
        """Lines that are notched, by the second in which they are; seconds without any are left out. So it is of what is off the skin."""
        self._off: dict[int, Flags] = {}
        self._off_skin: Flags = np.zeros(channels, dtype=np.bool_)
        self._untold = [self._off_skin]

    @property
    def end(self) -> int:
        """Frame with which the second begins that is now running."""
        return (self._kept.end - 1) * self._clock.second

    def push(self, emg: Floats, slow: Floats, bad: Flags, mains: Sequence[MainsSecond]) -> None:
        """Whole seconds: power (channels, n) of their frames in the EMG and in the slow view; bad (channels, n); mains: of each of them."""
        windows, spoiled = self._windows(emg, slow, bad)
        first, count = self._kept.end - 1, len(windows)
        spoiled_emg = spoiled[:, self.emg].copy()
        columns = np.empty((self.hum.stop, count))
        columns[self.gains] = self._balance.gain[:, None]
        columns[self.hum] = [second.hz for second in mains]
        for k, second in enumerate(mains):
            self._noise.push_second(windows[k], self._uncounted(first + k, spoiled[k]))
            if np.count_nonzero(self._off_skin):
                spoiled_emg[k] |= self._off_skin[:, None]
            columns[: self.swings.stop, k] = self._floors()
            self._take_off_skin(first + k + 1, second)
        habits = max(0, _FIRST_HABIT - first)
        if habits < count:
            floors = columns[self.emg, habits:].T
            gains = self._balance.push_seconds(windows[habits:, self.emg], spoiled_emg[habits:], floors)
            columns[self.gains, habits:] = gains.T
        self._kept.append(columns)

    def _windows(self, emg: Floats, slow: Floats, bad: Flags) -> tuple[Floats, Flags]:
        """Mean power of the windows of each second (seconds, rows, windows), rows as `NoiseFloor` has them; and which are spoiled."""
        seconds = emg.shape[1] // self._clock.second
        windows = np.zeros((seconds, self.swings.stop, self._longest))
        spoiled = np.ones(windows.shape, dtype=np.bool_)
        any_bad = bool(bad.any())
        for rows, frames, flags, width, count in (
            (self.emg, emg, bad, *self._emg_windows),
            (self.lids, slow[self._eyes], bad[self._eyes], *self._lid_windows),
            (self.swings, slow, bad, *self._swing_windows),
        ):
            windows[:, rows, :count] = np.add.reduce(self._cut(frames, seconds, width, count), axis=3) / width
            spoiled[:, rows, :count] = any_bad and self._cut(flags, seconds, width, count).any(axis=3)
        return windows, spoiled

    def _cut(self, frames: NDArray[Any], seconds: int, width: int, count: int) -> NDArray[Any]:
        """frames (rows, n) to (seconds, rows, count, width)."""
        rows = len(frames)
        whole = frames.reshape(rows, seconds, self._clock.second)[:, :, : count * width]
        return whole.reshape(rows, seconds, count, width).transpose(1, 0, 2, 3)

    def _uncounted(self, second: int, spoiled: Flags) -> Flags:
        """Windows (rows, windows) that no resting level may be drawn from."""
        if second == _LEARNING:
            spoiled[self.emg, : self._emg_windows[1]] = False
            spoiled[self.lids, : self._lid_windows[1]] = False
        elif np.count_nonzero(self._off_skin):
            # Off the skin noise goes on being heard, or nobody would know when it is on again.
            spoiled[self.emg, : self._emg_windows[1]] &= ~self._off_skin[:, None]
            spoiled[self.lids] |= self._off_skin[self._eyes, None]
        return spoiled

    def _floors(self) -> Floats:
        """The resting levels with which a second begins."""
        floors = self._noise.power
        if not self._noise.all_known:
            floors = floors.copy()
            floors[self.swings][~self._noise.known[self.swings]] = np.inf
        return floors

    def _take_off_skin(self, second: int, mains: MainsSecond) -> None:
        """What the second before says of hum and contact in this one."""
        if mains.lines_hz:
            self._lines[second] = mains.lines_hz
        noise = self._noise.power[self.emg]
        self._off_skin = (mains.amplitude_uv > LEAD_OFF_MAINS_UV) | (noise > LEAD_OFF_NOISE_UV**2)
        self._untold.append(self._off_skin)
        if np.count_nonzero(self._off_skin):
            self._off[second] = self._off_skin

    def take_off_skin(self) -> NDArray[np.int8] | None:
        """Verdicts (channels, n) of `REASONS` for the seconds that have begun since this was last asked; None without any."""
        if not self._untold:
            return None
        seconds, self._untold = self._untold, []
        return np.array(seconds, dtype=np.int8).T * np.int8(1 + REASONS.index("lead_off"))

    def columns(self, rows: slice, start: int, end: int) -> Floats:
        """Rows of the seconds that frames start…end lie in, one column each."""
        second = self._clock.second
        found: Floats = self._kept.read(start // second, (end - 1) // second + 1)[rows]
        return found

    def spread(self, rows: slice, start: int, end: int) -> Floats:
        """Rows of the log for frames start…end: (rows, end - start), or (rows, 1) where one second holds them all."""
        found = self.columns(rows, start, end)
        return found if found.shape[1] == 1 else found.repeat(self._lengths(start, end), axis=1)

    def laid(self, rows: slice, spans: Sequence[tuple[int, int]]) -> Floats:
        """Rows of the log for spans of frames, end to end: (rows, m)."""
        columns = [self.columns(rows, start, end) for start, end in spans]
        lengths = [length for start, end in spans for length in self._lengths(start, end)]
        return np.concatenate(columns, axis=1).repeat(lengths, axis=1)

    def at(self, rows: slice, frames: Sequence[int]) -> Floats:
        """Rows of the log at some frames, (n, rows)."""
        seconds = [frame // self._clock.second for frame in frames]
        first = min(seconds)
        held: Floats = self._kept.read(first, max(seconds) + 1)[rows]
        return held.take([second - first for second in seconds], axis=1).T

    def _lengths(self, start: int, end: int) -> list[int]:
        """How many of the frames lie in each second."""
        second = self._clock.second
        edges = [start, *range((start // second + 1) * second, end, second), end]
        return [b - a for a, b in pairwise(edges)]

    def off_skin(self, start: int, end: int) -> Flags | None:
        """Channels that are off the skin (channels, end - start) in some frames; None where none is."""
        if not self._off:
            return None
        second = self._clock.second
        seconds = range(start // second, (end - 1) // second + 1)
        nothing = np.zeros(self._channels, dtype=np.bool_)
        return np.stack([self._off.get(at, nothing) for at in seconds], axis=1).repeat(
            self._lengths(start, end), axis=1
        )

    def lines_hz(self, frame: int) -> tuple[float, ...]:
        """The lines that are notched at a frame."""
        return self._lines.get(frame // self._clock.second, ())

    def forget_before(self, frame: int) -> None:
        """Drop the seconds that end before a frame."""
        second = frame // self._clock.second
        self._kept.drop_before(second)
        for kept in (self._lines, self._off):
            for old in [at for at in kept if at < second]:
                del kept[old]
