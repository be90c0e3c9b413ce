"""A store of three sessions, small enough to be exported in every format, and what the tests of exporters share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from calibration.montage import default_montage
from firmware_bridge.boards import CYTON, ads1299_microvolts_per_count
from hfs_emg.events import Burst, Episode, Kind
from hfs_emg.exports.shared import SharedSession, share
from hfs_emg.model import Block, Input, Marker, Signal
from hfs_emg.session.documents import start_document
from hfs_emg.session.recorder import Recorder

START = datetime(2026, 3, 4, 5, 6, 7, 120_000, tzinfo=UTC)
SECONDS = 12
PER_SECOND = 10
TRUE_DATES = ("2026-03", "202603", "04.03.26", "04-MAR-2026")
"""How the month of the recordings is written in one format or another."""

_KINDS = (Kind.SPASM, Kind.BLINK, Kind.VOLUNTARY, Kind.ARTEFACT, Kind.TWITCH)


def episodes(seconds: int = SECONDS, per_second: int = PER_SECOND) -> list[Episode]:
    """So many a second, of several kinds, each at its own time."""
    found = []
    for n in range(seconds * per_second):
        start = round(n / per_second + 0.003 * (n % 7), 3)
        kind = _KINDS[n % len(_KINDS)]
        spasm = kind is Kind.SPASM
        bursts = (Burst("EMG L OOC", start, start + 0.05, 40.5), Burst("EMG L ZYG", start + 0.01, start + 0.04, 31.25))
        side = None if kind is Kind.ARTEFACT else "both" if kind is Kind.BLINK else "left"
        found.append(
            Episode(
                n + 1, start, round(start + 0.06, 3), kind, side, ("orbicularis_oculi", "zygomaticus"),
                "clonic" if spasm else None, 0.5 + 0.004 * (n % 100), "Two sites of one side, \"together\".", bursts, None, start + 1,
            )
        )  # fmt: skip
    return found


def counts_of(seconds: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, 8) of an electrode's offset of some mV and noise, with the rails once, and (n,) lost: thirty samples."""
    rng = np.random.default_rng(seed)
    n = round(seconds * 250) - 70  # the last record is not full
    counts = (rng.normal(0, 600, (n, 8)) + rng.integers(-400_000, 400_000, 8)).astype(np.int32)
    counts[40, 0], counts[41, 0] = 0x7FFFFF, -0x7FFFFF
    lost = np.zeros(n, np.bool_)
    lost[500:530] = True
    counts[lost] = counts[499]
    return counts, lost


def record(
    folder: Path,
    subject: str,
    day: int,
    *,
    seconds: int = SECONDS,
    simulated: bool = False,
    aux: int = 1,
    busy: bool = True,
) -> Path:
    """One session of the store."""
    width = ads1299_microvolts_per_count(24)
    montage = default_montage(8)
    signal = Signal(
        250.0,
        tuple(Input(label, width) for label in montage.input_labels(8)),
        tuple(f"AUX {i + 1}" for i in range(aux)),
    )
    moment = START + timedelta(days=day)
    counts, lost = counts_of(seconds, day)
    target = folder / subject / f"{moment:%Y%m%dT%H%M%SZ}-{day:04x}"
    start = start_document(
        session=target.name, subject=subject, start_utc=moment, board=replace(CYTON, simulated=simulated),
        montage=montage, software="hfs-emg 0.1.0",
    )  # fmt: skip
    target.mkdir(parents=True)
    target.rmdir()
    recorder = Recorder(target, start, signal=signal, patient=True)
    recorder.write(Block(0, counts, lost, np.tile(np.arange(len(counts), dtype=np.int32)[:, None] % 1000, (1, aux))))
    recorder.marker(Marker(100, "smile, then\trest"))
    for episode in episodes(seconds) if busy else []:
        if episode.end_s * 250 < len(counts):
            recorder.episode(episode)
    recorder.finish("asked to", valid_s=len(counts) / 250 - 1, sample_rate_hz=250.2)
    return target


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """P1 twice, P2 once and simulated."""
    root = tmp_path_factory.mktemp("store")
    record(root, "P1", 0)
    record(root, "P1", 3)
    record(root, "P2", 5, simulated=True)
    return root


@pytest.fixture(scope="session")
def sessions(store: Path) -> list[SharedSession]:
    return [share(folder, store) for folder in sorted(store.glob("P*/*"))]
