"""A cache of session summaries in SQLite, so that a store of thousands lists at once.

Rule: never the truth. A row counts only while the files of its session have the sizes and times that it was made from; a missing,
old or damaged catalogue is made anew, and where none can be kept (a read-only store) there is none and everything still works.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

CATALOGUE_NAME = "catalogue.sqlite"
_VERSION = 1
_TABLE = "CREATE TABLE sessions (folder TEXT PRIMARY KEY, stamp TEXT NOT NULL, summary BLOB NOT NULL) WITHOUT ROWID"


class Catalogue:
    """Rows of (folder relative to the store, stamp of its files, encoded summary). Never raises for what the disk does."""

    def __init__(self, root: Path) -> None:
        self._path = root / CATALOGUE_NAME
        self._connection = self._open() or self._anew()

    def rows(self) -> dict[str, tuple[str, bytes]]:
        """Every row by folder; none when there is no catalogue or it turns out to be damaged."""
        if self._connection is None:
            return {}
        try:
            found = self._connection.execute("SELECT folder, stamp, summary FROM sessions").fetchall()
            return {str(folder): (str(stamp), bytes(summary)) for folder, stamp, summary in found}
        except (sqlite3.DatabaseError, TypeError):
            self.close()  # before its file goes: nothing else would close it
            self._connection = self._anew()
            return {}

    def update(self, changed: Mapping[str, tuple[str, bytes]], gone: Iterable[str]) -> None:
        """Keep these rows and drop those. What cannot be kept is worked out again next time."""
        if self._connection is None:
            return
        try:
            with self._connection:
                rows = [(folder, stamp, summary) for folder, (stamp, summary) in changed.items()]
                self._connection.executemany("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", rows)
                self._connection.executemany("DELETE FROM sessions WHERE folder = ?", [(folder,) for folder in gone])
        except sqlite3.DatabaseError:
            self.close()

    def close(self) -> None:
        """Give the file back. May be called twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection | None:
        connection = None
        try:
            new = not self._path.exists()
            connection = sqlite3.connect(self._path, timeout=5.0)
            if new:
                self._path.chmod(0o600)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                with connection:
                    connection.execute(_TABLE)
                    connection.execute(f"PRAGMA user_version = {_VERSION}")
                version = _VERSION
            if version == _VERSION:
                return connection
        except (sqlite3.Error, OSError):
            pass
        if connection is not None:
            connection.close()
        return None

    def _anew(self) -> sqlite3.Connection | None:
        """An empty catalogue in place of one that cannot be used; None where none can be written."""
        try:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(CATALOGUE_NAME + suffix).unlink(missing_ok=True)
        except OSError:
            return None
        return self._open()
