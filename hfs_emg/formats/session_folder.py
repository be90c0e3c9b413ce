"""A session folder of our own, among the other recordings."""

from __future__ import annotations

from pathlib import Path

from hfs_emg.session.reader import Session, is_session_folder, open_session


def recognises(path: Path, _head: bytes) -> bool:
    """The path is the folder of a session."""
    return path.is_dir() and is_session_folder(path)


def open_session_folder(path: Path) -> Session:
    """The session; raises RecordingError when its documents or its signal cannot be read."""
    return open_session(path)
