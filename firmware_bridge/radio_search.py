"""A dongle and a board that do not hear each other: on which radio channel is the board?

The dongle is moved from channel to channel (override, which the board does not see) and asked each time whether it hears a board.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge.cyton_handshake import ask
from firmware_bridge.links import ByteLink
from firmware_bridge.radio import MAX_CHANNEL, RadioCode, channel_of, encode_radio

_ASK_S = 0.4
"""The dongle notices after 270 ms that a board does not poll it."""


@dataclass(frozen=True, slots=True)
class RadioStatus:
    """channel: the dongle's, None when it does not say; board_heard: whether a board answers on it."""

    channel: int | None
    board_heard: bool


def radio_status(link: ByteLink) -> RadioStatus:
    """Ask the dongle. Raises LinkLost."""
    channel = channel_of(ask(link, encode_radio(RadioCode.CHANNEL_GET), _ASK_S) or "")
    return RadioStatus(channel, _up(link))


def find_board(link: ByteLink, tell: Callable[[int], None] | None = None) -> int | None:
    """The channel on which a board is heard, and the dongle left there; None when on none, and the dongle back where it was.

    tell is called with each channel before it is tried. Raises LinkLost.
    """
    before = radio_status(link)
    if before.board_heard:
        return before.channel
    for channel in range(1, MAX_CHANNEL + 1):
        if tell is not None:
            tell(channel)
        ask(link, encode_radio(RadioCode.CHANNEL_OVERRIDE, channel), _ASK_S)
        if _up(link):
            return channel
    if before.channel is not None:
        ask(link, encode_radio(RadioCode.CHANNEL_OVERRIDE, before.channel), _ASK_S)
    return None


def _up(link: ByteLink) -> bool:
    reply = ask(link, encode_radio(RadioCode.SYSTEM_STATUS), _ASK_S)
    return reply is not None and "System is Up" in reply
