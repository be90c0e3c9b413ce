"""Formats with a file per session: one session becomes a file, several a folder of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from hfs_emg.exports.shared import SharedSession


def write_each(
    sessions: Sequence[SharedSession], out: Path, suffix: str, write_one: Callable[[SharedSession, Path], list[str]]
) -> list[str]:
    """Write one session to `out`, or several to `out`/sub-SUBJECT_ses-ID.SUFFIX. Returns the notes of all."""
    if len(sessions) == 1:
        return write_one(sessions[0], out)
    out.mkdir()
    notes: list[str] = []
    for session in sessions:
        notes += write_one(session, out / f"{file_stem(session)}{suffix}")
    return notes


def file_stem(session: SharedSession) -> str:
    """`sub-P014_ses-20200311T101500Z1a2b`, as BIDS writes it: letters and digits only within a part."""
    return f"sub-{session.subject}_ses-{session_label(session)}"


def session_label(session: SharedSession) -> str:
    """The id as it is shared, letters and digits only."""
    return session.id.replace("-", "")
