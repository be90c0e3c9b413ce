"""What the analyser's thread does with the blocks that it is handed."""

from __future__ import annotations

import numpy as np
import pytest
from waiting import LIMIT_S

from hfs_emg.events import Findings, Invalid
from hfs_emg.model import Block
from hfs_emg.worker import AnalysisWorker

RATE_HZ = 250.0


class Tape:
    """Stands in for the analyser: notes where each block began and how long it was."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int]] = []

    def push(self, block: Block) -> Findings:
        self.heard.append((block.start, len(block.counts)))
        return Findings((), (), (), 0.0)

    def still_invalid(self) -> list[Invalid]:
        return []

    def finish(self) -> Findings:
        return Findings((), (), (), 0.0)


def blocks(*sizes: int) -> list[Block]:
    ends = np.cumsum(sizes).tolist()
    return [
        Block(end - n, np.zeros((n, 2), np.int32), np.zeros(n, np.bool_), np.zeros((n, 0), np.int32))
        for n, end in zip(sizes, ends, strict=True)
    ]


def analysed(*sizes: int) -> list[tuple[int, int]]:
    tape = Tape()
    worker = AnalysisWorker(lambda: tape, RATE_HZ)  # type: ignore[arg-type]
    for block in blocks(*sizes):
        worker.put(block)
    worker.finish()
    assert worker.error is None
    return tape.heard


def test_less_than_40_ms_waits_for_more() -> None:
    """A serial port hands over two or three samples at a time; waking up for each costs more than analysing them."""
    assert analysed(2, 3, 2, 2) == [(0, 9)]


@pytest.mark.parametrize("sizes", [(2,) * 40, (3, 1, 700, 2, 2, 2), (10, 9)])
def test_all_of_it_is_analysed_in_order_and_in_no_small_pieces(sizes: tuple[int, ...]) -> None:
    heard = analysed(*sizes)
    ends = np.cumsum([n for _, n in heard]).tolist()
    assert [start for start, _ in heard] == [0, *ends[:-1]]
    assert ends[-1] == sum(sizes)
    assert all(n >= 10 for _, n in heard[:-1])


def test_a_long_block_is_analysed_without_waiting_for_the_end() -> None:
    tape = Tape()
    worker = AnalysisWorker(lambda: tape, RATE_HZ)  # type: ignore[arg-type]
    worker.put(blocks(10)[0])
    with worker._changed:
        assert worker._changed.wait_for(lambda: worker.analysed_samples == 10, timeout=LIMIT_S)
    worker.finish()
