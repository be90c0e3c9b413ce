"""Whether what a file holds is raw EMG: an envelope cannot be analysed, and looks like a quiet muscle if one tries.

Raw EMG swings to both sides of its middle, and turns around dozens of times a second; an envelope is never below zero and skewed (a
rectified signal, a moving RMS), or it is smooth. Looked at are the first two minutes. Turns: 100 and more a second are usual in raw EMG
(Willison, Arch Neurol 1964, counts them at 100 µV and more), noise alone has more; an envelope low-passed at f Hz has about 2 f.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.errors import RecordingError
from hfs_emg.model import Recording

LOOKED_AT_S = 120.0
LEAST_S = 5.0
LEAST_TURNS_HZ = 45.0
"""Fewer, and the signal was low-passed at some 15 Hz or below: nothing of EMG is left."""
SKEWED = 4.0
"""With bursts in it an envelope reaches this many times further above its median than below; of raw EMG both are about as far."""
TOUCHES, LEANS = 0.1, 2.0
"""Within a second a rectified signal comes down to nearly zero, and reaches far further above its median than below (noise: 3.4 times)."""
UNDERSHOOT = 0.02
"""A low-pass swings that much below zero."""


def check_raw(recording: Recording) -> None:
    """Raises RecordingError when every input that moves is an envelope. Recordings too short to tell pass."""
    rate_hz = recording.signal.rate_hz
    counts = _beginning(recording, round(LOOKED_AT_S * rate_hz))
    if len(counts) < LEAST_S * rate_hz:
        return
    microvolts = recording.signal.microvolts(counts)
    moving = np.flatnonzero(np.ptp(microvolts, axis=0) > 0)
    found = [_envelope(microvolts[:, i], rate_hz) for i in moving]
    if found and all(found):
        raise RecordingError(
            f"{recording.name} holds envelopes, not raw EMG ({found[0]}): export the raw signal of the amplifier, unrectified and "
            "unsmoothed, and import that."
        )


def _beginning(recording: Recording, samples: int) -> NDArray[np.int32]:
    """(n, inputs) counts of what came, lost samples left out."""
    parts: list[NDArray[np.int32]] = []
    for block in recording.blocks():
        parts.append(block.counts[~block.lost])
        if block.end >= samples:
            break
    return np.concatenate(parts) if parts else np.empty((0, len(recording.signal.inputs)), np.int32)


def _envelope(microvolts: NDArray[np.float64], rate_hz: float) -> str | None:
    """Why one input is an envelope; None when it may be raw."""
    low, middle, high = np.quantile(microvolts, [0.01, 0.5, 0.99])
    if microvolts.min() >= -UNDERSHOOT * (high - low) and middle > 0:
        if high - middle > SKEWED * (middle - low):
            return "it is never below zero and rises far above its middle, as a smoothed envelope does"
        second = max(2, round(rate_hz))
        seconds = microvolts[: len(microvolts) // second * second].reshape(-1, second)
        least, median, most = np.median(np.quantile(seconds, [0.0, 0.5, 1.0], axis=1), axis=1)
        if least < TOUCHES * median and most - median > LEANS * (median - least):
            return "it is never below zero and comes down to it all the time, as a rectified signal does"
    steps = np.sign(np.diff(microvolts))
    if (
        np.count_nonzero(steps) < len(steps) / 2
    ):  # the file's code is coarser than the signal's noise: turns tell nothing
        return None
    steps = steps[steps != 0]
    turns_hz = np.count_nonzero(np.diff(steps)) / (len(microvolts) / rate_hz)
    if turns_hz < LEAST_TURNS_HZ:
        return f"it turns around {turns_hz:.0f} times a second, where raw EMG does a hundred times"
    return None
