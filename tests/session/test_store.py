"""The store of sessions and its catalogue (docs/session-format.md, 1 and 7)."""

from __future__ import annotations

import re
import sqlite3
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sessions import START, episode, random_samples, signal_of, start_of, without_the_rights_of_root

from hfs_emg.errors import DiskError, RequestError
from hfs_emg.session import store as store_module
from hfs_emg.session.catalogue import CATALOGUE_NAME
from hfs_emg.session.recorder import Recorder
from hfs_emg.session.store import Store, check_subject, default_store_path


def record(store: Store, subject: str = "P014", minute: int = 0, *, finish: bool = True, seconds: int = 2) -> Path:
    folder = store.new_session_folder(subject, START + timedelta(minutes=minute))
    recorder = Recorder(folder, start_of(folder.name), signal=signal_of())
    recorder.write(random_samples(seconds * 250, signal_of()))
    recorder.episode(episode(1, 0.5))
    if finish:
        recorder.finish("stopped", valid_s=1.5, sample_rate_hz=250.3)
    else:
        recorder.abandon()
    return folder


def test_1_1_a_session_folder_is_named_by_subject_utc_start_and_four_hex(tmp_path: Path) -> None:
    local = START.astimezone(timezone(timedelta(hours=9)))
    folder = Store(tmp_path / "store").new_session_folder("P014", local)
    assert folder.parent == tmp_path / "store" / "P014"
    assert re.fullmatch(r"20261120T185323Z-[0-9a-f]{4}", folder.name)
    assert not folder.exists()
    assert list(folder.parent.iterdir()) == []


@pytest.mark.parametrize("subject", ["", "a" * 33, "Müller", "a b", "../x", "P-14", "P014\n"])
def test_1_1_a_subject_code_is_letters_and_digits(tmp_path: Path, subject: str) -> None:
    store = Store(tmp_path)
    for attempt in (lambda: store.new_session_folder(subject, START), lambda: store.sessions(subject)):
        with pytest.raises(RequestError, match="cannot be a subject code"):
            attempt()
    assert list(tmp_path.iterdir()) == []


@given(st.from_regex(r"[A-Za-z0-9]{1,32}", fullmatch=True))
def test_1_1_any_code_of_letters_and_digits_is_taken(subject: str) -> None:
    check_subject(subject)


def test_7_1_where_the_store_is() -> None:
    home = {"HOME": "/home/pi"}
    assert default_store_path(home) == Path("/home/pi/.local/share/hfs-emg")
    assert default_store_path({**home, "XDG_DATA_HOME": "/data"}) == Path("/data/hfs-emg")
    assert default_store_path({**home, "XDG_DATA_HOME": "/data", "HFS_EMG_STORE": "/mnt/s"}) == Path("/mnt/s")
    assert default_store_path({**home, "HFS_EMG_STORE": ""}) == Path("/home/pi/.local/share/hfs-emg")


