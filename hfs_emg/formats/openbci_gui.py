"""Text recordings of the OpenBCI GUI, versions 4, 5 and 6: `OpenBCI-RAW-….txt` (DataWriterODF.pde).

Lines that begin with % say what was recorded, then come rows of numbers separated by a comma, mostly with a space.
Version 6 has a line of column names before the rows and names the board; version 5 names the board, and files that were
converted to it by hand have a row of zeros in place of the names; version 4 has neither, and its columns are the index, 4, 8 or 16
inputs, three of the accelerometer, and none, one or two of time. The rate is written 250 or 250.0, and numbers with a decimal
comma where the computer's language has one. Values are microvolts, unfiltered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hfs_emg.errors import RecordingError
from hfs_emg.formats.recording import FileRecording
from hfs_emg.formats.text_recording import (
    CYTON_ROWS,
    DAISY_ROWS,
    GANGLION_ROWS,
    OTHER_ROWS,
    SYNTHETIC_ROWS,
    BoardRows,
    Layout,
    open_table,
)
from hfs_emg.formats.text_table import TextTable

HEAD_BYTES = 1 << 16

_BOARDS = (
    ("cytondaisy", DAISY_ROWS),
    ("cytonserialdaisy", DAISY_ROWS),
    ("cytonwifidaisy", DAISY_ROWS),
    ("cyton", CYTON_ROWS),
    ("ganglion", GANGLION_ROWS),
    ("synthetic", SYNTHETIC_ROWS),
)
"""Words in the name of the board, the longer first."""

_BY_INPUTS = {b.channels: b for b in (CYTON_ROWS, DAISY_ROWS, GANGLION_ROWS)}
_UNNAMED_COLUMNS = {columns: inputs for inputs in (4, 8, 16) for columns in range(inputs + 4, inputs + 7)}
_EXG = re.compile(r"EXG Channel (\d+)", re.IGNORECASE)
_RATE = re.compile(r"%\s*Sample Rate\s*=\s*(\d{1,6}(?:[.,]\d{1,6})?)", re.IGNORECASE)
_INPUTS = re.compile(r"%\s*Number of channels\s*=\s*(\d{1,3})\s*$", re.IGNORECASE)
_BOARD = re.compile(r"%\s*Board\s*=\s*(\S+)", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}:\d\d:\d\d[.,]\d+")
_UNIX = re.compile(r"\d{9,13}(\.\d+)?|\d(\.\d+)?E(9|1[0-2])")


def recognises(_path: Path, head: bytes) -> bool:
    """The first bytes of a file are those of such a recording."""
    return head.removeprefix(b"\xef\xbb\xbf").startswith(b"%OpenBCI")


def open_openbci_gui(path: Path) -> FileRecording:
    """The recording; raises RecordingError when it is damaged or too short to tell its columns."""
    head = _Head.read(path)
    board, rate_hz, notes = _board_and_rate(head)
    table = TextTable(path, head.offset, head.first_line, len(head.first), decimal_comma=head.decimal_comma)
    layout = _named_layout(head) if head.names else _unnamed_layout(head)
    if head.zeros:
        notes = [*notes, "A row of zeros before the first sample was left out."]
    return open_table(table, layout, board, rate_hz, notes)


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the rows, and the first row. offset, first_line: where the rows begin."""

    name: str
    comments: tuple[str, ...]
    names: tuple[str, ...]
    zeros: bool
    first: tuple[str, ...]
    decimal_comma: bool
    offset: int
    first_line: int

    @classmethod
    def read(cls, path: Path) -> _Head:
        try:
            with path.open("rb") as file:
                text = file.read(HEAD_BYTES)
        except OSError as error:
            raise RecordingError(f"{path} cannot be read ({error.strerror}): check the file and its disk.") from None
        lines = text.decode("utf-8", "replace").split("\n")
        raw = text.split(b"\n")
        at = 0
        while at < len(lines) and lines[at].lstrip("\ufeff").startswith("%"):
            at += 1
        comments = tuple(line.lstrip("\ufeff").strip() for line in lines[:at])
        names: tuple[str, ...] = ()
        if at < len(lines) and re.match(r"\s*[A-Za-z]", lines[at]):
            names = tuple(n.strip() for n in lines[at].split(","))
            at += 1
        zeros = at < len(lines) and _all_zero(lines[at])
        at += zeros
        if at >= len(lines) or not lines[at].strip():
            raise RecordingError(f"{path.name} holds no samples: the recording was stopped before the first one.")
        decimal_comma = re.match(r"\s*\d+(,0)?, -?\d+,\d+, ", lines[at]) is not None
        fields = lines[at].replace(", ", "\x1f") if decimal_comma else lines[at].replace(",", "\x1f")
        first = tuple(f.strip() for f in fields.split("\x1f"))
        offset = sum(len(line) + 1 for line in raw[:at])
        return cls(path.name, comments, names, bool(zeros), first, decimal_comma, offset, at + 1)

    def said(self, pattern: re.Pattern[str]) -> str | None:
        """What the comments say, as the pattern's first group."""
        return next((m[1] for line in self.comments if (m := pattern.match(line))), None)


