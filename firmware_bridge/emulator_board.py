"""What the firmware of an emulated Cyton knows and answers; no clock, no wire.

`BoardFirmware.obey` takes one command and returns what the board says, when, and what it does to a running stream. Wording and
quirks follow OpenBCI_32bit_Library.cpp 3.1 (processChar) and SD_Card_Stuff.ino without a card, and a board without WiFi shield.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto

from firmware_bridge.cyton_commands import (
    BoardMode,
    ChannelPower,
    ChannelSettings,
    Command,
    InputType,
    LeadOff,
    Malformed,
    Marker,
    OpenSd,
    SampleRate,
    Simple,
    TestSignal,
)
from firmware_bridge.cyton_wire import STOP_ACCEL
from firmware_bridge.emulator_impedance import Electrodes
from firmware_bridge.emulator_registers import register_dump
from firmware_bridge.emulator_signal import TEST_SHAPES, FrontEnd

MULTIBYTE_TIMEOUT = "Timeout processing multi byte message - please send all commands at once as of v2$$$"
MULTIBYTE_TIMEOUT_S = 1.0
_SETTING_S = 0.02
_ADS_INIT_S = 0.3
_NO_CARD = (
    "initialization failed. Things to check:\r\n* is a card is inserted?\r\n"
    "Could not find FAT16/FAT32 partition. Make sure you've formatted the card\r\n$$$"
)


class StreamEffect(Enum):
    """What a command does to the stream."""

    NONE = auto()
    START = auto()
    STOP = auto()
    RESTART = auto()  # stopped for the work and started again, if it was running


@dataclass(frozen=True, slots=True)
class Answer:
    """before: text sent at once; after: text sent when the work is done, busy_s later."""

    before: str = ""
    after: str = ""
    busy_s: float = 0.0
    stream: StreamEffect = StreamEffect.NONE


class BoardFirmware:
    """The firmware's variables from one power-up on."""

    def __init__(self, *, daisy: bool, nominal_rate_hz: float, reset_s: float) -> None:
        self.has_daisy = daisy
        self.daisy = daisy
        self.native_hz = round(nominal_rate_hz)
        self.reset_s = reset_s
        self.rate_hz = self.native_hz
        self.mode = "default"
        self.time_stamps = False
        self.first_stamp = False
        self.marker = 0
        self.test = TEST_SHAPES[TestSignal.SLOW_1X]
        self.settings = _defaults()
        self.lead_off = [LeadOff(n, p=False, n=False) for n in range(1, 17)]
        self.lead_off_tone = True

    @property
    def accelerometer(self) -> bool:
        """Whether the auxiliary bytes carry it."""
        return self.mode in ("default", "debug")

    @property
    def stop_byte(self) -> int:
        """Of the next packet; the first one after `<` differs (setCurPacketType)."""
        kind = 0 if self.accelerometer else 1
        if self.time_stamps:
            kind = (3 if self.first_stamp else 4) + 2 * kind
        return STOP_ACCEL + kind

    def front_end(self, electrodes: Electrodes) -> FrontEnd:
        """The amplifiers as they are set, on these electrodes."""
        channels = 16 if self.daisy else 8
        ohm = electrodes.met(self.lead_off[:channels])
        return FrontEnd(tuple(self.settings[:channels]), self.test, ohm, self.lead_off_tone)

    def banner(self) -> str:
        """What the board says of itself after a reset; the version in it is older than the firmware (as in 3.1.5)."""
        second = "On Daisy ADS1299 Device ID: 0x3E\r\n" if self.daisy else ""
        return (
            "OpenBCI V3 8-16 channel\r\nOn Board ADS1299 Device ID: 0x3E\r\n"
            f"{second}LIS3DH Device ID: 0x33\r\nFirmware: v3.1.2\r\n$$$"
        )

    def obey(self, command: Command, *, streaming: bool) -> Answer:
        """The answer to one command. While streaming most commands are obeyed without a word."""
        answer = self._answer(command, streaming)
        if (
            streaming
            and not isinstance(command, BoardMode)
            and not (isinstance(command, Malformed) and command.heard_while_streaming)
        ):
            spoken = command in (Simple.RESET, Simple.REPORT_DEFAULTS, Simple.VERSION)
            return answer if spoken else replace(answer, before="", after="")
        return answer

    def _answer(self, command: Command, streaming: bool) -> Answer:
        match command:
            case Simple():
                return self._simple[command](self, streaming)
            case ChannelSettings():
                self._set_channel(command)
                return _setting(f"Success: Channel set for {command.channel}$$$")
            case LeadOff():
                self.lead_off[command.channel - 1] = command
                return _setting(f"Success: Lead off set for {command.channel}$$$")
            case ChannelPower(channel, on):
                self.settings[channel - 1] = replace(self.settings[channel - 1], on=on)
                if not on:
                    self.lead_off[channel - 1] = LeadOff(channel, p=False, n=False)
                return _setting("")
            case TestSignal():
                return self._test_signal(command)
            case SampleRate(hz):
                return self._sample_rate(hz, streaming)
            case BoardMode(mode):
                return self._board_mode(mode)
            case Marker(character):
                self.marker = ord(character) if self.mode == "marker" else 0
                return Answer()
            case OpenSd():
                return Answer(after=_NO_CARD, busy_s=1.0)
            case Malformed(reason):
                return Answer(f"Failure: {reason}$$$")

    def _reset(self, streaming: bool) -> Answer:  # noqa: ARG002
        """`v`: converters and gains anew; board mode, time stamps and the rate's code survive."""
        self._initialise_converters()
        self.lead_off_tone = True
        return Answer(after=self.banner(), busy_s=self.reset_s, stream=StreamEffect.STOP)

    def _initialise_converters(self) -> None:
        self.daisy = self.has_daisy
        self.settings = _defaults()
        self.lead_off = [LeadOff(n, p=False, n=False) for n in range(1, 17)]
        self.lead_off_tone = False

    def _start(self, streaming: bool) -> Answer:  # noqa: ARG002
        if self.rate_hz != self.native_hz:
            # The dongle cannot carry more: the firmware goes back to 250 Hz and so loses all channel settings.
            self.rate_hz = self.native_hz
            self._initialise_converters()
            return Answer(busy_s=_ADS_INIT_S, stream=StreamEffect.START)
        return Answer(stream=StreamEffect.START)

    def _defaults(self, streaming: bool) -> Answer:  # noqa: ARG002
        self.settings = _defaults()
        self.lead_off = [LeadOff(n, p=False, n=False) for n in range(1, 17)]
        text = "updating channel settings to default$$$"
        return Answer(text, busy_s=0.15, stream=StreamEffect.RESTART)

    def _daisy_off(self, streaming: bool) -> Answer:  # noqa: ARG002
        if not self.daisy:
            return Answer()
        self.daisy = False
        return Answer("daisy removed$$$")

    def _daisy_on(self, streaming: bool) -> Answer:  # noqa: ARG002
        attached = self.has_daisy and not self.daisy
        self.daisy = self.has_daisy
        if attached:
            return Answer(after="daisy attached16$$$", busy_s=0.16)
        return Answer("16$$$") if self.daisy else Answer(after="no daisy to attach!8$$$", busy_s=0.16)

    def _time_stamps(self, on: bool) -> Answer:
        self.time_stamps = self.first_stamp = on
        return Answer(f"Time stamp {'ON' if on else 'OFF'}$$$")

    def _sample_rate(self, hz: int | None, streaming: bool) -> Answer:
        if hz is not None and not streaming:
            self.rate_hz = self.native_hz if hz == 250 else hz
            self._initialise_converters()
            return Answer(after=f"Success: Sample rate is {self.rate_hz}Hz$$$", busy_s=_ADS_INIT_S)
        return Answer(f"Success: Sample rate is {self.rate_hz}Hz$$$")

    def _board_mode(self, mode: str | None) -> Answer:
        if mode is not None:
            self.mode = mode
            self.marker = 0
            self.first_stamp = self.time_stamps
        return Answer(f"Success: {self.mode}$$$")

    def _test_signal(self, signal: TestSignal) -> Answer:
        source = InputType.SHORTED if signal is TestSignal.GROUND else InputType.TEST_SIGNAL
        self.test = TEST_SHAPES.get(signal, self.test)
        self.settings = [replace(s, input_type=source) for s in self.settings]
        return _setting("Success: Configured internal test signal.$$$")

    def _set_channel(self, wanted: ChannelSettings) -> None:
        """SRB1 of one channel is SRB1 of all eight of its converter."""
        self.settings[wanted.channel - 1] = wanted
        first = 0 if wanted.channel <= 8 else 8
        for n in range(first, first + 8):
            self.settings[n] = replace(self.settings[n], srb1=wanted.srb1)

    def _registers(self, streaming: bool) -> Answer:
        return Answer() if streaming else Answer(register_dump(self.settings, self.lead_off, daisy=self.daisy))

    _simple: dict[Simple, Callable[[BoardFirmware, bool], Answer]] = {  # noqa: RUF012
        Simple.RESET: _reset,
        Simple.VERSION: lambda _self, _streaming: Answer("v3.1.5$$$"),
        Simple.START: _start,
        Simple.STOP: lambda _self, _streaming: Answer(stream=StreamEffect.STOP),
        Simple.DEFAULTS: _defaults,
        Simple.REPORT_DEFAULTS: lambda _self, _streaming: Answer("060110$$$"),
        Simple.DAISY_OFF: _daisy_off,
        Simple.DAISY_ON: _daisy_on,
        Simple.REGISTERS: _registers,
        Simple.TIME_STAMPS_ON: lambda self, _streaming: self._time_stamps(True),
        Simple.TIME_STAMPS_OFF: lambda self, _streaming: self._time_stamps(False),
        # Without a file the firmware has nothing to close, and stops streaming all the same.
        Simple.SD_CLOSE: lambda _self, _streaming: Answer("No open file to close\r\n$$$", stream=StreamEffect.STOP),
        Simple.WIFI_ATTACH: lambda _self, _streaming: Answer(after="Failure: Wifi not attached$$$", busy_s=0.5),
        Simple.WIFI_REMOVE: lambda _self, _streaming: Answer("Failure: Wifi not removed$$$"),
        Simple.WIFI_STATUS: lambda _self, _streaming: Answer("Wifi not present, send { to attach the shield$$$"),
        Simple.WIFI_RESET: lambda _self, _streaming: Answer("Wifi soft reset$$$"),
    }


def _defaults() -> list[ChannelSettings]:
    return [ChannelSettings(n) for n in range(1, 17)]


def _setting(text: str) -> Answer:
    return Answer(text, busy_s=_SETTING_S, stream=StreamEffect.RESTART)
