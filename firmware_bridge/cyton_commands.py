"""The Cyton's command language, both roles, without I/O: commands to bytes, bytes to commands, replies up to `$$$`.

Most commands are one character (the tables below). `x` (channel settings), `z` (lead-off), `~` (sample rate), `/` (board mode)
and the backquote (marker) take more. (OpenBCI_32bit_Library.cpp, processChar.) What the board answers is the emulator's
affair; here stands only where an answer ends and whether one is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

EOT = b"$$$"
GAINS = (1, 2, 4, 6, 8, 12, 24)
"""Gains of the ADS1299, in the order of their codes."""

SAMPLE_RATES = (16000, 8000, 4000, 2000, 1000, 500, 250)
BOARD_MODES = ("default", "debug", "analog", "digital", "marker", "BLE")
MAX_CHANNELS = 16
CHANNEL_LETTERS = "12345678QWERTYUI"
"""How `x` and `z` name channels 1–16."""

CHANNEL_OFF_LETTERS = "12345678qwertyui"
CHANNEL_ON_LETTERS = "!@#$%^&*QWERTYUI"
SD_LETTERS = "ASFGHJKLa"
"""5, 15, 30 min, 1, 2, 4, 12, 24 h, and a test file of 512 blocks."""


class InputType(IntEnum):
    """What a channel's amplifier is connected to (ADS1299, MUXn)."""

    NORMAL = 0
    SHORTED = 1
    BIAS_MEAS = 2
    MVDD = 3
    TEMPERATURE = 4
    TEST_SIGNAL = 5
    BIAS_DRP = 6
    BIAS_DRN = 7


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One channel's amplifier. channel is 1…16, as the board counts; the rest is the board's default.

    Raises ValueError when the channel or the gain does not exist.
    """

    channel: int
    gain: int = 24
    input_type: InputType = InputType.NORMAL
    bias: bool = True
    srb2: bool = True
    srb1: bool = False
    on: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.channel <= MAX_CHANNELS:
            raise ValueError(
                f"Channel {self.channel} does not exist: a Cyton has channels 1 to 8, with a Daisy 1 to 16."
            )
        if self.gain not in GAINS:
            raise ValueError(f"Gain {self.gain} does not exist: choose one of {', '.join(map(str, GAINS))}.")

    def command(self) -> bytes:
        """The `x…X` that sets them."""
        return encode_command(self)


class Simple(Enum):
    """Commands of one character."""

    RESET = "v"
    VERSION = "V"
    START = "b"
    STOP = "s"
    DEFAULTS = "d"
    REPORT_DEFAULTS = "D"
    DAISY_OFF = "c"
    DAISY_ON = "C"
    REGISTERS = "?"
    TIME_STAMPS_ON = "<"
    TIME_STAMPS_OFF = ">"
    SD_CLOSE = "j"
    WIFI_ATTACH = "{"
    WIFI_REMOVE = "}"
    WIFI_STATUS = ":"
    WIFI_RESET = ";"


class TestSignal(Enum):
    """All inputs to ground, or to the internal test signal: 1× is ±4.5 V/2400, slow 2^-21 of the 2.048 MHz clock, fast 2^-20."""

    __test__ = False  # not a test class, whatever its name says

    GROUND = "0"
    SLOW_1X = "-"
    FAST_1X = "="
    DC = "p"
    SLOW_2X = "["
    FAST_2X = "]"


@dataclass(frozen=True, slots=True)
class ChannelPower:
    """A channel (1…16) off or on."""

    channel: int
    on: bool


@dataclass(frozen=True, slots=True)
class LeadOff:
    """The lead-off current of a channel (1…16) on its P or N pin."""

    channel: int
    p: bool
    n: bool


@dataclass(frozen=True, slots=True)
class SampleRate:
    """Set the converter's rate, or ask for it (hz None). Over the dongle a board streams at 250 Hz whatever is set."""

    hz: int | None = None


@dataclass(frozen=True, slots=True)
class BoardMode:
    """Choose what the auxiliary bytes carry, or ask (mode None)."""

    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Marker:
    """A character into the auxiliary bytes of one packet; only in board mode "marker"."""

    character: str


@dataclass(frozen=True, slots=True)
class OpenSd:
    """Begin a file on the SD card; the letter gives its length."""

    letter: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A command of several characters that went wrong, as the board sees it; reason is its wording."""

    reason: str
    heard_while_streaming: bool = False


Command = (
    Simple
    | TestSignal
    | ChannelPower
    | ChannelSettings
    | LeadOff
    | SampleRate
    | BoardMode
    | Marker
    | OpenSd
    | Malformed
)

SINGLE: dict[str, Command] = {
    **{row.value: row for row in Simple},
    **{row.value: row for row in TestSignal},
    **{letter: ChannelPower(n, on=False) for n, letter in enumerate(CHANNEL_OFF_LETTERS, 1)},
    **{letter: ChannelPower(n, on=True) for n, letter in enumerate(CHANNEL_ON_LETTERS, 1)},
    **{letter: OpenSd(letter) for letter in SD_LETTERS},
}
"""Character to command; both roles read it."""

_LETTERS = {command: letter for letter, command in SINGLE.items()}
_SILENT = (Simple.START, Simple.STOP)


def encode_command(command: Command) -> bytes:
    """The bytes of a command; they must go out in one write. Raises ValueError for a value the language cannot say."""
    match command:
        case ChannelSettings():
            c = command
            flags = f"{int(c.bias)}{int(c.srb2)}{int(c.srb1)}"
            letter = CHANNEL_LETTERS[c.channel - 1]
            text = f"x{letter}{int(not c.on)}{GAINS.index(c.gain)}{int(c.input_type)}{flags}X"
        case LeadOff(channel, p, n):
            text = f"z{CHANNEL_LETTERS[channel - 1]}{int(p)}{int(n)}Z"
        case SampleRate(hz):
            text = "~~" if hz is None else f"~{SAMPLE_RATES.index(hz)}"
        case BoardMode(mode):
            text = "//" if mode is None else f"/{BOARD_MODES.index(mode)}"
        case Marker(character):
            text = "`" + character
        case Malformed():
            raise ValueError("A malformed command has no bytes.")
        case _:
            text = _LETTERS[command]
    return text.encode("ascii")


def is_answered(command: Command) -> bool:
    """Whether a board that is not streaming answers. `V` is left out: firmware before 3.1.0 does not know it."""
    return command not in _SILENT and not isinstance(command, ChannelPower | Marker) and command is not Simple.VERSION


class ReplyReader:
    """The computer's side: bytes in, replies out, each without its `$$$`. `partial` is what has come since."""

    def __init__(self) -> None:
        self._bytes = b""

    @property
    def partial(self) -> str:
        """What has come after the last `$$$`."""
        return self._bytes.decode("latin-1")

    def feed(self, data: bytes) -> list[str]:
        """The replies that ended in these bytes."""
        *whole, self._bytes = (self._bytes + data).split(EOT)
        return [reply.decode("latin-1") for reply in whole]
