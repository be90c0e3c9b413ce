"""Verdicts and their journal, `review.jsonl` in the session's folder: one verdict a line, each line with its sum, never rewritten.

Rule: a verdict names events by their keys: "12" is episode 12 as it was settled, "R1-7" what reader R1 made with the seventh verdict.
Numbers count per reader from 1, so that two readers who work at the same time do not disturb each other.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from hfs_emg.errors import RecordingError, RequestError
from hfs_emg.events import Kind, SideName
from hfs_emg.session.files import AppendFile, disk_error
from hfs_emg.session.lines import Journal, read_journal, sealed
from hfs_emg.session.store import SUBJECT_CODE

REVIEW_NAME = "review.jsonl"
LONGEST_NOTE = 200
MOST_EVENTS = 10_000
"""Events of one verdict: more than a night holds, less than a hostile request could ask for."""


class Action(StrEnum):
    """What a reader may do."""

    CONFIRM = "confirm"
    REJECT = "reject"
    RELABEL = "relabel"
    SPLIT = "split"
    MERGE = "merge"
    ADD = "add"
    ADJUST = "adjust"
    UNDO = "undo"


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One line. events: keys of what it judges, of an added one none.

    kind, side: of relabel and add, and of merge where they differ. start_s, end_s: of add and adjust. at_s: of split. sites: of add.
    Undo takes back the reader's last verdict that stands.
    """

    number: int
    reader: str
    utc: str
    action: Action
    events: tuple[str, ...] = ()
    kind: Kind | None = None
    side: SideName | None = None
    start_s: float | None = None
    end_s: float | None = None
    at_s: float | None = None
    sites: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """All that could be read, in the order of the file; notes: what is left out, one sentence each."""

    lines: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def readers(self) -> tuple[str, ...]:
        """Codes of those who judged, the first one first."""
        return tuple(dict.fromkeys(verdict.reader for verdict in self.lines))

    def of(self, reader: str) -> tuple[Verdict, ...]:
        """One reader's, in order."""
        return tuple(verdict for verdict in self.lines if verdict.reader == reader)

    def next_number(self, reader: str) -> int:
        """The number of this reader's next verdict."""
        return max((verdict.number for verdict in self.of(reader)), default=0) + 1


def check_reader(reader: str) -> None:
    """Raise RequestError for a reader's code that is not 1 to 32 letters and digits."""
    if not SUBJECT_CODE.fullmatch(reader):
        raise RequestError(
            f"'{reader}' cannot be a reader's code: use 1 to 32 letters and digits (A-Z, a-z, 0-9), such as R1, and no name."
        )


def read_verdicts(folder: Path) -> Verdicts:
    """The journal of a session's folder; empty when there is none. Raises RecordingError where the disk cannot read it."""
    journal = read_journal(folder / REVIEW_NAME)
    return Verdicts() if journal is None else _decoded(journal)


def _decoded(journal: Journal) -> Verdicts:
    decoder = msgspec.json.Decoder(Verdict)
    found: dict[tuple[str, int], Verdict] = {}
    bad = list(journal.bad)
    for number, line in journal.lines:
        try:
            verdict = decoder.decode(line)
        except (msgspec.DecodeError, ValueError, RecursionError):
            bad.append(number)
            continue
        name = verdict.reader, verdict.number
        if name in found or not SUBJECT_CODE.fullmatch(verdict.reader):
            bad.append(number)
        else:
            found[name] = verdict
    left_out = Journal(journal.lines, tuple(sorted(bad)), journal.torn, journal.whole_bytes, journal.with_sums)
    return Verdicts(tuple(found.values()), left_out.notes(REVIEW_NAME))


class VerdictFile:
    """The journal, held by one writer for the moment of one verdict: whoever comes second waits that long."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / REVIEW_NAME

    @contextmanager
    def held(self) -> Iterator[_Held]:
        """The journal as it is now, and the right to add to it. Raises RecordingError or DiskError."""
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise disk_error(error, self._path) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield _Held(self._path, fd)
        finally:
            os.close(fd)


class _Held:
    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd

    def read(self) -> Verdicts:
        """All verdicts so far."""
        journal = read_journal(self._path)
        if journal is None:
            raise RecordingError(f"{self._path} is gone: somebody removes this session.")
        return _decoded(journal)

    def append(self, verdicts: tuple[Verdict, ...]) -> None:
        """Add lines, on the disk when this returns. A torn last line is closed first, so that it does not swallow the next one."""
        try:
            size = os.fstat(self._fd).st_size
            torn = size > 0 and os.pread(self._fd, 1, size - 1) != b"\n"
            file = AppendFile(self._path)
            try:
                if torn:
                    file.append(b"")
                for verdict in verdicts:
                    file.append(sealed(msgspec.json.encode(verdict)))
            finally:
                file.close()
        except OSError as error:
            raise disk_error(error, self._path) from error
