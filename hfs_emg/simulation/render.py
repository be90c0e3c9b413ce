"""A face as the blocks that recorders and analysers take."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hfs_emg.model import Block
from hfs_emg.simulation.face import SimulatedFace


def blocks(face: SimulatedFace, duration_s: float, block_samples: int = 15_000) -> Iterator[Block]:
    """The first duration_s of a face that was not read yet, in blocks of block_samples; the last one may be shorter.
    Nothing is lost."""
    total = round(duration_s * face.signal.rate_hz)
    for start in range(0, total, block_samples):
        length = min(block_samples, total - start)
        yield Block(
            start=start,
            counts=face.read(start, length),
            lost=np.zeros(length, np.bool_),
            aux=np.zeros((length, len(face.signal.aux_labels)), np.int32),
        )
