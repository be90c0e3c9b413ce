"""Whether a disk keeps what it was given is tried in tests/session: here nobody waits for it."""

import os
import re
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _fd: None)
    monkeypatch.setattr(os, "fdatasync", lambda _fd: None)


@pytest.fixture
def rows_with_a_test():
    """The numbers in the names of the tests of this folder."""
    source = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    return {int(number) for number in re.findall(r"^def test_(\d\d)_", source, re.MULTILINE)}
