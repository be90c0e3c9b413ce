"""The tables of a cohort, `hfs-emg/cohort-tables/1`: episodes, burden per session and side, quality per channel, provenance per session.

They are made from the parts, one after the other, so that memory does not grow with the archive, and take the place of earlier ones when
they are whole. Times are seconds from the session's first sample by sample index; dates are the true ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

from hfs_emg.analysis.burden import measure, union
from hfs_emg.cohort.documents import Part
from hfs_emg.events import KINDS, InvalidReason
from hfs_emg.exports.columns import KIND, SIMULATED, SUBJECT, WHAT, WHEN, Column, Row, Table, what, when
from hfs_emg.exports.parquet import arrow_schema
from hfs_emg.extras import needed
from hfs_emg.session.files import disk_error

SCHEMA = "hfs-emg/cohort-tables/1"
REASONS: tuple[InvalidReason, ...] = get_args(InvalidReason)
_ROWS_AT_ONCE = 20_000


_SESSION = (Column("session", str, "id of the session"), SUBJECT, SIMULATED)


def _head(part: Part) -> Row:
    return part.origin.session, part.origin.subject, part.analysis.recording.simulated


def _episode_rows(part: Part) -> Iterator[Row]:
    for e in part.analysis.episodes:
        active = measure(union((b.start_s, b.end_s) for b in e.bursts))
        yield (
            *_head(part), *when(e), e.kind.value, KINDS[e.kind].counts_as_spasm, *what(e),
            len(e.bursts), round(active, 3), max((b.peak_uv for b in e.bursts), default=None),
        )  # fmt: skip


def _burden_rows(part: Part) -> Iterator[Row]:
    for side, b in part.analysis.summary.items():
        yield (
            *_head(part), part.origin.start_utc, side, b.spasms, b.spasms_per_min, b.spasm_time_s, b.active_time_s, b.clonic, b.tonic,
            b.longest_s, b.valid_s, b.first_site,
        )  # fmt: skip


def _quality_rows(part: Part) -> Iterator[Row]:
    recording = part.analysis.recording
    for place in recording.montage:
        mine = [i for i in part.analysis.invalid if i.channels is None or place.channel in i.channels]
        doubtful = measure(union((i.start_s, i.end_s) for i in mine))
        by_reason = (round(measure(union((i.start_s, i.end_s) for i in mine if i.reason == r)), 3) for r in REASONS)
        valid = round(max(0.0, recording.duration_s - doubtful), 3)
        yield (*_head(part), place.channel, place.side, place.site, recording.duration_s, valid, *by_reason)


def _provenance_rows(part: Part) -> Iterator[Row]:
    origin, making, recording = part.origin, part.making, part.analysis.recording
    yield (
        *_head(part), origin.folder, origin.start_utc, origin.state, origin.board, origin.recorded_with, recording.sample_rate_hz,
        origin.samples, recording.duration_s, recording.valid_s, origin.lost_samples, origin.signal_bytes,
        len(part.analysis.episodes), making.software, making.settings_sha256, making.model_sha256, making.profile_sha256,
        making.python, making.numpy, making.scipy, making.machine, making.cpu_s, " ".join(origin.notes),
    )  # fmt: skip


TABLES: tuple[Table[Part], ...] = (
    Table(
        "episodes",
        (
            *_SESSION,
            *WHEN,
            *KIND,
            *WHAT,
            Column("bursts", int, "how many"),
            Column("active_s", float, "union of its bursts, seconds"),
            Column("peak_uv", float, "highest peak of the 50 ms RMS envelope, µV"),
        ),
        _episode_rows,
    ),
    Table(
        "burden",
        (
            *_SESSION,
            Column("start_utc", str, "moment of the first sample, or 'clock not set'"),
            Column("side", str, "left or right"),
            Column("spasms", int, "how many"),
            Column("spasms_per_min", float, "per valid minute; empty without valid time"),
            Column("spasm_time_s", float, "union of the spasms from onset to offset"),
            Column("active_time_s", float, "union of their bursts"),
            Column("clonic", int, "spasms of this form"),
            Column("tonic", int, "spasms of this form"),
            Column("longest_s", float, "longest spasm"),
            Column("valid_s", float, "seconds in which this side could be believed"),
            Column("first_site", str, "where spasms begin, when that can be told"),
        ),
        _burden_rows,
    ),
    Table(
        "quality",
        (
            *_SESSION,
            Column("channel", str, "channel of the montage"),
            Column("side", str, "left or right"),
            Column("site", str, "muscle"),
            Column("duration_s", float, "length of the session"),
            Column("valid_s", float, "seconds in which this channel could be believed"),
            *(Column(f"{reason}_s", float, f"seconds that count for nothing: {reason}") for reason in REASONS),
        ),
        _quality_rows,
    ),
    Table(
        "provenance",
        (
            *_SESSION,
            Column("folder", str, "where in the archive"),
            Column("start_utc", str, "moment of the first sample, or 'clock not set'"),
            Column("state", str, "finished, or interrupted"),
            Column("board", str, "what recorded"),
            Column("recorded_with", str, "program and version that recorded"),
            Column("sample_rate_hz", float, "nominal rate"),
            Column("samples", int, "length, filled samples included"),
            Column("duration_s", float, "samples divided by the nominal rate"),
            Column("valid_s", float, "seconds in which both sides could be believed"),
            Column("lost_samples", int, "samples that never came"),
            Column("signal_bytes", int, "size of signal.bdf"),
            Column("episodes", int, "rows in the table of episodes"),
            Column("software", str, "program and version that analysed"),
            Column("settings_sha256", str, "of the settings as JSON, as in cohort.json"),
            Column("model_sha256", str, "of the model file"),
            Column("profile_sha256", str, "of the calibration profile that was used; empty without one"),
            Column("python", str, "version, of the process that analysed"),
            Column("numpy", str, "version"),
            Column("scipy", str, "version"),
            Column("machine", str, "kind of processor"),
            Column("cpu_s", float, "processor time that the session took"),
            Column("notes", str, "what a reader should know of the recording"),
        ),
        _provenance_rows,
    ),
)


class TableWriter:
    """Takes parts; the tables appear when the body of `with` succeeds. Raises RequestError without pyarrow, DiskError."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._arrow, self._parquet = needed("pyarrow", "cluster"), needed("pyarrow.parquet", "cluster")
        self._rows: dict[str, list[Row]] = {t.name: [] for t in TABLES}
        self._schemas = {t.name: arrow_schema(self._arrow, t.columns, SCHEMA) for t in TABLES}
        self._files: dict[str, Any] = {}
        self._open = ExitStack()

    def __enter__(self) -> TableWriter:
        try:
            for table in TABLES:
                os.close(os.open(self._beside(table), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
                file = self._parquet.ParquetWriter(self._beside(table), self._schemas[table.name], compression="zstd")
                self._files[table.name] = self._open.enter_context(file)
        except OSError as error:
            self._open.close()
            raise disk_error(error, self._out) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._flush(0)
            self._open.close()
            if kind is None:
                for table in TABLES:
                    self._beside(table).replace(self._out / f"{table.name}.parquet")
        except OSError as error:
            raise disk_error(error, self._out) from error
        finally:
            for table in TABLES:
                self._beside(table).unlink(missing_ok=True)

    def add(self, part: Part) -> None:
        """One more session."""
        for table in TABLES:
            self._rows[table.name] += table.rows(part)
        try:
            self._flush(_ROWS_AT_ONCE)
        except OSError as error:
            raise disk_error(error, self._out) from error

    def _flush(self, more_than: int) -> None:
        """Write the tables of which at least so many rows wait. Raises OSError."""
        for table in TABLES:
            rows = self._rows[table.name]
            if len(rows) > more_than:
                columns: Iterable[tuple[Any, ...]] = zip(*rows, strict=True)
                content = self._arrow.table([list(c) for c in columns], schema=self._schemas[table.name])
                self._files[table.name].write_table(content)
                rows.clear()

    def _beside(self, table: Table[Part]) -> Path:
        return self._out / f".{table.name}.parquet.part"
