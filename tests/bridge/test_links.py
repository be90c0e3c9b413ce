"""Wires: what the system says of a port becomes one sentence; bytes pass; nothing spins."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pty
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from firmware_bridge import links
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import LinkError, LinkLost, PortBusy, PortNotFound, PortNotPermitted
from firmware_bridge.faults import Faults
from firmware_bridge.links import EmulatorLink, SerialLink, boottime_s, port_error
from firmware_bridge.port_holder import port_holder
from firmware_bridge.sources import CountingSource


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """(the far end's descriptor, the port's name)."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    os.close(slave)
    yield master, name
    with contextlib.suppress(OSError):  # a test may have hung up
        os.close(master)


@pytest.mark.parametrize(
    "case",
    [
        (errno.ENOENT, PortNotFound, "There is no port /dev/ttyX: plug the dongle in"),
        (errno.ENXIO, PortNotFound, "There is no port"),
        (errno.EACCES, PortNotPermitted, "add yourself to group dialout (sudo usermod -aG dialout $USER)"),
        (errno.EPERM, PortNotPermitted, "No permission for /dev/ttyX"),
        (errno.EBUSY, PortBusy, "Port /dev/ttyX is in use by another program: close that program"),
        (errno.EWOULDBLOCK, PortBusy, "in use"),
        (errno.ENOTTY, PortNotFound, "is no serial port"),
        (errno.ENOMEM, LinkError, "cannot be opened"),
    ],
)
@pytest.mark.parametrize("where", ["open", "ioctl"])
def test_what_the_system_says_of_opening_becomes_a_sentence(
    case: tuple[int, type[LinkError], str], where: str, monkeypatch: pytest.MonkeyPatch, terminal: tuple[int, str]
) -> None:
    """Injected at opening, and after it where the port is claimed; no descriptor is left behind."""

    number, kind, words = case

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    if where == "open":
        monkeypatch.setattr(serial.serialposix.os, "open", fail)
    else:
        monkeypatch.setattr(serial.Serial, "reset_input_buffer", fail)
    before = open_descriptors()
    with pytest.raises(kind) as caught:
        SerialLink(terminal[1])
    monkeypatch.undo()
    assert words.replace("/dev/ttyX", terminal[1]) in str(caught.value)
    assert open_descriptors() == before


def test_an_error_of_the_terminal_layer_is_translated_too() -> None:
    assert isinstance(port_error("/dev/ttyX", termios.error(errno.EBUSY, "busy")), PortBusy)


def test_a_port_that_is_not_there_is_told() -> None:
    with pytest.raises(PortNotFound, match="There is no port /dev/pts/9999"):
        SerialLink("/dev/pts/9999")


def test_a_file_is_no_port() -> None:
    with pytest.raises(PortNotFound, match="is no serial port"):
        SerialLink(__file__)


