"""What the tests of the pages share."""

from __future__ import annotations

import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
from starlette.testclient import TestClient

from hfs_emg.web.application import Web

HOST = "http://127.0.0.1:8474"


def stored_session(root: Path, subject: str = "S01") -> str:
    """Half a minute of a simulated patient, recorded as fast as it goes. Returns the session's id."""
    from hfs_emg.cli import main

    url = "sim:moderate-right?seed=7&speed=virtual"
    arguments = ["record", "--board", url, "--subject", subject, "--duration", "20", "--store", str(root)]
    assert main(arguments) == 0
    return next(p.name for p in (root / subject).iterdir() if p.is_dir())


@dataclass
class Inside:
    """A client with its cookie and its change token."""

    client: TestClient
    token: str

    @classmethod
    def of(cls, client: TestClient, web: Web) -> Inside:
        assert client.get(f"/enter?token={web.admission.invite()}").status_code == 200
        found = re.search(r'name="change-token" content="([^"]+)"', client.get("/devices").text)
        assert found is not None
        return cls(client, found[1])

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def post(self, path: str, *, origin: str | None = HOST, token: str | None = None, **more: object) -> httpx.Response:
        headers: dict[str, str | bytes] = {"x-change-token": (self.token if token is None else token).encode()}
        if origin is not None:
            headers["origin"] = origin
        return self.client.post(path, headers=headers, **more)  # type: ignore[arg-type]


@dataclass
class Process:
    """The program, with pages."""

    popen: subprocess.Popen[bytes]
    log: Path
    link: str = ""

    @property
    def origin(self) -> str:
        return self.link.split("/enter")[0]

    def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        if self.popen.poll() is None:
            self.popen.send_signal(by)
        try:
            return self.popen.wait(30)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            return self.popen.wait()
