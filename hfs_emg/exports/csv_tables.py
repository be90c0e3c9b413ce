"""CSV: a folder of tables with a header line each, comma-separated, UTF-8, RFC 4180; `tables.json` says what the columns hold."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from hfs_emg.exports.columns import Cell, Column
from hfs_emg.exports.shared import SharedSession
from hfs_emg.exports.tables import TABLES, description, sample_blocks, sample_columns

SAMPLES_FOLDER = "samples"


def write(sessions: Sequence[SharedSession], out: Path) -> list[str]:
    """sessions.csv, episodes.csv, bursts.csv, markers.csv, gaps.csv, samples/SESSION.csv, tables.json."""
    (out / SAMPLES_FOLDER).mkdir(parents=True)
    (out / "tables.json").write_bytes(msgspec.json.format(msgspec.json.encode(description(sessions)), indent=1))
    for table in TABLES:
        rows = (row for session in sessions for row in table.rows(session))
        _write(out / f"{table.name}.csv", table.columns, rows)
    for session in sessions:
        _write(out / SAMPLES_FOLDER / f"{session.id}.csv", sample_columns(session), _sample_rows(session))
    return []


def _write(path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([c.name for c in columns])
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: Cell) -> Cell:
    """true and false as other programs write them; None is an empty cell."""
    return ("true" if value else "false") if isinstance(value, bool) else value


def _sample_rows(session: SharedSession) -> Iterator[list[Cell]]:
    for index, lost, microvolts, aux in sample_blocks(session):
        rows = zip(index.tolist(), lost.tolist(), microvolts.tolist(), aux.tolist(), strict=True)
        # Six decimals are finer than any board's code, and half as long as a float's own digits.
        yield from ([i, flag, *(f"{v:.6f}" for v in row), *more] for i, flag, row, more in rows)