def _all_zero(line: str) -> bool:
    fields = [f.strip() for f in line.split(",")]
    return len(fields) > 4 and all(re.fullmatch(r"-?0+(\.0*)?", f) for f in fields)


def _board_and_rate(head: _Head) -> tuple[BoardRows, float, list[str]]:
    """From the header; from the number of inputs where it is silent."""
    named = head.said(_BOARD)
    inputs = _input_count(head)
    if named is None:
        board = _BY_INPUTS.get(inputs, OTHER_ROWS)
    else:
        board = next((b for word, b in _BOARDS if word in named.lower().replace("_", "")), OTHER_ROWS)
    rate = head.said(_RATE)
    if rate is not None:
        return board, float(rate.replace(",", ".")), []
    return board, board.rate_hz, [f"The file does not say its rate: {board.rate_hz:g} Hz is taken, a {board.title}'s."]


def _input_count(head: _Head) -> int:
    if head.names:
        return sum(1 for n in head.names if _EXG.fullmatch(n))
    said = head.said(_INPUTS)
    return int(said) if said is not None else _UNNAMED_COLUMNS.get(len(head.first), 0)


def _named_layout(head: _Head) -> Layout:
    columns = len(head.first)
    exg = tuple(i for i, n in enumerate(head.names) if _EXG.fullmatch(n) and i < columns)
    if not exg:
        raise RecordingError(f"{head.name} has no column named 'EXG Channel …': it holds no EMG.")

    def column(name: str) -> int | None:
        return next((i for i, n in enumerate(head.names) if n.lower() == name and i < columns), None)

    return Layout(
        exg,
        tuple(head.names[i] for i in exg),
        index=column("sample index"),
        marker=column("marker channel"),
        unix=column("timestamp"),
    )


def _unnamed_layout(head: _Head) -> Layout:
    """The index, then the inputs; time is found by its look."""
    inputs = _input_count(head)
    if not 0 < inputs < len(head.first):
        raise RecordingError(
            f"{head.name} has {len(head.first)} columns and names none of them; such files of a Ganglion, Cyton or Daisy have "
            f"{', '.join(str(c) for c in _UNNAMED_COLUMNS)}: the file is damaged."
        )
    after = range(1 + inputs, len(head.first))
    unix = next((i for i in after if _UNIX.fullmatch(head.first[i].replace(",", "."))), None)
    clock = next((i for i in after if _CLOCK.fullmatch(head.first[i])), None)
    return Layout(
        tuple(range(1, 1 + inputs)),
        tuple(f"EXG Channel {n}" for n in range(inputs)),
        index=0,
        unix=unix,
        clock=clock if unix is None else None,
    )
