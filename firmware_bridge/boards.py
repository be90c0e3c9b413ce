"""What a board is to every floor above: a specification, and readings.

A `Board` is started, read and stopped. What it hands over are `Reading`s: samples as ADC counts with the packet counter
that came with each and the time at which they arrived. Nothing is filled in or smoothed here: a lost sample shows only in
the counter, and `hfs_emg.acquisition` makes contiguous blocks of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int32]

RAIL_HIGH = 0x7FFFFF
RAIL_LOW = -0x800000


def ads1299_microvolts_per_count(gain: float) -> float:
    """µV per count of an ADS1299: ±4.5 V / gain over 2²³−1 codes (TI SBAS499, "Data format")."""
    return 4.5 / (2**23 - 1) / gain * 1e6


@dataclass(frozen=True, slots=True)
class ButtonPin:
    """A button in the auxiliary columns: pressed while any bit of mask is set in that column."""

    column: int
    mask: int


@dataclass(frozen=True, slots=True)
class BoardSpec:
    """What is fixed for a kind of board.

    rate_hz is nominal; the oscillator is 0.5 % off at best. The counter of consecutive samples goes up by counter_step modulo
    counter_modulus; None when the board has no counter that can be trusted, and then only arrival times tell of losses.
    button: None when the board has none, or was not asked to send it.
    """

    name: str
    title: str
    rate_hz: float
    exg_channels: int
    counter_modulus: int | None
    counter_step: int = 1
    aux_labels: tuple[str, ...] = ()
    count_min: int = RAIL_LOW
    count_max: int = RAIL_HIGH
    simulated: bool = False
    button: ButtonPin | None = None


CYTON = BoardSpec(
    name="cyton",
    title="OpenBCI Cyton",
    rate_hz=250.0,
    exg_channels=8,
    counter_modulus=256,
    aux_labels=("AUX 1", "AUX 2", "AUX 3"),
)
CYTON_DAISY = BoardSpec(
    name="cyton_daisy",
    title="OpenBCI Cyton with Daisy",
    rate_hz=125.0,
    exg_channels=16,
    counter_modulus=256,
    counter_step=2,
    aux_labels=("AUX 1", "AUX 2", "AUX 3"),
)


DIGITAL_LABELS = ("D11 D12", "D13 D17", "D18")
"""A Cyton's aux columns in digital mode: two pins to a column, the first one times 256."""
PROG_BUTTON = ButtonPin(column=1, mask=0xFF)
"""A Cyton's own push button, at pin D17 (docs.openbci.com/Cyton/CytonExternal)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One or more samples in the order of sampling.

    counts (n, exg_channels) int32: ADC codes. counters (n,) int64: the board's counter as sent. arrival_s (n,) float64: host time
    (CLOCK_BOOTTIME seconds, or virtual time) at which the bytes of each sample came. aux (n, len(aux_labels)) int32.
    restarted: the counter began anew before the first sample, because settings changed or the board came back; what was lost then
    is to be told from the clock, not the counter.
    """

    counts: Counts
    counters: NDArray[np.int64]
    arrival_s: NDArray[np.float64]
    aux: Counts
    restarted: bool = False


@dataclass(slots=True)
class LinkStatistics:
    """What the wire did, counted since `start`. Lost samples are not counted here: they need arrival time too.

    events: what happened, a sentence each, for the record. trouble: what is wrong with the link now; None while samples come.
    """

    samples: int = 0
    bytes_read: int = 0
    bytes_skipped: int = 0
    bad_packets: int = 0
    text_bytes: int = 0
    restarts: int = 0
    events: list[str] = field(default_factory=list)
    trouble: str | None = None


class Board(Protocol):
    """One instrument, opened. Made by `connect.open_board`; used by one thread.

    A board is open when constructed, streams between `start` and `stop`, and is of no use after `close`.
    """

    @property
    def spec(self) -> BoardSpec:
        """What is fixed for this kind of board."""

    @property
    def microvolts_per_count(self) -> NDArray[np.float64]:
        """(exg_channels,) at the gains now set."""

    @property
    def statistics(self) -> LinkStatistics:
        """Counted since `start`."""

    @property
    def description(self) -> dict[str, str]:
        """What the board said of itself (firmware, ids); goes into the session's start document. No serial number, no port."""

    def now_s(self) -> float:
        """The clock in which arrival times are given."""

    def start(self) -> None:
        """Begin streaming. Raises BoardRefused or LinkLost."""

    def read(self, timeout_s: float) -> Reading | None:
        """The samples that have come, waiting up to timeout_s for the first; None when none came. Raises LinkLost."""

    def stop(self) -> None:
        """End streaming; samples still on the way are dropped. Never raises for a link that is gone."""

    def close(self) -> None:
        """Give the port back. May be called twice."""
