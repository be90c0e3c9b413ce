"""What a driver needs of a wire: read, write, close and a clock. Errors of the system end here, as errors of the bridge.

`SerialLink` is a serial port, shared with nobody. `EmulatorLink` is an emulated board in the same process, in virtual time: reading moves
the emulator's clock to where the first byte comes, and returns at once.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import termios
import time
from typing import Protocol

import serial

from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import LinkError, LinkLost, PortBusy, PortNotFound, PortNotPermitted
from firmware_bridge.port_holder import port_holder

BAUD = 115200

NAP_S = 0.036
"""A reader rests this long after each read: waking up costs more than decoding a few packets, and with the wait for the next one it
wakes every 40 ms, as often as the analysis looks. It rests before it waits and not after, so that a burst is taken the moment it comes,
and its time of arrival is right."""

VIRTUAL_NAP_S = 0.04
"""In virtual time a longer stretch per read: nobody waits for it, and ten minutes then take about a second."""

_WRITE_LIMIT_S = 1.0
_FRUITLESS_STEPS = 3
_READ_BYTES = 65536


class ByteLink(Protocol):
    """Bytes to and from a board, one owner, one thread."""

    def read(self, timeout_s: float) -> bytes:
        """What has come, waiting up to timeout_s for the first byte; b"" when nothing came. Raises LinkLost."""

    def write(self, data: bytes) -> None:
        """All of data, in one piece. Raises LinkLost."""

    def close(self) -> None:
        """May be called twice."""

    def now_s(self) -> float:
        """Seconds of a clock that never jumps."""


def boottime_s() -> float:
    """CLOCK_BOOTTIME: it never jumps, and runs on while the machine sleeps. Elsewhere than on Linux, the monotonic clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def port_error(path: str, error: OSError | termios.error) -> LinkError:
    """The bridge's error for what the system says of opening a port."""
    number = _number(error) or (_number(error.__context__) if error.__context__ else None)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO, errno.ENOTDIR):
        return PortNotFound(f"There is no port {path}: plug the dongle in, or use serial:auto to look for it.")
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return PortNotPermitted(
            f"No permission for {path}: add yourself to group dialout (sudo usermod -aG dialout $USER), log out and in again."
        )
    if number in (errno.EBUSY, errno.EAGAIN):
        holder = port_holder(path)
        by = f" by {holder}" if holder else " by another program"
        return PortBusy(f"Port {path} is in use{by}: close that program, and try again.")
    if number in (errno.ENOTTY, errno.EINVAL, errno.EISDIR):
        return PortNotFound(f"{path} is no serial port: name the dongle's port, or use serial:auto to look for it.")
    return LinkError(f"Port {path} cannot be opened ({error}): unplug the dongle, plug it in again, and try again.")


def _number(error: BaseException) -> int | None:
    """The system's error number; pyserial wraps some errors of termios without it."""
    number = getattr(error, "errno", None) or (error.args[0] if error.args else None)
    return number if isinstance(number, int) else None


