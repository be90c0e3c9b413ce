"""What an OpenBCI Cyton writes to its SD card: `OBCI_XX.TXT` (docs.openbci.com/Cyton/CytonSDCard; SD_Card_Stuff.ino of the firmware).

A row is the sample's id (two hex digits), then eight inputs, sixteen with a Daisy, of six hex digits each (24 bit, two's complement),
and now and then auxiliary words of four, all between commas. Lines with % and a line of eight hex digits say when the board started
and stopped, in milliseconds since it was switched on; START and STOP are swapped in the firmware, so only their order counts here. The
rate stands at the end, unless the card was taken out before. Codes are exact; the gain is not written and taken to be 24, the default.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import ads1299_microvolts_per_count
from hfs_emg.errors import RecordingError
from hfs_emg.formats.losses import LossFinder
from hfs_emg.formats.recording import Counts, FileRecording, check_holes
from hfs_emg.formats.text_recording import check_rate
from hfs_emg.formats.text_table import LONGEST_LINE
from hfs_emg.model import Input, Signal

CHUNK_BYTES = 1 << 19
DEFAULT_HZ = 250.0

_ROW = re.compile(rb"[0-9A-Fa-f]{2}((?:,[0-9A-Fa-f]{6}){8,16})(?:,|\r?$)", re.MULTILINE)
_STAMP = re.compile(rb"[0-9A-Fa-f]{8}")
_RATE = re.compile(rb"%SamplingFreq:\s+([0-9A-Fa-f]{8})")
_ERASED = (b"\x00", b"\xff")
_HEX = np.full(256, 255, np.uint8)
_HEX[np.frombuffer(b"0123456789", np.uint8)] = np.arange(10)
_HEX[np.frombuffer(b"ABCDEF", np.uint8)] = _HEX[np.frombuffer(b"abcdef", np.uint8)] = np.arange(10, 16)


def recognises(_path: Path, head: bytes) -> bool:
    """The first line is a row, or a stamp with a row after it."""
    first = head.lstrip(b"\r\n")
    if first.startswith((b"%START AT", b"%STOP AT")):
        return True
    return _channels(first.split(b"\n", 1)[0]) > 0


def open_openbci_sd(path: Path) -> FileRecording:
    """The recording; raises RecordingError when a row is damaged, or none is there."""
    channels = _channels_of(path)
    rate_hz, said = _rate_of(path)
    check_rate(path.name, rate_hz)
    losses = LossFinder(((256, 1),), rate_hz)
    rows, first, live, cut = 0, None, np.zeros(channels, np.bool_), False
    for piece in _pieces(path, channels):
        cut |= piece.cut
        if not len(piece.counts):
            continue
        first = piece.counts[0] if first is None else first
        live |= (piece.counts != first).any(axis=0)
        losses.push(piece.ids.astype(np.float64), piece.time_s)
        rows += len(piece.counts)
    if not rows:
        raise RecordingError(f"{path.name} holds no samples: the recording was stopped before the first one.")
    if not live.any():
        raise RecordingError(f"{path.name}: all {channels} inputs are constant, there is nothing to analyse.")
    check_holes(path.name, losses.holes, rate_hz)
    notes = ["The file does not state the gain: 24 is taken, the board's default."]
    if not said:
        notes.append(f"The file does not say its rate, because it has no end: {rate_hz:g} Hz is taken.")
    if cut:
        notes.append("The last line was cut off and was left out.")
    scale = ads1299_microvolts_per_count(24)
    return FileRecording(
        path=path,
        signal=Signal(rate_hz, tuple(Input(f"EXG Channel {n}", scale) for n in range(channels))),
        rows=rows,
        read=partial(_counts, path, channels),
        holes=losses.holes,
        notes=tuple(notes),
    )


@dataclass(slots=True)
class _Piece:
    """Some rows. ids (n,), counts (n, channels); time_s (n,): board time where a stamp tells it, else nan. cut: a broken last line."""

    ids: NDArray[np.uint8]
    counts: Counts
    time_s: NDArray[np.float64]
    cut: bool = False


@dataclass(slots=True)
class _Stamps:
    """Board times between the row before and the row that comes."""

    waiting_s: list[float] = field(default_factory=list)


def _counts(path: Path, channels: int) -> Iterator[Counts]:
    for piece in _pieces(path, channels):
        yield piece.counts


def _channels(line: bytes) -> int:
    found = _ROW.match(line)
    count = len(found[1]) // 7 if found else 0
    return count if count in (8, 16) else 0


def _channels_of(path: Path) -> int:
    """Inputs in the first row."""
    head = _read(path, CHUNK_BYTES)
    found = next((n for line in head.split(b"\n") if (n := _channels(line))), 0)
    if not found:
        raise RecordingError(f"{path.name} holds no samples: the recording was stopped before the first one.")
    return found


def _read(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> RecordingError:
    return RecordingError(f"{path} cannot be read ({error.strerror}): check the file and its disk.")


def _rate_of(path: Path) -> tuple[float, bool]:
    """The rate, and whether the file says it."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            at = content.rfind(b"%SamplingFreq:")
            found = None if at < 0 else _RATE.match(content[at : at + 64])
    except ValueError:  # an empty file cannot be mapped
        found = None
    except OSError as error:
        raise _unreadable(path, error) from None
    return (DEFAULT_HZ, False) if found is None else (float(int(found[1], 16)), True)


