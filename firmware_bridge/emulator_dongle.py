"""The dongle of an emulated Cyton: its own commands, and what it says when the board is not heard."""

from __future__ import annotations

from firmware_bridge.radio import (
    BAUDS,
    BOARD_SILENT,
    BOARD_SILENT_AFTER_S,
    INPUT_TOO_LARGE,
    MAX_CHANNEL,
    MAX_WRITE,
    RadioCode,
    RadioCommand,
    RadioReader,
    with_number,
)

_AT_ONCE_S = 0.005


class Dongle:
    """The dongle's variables. The board listens on a channel of its own, and is heard only on that."""

    def __init__(self, channel: int = 20) -> None:
        self._channel = channel
        self._board_channel = channel
        self._poll_ms = 80
        self._reader = RadioReader()

    @property
    def on_board_channel(self) -> bool:
        """Whether dongle and board are on the same radio channel."""
        return self._channel == self._board_channel

    def split(self, data: bytes) -> list[RadioCommand | bytes]:
        """What of the computer's bytes is for the dongle, and what for the board."""
        return self._reader.feed(data)

    def refusal(self, data: bytes, *, board_heard: bool) -> tuple[bytes, float] | None:
        """What the dongle says, and after how long, instead of handing bytes to the board."""
        if len(data) > MAX_WRITE:
            return INPUT_TOO_LARGE.encode("ascii"), _AT_ONCE_S
        if not board_heard:
            return BOARD_SILENT.encode("ascii"), BOARD_SILENT_AFTER_S
        return None

    def obey(self, command: RadioCommand, *, board_heard: bool) -> tuple[bytes, float]:
        """The answer to one of its own commands, and after how long."""
        match command.code:
            case RadioCode.CHANNEL_GET:
                who = (
                    "Success: Host and Device on Channel number: "
                    if board_heard
                    else "Failure: Host on Channel number: "
                )
                return with_number(who, self._channel), _AT_ONCE_S
            case RadioCode.CHANNEL_SET | RadioCode.CHANNEL_OVERRIDE if command.argument > MAX_CHANNEL:
                return b"Failure: Verify channel number is less than 25$$$", _AT_ONCE_S
            case RadioCode.CHANNEL_SET:
                if not board_heard:
                    text = f"Failure: Channel Change Request{BOARD_SILENT.removeprefix('Failure: ')}"
                    return text.encode("ascii"), BOARD_SILENT_AFTER_S
                self._channel = self._board_channel = command.argument
                return with_number("Success: Host and Device on Channel number: ", command.argument), _AT_ONCE_S
            case RadioCode.CHANNEL_OVERRIDE:
                self._channel = command.argument
                return with_number("Success: Host override - Channel number: ", command.argument), _AT_ONCE_S
            case RadioCode.POLL_TIME_GET | RadioCode.POLL_TIME_SET:
                if command.code == RadioCode.POLL_TIME_SET:
                    self._poll_ms = command.argument
                return with_number("Success: Poll time: ", self._poll_ms), _AT_ONCE_S
            case RadioCode.SYSTEM_STATUS:
                return (b"Success: System is Up$$$" if board_heard else b"Failure: System is Down$$$"), _AT_ONCE_S
            case code if code in BAUDS:
                return f"Success: Switch your baud rate to {BAUDS[code]}$$$".encode("ascii"), _AT_ONCE_S
            case _:
                return b"", _AT_ONCE_S
