"""Where an emulated board's samples come from: anything that knows its counts by sample number."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import ads1299_microvolts_per_count


class CountSource(Protocol):
    """Counts of all channels, as a converter at gain 24 would give them.

    Sample 0 is the first ADC sample after the first `b`; from then on time runs, whether the board streams or not.
    """

    def read(self, start: int, n: int) -> NDArray[np.int32]:
        """(n, channels) counts of ADC samples start…start+n, at least 8 channels, 16 for a board with Daisy.

        start never goes back; it may skip ahead.
        """


class SineSource:
    """A sine per channel: channel c (0-based) at frequency_hz + c Hz, amplitude_uv in size, in phase at sample 0."""

    def __init__(
        self, channels: int = 8, rate_hz: float = 250.0, *, frequency_hz: float = 5.0, amplitude_uv: float = 100.0
    ) -> None:
        self._step = 2 * np.pi * (frequency_hz + np.arange(channels)) / rate_hz
        self._amplitude = amplitude_uv / ads1299_microvolts_per_count(24)

    def read(self, start: int, n: int) -> NDArray[np.int32]:
        """(n, channels) counts."""
        samples = np.arange(start, start + n)[:, np.newaxis]
        return np.rint(self._amplitude * np.sin(samples * self._step)).astype(np.int32)


class CountingSource:
    """Counts that say which sample and channel they are: sample number × 16 + channel, wrapped into ±2²².

    `expected` gives the same numbers to whoever checks what arrived.
    """

    def __init__(self, channels: int = 8) -> None:
        self._channels = np.arange(channels)

    def read(self, start: int, n: int) -> NDArray[np.int32]:
        """(n, channels) counts."""
        return self.expected(np.arange(start, start + n))

    def expected(self, samples: NDArray[np.int64]) -> NDArray[np.int32]:
        """(len(samples), channels) counts of these sample numbers."""
        codes = samples[:, np.newaxis] * 16 + self._channels
        return ((codes + 2**22) % 2**23 - 2**22).astype(np.int32)
