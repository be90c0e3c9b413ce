"""Board URLs: `serial:auto`, `serial:///dev/ttyUSB0?daisy=1`, `brainflow:cyton?serial_port=/dev/ttyUSB0`.

A URL is SCHEME:PATH?OPTION=VALUE&…; a table of schemes says who opens what, and a caller may pass a longer table of its own.
A Cyton on a dongle takes `reference=bipolar` (the default) or `common`, and `gain=24`: all channels are set so before it is handed over;
with `button=1` its digital pins, and with them its push button, come instead of the accelerometer.
A dongle that is plugged in again is followed by its USB serial number, whatever its port is called then (`lasting`).
"""

from __future__ import annotations

import glob
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from firmware_bridge.amplifiers import AMPLIFIER_OPTIONS, amplifiers_of
from firmware_bridge.attempts import InBackground
from firmware_bridge.boards import Board
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.errors import BoardAddressError, BoardOff, PortNotFound
from firmware_bridge.healing import HealingBoard
from firmware_bridge.links import ByteLink, SerialLink, boottime_s
from firmware_bridge.radio_search import find_board

DONGLE_USB_ID = (0x0403, 0x6015)
"""The FT231X of the OpenBCI dongle; other things with that chip exist, so it is a strong hint and no proof."""


@dataclass(frozen=True, slots=True)
class BoardAddress:
    """A board URL in its parts; path without a leading `//`, options as text."""

    scheme: str
    path: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port of this machine. device is stable across replugging where the system offers such a name."""

    device: str
    title: str
    is_dongle: bool
    usb_serial: str | None = None


Opener = Callable[[BoardAddress], Board]


def parse_board_url(url: str) -> BoardAddress:
    """Raises BoardAddressError when it is no board URL."""
    scheme, colon, rest = url.partition(":")
    if not colon or not scheme or "/" in scheme:
        raise BoardAddressError(f"'{url}' is not a board URL: write it as serial:auto or serial:///dev/ttyUSB0.")
    path, _, query = rest.partition("?")
    if path.startswith("//"):
        path = path[2:]
    options: dict[str, str] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise BoardAddressError(
            f"'{query}' in '{url}' is not understood: write options as name=value&name=value."
        ) from None
    for name, value in pairs:
        if name in options:
            raise BoardAddressError(f"Option '{name}' stands twice in '{url}': give it once.")
        options[name] = value
    return BoardAddress(scheme.lower(), unquote(path), options)


def open_board(url: str, schemes: Mapping[str, Opener] | None = None) -> Board:
    """Open the board of a URL. Raises BoardAddressError for a scheme or option that does not exist, else what opening raises."""
    table = SCHEMES if schemes is None else schemes
    address = parse_board_url(url)
    opener = table.get(address.scheme)
    if opener is None:
        raise BoardAddressError(f"There is no board scheme '{address.scheme}': use one of {', '.join(sorted(table))}.")
    return opener(address)


SILENT_LIMIT_S: Mapping[str, float] = {"serial": 30.0, "brainflow": 10.0}
"""Silence after which a board is opened anew, by scheme. The built-in driver asks the dongle first, and reopens one that says nothing;
through BrainFlow nobody can be asked."""

_PORT_OPTION: Mapping[str, str] = {"brainflow": "serial_port"}


def open_lasting(url: str, schemes: Mapping[str, Opener] | None = None) -> Board:
    """As `open_board`, but a board on a wire is opened again by itself when it is unplugged or falls silent.

    The first opening raises what `open_board` raises; later ones are repeated until `close`.
    """
    board = open_board(url, schemes)
    address = parse_board_url(url)
    if address.scheme not in SILENT_LIMIT_S:
        return board
    usb_serial = _usb_serial(address)
    table = SCHEMES if schemes is None else schemes

    def reopen() -> Board:
        return table[address.scheme](_moved(address, usb_serial))

    return HealingBoard(
        board,
        partial(InBackground, reopen),
        clock=boottime_s,
        nap=time.sleep,
        silent_limit_s=SILENT_LIMIT_S[address.scheme],
    )


def _port_of(address: BoardAddress) -> str:
    option = _PORT_OPTION.get(address.scheme)
    return address.options.get(option, "") if option else address.path


def _usb_serial(address: BoardAddress) -> str | None:
    """The USB serial number of the adapter on the address's port, which it keeps under any name."""
    path = _port_of(address)
    ports = list_ports()
    if path == "auto":
        dongles = [port for port in ports if port.is_dongle]
        return dongles[0].usb_serial if len(dongles) == 1 else None
    wanted = Path(path).resolve()
    return next((port.usb_serial for port in ports if Path(port.device).resolve() == wanted), None) if path else None


