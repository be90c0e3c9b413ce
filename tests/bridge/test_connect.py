"""Board URLs: what they say, who opens them, and what is told when they cannot be."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import serial.tools.list_ports

from firmware_bridge import connect
from firmware_bridge.boards import Board
from firmware_bridge.connect import SCHEMES, BoardAddress, find_dongle, list_ports, open_board, parse_board_url
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import BoardAddressError, BoardRefused, NotAnOpenBCI, PortNotFound
from firmware_bridge.links import EmulatorLink, SerialLink
from firmware_bridge.pty_server import PtyServer
from firmware_bridge.sources import CountingSource


def plug_in(monkeypatch: pytest.MonkeyPatch, *devices: tuple[str, int | None, int | None]) -> None:
    found = [SimpleNamespace(device=d, vid=vid, pid=pid, description="n/a") for d, vid, pid in devices]
    monkeypatch.setattr(serial.tools.list_ports, "comports", lambda: found)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("serial:auto", BoardAddress("serial", "auto")),
        ("serial:///dev/ttyUSB0", BoardAddress("serial", "/dev/ttyUSB0")),
        ("serial:///dev/ttyUSB0?daisy=1", BoardAddress("serial", "/dev/ttyUSB0", {"daisy": "1"})),
        ("serial:/dev/ttyUSB0", BoardAddress("serial", "/dev/ttyUSB0")),
        ("SERIAL:auto", BoardAddress("serial", "auto")),
        (
            "brainflow:cyton?serial_port=/dev/ttyUSB0&timeout=5",
            BoardAddress("brainflow", "cyton", {"serial_port": "/dev/ttyUSB0", "timeout": "5"}),
        ),
        ("sim:classic?seed=3&speed=virtual", BoardAddress("sim", "classic", {"seed": "3", "speed": "virtual"})),
        ("serial:///tmp/my%20dongle", BoardAddress("serial", "/tmp/my dongle")),
    ],
)
def test_a_url_has_scheme_path_and_options(url: str, address: BoardAddress) -> None:
    assert parse_board_url(url) == address


@pytest.mark.parametrize(
    "url", ["", "auto", "/dev/ttyUSB0", ":auto", "serial:auto?daisy", "serial:auto?daisy=1&daisy=0"]
)
def test_what_is_no_url_is_told_with_the_way_to_write_it(url: str) -> None:
    with pytest.raises(BoardAddressError, match=r"write it as serial:auto|write options as|give it once"):
        parse_board_url(url)


def test_an_unknown_scheme_lists_those_that_exist() -> None:
    with pytest.raises(BoardAddressError, match="no board scheme 'bluetooth': use one of brainflow, serial"):
        open_board("bluetooth:x")


def test_an_unknown_option_lists_those_that_exist() -> None:
    with pytest.raises(BoardAddressError, match="'serial:' boards have no option 'baud': it takes daisy"):
        open_board("serial:auto?baud=9600")


def test_an_option_that_is_neither_yes_nor_no_is_told() -> None:
    with pytest.raises(BoardAddressError, match="write daisy=1 or daisy=0"):
        open_board("serial:auto?daisy=maybe")


def test_a_missing_port_is_told() -> None:
    with pytest.raises(BoardAddressError, match="The port is missing"):
        open_board("serial:")


def test_a_caller_may_add_schemes_of_its_own() -> None:
    def simulated(_address: BoardAddress) -> Board:
        return CytonBoard(EmulatorLink(CytonEmulator(CountingSource())))

    board = open_board("sim:classic", {**SCHEMES, "sim": simulated})
    assert board.spec.exg_channels == 8


def test_no_dongle_lists_the_ports_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, ("/dev/ttyS0", None, None))
    with pytest.raises(PortNotFound, match=r"No OpenBCI dongle found: plug it in.*ports seen: /dev/ttyS0"):
        open_board("serial:auto")
    plug_in(monkeypatch)
    with pytest.raises(PortNotFound, match="ports seen: none"):
        find_dongle()


def test_several_dongles_are_named_to_choose_from(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, ("/dev/ttyUSB1", 0x0403, 0x6015), ("/dev/ttyUSB0", 0x0403, 0x6015))
    with pytest.raises(BoardAddressError, match=r"2 OpenBCI dongles.*serial:///dev/ttyUSB0, serial:///dev/ttyUSB1"):
        find_dongle()


def test_a_dongle_is_named_by_its_lasting_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB3"
    device.touch()
    lasting = tmp_path / "usb-FTDI_FT231X-if00-port0"
    lasting.symlink_to(device)
    plug_in(monkeypatch, ("/dev/ttyS0", None, None), (str(device), 0x0403, 0x6015))
    monkeypatch.setattr(connect.glob, "glob", lambda _pattern: [str(lasting)])
    assert find_dongle() == str(lasting)
    assert [port.is_dongle for port in list_ports()] == [True, False]


def test_a_board_is_opened_by_its_url_and_a_refused_one_gives_the_port_back() -> None:
    with PtyServer(CytonEmulator(CountingSource(), reset_s=0.05)) as server:
        with pytest.raises(BoardRefused, match="Daisy not detected"):
            open_board(f"serial://{server.path}?daisy=1")
        board = open_board(f"serial://{server.path}")
        assert board.spec.name == "cyton"
        board.close()


def test_a_port_without_a_board_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_args: object, **_kwargs: object) -> None:
        raise NotAnOpenBCI("Nothing answers.")

    monkeypatch.setattr(connect, "CytonBoard", nobody)
    with PtyServer(CytonEmulator(CountingSource())) as server:
        with pytest.raises(NotAnOpenBCI):
            open_board(f"serial://{server.path}")
        SerialLink(server.path).close()
