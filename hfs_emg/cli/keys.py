"""Keys of the terminal as markers: space or enter alone is a marker, letters and then enter a marker of that name.

A marker lies where its first key was pressed. The terminal gives keys at once and unseen meanwhile, and is put back afterwards;
Ctrl-C stays what it is. While the command runs in the background nothing is read, or the system would stop it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator

from hfs_emg.errors import RequestError
from hfs_emg.markers import LONGEST_TEXT, PLAIN_TEXT, MarkDesk

_BACKGROUND_S = 1.0
_ENDS = "\r\n"
_BACK = "\x7f\b"


class Typed:
    """Keys in, markers out: (text, moment of the first key)."""

    def __init__(self) -> None:
        self._text = ""
        self._since_s = 0.0

    def press(self, key: str, now_s: float) -> tuple[str, float] | None:
        """The marker that this key completes."""
        if key in _ENDS or (key == " " and not self._text):
            text, since_s = self._text.strip(), self._since_s if self._text else now_s
            self._text = ""
            return text or PLAIN_TEXT, since_s
        if key in _BACK:
            self._text = self._text[:-1]
        elif key.isprintable() and len(self._text) < LONGEST_TEXT:
            if not self._text:
                self._since_s = now_s
            self._text += key
        return None


@contextlib.contextmanager
def marking_keys(desk: MarkDesk, now_s: Callable[[], float]) -> Iterator[None]:
    """Within the body the keys of the terminal are markers; nothing changes where standard input is none."""
    typed = Typed()

    def press(key: str) -> None:
        marker = typed.press(key, now_s())
        if marker is not None:
            with contextlib.suppress(RequestError):
                desk.mark(*marker)

    with pressed_keys(press):
        yield


@contextlib.contextmanager
def pressed_keys(press: Callable[[str], None]) -> Iterator[None]:
    """Within the body each key of the terminal goes to `press`, in a thread of its own; nothing changes where standard input is none."""
    if not sys.stdin or not sys.stdin.isatty() or threading.current_thread() is not threading.main_thread():
        yield
        return
    fd = sys.stdin.fileno()
    wake_read, wake_write = os.pipe()
    ignored = {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGTTIN, signal.SIGTTOU)}
    before = termios.tcgetattr(fd)
    thread = threading.Thread(target=_read, args=(fd, wake_read, press), name="keys", daemon=True)
    try:
        if _in_foreground(fd):
            tty.setcbreak(fd, termios.TCSANOW)
        thread.start()
        yield
    finally:
        os.write(wake_write, b"x")
        thread.join()
        if _in_foreground(fd):
            with contextlib.suppress(termios.error):  # a terminal that has gone
                termios.tcsetattr(fd, termios.TCSANOW, before)
        for number, handler in ignored.items():
            signal.signal(number, handler)
        os.close(wake_read)
        os.close(wake_write)


def _read(fd: int, wake: int, press: Callable[[str], None]) -> None:
    while True:
        ours = _in_foreground(fd)
        ready, _, _ = select.select([wake, fd] if ours else [wake], [], [], None if ours else _BACKGROUND_S)
        if wake in ready:
            return
        if fd not in ready or not _in_foreground(fd):
            continue
        try:
            keys = os.read(fd, 1024)
        except OSError:
            return
        if not keys:  # the terminal has gone
            return
        if keys.startswith(b"\x1b"):  # an arrow, a function key
            continue
        for key in keys.decode(errors="ignore"):
            press(key)


def _in_foreground(fd: int) -> bool:
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False
