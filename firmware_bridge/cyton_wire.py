"""The Cyton's packet, both roles, without I/O: counts to bytes and bytes to counts.

A packet is 33 bytes and has no checksum (OpenBCI_32bit_Library.cpp, sendChannelDataSerial; RadioHost writes the start byte):

    0       0xA0
    1       packet id, 0…255, wraps; 0 at every start of the converter
    2…25    8 channels × 3 bytes, big-endian two's complement
    26…31   6 auxiliary bytes, whose meaning the stop byte gives
    32      0xC0 + packet type (0…6)

How the bytes are cut must not show in the packets. A candidate (0xA0, and 32 bytes on a stop byte) with the id that is due is
a packet. With another id it is one only if another packet seems to follow: the decoder waits for two more bytes, 0xA0 and an
id, and the ids must make sense (see `_plausible`). Otherwise it steps back to the byte after the 0xA0 and looks again. One id
out of step, followed by the id that was due after it, is a damaged id and is mended. Letters between two packets are text:
the board answers some commands while it streams.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PACKET_BYTES = 33
CHANNELS_PER_PACKET = 8
START = 0xA0

STOP_ACCEL = 0xC0
STOP_RAW_AUX = 0xC1
STOP_USER = 0xC2
STOP_ACCEL_TIME_SET = 0xC3
STOP_ACCEL_TIME = 0xC4
STOP_RAW_AUX_TIME_SET = 0xC5
STOP_RAW_AUX_TIME = 0xC6

ACCEL_G_PER_COUNT = 0.002 / 16
"""LIS3DH at ±4 g, high resolution, 12 bits left-justified."""

_LONE_PACKETS = 6
"""Up to here a plain loop over the packets is quicker than numpy."""

_BULK_PACKETS = 1024
"""Packets looked at in one numpy pass; a bound, so that a damaged recording does not cost its length squared."""

_NEAR = 8
"""An id this little ahead of the one that is due is believed without its successor."""

_STOPS = range(STOP_ACCEL, STOP_RAW_AUX_TIME + 1)
_TEXT = re.compile(rb"[\t\r\n\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class Packets:
    """ids (n,) int64, counts (n, 8) int32, aux (n, 6) uint8, stops (n,) uint8, in the order in which they came."""

    ids: NDArray[np.int64]
    counts: NDArray[np.int32]
    aux: NDArray[np.uint8]
    stops: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, part: slice) -> Packets:
        return Packets(self.ids[part], self.counts[part], self.aux[part], self.stops[part])


def encode_packets(
    ids: NDArray[np.int64], counts: NDArray[np.int32], aux: NDArray[np.uint8], stops: NDArray[np.uint8]
) -> bytes:
    """Packets as bytes: ids (n,), counts (n, 8), aux (n, 6), stops (n,). Counts beyond 24 bits keep their low 24."""
    n = len(ids)
    out = np.empty((n, PACKET_BYTES), np.uint8)
    out[:, 0] = START
    out[:, 1] = ids & 0xFF
    out[:, 2:26] = counts.astype(">i4").view(np.uint8).reshape(n, CHANNELS_PER_PACKET, 4)[:, :, 1:].reshape(n, 24)
    out[:, 26:32] = aux
    out[:, 32] = stops
    return out.tobytes()


def decode_frames(frames: bytes) -> Packets:
    """Packets from whole, aligned packets: the inverse of encode_packets."""
    raw = np.frombuffer(frames, np.uint8).reshape(-1, PACKET_BYTES)
    n = len(raw)
    words = np.empty((n, CHANNELS_PER_PACKET, 4), np.uint8)
    words[:, :, :3] = raw[:, 2:26].reshape(n, CHANNELS_PER_PACKET, 3)
    words[:, :, 3] = 0
    # The code sits in the upper three bytes, so that the shift extends its sign.
    counts = (words.view(">i4")[:, :, 0] >> 8).astype(np.int32)
    return Packets(raw[:, 1].astype(np.int64), counts, raw[:, 26:32], raw[:, 32])


@dataclass(frozen=True, slots=True)
class Aux:
    """values (n, 3) int32: X, Y, Z or the three auxiliary words; board_ms (n,) int64: the board's clock, −1 when not sent."""

    values: NDArray[np.int32]
    board_ms: NDArray[np.int64]


def decode_aux(packets: Packets) -> Aux:
    """The six auxiliary bytes, each packet by its own stop byte.

    C0, C1, C2: three int16. C3, C4 (time-stamped): X, Y or Z when the id ends in 7, 8 or 9, and ms since power-up. C5, C6: the
    first auxiliary word, and ms. (sendTimeWithAccelSerial, sendTimeWithRawAuxSerial.)
    """
    values = np.ascontiguousarray(packets.aux).view(">i2").astype(np.int32)
    board_ms = np.full(len(packets), -1, np.int64)
    timed = packets.stops >= STOP_ACCEL_TIME_SET
    if timed.any():
        stamps = np.ascontiguousarray(packets.aux[:, 2:6]).view(">u4")[:, 0].astype(np.int64)
        board_ms[timed] = stamps[timed]
        first = values[:, 0].copy()
        values[timed] = 0
        raw_aux = packets.stops >= STOP_RAW_AUX_TIME_SET
        values[raw_aux, 0] = first[raw_aux]
        for axis, digit in enumerate((7, 8, 9)):
            here = timed & ~raw_aux & (packets.ids % 10 == digit)
            values[here, axis] = first[here]
    return Aux(values, board_ms)


