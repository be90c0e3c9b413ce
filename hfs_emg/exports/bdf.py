"""BDF+: 24 bit, so that every code is in the file as it was recorded, with all episodes and markers as annotations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hfs_emg.exports.edf_writing import Coding, full_header, write_file
from hfs_emg.exports.several import write_each
from hfs_emg.exports.shared import SharedSession


def write(sessions: Sequence[SharedSession], out: Path) -> list[str]:
    """One file, or a folder of several."""
    return write_each(sessions, out, ".bdf", write_bdf)


def write_bdf(session: SharedSession, out: Path) -> list[str]:
    """One session to one file."""
    write_file(session, Coding(3, full_header(session).signals[:-1], lambda counts: counts), out)
    return []
