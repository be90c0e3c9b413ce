"""A process beside this one that decides while this one prepares what comes next: for a recording that is there as a whole.

It is a fork of this process and ends with it, or with the last piece; nothing of it is on a disk, so it may be killed at any moment.
Pieces lie in memory that both map (`slots`); one pipe says that a slot is full, another answers with what was decided, and so that the
slot is free again. A shell file: processes, signals, pipes.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import signal
import struct
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO

import msgspec
import numpy as np

from calibration.montage import Montage
from calibration.profile import CalibrationProfile
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.deciding import Decider
from hfs_emg.analysis.prepared import Decided, Decides, Prepared
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.analysis.slots import NOTE_BYTES, Slots, length_if_large
from hfs_emg.analysis.stretches import Floats
from hfs_emg.errors import HfsError
from hfs_emg.events import Episode, Invalid
from hfs_emg.model import Signal

LEAST_SAMPLES = 60_000
"""Of a recording, from which on a second process gains more than it costs to begin."""
SLOTS = 4
"""Pieces that may be under way: the one that is decided, and enough that neither process waits where one piece takes longer."""
_WAITING = 2
"""With more pieces under way the other process has enough to do: one that it is at, one for when that is done."""
SLOT_BYTES = 32 * 2**20
"""A larger piece goes through the pipe."""
_ANSWER = struct.Struct("<?q")
"""Whether it went well, and the length of what follows."""


@contextmanager
def whole(
    signal: Signal,
    montage: Montage,
    settings: AnalysisSettings | None = None,
    model: bytes | None = None,
    profile: CalibrationProfile | None = None,
    *,
    samples: int,
) -> Iterator[Analyzer]:
    """An analyser for a recording of so many samples, in two processes where that is quicker. Findings are the same, told a little later.

    Raises as `Analyzer`, and HfsError when the other process is ended from outside.
    """
    settings = settings or AnalysisSettings()
    made = partial(Decider, signal.rate_hz, montage, settings, model)

    def analyzer(decider: Decides) -> Analyzer:
        return Analyzer(signal, montage, settings, profile=profile, decider=decider)

    beside = None
    if samples >= LEAST_SAMPLES and possible():
        with suppress(OSError):  # no process or no memory to be had: one will do
            beside = Beside(made)
    if beside is None:
        yield analyzer(made())
        return
    with beside:
        yield analyzer(beside)


def possible() -> bool:
    """Whether there is a core to spare, and nothing in this process that a fork would break: another thread may hold a lock."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and threading.active_count() == 1


class Beside:
    """A `Decider` in a process of its own; used in a `with`, at the end of which that process is gone."""

    def __init__(self, made: Callable[[], Decider], *, slots: int = SLOTS, slot_bytes: int = SLOT_BYTES) -> None:
        """made: makes the decider, there. Raises OSError when there is no process or no memory to be had."""
        self._slots = Slots(slots, slot_bytes)
        self._sent = self._answered = 0
        self._episodes: list[Episode] = []
        self._invalid: list[Invalid] = []
        self._frontier = 0
        (notes, self._notes), (self._answers, answers) = _pipe(), _pipe()
        # Ctrl-C is for this process to obey: in the new one it is held back for ever.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with warnings.catch_warnings():
                # From Python 3.12 on it also counts threads of libraries: those of numpy stop for a fork, and `possible` counts our own.
                warnings.simplefilter("ignore", DeprecationWarning)
                self.pid = os.fork()
            if not self.pid:
                _live(made, self._slots, (self._notes, self._answers), notes, answers)
        except OSError:
            self._notes.close()
            self._answers.close()
            raise
        finally:
            notes.close()
            answers.close()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        self._notes.close()
        self._answers.close()

    def room(self, rows: int, columns: int) -> Floats:
        """An array to be filled with what is large in the next piece: where the other process sees it."""
        self._wait_for_slot()
        found = self._slots.room(self._sent, 8 * rows * columns)
        return np.empty((rows, columns)) if found is None else found.view(np.float64).reshape(rows, columns)

    def busy(self) -> bool:
        """Whether so much waits for the other process that this one would soon have to wait for it."""
        while self._sent > self._answered and select.select([self._answers], [], [], 0)[0]:
            self._hear()
        return self._sent - self._answered > _WAITING

    def take(self, piece: Prepared) -> None:
        """The next piece. With the last one everything is settled. Raises HfsError, and what failed in the other process."""
        self._wait_for_slot()
        note, large = self._slots.put(self._sent, piece)
        # It listens then and does not speak, so that the two pipes cannot both be full.
        while large and self._answered < self._sent:
            self._hear()
        try:
            for part in (note, large):
                _write(self._notes, part)
        except BrokenPipeError:
            raise _ended() from None
        self._sent += 1
        while piece.last and self._answered < self._sent:
            self._hear()

    def settled(self) -> Decided:
        """What it is known to have settled since this was last asked."""
        decided = Decided(tuple(self._episodes), tuple(self._invalid), self._frontier)
        self._episodes, self._invalid = [], []
        return decided

    def _wait_for_slot(self) -> None:
        while self._sent - self._answered >= self._slots.count:
            self._hear()

    def _hear(self) -> None:
        """The next answer."""
        head = _read(self._answers, _ANSWER.size)
        if len(head) < _ANSWER.size:
            raise _ended()
        well, length = _ANSWER.unpack(head)
        told = _read(self._answers, length)
        if len(told) < length:
            raise _ended()
        if not well:
            raise pickle.loads(told)  # noqa: S301 - from our own other half
        decided = msgspec.msgpack.decode(told, type=Decided)
        self._answered += 1
        self._episodes += decided.episodes
        self._invalid += decided.invalid
        self._frontier = decided.frontier


