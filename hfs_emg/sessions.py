"""A session from its beginning to its end: from a live board, or from a file that is taken into the store.

Settings, montage, model and profile are copied into the session's folder and their hashes into its start document, so that every session
can be replayed as it was.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import msgspec

from calibration.errors import ProfileDamaged
from calibration.montage import Montage
from calibration.profile import CalibrationProfile
from calibration.profile_file import decode_profile
from firmware_bridge.boards import Board, BoardSpec, Reading
from hfs_emg import __version__
from hfs_emg.analysis.burden import Burden
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.boards import signal_of
from hfs_emg.errors import DiskError, RecordingError
from hfs_emg.events import Findings
from hfs_emg.markers import Markers
from hfs_emg.model import Block, Marker, Recording
from hfs_emg.monitor import Monitor, Status
from hfs_emg.profiles import PROFILE_NAME, KeptProfile
from hfs_emg.session.documents import START_NAME, STOP_NAME, StartDocument, read_document, start_document
from hfs_emg.session.recorder import Recorder
from hfs_emg.session.store import Store
from hfs_emg.settings import montage_to_toml
from hfs_emg.worker import AnalysisWorker

if TYPE_CHECKING:
    from hfs_emg.analysis.analyzer import Analyzer

SOFTWARE = f"hfs-emg {__version__}"
MODEL_FILE = Path(__file__).parent / "analysis" / "model.json"
SETTINGS_NAME, MONTAGE_NAME, MODEL_NAME = "settings.json", "montage.toml", "model.json"
INSTEAD = "Or say --anew to analyse with this program's own settings and model."


def session_copies(
    montage: Montage, settings: AnalysisSettings, model: bytes, profile: KeptProfile | None = None
) -> dict[str, bytes]:
    """What a session keeps so that it can be replayed."""
    return {
        SETTINGS_NAME: msgspec.json.format(msgspec.json.encode(settings), indent=1),
        MONTAGE_NAME: montage_to_toml(montage).encode(),
        MODEL_NAME: model,
    } | ({} if profile is None else {PROFILE_NAME: profile.content})


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that is ready to be recorded: `monitor.run()` records it."""

    folder: Path
    monitor: Monitor


class Monitored(TypedDict, total=False):
    """What a session hands on to its `Monitor`, which says what each is."""

    duration_s: float | None
    longest_hole_s: float
    first: Reading | None
    markers: Markers
    on_status: Callable[[Status], None] | None
    on_samples: Callable[[int], None]
    on_marker: Callable[[Marker], None]
    on_link: Callable[[str, int], None]
    on_published: Callable[[float], None]
    on_block: Callable[[Block], None]
    on_findings: Callable[[Findings], None]


