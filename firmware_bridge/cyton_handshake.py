"""Meeting a Cyton that may be streaming, off, absent, at another speed, or something else altogether.

Opening a port does not reset the board. So: `s`, until the line has been still for 150 ms; then `v`, which resets it, and its banner
searched for anywhere in what comes; once more if that fails. What answers, or does not, decides the error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from firmware_bridge.cyton_commands import EOT, ReplyReader, Simple, encode_command
from firmware_bridge.errors import BoardOff, NotAnOpenBCI
from firmware_bridge.links import BAUD, ByteLink, SerialLink
from firmware_bridge.radio import BAUDS, RadioCode, encode_radio

STILL_S = 0.15
REPLY_S = 1.5
_STOP_LIMIT_S = 1.5
_BANNER_S = (1.5, 1.3)
"""Waits of the first and second attempt; a reset takes 1.06 s on a real board, and three seconds are enough for anyone."""

_QUICKEST_RESET_S = 0.9
_SECOND_BANNER_S = 3.0
_VERSION_S = 0.8
"""Only firmware older than 3.1.0 lets us wait that long; a bursting adapter may need half a second."""

_BANNER = re.compile(r"OpenBCI|ADS1299 Device ID")
_TIMEOUT = "Communications timeout"


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a board said of itself. daisy: its second converter answered. notes: what had to be put right first."""

    daisy: bool
    firmware: str
    identities: dict[str, str]
    notes: tuple[str, ...] = ()


def drain(link: ByteLink, still_s: float = STILL_S, limit_s: float = _STOP_LIMIT_S) -> bytes:
    """Everything until the line has been still for still_s, or limit_s have passed. Raises LinkLost."""
    found = bytearray()
    until_s = link.now_s() + limit_s
    while link.now_s() < until_s:
        data = link.read(still_s)
        if not data:
            break
        found += data
    return bytes(found)


def ask(link: ByteLink, request: bytes, timeout_s: float) -> str | None:
    """The first reply to a request (or, empty, to an earlier one), without `$$$`; None when none ended in time. Raises LinkLost."""
    if request:
        link.write(request)
    reader = ReplyReader()
    until_s = link.now_s() + timeout_s
    while (left_s := until_s - link.now_s()) > 0:
        replies = reader.feed(link.read(left_s))
        if replies:
            return replies[0]
    return None


def ask_twice(link: ByteLink, request: bytes, wanted: str) -> str | None:
    """The reply in which `wanted` stands, a number at its end whole; None when two requests brought none but failures. Raises LinkLost.

    The request goes out in one write: the board forgets half a command after a second.
    """
    for _ in range(2):
        link.write(request)
        reader = ReplyReader()
        until_s = link.now_s() + REPLY_S
        failed = False
        while not failed and (left_s := until_s - link.now_s()) > 0:
            for reply in reader.feed(link.read(left_s)):
                if "Failure" in reply or "Timeout" in reply:
                    failed = True
                elif _says(reply, wanted):
                    return reply.strip()
    return None


def greet(link: ByteLink) -> Greeting:
    """Stop, reset and identify the board. Raises BoardOff, NotAnOpenBCI, or LinkLost."""
    text = _banner(link)
    notes: tuple[str, ...] = ()
    if text is None and isinstance(link, SerialLink) and not link.is_pty and (baud := _sped_up(link)):
        text = _banner(link)
        notes = (f"The dongle was left at {baud} baud by another program; it was set back to {BAUD}.",)
    if text is None:
        raise NotAnOpenBCI(
            "Nothing answers on this port: plug the OpenBCI dongle in, or name its port as serial:///dev/ttyUSB0."
        )
    reply = ask(link, encode_command(Simple.VERSION), _VERSION_S)
    return replace(_greeting(text, reply), notes=notes)


def _banner(link: ByteLink) -> str | None:
    """The banner's text; None when the line stays silent. Raises BoardOff or NotAnOpenBCI for other answers."""
    heard = _still(link)
    for attempt, limit_s in enumerate(_BANNER_S):
        asked_s = link.now_s()
        text = _reset(link, limit_s)
        heard += text
        end = text.find(EOT.decode(), match.start()) if (match := _BANNER.search(text)) else -1
        if match and end >= 0:
            if attempt and link.now_s() - asked_s < _QUICKEST_RESET_S:
                # This answers the first reset, which was only slow: the banner of the second is on its way.
                ask(link, b"", _SECOND_BANNER_S)
            return text[match.start() : end]
    if _TIMEOUT in heard:
        raise BoardOff(
            "Dongle works, but the board is not heard: switch it on (PC position) and check its battery; "
            "if it is on another radio channel, add search=1 to the board URL."
        )
    if not heard:
        return None
    raise NotAnOpenBCI(
        "Something is on this port, but it does not answer as an OpenBCI board: choose the dongle's port "
        f"(it said {heard[:40]!r})."
    )


def _still(link: ByteLink) -> str:
    """Stop a stream that a dead program left behind; what came is returned, as text, when it was no stream."""
    for _ in range(2):
        link.write(encode_command(Simple.STOP))
        found = drain(link)
        if not found or link.read(0.0) == b"":
            break
    return found.decode("latin-1") if len(found) < 200 else ""


def _reset(link: ByteLink, limit_s: float) -> str:
    """Write `v`; what comes until the banner has ended, a failure is told, or the time is over."""
    link.write(encode_command(Simple.RESET))
    found = ""
    until_s = link.now_s() + limit_s
    while (left_s := until_s - link.now_s()) > 0:
        found += link.read(left_s).decode("latin-1")
        match = _BANNER.search(found)
        if match and EOT.decode() in found[match.start() :]:
            break
        if not match and found.count(_TIMEOUT) > 0 and found.rstrip().endswith(EOT.decode()):
            break
    return found


def _sped_up(link: SerialLink) -> int | None:
    """The speed at which some program left the dongle, now set back; None when it is at none of those it has."""
    for baud in sorted(set(BAUDS.values()) - {BAUD}, reverse=True):
        link.set_baud(baud)
        reply = ask(link, encode_radio(RadioCode.BAUD_DEFAULT), 0.2)
        if reply is not None and "baud rate" in reply:
            link.set_baud(BAUD)
            drain(link, 0.05, 0.5)
            return baud
    link.set_baud(BAUD)
    return None


def _greeting(banner: str, version: str | None) -> Greeting:
    identities = {}
    for title, pattern in (
        ("ads1299", r"On Board ADS1299 Device ID: (0x[0-9A-Fa-f]+)"),
        ("daisy_ads1299", r"On Daisy ADS1299 Device ID: (0x[0-9A-Fa-f]+)"),
        ("accelerometer", r"LIS3DH Device ID: (0x[0-9A-Fa-f]+)"),
    ):
        match = re.search(pattern, banner)
        if match:
            identities[title] = match[1]
    said = re.search(r"v\d+\.\d+\.\d+", version or "") or re.search(r"v\d+\.\d+\.\d+", banner)
    return Greeting("daisy_ads1299" in identities, said[0] if said else "unknown", identities)


def _says(reply: str, wanted: str) -> bool:
    at = reply.find(wanted)
    return at >= 0 and not reply[at + len(wanted) :][:1].isdigit()
