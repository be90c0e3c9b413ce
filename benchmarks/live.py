"""What a live recording costs: `record` fed by an emulated board in another process, over a real pseudo-terminal.

Alone, with pages that nobody looks at, and with a browser's part played by a thread here, which answers every frame as the page does.
CPU time and memory are the recorder's own, read from /proc once it has settled.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.measure import resident_mb

Figures = dict[str, Any]

PROGRAM = (sys.executable, "-m", "hfs_emg")
SETTLE_S = 8.0
"""By then the analyser is loaded and has caught up, and what is left is the cost of going on."""
SUBJECT = "B01"
LINK = re.compile(r"http\S+token=\S+")
PATIENCE_S = 120.0
SOME_RECORDS = 20_000
"""Bytes: more than a header."""
_FRAME_NUMBER = struct.Struct("<4xI")
"""Of a frame of the live page: hfs_emg/web/frames.py."""


@contextmanager
def board() -> Iterator[str]:
    """An emulated Cyton on a simulated face in a process of its own; gives its port."""
    command = [*PROGRAM, "emulate", "--seed", "1"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)


@contextmanager
def recorder(port: str, store: Path, *options: str) -> Iterator[tuple[int, Path]]:
    """A recording over that port until the body ends; gives its process and what it says. Raises SystemExit when it fails."""
    log = store.with_suffix(".log")
    command = [*PROGRAM, "record", "--board", f"serial://{port}", "--subject", SUBJECT, "--store", str(store), *options]
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        yield process.pid, log
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(PATIENCE_S)
    if status != 0:
        raise SystemExit(f"the recorder ended with status {status}: {log.read_text()[-500:]}")


def measure(seconds: float, folder: Path) -> dict[str, Figures]:
    """Alone, with pages, with pages and a browser: CPU ms per second of signal, memory in MB."""
    found = {}
    with board() as port, recorder(port, folder / "alone") as (pid, log):
        _begun(folder / "alone", log)
        found["alone"] = _settled(pid, seconds)
    with board() as port, recorder(port, folder / "pages", "--web", "--port", "0") as (pid, log):
        _begun(folder / "pages", log)
        link = _wait(log, lambda: LINK.search(log.read_text()))[0]
        found["pages"] = _settled(pid, seconds)
        with browser(link) as frames:
            found["browser"] = _settled(pid, seconds)
            found["browser"]["frames_per_s"] = frames() / (seconds + SETTLE_S)
    return found


def first_sample(folder: Path) -> Figures:
    """Seconds from the command to its first sample, from a board that is switched on."""
    with board() as port:
        began = time.time()
        with recorder(port, folder / "first", "--duration", "3") as (pid, _):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    (start,) = (folder / "first").rglob("start.json")
    first = datetime.fromisoformat(json.loads(start.read_text())["start_utc"])
    return {"first_sample_s": first.timestamp() - began}


def _settled(pid: int, seconds: float) -> Figures:
    time.sleep(SETTLE_S)
    began, before = time.monotonic(), cpu_s(pid)
    time.sleep(seconds)
    spent, passed = cpu_s(pid) - before, time.monotonic() - began
    return {"cpu_ms_per_s": 1000 * spent / passed, "resident_mb": resident_mb(pid), "seconds": passed}


def cpu_s(pid: int) -> float:
    """Processor time that a process has had, in nanoseconds' resolution where the system tells it."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _begun(store: Path, log: Path) -> None:
    """Wait until records are on the disk."""
    _wait(log, lambda: any(path.stat().st_size > SOME_RECORDS for path in store.rglob("signal.bdf")))


def _wait(log: Path, ready: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE_S
    while not (found := ready()):
        if time.monotonic() > until:
            raise SystemExit(f"the recorder did not begin: {log.read_text()[-500:]}")
        time.sleep(0.1)
    return found


@contextmanager
def browser(link: str) -> Iterator[Any]:
    """Somebody who watches the live page; gives a function that counts the frames that came."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import ClientConnection, connect
    from websockets.typing import Origin

    place = urlsplit(link)
    page = http.client.HTTPConnection(place.netloc)
    page.request("GET", f"{place.path}?{place.query}", headers={"Host": place.netloc})
    cookie = (page.getresponse().getheader("Set-Cookie") or "").partition(";")[0]
    page.close()
    frames = 0
    first = threading.Event()

    def watch(socket: ClientConnection) -> None:
        nonlocal frames
        with suppress(ConnectionClosed):  # the end of the socket ends the watching
            for message in socket:
                if isinstance(message, bytes):
                    frames += 1
                    first.set()
                    socket.send(f"a{_FRAME_NUMBER.unpack_from(message)[0]}")

    origin = Origin(f"{place.scheme}://{place.netloc}")
    with connect(f"ws://{place.netloc}/live/feed", origin=origin, additional_headers={"Cookie": cookie}) as socket:
        thread = threading.Thread(target=watch, args=(socket,))
        thread.start()
        if not first.wait(PATIENCE_S):
            raise SystemExit(f"the live page sent nothing in {PATIENCE_S:.0f} s")
        before = frames
        yield lambda: frames - before
    thread.join()
