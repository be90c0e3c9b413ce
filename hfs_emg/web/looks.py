"""Looks at sessions' signals, taken in the background: seconds for an hour, minutes for a night. A shell file: processes, threads, locks.

One process at a time, at low priority, so that a recording on this computer does not feel it; pages ask how far it is. A look is kept as
long as the session's files are what they were, whatever readers say of its events: a verdict costs no second look.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from hfs_emg.report.looking import PROGRESS, REFUSAL, next_message
from hfs_emg.report.signal_look import SignalLook, unpacked
from hfs_emg.session.documents import START_NAME, STOP_NAME
from hfs_emg.session.tape import EPISODES_NAME, SIGNAL_NAME

LOOKED_AT = (SIGNAL_NAME, EPISODES_NAME, START_NAME, STOP_NAME)
MOST_BYTES = 64 * 1024 * 1024
"""Of levels that are kept: two bytes per channel and 20 ms are 23 MB for a night of eight channels."""
BROKEN = "The signal of this session could not be looked through: hfs-emg verify says whether it is whole."


@dataclass(slots=True)
class Looking:
    """One session. share: how much is done; look: once it is; problem: why there will be none. over: set with either."""

    folder: Path
    stamp: tuple[object, ...]
    share: float = 0.0
    look: SignalLook | None = None
    problem: str = ""
    over: threading.Event = field(default_factory=threading.Event)


class Looks:
    """All sessions' looks. start: begins the process for a folder; a test may give its own."""

    def __init__(self, start: Callable[[Path], subprocess.Popen[bytes]] | None = None) -> None:
        self._start = start or _started
        self._lock = threading.Condition()
        self._known: OrderedDict[Path, Looking] = OrderedDict()
        self._waiting: list[Looking] = []
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def of(self, folder: Path, wait_s: float = 0.0) -> Looking:
        """How far it is with this session; asks for it where nobody did. wait_s: for one that is soon over."""
        stamp = tuple(stamp_of(folder / name) for name in LOOKED_AT)
        with self._lock:
            found = self._known.get(folder)
            if found is None or found.stamp != stamp or found.problem:
                found = self._known[folder] = Looking(folder, stamp)
                self._waiting.append(found)
                self._wake()
            self._known.move_to_end(folder)
            self._trim()
        if wait_s > 0:
            found.over.wait(wait_s)
        return found

    def close(self) -> None:
        """The server ends: nothing is looked at any more."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            process = self._process
            self._lock.notify_all()
        if process is not None:
            process.kill()
        if self._thread is not None:
            self._thread.join(1.0)

    def _wake(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="looks", daemon=True)
            self._thread.start()
        self._lock.notify_all()

    def _trim(self) -> None:
        """The looks that nobody asked for longest go, but the newest stays."""
        done = [one for one in self._known.values() if one.look is not None]
        size = sum(one.look.levels.nbytes for one in done if one.look is not None)
        for one in done[:-1]:
            if size <= MOST_BYTES:
                break
            assert one.look is not None
            size -= one.look.levels.nbytes
            del self._known[one.folder]

    def _run(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                looking = self._waiting.pop(0)
            try:
                self._take(looking)
            except (OSError, ValueError, msgspec.MsgspecError) as error:
                looking.problem = f"{BROKEN} ({error})"
            finally:
                if looking.look is None and not looking.problem:
                    looking.problem = BROKEN
                looking.over.set()

    def _take(self, looking: Looking) -> None:
        with self._start(looking.folder) as process:
            with self._lock:
                self._process = process
                if self._closed:
                    process.kill()
            assert process.stdout is not None
            try:
                _listen(process.stdout, looking)
            finally:
                process.kill()
                with self._lock:
                    self._process = None


def _listen(stream: IO[bytes], looking: Looking) -> None:
    while (message := next_message(stream)) is not None:  # type: ignore[arg-type]
        kind, content = message
        if kind == PROGRESS:
            looking.share = float(content)
        elif kind == REFUSAL:
            looking.problem = content.decode()
        else:
            looking.look = unpacked(content)
            looking.share = 1.0


def _started(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this program itself, and a folder of the store
        [sys.executable, "-m", "hfs_emg.report.looking", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def stamp_of(path: Path) -> object:
    """What changes when a file does: size, time, node; None where there is none."""
    with suppress(OSError):
        status = path.stat()
        return status.st_size, status.st_mtime_ns, status.st_ino
    return None
