"""timeline.jsonl: what happened to the recording, a line at a time, append-only.

Each line carries its own sum (lines.py). The kinds of line are told apart by the field they have:
    {"start": {…}, "crc32": 1234, "header_crc32": 5678}
        the first line: the start document once more, the CRC-32 of the bytes of start.json, and that of the header of signal.bdf
        with its record count blank.
    {"record": 12, "crc32": 305419896, "arrival_s": 8123.4, "samples": 250, "lost": [[3000, 3010]], "episodes_bytes": 4711}
        one per data record, in order. samples: how many of it were recorded, the rest is padding; lost: pairs [from, to) of
        sample indices that never came. arrival_s: when its last sample came (CLOCK_BOOTTIME), null when not known.
        episodes_bytes: length of the journal of episodes by then.
    {"link": "dongle unplugged", "sample": 3000}
    {"marker": "eyes closed", "sample": 3500}
    {"clock": 250.547, "sample": 3500, "arrival_s": 8123.4, "utc": "2026-11-20T18:53:37.120Z"}
        the rate fitted so far, and the moment of a sample in both clocks.
    {"disk": "the disk was too slow: 500 samples were not kept", "sample": 3500}
    {"stop": {…}, "crc32": 1234, "episodes_bytes": 4711}
        written just before stop.json: that document once more, and the CRC-32 of its bytes.
A torn last line, as a power cut leaves it, is passed over and told; so is any line that cannot be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import msgspec

from hfs_emg.model import Marker
from hfs_emg.session.documents import StartDocument, StopDocument, parse_utc, utc_text
from hfs_emg.session.files import AppendFile
from hfs_emg.session.lines import read_journal, sealed

TIMELINE_NAME = "timeline.jsonl"


class RecordLine(msgspec.Struct, frozen=True):
    """What is known of one data record."""

    record: int
    crc32: int
    arrival_s: float | None
    samples: int
    lost: tuple[tuple[int, int], ...]
    episodes_bytes: int = 0


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


class DiskLine(msgspec.Struct, frozen=True):
    """Something happened to the disk at a sample."""

    disk: str
    sample: int


class StartLine(msgspec.Struct, frozen=True):
    """The start document, so that damage to start.json or to the header of the signal is found and mended."""

    start: StartDocument
    crc32: int
    header_crc32: int


class StopLine(msgspec.Struct, frozen=True):
    """The stop document, so that damage to stop.json is found and mended."""

    stop: StopDocument
    crc32: int
    episodes_bytes: int = 0


Line = RecordLine | LinkLine | MarkerLine | ClockLine | DiskLine | StartLine | StopLine


class _AnyLine(msgspec.Struct):
    record: int | None = None
    crc32: int = 0
    header_crc32: int = 0
    episodes_bytes: int = 0
    start: StartDocument | None = None
    stop: StopDocument | None = None
    disk: str | None = None
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
    """A timeline as read. records: by record number. start and stop: what it knows of the two documents.

    notes: lines that could not be read, one sentence each. whole_bytes: its length without a torn last line. with_sums: its lines
    have sums, as those of earlier versions have not. episodes_bytes: length that the journal of episodes has at least.
    """

    records: dict[int, RecordLine] = field(default_factory=dict)
    links: tuple[LinkLine, ...] = ()
    markers: tuple[Marker, ...] = ()
    clocks: tuple[ClockLine, ...] = ()
    disks: tuple[DiskLine, ...] = ()
    start: StartLine | None = None
    stop: StopLine | None = None
    notes: tuple[str, ...] = ()
    whole_bytes: int = 0
    with_sums: bool = True
    episodes_bytes: int = 0


class TimelineFile:
    """Writes timeline.jsonl. Used by one thread; OSError comes through.

    unsynced: lines since the last sync; urgent: one of them cannot be found again from the signal: a loss, or a word.
    """

    def __init__(self, folder: Path, *, with_sums: bool = True) -> None:
        self._seal = sealed if with_sums else bytes
        self.unsynced = 0
        self.urgent = False
        self._file = AppendFile(folder / TIMELINE_NAME)
        self._encoder = msgspec.json.Encoder()

    def append(self, line: Line) -> None:
        """Write a line."""
        self._file.append(self._seal(self._encoder.encode(line)))
        self.unsynced += 1
        self.urgent |= not isinstance(line, RecordLine) or bool(line.lost)

    def sync(self) -> None:
        """Put every line on the disk."""
        self._file.sync()
        self.unsynced = 0
        self.urgent = False

    def close(self) -> None:
        """Sync and close. May be called twice."""
        self._file.close()


def clock_line(rate_hz: float, sample: int, arrival_s: float, utc: datetime | None) -> ClockLine:
    """A clock line; utc None, or before 1985, says that the computer's clock was not set."""
    return ClockLine(float(rate_hz), int(sample), float(arrival_s), utc_text(utc))


def read_timeline(folder: Path) -> Timeline:
    """The timeline of a session folder; an empty one, with a note, when the file is missing. Raises RecordingError."""
    journal = read_journal(folder / TIMELINE_NAME)
    if journal is None:
        return Timeline(notes=(f"{TIMELINE_NAME} is missing: losses are known from the annotations only.",))
    decoder = msgspec.json.Decoder(_AnyLine)
    records: dict[int, RecordLine] = {}
    links: list[LinkLine] = []
    markers: list[Marker] = []
    clocks: list[ClockLine] = []
    disks: list[DiskLine] = []
    start: StartLine | None = None
    stop: StopLine | None = None
    episodes_bytes = 0
    bad = list(journal.bad)
    for number, text in journal.lines:
        try:
            line = decoder.decode(text)
            episodes_bytes = max(episodes_bytes, line.episodes_bytes)
            if line.record is not None:
                records[line.record] = RecordLine(
                    line.record, line.crc32, line.arrival_s, line.samples, line.lost, line.episodes_bytes
                )
            elif line.link is not None:
                links.append(LinkLine(line.link, line.sample))
            elif line.marker is not None:
                markers.append(Marker(line.sample, line.marker))
            elif line.disk is not None:
                disks.append(DiskLine(line.disk, line.sample))
            elif line.start is not None:
                start = StartLine(line.start, line.crc32, line.header_crc32)
            elif line.stop is not None:
                stop = StopLine(line.stop, line.crc32, line.episodes_bytes)
            elif line.clock is not None and line.arrival_s is not None:
                clock = ClockLine(line.clock, line.sample, line.arrival_s, line.utc)
                clock.moment  # noqa: B018 - raises ValueError where the time is no time
                clocks.append(clock)
        except (msgspec.DecodeError, ValueError, RecursionError):
            bad.append(number)
    notes = replace(journal, bad=tuple(sorted(bad))).notes(TIMELINE_NAME)
    markers.sort(key=lambda m: m.sample)
    return Timeline(
        records,
        tuple(links),
        tuple(markers),
        tuple(clocks),
        tuple(disks),
        start,
        stop,
        notes,
        journal.whole_bytes,
        journal.with_sums,
        episodes_bytes,
    )
