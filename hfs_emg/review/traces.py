"""Filtered signal around an event, wherever in the session it lies, without reading what lies before it.

The filters begin eight seconds earlier, so that the mains has been found by then, as in `hfs_emg.figures`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage
from hfs_emg.errors import RequestError
from hfs_emg.session.reader import Session
from hfs_emg.sessions import Kept

WARM_UP_S = 8.0
LONGEST_S = 60.0
MOST_POINTS = 4000
"""Of a channel: where there are more, each pair of points is the least and the greatest of its samples."""


def emg_of(
    session: Session, montage: Montage, kept: Kept, start_s: float, end_s: float
) -> tuple[int, NDArray[np.float64]]:
    """(index of the first sample, (channels, n) µV) of a stretch, as far as the session reaches. Raises RecordingError."""
    from hfs_emg.analysis.conditioning import Conditioner  # noqa: PLC0415 - brings the analyser
    from hfs_emg.analysis.frames import FrameClock  # noqa: PLC0415

    rate = session.signal.rate_hz
    first, last = max(0, round(start_s * rate)), min(session.samples, round(end_s * rate))
    block = session.stretch(first - round(WARM_UP_S * rate), last)
    rows = [c.input for c in montage.channels]
    scale = np.array([session.signal.inputs[i].microvolts_per_count for i in rows])[:, None]
    clock = FrameClock.at(rate)
    conditioner = Conditioner(rate, len(rows), clock.second * clock.hop, kept.settings)
    return first, conditioner.push(block.counts[:, rows].T * scale, block.lost).emg[:, first - block.start :]


def trace(
    session: Session, montage: Montage, kept: Kept, start_s: float, end_s: float
) -> tuple[float, float, NDArray[np.float32]]:
    """(time of the first point, points a second, (channels, points) µV). Raises RequestError for a stretch that cannot be."""
    if not 0 <= end_s - start_s <= LONGEST_S:
        raise RequestError(f"At most {LONGEST_S:g} s are shown at once.")
    rate = session.signal.rate_hz
    first, emg = emg_of(session, montage, kept, start_s, end_s)
    step = -(-emg.shape[1] * 2 // MOST_POINTS)
    if step <= 2:
        return first / rate, rate, emg.astype(np.float32)
    whole = emg[:, : emg.shape[1] // step * step].reshape(len(emg), -1, step)
    both = np.stack([whole.min(axis=2), whole.max(axis=2)], axis=2).reshape(len(emg), -1)
    return first / rate, 2 * rate / step, both.astype(np.float32)
