"""Treatments of a subject as free records: `STORE/SUBJECT/treatments.jsonl`, one a line, each with its sum, only ever added.

Rule: a record says what somebody wrote down. Dose and sites are text that is shown and never computed with. A record that was wrong is
struck by a later line that names it, and stays in the file.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hfs_emg.errors import RequestError
from hfs_emg.session.documents import utc_text
from hfs_emg.session.files import AppendFile, disk_error
from hfs_emg.session.lines import read_journal, sealed
from hfs_emg.session.store import Store, check_subject

TREATMENTS_NAME = "treatments.jsonl"
LONGEST_TEXT = 200


class Treatment(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One record. number: from 1 within the file; date: YYYY-MM-DD; written_utc: when it was noted; strikes: number of a wrong one."""

    number: int
    date: str
    what: str
    dose: str = ""
    sites: str = ""
    note: str = ""
    written_utc: str = ""
    strikes: int | None = None

    @property
    def day(self) -> dt.date:
        """The date. Raises ValueError where it is none."""
        return dt.date.fromisoformat(self.date)

    @property
    def words(self) -> str:
        """In one line, as it was written."""
        return ", ".join(part for part in (self.what, self.dose, self.sites, self.note) if part)


@dataclass(frozen=True, slots=True)
class Treatments:
    """Records that stand, in order of their dates; notes: what cannot be read, one sentence each; last: the highest number used."""

    records: tuple[Treatment, ...] = ()
    notes: tuple[str, ...] = ()
    last: int = 0

    def before(self, day: dt.date) -> Treatment | None:
        """The latest one on that day or earlier."""
        earlier = [record for record in self.records if record.day <= day]
        return earlier[-1] if earlier else None


def read_treatments(store: Store, subject: str) -> Treatments:
    """Of a subject. Raises RequestError for a code that cannot be, RecordingError where the disk cannot read."""
    check_subject(subject)
    journal = read_journal(store.root / subject / TREATMENTS_NAME)
    if journal is None:
        return Treatments()
    found: dict[int, Treatment] = {}
    struck: set[int] = set()
    notes = list(journal.notes(TREATMENTS_NAME))
    decoder = msgspec.json.Decoder(Treatment)
    for number, line in journal.lines:
        try:
            record = decoder.decode(line)
            _ = record.day
        except (msgspec.DecodeError, ValueError, RecursionError):
            notes.append(f"Line {number} of {TREATMENTS_NAME} cannot be read and is left out.")
            continue
        found[record.number] = record
        if record.strikes is not None:
            struck |= {record.number, record.strikes}
    standing = sorted((r for n, r in found.items() if n not in struck), key=lambda r: (r.day, r.number))
    return Treatments(tuple(standing), tuple(notes), max(found, default=0))


def add_treatment(
    store: Store,
    subject: str,
    *,
    day: dt.date,
    what: str,
    now_utc: dt.datetime,
    dose: str = "",
    sites: str = "",
    note: str = "",
) -> Treatment:
    """Note a treatment. Raises RequestError for an unknown subject or a text that does not fit, DiskError."""
    texts = {"what": what, "dose": dose, "sites": sites, "note": note}
    if not what.strip():
        raise RequestError("Say what the treatment was, as in: --what 'botulinum toxin'.")
    for name, text in texts.items():
        if len(text) > LONGEST_TEXT or not all(c.isprintable() for c in text):
            raise RequestError(f"The text of '{name}' has at most {LONGEST_TEXT} printable characters, in one line.")
    if not dt.date(1985, 1, 1) <= day <= now_utc.date():
        raise RequestError(
            f"{day} cannot be the day of a treatment that was done: give the date as YYYY-MM-DD, not after today."
        )
    written = utc_text(now_utc)
    record = Treatment(
        number=0, date=day.isoformat(), what=what, dose=dose, sites=sites, note=note, written_utc=written
    )
    return _append(store, subject, record)


def strike_treatment(store: Store, subject: str, number: int, now_utc: dt.datetime) -> Treatment:
    """Strike a record that was wrong. Raises RequestError when there is none of that number."""
    standing = {record.number: record for record in read_treatments(store, subject).records}
    if number not in standing:
        known = ", ".join(map(str, sorted(standing))) or "none"
        raise RequestError(f"There is no treatment {number} of {subject} (there are: {known}).")
    wrong = standing[number]
    _append(
        store,
        subject,
        Treatment(number=0, date=wrong.date, what="struck", written_utc=utc_text(now_utc), strikes=number),
    )
    return wrong


def _append(store: Store, subject: str, record: Treatment) -> Treatment:
    number = read_treatments(store, subject).last + 1
    path = store.root / subject / TREATMENTS_NAME
    if not path.parent.is_dir():
        raise RequestError(f"There is no subject '{subject}' in {store.root}: record or import a session first.")
    record = msgspec.structs.replace(record, number=number)
    try:
        torn = _torn(path)
        file = AppendFile(path)
        try:
            if torn:
                file.append(b"")
            file.append(sealed(msgspec.json.encode(record)))
        finally:
            file.close()
    except OSError as error:
        raise disk_error(error, path) from error
    return record


def _torn(path: Path) -> bool:
    """The last line has no end, as a power cut leaves it."""
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except FileNotFoundError:
        return False
