"""Memory that two processes share, for pieces of work that one hands to the other, each in a slot until it is done.

What is large in a piece may be put where it will lie before the piece is made (`room`), so that it is not copied. The rest is
copied there, and described by pickle's protocol 5, which leaves the contents of arrays out of it.
"""

from __future__ import annotations

import mmap
import pickle
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ALIGNED = 64
_NOTE = struct.Struct("<qqq")
NOTE_BYTES = _NOTE.size
"""Of a note: where in the slot the description begins (-1: the slot was too small), of how many arrays, and how long it is."""

Bytes = NDArray[np.uint8]


class Slots:
    """A few places, filled in turn. Memory takes no room before it is written to. Raises OSError when there is none."""

    def __init__(self, count: int, size: int) -> None:
        """size: bytes of each."""
        self.count = count
        self._size = size
        self._bytes: Bytes = np.frombuffer(mmap.mmap(-1, count * size), np.uint8)
        self._used = 0
        """Bytes of the slot that is being filled."""

    def room(self, number: int, size: int) -> Bytes | None:
        """So many bytes of the slot of the piece with a number; None where it has no more."""
        begin, end = self._used, self._used + size
        if end > self._size:
            return None
        self._used = -(-end // _ALIGNED) * _ALIGNED
        return self._slot(number)[begin:end]

    def put(self, number: int, piece: object) -> tuple[bytes, bytes]:
        """Write the piece with a number, but for what already lies in its slot. Returns a note for `get`; and the piece itself where the
        slot is too small, else nothing.
        """
        buffers: list[pickle.PickleBuffer] = []
        described = pickle.dumps(piece, protocol=5, buffer_callback=buffers.append)
        places: list[int] = []
        for buffer in buffers:
            raw = np.frombuffer(buffer.raw(), np.uint8)
            places += [self._placed(number, raw), len(raw)]
        table = struct.pack(f"<{len(places)}q", *places) + described
        begin = -1 if -1 in places else self._placed(number, np.frombuffer(table, np.uint8))
        self._used = 0
        large = pickle.dumps(piece, protocol=5) if begin < 0 else b""
        return _NOTE.pack(begin, len(buffers), len(large) or len(table)), large

    def get(self, number: int, note: bytes) -> Any:
        """The piece with a number. Its arrays are those of the slot, good until it is filled again, and not to be written to."""
        begin, arrays, length = _NOTE.unpack(note)
        slot = memoryview(self._slot(number)).toreadonly()  # type: ignore[arg-type]
        described = 16 * arrays
        places = struct.unpack(f"<{2 * arrays}q", slot[begin : begin + described])
        buffers = [slot[at : at + size] for at, size in zip(places[::2], places[1::2], strict=True)]
        return pickle.loads(slot[begin + described : begin + length], buffers=buffers)  # noqa: S301 - our own, in our own memory

    def _slot(self, number: int) -> Bytes:
        begin = number % self.count * self._size
        return self._bytes[begin : begin + self._size]

    def _placed(self, number: int, content: Bytes) -> int:
        """Where in its slot some bytes are, copied there if they are elsewhere; -1 where they find no room."""
        slot = self._slot(number)
        at = content.ctypes.data - slot.ctypes.data
        if 0 <= at < self._size:
            return at
        room = self.room(number, len(content))
        if room is None:
            return -1
        room[:] = content
        return room.ctypes.data - slot.ctypes.data


def length_if_large(note: bytes) -> int:
    """How long a piece is that did not fit into its slot; 0 for one that did."""
    begin, _, length = _NOTE.unpack(note)
    return length if begin < 0 else 0
