"""XDF files chunk by chunk (github.com/sccn/xdf/wiki/Specifications): what LabRecorder writes of LabStreamingLayer streams.

`XDF:`, then chunks: a byte that says how many bytes the length has (1, 4 or 8), the length, a tag of two bytes, the content. All
numbers are little-endian. Rule: no number in the file decides how much is allocated; each is held against the bytes that are there. What
is cut off at the end is left out and told.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from hfs_emg.errors import RecordingError

MAGIC = b"XDF:"
FILE_HEADER, STREAM_HEADER, SAMPLES, CLOCK_OFFSET = 1, 2, 3, 4
NUMBERS = {"float32": "<f4", "double64": "<f8", "int8": "i1", "int16": "<i2", "int32": "<i4", "int64": "<i8"}
LONGEST_XML = 1 << 24
_LENGTHS = {1: "<B", 4: "<I", 8: "<Q"}


@dataclass(frozen=True, slots=True)
class Chunk:
    """tag, and the content's place in the file."""

    tag: int
    at: int
    size: int


class XdfFile:
    """An open file. `cut`: it ends within a chunk. Raises RecordingError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cut = False
        try:
            self._file = path.open("rb")
            self._size = path.stat().st_size
        except OSError as error:
            raise RecordingError(f"{path} cannot be read ({error.strerror}): check the file and its disk.") from None

    def __enter__(self) -> XdfFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def chunks(self) -> Iterator[Chunk]:
        """All chunks in order; contents are read by `content`."""
        at = len(MAGIC)
        while at < self._size:
            head = self._read(at, 9)
            form = _LENGTHS.get(head[0])
            if form is None:
                raise self.damaged(at, f"a length of {head[0]} bytes, where 1, 4 or 8 can be")
            wide = struct.calcsize(form)
            if len(head) < 1 + wide:
                self.cut = True
                return
            (length,) = struct.unpack(form, head[1 : 1 + wide])
            begin = at + 1 + wide
            if length < 2:
                raise self.damaged(at, f"a chunk of {length} bytes, which cannot hold its own tag")
            if begin + length > self._size:
                self.cut = True
                return
            (tag,) = struct.unpack("<H", self._read(begin, 2))
            yield Chunk(tag, begin + 2, length - 2)
            at = begin + length

    def content(self, chunk: Chunk) -> bytes:
        """The bytes of a chunk."""
        return self._read(chunk.at, chunk.size)

    def stream_of(self, chunk: Chunk) -> int:
        """The stream that a chunk belongs to."""
        if chunk.size < 4:
            raise self.damaged(chunk.at, "a chunk that names no stream")
        return int(struct.unpack("<I", self._read(chunk.at, 4))[0])

    def xml(self, chunk: Chunk, skip: int = 0) -> ET.Element:
        """The XML of a header."""
        if chunk.size > LONGEST_XML:
            raise self.damaged(chunk.at, f"a header of {chunk.size} bytes")
        text = self.content(chunk)[skip:]
        if any(
            word in text for word in (b"<!DOCTYPE", b"<!ENTITY", b"\0")
        ):  # entities may stand for more than the file holds
            raise self.damaged(chunk.at, "a header with a document type, which XDF has not")
        try:
            return ET.fromstring(text)  # noqa: S314 - no document type, so no entities
        except (ET.ParseError, ValueError, LookupError) as error:
            raise self.damaged(chunk.at, f"a header that is no XML ({error})") from None

    def damaged(self, at: int, what: str) -> RecordingError:
        """The error for what stands at a byte."""
        return RecordingError(
            f"{self.path.name}, byte {at}: {what}; the file is damaged there: record it again or ask for another copy."
        )

    def numbers(self, chunk: Chunk, form: str, channels: int) -> tuple[NDArray[np.float64], NDArray[np.generic]]:
        """(n,) time stamps, nan where a sample has none, and (n, channels) values of a chunk of numbers."""
        content, at, count = self._samples(chunk)
        width = np.dtype(form).itemsize * channels
        if count > len(content) // (1 + width):
            raise self.damaged(chunk.at, f"{count} samples, where {len(content)} bytes are")
        raw = np.frombuffer(content, np.uint8)
        if len(raw) == count * (9 + width) and (raw[:: 9 + width] == 8).all():
            rows = raw.reshape(count, 9 + width)
            stamps = np.ascontiguousarray(rows[:, 1:9]).view("<f8")[:, 0]
            return stamps, np.ascontiguousarray(rows[:, 9:]).view(form)
        stamps, places, place = np.full(count, np.nan), np.empty(count, np.int64), 0
        for i in range(count):
            stamp, place = self._stamp(content, place, at)
            stamps[i], places[i] = stamp, place
            place += width
            if place > len(content):
                raise self.damaged(at, "a chunk of samples that is too short")
        rows = raw[places[:, None] + np.arange(width)] if count else np.empty((0, width), np.uint8)
        return stamps, np.ascontiguousarray(rows).view(form).reshape(count, channels)

    def words(self, chunk: Chunk) -> Iterator[tuple[float, str]]:
        """Time stamp (nan for none) and text of each sample of a chunk of one channel of strings."""
        content, at, count = self._samples(chunk)
        place = 0
        for _ in range(min(count, len(content))):
            stamp, place = self._stamp(content, place, at)
            size, place = self._varying(content, place, at)
            if place + size > len(content):
                raise self.damaged(at, "a text that is longer than its chunk")
            yield stamp, content[place : place + size].decode("utf-8", "replace")
            place += size

    def _samples(self, chunk: Chunk) -> tuple[bytes, int, int]:
        """What follows the number of samples, where in the file it lies, and that number."""
        content = self.content(chunk)
        count, place = self._varying(content, 4, chunk.at)
        return content[place:], chunk.at + place, count

    def _varying(self, content: bytes, place: int, at: int) -> tuple[int, int]:
        form = _LENGTHS.get(content[place]) if place < len(content) else None
        end = place + 1 + (struct.calcsize(form) if form else 0)
        if form is None or end > len(content):
            raise self.damaged(at + place, "a number whose length cannot be")
        return int(struct.unpack(form, content[place + 1 : end])[0]), end

    def _stamp(self, content: bytes, place: int, at: int) -> tuple[float, int]:
        wide = content[place] if place < len(content) else 255
        if wide == 0:
            return float("nan"), place + 1
        if wide != 8 or place + 9 > len(content):
            raise self.damaged(at + place, "a time stamp whose length cannot be")
        return float(struct.unpack("<d", content[place + 1 : place + 9])[0]), place + 9

    def _read(self, at: int, size: int) -> bytes:
        try:
            self._file.seek(at)
            return self._file.read(size)
        except OSError as error:
            raise RecordingError(
                f"{self.path} cannot be read ({error.strerror}): check the file and its disk."
            ) from None
