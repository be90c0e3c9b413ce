"""erase as a user gives it: all of a subject, nothing of another, and what an interruption leaves."""

import io
import json
import os
import pty
import sys

import pytest
from command_line import refused, sessions_in
from two_subjects import BOARD, everything

from hfs_emg import erasing
from hfs_emg.errors import DiskError
from hfs_emg.session.catalogue import CATALOGUE_NAME
from hfs_emg.session.store import Store


@pytest.fixture
def store(two_subjects):
    return two_subjects


def test_erase_removes_all_of_a_subject_and_nothing_else(hfs, store):
    kept = everything(store / "S2")
    (store / ".arriving-00ff").mkdir()
    (store / ".arriving-00ff" / "sessions.tar").write_text("S1")
    result = hfs("erase", "S1", "--yes", "--store", store, "--json", store.parent / "erased.json")
    assert result.status == 0
    assert "S1, 2 sessions, 1 of calibration; " in result.out
    assert len(json.loads((store.parent / "erased.json").read_text())["sessions"]) == 2
    assert everything(store / "S2") == kept
    assert not (store / "S1").exists()
    left = [p for p in store.rglob("*") if p.is_file()]
    assert not any(b"S1" in p.read_bytes() for p in left if p.suffix != ".bdf")
    assert {p.name for p in store.iterdir()} == {"S2", ".sharing-secret"}
    assert "S1 " not in hfs("sessions", "--store", store).out
    refused(hfs("erase", "S1", "--yes", "--store", store), 2, "There is no subject 'S1'", "there are S2")


def test_erase_refuses_without_a_terminal_and_without_yes(hfs, store, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("S1\n"))
    before = everything(store)
    refused(hfs("erase", "S1", "--store", store), 2, "say --yes")
    assert everything(store) == before


@pytest.mark.parametrize(("answer", "status"), [("S1", 0), ("yes", 2), ("", 2)])
def test_erase_asks_on_a_terminal(hfs, store, monkeypatch, answer, status):
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        result = hfs("erase", "S1", "--store", store)
    os.close(ours)
    assert result.status == status
    assert "2 sessions" in result.err
    assert (store / "S1").exists() == (status != 0)


def test_an_erasure_that_is_interrupted_is_gone_for_everybody_and_goes_on(hfs, store, monkeypatch):
    left = []

    def broken(path):
        left.append(path)
        if len(left) == 5:
            raise OSError(5, "Input/output error", str(path))
        os.remove(path)  # noqa: PTH107 - Path.unlink is what is broken here

    with monkeypatch.context() as patched:
        patched.setattr(erasing.Path, "unlink", lambda path, **_: broken(path))
        with pytest.raises(DiskError, match="it goes on from there"):
            erasing.erase(Store(store), "S1")
    assert not (store / "S1").exists()
    assert (store / ".erasing-S1").exists()
    assert "S1 " not in hfs("sessions", "--store", store).out
    hfs("record", "--board", BOARD, "--subject", "S1", "--duration", 1, "--store", store)
    result = hfs("erase", "S1", "--yes", "--store", store)
    assert result.status == 0
    assert (
        "3 sessions" in result.out or "2 sessions" in result.out
    )  # the one whose start document went first is a folder
    assert {p.name for p in store.iterdir()} == {"S2", ".sharing-secret"}


def test_erase_leaves_what_a_link_leads_to(hfs, store, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("x")
    (store / "S1" / "link").symlink_to(tmp_path / "mine")
    assert hfs("erase", "S1", "--yes", "--store", store).status == 0
    assert (tmp_path / "mine" / "letter").read_text() == "x"
    (store / "S3").symlink_to(tmp_path / "mine")
    refused(hfs("erase", "S3", "--yes", "--store", store), 2, "remove it by hand")


def test_erase_waits_for_a_recording(hfs, store, monkeypatch):
    monkeypatch.setattr(erasing, "is_being_recorded", lambda folder: folder == sessions_in(store / "S1")[0])
    refused(hfs("erase", "S1", "--yes", "--store", store), 2, "is being recorded: end the recording first")


def test_erase_takes_what_the_catalogue_keeps_beside_itself(hfs, store):
    """SQLite's journals hold rows, too."""
    beside = [store / f"{CATALOGUE_NAME}{suffix}" for suffix in ("-wal", "-shm", "-journal")]
    for path in beside:
        path.write_text("S1")
    assert hfs("erase", "S1", "--yes", "--store", store).status == 0
    assert not any(path.exists() for path in beside)
