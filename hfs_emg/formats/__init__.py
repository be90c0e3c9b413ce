"""Everything that can be analysed: session folders, and files of other programs. One table, one way in.

What a file is, is found from its first bytes, never from its name. An importer is loaded only when its kind of file turns up.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from calibration.errors import MontageError
from calibration.montage import Montage, default_montage
from hfs_emg.errors import RecordingError, RequestError
from hfs_emg.formats.raw_emg import check_raw
from hfs_emg.formats.recording import FileRecording
from hfs_emg.model import Recording
from hfs_emg.settings import MontageFile

__all__ = ["IMPORTERS", "Importer", "importer_of", "open_recording"]

HEAD_BYTES = 1 << 16

Opener = Callable[[Path], Recording]


@dataclass(frozen=True, slots=True)
class Importer:
    """One row of the importers table. name: for people. module holds `recognises(path, head) -> bool` and `opener`."""

    name: str
    module: str
    opener: str

    def recognises(self, path: Path, head: bytes) -> bool:
        """The path is of this format, to judge by its first bytes (none of a folder)."""
        test = cast(Callable[[Path, bytes], bool], importlib.import_module(self.module).recognises)
        return test(path, head)

    def open(self, path: Path) -> Recording:
        """The recording; raises RecordingError."""
        opener = cast(Opener, getattr(importlib.import_module(self.module), self.opener))
        return opener(path)


IMPORTERS: tuple[Importer, ...] = (
    Importer("OpenBCI GUI text", "hfs_emg.formats.openbci_gui", "open_openbci_gui"),
    Importer("OpenBCI SD card", "hfs_emg.formats.openbci_sd", "open_openbci_sd"),
    Importer("EDF or BDF", "hfs_emg.formats.edf", "open_edf"),
    Importer("BrainFlow CSV", "hfs_emg.formats.brainflow_csv", "open_brainflow_csv"),
    Importer("XDF", "hfs_emg.formats.xdf", "open_xdf"),
    Importer("session folder", "hfs_emg.formats.session_folder", "open_session_folder"),
)


def open_recording(path: Path, montage: MontageFile | Montage | None = None) -> Recording:
    """A session folder or an importable file, with a montage: the given one, else the recording's own, else the default one.

    Raises RecordingError when it is no recording, holds no raw EMG or cannot be read, RequestError when the montage does not fit it or
    none is known.
    """
    recording = importer_of(path).open(path)
    if isinstance(recording, FileRecording):
        check_raw(recording)
    chosen = _montage_for(recording, montage)
    if chosen == recording.montage:
        return recording
    if isinstance(recording, FileRecording):
        return replace(recording, montage=chosen)
    return _Remounted(recording, chosen)


def importer_of(path: Path) -> Importer:
    """The table's row for a path; raises RecordingError that says what was found instead."""
    folder = path.is_dir()
    head = b"" if folder else _head(path)
    for importer in IMPORTERS:
        if importer.recognises(path, head):
            return importer
    found = "a folder without start.json" if folder else _looks_like(head)
    kinds = ", ".join(i.name for i in IMPORTERS)
    raise RecordingError(f"{path} is not a recording: found {found}; expected one of: {kinds}.")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except FileNotFoundError:
        raise RecordingError(f"{path} does not exist: check the name of the recording.") from None
    except OSError as error:
        raise RecordingError(f"{path} cannot be read ({error.strerror}): check its permissions and its disk.") from None


_KNOWN_STRANGERS = (
    (b"\x89HDF", "an HDF5 file"),
    (b"PK\x03\x04", "a zip archive (unpack it first)"),
    (b"\x1f\x8b", "a gzip archive (unpack it first)"),
    (b"%PDF", "a PDF"),
    (b"Brain Vision", "a BrainVision header"),
    (b"{", "a JSON text"),
)


def _looks_like(head: bytes) -> str:
    """What the first bytes seem to be, for the message."""
    if not head:
        return "an empty file"
    for start, words in _KNOWN_STRANGERS:
        if head.startswith(start):
            return words
    first = head.split(b"\n", 1)[0][:40].strip()
    if first and all(32 <= c < 127 or c == 9 for c in first):
        return f"a text that begins with '{first.decode('ascii')}'"
    return "binary data"


def _montage_for(recording: Recording, montage: MontageFile | Montage | None) -> Montage:
    inputs = recording.signal.inputs
    if isinstance(montage, MontageFile):
        numbers = recording.input_numbers if isinstance(recording, FileRecording) else None
        return montage.resolve([i.label for i in inputs], numbers or None)
    chosen = montage if montage is not None else recording.montage
    try:
        if chosen is None:
            return default_montage(len(inputs))
        chosen.input_labels(len(inputs))
    except MontageError as error:
        there_are = ", ".join(i.label for i in inputs)
        raise RequestError(f"{recording.name}: {error} It has: {there_are}.") from None
    return chosen


class _Remounted:
    """A recording that is not a file's, seen with another montage than its own."""

    def __init__(self, recording: Recording, montage: Montage) -> None:
        self.montage = montage
        self.name = recording.name
        self.signal = recording.signal
        self.samples = recording.samples
        self.start_utc = recording.start_utc
        self.simulated = recording.simulated
        self.markers = recording.markers
        self.notes = recording.notes
        self.blocks = recording.blocks
