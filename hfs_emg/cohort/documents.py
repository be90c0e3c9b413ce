"""The two documents of a cohort: cohort.json, what is done to every session, and one part per session, what came of it.

A part holds the whole analysis of its session (`hfs-emg/analysis/1`) and where it came from, as compressed JSON.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Literal

import msgspec

from hfs_emg import __version__
from hfs_emg.analysis.document import Analysis
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.errors import RecordingError
from hfs_emg.sessions import MODEL_FILE

State = Literal["finished", "interrupted"]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """cohort.json: what every session is analysed with. Two results of one plan may stand in one table."""

    schema: Literal["hfs-emg/cohort/1"] = "hfs-emg/cohort/1"
    software: str
    model_sha256: str
    settings: AnalysisSettings

    @property
    def settings_sha256(self) -> str:
        """Of the settings as JSON, defaults included."""
        return hashlib.sha256(msgspec.json.encode(self.settings)).hexdigest()


def plan_of(settings: AnalysisSettings) -> Plan:
    """With this program and its model."""
    model = hashlib.sha256(MODEL_FILE.read_bytes()).hexdigest()
    return Plan(software=f"hfs-emg {__version__}", model_sha256=model, settings=settings)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What was analysed. folder: within the archive. start_utc: as `utc_text` writes it."""

    folder: str
    session: str
    subject: str
    start_utc: str
    state: State
    board: str
    recorded_with: str
    samples: int
    lost_samples: int
    signal_bytes: int
    notes: tuple[str, ...]


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """What analysed it, and at what cost in processor time. profile_sha256: of the calibration profile that was used, None without one."""

    software: str
    model_sha256: str
    settings_sha256: str
    profile_sha256: str | None
    python: str
    numpy: str
    scipy: str
    machine: str
    cpu_s: float


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One session's result. key: of the unit that it was made from."""

    schema: Literal["hfs-emg/cohort-part/1"] = "hfs-emg/cohort-part/1"
    key: str
    origin: Origin
    making: Making
    analysis: Analysis


class Failure(msgspec.Struct, frozen=True):
    """A session of which there is no result, and why."""

    session: str
    folder: str
    problem: str


def encode_part(part: Part) -> bytes:
    """As it is kept."""
    return zlib.compress(msgspec.json.encode(part), 6)


def decode_part(content: bytes) -> Part:
    """Raises RecordingError for what `encode_part` did not write."""
    try:
        return msgspec.json.decode(zlib.decompress(content), type=Part)
    except (zlib.error, msgspec.DecodeError, RecursionError) as error:
        raise RecordingError(f"The result is damaged ({error}): run the same command again.") from None
