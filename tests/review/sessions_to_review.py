"""A session with episodes to judge: no signal worth looking at, but a real folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from calibration.montage import default_montage
from firmware_bridge.boards import CYTON, ads1299_microvolts_per_count
from hfs_emg.events import Burst, Episode, Kind
from hfs_emg.model import Block, Input, Marker, Signal
from hfs_emg.session.documents import start_document
from hfs_emg.session.recorder import Recorder

NOW = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
MONTAGE = default_montage(8)
SITES = ("orbicularis_oculi", "zygomaticus")


def episode(number: int, start_s: float, kind: Kind = Kind.SPASM, **changes: object) -> Episode:
    end_s = float(changes.pop("end_s", start_s + 0.4))  # type: ignore[arg-type]
    side = str(changes.get("side", "right"))
    letter = "L" if side == "left" else "R"
    bursts = (
        Burst(f"EMG {letter} OOC", start_s, start_s + 0.15, 80.0),
        Burst(f"EMG {letter} ZYG", end_s - 0.1, end_s, 40.0),
    )
    values: dict[str, object] = {
        "id": number,
        "start_s": start_s,
        "end_s": end_s,
        "kind": kind,
        "side": side,
        "sites": SITES,
        "form": "clonic" if kind is Kind.SPASM else None,
        "confidence": 0.9,
        "reason": "Two sites within 20 ms, the other side quiet.",
        "bursts": bursts,
        "first_provisional_s": None,
        "settled_s": end_s + 1,
    }
    return Episode(**(values | changes))  # type: ignore[arg-type]


def session_of(
    store: Path,
    episodes: list[Episode],
    seconds: int = 60,
    *,
    start_utc: datetime = NOW,
    valid_s: float | None = None,
    rate_hz: float = 250.0,
    markers: Sequence[tuple[int, str]] = (),
) -> Path:
    """A finished session of P014 with these episodes."""
    name = f"{start_utc:%Y%m%dT%H%M%SZ}-1a2b"
    width = ads1299_microvolts_per_count(24)
    signal = Signal(rate_hz, tuple(Input(label, width) for label in MONTAGE.input_labels(8)), ())
    start = start_document(
        session=name, subject="P014", start_utc=start_utc, board=CYTON, montage=MONTAGE, software="hfs-emg 0.1.0"
    )
    folder = store / "P014" / name
    recorder = Recorder(folder, start, signal=signal)
    rng = np.random.default_rng(1)
    samples = int(seconds * rate_hz)
    counts = rng.integers(-90, 90, (samples, 8), dtype=np.int32)
    recorder.write(Block(0, counts, np.zeros(samples, np.bool_), np.zeros((samples, 0), np.int32)))
    for sample, text in markers:
        recorder.marker(Marker(sample, text))
    for found in episodes:
        recorder.episode(found)
    recorder.finish("done", valid_s=float(seconds) if valid_s is None else valid_s, sample_rate_hz=rate_hz)
    return folder