def _ended() -> HfsError:
    return HfsError(
        "The second process of the analysis was ended from outside, as the system does when memory runs out: "
        "end other programs and run it again."
    )


def _read(pipe: IO[bytes], length: int) -> bytes:
    """So many bytes from a pipe that is not buffered; fewer where it ends."""
    read = bytearray()
    while len(read) < length and (more := pipe.read(length - len(read))):
        read += more
    return bytes(read)


def _write(pipe: IO[bytes], content: bytes) -> None:
    """All of it, into a pipe that is not buffered."""
    rest = memoryview(content)
    while rest:
        rest = rest[pipe.write(rest) :]


def _pipe() -> tuple[IO[bytes], IO[bytes]]:
    """Its end to read from, and the one to write to; not buffered."""
    read, write = os.pipe()
    return os.fdopen(read, "rb", 0), os.fdopen(write, "wb", 0)


def _live(
    made: Callable[[], Decider], slots: Slots, others: tuple[IO[bytes], ...], notes: IO[bytes], answers: IO[bytes]
) -> None:
    """All that the new process does. others: the ends of the pipes that are not its own."""
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        for end in others:
            end.close()  # else it would wait for itself when the other one has gone
        gc.freeze()  # what was there before is not looked through for garbage, and so not copied either
        _decide(made, slots, notes, answers)
    finally:
        os._exit(0)  # nothing that this process is a copy of is its own to end


def _decide(made: Callable[[], Decider], slots: Slots, notes: IO[bytes], answers: IO[bytes]) -> None:
    """Piece after piece, until nobody sends any."""
    decider: Decider | Exception
    try:
        decider = made()
    except Exception as error:
        decider = error
    number = 0
    while len(note := _read(notes, NOTE_BYTES)) == NOTE_BYTES:
        large = _read(notes, length_if_large(note))
        try:
            if isinstance(decider, Exception):
                raise decider
            decider.take(pickle.loads(large) if large else slots.get(number, note))  # noqa: S301 - from our own other half
            well, told = True, msgspec.msgpack.encode(decider.settled())
        except Exception as error:
            well, told = False, _portable(error)
        _write(answers, _ANSWER.pack(well, len(told)) + told)
        number += 1


def _portable(error: Exception) -> bytes:
    """An error that can be raised in another process, with where it came from."""
    error.add_note("In the second process of the analysis:\n" + "".join(traceback.format_exception(error)))
    try:
        told = pickle.dumps(error)
        pickle.loads(told)  # noqa: S301 - an error that cannot be made anew is told in words
    except Exception:
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return told
