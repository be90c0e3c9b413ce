"""What BrainFlow's descriptor does not say of a board: the width of a count, and whether its counter can be trusted.

A board that is not in this table is read all the same: its counts are rounded to the code width of an ADS1299 at gain 24, and its
counter is passed on but says nothing of losses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import BoardSpec, ads1299_microvolts_per_count
from firmware_bridge.brainflow_library import BoardRequest
from firmware_bridge.brainflow_rows import RowLayout

DEFAULT_GAIN = 24.0
GANGLION_MICROVOLTS_PER_COUNT = 1.2e6 / (8388607 * 1.5 * 51)
"""0.001869917 µV: MCP3912, 1.2 V reference, gain 1.5 × 51 (docs.openbci.com, Ganglion data format)."""


@dataclass(frozen=True, slots=True)
class BoardKind:
    """One line of the table. microvolts_per_count None: unknown. serial: a Cyton on an OpenBCI dongle, which we may talk to ourselves.

    paired: a row is made of two packets. aux: the six aux bytes of a packet come in `other_channels`, after the stop byte.
    """

    microvolts_per_count: float | None = None
    counter_modulus: int | None = None
    counter_step: int = 1
    serial: bool = False
    paired: bool = False
    aux: bool = False
    simulated: bool = False


_ADS1299 = ads1299_microvolts_per_count(DEFAULT_GAIN)
_UNKNOWN = BoardKind()

KINDS: Final[Mapping[str, BoardKind]] = {
    "cyton": BoardKind(_ADS1299, counter_modulus=256, serial=True, aux=True),
    # Both halves' aux bytes are averaged by BrainFlow, which makes them meaningless.
    "cyton_daisy": BoardKind(_ADS1299, counter_modulus=256, counter_step=2, serial=True, paired=True),
    "cyton_wifi": BoardKind(_ADS1299),
    "cyton_daisy_wifi": BoardKind(_ADS1299),
    # Two samples of a packet share its id, so the counter does not count samples.
    "ganglion": BoardKind(GANGLION_MICROVOLTS_PER_COUNT),
    "ganglion_native": BoardKind(GANGLION_MICROVOLTS_PER_COUNT),
    "synthetic": BoardKind(counter_modulus=256, simulated=True),
}


def kind_of(request: BoardRequest) -> BoardKind:
    """The table's line for the board whose rows come."""
    return KINDS.get(request.data_name, _UNKNOWN)


def spec_of(request: BoardRequest, descriptor: Mapping[str, Any]) -> BoardSpec:
    """The specification, from BrainFlow's descriptor and the table."""
    kind = kind_of(request)
    played = "recording of " if request.from_file else ""
    return BoardSpec(
        name=request.data_name,
        title=f"{played}{descriptor['name']} (BrainFlow)",
        rate_hz=float(descriptor["sampling_rate"]),
        exg_channels=len(descriptor["exg_channels"]),
        counter_modulus=kind.counter_modulus,
        counter_step=kind.counter_step,
        aux_labels=("AUX 1", "AUX 2", "AUX 3") if kind.aux else (),
        simulated=kind.simulated,
    )


def layout_of(request: BoardRequest, descriptor: Mapping[str, Any]) -> RowLayout:
    """Where things are in the rows. The first of `other_channels` is the stop byte, the next six are the aux bytes (cyton.cpp)."""
    kind = kind_of(request)
    return RowLayout(
        exg=tuple(descriptor["exg_channels"]),
        counter=int(descriptor["package_num_channel"]),
        timestamp=int(descriptor["timestamp_channel"]),
        aux_bytes=tuple(descriptor["other_channels"][1:7]) if kind.aux else (),
        paired=kind.paired,
        midway=request.relayed,
    )


def scale_of(request: BoardRequest, channels: int) -> NDArray[np.float64]:
    """(channels,) µV per count as the board starts: gain 24 for an ADS1299; a recording does not state its gain."""
    width = kind_of(request).microvolts_per_count
    return np.full(channels, _ADS1299 if width is None else width)


def scale_words(request: BoardRequest) -> str:
    """How the counts came about, for the start document."""
    if kind_of(request).microvolts_per_count is None:
        return f"BrainFlow's microvolts rounded to {_ADS1299:.7f} µV per count, clipped at ±187.5 mV; clipped values count as rail"
    if request.relayed:
        return "counts at the board's default gain, which the source does not state; microvolts are as it says"
    return "exact ADC counts"
