"""One small file of every kind, for the checks that all importers must pass."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import edfio
import numpy as np

from calibration.montage import default_montage
from firmware_bridge.boards import CYTON, ads1299_microvolts_per_count
from hfs_emg.events import Episode, Kind
from hfs_emg.model import Block, Input, Marker, Signal
from hfs_emg.session.documents import start_document
from hfs_emg.session.recorder import Recorder

from .conftest import DATA, GANGLION, GUI_V4, GUI_V5, GUI_V6

LSB = ads1299_microvolts_per_count(24)


def some_counts(rows: int, channels: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(-30_000, 30_000, (rows, channels)).astype(np.int32)


def gui(name: str) -> Callable[[Path], Path]:
    """The first rows of a real file."""

    def make(folder: Path) -> Path:
        path = folder / "gui.txt"
        with gzip.open(DATA / f"{name}.gz") as file:
            path.write_bytes(b"".join(file.readline() for _ in range(120)))
        return path

    return make


def brainflow_text(counts: np.ndarray, columns: int, ids: np.ndarray, rate_hz: float, stop_byte: int = 0xC0) -> str:
    """Rows as DataFilter.write_file writes them, with a marker at row 50."""
    channels = counts.shape[1]
    lines = []
    for i, row in enumerate(counts):
        fields = [0.0] * columns
        fields[0] = ids[i]
        fields[1 : 1 + channels] = (row * LSB).tolist()
        fields[1 + channels + 3] = stop_byte
        fields[-2] = 1.7e9 + i / rate_hz
        fields[-1] = 2.0 if i == 50 else 0.0
        lines.append("\t".join(f"{v:.6f}" for v in fields) + "\n")
    return "".join(lines)


def brainflow(columns: int, channels: int, rate_hz: float, step: int, modulus: int) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "brainflow.csv"
        rows = np.delete(np.arange(130), [70, 71])
        path.write_text(brainflow_text(some_counts(130, channels)[rows], columns, rows * step % modulus, rate_hz))
        return path

    return make


def edf(folder: Path) -> Path:
    """16 bit, 250 Hz, with a slower signal, one without unit, and an annotation."""
    rng = np.random.default_rng(5)
    fast = [
        edfio.EdfSignal(rng.normal(0, 50, 1000), 250, label=label, physical_dimension="uV", physical_range=(-500, 500))
        for label in ("EMG L OOC", "EMG L OOR", "EMG R OOC", "EMG R OOR")
    ]
    slow = edfio.EdfSignal(rng.normal(0, 1, 200), 50, label="slow", physical_dimension="mV", physical_range=(-9, 9))
    unit = edfio.EdfSignal(rng.normal(0, 1, 1000), 250, label="SpO2", physical_dimension="%", physical_range=(-9, 9))
    notes = [edfio.EdfAnnotation(1.5, None, "smile"), edfio.EdfAnnotation(3.0, 0.5, "gap")]
    path = folder / "recording.edf"
    edfio.Edf([*fast, slow, unit], annotations=notes, data_record_duration=0.5).write(path)
    return path


def discontinuous_bdf(folder: Path) -> Path:
    """24 bit BDF+D of four records of a second each, at 0, 1, 4 and 6 s."""
    counts = some_counts(1000, 4)
    signals = [
        edfio.BdfSignal(
            column * LSB,
            250,
            label=f"EXG {i}",
            physical_dimension="uV",
            physical_range=(-187500, 187500),
            digital_range=(-8388607, 8388607),
        )
        for i, column in enumerate(counts.T)
    ]
    path = folder / "recording.bdf"
    edfio.Bdf(signals, annotations=[edfio.EdfAnnotation(4.5, None, "late")]).write(path)
    content = path.read_bytes()
    assert content.count(b"BDF+C") == 1
    content = content.replace(b"BDF+C", b"BDF+D")
    for written, moved in ((b"+2", b"+4"), (b"+3", b"+6")):
        assert content.count(written + b"\x14\x14") == 1
        content = content.replace(written + b"\x14\x14", moved + b"\x14\x14")
    path.write_bytes(content)
    return path


SPASM = Episode(
    id=1,
    start_s=0.5,
    end_s=1.0,
    kind=Kind.SPASM,
    side="left",
    sites=("orbicularis_oculi", "orbicularis_oris"),
    form="clonic",
    confidence=0.9,
    reason="Two sites of the left side started together.",
    bursts=(),
    first_provisional_s=0.6,
    settled_s=1.5,
)


def session(folder: Path) -> Path:
    """A session of two and a half seconds, of which 30 samples were lost."""
    inputs = tuple(Input(f"EXG {n + 1}", LSB) for n in range(8))
    signal = Signal(250.0, inputs, ("AUX 1",))
    start = start_document(
        session="x",
        subject="P1",
        start_utc=datetime(2026, 11, 20, tzinfo=UTC),
        board=CYTON,
        montage=default_montage(8),
        software="0.1.0",
    )
    counts = some_counts(625, 8)
    lost = np.zeros(625, np.bool_)
    lost[300:330] = True
    counts[lost] = counts[299]
    recorder = Recorder(folder / "session", start, signal=signal)
    recorder.write(Block(0, counts, lost, np.zeros((625, 1), np.int32)))
    recorder.marker(Marker(100, "smile"))
    recorder.episode(SPASM)
    recorder.finish("asked to", valid_s=595 / 250, sample_rate_hz=250.0)
    return folder / "session"


EXAMPLES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "gui-v4": ("OpenBCI GUI text", gui(GUI_V4)),
    "gui-v5": ("OpenBCI GUI text", gui(GUI_V5)),
    "gui-v6": ("OpenBCI GUI text", gui(GUI_V6)),
    "gui-ganglion": ("OpenBCI GUI text", gui(GANGLION)),
    "brainflow-cyton": ("BrainFlow CSV", brainflow(24, 8, 250.0, 1, 256)),
    "brainflow-daisy": ("BrainFlow CSV", brainflow(32, 16, 125.0, 2, 256)),
    "brainflow-ganglion": ("BrainFlow CSV", brainflow(15, 4, 200.0, 1, 201)),
    "edf": ("EDF or BDF", edf),
    "bdf-discontinuous": ("EDF or BDF", discontinuous_bdf),
    "session": ("session folder", session),
}
