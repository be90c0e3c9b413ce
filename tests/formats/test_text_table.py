"""Numbers out of text, in bulk: the same as Python's float, whatever the chunks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hfs_emg.errors import RecordingError
from hfs_emg.formats import text_table
from hfs_emg.formats.text_table import TextTable, parse_fixed_point, read_rows

plain = st.from_regex(r" {0,3}-?[0-9]{1,9}(\.[0-9]{0,6})? {0,2}", fullmatch=True)
anything = st.text(alphabet=" -+.0123456789eE_:xn", max_size=24)


def parsed(fields: list[str]) -> tuple[np.ndarray, np.ndarray]:
    text = ",".join(fields).encode() + b"\n"
    buffer = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero((buffer == 44) | (buffer == 10))
    starts = np.concatenate([[0], ends[:-1] + 1])
    values, _, odd = parse_fixed_point(buffer, starts, ends)
    return values, odd


@given(st.lists(plain, min_size=1, max_size=20))
def test_plain_decimals_parse_to_the_nearest_double(fields: list[str]) -> None:
    values, odd = parsed(fields)
    assert not odd.any()
    assert values.tolist() == [float(f) for f in fields]


@given(st.lists(anything, min_size=1, max_size=20))
def test_what_is_taken_for_a_number_is_one(fields: list[str]) -> None:
    values, odd = parsed(fields)
    for field, value, strange in zip(fields, values, odd, strict=True):
        if not strange:
            assert value == pytest.approx(float(field), rel=1e-15)


def test_the_longest_numbers_java_writes_lose_no_more_than_two_units(tmp_path: Path) -> None:
    fields = [
        "-41873.47180545392",
        "0.00000000000000001",
        "123456789012345678",
        "-0.1234567890123456",
        "9.99999999999999999",
    ]
    values, odd = parsed(fields)
    for field, value, strange in zip(fields, values, odd, strict=True):
        assert strange or abs(value - float(field)) <= 2 * np.spacing(abs(float(field)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(plain, plain, plain), min_size=1, max_size=30),
    chunk=st.integers(1, 200),
    crlf=st.booleans(),
)
def test_the_size_of_chunks_does_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str, str]], chunk: int, crlf: bool
) -> None:
    monkeypatch.setattr(text_table, "CHUNK_BYTES", chunk)
    path = tmp_path / "t.txt"
    path.write_bytes(("\r\n" if crlf else "\n").join(",".join(r) for r in rows).encode())
    table = TextTable(path, 0, 1, 3)
    found = list(read_rows(table, [2, 0]))
    values = np.concatenate([r.values for r in found])
    assert values.tolist() == [[float(r[2]), float(r[0])] for r in rows]
    assert [r.first for r in found] == np.cumsum([0, *(len(r.values) for r in found[:-1])]).tolist()


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(b"1,2,3\n" + b"9" * 2_000_000)
    with pytest.raises(RecordingError, match="a line of more than 65536 characters"):
        list(read_rows(TextTable(path, 0, 1, 3), [0]))


def test_time_of_day_becomes_seconds(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("1, 23:59:59.250\n2, 00:00:01.500\n3, nonsense.000\n")
    times = np.concatenate(
        [r.clock_s for r in read_rows(TextTable(path, 0, 1, 2), [0], clock=1) if r.clock_s is not None]
    )
    assert times[:2].tolist() == [86_399.25, 1.5]
    assert np.isnan(times[2])
