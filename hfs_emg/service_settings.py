"""What the service wants to know, from the [service] table of a settings file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.errors import RequestError
from hfs_emg.settings import read_settings

Text = Annotated[str, msgspec.Meta(min_length=1)]


class ServiceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [service] table. Paths are relative to the file; ~ is the user's own folder."""

    board: Text
    """A board URL, such as serial:auto."""

    subject: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9]{1,32}$")]
    """Subject code, 1 to 32 letters and digits."""

    store: Text | None = None
    """Where sessions are kept; else as for every command."""

    montage: Text | None = None
    """A montage file; else the default montage of the board's inputs."""

    session_length_s: Annotated[float, msgspec.Meta(ge=1, le=604_800)] = 86_400.0
    """A session gives way to the next one after this many seconds of signal; the next begins with the very next sample."""

    calibration: Literal["latest", "none"] = "latest"
    """The subject's newest calibration profile that fits goes into each session, or none does."""

    longest_hole_s: Annotated[float, msgspec.Meta(ge=1, le=86_400)] = 600.0
    """A link that is away for longer ends the session, and what comes then opens the next."""


class SettingsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A settings file; commands that need one table pass over the other, but not over its mistakes."""

    analysis: AnalysisSettings = AnalysisSettings()
    service: ServiceSettings | None = None


def read_service(path: Path) -> tuple[ServiceSettings, AnalysisSettings]:
    """Both tables of the file, paths made whole. Raises RequestError, also when it has no [service] table."""
    file = read_settings(path, SettingsFile)
    if file.service is None:
        raise RequestError(f"{path.name} has no [service] table: write one with at least board and subject.")
    service = file.service
    places = {name: _beside(path, getattr(service, name)) for name in ("store", "montage")}
    return msgspec.structs.replace(service, **places), file.analysis


def _beside(path: Path, name: str | None) -> str | None:
    return None if name is None else str(path.absolute().parent / Path(name).expanduser())
