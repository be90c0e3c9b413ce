"""One small file of every kind, for the checks that all importers must pass."""

from __future__ import annotations

import gzip
import struct
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


def sd_row(sample: int, codes: np.ndarray, aux: str = "") -> str:
    """A row as the firmware writes it."""
    return f"{sample % 256:02X}," + ",".join(f"{int(c) & 0xFFFFFF:06X}" for c in codes) + aux + "\n"


def sd_text(counts: np.ndarray, *, pause_after: int | None = None, pause_ms: int = 0, rate_hz: int | None = 250) -> str:
    """An SD card's file, with auxiliary words in every tenth row and a pause, after which the ids begin anew."""
    lines = ["%STOP AT\n", "00001C70\n"]
    first = 0
    for i, row in enumerate(counts):
        if pause_after is not None and i == pause_after:
            stopped = 0x1C70 + 4 * i
            lines += ["%START AT\n", f"{stopped:08X}\n", "%STOP AT\n", f"{stopped + pause_ms:08X}\n"]
            first = i
        lines.append(sd_row(i - first, row, ",0010,FFF0,03A0" if i % 10 == 9 else ""))
    if rate_hz is not None:
        lines += [
            "%START AT\n",
            "0000F000\n",
            "\n%SamplingFreq:\n",
            f"{rate_hz:08X}\n",
            "%Total time mS:\n",
            "00005F53\n",
        ]
        lines += [
            "%min Write time uS:\n",
            "0000012B\n",
            "%max Write time uS:\n",
            "00000131\n",
            "%Over:\n",
            "00000000\n",
            "%block, uS\n",
        ]
    return "".join(lines)


def sd_card(folder: Path) -> Path:
    """Eight inputs, a pause of 0.4 s, and a card that was made longer than it is filled."""
    path = folder / "OBCI_01.TXT"
    path.write_bytes(sd_text(some_counts(300, 8), pause_after=120, pause_ms=400).encode() + b"\x00" * 5000)
    return path


def sd_daisy(folder: Path) -> Path:
    """Sixteen inputs, taken out of the board before the end was written."""
    path = folder / "OBCI_02.TXT"
    path.write_text(sd_text(some_counts(200, 16), rate_hz=None) + "C8,00")
    return path


def xdf_chunk(tag: int, content: bytes) -> bytes:
    return b"\x04" + struct.pack("<I", len(content) + 2) + struct.pack("<H", tag) + content


def xdf_header(number: int, kind: str, form: str, rate_hz: float, channels: list[tuple[str, str]]) -> bytes:
    described = "".join(f"<channel><label>{label}</label><unit>{unit}</unit></channel>" for label, unit in channels)
    text = (
        f"<?xml version='1.0'?><info><name>{kind} stream</name><type>{kind}</type><channel_count>{len(channels)}</channel_count>"
        f"<nominal_srate>{rate_hz}</nominal_srate><channel_format>{form}</channel_format><created_at>1.0</created_at>"
        f"<desc><channels>{described}</channels></desc></info>"
    )
    return xdf_chunk(2, struct.pack("<I", number) + text.encode())


def xdf_samples(number: int, values: np.ndarray, stamps: list[float | None]) -> bytes:
    rows = b"".join(
        (b"\x00" if stamp is None else b"\x08" + struct.pack("<d", stamp)) + row.tobytes()
        for stamp, row in zip(stamps, values, strict=True)
    )
    return xdf_chunk(3, struct.pack("<I", number) + b"\x04" + struct.pack("<I", len(values)) + rows)


def xdf_words(number: int, words: list[tuple[float, str]]) -> bytes:
    rows = b"".join(
        b"\x08" + struct.pack("<d", stamp) + b"\x04" + struct.pack("<I", len(text.encode())) + text.encode()
        for stamp, text in words
    )
    return xdf_chunk(3, struct.pack("<I", number) + b"\x01" + struct.pack("<B", len(words)) + rows)


def xdf_file(*chunks: bytes) -> bytes:
    when = b"<?xml version='1.0'?><info><version>1.0</version><datetime>2026-11-20T12:00:00+0100</datetime></info>"
    return b"XDF:" + xdf_chunk(1, when) + b"".join(chunks)


def xdf(folder: Path) -> Path:
    """Eight inputs of float32 at 250 Hz, half of their stamps left out, a pause of two seconds; words in another clock; a slow stream."""
    counts = some_counts(1500, 8)
    microvolts = (counts * LSB).astype("<f4")
    stamps = [100 + i / 250 + (2.0 if i >= 900 else 0.0) for i in range(1500)]
    told = [s if i % 50 == 0 else None for i, s in enumerate(stamps)]
    names = [(f"EMG {n}", "microvolts") for n in range(8)]
    offset = struct.pack("<I", 2) + struct.pack("<dd", 5000.0, -4900.0)
    path = folder / "recording.xdf"
    path.write_bytes(
        xdf_file(
            xdf_header(1, "EMG", "float32", 250.0, names),
            xdf_header(2, "Markers", "string", 0.0, [("words", "")]),
            xdf_header(3, "Gaze", "double64", 60.0, [("x", "normal")]),
            *(xdf_samples(1, microvolts[a : a + 100], told[a : a + 100]) for a in range(0, 700, 100)),
            xdf_chunk(4, offset),
            xdf_words(2, [(5001.0, "smile"), (5006.5, "rest")]),
            xdf_samples(3, np.zeros((60, 1)), [101 + i / 60 for i in range(60)]),
            *(xdf_samples(1, microvolts[a : a + 100], told[a : a + 100]) for a in range(700, 1500, 100)),
            xdf_chunk(5, b"0123456789abcdef"),
        )
    )
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
    "sd-card": ("OpenBCI SD card", sd_card),
    "sd-daisy": ("OpenBCI SD card", sd_daisy),
    "xdf": ("XDF", xdf),
    "session": ("session folder", session),
}
