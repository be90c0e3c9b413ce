"""Sixteen channels from a Cyton with Daisy: two packets make a row.

An even id carries the Daisy's mean of two ADC samples (channels 9–16), the odd id after it the board's (channels 1–8), one ADC
sample later (ADS_writeChannelDataAvgDaisy). Only an odd id directly after its even one makes a row; the row bears the even id.
The first row of a stream (id 0) is dropped: its Daisy half mixes in the last sample of the stream before (firstDataPacket).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.cyton_wire import Packets, decode_aux


@dataclass(frozen=True, slots=True)
class Rows:
    """Samples as a board hands them over: counters (n,) int64, counts (n, channels) int32, aux (n, 3) int32."""

    counters: NDArray[np.int64]
    counts: NDArray[np.int32]
    aux: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.counters)


_NO_ROWS = Rows(np.zeros(0, np.int64), np.zeros((0, 16), np.int32), np.zeros((0, 3), np.int32))


def single_rows(packets: Packets) -> Rows:
    """Without a Daisy every packet is a row."""
    return Rows(packets.ids, packets.counts, decode_aux(packets).values)


class DaisyPairing:
    """Packets of one stream in, rows of 16 channels out, however the packets are cut. A new stream is a new object.

    unpaired: packets whose other half never came.
    """

    def __init__(self) -> None:
        self.unpaired = 0
        self._even: Packets | None = None
        self._first = True

    def push(self, packets: Packets) -> Rows:
        """The rows that are complete now; an even half waits for its odd one."""
        if self._even is not None:
            packets = _join(self._even, packets)
            self._even = None
        if len(packets) == 0:
            return _NO_ROWS
        if packets.ids[-1] % 2 == 0:
            self._even = packets[-1:]
        paired = (packets.ids[:-1] % 2 == 0) & (packets.ids[1:] == packets.ids[:-1] + 1)
        even = np.flatnonzero(paired)
        self.unpaired += len(packets) - 2 * len(even) - (self._even is not None)
        if self._first and len(packets):
            if len(even) and packets.ids[even[0]] == 0 and even[0] == 0:
                even = even[1:]
            self._first = len(packets) == 1 and self._even is not None
        aux = decode_aux(packets).values
        later = aux[even + 1]
        # The accelerometer speaks every tenth ADC sample, so in one half only; the other is zero.
        chosen = np.where(np.any(later, axis=1, keepdims=True), later, aux[even])
        return Rows(packets.ids[even], np.hstack((packets.counts[even + 1], packets.counts[even])), chosen)


def _join(before: Packets, after: Packets) -> Packets:
    return Packets(
        np.concatenate((before.ids, after.ids)),
        np.concatenate((before.counts, after.counts)),
        np.concatenate((before.aux, after.aux)),
        np.concatenate((before.stops, after.stops)),
    )
