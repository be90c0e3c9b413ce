"""BrainFlow's own files: `DataFilter.write_file`, the file streamer, and the GUI's `BrainFlow-RAW_….csv`.

One row per sample, fields separated by tabs, no header; the columns are the rows of the board's description, so their number tells
the board, and the board the rate:

- 24, Cyton: index, 8 EXG, 3 accelerometer, stop byte, 6 bytes, 3 analog, time stamp (unix seconds), marker
- 32, Cyton with Daisy: index (even), 16 EXG, 3 accelerometer, stop byte, 6 bytes, 3 analog, time stamp, marker;
  BrainFlow's synthetic board has 32 too, with no stop byte among them
- 15, Ganglion: index, 4 EXG, 3 accelerometer, 5 resistances, time stamp, marker
"""

from __future__ import annotations

from pathlib import Path

from hfs_emg.errors import RecordingError
from hfs_emg.formats.recording import FileRecording
from hfs_emg.formats.text_recording import (
    CYTON_ROWS,
    DAISY_ROWS,
    GANGLION_ROWS,
    SYNTHETIC_ROWS,
    BoardRows,
    Layout,
    open_table,
)
from hfs_emg.formats.text_table import TextTable, python_float

HEAD_BYTES = 1 << 16

_BOARDS: dict[int, BoardRows] = {24: CYTON_ROWS, 32: DAISY_ROWS, 15: GANGLION_ROWS}
_DAISY_STOP_BYTE = 20
_STOP_BYTES = range(0xC0, 0xC7)


def recognises(_path: Path, head: bytes) -> bool:
    """The first line is numbers between tabs."""
    fields = _first_line(head)
    return len(fields) >= 10 and all(python_float(f) is not None for f in fields)


def open_brainflow_csv(path: Path) -> FileRecording:
    """The recording; raises RecordingError when its columns are no known board's, or where it is damaged."""
    try:
        with path.open("rb") as file:
            fields = _first_line(file.read(HEAD_BYTES))
    except OSError as error:
        raise RecordingError(f"{path} cannot be read ({error.strerror}): check the file and its disk.") from None
    columns = len(fields)
    board = _BOARDS.get(columns)
    if board is None:
        known = ", ".join(f"{n} ({b.title})" for n, b in _BOARDS.items())
        raise RecordingError(
            f"{path.name} has {columns} columns between tabs; files of BrainFlow that can be told apart have {known}: convert it to "
            "EDF or BDF."
        )
    if board is DAISY_ROWS and python_float(fields[_DAISY_STOP_BYTE]) not in _STOP_BYTES:
        board = SYNTHETIC_ROWS
    layout = Layout(
        exg=tuple(range(1, 1 + board.channels)),
        labels=tuple(f"EXG Channel {n}" for n in range(board.channels)),
        index=0,
        unix=columns - 2,
        marker=columns - 1,
    )
    return open_table(TextTable(path, 0, 1, columns, separator=b"\t"), layout, board, board.rate_hz)


def _first_line(head: bytes) -> list[str]:
    line = head.split(b"\n", 1)[0].rstrip(b"\r")
    return line.decode("ascii", "replace").split("\t")
