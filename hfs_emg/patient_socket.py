"""How a simulated patient hears prompts that another process gives: a datagram to a name made of the emulated board's pseudo-terminal.

`emulate` listens, `calibrate` speaks; a Cyton's wire has no room for it, as a real patient hears through the air. The name lies in Linux'
abstract space of local sockets: it needs no file, and is gone with its process. Only pseudo-terminals have such a patient.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator

import msgspec

from calibration.tasks import TASKS
from hfs_emg.simulation.wish import Wish

_LONGEST = 1024
_LONGEST_HOLD_S = 600.0


def _name(port: str) -> str:
    return f"\0hfs-emg patient {os.path.realpath(port)}"


class PatientEar:
    """Hears from construction until `close`, in a thread that sleeps until somebody speaks. Raises OSError where that cannot be."""

    def __init__(self, port: str, follow: Callable[[Wish], None]) -> None:
        self._follow = follow
        self._closed = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.bind(_name(port))
        except OSError:
            self._socket.close()
            raise
        self._thread = threading.Thread(target=self._hear, name="patient", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; the name is free again. May be called twice."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join()
        self._socket.close()

    def _hear(self) -> None:
        while not self._closed:
            try:
                said = self._socket.recv(_LONGEST)
            except OSError:
                return
            try:
                wish = msgspec.json.decode(said, type=Wish)
            except msgspec.DecodeError:
                continue
            # Anybody on this computer may speak here: a patient does what there is a task for, and not for ever.
            if wish.task in TASKS and 0 < wish.hold_s <= _LONGEST_HOLD_S:
                self._follow(wish)


@contextlib.contextmanager
def hearing(port: str, face: object) -> Iterator[None]:
    """Within the body a face that follows prompts hears them at this port; other faces, and systems without such names, do without."""
    from hfs_emg.simulation.cooperative import CooperativeFace  # noqa: PLC0415 - who listens has it already, who speaks has no use for it

    ear = None
    if isinstance(face, CooperativeFace):
        with contextlib.suppress(OSError):
            ear = PatientEar(port, face.follow)
    try:
        yield
    finally:
        if ear is not None:
            ear.close()


class DistantPatient:
    """Speaks to the patient behind a port. One who has gone hears nothing, and nothing ends because of it."""

    def __init__(self, port: str) -> None:
        self._port = port

    def follow(self, wish: Wish) -> None:
        """Ask for something."""
        with contextlib.suppress(OSError), _speaking(self._port) as to:
            to.send(msgspec.json.encode(wish))


def patient_behind(port: str) -> DistantPatient | None:
    """Who hears prompts behind this port; None on a board of its own, and where nobody listens."""
    if not os.path.realpath(port).startswith("/dev/pts/"):
        return None
    try:
        with _speaking(port):
            return DistantPatient(port)
    except OSError:
        return None


@contextlib.contextmanager
def _speaking(port: str) -> Iterator[socket.socket]:
    """A way to whoever listens there. Raises OSError where nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as to:
        to.connect(_name(port))
        yield to
