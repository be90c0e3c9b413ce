"""One stream of a Cyton: bytes in, readings out, and the statistics kept.

The packet id goes to 0 when the converter starts again: that is a restart when it happens within a second of a command of ours, and a
loss when not. A reading never spans a restart.
"""

from __future__ import annotations

import itertools
import re

import numpy as np

from firmware_bridge.boards import LinkStatistics, Reading
from firmware_bridge.cyton_pairing import DaisyPairing, Rows, single_rows
from firmware_bridge.cyton_wire import (
    STOP_ACCEL,
    STOP_ACCEL_TIME,
    STOP_ACCEL_TIME_SET,
    STOP_RAW_AUX,
    STOP_RAW_AUX_TIME,
    STOP_RAW_AUX_TIME_SET,
    PacketDecoder,
    Packets,
)

RESTART_WITHIN_S = 1.0
_AUX_WORDS = {
    STOP_ACCEL: "the accelerometer",
    STOP_RAW_AUX: "the auxiliary inputs",
    STOP_ACCEL_TIME_SET: "the accelerometer, one axis at a time, and the board's clock",
    STOP_ACCEL_TIME: "the accelerometer, one axis at a time, and the board's clock",
    STOP_RAW_AUX_TIME_SET: "the first auxiliary input and the board's clock",
    STOP_RAW_AUX_TIME: "the first auxiliary input and the board's clock",
}
_EXPECTED = re.compile(r"(?:\s*(?:Success|Failure): System is (?:Up|Down)\$\$\$)+")
"""Answers to our own questions about a silent board."""


class CytonStream:
    """From one start of the converter, or of the board, to the next.

    paired: two packets make a row of 16. after: the stream before it on the same board, if any; then the first reading is marked
    as restarted.
    """

    def __init__(self, statistics: LinkStatistics, *, paired: bool, after: CytonStream | None = None) -> None:
        self._statistics = statistics
        self._paired = paired
        self._decoder = PacketDecoder()
        self._pairing = DaisyPairing()
        self._counted = (0, 0, 0)
        self._last_id: int | None = None
        self._last_stop: int | None = None
        self._restart_until_s = -np.inf
        self._delivered: bool = after is not None and after.delivered
        self._restarted: bool = self._delivered

    @property
    def delivered(self) -> bool:
        """Whether this stream, or one before it, has given a reading."""
        return self._delivered

    def expect_restart(self, now_s: float) -> None:
        """A command was written that makes the board begin its ids anew."""
        self._restart_until_s = now_s + RESTART_WITHIN_S

    def push(self, data: bytes, now_s: float) -> list[Reading]:
        """The readings that are complete, the clock being now_s."""
        packets = self._decoder.feed(data)
        self._count()
        self._notice_aux(packets)
        readings = []
        for n, part in enumerate(self._split(packets, now_s)):
            if n:
                self._pairing = DaisyPairing()
                self._restarted = True
            rows = self._pairing.push(part) if self._paired else single_rows(part)
            if len(rows):
                readings.append(self._reading(rows, now_s))
        return readings

    def _notice_aux(self, packets: Packets) -> None:
        """Tell when the auxiliary bytes begin to carry something else; each packet is decoded by its own stop byte."""
        for stop in dict.fromkeys(packets.stops.tolist()):
            words = _AUX_WORDS.get(stop, "what the user's firmware puts there")
            if self._last_stop is not None and words != _AUX_WORDS.get(self._last_stop):
                self._statistics.events.append(f"The auxiliary channels carry {words} from here on.")
            self._last_stop = stop

    def _split(self, packets: Packets, now_s: float) -> list[Packets]:
        """The packets up to each restart."""
        if len(packets) == 0:
            return []
        before = self._last_id
        self._last_id = int(packets.ids[-1])
        if now_s > self._restart_until_s:
            return [packets]
        ids = packets.ids
        earlier = np.concatenate(([255 if before is None else before], ids[:-1]))
        cuts = [0, *np.flatnonzero((ids == 0) & (earlier != 255)).tolist(), len(ids)]
        # An empty first part stands for the stream that ended with the last call.
        return [packets[a:b] for a, b in itertools.pairwise(cuts)]

    def _reading(self, rows: Rows, now_s: float) -> Reading:
        restarted = self._restarted
        self._restarted = False
        self._delivered = True
        self._statistics.samples += len(rows)
        self._statistics.restarts += restarted
        return Reading(rows.counts, rows.counters, np.full(len(rows), now_s), rows.aux, restarted)

    def _count(self) -> None:
        """Add what the decoder has counted since the last call."""
        decoder, statistics = self._decoder, self._statistics
        skipped, bad, text = self._counted
        self._counted = (decoder.bytes_skipped, decoder.bad_packets, decoder.text_bytes)
        statistics.bytes_skipped += decoder.bytes_skipped - skipped
        statistics.bad_packets += decoder.bad_packets - bad
        statistics.text_bytes += decoder.text_bytes - text
        if decoder.text_bytes > text:
            said = decoder.take_text().strip()
            if said and not _EXPECTED.fullmatch(said) and len(statistics.events) < 1000:
                statistics.events.append(f"The board said: {said}")
