"""The store: STORE/SUBJECT/<UTC start>Z-<4 hex>/, one folder per session.

Rule: the folders are the truth; a session's id is its folder's name. Whatever lies in the store that is no session is passed over.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import msgspec

from hfs_emg.errors import DiskError, RecordingError, RequestError
from hfs_emg.events import KINDS, Kind
from hfs_emg.session.catalogue import Catalogue
from hfs_emg.session.documents import START_NAME, STOP_NAME
from hfs_emg.session.files import disk_error, make_private_parents
from hfs_emg.session.reader import is_being_recorded, is_session_folder, open_session
from hfs_emg.session.tape import EPISODES_NAME, SIGNAL_NAME
from hfs_emg.session.timeline import TIMELINE_NAME

SUBJECT_CODE = re.compile(r"[A-Za-z0-9]{1,32}")
_NEAR = 5
_STAMPED = (START_NAME, STOP_NAME, SIGNAL_NAME, TIMELINE_NAME, EPISODES_NAME)


class SessionSummary(msgspec.Struct, frozen=True):
    """One line of a list of sessions. start_utc None: the clock was not set. problem: why it cannot be read, else None."""

    session: str
    subject: str
    folder: str
    state: Literal["finished", "interrupted", "recording", "unreadable"]
    start_utc: datetime | None = None
    duration_s: float = 0.0
    valid_s: float | None = None
    lost_samples: int = 0
    episodes: int = 0
    spasms: dict[str, int] = {}
    simulated: bool = False
    board: str = ""
    reason: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of sessions. It need not exist before the first session is recorded."""

    root: Path

    def new_session_folder(self, subject: str, start_utc: datetime) -> Path:
        """A folder name for a session that begins now, not made yet; the parent is made and tried for writing.

        Raises RequestError for a subject code that cannot be, DiskError when the store cannot be written.
        """
        check_subject(subject)
        parent = self.root / subject
        try:
            probe = parent / f".writable-{secrets.token_hex(4)}"
            make_private_parents(probe)
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            probe.unlink()
        except OSError as error:
            raise disk_error(error, parent) from error
        while True:
            folder = parent / f"{start_utc.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
            if not folder.exists():
                return folder

    def sessions(self, subject: str | None = None) -> list[SessionSummary]:
        """Every session, or those of one subject, oldest first. Raises RequestError and DiskError as above."""
        if subject is not None:
            check_subject(subject)
        folders = self._folders()
        if not folders:
            return []
        catalogue = Catalogue(self.root)
        try:
            known = catalogue.rows()
            changed: dict[str, tuple[str, bytes]] = {}
            found: list[SessionSummary] = []
            for key, folder in folders.items():
                if subject is None or folder.parent.name == subject:
                    found.append(_summary_of(key, folder, known, changed))
            catalogue.update(changed, known.keys() - folders.keys())
        finally:
            catalogue.close()
        return found

    def interrupted(self) -> list[Path]:
        """Folders of the sessions that ended without a stop document and that nobody records. Raises DiskError."""
        return [f for f in self._folders().values() if not (f / STOP_NAME).exists() and not is_being_recorded(f)]

    def of_subject(self, subject: str) -> list[Path]:
        """The folders of a subject's sessions, oldest first; none for what is no subject here. Raises DiskError."""
        return [folder for folder in self._folders().values() if folder.parent.name == subject]

    def find(self, id_or_path: str) -> Path:
        """The folder of a session given by its folder, its id, or a beginning of the id that only one session has.

        Raises RequestError when none or several fit, naming some that are near.
        """
        path = Path(id_or_path)
        if is_session_folder(path):
            return path
        folders = list(self._folders().values())
        fitting = [f for f in folders if id_or_path and f.name.startswith(id_or_path)]
        exact = [f for f in fitting if f.name == id_or_path]
        if len(exact or fitting) == 1:
            return (exact or fitting)[0]
        if fitting:
            raise RequestError(
                f"'{id_or_path}' fits {len(fitting)} sessions ({_named(fitting)}): give more of the id, or the folder."
            )
        near = get_close_matches(id_or_path, [f.name for f in folders], n=_NEAR, cutoff=0.5)
        listed = [f for f in folders if f.name in near] or folders[-_NEAR:]
        hint = f"the nearest are {_named(listed)}" if listed else "the store is empty"
        raise RequestError(f"There is no session '{id_or_path}' in {self.root}; {hint}: `hfs-emg sessions` lists all.")

    def _folders(self) -> dict[str, Path]:
        """Session folders by their path within the store, in order of their ids."""
        if not self.root.exists() and not self.root.is_symlink():
            return {}
        try:
            subjects = [p for p in self.root.iterdir() if SUBJECT_CODE.fullmatch(p.name) and p.is_dir()]
            folders = [f for s in subjects for f in s.iterdir() if is_session_folder(f)]
        except NotADirectoryError as error:
            raise disk_error(error, self.root) from error
        except OSError as error:
            raise DiskError(
                f"The store {self.root} cannot be read ({error.strerror}): check its permissions."
            ) from error
        return {f"{f.parent.name}/{f.name}": f for f in sorted(folders, key=lambda f: (f.name, f.parent.name))}


