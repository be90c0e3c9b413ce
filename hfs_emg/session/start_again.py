"""A start document made anew from the header of signal.bdf, where neither start.json nor the timeline holds one any more.

The header knows the subject, the time, the rate, and each input with its scale and place. Which board it was, what the session goes on
from, and whether a human wore the electrodes nobody knows then; the document says so in its notes.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from pathlib import Path

from calibration.errors import MontageError
from calibration.montage import montage_from_labels
from hfs_emg.errors import RecordingError
from hfs_emg.session.bdf import HEADER_BYTES, BdfHeader, BdfSignal
from hfs_emg.session.bdf_file import BdfFile
from hfs_emg.session.bdf_header import header_size
from hfs_emg.session.documents import (
    BoardDocument,
    InputDocument,
    PlaceDocument,
    StartDocument,
    utc_text,
)

MADE_ANEW = (
    "start.json was made anew from the header of signal.bdf: the board, the session before this one, and whether a human wore the "
    "electrodes are not known."
)
_COPIES = ("settings.json", "montage.toml", "calibration.json", "model.json")
"""What a session keeps beside its own files; of those that are there the sums are taken as they are now."""


def holds_a_record(signal: Path) -> bool:
    """Whether there is such a BDF file, with more than its header in it."""
    try:
        with signal.open("rb") as file:
            head = file.read(HEADER_BYTES)
        return head.startswith(b"\xffBIOSEMI") and signal.stat().st_size > header_size(head)
    except (OSError, RecordingError, ValueError):
        return False


def start_from_header(signal: Path) -> StartDocument:
    """What the header of a session's signal file says. Raises RecordingError when it says too little."""
    with BdfFile(signal) as file:
        header = file.header
    exg = [s for s in header.signals if not s.annotations and s.dimension]
    if not exg or not header.signals[-1].annotations:
        raise RecordingError(f"{signal} is not the signal of a session: it has no input in volts, or no annotations.")
    words = header.recording.split()
    return StartDocument(
        session=signal.parent.name,
        subject=header.patient.split(" ")[0],
        start_utc=utc_text(None if header.start is None else header.start.replace(tzinfo=UTC)),
        board=BoardDocument("unknown", "board not known"),
        simulated=False,
        software=words[-1].replace("_", " ") if words else "",
        rate_hz=_rate_hz(header),
        inputs=tuple(_input(s) for s in exg),
        aux_labels=tuple(s.label for s in header.signals if not s.annotations and not s.dimension),
        montage=_places([s.label for s in exg]),
        copies={name: _sum(path) for name in _COPIES if (path := signal.parent / name).is_file()},
        notes=(MADE_ANEW,),
    )


def _rate_hz(header: BdfHeader) -> float:
    """A whole number of samples per second where the header is that number but for the rounding of its eight characters."""
    rate_hz = header.rate_hz(0)
    return float(round(rate_hz)) if abs(rate_hz - round(rate_hz)) < 1e-6 * rate_hz else rate_hz


def _input(signal: BdfSignal) -> InputDocument:
    scale = signal.microvolts_scale
    if scale is None:
        raise RecordingError(f"Signal '{signal.label}' has the dimension '{signal.dimension}', which is no voltage.")
    return InputDocument(signal.label, scale[0], scale[1], signal.digital_min, signal.digital_max)


def _places(labels: list[str]) -> tuple[PlaceDocument, ...] | None:
    """The montage that the labels spell out, if they do."""
    try:
        montage = montage_from_labels(labels)
    except MontageError:
        return None
    if montage is None:
        return None
    return tuple(PlaceDocument(c.input + 1, c.side, c.site) for c in montage.channels)


def _sum(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RecordingError(f"{path} cannot be read ({error.strerror}): copy it to a sound disk.") from error
