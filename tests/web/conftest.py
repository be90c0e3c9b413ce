"""Rooms for the web application: a client that is let in, a server on a free port, a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import needs
import pytest
from playwright.sync_api import Browser, sync_playwright
from rooms import HOST, Inside, Process, stored_session
from starlette.testclient import TestClient
from waiting import LIMIT_S

from hfs_emg.web.admission import Admission
from hfs_emg.web.application import Web, application
from hfs_emg.web.place import Place


class Clock:
    """Virtual time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def web(tmp_path: Path, clock: Clock) -> Web:
    from hfs_emg.session.store import Store

    return Web(Store(tmp_path / "store"), Place(("127.0.0.1",), 8474), Admission(clock), clock)


@pytest.fixture
def outside(web: Web) -> Iterator[TestClient]:
    """A browser that nobody let in."""
    with TestClient(application(web), base_url=HOST, follow_redirects=False) as client:
        yield client


@pytest.fixture
def inside(outside: TestClient, web: Web) -> Inside:
    """A browser that came in by a link."""
    return Inside.of(outside, web)


@pytest.fixture
def elsewhere(web: Web, inside: Inside) -> Inside:
    """Another browser that came in by a link of its own."""
    return Inside.of(TestClient(inside.client.app, base_url=HOST, follow_redirects=False), web)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one session of S01."""
    root = tmp_path_factory.mktemp("recorded")
    stored_session(root)
    return root


@pytest.fixture
def told(web: Web, recorded: Path) -> str:
    """The id of a short session of S01 in the store."""
    shutil.copytree(recorded, web.store.root)
    return next(p.name for p in (recorded / "S01").iterdir() if p.is_dir())


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's."""
    found = needs.program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def hfs(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts the program with pages on a free port, and ends it."""
    running: list[Process] = []

    def start(*arguments: str) -> Process:
        log = tmp_path / f"log-{len(running)}"
        with log.open("w") as out:
            started = subprocess.Popen(
                [sys.executable, "-m", "hfs_emg", *arguments],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        process = Process(started, log)
        running.append(process)
        until = time.monotonic() + LIMIT_S
        while (link := re.search(r"http\S+token=\S+(?=\s)", log.read_text())) is None:
            assert started.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        process.link = link[0]
        return process

    yield start
    for process in running:
        process.end()
