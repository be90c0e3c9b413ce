"""A session from its beginning to its end: from a live board, or from a file that is taken into the store.

Settings, montage and model are copied into the session's folder and their hashes into its start document, so that every session can be
replayed as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from calibration.montage import Montage
from firmware_bridge.boards import Board, BoardSpec
from hfs_emg import __version__
from hfs_emg.analysis.burden import Burden
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.boards import signal_of
from hfs_emg.errors import DiskError, RecordingError
from hfs_emg.model import Recording
from hfs_emg.monitor import Monitor, Outcome, Status
from hfs_emg.session.documents import start_document
from hfs_emg.session.recorder import Recorder
from hfs_emg.session.store import Store
from hfs_emg.settings import montage_to_toml
from hfs_emg.worker import AnalysisWorker

MODEL_FILE = Path(__file__).parent / "analysis" / "model.json"
SETTINGS_NAME, MONTAGE_NAME, MODEL_NAME = "settings.json", "montage.toml", "model.json"


def session_copies(montage: Montage, settings: AnalysisSettings, model: bytes) -> dict[str, bytes]:
    """What a session keeps so that it can be replayed."""
    return {
        SETTINGS_NAME: msgspec.json.format(msgspec.json.encode(settings), indent=1),
        MONTAGE_NAME: montage_to_toml(montage).encode(),
        MODEL_NAME: model,
    }


def record_session(
    board: Board,
    store: Store,
    subject: str,
    montage: Montage,
    settings: AnalysisSettings,
    *,
    duration_s: float | None = None,
    on_status: Callable[[Status], None] | None = None,
    on_begin: Callable[[Monitor, Path], None] | None = None,
) -> tuple[Path, Outcome]:
    """Record one session from an opened board, which is closed at the end.

    on_begin gets the monitor, to stop or mark it, and the session's folder. Raises RequestError, DiskError or BridgeError when it cannot begin;
    once it has begun, link and disk errors end up in the outcome.
    """
    try:
        settings.band_hz(board.spec.rate_hz)
        signal = signal_of(board, montage)
        now = datetime.now(UTC)
        folder = store.new_session_folder(subject, now)
        model = MODEL_FILE.read_bytes()
        start = start_document(
            session=folder.name,
            subject=subject,
            start_utc=now,
            board=board.spec,
            description=board.description,
            montage=montage,
            software=f"hfs-emg {__version__}",
        )
        recorder = Recorder(folder, start, signal=signal, copies=session_copies(montage, settings, model))
        begun = False
        try:

            def analyzer() -> object:
                from hfs_emg.analysis.analyzer import Analyzer  # noqa: PLC0415 - brings scipy.signal, seconds on a Pi

                return Analyzer(signal, montage, settings, model)

            monitor = Monitor(
                board,
                signal,
                montage,
                recorder,
                AnalysisWorker(analyzer),  # type: ignore[arg-type]
                duration_s=duration_s,
                on_status=on_status,
            )
            if on_begin is not None:
                on_begin(monitor, folder)
            begun = True
            return folder, monitor.run()
        finally:
            if not begun or recorder.failed:
                recorder.abandon()
    finally:
        board.close()


def import_recording(
    recording: Recording,
    store: Store,
    subject: str,
    montage: Montage,
    settings: AnalysisSettings,
    progress: Callable[[float], None] | None = None,
) -> tuple[Path, Burden]:
    """Take a file into the store as a session of its own, analysed. Raises RequestError, RecordingError or DiskError."""
    from hfs_emg.analysis.analyzer import Analyzer  # noqa: PLC0415 - brings scipy.signal

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
        software=f"hfs-emg {__version__}",
        notes=recording.notes,
    )
    recorder = Recorder(folder, start, signal=signal, copies=session_copies(montage, settings, model))
    burden = Burden(montage)
    done = 0
    finished = False
    try:
        markers = list(recording.markers)
        for block in recording.blocks():
            recorder.write(block)
            while markers and markers[0].sample < block.end:
                recorder.marker(markers.pop(0))
            findings = analyzer.push(block)
            burden.add(findings)
            for episode in findings.episodes:
                recorder.episode(episode)
            done = block.end
            if progress is not None:
                progress(min(1.0, done / max(1, recording.samples)))
        if done == 0:
            raise RecordingError(f"{recording.name} holds no samples: there is nothing to import.")
        last = analyzer.finish()
        burden.add(last)
        for episode in last.episodes:
            recorder.episode(episode)
        valid = round(burden.valid_s(done / signal.rate_hz), 3)
        recorder.finish("imported", valid_s=valid, sample_rate_hz=signal.rate_hz)
        finished = True
    finally:
        if not finished:
            recorder.abandon()
            _discard(folder)
    return folder, burden


def _discard(folder: Path) -> None:
    """An import that failed leaves nothing behind: the file it came from is still there."""
    import shutil  # noqa: PLC0415

    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise DiskError(
            f"{folder} could not be removed after the import failed ({error.strerror}): delete it."
        ) from None
