"""What every test of sessions needs: a signal, a start document, random blocks."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.montage import default_montage
from firmware_bridge.boards import CYTON, ads1299_microvolts_per_count
from hfs_emg.events import Burst, Episode, Kind
from hfs_emg.model import Block, Input, Marker, Recording, Signal
from hfs_emg.session.documents import StartDocument, start_document
from hfs_emg.session.recorder import Recorder

START = datetime(2026, 11, 20, 18, 53, 23, 120_000, tzinfo=UTC)
MONTAGE = default_montage(4)


def signal_of(rate_hz: float = 250.0, aux: int = 1) -> Signal:
    width = ads1299_microvolts_per_count(24)
    inputs = tuple(Input(label, width) for label in MONTAGE.input_labels(4))
    return Signal(rate_hz, inputs, tuple(f"AUX {n + 1}" for n in range(aux)))


def start_of(session: str = "20261120T185323Z-1a2b", start_utc: datetime | None = START) -> StartDocument:
    return start_document(
        session=session, subject="P014", start_utc=start_utc, board=CYTON, montage=MONTAGE, software="0.1.0"
    )


def recorder_in(folder: Path, signal: Signal | None = None, **options: object) -> Recorder:
    return Recorder(folder, start_of(), signal=signal or signal_of(), **options)  # type: ignore[arg-type]


def random_samples(count: int, signal: Signal, seed: int = 0) -> Block:
    """One block of the whole 24-bit range, with losses."""
    rng = np.random.default_rng(seed)
    columns = len(signal.inputs) + len(signal.aux_labels)
    samples = rng.integers(-0x800000, 0x800000, (count, columns), dtype=np.int32)
    lost = np.repeat(rng.random(count // 40 + 1) < 0.1, 40)[:count]
    inputs = len(signal.inputs)
    return Block(0, np.ascontiguousarray(samples[:, :inputs]), lost, np.ascontiguousarray(samples[:, inputs:]), 7.5)


def cut(whole: Block, cuts: Iterable[int]) -> list[Block]:
    """The same samples in several blocks."""
    edges = [0, *sorted({c for c in cuts if 0 < c < len(whole.counts)}), len(whole.counts)]
    return [
        Block(a, whole.counts[a:b], whole.lost[a:b], whole.aux[a:b], whole.arrival_s)
        for a, b in itertools.pairwise(edges)
    ]


def joined(
    recording: Recording, samples_per_block: int = 15_000
) -> tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.int32]]:
    """Counts, lost mask and aux of a whole recording."""
    blocks = list(recording.blocks(samples_per_block))
    position = 0
    for block in blocks:
        assert block.start == position
        assert block.counts.flags.c_contiguous
        assert len(block.counts) <= samples_per_block
        position = block.end
    inputs, aux = len(recording.signal.inputs), len(recording.signal.aux_labels)
    counts = np.concatenate([b.counts for b in blocks]) if blocks else np.empty((0, inputs), np.int32)
    lost = np.concatenate([b.lost for b in blocks]) if blocks else np.empty(0, np.bool_)
    columns = np.concatenate([b.aux for b in blocks]) if blocks else np.empty((0, aux), np.int32)
    return counts, lost, columns


def assert_same(recording: Recording, whole: Block, samples: int | None = None) -> None:
    """The recording holds the first `samples` of `whole` exactly."""
    samples = len(whole.counts) if samples is None else samples
    counts, lost, aux = joined(recording)
    assert recording.samples == samples == len(counts)
    assert np.array_equal(counts, whole.counts[:samples])
    assert np.array_equal(lost, whole.lost[:samples])
    assert np.array_equal(aux, whole.aux[:samples])


def episode(number: int, start_s: float, sites: tuple[str, ...] = ("orbicularis_oculi", "zygomaticus")) -> Episode:
    bursts = (Burst("EMG L OOC", start_s, start_s + 0.4, 55.5),)
    return Episode(
        number, start_s, start_s + 0.4, Kind.SPASM, "left", sites, "clonic", 0.934, "why", bursts, None, start_s + 1.0
    )


def finished_in(folder: Path, samples: int = 1330, signal: Signal | None = None) -> Block:
    """A finished session of random samples in a folder; what was recorded is returned."""
    signal = signal or signal_of()
    whole = random_samples(samples, signal)
    recorder = recorder_in(folder, signal)
    for block in cut(whole, range(0, samples, 37)):
        recorder.write(block)
    recorder.finish("stopped", valid_s=5.0, sample_rate_hz=250.3, restarts=1, estimated_samples=11)
    return whole


def interrupted_in(folder: Path, samples: int = 1330) -> Block:
    """A session whose recorder went away without a stop document."""
    whole = random_samples(samples, signal_of())
    recorder = recorder_in(folder)
    for k, block in enumerate(cut(whole, range(0, samples, 100))):
        recorder.write(block)
        recorder.marker(Marker(block.start, f"marker {k}"))
        recorder.episode(episode(k, block.start / 250))
    recorder.abandon()
    return whole


def lines_of(folder: Path, name: str) -> list[dict[str, object]]:
    """What the lines of a journal say."""
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


@contextlib.contextmanager
def without_the_rights_of_root() -> Iterator[None]:
    """Permissions bind root too within this: its thread lays CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH aside (capabilities(7))."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this thread
    held = (ctypes.c_uint32 * 6)()  # twice: effective, permitted, inheritable
    assert libc.capget(header, held) == 0
    less = type(held)(*held)
    less[0] &= ~(1 << 1 | 1 << 2)
    assert libc.capset(header, less) == 0, ctypes.get_errno()
    try:
        yield
    finally:
        assert libc.capset(header, held) == 0
