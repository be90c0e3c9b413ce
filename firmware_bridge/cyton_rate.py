"""Meeting a board in which another program left a sampling rate, that would undo all settings at the next start.

The rate survives `v`. If it is not 250 Hz, `b` from the dongle sets it back and initialises the converters: channels that were set, and
confirmed, are at gain 24 on SRB2 again without a word (OpenBCI_32bit_Library.cpp, processChar, OPENBCI_STREAM_START). So the rate
is asked for before anything is set.
"""

from __future__ import annotations

import re

from firmware_bridge.cyton_commands import ReplyReader, SampleRate, encode_command
from firmware_bridge.cyton_handshake import Greeting, ask_twice, greet
from firmware_bridge.errors import BoardRefused
from firmware_bridge.links import ByteLink

NATIVE_HZ = 250
_ANSWER_S = 0.8
_RATE = re.compile(r"Sample rate is (\d+)Hz")


def meet(link: ByteLink, native_hz: int = NATIVE_HZ) -> Greeting:
    """Greet the board, and again after its rate was set back to the one at which it streams over a dongle.

    Raises what `greet` raises, and BoardRefused when the board keeps its rate.
    """
    greeting = greet(link)
    rate_hz = _rate_hz(link)
    if rate_hz is None or rate_hz == native_hz:
        return greeting
    if ask_twice(link, encode_command(SampleRate(250)), f"Sample rate is {native_hz}Hz") is None:
        raise BoardRefused(
            f"The board keeps the sampling rate of {rate_hz} Hz that another program set: "
            "switch it off and on, and try again."
        )
    # `~` leaves the lead-off current constant, and only a reset brings its 31.25 Hz back.
    return greet(link)


def _rate_hz(link: ByteLink) -> int | None:
    """The rate that the board says; None from firmware older than 3.0, which has one rate and does not know the question."""
    for _ in range(2):
        link.write(encode_command(SampleRate()))
        reader = ReplyReader()
        until_s = link.now_s() + _ANSWER_S
        while (left_s := until_s - link.now_s()) > 0:
            for reply in reader.feed(link.read(left_s)):
                if match := _RATE.search(reply):
                    return int(match[1])
    return None
