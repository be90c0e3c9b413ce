"""The border to the brainflow package: the only file that imports it, and only when a BrainFlow board is asked for.

Its wheel holds libraries for x86-64 only, and on an ARM computer everything imports well and the first call into the library
raises a plain OSError that says "No such file" of a file that is there. So the library is probed with a harmless call before
anything else, and whatever goes wrong becomes one BoardUnavailable. BrainFlowError is translated by a table of exit codes. The
board logger is switched off: BrainFlow's developer log writes 55 MB per second when a dongle is unplugged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import (
    BoardAddressError,
    BoardOff,
    BoardRefused,
    BoardUnavailable,
    BridgeError,
    LinkLost,
    NotAnOpenBCI,
    PortBusy,
    PortNotFound,
)

_PLAYBACK = "playback_file"
_RELAYS = (_PLAYBACK, "streaming")
_ALIASES = {"playback": _PLAYBACK}
_BUFFER_S = 60.0
"""Rows that BrainFlow keeps for a reader that is late; its own default is half an hour, 86 MB for a Cyton."""


@dataclass(frozen=True, slots=True)
class BoardRequest:
    """A board that BrainFlow has, and how to find it. data_name, data_id: whose rows come (the master's for playback and streaming).

    options are fields of BrainFlowInputParams, converted to the type of each.
    """

    name: str
    board_id: int
    data_name: str
    data_id: int
    options: Mapping[str, str | int]

    @property
    def from_file(self) -> bool:
        """A recording played back."""
        return self.name == _PLAYBACK

    @property
    def relayed(self) -> bool:
        """Rows of a board that somebody else has: a recording, or BrainFlow's network streamer."""
        return self.name in _RELAYS


class Library:
    """The brainflow package, found and working. Raises BoardUnavailable when this computer cannot use it."""

    def __init__(self) -> None:
        try:
            from brainflow import board_shim  # noqa: PLC0415 - an optional package that fails on ARM: only when asked for

            self._shim: Any = board_shim
            self.version = str(board_shim.BoardShim.get_version())
            board_shim.BoardShim.disable_board_logger()
        except ImportError as error:
            raise BoardUnavailable(
                f"The brainflow package cannot be imported here ({error}): "
                "use serial:auto, the built-in driver, or pip install brainflow (with 'setuptools<82' on Python 3.11)."
            ) from error
        except OSError as error:
            raise BoardUnavailable(
                "The brainflow package has no library for this computer (its wheels are for x86-64 only): "
                "use serial:auto, the built-in driver, or build BrainFlow from source."
            ) from error

    def request(self, name: str, options: Mapping[str, str], ours: Collection[str] = ()) -> BoardRequest:
        """The board called `name`, with options as written in the URL. Raises BoardAddressError with what exists.

        ours: options of this board that are not BrainFlow's and were taken out before; they are named among those that exist.
        """
        boards = {short_name(board.name): int(board) for board in self._shim.BoardIds if board.name != "NO_BOARD"}
        key = short_name(name)
        if key not in boards or not self._known(key, boards):
            known = sorted(board for board in boards if self._known(board, boards))
            raise BoardAddressError(f"BrainFlow has no EXG board {name!r}: use one of {', '.join(known)}.")
        written = dict(options)
        data_name = key
        if key in _RELAYS:
            master = written.pop("master", written.pop("master_board", ""))
            data_name = short_name(master)
            if not self._has_exg(boards.get(data_name)):
                raise BoardAddressError(
                    f"brainflow:{name} needs master=BOARD, the board whose rows these are, not {master!r}: "
                    f"for instance brainflow:{name}?master=cyton."
                )
        fields = self._convert(key, written, ours)
        return BoardRequest(key, boards[key], data_name, boards[data_name], fields)

    def descriptor(self, board_id: int) -> dict[str, Any]:
        """BrainFlow's own description of a board's rows, its EXG lines added as `exg_channels`."""
        shim = self._shim.BoardShim
        return {**shim.get_board_descr(board_id), "exg_channels": shim.get_exg_channels(board_id)}

    def session(self, request: BoardRequest, where: str, rate_hz: float) -> Session:
        """Open the board: takes 2 s for a Cyton. `where` names the port or device in messages."""
        params = self._shim.BrainFlowInputParams()
        for field, value in request.options.items():
            setattr(params, field, value)
        if request.data_id != request.board_id:
            params.master_board = request.data_id
        shim = self._shim.BoardShim(request.board_id, params)
        return Session(shim, self._shim.BrainFlowError, where, rate_hz)

    def _known(self, name: str, boards: Mapping[str, int]) -> bool:
        return name in _RELAYS or self._has_exg(boards[name])

    def _has_exg(self, board_id: int | None) -> bool:
        if board_id is None:
            return False
        try:
            return bool(self._shim.BoardShim.get_exg_channels(board_id))
        except self._shim.BrainFlowError:
            return False

    def _convert(self, board: str, written: Mapping[str, str], ours: Collection[str]) -> dict[str, str | int]:
        defaults: dict[str, str | int] = vars(self._shim.BrainFlowInputParams())
        converted: dict[str, str | int] = {}
        for field, value in written.items():
            if field not in defaults or field == "master_board":
                known = ", ".join(sorted({*defaults.keys(), *ours} - {"master_board"}))
                raise BoardAddressError(f"brainflow:{board} has no option {field!r}: use {known}.")
            try:
                converted[field] = type(defaults[field])(value)
            except ValueError:
                raise BoardAddressError(
                    f"The option {field} of brainflow:{board} is a number, not {value!r}: correct it."
                ) from None
        return converted


class Session:
    """One prepared BrainFlow session. Every method raises BridgeError, never BrainFlowError."""

    def __init__(self, shim: Any, error: type[Exception], where: str, rate_hz: float) -> None:
        self._shim = shim
        self._error = error
        self._where = where
        self._buffer_rows = int(_BUFFER_S * rate_hz)
        try:
            self._call("open", shim.prepare_session)
        except BridgeError:
            self._disown()
            raise

    def start(self) -> None:
        """Start BrainFlow's reading thread; it does not wait for samples."""
        self._call("start", self._shim.start_stream, self._buffer_rows)

    def rows(self) -> NDArray[np.float64]:
        """(lines, n): what came since the last call, n may be 0."""
        rows: NDArray[np.float64] = self._call("read", self._shim.get_board_data)
        return rows

    def command(self, text: str) -> str:
        """Send a command and wait for the answer: 1 s of silence. An answer that is no text is thrown away and asked for again.

        Samples that were on the way when streaming stopped come first, and BrainFlow takes them for the answer and fails to decode.
        """
        try:
            return str(self._call("configure", self._shim.config_board, text))
        except UnicodeDecodeError:
            return str(self._call("configure", self._shim.config_board, text))

    def stop(self) -> None:
        """Stop the reading thread and the board. Raises LinkLost when the port is gone; the thread has ended all the same."""
        self._call("stop", self._shim.stop_stream)

    def release(self) -> None:
        """Give everything back; streaming or not, link or none."""
        try:
            self._call("close", self._shim.release_session)
        finally:
            self._disown()

    def _disown(self) -> None:
        """Keep a BoardShim without a session from releasing another one's when it is collected.

        BrainFlow tells sessions apart by board and options only: an object that could not open its board because it is open
        already, or one from before the dongle was plugged in again, believes that the session that is running is its own.
        """
        self._shim.is_prepared = lambda: False

    def _call(self, action: str, function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except self._error as error:
            raise translated(getattr(error, "exit_code", 17), action, self._where) from error


def translated(exit_code: int, action: str, where: str) -> BridgeError:
    """The error of ours for an exit code of BrainFlow's."""
    kind, reason = _ERRORS.get(exit_code, _OTHER)
    if kind is LinkLost and action == "open":
        kind, reason = _OFF  # what was never there cannot be lost
    return kind(f"BrainFlow could not {action} the board at {where} (exit code {exit_code}): {reason}.")


def short_name(name: str) -> str:
    """cyton_daisy, for CYTON_DAISY_BOARD as for cyton_daisy."""
    key = name.strip().lower().removesuffix("_board")
    return _ALIASES.get(key, key)


_OFF = (BoardOff, "it does not answer; switch it on, check its battery and its address, and try again")
_GONE = (LinkLost, "the connection broke; plug it in again")
_NOT_OPENBCI = (NotAnOpenBCI, "what answers there is not this board; check the port or address")
_OTHER = (BoardRefused, "the board did not do it; switch it off and on, and try again")

# exit_codes.py of brainflow 5.23
_ERRORS: Final[Mapping[int, tuple[type[BridgeError], str]]] = {
    1: (PortBusy, "the port is open in another program; close that program"),
    2: (PortNotFound, "its port or radio cannot be opened; check that it is plugged in and switched on, and its name"),
    3: (NotAnOpenBCI, "this is not a serial port; check its name"),
    4: _GONE,
    5: _NOT_OPENBCI,
    6: _NOT_OPENBCI,
    7: _OFF,
    13: (
        BoardAddressError,
        "it does not accept the options given; check them against BrainFlow's table of supported boards",
    ),
    14: (BoardAddressError, "this BrainFlow does not support it on this computer; choose another board"),
    16: (PortBusy, "it is open already in this program; close it first"),
    18: _OFF,
}
