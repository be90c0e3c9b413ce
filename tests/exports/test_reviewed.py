"""What readers said goes out with a session: nothing is final before all of it was judged, and what was rejected counts no more."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hfs_emg.exports import csv_tables, fhir
from hfs_emg.exports.shared import share
from hfs_emg.review.groups import ASKED
from hfs_emg.review.session_review import SessionReview
from hfs_emg.review.verdicts import Action, Verdict

from .conftest import record

NOW = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return record(tmp_path, "P1", 0, seconds=3)


def judge(folder: Path, *actions: Action) -> int:
    """The first events that readers are asked about get these verdicts; returns how many are asked about."""
    review = SessionReview(folder)
    asked = [e for e in review.reviewed().events if e.episode.kind in ASKED]
    verdicts = [
        Verdict(number=0, reader="R1", utc="", action=action, events=(event.key,))
        for action, event in zip(actions or [Action.CONFIRM] * len(asked), asked, strict=False)
    ]
    review.judge("R1", NOW, verdicts)
    return len(asked)


def status(folder: Path, tmp_path: Path) -> tuple[set[str], float]:
    """Every status in the bundle, and the spasms that are counted on the left."""
    fhir.write([share(folder, tmp_path)], tmp_path / "b.json")
    found = [e["resource"] for e in json.loads((tmp_path / "b.json").read_text())["entry"]]
    (count,) = [
        r["valueQuantity"]["value"]
        for r in found
        if r["resourceType"] == "Observation"
        and r["code"]["coding"][0]["code"] == "spasm-count"
        and r["bodySite"]["coding"][0]["code"] == "left"
    ]
    return {r["status"] for r in found if "status" in r}, count


def test_a_review_that_is_not_complete_leaves_it_preliminary(folder: Path, tmp_path: Path) -> None:
    assert status(folder, tmp_path) == ({"preliminary"}, 6)
    judge(folder, Action.CONFIRM)
    assert status(folder, tmp_path) == ({"preliminary"}, 6)
    judge(folder)
    assert status(folder, tmp_path) == ({"final"}, 6)


def test_what_was_rejected_counts_no_more_and_is_told_as_rejected(folder: Path, tmp_path: Path) -> None:
    judge(folder, Action.REJECT)
    assert status(folder, tmp_path)[1] == 5
    shared = share(folder, tmp_path)
    assert len(shared.episodes) == len(shared.events) - 1
    csv_tables.write([shared], tmp_path / "csv")
    rows = list(csv.DictReader((tmp_path / "csv" / "episodes.csv").read_text().splitlines()))
    assert [(r["review"], r["counts_as_spasm"]) for r in rows if r["review"] != "undecided"] == [("rejected", "false")]
    assert [r["episode"] for r in rows] == [str(n) for n in range(1, len(rows) + 1)]
