"""Markers from other programs: STORE/SUBJECT/.marks, a local socket for its owner only. A line of text in, a line of JSON out.

It is there while somebody records that subject; one that nobody answers is what a killed recording left, and is replaced.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from hfs_emg.errors import HfsError, RequestError
from hfs_emg.markers import marker_text
from hfs_emg.session.files import make_private_parents

SOCKET_NAME = ".marks"
_LONGEST_LINE = 4096
_PATIENCE_S = 2.0


class Marked(msgspec.Struct, frozen=True):
    """The answer: into which session, or why not."""

    session: str = ""
    error: str | None = None


class MarkSocket:
    """Serves from construction until `close`, in a thread that sleeps until somebody comes.

    mark: puts a text into the session that runs and returns its id. Raises OSError, for one that another recording serves too.
    """

    def __init__(self, folder: Path, mark: Callable[[str], str]) -> None:
        self._path = folder / SOCKET_NAME
        self._mark = mark
        self._closed = False
        if _answers(self._path):
            raise FileExistsError(f"{self._path} is served by another recording")
        make_private_parents(self._path)  # a subject's first session makes its folder later
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            os.fchmod(self._listener.fileno(), 0o600)  # the name then comes into being with this mode
            with _short(self._path) as address:
                self._listener.bind(address)
            self._path.chmod(0o600)
            self._listener.listen()
        except OSError:
            self._listener.close()
            raise
        self._thread = threading.Thread(target=self._serve, name="marks", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and take the name away. May be called twice."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join(2 * _PATIENCE_S)
        self._listener.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while not self._closed:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            with caller, contextlib.suppress(OSError):
                caller.settimeout(_PATIENCE_S)
                line = _line_of(caller)
                if line:  # else somebody only asked whether we are here
                    caller.sendall(msgspec.json.encode(self._answer(line)) + b"\n")

    def _answer(self, line: bytes) -> Marked:
        try:
            return Marked(self._mark(line.decode(errors="replace")))
        except HfsError as error:
            return Marked(error=str(error))


@contextlib.contextmanager
def serving_marks(folder: Path, mark: Callable[[str], str], say: Callable[[str], None]) -> Iterator[None]:
    """Within the body other programs can put markers; where that cannot be, it is said, and the body runs all the same."""
    try:
        served: MarkSocket | None = MarkSocket(folder, mark)
    except OSError as error:
        say(f"hfs-emg: Markers from other programs are not taken ({error}).")
        served = None
    try:
        yield
    finally:
        if served is not None:
            served.close()


def put_mark(root: Path, text: str, subject: str | None = None) -> Marked:
    """Put a marker into what is recorded in the store at `root` now. Raises RequestError: nothing is, or several are, or it was refused."""
    words = marker_text(text)
    running = {p.parent.name: p for p in sorted(root.glob(f"*/{SOCKET_NAME}")) if _answers(p)}
    if subject is not None:
        running = {name: path for name, path in running.items() if name == subject}
    if not running:
        of = f" of {subject}" if subject else ""
        raise RequestError(f"Nothing{of} is being recorded in {root}: start `hfs-emg record` or `monitor` first.")
    if len(running) > 1:
        raise RequestError(f"Several subjects are being recorded ({', '.join(running)}): say which with --subject.")
    (path,) = running.values()
    try:
        with _connected(path) as caller:
            caller.sendall(words.encode() + b"\n")
            answer = msgspec.json.decode(_line_of(caller), type=Marked)
    except (OSError, msgspec.MsgspecError):
        raise RequestError(f"The recording of {path.parent.name} ended before it took the marker.") from None
    if answer.error is not None:
        raise RequestError(answer.error)
    return answer


def _answers(path: Path) -> bool:
    """Whether somebody listens there."""
    try:
        with _connected(path):
            return True
    except OSError:
        return False


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as caller:
        caller.settimeout(_PATIENCE_S)
        with _short(path) as address:
            caller.connect(address)
        yield caller


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """An address of any path: the system takes 107 bytes, so the folder is named by its open number where there is /proc."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{path.name}"
    finally:
        os.close(fd)


def _line_of(caller: socket.socket) -> bytes:
    """What comes up to the end of the line, of the connection, or of patience; the rest is passed over."""
    line = b""
    while b"\n" not in line and len(line) < _LONGEST_LINE:
        part = caller.recv(_LONGEST_LINE)
        if not part:
            break
        line += part
    return line.split(b"\n", 1)[0]
