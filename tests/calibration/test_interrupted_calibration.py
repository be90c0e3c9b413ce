"""Killed while it calibrates, or while it writes: the profile of before is valid, and a half written one is never read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from written import FITS, profile

from calibration.profile_file import encode_profile
from hfs_emg.profiles import latest_profile, profile_paths, save_profile
from hfs_emg.session.store import Store

KILLED_AT_WORDS = """
import os, signal, sys
from hfs_emg.cli import main
from hfs_emg.cli.guide import Guide
shown = Guide._write
def write(self, text):
    shown(self, text)
    if WORDS in text:
        os.kill(os.getpid(), signal.SIGKILL)
Guide._write = write
main(sys.argv[1:])
"""
KILLED_AT_CALL = """
import os, signal, sys
from pathlib import Path
from hfs_emg.profiles import save_profile
from hfs_emg.session.store import Store
from written import profile
left = int(sys.argv[2])
def counting(call):
    def counted(*given, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*given, **named)
    return counted
for name in ("open", "write", "fsync", "close"):
    setattr(os, name, counting(getattr(os, name)))
Path.replace = counting(Path.replace)
save_profile(Store(Path(sys.argv[1])), profile(2.0, later_s=60))
"""
CALLS = 8
"""open, write, fsync, close, replace; then the folder's open, fsync, close."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """One in which S1 has a profile."""
    found = Store(tmp_path)
    save_profile(found, profile())
    return found


def run(code: str, *arguments: object) -> int:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment, stderr=subprocess.DEVNULL, check=False).returncode


@pytest.mark.parametrize("words", ["EMG L ZYG P", "Smile 2 of 2", "Done"])
def test_a_calibration_that_is_killed_leaves_the_profile_of_before(store: Store, words: str) -> None:
    before = {p: p.read_bytes() for p in profile_paths(store, "S1")}
    board = ["--board", "sim:cooperative-left?speed=virtual&seed=1"]
    arguments = ["calibrate", *board, "--subject", "S1", "--quick", "--store", store.root]
    assert run(KILLED_AT_WORDS.replace("WORDS", repr(words)), *arguments) == -signal.SIGKILL
    assert {p: p.read_bytes() for p in profile_paths(store, "S1")} == before
    chosen = latest_profile(store, **FITS)
    assert chosen.kept is not None
    assert chosen.why_not is None


@pytest.mark.parametrize("calls", range(CALLS))
def test_killed_at_any_call_of_writing_there_is_the_old_profile_or_the_whole_new_one(store: Store, calls: int) -> None:
    (old,) = profile_paths(store, "S1")
    content = old.read_bytes()
    assert run(KILLED_AT_CALL, store.root, calls) == -signal.SIGKILL
    assert old.read_bytes() == content
    chosen = latest_profile(store, **FITS)
    assert chosen.kept is not None
    assert chosen.why_not is None
    assert chosen.kept.content == (encode_profile(profile(2.0, later_s=60)) if calls > 4 else content)
    # What the killed one left behind is in nobody's way.
    assert save_profile(store, profile(3.0, later_s=120)).exists()
    assert len(profile_paths(store, "S1")) == (3 if calls > 4 else 2)


def test_writing_takes_so_many_calls_and_no_more(store: Store) -> None:
    """Else the test above would leave some out."""
    assert run(KILLED_AT_CALL, store.root, CALLS) == 0
    assert len(profile_paths(store, "S1")) == 2


def test_a_disk_that_is_full_leaves_the_profile_of_before(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from hfs_emg.errors import DiskError

    (old,) = profile_paths(store, "S1")
    content = old.read_bytes()

    def full(*_given: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(DiskError):
            save_profile(store, profile(later_s=60))
    assert [p.read_bytes() for p in profile_paths(store, "S1")] == [content]
    assert sorted(p.name for p in old.parent.iterdir()) == [old.name]
