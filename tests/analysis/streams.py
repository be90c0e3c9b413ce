"""Streams to analyse, whole and cut at random, sound and damaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.events import Episode, Findings, InProgress, Invalid
from hfs_emg.model import Block, Montage, Signal
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario


@dataclass(frozen=True)
class Stream:
    signal: Signal
    montage: Montage
    counts: NDArray[np.int32]
    lost: NDArray[np.bool_]


def simulated(scenario: str, seconds: float, *, seed: int = 1, rate_hz: float = 250.0, channels: int = 8) -> Stream:
    face = SimulatedFace(load_scenario(scenario), seed=seed, rate_hz=rate_hz, channels=channels)
    counts = face.read(0, int(seconds * rate_hz))
    return Stream(face.signal, face.montage, counts, np.zeros(len(counts), dtype=np.bool_))


def damaged(stream: Stream, seed: int) -> Stream:
    """The same with single losses, holes up to seconds, rails, flat lines and wild counts."""
    rng = np.random.default_rng(seed)
    counts, lost = stream.counts.copy(), stream.lost.copy()
    n = len(counts)
    for length in (*([1] * 12), 3, 5, 6, 30, 255, 700):
        start = int(rng.integers(0, n - length))
        lost[start : start + length] = True
        counts[start : start + length] = counts[max(0, start - 1)]
    for value in (0x7FFFFF, -0x800000, 12345):
        start = int(rng.integers(0, n - 200))
        counts[start : start + int(rng.integers(2, 200)), int(rng.integers(0, counts.shape[1]))] = value
    for _ in range(4):
        counts[int(rng.integers(0, n))] = rng.integers(-0x800000, 0x7FFFFF, counts.shape[1])
    return Stream(stream.signal, stream.montage, counts, lost)


def shortened(stream: Stream, samples: int) -> Stream:
    return Stream(stream.signal, stream.montage, stream.counts[:samples], stream.lost[:samples])


def pushed(stream: Stream, sizes: list[int], analyzer: Analyzer) -> Iterator[tuple[int, Findings]]:
    """What each push finds when the stream is cut into blocks of these sizes, used again and again, and where the push ended."""
    at = turn = 0
    while at < len(stream.counts):
        end = min(at + sizes[turn % len(sizes)], len(stream.counts))
        aux = np.zeros((end - at, 0), dtype=np.int32)
        yield end, analyzer.push(Block(at, stream.counts[at:end], stream.lost[at:end], aux))
        at, turn = end, turn + 1


def in_progress(stream: Stream, sizes: list[int]) -> list[tuple[int, tuple[InProgress, ...]]]:
    """After each push, where it ended and what was in progress."""
    analyzer = Analyzer(stream.signal, stream.montage)
    return [(end, found.in_progress) for end, found in pushed(stream, sizes, analyzer)]


def findings(stream: Stream, sizes: list[int]) -> tuple[list[Episode], list[Invalid]]:
    """What one analyser finds in the whole."""
    analyzer = Analyzer(stream.signal, stream.montage)
    found = [found for _, found in pushed(stream, sizes, analyzer)] + [analyzer.finish()]
    invalid = [i for f in found for i in f.invalid]
    episodes = [e for f in found for e in f.episodes]
    return episodes, sorted(invalid, key=lambda i: (i.start_s, i.end_s, i.reason, i.channels or ()))