def default_store_path(environment: Mapping[str, str] | None = None) -> Path:
    """$HFS_EMG_STORE, else $XDG_DATA_HOME/hfs-emg, else ~/.local/share/hfs-emg."""
    env = os.environ if environment is None else environment
    if env.get("HFS_EMG_STORE"):
        return Path(env["HFS_EMG_STORE"]).expanduser()
    if env.get("XDG_DATA_HOME"):
        return Path(env["XDG_DATA_HOME"]) / "hfs-emg"
    return Path(env["HOME"]) / ".local/share/hfs-emg" if env.get("HOME") else Path.home() / ".local/share/hfs-emg"


def check_subject(subject: str) -> None:
    """Raise RequestError for a code that is not 1 to 32 letters and digits."""
    if not SUBJECT_CODE.fullmatch(subject):
        raise RequestError(
            f"'{subject}' cannot be a subject code: use 1 to 32 letters and digits (A-Z, a-z, 0-9), and no name of a person."
        )


def _summary_of(
    key: str, folder: Path, known: Mapping[str, tuple[str, bytes]], changed: dict[str, tuple[str, bytes]]
) -> SessionSummary:
    """The summary from the catalogue where it still fits the files, else from the files."""
    stamp = _stamp(folder)
    if key in known and known[key][0] == stamp:
        try:
            return msgspec.structs.replace(msgspec.json.decode(known[key][1], type=SessionSummary), folder=str(folder))
        except msgspec.DecodeError:
            pass
    summary = summarise(folder)
    if summary.state in ("finished", "interrupted"):
        changed[key] = stamp, msgspec.json.encode(summary)
    return summary


def summarise(folder: Path) -> SessionSummary:
    """The summary of one session folder, from its files."""
    try:
        session = open_session(folder)
        episodes = session.episodes()
    except RecordingError as error:
        return SessionSummary(folder.name, folder.parent.name, str(folder), "unreadable", problem=str(error))
    spasms = {
        side: sum(KINDS[Kind(e.kind)].counts_as_spasm and e.side == side for e in episodes)
        for side in ("left", "right")
    }
    stop = session.stop
    return SessionSummary(
        session=folder.name,
        subject=folder.parent.name,
        folder=str(folder),
        state="finished" if stop else "recording" if session.recording else "interrupted",
        start_utc=session.start_utc,
        duration_s=session.samples / session.signal.rate_hz,
        valid_s=None if stop is None else stop.valid_s,
        lost_samples=sum(to - start for start, to in session.gaps),
        episodes=len(episodes),
        spasms=spasms,
        simulated=session.simulated,
        board=session.start.board.title,
        reason=None if stop is None else stop.reason,
    )


def _stamp(folder: Path) -> str:
    """Sizes and times of the files that a summary is made from."""
    parts = []
    for name in _STAMPED:
        try:
            status = (folder / name).stat()
            parts.append(f"{status.st_size}:{status.st_mtime_ns}")
        except OSError:
            parts.append("-")
    return " ".join(parts) + (" recording" if is_being_recorded(folder) else "")


def _named(folders: list[Path]) -> str:
    names = ", ".join(f"{f.parent.name}/{f.name}" for f in folders[:_NEAR])
    return names + (", …" if len(folders) > _NEAR else "")