def _moved(address: BoardAddress, usb_serial: str | None) -> BoardAddress:
    """The address with the port at which that adapter is now; as it is when the adapter is not known or not there."""
    device = next((port.device for port in list_ports() if usb_serial and port.usb_serial == usb_serial), None)
    if device is None:
        return address
    option = _PORT_OPTION.get(address.scheme)
    if option:
        return replace(address, options={**address.options, option: device})
    return replace(address, path=device)


def check_options(address: BoardAddress, known: tuple[str, ...]) -> None:
    """Raises BoardAddressError that lists what exists when an option is not one of `known`."""
    for name in address.options:
        if name not in known:
            listed = f"it takes {', '.join(known)}" if known else "it takes none"
            raise BoardAddressError(f"'{address.scheme}:' boards have no option '{name}': {listed}.")


def list_ports() -> tuple[Port, ...]:
    """All serial ports, dongles first."""
    from serial.tools.list_ports import comports  # noqa: PLC0415 - reads sysfs; only discovery wants it

    by_id = {str(Path(link).resolve()): link for link in sorted(glob.glob("/dev/serial/by-id/*"))}  # noqa: PTH207
    ports = [
        Port(
            by_id.get(str(Path(found.device).resolve()), found.device),
            found.description if found.description not in (None, "n/a") else found.device,
            (found.vid, found.pid) == DONGLE_USB_ID,
            getattr(found, "serial_number", None),
        )
        for found in comports()
    ]
    return tuple(sorted(ports, key=lambda port: (not port.is_dongle, port.device)))


def find_dongle() -> str:
    """The device of the one dongle that is plugged in. Raises PortNotFound for none, BoardAddressError for several."""
    ports = list_ports()
    dongles = [port.device for port in ports if port.is_dongle]
    if not dongles:
        seen = ", ".join(port.device for port in ports) or "none"
        raise PortNotFound(
            f"No OpenBCI dongle found: plug it in, or name the port as serial:///dev/ttyUSB0 (ports seen: {seen})."
        )
    if len(dongles) > 1:
        choices = ", ".join(f"serial://{device}" for device in dongles)
        raise BoardAddressError(f"{len(dongles)} OpenBCI dongles are plugged in: choose one of {choices}.")
    return dongles[0]


def open_serial(address: BoardAddress) -> Board:
    """The built-in driver on a serial port; `serial:auto` looks for the dongle."""
    check_options(address, ("daisy", "search", "button", *AMPLIFIER_OPTIONS))
    daisy = _flag(address, "daisy")
    search, button = bool(_flag(address, "search")), bool(_flag(address, "button"))
    amplifiers = amplifiers_of(address.options)
    if not address.path:
        raise BoardAddressError("The port is missing: write serial:auto or serial:///dev/ttyUSB0.")
    device = find_dongle() if address.path == "auto" else address.path
    try:
        link = SerialLink(device)
    except PortNotFound as error:
        seen = ", ".join(port.device for port in list_ports()) or "none"
        raise PortNotFound(f"{str(error).removesuffix('.')} (ports seen: {seen}).") from error
    try:
        board = meet_board(link, daisy=daisy, search=search)
        board.configure(amplifiers.settings(board.spec.exg_channels))
        if button:
            board.read_button()
    except BaseException:
        link.close()
        raise
    return board


def meet_board(link: ByteLink, *, daisy: bool | None = None, search: bool = False) -> CytonBoard:
    """The Cyton behind a dongle; with `search` it is looked for on every radio channel when it is not heard on the dongle's.

    Raises what `CytonBoard` raises; a search that found nothing leaves the dongle on the channel on which it was.
    """
    try:
        return CytonBoard(link, daisy=daisy)
    except BoardOff:
        if not search:
            raise
    tried: list[int] = []
    channel = find_board(link, tried.append)
    if channel is None:
        raise BoardOff(
            f"Dongle works, but no board is heard on any of {len(tried)} radio channels: "
            "switch it on (PC position), check its battery, and try again."
        )
    note = f"The board was found on radio channel {channel}, the {len(tried)}. that was tried."
    return CytonBoard(link, daisy=daisy, notes=(note,))


def open_brainflow_board(address: BoardAddress) -> Board:
    """Any board of BrainFlow; its library is loaded only now."""
    from firmware_bridge.brainflow_board import open_brainflow  # noqa: PLC0415

    board: Board = open_brainflow(address)
    return board


SCHEMES: Mapping[str, Opener] = {"serial": open_serial, "brainflow": open_brainflow_board}
"""Who opens what. An application adds its own in a table of its own."""


def _flag(address: BoardAddress, name: str) -> bool | None:
    value = address.options.get(name)
    if value is None:
        return None
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if value.lower() not in known:
        raise BoardAddressError(f"'{name}={value}' is not understood: write {name}=1 or {name}=0.")
    return known[value.lower()]
