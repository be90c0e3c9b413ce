"""How a recording ends by a signal: politely at the first one, firmly at the second."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a service manager, a closed terminal."""


@contextmanager
def ending_politely(stop: Callable[[], None], *, hangup: Callable[[], None] | None = None) -> Iterator[None]:
    """Within the body the first signal calls `stop`, and each one after it raises KeyboardInterrupt.

    `stop` may only set a mark: it is called between any two steps of the body, a half-done write to the terminal included.
    hangup: called at each SIGHUP, which then is no wish to end; it too may only set a mark.
    A signal that is ignored (`nohup`) stays ignored; outside the main thread, where no signals come, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = False

    def obey(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        stop()

    def hang_up(_number: int, _frame: FrameType | None) -> None:
        if hangup is not None:
            hangup()

    wanted = dict.fromkeys(SIGNALS, obey)
    if hangup is not None:
        wanted[signal.SIGHUP] = hang_up
    before = {number: signal.getsignal(number) for number in wanted}
    caught = [number for number in wanted if before[number] is not signal.SIG_IGN]
    try:
        for number in caught:
            signal.signal(number, wanted[number])
        yield
    finally:
        for number in caught:
            signal.signal(number, before[number])
