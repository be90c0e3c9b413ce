"""The dongle's own commands, both roles, without I/O: 0xF0, a code, and for some an argument.

The dongle answers them itself, up to `$$$`; every other byte goes over the air to the board (OpenBCI_Radios.cpp,
processHostRadioCharData). Channel numbers come back as decimal text and then once more as a raw byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

PREFIX = 0xF0
MAX_CHANNEL = 25
MAX_WRITE = 31 * 16 + 32
"""528 bytes: more at once does not fit into the dongle's pages of radio packets."""

BOARD_SILENT = "Failure: Communications timeout - Device failed to poll Host$$$"
BOARD_SILENT_AFTER_S = 0.27
INPUT_TOO_LARGE = "Failure: Input too large!$$$"
BAUDS = {0x05: 115200, 0x06: 230400, 0x0A: 921600}


class RadioCode(IntEnum):
    """The byte after 0xF0."""

    CHANNEL_GET = 0x00
    CHANNEL_SET = 0x01
    CHANNEL_OVERRIDE = 0x02
    POLL_TIME_GET = 0x03
    POLL_TIME_SET = 0x04
    BAUD_DEFAULT = 0x05
    BAUD_FAST = 0x06
    SYSTEM_STATUS = 0x07
    BAUD_HYPER = 0x0A


_TAKES_ARGUMENT = (RadioCode.CHANNEL_SET, RadioCode.CHANNEL_OVERRIDE, RadioCode.POLL_TIME_SET)


def encode_radio(code: RadioCode, argument: int | None = None) -> bytes:
    """The bytes of a dongle command."""
    return bytes([PREFIX, code]) if argument is None else bytes([PREFIX, code, argument])


@dataclass(frozen=True, slots=True)
class RadioCommand:
    """A command for the dongle as it came: the code may be one it does not know."""

    code: int
    argument: int = 0


class RadioReader:
    """The dongle's side: splits what the computer writes into dongle commands and bytes for the board."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[RadioCommand | bytes]:
        """Commands and stretches for the board, in order; a command that is not whole waits."""
        found: list[RadioCommand | bytes] = []
        plain = bytearray()
        for byte in data:
            if not self._pending and byte != PREFIX:
                plain.append(byte)
                continue
            if plain:
                found.append(bytes(plain))
                plain.clear()
            self._pending += bytes([byte])
            if len(self._pending) == 1 or (len(self._pending) == 2 and byte in _TAKES_ARGUMENT):
                continue
            found.append(RadioCommand(*self._pending[1:]))
            self._pending = b""
        if plain:
            found.append(bytes(plain))
        return found


def with_number(text: str, number: int) -> bytes:
    """A dongle's answer that ends in a number: as text, as a raw byte, `$$$`."""
    return f"{text}{number}".encode("ascii") + bytes([number]) + b"$$$"


def channel_of(reply: str) -> int | None:
    """The radio channel that a reply to CHANNEL_GET names, or None."""
    match = re.search(r"[Cc]hannel number: (\d+)", reply)
    if match is None:
        return None
    # The raw byte that follows may itself be a digit's code, 48 and up; channels end at 25, so two digits are all.
    return int(match[1][:2])