@contextmanager
def live_session(
    board: Board,
    store: Store,
    subject: str,
    montage: Montage,
    settings: AnalysisSettings,
    *,
    profile: KeptProfile | None = None,
    previous: str | None = None,
    begins_in_s: float = 0.0,
    on_sync: Callable[[float], None] | None = None,
    **monitored: Unpack[Monitored],
) -> Iterator[LiveSession]:
    """A new session over an opened board, which stays the caller's to close.

    profile: the subject's calibration, which must fit.
    previous: id of the session that this one continues. begins_in_s: when its first sample will come. on_sync: called in the recorder's
    thread with the seconds that a sync took. monitored: what `Monitor` takes.
    However the body is left, what was recorded is put on the disk; when not one sample came, no folder stays. Raises RequestError,
    MontageError or DiskError when it cannot begin; what fails once it runs ends up in the monitor's outcome.
    """
    settings.band_hz(board.spec.rate_hz)
    signal = signal_of(board, montage)
    now = datetime.now(UTC) + timedelta(seconds=begins_in_s)
    folder = store.new_session_folder(subject, now)
    model = MODEL_FILE.read_bytes()
    start = start_document(
        session=folder.name,
        subject=subject,
        start_utc=now,
        board=board.spec,
        description=board.description,
        montage=montage,
        software=SOFTWARE,
        previous=previous,
    )

    def analyzer() -> Analyzer:
        from hfs_emg.analysis.analyzer import Analyzer  # noqa: PLC0415 - brings the analyser, a moment on a Pi

        return Analyzer(signal, montage, settings, model, None if profile is None else profile.profile)

    copies = session_copies(montage, settings, model, profile)
    recorder = Recorder(folder, start, signal=signal, copies=copies, on_sync=on_sync)
    worker = AnalysisWorker(analyzer, signal.rate_hz)
    try:
        yield LiveSession(folder, Monitor(board, signal, montage, recorder, worker, **monitored))
    finally:
        recorder.abandon()  # of no effect once it is finished
        if not recorder.samples and not (folder / STOP_NAME).exists():
            _discard(folder)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a session was analysed with."""

    settings: AnalysisSettings
    model: bytes
    profile: CalibrationProfile | None = None


def kept_in(folder: Path, instead: str = INSTEAD) -> Kept:
    """What a session's folder keeps; settings and model are this program's own where it keeps none. Its montage is in its start document.

    instead: a sentence, what to do without a copy. Raises RecordingError when a copy is not what the start document says it was.
    """
    start = read_document(folder / START_NAME, StartDocument)
    settings, model = (_copy(folder, start, name, instead) for name in (SETTINGS_NAME, MODEL_NAME))
    try:
        return Kept(
            AnalysisSettings() if settings is None else msgspec.json.decode(settings, type=AnalysisSettings),
            MODEL_FILE.read_bytes() if model is None else model,
            profile_in(folder, start, instead),
        )
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RecordingError(
            f"{folder / SETTINGS_NAME} does not suit this version of the program ({error}): give --settings FILE.toml."
        ) from None


def profile_in(folder: Path, start: StartDocument, instead: str) -> CalibrationProfile | None:
    """The calibration profile that a session keeps, or None. instead: a sentence, what to do without it.

    Raises RecordingError when the copy is not what the start document says it was.
    """
    content = _copy(folder, start, PROFILE_NAME, instead)
    try:
        return None if content is None else decode_profile(content, str(folder / PROFILE_NAME))
    except ProfileDamaged as error:
        raise RecordingError(f"{error} {instead}") from None


def _copy(folder: Path, start: StartDocument, name: str, instead: str) -> bytes | None:
    """A file kept with the session, or None when it keeps none of that name."""
    if name not in start.copies:
        return None
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise RecordingError(f"{folder / name} cannot be read ({error.strerror}): put it back. {instead}") from None
    if hashlib.sha256(content).hexdigest() != start.copies[name]:
        raise RecordingError(f"{folder / name} is not what the session was recorded with: put it back. {instead}")
    return content


def import_recording(
    recording: Recording,
    store: Store,
    subject: str,
    montage: Montage,
    settings: AnalysisSettings,
    *,
    progress: Callable[[float], None] | None = None,
) -> tuple[Path, Burden]:
    """Take a file into the store as a session of its own, analysed; when that fails nothing of it stays.

    Raises RequestError, RecordingError or DiskError.
    """
    from hfs_emg.analysis.analyzer import Analyzer  # noqa: PLC0415 - brings the analyser

    signal = recording.signal
    model = MODEL_FILE.read_bytes()
    analyzer = Analyzer(signal, montage, settings, model)
    folder = store.new_session_folder(subject, recording.start_utc or datetime.now(UTC))
    spec = BoardSpec("file", "imported file", signal.rate_hz, len(signal.inputs), None, simulated=recording.simulated)
    start = start_document(
        session=folder.name,
        subject=subject,
        start_utc=recording.start_utc,
        board=spec,
        description={},
        montage=montage,
        software=SOFTWARE,
        notes=recording.notes,
    )
    recorder = Recorder(folder, start, signal=signal, copies=session_copies(montage, settings, model), patient=True)
    burden = Burden(montage)
    finished = False
    try:
        samples = _copy_in(recording, recorder, analyzer, burden, progress)
        valid_s = round(burden.valid_s(samples / signal.rate_hz), 3)
        recorder.finish("imported", valid_s=valid_s, sample_rate_hz=signal.rate_hz)
        finished = True
    finally:
        if not finished:
            recorder.abandon()
            _discard(folder)
    return folder, burden


def _copy_in(
    recording: Recording,
    recorder: Recorder,
    analyzer: Analyzer,
    burden: Burden,
    progress: Callable[[float], None] | None,
) -> int:
    """Record and analyse every block. Returns the number of samples."""

    def settle(findings: Findings) -> None:
        burden.add(findings)
        for episode in findings.episodes:
            recorder.episode(episode)

    samples = 0
    markers = list(recording.markers)
    for block in recording.blocks():
        recorder.write(block)
        while markers and markers[0].sample < block.end:
            recorder.marker(markers.pop(0))
        settle(analyzer.push(block))
        samples = block.end
        if progress is not None:
            progress(min(1.0, samples / max(1, recording.samples)))
    if not samples:
        raise RecordingError(f"{recording.name} holds no samples: there is nothing to import.")
    settle(analyzer.finish())
    return samples


def _discard(folder: Path) -> None:
    """A session that never came to be leaves nothing behind."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise DiskError(f"{folder} holds no samples and could not be removed ({error.strerror}): delete it.") from None
