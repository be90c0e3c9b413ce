"""UTC of a sample, from the clock lines of a session's timeline.

Each line holds a sample, the moment at which it arrives on a punctual link (CLOCK_BOOTTIME, which neither jumps nor stops in suspend),
and what the computer's wall clock said then. Between lines the sample's moment in boot time is a straight line. From boot time to UTC it
is one offset, and wall clocks are set while they run: a Pi without a clock chip starts with an old time and is told the true one
minutes later. So a step is never followed: the offset after the last step is taken for all that lies before it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np

STEP_S = 0.2
"""An offset that changes by more than this between two lines was set; a network clock that is only steered changes it by 30 ms a minute."""


class ClockNote(Protocol):
    """One clock line: the rate fitted, a sample, its moment in boot time, and in UTC, None when the clock was not set."""

    @property
    def clock(self) -> float: ...  # noqa: D102 - as the timeline has it
    @property
    def sample(self) -> int: ...  # noqa: D102
    @property
    def arrival_s(self) -> float: ...  # noqa: D102
    @property
    def moment(self) -> datetime | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The computer's clock was set by by_s before this sample."""

    sample: int
    by_s: float


class SampleTime:
    """Maps samples of one session to boot time and UTC. Raises ValueError without a line.

    steps: when the wall clock was set. The first line is as good as one clump of samples, and is left out when there are others.
    """

    def __init__(self, lines: Sequence[ClockNote]) -> None:
        if not lines:
            raise ValueError("the timeline holds no clock line")
        kept = list(lines[1:] if len(lines) > 1 else lines)
        self._samples = np.array([line.sample for line in kept], np.float64)
        self._boot_s = np.array([line.arrival_s for line in kept], np.float64)
        self._rates_hz = (kept[0].clock if len(kept) == 1 else kept[1].clock, kept[-1].clock)
        told = [(line, line.moment) for line in kept]
        utc = [(line, moment.timestamp() - line.arrival_s) for line, moment in told if moment is not None]
        self.steps = tuple(
            ClockStep(line.sample, by_s)
            for (_, before_s), (line, after_s) in itertools.pairwise(utc)
            if abs(by_s := after_s - before_s) > STEP_S
        )
        first_true = self.steps[-1].sample if self.steps else 0
        self._true = [(line.arrival_s, offset_s) for line, offset_s in utc if line.sample >= first_true]

    def boot_s(self, sample: float) -> float:
        """When the sample was taken, give or take the constant delay of the link, in CLOCK_BOOTTIME seconds."""
        if sample <= self._samples[0]:
            return float(self._boot_s[0] + (sample - self._samples[0]) / self._rates_hz[0])
        if sample >= self._samples[-1]:
            return float(self._boot_s[-1] + (sample - self._samples[-1]) / self._rates_hz[1])
        return float(np.interp(sample, self._samples, self._boot_s))

    def utc(self, sample: float) -> datetime | None:
        """The same in UTC; None when the computer's clock was never set."""
        if not self._true:
            return None
        boot_s = self.boot_s(sample)
        moments, offsets = zip(*self._true, strict=True)
        offset_s = float(np.interp(boot_s, moments, offsets))  # before the first, the first: a step is not followed
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=boot_s + offset_s)
