"""CSV and Parquet hold the same tables, and the tables hold the sessions."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from hfs_emg.errors import RequestError
from hfs_emg.exports import csv_tables, parquet
from hfs_emg.exports.shared import SharedSession
from hfs_emg.exports.tables import SCHEMA, TABLES


@pytest.fixture(scope="module")
def folders(sessions: list[SharedSession], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("tables")
    csv_tables.write(sessions, root / "csv")
    parquet.write(sessions, root / "parquet")
    return root / "csv", root / "parquet"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("table", [t.name for t in TABLES])
def test_both_formats_hold_the_same_rows(folders: tuple[Path, Path], table: str) -> None:
    text, typed = folders
    other = pyarrow.parquet.read_table(typed / f"{table}.parquet").to_pylist()
    assert rows_of(text / f"{table}.csv") == [{k: as_text(v) for k, v in row.items()} for row in other]


def test_the_samples_are_the_sessions(folders: tuple[Path, Path], sessions: list[SharedSession]) -> None:
    text, typed = folders
    for session in sessions:
        counts = np.concatenate([b.counts for b in session.blocks()])
        lost = np.concatenate([b.lost for b in session.blocks()])
        width = session.signal.inputs[0].microvolts_per_count
        table = pyarrow.parquet.read_table(typed / "samples" / f"{session.id}.parquet").to_pydict()
        labels = [i.label for i in session.signal.inputs]
        np.testing.assert_array_equal(np.stack([table[x] for x in labels], axis=1), counts * width)
        assert table["lost"] == lost.tolist()
        written = rows_of(text / "samples" / f"{session.id}.csv")
        back = np.array([[float(r[x]) for x in labels] for r in written])
        np.testing.assert_array_equal(np.rint(back / width), counts)
        assert {len(r[x].partition(".")[2]) for r in written for x in labels} == {6}, "for boards with finer codes, too"


def test_an_episode_stands_with_its_bursts_and_its_reason(
    folders: tuple[Path, Path], sessions: list[SharedSession]
) -> None:
    found = rows_of(folders[0] / "episodes.csv")
    assert len(found) == sum(len(s.episodes) for s in sessions)
    assert found[0]["reason"] == 'Two sites of one side, "together".'
    assert [r["counts_as_spasm"] for r in found[:3]] == ["true", "false", "false"]
    assert len(rows_of(folders[0] / "bursts.csv")) == 2 * len(found)


def test_times_and_losses_are_those_of_the_sessions(folders: tuple[Path, Path], sessions: list[SharedSession]) -> None:
    tables = {name: rows_of(folders[0] / f"{name}.csv") for name in ("sessions", "episodes", "gaps")}
    for session in sessions:
        (row,) = (r for r in tables["sessions"] if r["session"] == session.id)
        lost = np.concatenate([b.lost for b in session.blocks()])
        edges = np.flatnonzero(np.diff(lost.astype(int), prepend=0, append=0)) / session.signal.rate_hz
        gaps = [(float(r["start_s"]), float(r["end_s"])) for r in tables["gaps"] if r["session"] == session.id]
        assert gaps == list(map(tuple, edges.reshape(-1, 2).tolist()))
        assert (int(row["lost_samples"]), int(row["samples"])) == (lost.sum(), len(lost))
        begin = datetime.fromisoformat(row["start_utc"])
        for r in (r for r in tables["episodes"] if r["session"] == session.id):
            passed_s = (datetime.fromisoformat(r["utc"]) - begin).total_seconds()
            assert passed_s == pytest.approx(float(r["start_s"]), rel=0.01, abs=0.01)


def test_the_document_beside_names_every_column_and_its_version(folders: tuple[Path, Path]) -> None:
    for folder in folders:
        document = json.loads((folder / "tables.json").read_text())
        assert document["schema"] == SCHEMA
        assert set(document["tables"]) == {t.name for t in TABLES}
    for table in TABLES:
        fields = pyarrow.parquet.read_schema(folders[1] / f"{table.name}.parquet")
        assert fields.metadata[b"schema"].decode() == SCHEMA
        assert all(fields.field(c.name).metadata[b"meaning"].decode() == c.meaning for c in table.columns)


def test_without_pyarrow_the_line_that_adds_it_is_told(
    sessions: list[SharedSession], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(RequestError, match=r"pyarrow is missing .*pip install 'hfs-emg\[interop\]'"):
        parquet.write(sessions, tmp_path / "out")
    assert not (tmp_path / "out").exists()