def test_a_port_in_use_is_told_with_its_holder(terminal: tuple[int, str]) -> None:
    program = (
        "import serial,sys; p=serial.Serial(sys.argv[1], exclusive=True); print('open', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, terminal[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        assert f"(process {holder.pid})" in (port_holder(terminal[1]) or "")
        with pytest.raises(PortBusy, match=rf"in use by .* \(process {holder.pid}\): close that program"):
            SerialLink(terminal[1])
        assert holder.stdin is not None
        holder.stdin.close()
    SerialLink(terminal[1]).close()


def test_a_holder_that_takes_no_lock_is_found_before_a_real_port_is_opened(
    terminal: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "port_holder", lambda _path: "brainflow (process 7)")
    monkeypatch.setattr(links.os.path, "realpath", lambda _path: "/dev/ttyUSB0")
    with pytest.raises(PortBusy, match=r"in use by brainflow \(process 7\)"):
        SerialLink(terminal[1])


def test_two_links_do_not_share_a_port(terminal: tuple[int, str]) -> None:
    first = SerialLink(terminal[1])
    with pytest.raises(PortBusy):
        SerialLink(terminal[1])
    first.close()
    SerialLink(terminal[1]).close()


def test_a_real_port_is_marked_exclusive_and_unmarked(
    terminal: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    real = fcntl.ioctl
    monkeypatch.setattr(links.os.path, "realpath", lambda _path: "/dev/ttyUSB0")
    monkeypatch.setattr(links.fcntl, "ioctl", lambda fd, op, *rest: calls.append(op) or real(fd, op, *rest))
    SerialLink(terminal[1]).close()
    marks = [op for op in calls if op in (termios.TIOCEXCL, termios.TIOCNXCL)]
    assert marks == [termios.TIOCEXCL, termios.TIOCNXCL]


def test_bytes_pass_both_ways_unchanged(terminal: tuple[int, str]) -> None:
    link = SerialLink(terminal[1], nap_s=0.0)
    every = bytes(range(256))
    link.write(every)
    assert os.read(terminal[0], 300) == every
    os.write(terminal[0], every)
    assert link.read(1.0) == every
    assert link.read(0.0) == b""
    link.close()


def test_what_came_before_opening_is_dropped(terminal: tuple[int, str]) -> None:
    os.write(terminal[0], b"old")
    link = SerialLink(terminal[1])
    assert link.read(0.01) == b""
    link.close()


def test_a_hang_up_is_link_lost_for_reading_and_writing(terminal: tuple[int, str]) -> None:
    link = SerialLink(terminal[1])
    os.close(terminal[0])
    with pytest.raises(LinkLost, match="is gone: plug it back in"):
        link.read(1.0)
    with pytest.raises(LinkLost, match="is gone: plug it back in"):
        link.write(b"s")
    link.close()


def test_a_port_that_takes_no_bytes_is_lost_and_not_waited_for(
    terminal: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "_WRITE_LIMIT_S", 0.0)
    link = SerialLink(terminal[1])
    with pytest.raises(LinkLost, match="takes no bytes"):
        link.write(bytes(10**6))
    link.close()


def test_a_closed_link_says_so_and_closes_twice(terminal: tuple[int, str]) -> None:
    link = SerialLink(terminal[1])
    link.close()
    link.close()
    with pytest.raises(LinkLost, match="is closed"):
        link.read(0.1)
    with pytest.raises(LinkLost, match="is closed"):
        link.write(b"v")


def test_the_speed_can_change(terminal: tuple[int, str]) -> None:
    link = SerialLink(terminal[1])
    link.set_baud(921600)
    link.close()


def test_the_serial_clock_is_the_machines() -> None:
    before = boottime_s()
    assert boottime_s() >= before


# Virtual time


def test_reading_moves_virtual_time_to_the_first_byte_a_nap_after_the_last() -> None:
    emulator = CytonEmulator(CountingSource())
    link = EmulatorLink(emulator, nap_s=0.02)
    link.write(b"b")
    # The board reads the command after 10 ms; then a packet every 4 ms.
    assert len(link.read(1.0)) == 33
    assert emulator.now_s == pytest.approx(0.014)
    assert len(link.read(1.0)) == 5 * 33
    assert emulator.now_s == pytest.approx(0.034)


def test_a_burst_is_read_the_moment_it_comes() -> None:
    """So that the time of its arrival is right, however long the nap."""
    emulator = CytonEmulator(CountingSource(), faults=Faults(["@0 batch 60"]))
    link = EmulatorLink(emulator, nap_s=0.05)
    link.write(b"b")
    moments = []
    for _ in range(20):
        assert link.read(1.0)
        moments.append(emulator.now_s / 0.06)
    assert moments[1:] == pytest.approx(range(round(moments[1]), round(moments[1]) + 19))


def test_reading_silence_takes_the_time_that_was_given() -> None:
    link = EmulatorLink(CytonEmulator(CountingSource()))
    assert link.read(600.0) == b""
    assert link.now_s() == 600.0
    assert link.read(0.0) == b""
    assert link.now_s() == 600.0


def test_a_closed_or_unplugged_emulator_is_link_lost() -> None:
    emulator = CytonEmulator(CountingSource())
    link = EmulatorLink(emulator)
    emulator.faults.inject("unplug")
    with pytest.raises(LinkLost, match="plug it back in"):
        link.read(1.0)
    with pytest.raises(LinkLost):
        link.write(b"v")
    link.close()
    with pytest.raises(LinkLost, match="closed"):
        link.read(1.0)
