"""A stream of a simulated patient from a process of its own."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import needs
import pytest
from waiting import LIMIT_S

FACE = "moderate-right"
SEED = 7


@pytest.fixture(scope="session")
def lsl() -> Any:
    """pylsl."""
    return needs.lsl()


@pytest.fixture(scope="session")
def stream(lsl: Any) -> Iterator[str]:
    """The name under which `hfs-emg stream` streams in real time, until the tests are over."""
    name = f"test-{secrets.token_hex(4)}"
    child = subprocess.Popen(
        [sys.executable, "-m", "hfs_emg", "stream", "--lsl", "--board", f"sim:{FACE}?seed={SEED}", "--name", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stderr is not None
        assert f"Streaming {name} and {name}-episodes on this computer" in child.stderr.readline()
        yield name
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=LIMIT_S)
        assert child.returncode == 0, err
        assert "Streamed " in out
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()