class SerialLink:
    """A serial port, opened for us alone: 8N1, raw, no flow control, the adapter's latency timer short where it has one.

    Raises PortNotFound, PortNotPermitted, PortBusy, or LinkError.
    """

    def __init__(self, path: str, baud: int = BAUD, *, nap_s: float = NAP_S) -> None:
        self.path = path
        self.is_pty = os.path.realpath(path).startswith("/dev/pts/")
        self._nap_s = nap_s
        self._rested_s = 0.0
        if not self.is_pty:
            # A program that takes no lock would share the stream with us, each getting random parts of it.
            holder = port_holder(path)
            if holder:
                raise PortBusy(f"Port {path} is in use by {holder}: close that program, and try again.")
        try:
            self._port = serial.Serial(path, baud, timeout=0, exclusive=True)
        except (OSError, termios.error) as error:
            raise port_error(path, error) from error
        except ValueError as error:
            raise LinkError(f"Port {path} cannot be set up ({error}): choose another baud rate.") from error
        self._fd: int = self._port.fileno()
        try:
            self._claim()
        except (OSError, termios.error) as error:
            self._port.close()
            raise port_error(path, error) from error

    def _claim(self) -> None:
        if not self.is_pty:
            # A pty keeps this mark when its holder is killed, and would lock everybody out; the lock that pyserial took does not.
            fcntl.ioctl(self._fd, termios.TIOCEXCL)
        # Not every driver or system has it; without it samples come in bursts of 60 ms (docs/links.md).
        with contextlib.suppress(OSError, ValueError, NotImplementedError, AttributeError):
            self._port.set_low_latency_mode(True)
        self._port.reset_input_buffer()

    def set_baud(self, baud: int) -> None:
        """Change the speed of the port, not of the dongle. Raises LinkLost."""
        try:
            self._port.baudrate = baud
        except (OSError, termios.error) as error:
            raise self._lost() from error

    def read(self, timeout_s: float) -> bytes:
        """What has come, waiting up to timeout_s for the first byte, a nap after the last read at the earliest. Raises LinkLost."""
        if self._fd < 0:
            raise LinkLost(f"The port {self.path} is closed: open the board again.")
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        rest_s = min(self._rested_s - boottime_s(), timeout_s)
        if rest_s > 0:
            time.sleep(rest_s)
            timeout_s -= rest_s
        try:
            if not poll.poll(max(0.0, timeout_s) * 1000):
                return b""
            data = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._lost() from error
        if not data:
            # Readable and yet empty: the other end is gone.
            raise self._lost()
        self._rested_s = boottime_s() + self._nap_s
        return data

    def write(self, data: bytes) -> None:
        """All of data. Raises LinkLost when the port is gone or takes nothing for a second."""
        if self._fd < 0:
            raise LinkLost(f"The port {self.path} is closed: open the board again.")
        rest = data
        until_s = boottime_s() + _WRITE_LIMIT_S
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                if boottime_s() > until_s:
                    raise LinkLost(
                        f"The port {self.path} takes no bytes: unplug the dongle and plug it in again."
                    ) from None
                select.select([], [self._fd], [], 0.05)
            except OSError as error:
                raise self._lost() from error

    def close(self) -> None:
        """Give the port back."""
        if self._fd < 0:
            return
        with contextlib.suppress(OSError, termios.error):
            fcntl.ioctl(self._fd, termios.TIOCNXCL)
        self._fd = -1
        with contextlib.suppress(OSError, termios.error):
            self._port.close()

    def now_s(self) -> float:
        """CLOCK_BOOTTIME seconds."""
        return boottime_s()

    def _lost(self) -> LinkLost:
        return LinkLost(f"The dongle at {self.path} is gone: plug it back in.")


class EmulatorLink:
    """An emulated board without a port, in virtual time. nap_s as for a serial port: the length of what one read gathers."""

    def __init__(self, emulator: CytonEmulator, *, nap_s: float = VIRTUAL_NAP_S) -> None:
        self.emulator = emulator
        self._nap_s = nap_s
        self._rested_s = 0.0
        self._closed = False
        self._plug = emulator.plugs
        if emulator.unplugged:
            raise PortNotFound("There is no dongle: plug it in.")

    def read(self, timeout_s: float) -> bytes:
        """What comes within timeout_s of virtual time; the clock stands at the first byte after a nap, or at the time-out."""
        emulator = self.emulator
        self._check()
        until_s = emulator.now_s + max(0.0, timeout_s)
        emulator.advance(min(until_s, self._rested_s))
        steps = 0
        while not emulator.ready and emulator.now_s < until_s and not self._gone:
            steps += 1
            moment_s = emulator.next_output_s()
            # A board that streams and is not heard gives nothing, sample by sample.
            emulator.advance(min(until_s, moment_s if steps <= _FRUITLESS_STEPS else moment_s + self._nap_s))
        data = b"" if emulator.plugs != self._plug else emulator.take()
        if data:
            self._rested_s = emulator.now_s + self._nap_s
        if not data:
            self._check()
        return data

    def write(self, data: bytes) -> None:
        """Hand the bytes to the dongle at the time that it is. Raises LinkLost."""
        self._check()
        self.emulator.receive(data)

    def close(self) -> None:
        """The board behind goes on; nobody listens."""
        self._closed = True

    def now_s(self) -> float:
        """The emulator's clock."""
        return self.emulator.now_s

    def _check(self) -> None:
        if self._closed:
            raise LinkLost("The link is closed: open the board again.")
        if self._gone:
            raise LinkLost("The dongle is gone: plug it back in.")

    @property
    def _gone(self) -> bool:
        """Pulled, or another port since."""
        return self.emulator.unplugged or self.emulator.plugs != self._plug
