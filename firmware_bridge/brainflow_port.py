"""The serial port that BrainFlow is given: cleaned and asked before, held and watched while.

BrainFlow opens any port, also one that another program holds or on which a board is still streaming for a program that died; it never
asks whether a Daisy is there, and it does not notice a dongle that is unplugged (openbci_serial_board.cpp, os_serial.cpp). So
before it opens the port, the built-in driver's handshake stops the board and asks it who it is; while BrainFlow has the port, a
descriptor of our own locks it, sees it hang up, and throws away what is left over when streaming stops. It never reads while
BrainFlow does.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import termios
import time
from pathlib import Path

from firmware_bridge.cyton_handshake import STILL_S, Greeting
from firmware_bridge.cyton_rate import meet
from firmware_bridge.errors import BoardRefused, LinkLost, PortBusy
from firmware_bridge.links import SerialLink
from firmware_bridge.port_holder import port_holder

_DRAIN_LIMIT_S = 2.0


def probe(path: str, *, daisy: bool) -> dict[str, str]:
    """Make sure that the board on this port is there, quiet, at its rate, and with a Daisy or not as asked; what it says of itself.

    Raises PortNotFound, PortNotPermitted, PortBusy, NotAnOpenBCI, BoardOff, and BoardRefused when Daisy or rate are not as asked.
    """
    link = SerialLink(path)
    try:
        greeting = meet(link)
    finally:
        link.close()
    refuse_other_board(greeting, daisy=daisy)
    return {"firmware": greeting.firmware, **greeting.identities}


def refuse_other_board(greeting: Greeting, *, daisy: bool) -> None:
    """Raise BoardRefused unless the Daisy is as asked: BrainFlow would deliver wrong channels without a word."""
    if greeting.daisy and not daisy:
        raise BoardRefused(
            "This board has a Daisy, and as a Cyton without one its channels would be mixed up: "
            "use brainflow:cyton_daisy, or take the Daisy off."
        )
    if daisy and not greeting.daisy:
        raise BoardRefused(
            "Daisy not detected, this board has 8 channels: use brainflow:cyton, or check how the Daisy sits."
        )


class PortWatch:
    """A second descriptor on the port that BrainFlow has opened.

    Raises PortBusy when another program locked the port meanwhile, and LinkLost when it went away.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise LinkLost(
                f"Port {path} went away while it was opened ({error.strerror}): plug the dongle in again."
            ) from error
        self._device = _device(path)
        self._poll = select.poll()
        self._poll.register(self._fd, 0)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # From here on the kernel turns everybody else away, BrainFlow having opened the port already. Not on a
            # pseudo-terminal: there the mark outlives a holder that is killed.
            if not os.path.realpath(path).startswith("/dev/pts/"):
                fcntl.ioctl(self._fd, termios.TIOCEXCL)
        except OSError as error:
            self.close()
            by = port_holder(path) or "another program"
            raise PortBusy(f"Port {path} is in use by {by}: close that program, and try again.") from error

    def gone(self) -> bool:
        """Unplugged, or the other end closed: the descriptor hangs up, or the name leads to another device. Costs microseconds."""
        if self._fd < 0:
            return True
        hung_up = any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in self._poll.poll(0))
        return hung_up or _device(self._path) != self._device

    def drain(self) -> None:
        """Throw away what is on the way until the line has been still for 150 ms. BrainFlow must not be reading."""
        until_s = time.monotonic() + _DRAIN_LIMIT_S
        while self._fd >= 0 and time.monotonic() < until_s:
            ready, _, _ = select.select([self._fd], [], [], STILL_S)
            try:
                if not ready or not os.read(self._fd, 65536):
                    return
            except OSError:
                return

    def close(self) -> None:
        """Let others open the port again. May be called twice."""
        if self._fd < 0:
            return
        with contextlib.suppress(OSError):  # a device that is gone takes its mark with it
            fcntl.ioctl(self._fd, termios.TIOCNXCL)
        os.close(self._fd)
        self._fd = -1


def _device(path: str) -> tuple[int, int] | None:
    """Which device a path leads to now, if any; a dongle that is plugged in again is another one."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_ino, status.st_rdev
