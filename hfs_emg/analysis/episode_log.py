"""Episodes of a long recording, kept so that a day of them takes a few MB.

A day of a busy face has tens of thousands; as objects they would take 2 kB each. They are kept as compressed JSON, a hundred and some at
a time, and come back equal: JSON of ours gives every float as it was.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

import msgspec

from hfs_emg.events import Episode

PACKED = 128
"""Episodes of one packet: with more of them the JSON hardly shrinks further."""


class EpisodeLog:
    """Grows at its end, and is read from its beginning."""

    def __init__(self) -> None:
        self._packets: list[bytes] = []
        self._loose: list[Episode] = []

    def extend(self, episodes: Iterable[Episode]) -> None:
        """More of them."""
        self._loose += episodes
        while len(self._loose) >= PACKED:
            self._packets.append(zlib.compress(msgspec.json.encode(self._loose[:PACKED])))
            del self._loose[:PACKED]

    def __iter__(self) -> Iterator[Episode]:
        decoder = msgspec.json.Decoder(list[Episode])
        for packet in self._packets:
            yield from decoder.decode(zlib.decompress(packet))
        yield from self._loose
