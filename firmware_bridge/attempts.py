"""Opening a board again without being held up by it: in a thread of its own, or, in virtual time, at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from firmware_bridge.boards import Board
from firmware_bridge.errors import BridgeError, LinkError


class AtOnce:
    """An attempt that is over when it has begun."""

    def __init__(self, reopen: Callable[[], Board], old: Board | None) -> None:
        self._result = _attempt(reopen, old)

    def result(self) -> Board | BridgeError | None:
        """How it ended."""
        return self._result

    def abandon(self) -> None:
        """Close what it opened."""
        if not isinstance(self._result, BridgeError):
            self._result.close()


class InBackground:
    """An attempt in a thread: some boards take seconds to answer, and a port may hang."""

    def __init__(self, reopen: Callable[[], Board], old: Board | None) -> None:
        self._lock = threading.Lock()
        self._abandoned = False
        self._result: Board | BridgeError | None = None
        threading.Thread(target=self._run, args=(reopen, old), name="reconnect", daemon=True).start()

    def result(self) -> Board | BridgeError | None:
        """How it ended; None while it lasts."""
        with self._lock:
            return self._result

    def abandon(self) -> None:
        """Close what it opened, or will open."""
        with self._lock:
            self._abandoned = True
            result = self._result
        if result is not None and not isinstance(result, BridgeError):
            result.close()

    def _run(self, reopen: Callable[[], Board], old: Board | None) -> None:
        result = _attempt(reopen, old)
        with self._lock:
            self._result = result
            unwanted = self._abandoned
        if unwanted and not isinstance(result, BridgeError):
            result.close()


def _attempt(reopen: Callable[[], Board], old: Board | None) -> Board | BridgeError:
    if old is not None:
        with contextlib.suppress(BridgeError):
            old.close()
    try:
        return reopen()
    except BridgeError as error:
        return error
    except Exception as error:  # such as a device that vanishes between two looks at it
        return LinkError(f"The port could not be opened ({type(error).__name__}: {error}): plug the dongle in again.")