def test_sessions_are_listed_oldest_first_with_what_they_hold(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    late = record(store, minute=5)
    early = record(store, "Q7", minute=0, finish=False)
    first, second = store.sessions()
    assert (first.session, first.subject, first.state) == (early.name, "Q7", "interrupted")
    assert (second.session, second.state, second.reason) == (late.name, "finished", "stopped")
    assert (second.duration_s, second.valid_s, second.start_utc) == (2.0, 1.5, START)
    assert (second.episodes, second.spasms) == (1, {"left": 1, "right": 0})
    assert second.lost_samples == int(random_samples(500, signal_of()).lost.sum())
    assert second.board == "OpenBCI Cyton"
    assert [s.session for s in store.sessions("Q7")] == [early.name]
    assert store.sessions("nobody") == []


def test_a_session_under_way_is_listed_as_such(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = store.new_session_folder("P014", START)
    recorder = Recorder(folder, start_of(folder.name), signal=signal_of())
    assert store.sessions()[0].state == "recording"
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)
    assert store.sessions()[0].state == "finished"


def test_what_cannot_be_read_is_listed_with_its_reason(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = record(store)
    (folder / "start.json").write_text("{}")
    (folder / "timeline.jsonl").unlink()  # which holds the start document once more
    (folder / "signal.bdf").write_bytes(b"")  # whose header would do
    (tmp_path / "P014" / "stray.txt").write_text("")
    (tmp_path / "lost+found").mkdir()
    (summary,) = store.sessions()
    assert summary.state == "unreadable"
    assert "start.json" in (summary.problem or "")


def test_an_empty_or_absent_store_lists_nothing_and_is_not_made(tmp_path: Path) -> None:
    assert Store(tmp_path / "absent").sessions() == []
    assert not (tmp_path / "absent").exists()
    assert Store(tmp_path).sessions() == []


def test_7_2_what_the_catalogue_knows_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    record(store)
    before = store.sessions()

    def refuse(folder: Path) -> object:
        raise AssertionError(f"{folder} was read again")

    monkeypatch.setattr(store_module, "open_session", refuse)
    assert store.sessions() == before
    moved = tmp_path.with_name("moved")
    tmp_path.rename(moved)
    assert Store(moved).sessions()[0].folder.startswith(str(moved))
    moved.rename(tmp_path)


def test_7_2_a_session_that_changed_is_read_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = record(store)
    assert store.sessions()[0].state == "finished"
    (folder / "stop.json").unlink()
    assert store.sessions()[0].state == "interrupted"


def test_7_2_a_session_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = record(store)
    store.sessions()
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert store.sessions() == []
    record(store, minute=1)
    store.sessions()
    with sqlite3.connect(tmp_path / CATALOGUE_NAME) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [b"", b"not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 4000],
)
def test_7_2_a_damaged_catalogue_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    store = Store(tmp_path)
    record(store)
    before = store.sessions()
    (tmp_path / CATALOGUE_NAME).write_bytes(damage)
    assert store.sessions() == before
    assert store.sessions() == before
    with sqlite3.connect(tmp_path / CATALOGUE_NAME) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (1,)
    connection.close()


def test_7_2_a_catalogue_damaged_in_its_middle_is_made_anew_and_let_go_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    for minute in range(12):
        record(store, minute=minute, seconds=1)
    before = store.sessions()
    path = tmp_path / CATALOGUE_NAME
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: (opened.append(connect(*a, **k)), opened[-1])[1])
    assert store.sessions() == before
    assert store.sessions() == before
    assert len(opened) == 3
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_7_2_a_catalogue_of_another_version_is_made_anew(tmp_path: Path) -> None:
    store = Store(tmp_path)
    record(store)
    before = store.sessions()
    with sqlite3.connect(tmp_path / CATALOGUE_NAME) as connection:
        connection.execute("DROP TABLE sessions")
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert store.sessions() == before


def test_7_2_a_store_without_room_for_a_catalogue_works_without_it(tmp_path: Path) -> None:
    """A folder in its place stands for a store that cannot be written."""
    store = Store(tmp_path)
    record(store)
    (tmp_path / CATALOGUE_NAME).mkdir()
    assert [s.state for s in store.sessions()] == ["finished"]
    assert (tmp_path / CATALOGUE_NAME).is_dir()


def test_7_2_a_read_only_store_is_listed_and_refuses_a_new_session(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    record(store)
    (tmp_path / "store" / "P014").chmod(0o500)
    (tmp_path / "store").chmod(0o500)
    try:
        with without_the_rights_of_root():
            assert [s.state for s in store.sessions()] == ["finished"]
            with pytest.raises(DiskError, match="permission was denied"):
                store.new_session_folder("P014", START)
    finally:
        (tmp_path / "store").chmod(0o700)
        (tmp_path / "store" / "P014").chmod(0o700)


def test_a_file_where_the_store_should_be_is_a_disk_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    store = Store(tmp_path / "store")
    for attempt in (store.sessions, lambda: store.new_session_folder("P014", START), lambda: store.find("2026")):
        with pytest.raises(DiskError, match="a file is where a folder should be"):
            attempt()


def test_a_session_is_found_by_folder_id_or_a_unique_beginning(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, second = record(store, minute=0), record(store, "Q7", minute=5)
    assert store.find(str(first)) == first
    assert store.find(second.name) == second
    assert store.find("20261120T1853") == first
    assert store.find(second.name[:-1]) == second


def test_an_ambiguous_id_names_the_sessions_that_fit(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folders = [record(store, minute=k) for k in range(7)]
    with pytest.raises(RequestError, match="fits 7 sessions") as refusal:
        store.find("20261120")
    assert folders[0].name in str(refusal.value)
    assert folders[6].name not in str(refusal.value)


def test_an_unknown_id_names_sessions_that_are_near(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(RequestError, match="the store is empty"):
        store.find("x")
    folder = record(store)
    for unknown in (folder.name[:-1] + "x", "nonsense", ""):
        with pytest.raises(RequestError, match="the nearest are") as refusal:
            store.find(unknown)
        assert folder.name in str(refusal.value)


def test_a_folder_that_is_no_session_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(RequestError, match="There is no session"):
        Store(tmp_path / "store").find(str(tmp_path / "other"))


def test_an_unreadable_journal_line_is_left_out_and_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = record(store)
    path = folder / "episodes.jsonl"
    path.write_bytes(b"{}\n" + path.read_bytes() + b'{"id": 7')
    (summary,) = store.sessions()
    assert (summary.state, summary.problem, summary.episodes) == ("finished", None, 1)
    session = store_module.open_session(folder)
    assert [e.id for e in session.episodes()] == [1]
    assert session.journal_notes() == (
        "Line 1 of episodes.jsonl cannot be read and is left out.",
        "The last line of episodes.jsonl is torn and is left out.",
    )


def test_sessions_without_an_end_are_listed_for_recovery_but_for_those_under_way(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.interrupted() == []
    record(store, minute=0)
    cut_off = record(store, minute=1, finish=False)
    folder = store.new_session_folder("P014", START + timedelta(minutes=2))
    recorder = Recorder(folder, start_of(folder.name), signal=signal_of())
    assert store.interrupted() == [cut_off]
    recorder.abandon()
    assert store.interrupted() == [cut_off, folder]
