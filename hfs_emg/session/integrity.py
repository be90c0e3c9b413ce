"""Whether a session is as it was written: every byte that counts, by the sums that were written with it.

Rule: each finding is one sentence that names the file and the place: a byte, a line, a record with its time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from hfs_emg.session.reader import Session
from hfs_emg.session.tape import SIGNAL_NAME


def damage_of(session: Session, *, records: bool = True) -> tuple[str, ...]:
    """What is damaged, one sentence each, none for a sound session. records: read the whole signal and compare its records too."""
    found = [*session.damage, *session.extent_notes, *session.timeline.notes, *session.journal_notes()]
    found += _copies(session.folder, session.start.copies)
    if records:
        found += record_damage(session.damaged_records(), session.samples_per_record / session.signal.rate_hz)
    return tuple(found)


def record_damage(numbers: Iterable[int], record_s: float) -> list[str]:
    """A sentence per run of damaged records."""
    runs: list[list[int]] = []
    for k in numbers:
        if runs and runs[-1][1] == k - 1:
            runs[-1][1] = k
        else:
            runs.append([k, k])
    return [
        f"{_span(first, last)} of {SIGNAL_NAME} ({first * record_s:.1f} s to {(last + 1) * record_s:.1f} s) damaged, "
        "counted as lost."
        for first, last in runs
    ]


def _span(first: int, last: int) -> str:
    return f"Record {first}" if first == last else f"Records {first} to {last}"


def _copies(folder: Path, copies: dict[str, str]) -> list[str]:
    """Files kept with the session that are not what they were."""
    found = []
    for name, sha256 in copies.items():
        try:
            sound = Path(name).name == name and hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
        except OSError as error:
            found.append(f"{name} cannot be read ({error.strerror}): put it back.")
            continue
        if not sound:
            found.append(f"{name} is not what the session was recorded with: put it back.")
    return found
