"""What a service tells the manager that started it: ready, alive, what it does, stopping. Nothing where nobody listens.

The protocol is systemd's (sd_notify(3)): datagrams of NAME=value lines to the socket in $NOTIFY_SOCKET. $WATCHDOG_USEC, meant for the
process in $WATCHDOG_PID, says how long a service may be silent before it is started anew.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, MutableMapping

STATUS_EVERY_S = 10.0
_USEC = 1_000_000
_KIND = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK


class Notifier:
    """Tells `send`, which may do nothing. watchdog_s: how long the manager waits for a sign of life; None: it does not wait for one.

    Used by one thread. Never raises: whoever records does not stop because a manager has gone.
    """

    def __init__(
        self,
        send: Callable[[str], None],
        watchdog_s: float | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._watchdog_s = watchdog_s
        self._now_s = now_s
        self._ready = False
        self._patient = False
        self._alive_due_s = -1.0
        self._status_due_s = -1.0

    def starting(self, status: str, within_s: float) -> None:
        """Not ready yet, and will say so again within that time."""
        if not self._ready:
            self._send(f"STATUS={status}\nEXTEND_TIMEOUT_USEC={round(within_s * _USEC)}")

    def alive(self) -> None:
        """Samples came: the service is ready, and lives."""
        now_s = self._now_s()
        if not self._ready:
            self._ready = True
            self._send("READY=1")
        if self._watchdog_s is not None and (self._patient or now_s >= self._alive_due_s):
            usual = f"WATCHDOG_USEC={round(self._watchdog_s * _USEC)}\n" if self._patient else ""
            self._patient = False
            self._send(f"{usual}WATCHDOG=1")
            self._alive_due_s = now_s + self._watchdog_s / 3

    def patience(self, silent_s: float) -> None:
        """No samples come, and the link says why: that long is waited for them."""
        if self._watchdog_s is not None and self._ready and not self._patient and silent_s > self._watchdog_s:
            self._patient = True
            self._send(f"WATCHDOG_USEC={round(silent_s * _USEC)}\nWATCHDOG=1")

    def status(self, text: str, *, at_once: bool = False) -> None:
        """A line that the manager shows, each ten seconds at most."""
        now_s = self._now_s()
        if at_once or now_s >= self._status_due_s:
            self._status_due_s = now_s + STATUS_EVERY_S
            self._send(f"STATUS={text}")

    def stopping(self) -> None:
        """The end has been asked for."""
        self._send("STOPPING=1")


def notifier_of(environment: MutableMapping[str, str] | None = None) -> Notifier:
    """The manager that the environment names, or one that is not there. The names are taken out: they are meant for this process."""
    env = os.environ if environment is None else environment
    address = env.pop("NOTIFY_SOCKET", "")
    usec, pid = env.pop("WATCHDOG_USEC", ""), env.pop("WATCHDOG_PID", "")
    if not address.startswith(("/", "@")):
        return Notifier(lambda _message: None)
    ours = usec.isdigit() and int(usec) > 0 and pid in ("", str(os.getpid()))
    name = "\0" + address[1:] if address.startswith("@") else address

    def send(message: str) -> None:
        # A full or vanished socket is no reason to stop: the watchdog judges by what it heard.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, _KIND) as sender:
            sender.sendto(message.encode(), name)

    return Notifier(send, int(usec) / _USEC if ours else None)
