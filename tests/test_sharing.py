"""What is shared: moments moved by whole days, ids that tell nothing, the same for a subject each time."""

from __future__ import annotations

import itertools
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.boards import CYTON
from hfs_emg.errors import DiskError
from hfs_emg.session.documents import start_document
from hfs_emg.sharing import KEPT_NAME, LEAST_DAYS, MOST_DAYS, Disguise, disguise

START = datetime(2026, 11, 20, 18, 53, 23, 120_000, tzinfo=UTC)
ID = "20261120T185323Z-1a2b"


def test_a_subject_is_moved_by_the_same_whole_number_of_days_each_time(tmp_path: Path) -> None:
    first, again = disguise(tmp_path, "P014"), disguise(tmp_path, "P014")
    assert first == again
    assert LEAST_DAYS <= first.days <= MOST_DAYS
    assert first.moment(START) == START - timedelta(days=first.days)
    assert stat.S_IMODE((tmp_path / KEPT_NAME).stat().st_mode) == 0o600
    assert {p.name for p in tmp_path.iterdir()} == {KEPT_NAME}


def test_subjects_and_stores_differ(tmp_path: Path) -> None:
    days = {disguise(tmp_path, f"P{n:03d}").days for n in range(50)}
    assert len(days) > 45
    assert disguise(tmp_path / "other", "P014").days != disguise(tmp_path, "P014").days


@given(st.integers(LEAST_DAYS, MOST_DAYS), st.lists(st.integers(0, 4_000_000_000), min_size=2))
def test_intervals_and_times_of_day_stay(days: int, seconds: list[int]) -> None:
    one = Disguise("P014", days, b"x" * 32)
    aware = [datetime.fromtimestamp(s, UTC) for s in seconds]
    moved = [one.moment(m) for m in aware]
    assert [m.time() for m in moved] == [m.time() for m in aware]
    assert [b - a for a, b in itertools.pairwise(moved)] == [b - a for a, b in itertools.pairwise(aware)]


def test_the_start_document_tells_no_true_date(tmp_path: Path) -> None:
    start = start_document(
        session=ID, subject="P014", start_utc=START, board=CYTON, software="t", previous="20261120T170000Z-00ff"
    )
    one = disguise(tmp_path, "P014")
    shared = one.start(start)
    text = msgspec.json.encode(shared).decode()
    assert "20261120" not in text
    assert "2026-11-20" not in text
    assert "1a2b" not in text
    assert "00ff" not in text
    assert shared.started == one.moment(START)
    assert shared.session == one.session(ID, START)
    assert shared.session.startswith(f"{one.moment(START):%Y%m%dT185323Z}-")
    assert shared.previous is not None
    assert shared.previous.startswith(f"{one.moment(START):%Y%m%d}T170000Z-")


def test_a_session_without_a_clock_stays_without(tmp_path: Path) -> None:
    start = start_document(session=ID, subject="P014", start_utc=None, board=CYTON, software="t")
    shared = disguise(tmp_path, "P014").start(start)
    assert shared.started is None
    assert shared.session.startswith("19850101T000000Z-")


def test_a_secret_that_is_damaged_is_not_made_anew(tmp_path: Path) -> None:
    disguise(tmp_path, "P014")
    (tmp_path / KEPT_NAME).write_bytes(b"short")
    with pytest.raises(DiskError, match="is damaged"):
        disguise(tmp_path, "P014")
