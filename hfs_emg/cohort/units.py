"""Which sessions an archive holds, at whatever depth: a store, a folder of many stores, a mounted disk of them.

A unit's key names its content: two copies of one session have the same key and are analysed once; a session that has grown since (it was
being recorded, or was recovered) has another one and is analysed again. Whatever in the archive is no session is passed over.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from hfs_emg.cohort.documents import Failure, Plan
from hfs_emg.errors import RecordingError, RequestError
from hfs_emg.session.documents import START_NAME, STOP_NAME
from hfs_emg.session.reader import is_being_recorded, is_session_folder
from hfs_emg.session.tape import SIGNAL_NAME
from hfs_emg.session.timeline import TIMELINE_NAME


@dataclass(frozen=True, slots=True)
class Unit:
    """One session to be analysed. path: absolute, the same on every machine that analyses. folder: within the archive."""

    session: str
    path: str
    folder: str
    key: str
    signal_bytes: int


@dataclass(frozen=True, slots=True)
class Found:
    """What an archive holds. copies: folders that hold a session once more."""

    units: tuple[Unit, ...]
    failures: tuple[Failure, ...]
    copies: tuple[str, ...]


def units_in(archive: Path, plan: Plan) -> Found:
    """Every session below a folder, by id. Raises RequestError when there is none, RecordingError when the folder cannot be read."""
    if not archive.is_dir():
        raise RequestError(f"{archive} is no folder: name a store, or a folder of stores.")
    failures: list[Failure] = []
    units: dict[str, Unit] = {}
    copies: list[str] = []
    for folder in _session_folders(archive.resolve(), failures):
        within = str(folder.relative_to(archive.resolve()))
        try:
            unit = _unit(folder, within, plan)
        except OSError as error:
            failures.append(
                Failure(folder.name, within, f"It cannot be read ({error.strerror}): check its permissions.")
            )
            continue
        if is_being_recorded(folder) and not (folder / STOP_NAME).exists():
            failures.append(
                Failure(folder.name, within, "It is being recorded: run the command again when it is over.")
            )
        elif unit.session not in units:
            units[unit.session] = unit
        elif units[unit.session].key == unit.key:
            copies.append(within)
        else:
            other = units[unit.session].folder
            failures.append(
                Failure(folder.name, within, f"Another session has the same id ({other}): keep one of the two.")
            )
    if not units and not failures:
        raise RequestError(f"{archive} holds no session: name a store, or a folder of stores; is its disk mounted?")
    return Found(tuple(units[name] for name in sorted(units)), tuple(failures), tuple(copies))


def _session_folders(archive: Path, failures: list[Failure]) -> list[Path]:
    """In order of their paths; what cannot be looked into goes to `failures`. Hidden folders are nobody's sessions."""
    found: list[Path] = []

    def unreadable(error: OSError) -> None:
        place = Path(error.filename)
        if place == archive:
            raise RecordingError(f"{archive} cannot be read ({error.strerror}): check its permissions.")
        within = str(place.relative_to(archive))
        failures.append(Failure(place.name, within, f"It cannot be read ({error.strerror}): check its permissions."))

    for place, folders, _ in os.walk(archive, onerror=unreadable):
        if is_session_folder(Path(place)):
            found.append(Path(place))
            folders.clear()
        folders[:] = sorted(f for f in folders if not f.startswith("."))
    return found


def _unit(folder: Path, within: str, plan: Plan) -> Unit:
    """Raises OSError."""
    digest = hashlib.sha256(f"{plan.software} {plan.model_sha256} {plan.settings_sha256}".encode())
    for name in (START_NAME, STOP_NAME):
        path = folder / name
        digest.update(hashlib.sha256(path.read_bytes() if path.is_file() else b"").digest())
    sizes = [(folder / n).stat().st_size if (folder / n).is_file() else 0 for n in (SIGNAL_NAME, TIMELINE_NAME)]
    digest.update(f"{folder.name} {sizes}".encode())
    return Unit(folder.name, str(folder), within, digest.hexdigest()[:32], sizes[0])
