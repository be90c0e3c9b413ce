"""The board's side of the command language: characters in, commands out, without I/O.

What is malformed is named as the firmware names it (processIncomingChannelSettings and its kin in OpenBCI_32bit_Library.cpp).
"""

from __future__ import annotations

from collections.abc import Callable

from firmware_bridge.cyton_commands import (
    BOARD_MODES,
    CHANNEL_LETTERS,
    GAINS,
    SAMPLE_RATES,
    SINGLE,
    BoardMode,
    ChannelSettings,
    Command,
    InputType,
    LeadOff,
    Malformed,
    Marker,
    SampleRate,
)


class CommandReader:
    """The board's side: characters in, commands out. Unknown characters mean nothing."""

    def __init__(self) -> None:
        self._pending = ""

    @property
    def pending(self) -> bool:
        """Whether a command of several characters has begun and not ended."""
        return bool(self._pending)

    def cancel(self) -> None:
        """Forget what has begun; the board does so after a second."""
        self._pending = ""

    def feed(self, character: str) -> Command | None:
        """The command that this character completes."""
        if not self._pending:
            if character in _READERS:
                self._pending = character
                return None
            return SINGLE.get(character)
        self._pending += character
        command = _READERS[self._pending[0]](self._pending)
        if command is not None:
            self._pending = ""
        return command


def _read_marker(text: str) -> Command:
    return Marker(text[1])


def _digit(character: str, most: int, otherwise: int) -> int:
    return int(character) if character in "0123456789" and int(character) <= most else otherwise


def _channel(character: str) -> int:
    # The firmware takes any other letter for channel 1.
    return CHANNEL_LETTERS.index(character) + 1 if character in CHANNEL_LETTERS else 1


def _read_channel(text: str) -> Command | None:
    if text[-1] == "X" and len(text) < 9:
        return Malformed("too few chars")
    if len(text) < 9:
        return None
    if text[-1] != "X":
        return Malformed("Err: 9th char not X")
    channel, power, gain, source, bias, srb2, srb1 = (text[n] for n in range(1, 8))
    return ChannelSettings(
        _channel(channel),
        GAINS[_digit(gain, 6, 6)],
        InputType(_digit(source, 7, 0)),
        bias == "1",
        srb2 == "1",
        srb1 == "1",
        power != "1",
    )


def _read_lead_off(text: str) -> Command | None:
    if text[-1] == "Z" and len(text) < 5:
        return Malformed("too few chars")
    if len(text) < 5:
        return None
    if text[-1] != "Z":
        return Malformed("Err: 5th char not Z")
    return LeadOff(_channel(text[1]), text[2] == "1", text[3] == "1")


def _read_rate(text: str) -> Command:
    if text[1] == "~":
        return SampleRate()
    if not text[1].isdigit():
        return Malformed("invalid sample value.")
    code = int(text[1])
    return SampleRate(SAMPLE_RATES[code]) if code < len(SAMPLE_RATES) else Malformed("sample value out of bounds.")


def _read_mode(text: str) -> Command:
    if text[1] == "/":
        return BoardMode()
    if not text[1].isdigit():
        return Malformed("invalid board mode value.", heard_while_streaming=True)
    code = int(text[1])
    if code < len(BOARD_MODES):
        return BoardMode(BOARD_MODES[code])
    return Malformed("board mode value out of bounds.", heard_while_streaming=True)


_READERS: dict[str, Callable[[str], Command | None]] = {
    "x": _read_channel,
    "z": _read_lead_off,
    "~": _read_rate,
    "/": _read_mode,
    "`": _read_marker,
}
