"""The signal as every floor of the application sees it: inputs, blocks of counts, recordings.

Sample index is the only clock here: sample i of a recording lies at i / rate_hz seconds. Counts are ADC codes;
microvolts = counts * microvolts_per_count + offset_uv, per input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Channel, Montage, Side, Site

__all__ = ["Block", "Channel", "Input", "Marker", "Montage", "Recording", "Side", "Signal", "Site", "joined"]

FLOAT_SOURCE_MICROVOLTS_PER_COUNT = 4.5 / (2**23 - 1) / 24 * 1e6
"""0.0223517 µV: the code width given to a source that hands over only floats (±187.5 mV; clipped values count as rail)."""


@dataclass(frozen=True, slots=True)
class Input:
    """One EXG input of a board or file. count_min and count_max are its rail codes."""

    label: str
    microvolts_per_count: float
    offset_uv: float = 0.0
    count_min: int = -0x800000
    count_max: int = 0x7FFFFF


@dataclass(frozen=True, slots=True)
class Signal:
    """What does not change within a recording: nominal rate, the inputs in order, labels of auxiliary columns."""

    rate_hz: float
    inputs: tuple[Input, ...]
    aux_labels: tuple[str, ...] = ()

    def microvolts(self, counts: NDArray[np.int32]) -> NDArray[np.float64]:
        """(n, inputs) µV of (n, inputs) counts."""
        scale = np.array([i.microvolts_per_count for i in self.inputs])
        offset = np.array([i.offset_uv for i in self.inputs])
        return np.asarray(counts * scale + offset)


@dataclass(frozen=True, slots=True)
class Block:
    """A contiguous stretch of samples; the next block starts where this one ends.

    start: index of the first sample. counts (n, inputs) int32, C-contiguous. lost (n,) bool: samples that never came and
    were filled with the last value. aux (n, aux_labels) int32. arrival_s: host time (CLOCK_BOOTTIME or virtual) at which the last
    sample came, None when read from a file.
    """

    start: int
    counts: NDArray[np.int32]
    lost: NDArray[np.bool_]
    aux: NDArray[np.int32]
    arrival_s: float | None = None

    @property
    def end(self) -> int:
        """Index after the last sample."""
        return self.start + len(self.counts)


def joined(blocks: Sequence[Block]) -> Block:
    """Blocks that follow one another, as one."""
    if len(blocks) == 1:
        return blocks[0]
    counts, lost, aux = (np.concatenate([getattr(b, name) for b in blocks]) for name in ("counts", "lost", "aux"))
    return Block(blocks[0].start, counts, lost, aux, blocks[-1].arrival_s)


@dataclass(frozen=True, slots=True)
class Marker:
    """A word that somebody put at a sample."""

    sample: int
    text: str


class Recording(Protocol):
    """Anything that can be analysed: a session, or a file that an importer opened. Reading it again starts at the beginning."""

    @property
    def name(self) -> str:
        """Short name for messages: the session id, or the file's name."""

    @property
    def signal(self) -> Signal:
        """Rate and inputs."""

    @property
    def samples(self) -> int:
        """Length, filled samples included."""

    @property
    def montage(self) -> Montage | None:
        """The montage the recording itself knows, or None."""

    @property
    def start_utc(self) -> datetime | None:
        """When the first sample was taken, timezone-aware UTC; None when the source does not say."""

    @property
    def simulated(self) -> bool:
        """True when no human wore the electrodes."""

    @property
    def markers(self) -> tuple[Marker, ...]:
        """In order of sample."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know about the source: excluded inputs, a recording that was cut. One sentence each."""

    def blocks(self, samples_per_block: int = 15_000) -> Iterator[Block]:
        """The whole recording in order, at most samples_per_block each. Raises RecordingError where the file cannot be read."""