def _pieces(path: Path, channels: int) -> Iterator[_Piece]:
    """All rows in order, chunk by chunk, up to where the card was never written."""
    stamps, number = _Stamps(), 1
    for lines, last in _lines(path):
        piece = _piece(path.name, lines, number, channels, stamps, last=last)
        yield piece
        number += len(lines)


def _lines(path: Path) -> Iterator[tuple[list[bytes], bool]]:
    """Whole lines, each list with whether it is the last."""
    try:
        with path.open("rb") as file:
            rest = b""
            while piece := file.read(CHUNK_BYTES):
                erased = min((at for e in _ERASED if (at := piece.find(e)) >= 0), default=-1)
                text = rest + (piece if erased < 0 else piece[:erased])
                if erased >= 0:
                    yield text.split(b"\n"), True
                    return
                end = text.rfind(b"\n") + 1
                if len(text) - end > LONGEST_LINE:
                    raise RecordingError(
                        f"{path.name} has a line of more than {LONGEST_LINE} characters: it is damaged or no recording."
                    )
                rest = text[end:]
                if end:
                    yield text[: end - 1].split(b"\n"), False
    except OSError as error:
        raise _unreadable(path, error) from None
    yield rest.split(b"\n"), True


def _piece(name: str, lines: list[bytes], number: int, channels: int, stamps: _Stamps, *, last: bool) -> _Piece:
    """The rows among lines, of which the first has this number."""
    width = 2 + 7 * channels
    kept: list[bytes] = []
    numbers: list[int] = []
    times: list[tuple[int, float]] = []
    cut = False
    for i, line in enumerate(lines):
        if len(line) >= width and line[2:3] == b"," and line[width : width + 1] in (b"", b",", b"\r"):
            if stamps.waiting_s:
                times += _around(stamps.waiting_s, len(kept))
                stamps.waiting_s.clear()
            kept.append(line[:width])
            numbers.append(number + i)
        elif _STAMP.fullmatch(line.strip()):
            stamps.waiting_s.append(int(line, 16) / 1e3)
        elif line.strip() and not line.startswith(b"%") and not kept and not numbers and number == 1:
            continue  # what a card held before the file began
        elif line.strip() and not line.startswith(b"%"):
            cut = last and i >= len(lines) - 2
            if not cut:
                raise _damaged(name, number + i, line)
    ids, counts = _decoded(name, kept, numbers, channels)
    time_s = np.full(len(kept), np.nan)
    for row, moment in times:
        if 0 <= row < len(time_s):
            time_s[row] = moment
    return _Piece(ids, counts, time_s, cut)


def _around(stamps_s: list[float], row: int) -> list[tuple[int, float]]:
    """The row before the stamps came at the first of them, the row after them at the last."""
    return [(row - 1, stamps_s[0]), (row, stamps_s[-1])]


def _decoded(name: str, rows: list[bytes], numbers: list[int], channels: int) -> tuple[NDArray[np.uint8], Counts]:
    """(n,) ids and (n, channels) counts. Raises RecordingError for a digit that is none."""
    text = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), 2 + 7 * channels)
    columns = text[:, 2:].reshape(len(rows), channels, 7)
    digits = _HEX[columns[:, :, 1:]]
    first = _HEX[text[:, :2]]
    wrong = (columns[:, :, 0] != ord(",")).any(axis=1) | (digits > 15).any(axis=(1, 2)) | (first > 15).any(axis=1)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise _damaged(name, numbers[at], rows[at])
    weights = 16 ** np.arange(5, -1, -1, dtype=np.int32)
    codes = (digits.astype(np.int32) * weights).sum(axis=2, dtype=np.int32)
    return first[:, 0] * np.uint8(16) + first[:, 1], np.where(codes >= 1 << 23, codes - (1 << 24), codes).astype(
        np.int32
    )


def _damaged(name: str, number: int, line: bytes) -> RecordingError:
    shown = line[:40].decode("ascii", "replace")
    return RecordingError(
        f"{name}, line {number}: '{shown}' is no row of an SD card: the file is damaged there; repair or remove it."
    )
