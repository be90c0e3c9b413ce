"""A recording as arrays, for comparison."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.model import Recording


def counts_of(recording: Recording, samples_per_block: int = 15_000) -> NDArray[np.int32]:
    return np.concatenate([b.counts for b in recording.blocks(samples_per_block)])


def lost_of(recording: Recording, samples_per_block: int = 15_000) -> NDArray[np.bool_]:
    return np.concatenate([b.lost for b in recording.blocks(samples_per_block)])


def microvolts_of(recording: Recording) -> NDArray[np.float64]:
    scale = np.array([i.microvolts_per_count for i in recording.signal.inputs])
    offset = np.array([i.offset_uv for i in recording.signal.inputs])
    return np.asarray(counts_of(recording) * scale + offset)
