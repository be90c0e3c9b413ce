"""Samples on their way to a browser: one binary message, little-endian, of a header and whole numbers channel by channel.

offset  type   what
0       u8     version, 1
1       u8     channels
2       u16    samples per channel
4       u32    number of the frame, which the browser sends back
8       f64    index of the first sample
16      f64    samples recorded when it was sent
24      f64    the board's clock when it was sent, s
32      f32    sample rate, Hz
36      u16    the way there and back when it was last measured, ms; 65535: not yet
38      u16    µV per 1000 steps
40      i16    samples; -32768: lost, or not there
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.int16]

VERSION = 1
HEADER = struct.Struct("<BBHIdddfHH")
NO_SAMPLE = -32768
STEP_UV = 0.1
"""±3.3 mV of the filtered signal: more than any face makes."""
UNMEASURED = 0xFFFF


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples that follow one another: first index, steps (channels, n)."""

    first: int
    steps: Steps

    @property
    def end(self) -> int:
        """Index after the last one."""
        return self.first + int(self.steps.shape[1])


def steps_of(uv: NDArray[np.float64], lost: NDArray[np.bool_]) -> Steps:
    """(channels, n) µV as steps; what was lost as NO_SAMPLE."""
    steps = np.clip(np.rint(uv / STEP_UV), -32767, 32767).astype(np.int16)
    steps[:, lost] = NO_SAMPLE
    return steps


def encode_frame(
    stretch: Stretch, *, number: int, recorded: int, board_s: float, rate_hz: float, round_trip_s: float | None
) -> bytes:
    """One message."""
    trip = UNMEASURED if round_trip_s is None else min(UNMEASURED - 1, round(1000 * round_trip_s))
    channels, samples = stretch.steps.shape
    head = HEADER.pack(
        VERSION,
        channels,
        samples,
        number & 0xFFFFFFFF,
        stretch.first,
        recorded,
        board_s,
        rate_hz,
        trip,
        round(1000 * STEP_UV),
    )
    return head + np.ascontiguousarray(stretch.steps, "<i2").tobytes()


class Traces:
    """The last seconds of what is shown, from which each browser takes what it has not seen."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._parts: deque[Stretch] = deque()
        self.end = 0

    @property
    def start(self) -> int:
        """Index of the oldest sample that is kept."""
        return self._parts[0].first if self._parts else self.end

    def add(self, stretch: Stretch) -> None:
        """The newest samples; a hole before them empties what was there."""
        if stretch.first != self.end:
            self._parts.clear()
        self._parts.append(stretch)
        self.end = stretch.end
        while self._parts and self.end - self._parts[0].end >= self._longest:
            self._parts.popleft()

    def since(self, index: int, most: int) -> Stretch | None:
        """At most so many samples from `index` on, or from the oldest that is kept; None when there is nothing new."""
        begin = max(index, self.start)
        if begin >= self.end:
            return None
        end = min(self.end, begin + most)
        parts = [
            p.steps[:, max(0, begin - p.first) : end - p.first] for p in self._parts if p.end > begin and p.first < end
        ]
        return Stretch(begin, np.concatenate(parts, axis=1))
