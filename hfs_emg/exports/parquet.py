"""Parquet: the same tables, typed, compressed with zstd; needs pyarrow (extra `interop`).

What a column holds and its unit stand in the schema's metadata. Samples go out in row groups, so that memory does not grow with a night.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from hfs_emg.exports.columns import Column
from hfs_emg.exports.csv_tables import SAMPLES_FOLDER
from hfs_emg.exports.shared import SharedSession
from hfs_emg.exports.tables import SCHEMA, TABLES, description, sample_blocks, sample_columns
from hfs_emg.extras import needed

_TYPES = {str: "string", int: "int64", float: "float64", bool: "bool_"}


def write(sessions: Sequence[SharedSession], out: Path) -> list[str]:
    """sessions.parquet, …, samples/SESSION.parquet, tables.json. Raises RequestError without pyarrow."""
    arrow, parquet = needed("pyarrow", "interop"), needed("pyarrow.parquet", "interop")
    (out / SAMPLES_FOLDER).mkdir(parents=True)
    (out / "tables.json").write_bytes(msgspec.json.format(msgspec.json.encode(description(sessions)), indent=1))
    for table in TABLES:
        rows = [row for session in sessions for row in table.rows(session)]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(table.columns)
        content = arrow.table([list(c) for c in columns], schema=arrow_schema(arrow, table.columns))
        parquet.write_table(content, out / f"{table.name}.parquet", compression="zstd")
    for session in sessions:
        schema = arrow_schema(arrow, sample_columns(session))
        with parquet.ParquetWriter(out / SAMPLES_FOLDER / f"{session.id}.parquet", schema, compression="zstd") as file:
            for index, lost, microvolts, aux in sample_blocks(session):
                arrays = [index, lost, *microvolts.T, *aux.T.astype("int64")]
                file.write_table(arrow.table([arrow.array(a) for a in arrays], schema=schema))
    return []


def arrow_schema(arrow: Any, columns: Sequence[Column], name: str = SCHEMA) -> Any:
    """The columns as pyarrow's schema; name: of the tables' own schema."""
    fields = [arrow.field(c.name, getattr(arrow, _TYPES[c.type])(), metadata={"meaning": c.meaning}) for c in columns]
    return arrow.schema(fields, metadata={"schema": name})
