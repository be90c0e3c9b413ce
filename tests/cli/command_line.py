"""Commands as a user gives them: in this process, or in one of their own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from waiting import LIMIT_S

from hfs_emg.cli import main
from hfs_emg.session.reader import is_session_folder, open_session


class Result(NamedTuple):
    status: int
    out: str
    err: str


class Sent:
    """Counts of which every one tells its sample and input; a board's source, and what a recording of it must hold."""

    def __init__(self, channels=8):
        self._channels = np.arange(channels)

    def read(self, start, n):
        samples = np.arange(start, start + n, dtype=np.int64)[:, None]
        return ((samples * 8191 + self._channels * 524287) % 2**24 - 2**23).astype(np.int32)


@pytest.fixture
def hfs(capsys):
    """Runs a command in this process."""

    def run(*arguments):
        capsys.readouterr()
        try:
            status = main([str(a) for a in arguments])
        except SystemExit as ended:
            status = int(ended.code or 0)
        return Result(status, *capsys.readouterr())

    return run


def refused(result, status, *words):
    """The command ended with this status and one sentence that says what was found and what to do."""
    assert result.status == status, result
    assert any(line.startswith("hfs-emg: ") for line in result.err.splitlines()), result
    assert "Traceback" not in result.err
    for word in words:
        assert word in result.err, result
    return True


def sessions_in(store):
    return sorted(p for p in Path(store).rglob("*") if is_session_folder(p))


def session_in(store):
    (folder,) = sessions_in(store)
    return open_session(folder)


def counts_of(session):
    return np.concatenate([b.counts for b in session.blocks()])


def lost_of(session):
    return np.concatenate([b.lost for b in session.blocks()])


def holds_what_came(read, *sessions):
    """Sessions that follow one another hold what was sent. A computer that is too slow loses samples in real time: those are marked."""
    counts = np.concatenate([counts_of(s) for s in sessions])
    came = ~np.concatenate([lost_of(s) for s in sessions])
    return bool(came.any()) and np.array_equal(counts[came], read(0, len(counts))[came])


@contextlib.contextmanager
def process(*arguments, code=None, **options):
    """A command in a process of its own; `code` instead of `-m hfs_emg` where something must be prepared first."""
    start = ["-c", code] if code else ["-m", "hfs_emg"]
    child = subprocess.Popen(
        [sys.executable, *start, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        **options,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def wait_for(child, words, limit_s=LIMIT_S):
    """The child's error output up to the line with these words. A child that hangs is ended."""
    limit = threading.Timer(limit_s, child.kill)
    limit.start()
    try:
        lines = []
        for line in child.stderr:
            lines.append(line)
            if words in line:
                return "".join(lines)
        raise AssertionError(f"the process ended without saying {words!r}: {''.join(lines)}")
    finally:
        limit.cancel()
