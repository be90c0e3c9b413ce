"""Sessions whose every sample is known from a seed: what is recorded, and what must come back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.montage import default_montage
from firmware_bridge.boards import CYTON, ads1299_microvolts_per_count
from hfs_emg.events import Burst, Episode, Kind
from hfs_emg.model import Block, Input, Marker, Signal
from hfs_emg.session.documents import start_document
from hfs_emg.session.reader import Session
from hfs_emg.session.recorder import Recorder

RATE = 250
MONTAGE = default_montage(8)
SIGNAL = Signal(
    float(RATE), tuple(Input(label, ads1299_microvolts_per_count(24)) for label in MONTAGE.input_labels(8)), ("AUX 1",)
)
START = datetime(2026, 11, 20, 18, 53, 23, tzinfo=UTC)


def recorder_in(folder: Path) -> Recorder:
    """A recorder of a session with copies of its settings."""
    start = start_document(
        session=folder.name, subject="P014", start_utc=START, board=CYTON, montage=MONTAGE, software="hfs-emg"
    )
    return Recorder(folder, start, signal=SIGNAL, copies={"settings.json": b'{"a": 1}\n'}, patient=True)


_LONGEST_LOSS = 64


def counts(first: int, end: int, seed: int) -> NDArray[np.int32]:
    """(samples, 9) of which each tells its sample, column and seed; a lost one repeats the last that came, as every loss is filled."""
    before = max(0, first - _LONGEST_LOSS)
    numbers = np.arange(before, end, dtype=np.int64)
    came = np.maximum.accumulate(np.where(lost(before, end, seed), 0, numbers))
    samples = came[first - before :, None]
    return ((samples * 8191 + np.arange(9) * 524287 + seed * 7919) % 2**24 - 2**23).astype(np.int32)


def lost(first: int, end: int, seed: int) -> NDArray[np.bool_]:
    """(samples,) True in two stretches of every 20 s, one of which crosses a second."""
    at = (np.arange(first, end) + 131 * seed) % (20 * RATE)
    return (at < 40) | ((at >= 9 * RATE + 240) & (at < 9 * RATE + 270))


def blocks(seed: int, samples: int) -> Iterator[Block]:
    """The recording in blocks of random length."""
    rng = np.random.default_rng(seed)
    at = 0
    while at < samples:
        end = min(at + int(rng.integers(1, 120)), samples)
        columns = counts(at, end, seed)
        yield Block(
            at,
            np.ascontiguousarray(columns[:, :8]),
            lost(at, end, seed),
            np.ascontiguousarray(columns[:, 8:]),
            float(end),
        )
        at = end


def words(recorder: Recorder, block: Block) -> None:
    """Ten events a second: a marker at every 25th sample, an episode each second."""
    for sample in range(-(-block.start // 25) * 25, block.end, 25):
        recorder.marker(Marker(sample, f"marker at {sample}"))
        if sample % RATE == 0:
            recorder.episode(episode(sample // RATE))


def episode(second: int) -> Episode:
    bursts = (Burst("EMG L OOC", second + 0.1, second + 0.5, 55.5),)
    sites = ("orbicularis_oculi", "zygomaticus")
    return Episode(
        second, second + 0.1, second + 0.5, Kind.SPASM, "left", sites, "clonic", 0.9, "why", bursts, None, second + 1.0
    )


class Comparison:
    """What came back, sample by sample, against what was recorded.

    right: as it was, and lost where it was lost. wrong: handed over as sound with another value: the one thing that must not be.
    unmarked: lost once, now handed over as sound.
    """

    def __init__(self, session: Session, seed: int) -> None:
        self.samples = session.samples
        found = [(b.counts, b.lost) for b in session.blocks()]
        values = np.concatenate([c for c, _ in found]) if found else np.empty((0, 8), np.int32)
        away = np.concatenate([x for _, x in found]) if found else np.empty(0, np.bool_)
        same = (values == counts(0, len(values), seed)[:, :8]).all(axis=1)
        was_lost = lost(0, len(values), seed)
        self.right: NDArray[np.bool_] = same & (away == was_lost)
        self.wrong = int((~away & ~same).sum())
        self.unmarked = int((~away & was_lost).sum())
        self.markers = {m.sample for m in session.markers if m.text == f"marker at {m.sample}"}
        self.episodes = {e.id for e in session.episodes() if e == episode(e.id)}
