"""The demo's pages: served at a terminal until its Ctrl-C, and never where no person sits. Real processes, real terminals."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ON_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, '-m', 'hfs_emg', *sys.argv[1:]])"
)
"""Makes standard input the terminal that sends the signals, as a shell does, and becomes the program."""
STAYS = "The pages stay until Ctrl-C"


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, popen: subprocess.Popen[bytes], end: int) -> None:
        self.popen, self._end, self.said = popen, end, ""

    def read_until(self, words: str | None, within_s: float = 120.0) -> str:
        """What it has said once that is among it; None: once it says no more."""
        until = time.monotonic() + within_s
        while words is None or words not in self.said:
            assert time.monotonic() < until, self.said
            if not select.select([self._end], [], [], 0.2)[0]:
                continue
            try:
                heard = os.read(self._end, 65536)
            except OSError:  # the program has gone, and its end of the terminal with it
                heard = b""
            if not heard:
                assert words is None, self.said
                break
            self.said += heard.decode(errors="replace")
        return self.said

    def press(self, keys: bytes) -> None:
        os.write(self._end, keys)


@contextmanager
def demo(store: Path, **environment: str) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    arguments = ["demo", "--duration", "5", "--port", "0", "--store", str(store)]
    surroundings = {k: v for k, v in os.environ.items() if k != "CI"} | environment
    popen = subprocess.Popen(
        [sys.executable, "-c", ON_TERMINAL, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=surroundings,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(popen, ours)
    finally:
        popen.kill()
        popen.wait()
        os.close(ours)


def test_at_a_terminal_the_pages_stay_until_ctrl_c(tmp_path: Path) -> None:
    with demo(tmp_path / "store") as terminal:
        said = terminal.read_until(STAYS)
        link = re.search(r"http\S+token=[\w-]+", said)
        assert link is not None
        with urllib.request.urlopen(link[0]) as answer:
            assert answer.status == 200
        assert terminal.popen.poll() is None
        terminal.press(b"\x03")
        terminal.read_until(None)
        assert terminal.popen.wait(30) == 0
    (session,) = (p for p in (tmp_path / "store" / "DEMO").iterdir() if p.is_dir())
    assert f"/sessions/DEMO/{session.name} is this session" in said


def test_in_a_machines_hands_it_ends_by_itself(tmp_path: Path) -> None:
    with demo(tmp_path / "store", CI="true") as terminal:
        said = terminal.read_until(None)
        assert terminal.popen.wait(30) == 0
    assert "token=" in said
    assert STAYS not in said


def test_without_a_terminal_it_ends_by_itself(tmp_path: Path) -> None:
    arguments = ["demo", "--duration", "5", "--port", "0", "--store", str(tmp_path / "store")]
    surroundings = {k: v for k, v in os.environ.items() if k != "CI"}
    done = subprocess.run(
        [sys.executable, "-m", "hfs_emg", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=surroundings,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0
    assert re.search(r"http://127\.0\.0\.1:\d+/enter\?token=", done.stderr)
    assert STAYS not in done.stderr
