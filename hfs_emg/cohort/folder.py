"""The folder of a cohort: cohort.json, one part per session in parts/, the tables beside them.

Rule: a part is there whole or not at all, and its name tells session and key, so that a list of names tells what is missing. Only the
process that the command was given to writes here. Everything is readable by its owner only: true dates stand in it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from hfs_emg.cohort.documents import Failure, Part, Plan, decode_part
from hfs_emg.cohort.units import Unit
from hfs_emg.errors import RecordingError, RequestError
from hfs_emg.session.files import disk_error, make_private_parents, write_whole

PLAN_NAME = "cohort.json"
FAILURES_NAME = "failures.json"
PARTS_NAME = "parts"
_SUFFIX = ".json.zz"


class CohortFolder:
    """Opens or makes the folder for one plan and holds it against a second run; close it.

    Raises RequestError when it holds something else or is in use, DiskError.
    """

    def __init__(self, root: Path, plan: Plan) -> None:
        self.root = root
        self._parts = root / PARTS_NAME
        self._lock = -1
        known = _plan_in(root)
        if known is not None and known != plan:
            raise RequestError(
                f"{root} holds tables of another analysis ({_differences(known, plan)}): choose another folder for --out."
            )
        try:
            make_private_parents(self._parts / "x")
            if known is None:
                write_whole(root / PLAN_NAME, msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n")
            self._lock = os.open(root / PLAN_NAME, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise disk_error(error, root) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise RequestError(f"Another run is writing to {root}: wait until it is over.") from None

    def close(self) -> None:
        """Let others in. May be called twice."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def missing(self, units: Sequence[Unit]) -> list[Unit]:
        """Those that have no part yet."""
        there = {p.name for p in self._parts.iterdir()}
        return [u for u in units if _name(u) not in there]

    def keep(self, unit: Unit, content: bytes) -> None:
        """Write a part. Raises DiskError."""
        path = self._parts / _name(unit)
        try:
            write_whole(path, content)
        except OSError as error:
            raise disk_error(error, path) from error

    def sweep(self, units: Sequence[Unit]) -> int:
        """Remove what belongs to none of these: sessions that were erased or have changed. Returns how many. Raises DiskError."""
        wanted = {_name(u) for u in units}
        removed = 0
        for path in self._parts.iterdir():
            if path.name not in wanted:
                try:
                    path.unlink()
                except OSError as error:
                    raise disk_error(error, path) from error
                removed += path.name.endswith(_SUFFIX)
        return removed

    def parts(self, units: Sequence[Unit]) -> Iterator[Part | Failure]:
        """The parts that are there, in this order. A damaged one is removed, so that the next run makes it anew, and is a failure."""
        for unit in units:
            path = self._parts / _name(unit)
            try:
                part = decode_part(path.read_bytes())
            except FileNotFoundError:
                continue
            except RecordingError as error:
                path.unlink(missing_ok=True)
                yield Failure(unit.session, unit.folder, str(error))
            except OSError as error:
                yield Failure(unit.session, unit.folder, f"{path} cannot be read ({error.strerror}): check the disk.")
            else:
                yield part

    def list_failures(self, failures: Sequence[Failure]) -> None:
        """Write failures.json anew. Raises DiskError."""
        path = self.root / FAILURES_NAME
        try:
            write_whole(path, msgspec.json.format(msgspec.json.encode(failures), indent=1) + b"\n")
        except OSError as error:
            raise disk_error(error, path) from error


def _name(unit: Unit) -> str:
    return f"{unit.session}-{unit.key}{_SUFFIX}"


def _plan_in(root: Path) -> Plan | None:
    """The plan of a folder that is one of ours, None for a new one. Raises RequestError for any other."""
    path = root / PLAN_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except FileNotFoundError:
        if root.is_dir() and any(root.iterdir()):
            raise RequestError(f"{root} holds other files: name a new folder for --out.") from None
        return None
    except NotADirectoryError:
        raise RequestError(f"{root} is a file: name a folder for --out.") from None
    except OSError as error:
        raise disk_error(error, path) from error
    except msgspec.DecodeError as error:
        raise RequestError(f"{path} is damaged or of another version ({error}): name a new folder for --out.") from None


def _differences(known: Plan, plan: Plan) -> str:
    rows = (
        ("other settings", known.settings != plan.settings),
        (f"made by {known.software}", known.software != plan.software),
        ("another model", known.model_sha256 != plan.model_sha256),
    )
    return ", ".join(words for words, true in rows if true) or "another schema"
