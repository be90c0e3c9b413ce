"""A link in virtual time: samples at a true rate, delivered in clumps, with stretches lost or delayed.

The count of sample i on input n is i, so that a block's counts say which samples it holds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import BoardSpec, Reading
from hfs_emg.acquisition import Acquisition
from hfs_emg.model import Block

BEGIN_S = 1000.0


class Link:
    """Delivers samples 0 … total-1 of a board. lost, stalled: [from, to) in samples; a stalled stretch comes at its end."""

    def __init__(
        self,
        spec: BoardSpec,
        total: int,
        *,
        true_hz: float | None = None,
        clump_s: float = 0.06,
        lost: Iterable[tuple[int, int]] = (),
        stalled: Iterable[tuple[int, int]] = (),
    ) -> None:
        self.spec = spec
        true_hz = true_hz or spec.rate_hz
        keep = np.ones(total, np.bool_)
        for a, b in lost:
            keep[a:b] = False
        self.indices = np.flatnonzero(keep)
        arrival = BEGIN_S + np.ceil((self.indices + 1) / true_hz / clump_s) * clump_s
        for a, b in stalled:
            inside = (self.indices >= a) & (self.indices < b)
            arrival[inside] = np.maximum(arrival[inside], BEGIN_S + b / true_hz)
        self.arrival_s = np.maximum.accumulate(arrival)
        self.counters = self.indices * spec.counter_step % (spec.counter_modulus or 256)

    def readings(self, longest: int | None = None) -> Iterator[Reading]:
        """One reading per clump, in pieces of at most `longest` samples."""
        cuts = [0, *(np.flatnonzero(np.diff(self.arrival_s)) + 1).tolist(), len(self.indices)]
        for start, end in itertools.pairwise(cuts):
            for at in range(start, end, longest or max(1, end - start)):
                yield self.reading(at, min(end, at + (longest or end)))

    def reading(self, start: int, end: int, *, restarted: bool = False) -> Reading:
        """Delivered samples start to end, by their order of delivery."""
        counts = np.repeat(self.indices[start:end, np.newaxis], self.spec.exg_channels, axis=1).astype(np.int32)
        aux = np.repeat(self.indices[start:end, np.newaxis], len(self.spec.aux_labels), axis=1).astype(np.int32)
        return Reading(counts, self.counters[start:end], self.arrival_s[start:end], aux, restarted=restarted)


def blocks_of(acquisition: Acquisition, readings: Iterable[Reading]) -> list[Block]:
    blocks = [block for reading in readings for block in acquisition.push(reading)]
    return blocks + acquisition.finish()


def assert_in_place(blocks: list[Block]) -> NDArray[np.bool_]:
    """Blocks are contiguous, samples that came stand at their own index, lost ones repeat the last. Returns the lost mask."""
    counts = np.concatenate([b.counts[:, 0] for b in blocks])
    lost = np.concatenate([b.lost for b in blocks])
    position = 0
    for block in blocks:
        assert block.start == position
        assert block.counts.flags.c_contiguous
        assert block.counts.dtype == block.aux.dtype == np.int32
        assert len(block.counts) == len(block.lost) == len(block.aux)
        position = block.end
    indices = np.arange(len(counts))
    assert np.array_equal(counts[~lost], indices[~lost])
    last_that_came = np.maximum.accumulate(np.where(lost, -1, indices))
    assert np.array_equal(counts, last_that_came)
    return lost
