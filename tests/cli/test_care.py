"""Who may read what a store holds, and what its files say of people."""

import os
import stat
from pathlib import Path

import pytest
from command_line import refused, sessions_in
from two_subjects import BOARD, everything

from hfs_emg.session.reader import open_session
from hfs_emg.sharing import disguise


@pytest.fixture
def store(two_subjects):
    return two_subjects


def test_files_are_0600_and_folders_0700_whatever_the_umask(tmp_path, hfs):
    before = os.umask(0)
    try:
        store = tmp_path / "deep" / "store"
        assert hfs("record", "--board", BOARD, "--subject", "S1", "--duration", 5, "--store", store).status == 0
        (session,) = sessions_in(store)
        (session / "stop.json").unlink()
        assert hfs("recover", "--store", store).status == 0
        assert hfs("sessions", "--store", store).status == 0
        disguise(store, "S1")
        assert hfs("export", session, "--to", "archive", tmp_path / "a.tar", "--store", store).status == 0
        other = tmp_path / "other"
        assert hfs("import", tmp_path / "a.tar", "--store", other).status == 0
    finally:
        os.umask(before)
    found = [p for place in (store, other) for p in (place.parent if place is store else place, *place.rglob("*"))]
    assert len(found) > 20
    wrong = [
        (str(p), oct(m)) for p in found if (m := stat.S_IMODE(p.stat().st_mode)) != (0o700 if p.is_dir() else 0o600)
    ]
    assert wrong == []
    assert stat.S_IMODE((tmp_path / "a.tar").stat().st_mode) == 0o600


def test_no_name_of_computer_or_account_stands_in_a_session(store):
    host, user = os.uname().nodename, os.environ.get("USER") or "root"
    for name, content in everything(store).items():
        if name.suffix in (".json", ".jsonl", ".toml"):
            words = content.decode().lower()
            assert f'"{host.lower()}"' not in words, name
            assert f'"{user}"' not in words, name
            assert str(Path.home()) not in words, name
    start = open_session(sessions_in(store)[0]).start
    assert set(start.board.description) <= {
        "board",
        "firmware",
        "board_ads1299",
        "accelerometer",
        "ads1299",
        "daisy_ads1299",
        "reference",
        "gain",
        "on_board_ads1299",
        "lis3dh",
    }


@pytest.mark.parametrize("code", ["Anna", "mueller", "MuellerHans", "ANNA", "Anna1970", "19701224", "X24121970"])
def test_a_code_that_looks_like_a_name_draws_a_warning(hfs, tmp_path, code):
    result = hfs("record", "--board", BOARD, "--subject", code, "--duration", 1, "--store", tmp_path / "store")
    assert result.status == 0
    assert f"'{code}' looks like a " in result.err


@pytest.mark.parametrize("code", ["S01", "P014", "HFS2b", "A", "0042", "P20261301"])
def test_a_code_that_is_one_draws_none(hfs, tmp_path, code):
    result = hfs("record", "--board", BOARD, "--subject", code, "--duration", 1, "--store", tmp_path / "store")
    assert "looks like" not in result.err


def test_import_still_wants_a_subject_for_other_files(hfs, tmp_path):
    (tmp_path / "x.csv").write_text("1,2\n")
    refused(hfs("import", tmp_path / "x.csv", "--store", tmp_path / "s"), 2, "--subject")
    refused(hfs("export", "x", "--to", "floppy", tmp_path / "o", "--store", tmp_path / "s"), 2, "'floppy' is no format")
