"""The two documents of a session: start.json before its first sample, stop.json after its last.

A session without stop.json was interrupted; no other mark says so. Unknown fields are passed over, so that a later version may add
some; a field that is missing or of another type is an error that names the file and the field.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from calibration.errors import MontageError
from calibration.montage import Montage, montage_of
from firmware_bridge.boards import BoardSpec
from hfs_emg.errors import RecordingError
from hfs_emg.model import Input, Signal

START_NAME = "start.json"
STOP_NAME = "stop.json"
CLOCK_NOT_SET = "clock not set"
HIGHEST_HZ = 100_000.0
_FIRST_YEAR = 1985  # EDF dates begin here; a computer that says less has not been told the time


class BoardDocument(msgspec.Struct, frozen=True):
    """What recorded: BoardSpec.name and .title, and what the board said of itself."""

    name: str
    title: str
    description: dict[str, str] = {}


class InputDocument(msgspec.Struct, frozen=True):
    """One EXG input: µV = count * microvolts_per_count + offset_uv; count_min and count_max are the rails."""

    label: str
    microvolts_per_count: float
    offset_uv: float
    count_min: int
    count_max: int


class PlaceDocument(msgspec.Struct, frozen=True):
    """One channel of the montage; input counts from 1."""

    input: int
    side: str
    site: str


class StartDocument(msgspec.Struct, frozen=True, kw_only=True):
    """start.json. The recorder fills rate_hz, inputs, aux_labels and copies; the caller gives the rest.

    start_utc: as `utc_text` writes it. copies: file name in the session folder → SHA-256 of its content. previous: id of the session
    that this one continues.
    """

    schema: Literal["hfs-emg/start/1"] = "hfs-emg/start/1"
    session: str
    subject: str
    start_utc: str
    board: BoardDocument
    simulated: bool
    software: str
    rate_hz: float = 0.0
    inputs: tuple[InputDocument, ...] = ()
    aux_labels: tuple[str, ...] = ()
    montage: tuple[PlaceDocument, ...] | None = None
    copies: dict[str, str] = {}
    previous: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def started(self) -> datetime | None:
        """When the first sample was due, UTC; None when the clock was not set."""
        return parse_utc(self.start_utc)

    @property
    def signal(self) -> Signal:
        """Rate and inputs."""
        inputs = tuple(
            Input(i.label, i.microvolts_per_count, i.offset_uv, i.count_min, i.count_max) for i in self.inputs
        )
        return Signal(self.rate_hz, inputs, self.aux_labels)

    def with_signal(self, signal: Signal) -> StartDocument:
        """The same document for this signal."""
        inputs = tuple(
            InputDocument(
                i.label, float(i.microvolts_per_count), float(i.offset_uv), int(i.count_min), int(i.count_max)
            )
            for i in signal.inputs
        )
        return msgspec.structs.replace(self, rate_hz=float(signal.rate_hz), inputs=inputs, aux_labels=signal.aux_labels)

    def with_copies(self, copies: dict[str, bytes]) -> StartDocument:
        """The same document naming these files and their SHA-256."""
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in copies.items()}
        return msgspec.structs.replace(self, copies=hashes)


class StopDocument(msgspec.Struct, frozen=True, kw_only=True):
    """stop.json. samples counts what was recorded, filled losses included, padding not. sample_rate_hz: the fitted rate.

    estimated_samples: those of the lost ones whose number the clock alone told; None where nobody knows,
    unset in documents of earlier versions, which must come back byte for byte.
    """

    schema: Literal["hfs-emg/stop/1"] = "hfs-emg/stop/1"
    reason: str
    samples: int
    lost_samples: int
    estimated_samples: int | msgspec.UnsetType | None = msgspec.UNSET
    gaps: int
    restarts: int
    valid_s: float
    sample_rate_hz: float


Document = TypeVar("Document", StartDocument, StopDocument)


def start_document(
    *,
    session: str,
    subject: str,
    start_utc: datetime | None,
    board: BoardSpec,
    description: dict[str, str] | None = None,
    montage: Montage | None = None,
    software: str,
    previous: str | None = None,
    notes: tuple[str, ...] = (),
) -> StartDocument:
    """A start document for a session of `board`; the recorder adds the signal."""
    places = None if montage is None else tuple(PlaceDocument(c.input + 1, c.side, c.site) for c in montage.channels)
    return StartDocument(
        session=session,
        subject=subject,
        start_utc=utc_text(start_utc),
        board=BoardDocument(board.name, board.title, description or {}),
        simulated=board.simulated,
        software=software,
        montage=places,
        previous=previous,
        notes=notes,
    )


def montage_from(start: StartDocument) -> Montage | None:
    """The montage of the session. Raises RecordingError when its places cannot be."""
    if start.montage is None:
        return None
    try:
        return montage_of((p.input, p.side, p.site) for p in start.montage)
    except MontageError as error:
        raise RecordingError(f"{START_NAME}, field 'montage': {error}") from error


def utc_text(moment: datetime | None) -> str:
    """`2026-11-20T18:53:23.120Z`; "clock not set" for None and for years before 1985."""
    if moment is None or moment.year < _FIRST_YEAR:
        return CLOCK_NOT_SET
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_utc(text: str) -> datetime | None:
    """The moment that utc_text wrote; None when the clock was not set. Raises ValueError for anything else."""
    return None if text == CLOCK_NOT_SET else datetime.fromisoformat(text).astimezone(UTC)


def encode_document(document: StartDocument | StopDocument) -> bytes:
    """Indented JSON, for people too."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def read_document(path: Path, kind: type[Document]) -> Document:
    """Decode start.json or stop.json. Raises RecordingError naming the file and the field."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"{path} cannot be read ({error.strerror}): this is no session folder.") from error
    try:
        document = msgspec.json.decode(content, type=kind)
        if isinstance(document, StartDocument):
            document.started  # noqa: B018 - raises ValueError where the time is no time
            if not 0 < document.rate_hz <= HIGHEST_HZ:
                raise ValueError(f"rate_hz is {document.rate_hz:g}, it lies between 0 and {HIGHEST_HZ:g}")
        elif not 0 <= document.samples < 1 << 53:
            raise ValueError(f"samples is {document.samples}")
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise RecordingError(f"{path} is damaged or of another version: {error}.") from error
    return document
