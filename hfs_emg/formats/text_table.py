"""Numbers out of delimited text, in bulk: rows of equal width, read in chunks, parsed column by column with numpy.

A number is written as digits with an optional minus and an optional point; anything else that Python's float accepts (an
exponent, a plus sign) is taken too, one at a time. A chunk is a whole number of lines, so memory does not grow with the
file. A last line that was cut off is left out and reported; a wrong line anywhere else is an error that names it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hfs_emg.errors import RecordingError

CHUNK_BYTES = 1 << 19
LONGEST_LINE = 1 << 16

Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TextTable:
    """Where the rows of a file lie and how they are written.

    offset: byte at which the rows begin. first_line: 1-based number of the first row's line. columns: fields in each row.
    decimal_comma: numbers are written 1,5 and fields are separated by a comma and a space.
    """

    path: Path
    offset: int
    first_line: int
    columns: int
    separator: bytes = b","
    decimal_comma: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """A stretch of rows. values (n, columns asked for) float64; decimals (columns asked for,): most digits after the point.

    clock_s (n,): seconds since midnight from the clock column, None when none was asked for. cut: the file ends in a
    broken line after these rows.
    """

    first: int
    values: NDArray[np.float64]
    decimals: NDArray[np.int64]
    clock_s: NDArray[np.float64] | None
    cut: bool = False


def read_rows(table: TextTable, columns: Sequence[int], clock: int | None = None) -> Iterator[Rows]:
    """All rows in order, only the columns asked for; clock: a column written HH:MM:SS.sss.

    Raises RecordingError where a line has another number of fields or a field is no number, and where the file cannot be read.
    """
    row, line = 0, table.first_line
    for text, last in _chunks(table):
        lines = text.count(b"\n")
        fields, cut = _fields(text, table, line, last)
        numbers, decimals, broken = _numbers(fields, columns, last=last)
        n = len(numbers)
        times = _clock(fields, clock)[:n] if clock is not None else None
        yield Rows(row, numbers, decimals, times, cut=cut or broken)
        row += n
        line += lines


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one chunk: buffer (bytes,), starts and ends (rows, columns) into it, lines (rows,) line numbers."""

    table: TextTable
    buffer: NDArray[np.uint8]
    starts: Positions
    ends: Positions
    lines: Positions

    def text(self, row: int, column: int) -> str:
        return (
            self.buffer[self.starts[row, column] : self.ends[row, column]].tobytes().decode("ascii", "replace").strip()
        )


def _chunks(table: TextTable) -> Iterator[tuple[bytes, bool]]:
    """Whole lines, each chunk with whether it is the last; the last one may lack its final newline."""
    try:
        with table.path.open("rb") as file:
            file.seek(table.offset)
            rest = b""
            while True:
                piece = file.read(CHUNK_BYTES)
                if not piece:
                    break
                text = rest + piece
                end = text.rfind(b"\n") + 1
                if end:
                    # The last line always stays behind, so that the last chunk holds the line that may be cut.
                    end = text.rfind(b"\n", 0, end - 1) + 1
                rest = text[end:]
                if len(rest) > 2 * LONGEST_LINE:
                    raise RecordingError(
                        f"{table.path.name} has a line of more than {LONGEST_LINE} characters: it is damaged or no recording."
                    )
                if end:
                    yield text[:end], False
    except OSError as error:
        raise RecordingError(f"{table.path} cannot be read ({error.strerror}): check the file and its disk.") from None
    yield rest, True


def _fields(text: bytes, table: TextTable, line: int, last: bool) -> tuple[_Fields, bool]:
    """The fields of a chunk, and whether a broken last line was left out."""
    if last:
        text = text.rstrip(b"\x00")  # a power cut leaves zeros where the last block should be
    if table.decimal_comma:
        text = text.replace(b", ", b"\x1f").replace(b",", b".").replace(b"\x1f", b",")
    if text and not text.endswith(b"\n"):
        text += b"\n"
    found = _regular(text, table, line)
    if found is not None:
        return found, False
    return _irregular(text, table, line, last)


def _regular(text: bytes, table: TextTable, line: int) -> _Fields | None:
    """The fields when every line has the right number of them; None otherwise."""
    buffer = np.frombuffer(text, np.uint8)
    newline = buffer == 10
    found = np.flatnonzero(newline | (buffer == table.separator[0]))
    if len(found) % table.columns:
        return None
    ends = found.reshape(-1, table.columns)
    if np.count_nonzero(newline) != len(ends) or not newline[ends[:, -1]].all():
        return None
    starts = np.empty_like(ends)
    starts.ravel()[1:] = ends.ravel()[:-1] + 1
    if len(starts):
        starts[0, 0] = 0
    return _Fields(table, buffer, starts, ends, line + np.arange(len(ends)))


