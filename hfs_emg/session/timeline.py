"""timeline.jsonl: what happened to the recording, a line at a time, append-only.

Four kinds of line, told apart by the field they have:
    {"record": 12, "crc32": 305419896, "arrival_s": 8123.4, "samples": 250, "lost": [[3000, 3010]]}
        one per data record, in order. samples: how many of it were recorded, the rest is padding; lost: pairs [from, to) of
        sample indices that never came. arrival_s: when its last sample came (CLOCK_BOOTTIME), null when not known.
    {"link": "dongle unplugged", "sample": 3000}
    {"marker": "eyes closed", "sample": 3500}
    {"clock": 250.547, "sample": 3500, "arrival_s": 8123.4, "utc": "2026-11-20T18:53:37.120Z"}
        the rate fitted so far, and the moment of a sample in both clocks.
A torn last line, as a power cut leaves it, is passed over and told; so is any line that cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from hfs_emg.errors import RecordingError
from hfs_emg.model import Marker
from hfs_emg.session.documents import parse_utc, utc_text
from hfs_emg.session.files import AppendFile

TIMELINE_NAME = "timeline.jsonl"


class RecordLine(msgspec.Struct, frozen=True):
    """What is known of one data record."""

    record: int
    crc32: int
    arrival_s: float | None
    samples: int
    lost: tuple[tuple[int, int], ...]


class LinkLine(msgspec.Struct, frozen=True):
    """Something happened to the link at a sample."""

    link: str
    sample: int


class MarkerLine(msgspec.Struct, frozen=True):
    """Somebody put a word at a sample."""

    marker: str
    sample: int


class ClockLine(msgspec.Struct, frozen=True):
    """The sample clock: fitted rate in Hz, and one sample's moment in boot time and UTC."""

    clock: float
    sample: int
    arrival_s: float
    utc: str

    @property
    def moment(self) -> datetime | None:
        """UTC of the sample, None when the computer's clock was not set."""
        return parse_utc(self.utc)


class _AnyLine(msgspec.Struct):
    record: int | None = None
    crc32: int = 0
    samples: int = 0
    lost: tuple[tuple[int, int], ...] = ()
    link: str | None = None
    marker: str | None = None
    clock: float | None = None
    sample: int = 0
    arrival_s: float | None = None
    utc: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A timeline as read. records: by record number. notes: lines that could not be read, one sentence each."""

    records: dict[int, RecordLine]
    links: tuple[LinkLine, ...]
    markers: tuple[Marker, ...]
    clocks: tuple[ClockLine, ...]
    notes: tuple[str, ...]


class TimelineFile:
    """Writes timeline.jsonl. Used by one thread; OSError comes through."""

    def __init__(self, folder: Path) -> None:
        self._file = AppendFile(folder / TIMELINE_NAME)
        self._encoder = msgspec.json.Encoder()

    def append(self, line: RecordLine | LinkLine | MarkerLine | ClockLine) -> None:
        """Write a line. What cannot be found again from the signal, a loss or a word, is synced at once."""
        self._file.append(self._encoder.encode(line))
        if not isinstance(line, RecordLine) or line.lost:
            self._file.sync()

    def sync(self) -> None:
        """Put every line on the disk."""
        self._file.sync()

    def close(self) -> None:
        """Sync and close. May be called twice."""
        self._file.close()


def clock_line(rate_hz: float, sample: int, arrival_s: float, utc: datetime | None) -> ClockLine:
    """A clock line; utc None, or before 1985, says that the computer's clock was not set."""
    return ClockLine(float(rate_hz), int(sample), float(arrival_s), utc_text(utc))


def read_timeline(folder: Path) -> Timeline:
    """The timeline of a session folder; an empty one, with a note, when the file is missing."""
    try:
        content = (folder / TIMELINE_NAME).read_bytes()
    except FileNotFoundError:
        return Timeline({}, (), (), (), (f"{TIMELINE_NAME} is missing: losses are known from the annotations only.",))
    except OSError as error:
        raise RecordingError(f"{folder / TIMELINE_NAME} cannot be read ({error.strerror}).") from error
    return _parse(content.split(b"\n"))


def _parse(lines: Iterable[bytes]) -> Timeline:
    decoder = msgspec.json.Decoder(_AnyLine)
    records: dict[int, RecordLine] = {}
    links: list[LinkLine] = []
    markers: list[Marker] = []
    clocks: list[ClockLine] = []
    bad: list[int] = []
    last = 0
    for number, text in enumerate(lines, 1):
        if not text:
            continue
        last = number
        try:
            line = decoder.decode(text)
            if line.record is not None:
                records[line.record] = RecordLine(line.record, line.crc32, line.arrival_s, line.samples, line.lost)
            elif line.link is not None:
                links.append(LinkLine(line.link, line.sample))
            elif line.marker is not None:
                markers.append(Marker(line.sample, line.marker))
            elif line.clock is not None and line.arrival_s is not None:
                clock = ClockLine(line.clock, line.sample, line.arrival_s, line.utc)
                clock.moment  # noqa: B018 - raises ValueError where the time is no time
                clocks.append(clock)
        except (msgspec.DecodeError, ValueError):
            bad.append(number)
    notes = tuple(
        f"The last line of {TIMELINE_NAME} is torn and is left out."
        if n == last
        else f"Line {n} of {TIMELINE_NAME} cannot be read and is left out."
        for n in bad
    )
    markers.sort(key=lambda m: m.sample)
    return Timeline(records, tuple(links), tuple(markers), tuple(clocks), notes)
