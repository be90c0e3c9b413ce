"""Sessions as tables, `hfs-emg/tables/1`: what CSV and Parquet hold, column by column.

Times are seconds from the first sample of their session by sample index; `utc` is the shifted moment by the fitted clock, empty where the
clock was not set. Samples are µV = counts × µV per count + offset; where `lost` is true none came and the last value stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hfs_emg.events import KINDS
from hfs_emg.exports.columns import KIND, SIMULATED, SUBJECT, WHAT, WHEN, Column, Row, Table, what, when
from hfs_emg.exports.shared import SharedSession
from hfs_emg.session.documents import utc_text

SCHEMA = "hfs-emg/tables/1"

_SESSION = Column("session", str, "id of the session, as it is shared")


def _session_rows(s: SharedSession) -> Iterator[Row]:
    lost = sum(b - a for a, b in s.gaps)
    rate = s.signal.rate_hz
    yield (
        s.id, s.subject, s.start.start_utc, rate, s.fitted_hz, s.samples, s.duration_s, s.valid_s, lost, s.simulated,
        s.reviewed, s.start.board.title, s.start.software,
    )  # fmt: skip


def _episode_rows(s: SharedSession) -> Iterator[Row]:
    for event in s.events:
        e = event.episode
        moment = utc_text(s.utc(e.start_s * s.signal.rate_hz))
        counts = KINDS[e.kind].counts_as_spasm and event.state != "rejected"
        yield (
            s.id, s.subject, *when(e), moment, e.kind.value, counts, event.state, *what(e),
        )  # fmt: skip


TABLES: tuple[Table[SharedSession], ...] = (
    Table(
        "sessions",
        (
            _SESSION,
            SUBJECT,
            Column("start_utc", str, "moment of the first sample, moved by some whole days"),
            Column("rate_hz", float, "nominal rate: seconds are samples divided by it"),
            Column("fitted_rate_hz", float, "true rate, fitted against the computer's clock"),
            Column("samples", int, "length, filled samples included"),
            Column("duration_s", float, "length in seconds"),
            Column("valid_s", float, "seconds in which both sides could be believed: rates are per valid time"),
            Column("lost_samples", int, "samples that never came"),
            SIMULATED,
            Column("reviewed", bool, "true: a person has gone through the episodes"),
            Column("board", str, "what recorded"),
            Column("software", str, "program and version that recorded"),
        ),
        _session_rows,
    ),
    Table(
        "episodes",
        (
            _SESSION,
            SUBJECT,
            *WHEN,
            Column("utc", str, "moment of the onset, moved by some whole days"),
            *KIND,
            Column(
                "review", str, "undecided (the algorithm's word), confirmed, relabelled, added, rejected or disputed"
            ),
            *WHAT,
        ),
        _episode_rows,
    ),
    Table(
        "bursts",
        (
            _SESSION,
            WHEN[0],
            Column("channel", str, "channel of the montage"),
            Column("start_s", float, "onset, seconds"),
            Column("end_s", float, "offset, seconds"),
            Column("peak_uv", float, "peak of the 50 ms RMS envelope, µV"),
        ),
        lambda s: (
            (s.id, e.id, b.channel, b.start_s, b.end_s, b.peak_uv)
            for e in (event.episode for event in s.events)
            for b in sorted(e.bursts, key=lambda b: (b.start_s, b.channel))
        ),
    ),
    Table(
        "markers",
        (
            _SESSION,
            Column("sample", int, "index of the sample"),
            Column("time_s", float, "seconds"),
            Column("utc", str, "its moment, moved by some whole days"),
            Column("text", str, "what was typed"),
        ),
        lambda s: ((s.id, m.sample, m.sample / s.signal.rate_hz, utc_text(s.utc(m.sample)), m.text) for m in s.markers),
    ),
    Table(
        "gaps",
        (
            _SESSION,
            Column("start_s", float, "seconds"),
            Column("end_s", float, "seconds"),
        ),
        lambda s: ((s.id, a / s.signal.rate_hz, b / s.signal.rate_hz) for a, b in s.gaps),
    ),
)


def sample_columns(session: SharedSession) -> tuple[Column, ...]:
    """The columns of a session's table of samples."""
    return (
        Column("sample", int, "index, from 0"),
        Column("lost", bool, "true: it never came, the last value stands"),
        *(Column(i.label, float, "µV") for i in session.signal.inputs),
        *(Column(label, int, "auxiliary column, as the board sent it") for label in session.signal.aux_labels),
    )


def sample_blocks(
    session: SharedSession,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64], NDArray[np.int32]]]:
    """(n,) index, (n,) lost, (n, inputs) µV and (n, aux) of a session, block by block."""
    for block in session.blocks():
        yield np.arange(block.start, block.end), block.lost, session.signal.microvolts(block.counts), block.aux


def description(sessions: Sequence[SharedSession]) -> dict[str, object]:
    """The document beside the tables: schema, columns with their meaning, each session's inputs."""
    return {
        "schema": SCHEMA,
        "times": "seconds from the session's first sample by sample index; dates are moved by some whole days, the same for a subject",
        "tables": {t.name: {c.name: c.meaning for c in t.columns} for t in TABLES},
        "samples": {
            s.id: {
                "rate_hz": s.signal.rate_hz,
                "inputs": [
                    {"label": i.label, "microvolts_per_count": i.microvolts_per_count, "offset_uv": i.offset_uv}
                    for i in s.signal.inputs
                ],
                "notes": list(s.notes),
            }
            for s in sessions
        },
    }