def _irregular(text: bytes, table: TextTable, line: int, last: bool) -> tuple[_Fields, bool]:
    """Line by line: empty lines are skipped, a wrong last line of the file is left out, any other is an error."""
    good, numbers, cut = [], [], False
    lines = text.split(b"\n")[:-1]
    while lines and not lines[-1].strip():
        lines.pop()
    for i, content in enumerate(lines):
        if not content.strip():
            continue
        count = content.count(table.separator) + 1
        if count != table.columns:
            if last and i == len(lines) - 1:
                cut = True
                break
            raise RecordingError(
                f"{table.path.name}, line {line + i}: {count} columns, where the rows before have {table.columns}: "
                "the file is damaged there; repair or remove that line."
            )
        good.append(content + b"\n")
        numbers.append(line + i)
    found = _regular(b"".join(good), table, line)
    assert found is not None
    return _Fields(table, found.buffer, found.starts, found.ends, np.array(numbers, np.int64)), cut


def _numbers(
    fields: _Fields, columns: Sequence[int], *, last: bool
) -> tuple[NDArray[np.float64], NDArray[np.int64], bool]:
    """(rows, columns) values, decimals per column, and whether the last row was left out because it is broken."""
    n = len(fields.starts)
    values = np.empty((n, len(columns)))
    decimals = np.zeros(len(columns), np.int64)
    for place, column in enumerate(columns):  # one at a time: their widths differ, and a column fits the cache
        parsed, after_point, odd = parse_fixed_point(fields.buffer, fields.starts[:, column], fields.ends[:, column])
        values[:, place] = parsed
        decimals[place] = after_point.max(initial=0)
        for row in np.flatnonzero(odd):
            text = fields.text(int(row), column)
            value = python_float(text)
            if value is None and last and row == n - 1:
                return values[:-1], decimals, True
            if value is None:
                raise RecordingError(
                    f"{fields.table.path.name}, line {fields.lines[row]}: '{text[:40]}' in column {column + 1} is not a "
                    "number: the file is damaged there; repair or remove that line."
                )
            values[row, place] = value
            decimals[place] = 15
    return values, decimals, False


def python_float(text: str) -> float | None:
    """The number a field holds; None when it holds none, or none that is finite."""
    if "_" in text:  # Python's digit grouping, nobody's file format
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e18 else None


def _clock(fields: _Fields, column: int) -> NDArray[np.float64]:
    """(rows,) seconds since midnight from HH:MM:SS.sss; nan where a field is written in another way."""
    values, _, odd = parse_fixed_point(fields.buffer, fields.starts[:, column], fields.ends[:, column], skip=b":")
    whole = np.floor(values)
    seconds = whole // 10_000 * 3600 + whole // 100 % 100 * 60 + values - whole // 100 * 100
    return np.where(odd, np.nan, seconds)


_WIDEST = 20
_POWERS = 10.0 ** np.arange(_WIDEST + 1)


def parse_fixed_point(
    buffer: NDArray[np.uint8], starts: Positions, ends: Positions, skip: bytes = b""
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Values, digits after the point, and which fields are not plain decimals (their value means nothing).

    starts, ends (fields,): positions in buffer; blanks around a number are ignored, and so are the characters of `skip` before the
    point. Up to 18 digits; the value is the nearest double when they are 15 or fewer, and within two units of the last place otherwise.
    """
    starts, ends = _trimmed(buffer, starts, ends)
    width = ends - starts
    whole = np.zeros(len(width), np.uint64)  # all digits as if the point, too, were a digit: a zero
    fraction = np.zeros(len(width), np.uint64)
    decimals = np.zeros(len(width), np.int64)
    points = np.zeros(len(width), np.uint8)
    minus = np.zeros(len(width), np.bool_)
    odd = (width <= 0) | (width > _WIDEST)
    skipped = np.frombuffer(skip, np.uint8)
    if skip:  # columns of such characters line up only in fields of one width
        odd |= width != width.max(initial=0)
    place = 0
    for k in range(int(min(width.max(initial=0), _WIDEST))):  # from the last character to the first
        character = buffer[np.maximum(ends - (1 + k), 0)]
        character[width <= k] = 48  # beyond the field: a leading zero
        if skip and np.isin(character, skipped)[~odd].all():
            continue
        digit = character - np.uint8(48)  # wraps for what stands below "0"
        other = digit > 9
        if other.any():
            digit[other] = 0
            point, first = character == 46, character == 45
            minus |= first
            points += point
            fraction = np.where(point, whole, fraction)
            decimals = np.where(point, place, decimals)
            odd |= other & ~point & ~(first & (width == k + 1))
        whole += digit * np.uint64(10 ** min(place, 18))
        place += 1
    odd |= (points > 1) | (width <= points.astype(np.int64) + minus) | (width > 18 + points.astype(np.int64) + minus)
    whole = np.where(points > 0, fraction + (whole - fraction) // np.uint64(10), whole)
    values = whole / _POWERS[decimals]
    return np.where(minus, -values, values), decimals, odd


def _trimmed(buffer: NDArray[np.uint8], starts: Positions, ends: Positions) -> tuple[Positions, Positions]:
    """Without the blanks (space, tab, carriage return) at both ends."""
    blank = np.zeros(256, np.bool_)
    blank[[9, 13, 32]] = True
    top = len(buffer) - 1
    for _ in range(8):  # a field with more blanks than that is left to Python's float
        before = blank[buffer[np.minimum(starts, top)]] & (starts < ends)
        starts = starts + before
        after = blank[buffer[np.maximum(ends - 1, 0)]] & (starts < ends)
        ends = ends - after
        if not (before.any() or after.any()):
            break
    return starts, ends
