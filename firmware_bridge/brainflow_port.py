"""The serial port that BrainFlow is given: cleaned and asked before, held and watched while.

BrainFlow opens any port, also one that another program holds or on which a board is still streaming for a program that died; it never
asks whether a Daisy is there, and it does not notice a dongle that is unplugged (openbci_serial_board.cpp, os_serial.cpp). So
before it opens the port we stop the board and ask it who it is; while it has the port, a descriptor of our own locks it,
sees it hang up, and throws away what is left over when streaming stops. It never reads while BrainFlow does.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

from firmware_bridge.cyton_commands import EOT
from firmware_bridge.errors import BoardOff, BoardRefused, LinkLost, NotAnOpenBCI, PortBusy
from firmware_bridge.links import SerialLink

if TYPE_CHECKING:
    from firmware_bridge.links import ByteLink

_QUIET_S = 0.15
"""A board that streams sends every 4 ms, a dongle passes it on every 60 ms at the latest."""

_ANSWER_S = 3.0
"""Limit for the answer to `v`; a board takes about 1.1 s."""

_TRIES = 2


def probe(path: str, *, daisy: bool) -> dict[str, str]:
    """Make sure that the board on this port is there, quiet, and with a Daisy or not as asked; what it says of itself.

    Raises PortNotFound, PortNotPermitted, PortBusy, NotAnOpenBCI, BoardOff, and BoardRefused when the Daisy is not as asked.
    """
    refuse_if_held(path)
    link = SerialLink(path)
    try:
        return interview(link, daisy=daisy)
    finally:
        link.close()


def interview(link: ByteLink, *, daisy: bool) -> dict[str, str]:
    """Stop the board, wait until it is quiet, and ask it with `v` who it is."""
    said = b""
    for _ in range(_TRIES):
        link.write(b"s")
        _silence(link)
        link.write(b"v")
        said = _answer(link)
        if b"OpenBCI" in said and EOT in said:
            return _described(said.decode("latin-1"), daisy=daisy)
    if b"Communications timeout" in said:
        raise BoardOff("Dongle works, but the board is not heard: switch it on (PC position) and check its battery.")
    raise NotAnOpenBCI(
        f"Something is on this port, but it does not answer as an OpenBCI board (it said {said[:40]!r}): check the port's name."
    )


def refuse_if_held(path: str) -> None:
    """Raise PortBusy when another program has this port open.

    A lock alone does not tell: BrainFlow itself, and with it the OpenBCI GUI, takes none.
    """
    holder = holder_of(path)
    if holder is not None:
        raise PortBusy(f"Port {path} is in use by {holder}: close that program first.")


def holder_of(path: str, processes: Path = Path("/proc")) -> str | None:
    """`name (pid)` of another program that has this terminal open, None when there is none or it cannot be seen.

    The program at the other end of a pseudo-terminal has the near end open too; it serves the port and does not hold it.
    """
    target = os.path.realpath(path)
    for folder in processes.glob("[0-9]*/fd"):
        pid = folder.parent.name
        if pid == str(os.getpid()):
            continue
        opened = _opened(folder)
        if target in opened and not any(name.startswith("/dev/ptmx") or name == "/dev/pts/ptmx" for name in opened):
            try:
                name = (folder.parent / "comm").read_text().strip()
            except OSError:
                name = "another program"
            return f"{name} (pid {pid})"
    return None


class PortWatch:
    """A second descriptor on the port that BrainFlow holds. Raises PortBusy when another program has locked it meanwhile."""

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            self._fd: int | None = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise LinkLost(
                f"Port {path} went away while BrainFlow opened it ({error.strerror}): plug it in again."
            ) from error
        self._device = _identity(path)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # BrainFlow has opened the port by now; from here on the kernel turns everybody else away.
            fcntl.ioctl(self._fd, termios.TIOCEXCL)
        except OSError as error:
            self.close()
            raise PortBusy(
                f"Port {path} is in use by {holder_of(path) or 'another program'}: close that program first."
            ) from error
        self._poll = select.poll()
        self._poll.register(self._fd, 0)

    def gone(self) -> bool:
        """Unplugged, or the other end closed: the descriptor hangs up, or the device node is another one. Costs microseconds."""
        if self._fd is None:
            return True
        hung_up = any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in self._poll.poll(0))
        return hung_up or _identity(self._path) != self._device

    def drain(self) -> None:
        """Throw away what is on the way, until nothing has come for 150 ms; at most 3 s. BrainFlow must not be reading."""
        if self._fd is None:
            return
        until_s = time.monotonic() + _ANSWER_S
        while time.monotonic() < until_s:
            ready, _, _ = select.select([self._fd], [], [], _QUIET_S)
            try:
                if not ready or not os.read(self._fd, 4096):
                    return
            except OSError:
                return

    def close(self) -> None:
        """Let others open the port again. May be called twice."""
        fd, self._fd = self._fd, None
        if fd is None:
            return
        with contextlib.suppress(OSError):  # a device that is gone takes its exclusiveness with it
            fcntl.ioctl(fd, termios.TIOCNXCL)
        os.close(fd)


def _silence(link: ByteLink) -> None:
    until_s = link.now_s() + _ANSWER_S
    while link.read(_QUIET_S) and link.now_s() < until_s:
        pass


def _answer(link: ByteLink) -> bytes:
    said = b""
    until_s = link.now_s() + _ANSWER_S
    while EOT not in said and link.now_s() < until_s:
        said += link.read(0.1)
    return said


def _described(banner: str, *, daisy: bool) -> dict[str, str]:
    present = "On Daisy ADS1299" in banner
    if present and not daisy:
        raise BoardRefused(
            "This board has a Daisy, and BrainFlow's cyton would mix its halves up: use brainflow:cyton_daisy, or take the Daisy off."
        )
    if daisy and not present:
        raise BoardRefused(
            "Daisy not detected, this board has 8 channels: use brainflow:cyton, or check that the Daisy sits well."
        )
    firmware = [line.removeprefix("Firmware:").strip() for line in banner.splitlines() if line.startswith("Firmware:")]
    return {"firmware": firmware[0]} if firmware else {}


def _opened(folder: Path) -> set[str]:
    """What a process has open, as far as this user may see it."""
    try:
        return {os.path.realpath(link) for link in folder.iterdir()}
    except OSError:
        return set()


def _identity(path: str) -> tuple[int, int] | None:
    """Which device a path leads to now; a dongle that is plugged in again is another one."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_ino, status.st_rdev
