"""What leaves: sessions in the formats of other programs. One table, one way out.

An exporter is a module with `write(sessions, out) -> notes`: it makes `out`, a file or a folder that is not there yet, from sessions
as they are shared (`shared.py`: dates moved, ids made anew), and returns what the reader of the files should know, one sentence each.
It is loaded only when its format is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from hfs_emg.errors import RequestError
from hfs_emg.exports.shared import SharedSession

__all__ = ["EXPORTERS", "Exporter", "exporter_named"]

Writer = Callable[[Sequence[SharedSession], Path], list[str]]


@dataclass(frozen=True, slots=True)
class Exporter:
    """One row of the exporters table. name: as in `--to NAME`; title: for people.

    makes: "file" one file for all sessions; "folder" a folder; "either" a file of one session, a folder of several.
    """

    name: str
    title: str
    module: str
    makes: Literal["file", "folder", "either"]

    def makes_folder(self, sessions: int) -> bool:
        """Whether so many sessions become a folder."""
        return self.makes == "folder" or (self.makes == "either" and sessions > 1)

    def write(self, sessions: Sequence[SharedSession], out: Path) -> list[str]:
        """Make `out`. Raises RequestError, RecordingError, DiskError, and OSError of the disk."""
        writer = cast(Writer, importlib.import_module(self.module).write)
        return writer(sessions, out)


EXPORTERS: tuple[Exporter, ...] = (
    Exporter("bids", "a BIDS dataset (EMG as in BIDS 1.11)", "hfs_emg.exports.bids", "folder"),
    Exporter("edf", "EDF+ (16 bit)", "hfs_emg.exports.edf", "either"),
    Exporter("bdf", "BDF+ (24 bit, every code as it was recorded)", "hfs_emg.exports.bdf", "either"),
    Exporter("csv", "tables as CSV", "hfs_emg.exports.csv_tables", "folder"),
    Exporter("parquet", "tables as Parquet", "hfs_emg.exports.parquet", "folder"),
    Exporter("fhir", "a FHIR R4 bundle", "hfs_emg.exports.fhir", "file"),
)


def exporter_named(name: str) -> Exporter:
    """The table's row. Raises RequestError that lists what there is."""
    for exporter in EXPORTERS:
        if exporter.name == name:
            return exporter
    raise RequestError(f"'{name}' is no format to export to: choose one of {', '.join(e.name for e in EXPORTERS)}.")
