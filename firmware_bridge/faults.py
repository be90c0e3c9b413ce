"""What goes wrong on the way from an emulated board to the computer, by name, scriptable and seeded.

A fault is written as words: `drop 3`, `stall 2 lose`, `text Success: analog$$$`, and with a time, in seconds after the first start of
the stream, `@12.5 drop 3`. `FAULTS` lists the names. `Faults` holds a script and takes more while the emulator runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from firmware_bridge.cyton_wire import PACKET_BYTES


class Where(Enum):
    """What part of the emulator a fault befalls."""

    PACKET = auto()
    WIRE = auto()
    BOARD = auto()


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One line of the table: name, what its number means (empty: it takes none), what happens."""

    name: str
    number: str
    meaning: str
    where: Where


FAULTS: dict[str, FaultRow] = {
    row.name: row
    for row in (
        FaultRow("drop", "packets", "packets lost whole", Where.PACKET),
        FaultRow("delete", "packets", "1 to 3 bytes missing from each of them", Where.PACKET),
        FaultRow("insert", "packets", "1 to 3 foreign bytes in each of them", Where.PACKET),
        FaultRow("badstop", "packets", "stop byte wrong", Where.PACKET),
        FaultRow("badstart", "packets", "start byte wrong", Where.PACKET),
        FaultRow("corrupt", "packets", "one bit of a channel flipped", Where.PACKET),
        FaultRow("badid", "packets", "id wrong", Where.PACKET),
        FaultRow("text", "", "the words that follow, between two packets", Where.WIRE),
        FaultRow("stall", "seconds", "nothing comes, then all of it; with `lose`, none of it", Where.WIRE),
        FaultRow(
            "batch", "milliseconds", "bytes come only this often, as through an FTDI buffer; 0 ends it", Where.WIRE
        ),
        FaultRow("loss", "percent", "packets lost at random from now on; 0 ends it", Where.WIRE),
        FaultRow("noise", "percent", "packets damaged at random from now on; 0 ends it", Where.WIRE),
        FaultRow("poweroff", "", "board switched off, dongle still there", Where.BOARD),
        FaultRow("poweron", "", "board switched on: it says its banner and does not stream", Where.BOARD),
        FaultRow("radiodown", "", "board out of range; it goes on streaming", Where.BOARD),
        FaultRow("radioup", "", "board in range again", Where.BOARD),
        FaultRow("rate", "hertz", "true rate of the converter from now on", Where.BOARD),
        FaultRow("unplug", "", "dongle gone; the board goes on", Where.BOARD),
        FaultRow("replug", "", "dongle there again, as a new port", Where.BOARD),
    )
}

_DAMAGES = ("delete", "insert", "badstop", "badstart", "corrupt", "badid")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as it is to happen; at_s None: at once."""

    name: str
    number: float = 1.0
    text: str = ""
    lose: bool = False
    at_s: float | None = None


def parse_fault(words: str) -> Fault:
    """A fault from its words. Raises ValueError that says what is not understood and what exists."""
    rest = words.strip()
    at_s = None
    if rest.startswith("@"):
        moment, _, rest = rest[1:].partition(" ")
        at_s = _number(moment, words)
    name, _, rest = rest.strip().partition(" ")
    row = FAULTS.get(name)
    if row is None:
        raise ValueError(f"There is no fault '{name}': choose one of {', '.join(FAULTS)}.")
    if name == "text":
        return Fault(name, text=rest, at_s=at_s)
    parts = rest.split()
    lose = name == "stall" and parts[-1:] == ["lose"]
    if lose:
        parts.pop()
    if len(parts) > (1 if row.number else 0):
        raise ValueError(f"'{words}' has too many words: {name} takes {row.number or 'nothing'}.")
    number = _number(parts[0], words) if parts else 1.0
    if name == "rate" and number <= 0:
        raise ValueError(f"'{words}' is not understood: a rate is above zero.")
    return Fault(name, number, lose=lose, at_s=at_s)


def _number(text: str, words: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"'{text}' in '{words}' is not a number.") from None
    if not 0 <= number < 1e9:
        raise ValueError(f"'{text}' in '{words}' is out of range: write a number from 0 on.")
    return number


class Faults:
    """A script of faults, and those injected while it runs. The seed fixes which byte or bit is hit."""

    def __init__(self, script: Iterable[Fault | str] = (), *, seed: int = 0) -> None:
        self._script: list[Fault] = []
        self._now: list[Fault] = []
        self.random = np.random.default_rng(seed)
        for fault in script:
            self.inject(fault)

    def inject(self, fault: Fault | str) -> None:
        """Let it happen at its time, or at the emulator's next step. Raises ValueError for words that name no fault."""
        parsed = parse_fault(fault) if isinstance(fault, str) else fault
        if parsed.at_s is None:
            self._now.append(parsed)
        else:
            self._script.append(parsed)
            self._script.sort(key=lambda one: one.at_s or 0.0)

    def next_s(self) -> float | None:
        """Stream time of the next scripted fault."""
        return self._script[0].at_s if self._script else None

    def due(self, stream_s: float | None) -> Sequence[Fault]:
        """The faults whose time has come, each once; stream_s None: the stream has not begun."""
        if not self._now and not self._script:
            return ()
        found, self._now = self._now, []
        while stream_s is not None and self._script and (self._script[0].at_s or 0.0) <= stream_s + 1e-9:
            found.append(self._script.pop(0))
        return found


def damage(packet: bytes, name: str, random: np.random.Generator) -> bytes:
    """One packet after a fault of `_DAMAGES`, or `drop`."""
    spot = int(random.integers(1, PACKET_BYTES - 1))
    few = int(random.integers(1, 4))
    match name:
        case "drop":
            return b""
        case "delete":
            return packet[:spot] + packet[spot + few :]
        case "insert":
            return packet[:spot] + random.bytes(few) + packet[spot:]
        case "badstop":
            return packet[:-1] + bytes([int(random.integers(0, 0xA0))])
        case "badstart":
            return bytes([int(random.integers(0x80, 0xA0))]) + packet[1:]
        case "badid":
            return packet[:1] + bytes([(packet[1] + int(random.integers(3, 250))) & 0xFF]) + packet[2:]
        case _:
            spot = int(random.integers(2, 26))
            return packet[:spot] + bytes([packet[spot] ^ (1 << int(random.integers(0, 8)))]) + packet[spot + 1 :]


def random_damage(random: np.random.Generator) -> str:
    """The name of some damage."""
    return _DAMAGES[int(random.integers(0, len(_DAMAGES)))]
