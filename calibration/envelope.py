"""The signal as calibration sees it: steps of some 50 ms, each with the channels' power and products.

A step is a fixed number of samples of the EMG band (µV, hum taken out). Its products divided by the number of samples are a covariance
matrix: the diagonal is power, the rest tells crosstalk, which arrives at two electrodes at the same instant. Frames are fixed parts of a
step, for what is faster than a step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class StepClock:
    """How steps, frames and samples relate at one rate."""

    rate_hz: float
    samples: int
    """In a step."""
    frames: int
    """In a step."""

    @property
    def step_s(self) -> float:
        """Length of a step."""
        return self.samples / self.rate_hz

    @property
    def frame_s(self) -> float:
        """Length of a frame."""
        return self.step_s / self.frames

    def steps(self, seconds: float) -> int:
        """Seconds in whole steps, one at least."""
        return max(1, round(seconds / self.step_s))


@dataclass(frozen=True, slots=True)
class Envelope:
    """Steps that follow each other; `start` is the first one's index, step k begins with sample k × samples.

    products (steps, channels, channels): covariances, µV². frames (steps, channels, frames): power of the parts, µV². bad
    (steps, channels): lost, railed, flat or not yet settled, so that nothing of the step counts on that channel.
    """

    start: int
    products: Floats
    frames: Floats
    bad: Flags

    @property
    def end(self) -> int:
        """Index after the last step."""
        return self.start + len(self.products)

    @property
    def power(self) -> Floats:
        """(steps, channels), µV²."""
        return np.asarray(np.diagonal(self.products, axis1=1, axis2=2), dtype=np.float64)

    def part(self, start: int, end: int) -> Envelope:
        """Steps start…end by their own index, as far as they are held."""
        a, b = max(0, start - self.start), max(0, end - self.start)
        return Envelope(self.start + a, self.products[a:b], self.frames[a:b], self.bad[a:b])


class EnvelopeLog:
    """All steps of a sequence, in order. Raises ValueError for a block that does not follow the one before."""

    def __init__(self) -> None:
        self._blocks: list[Envelope] = []
        self._joined: Envelope | None = None

    @property
    def end(self) -> int:
        """Index after the last step."""
        return self._blocks[-1].end if self._blocks else 0

    def append(self, block: Envelope) -> None:
        """Keep a block."""
        if self._blocks and block.start != self.end:
            raise ValueError(f"block starts at step {block.start}, expected {self.end}")
        self._blocks.append(block)
        self._joined = None

    @property
    def whole(self) -> Envelope:
        """Everything so far. Raises ValueError while there is nothing."""
        if not self._blocks:
            raise ValueError("no step has come yet")
        if self._joined is None:
            products, frames, bad = (
                np.concatenate([getattr(b, name) for b in self._blocks]) for name in ("products", "frames", "bad")
            )
            self._joined = Envelope(self._blocks[0].start, products, frames, bad)
            self._blocks = [self._joined]
        return self._joined

    def last(self, steps: int) -> Envelope:
        """At most so many of the last steps."""
        chosen: list[Envelope] = []
        held = 0
        for block in reversed(self._blocks):
            chosen.insert(0, block)
            held += len(block.products)
            if held >= steps:
                break
        if not chosen:
            raise ValueError("no step has come yet")
        products, frames, bad = (
            np.concatenate([getattr(b, name) for b in chosen]) for name in ("products", "frames", "bad")
        )
        joined = Envelope(chosen[0].start, products, frames, bad)
        return joined.part(joined.end - steps, joined.end)