class PacketDecoder:
    """Bytes of one stream in, packets out. A new stream is a new decoder.

    bytes_skipped: bytes in neither packet nor text. bad_packets: how often a packet was due and none was there.
    damaged_ids: ids mended. text_bytes: letters between packets; `take_text` hands them over.
    """

    def __init__(self) -> None:
        self.bytes_skipped = 0
        self.bad_packets = 0
        self.damaged_ids = 0
        self.text_bytes = 0
        self._rest = b""
        self._text = bytearray()
        self._due: int | None = None  # the id that the next packet should have
        self._aligned = True  # the next byte should begin a packet, or text

    def feed(self, data: bytes) -> Packets:
        """The packets that are complete and certain now. Up to 35 bytes wait for what follows them."""
        buffer = self._rest + data if self._rest else data
        frames: list[bytes] = []
        at = 0
        while True:
            at, run = self._run(buffer, at)
            if run:
                frames.append(run)
            at, mended = self._step(buffer, at)
            if mended is None:
                break
            if mended:
                frames.append(mended)
        self._rest = buffer[at:]
        return decode_frames(b"".join(frames))

    def take_text(self) -> str:
        """The text that came since the last call."""
        text = self._text.decode("ascii")
        self._text.clear()
        return text

    def _run(self, buffer: bytes, at: int) -> tuple[int, bytes]:
        """The unbroken run of packets with the ids that are due, from `at` on."""
        begin = at
        whole = (len(buffer) - at) // PACKET_BYTES
        if self._due is None or whole == 0:
            return at, b""
        if whole <= _LONE_PACKETS:
            count = self._count_by_loop(buffer, at, whole)
        else:
            count = self._count_by_numpy(buffer, at, min(whole, _BULK_PACKETS))
        if count == 0:
            return at, b""
        at += count * PACKET_BYTES
        self._due = (self._due + count) & 0xFF
        self._aligned = True
        return at, buffer[begin:at]

    def _count_by_loop(self, buffer: bytes, at: int, whole: int) -> int:
        due = self._due or 0
        for n in range(whole):
            here = at + n * PACKET_BYTES
            if buffer[here] != START or buffer[here + 32] not in _STOPS or buffer[here + 1] != (due + n) & 0xFF:
                return n
        return whole

    def _count_by_numpy(self, buffer: bytes, at: int, whole: int) -> int:
        raw = np.frombuffer(buffer, np.uint8, whole * PACKET_BYTES, at).reshape(whole, PACKET_BYTES)
        ids = (np.arange(whole) + (self._due or 0)) & 0xFF
        stop = raw[:, 32]
        good = (raw[:, 0] == START) & (stop >= STOP_ACCEL) & (stop <= STOP_RAW_AUX_TIME) & (raw[:, 1] == ids)
        return whole if good.all() else int(good.argmin())

    def _step(self, buffer: bytes, at: int) -> tuple[int, bytes | None]:
        """One step where no run is: past text or rubbish, one packet (its id mended), or None to wait for more bytes."""
        if at >= len(buffer):
            return at, None
        if buffer[at] != START:
            return self._pass_over(buffer, at), b""
        left = len(buffer) - at
        if left < PACKET_BYTES:
            return at, None
        if buffer[at + 32] in _STOPS:
            number = buffer[at + 1]
            if number == self._due:
                return self._accept(number, at), buffer[at : at + PACKET_BYTES]
            if left < PACKET_BYTES + 2 and (left == PACKET_BYTES or buffer[at + PACKET_BYTES] == START):
                return at, None
            if buffer[at + PACKET_BYTES] == START and self._plausible(number, buffer[at + PACKET_BYTES + 1]):
                packet = buffer[at : at + PACKET_BYTES]
                if self._due is not None and buffer[at + PACKET_BYTES + 1] == (self._due + 1) & 0xFF:
                    self.damaged_ids += 1
                    number = self._due
                    packet = packet[:1] + bytes([number]) + packet[2:]
                return self._accept(number, at), packet
        self._misaligned()
        self.bytes_skipped += 1
        return at + 1, b""

    def _plausible(self, number: int, following: int) -> bool:
        """Whether an id that is not due may be one, given the id after it.

        It goes on by one (a gap, or a restart), or the next is the one that was due after it (a damaged id), or it is only a little
        further than what is due (one packet between two gaps). Start and stop bytes inside a payload rarely look like this.
        """
        if self._due is None or following in ((number + 1) & 0xFF, (self._due + 1) & 0xFF):
            return True
        return (number - self._due) & 0xFF <= _NEAR

    def _accept(self, number: int, at: int) -> int:
        self._due = (number + 1) & 0xFF
        self._aligned = True
        return at + PACKET_BYTES

    def _pass_over(self, buffer: bytes, at: int) -> int:
        """Past everything before the next 0xA0: text while aligned, rubbish from the first byte that is no letter."""
        end = buffer.find(START, at)
        end = len(buffer) if end < 0 else end
        if self._aligned:
            match = _TEXT.match(buffer, at, end)
            letters = match.end() - at if match else 0
            self._text += buffer[at : at + letters]
            self.text_bytes += letters
            at += letters
            if at < end:
                self._misaligned()
        self.bytes_skipped += end - at
        return end

    def _misaligned(self) -> None:
        if self._aligned:
            self.bad_packets += 1
        self._aligned = False
