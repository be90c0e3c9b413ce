"""Whether a disk keeps what it was given is tried in tests/session: here nobody waits for it."""

import json
import os
import re
from pathlib import Path

import pytest
from room import Room

from firmware_bridge.faults import parse_fault


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _fd: None)
    monkeypatch.setattr(os, "fdatasync", lambda _fd: None)


@pytest.fixture
def rows_with_a_test():
    """The numbers in the names of the tests of this folder."""
    source = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    return {int(number) for number in re.findall(r"^def test_(\d\d)_", source, re.MULTILINE)}


@pytest.fixture(autouse=True)
def _told_to_the_page(monkeypatch, request):
    """What each recording went through and lost, for `make reliability`, which reads it from pytest's report."""
    record = Room.record

    def measured(room, **more):
        outcome = record(room, **more)
        told = request.node.user_properties  # record_property would warn of reports in pytest's newer format
        told.append(("faults", json.dumps([parse_fault(words).name for words in room.faults])))
        told.append(("lost", json.dumps([outcome.lost_samples, outcome.estimated_samples])))
        return outcome

    monkeypatch.setattr(Room, "record", measured)
