"""The signal as people look at it: a stretch of a recording in the EMG band, hum taken off as the analysis does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage
from hfs_emg.analysis.conditioning import Conditioner
from hfs_emg.analysis.frames import FrameClock, moving_mean
from hfs_emg.analysis.hum import LONGEST_S, without_hum
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.model import Recording

Samples = NDArray[np.float64]

WARM_UP_S = 8.0
"""Signal filtered before what is shown, so that the mains has been found by then."""
_WINDOW_S = 0.048
_LEAST_UV = 0.15
"""The converter's own noise: no sample weighs more than it allows."""


def filtered(recording: Recording, montage: Montage, start_s: float, end_s: float) -> tuple[Samples, Samples]:
    """The EMG band of the montage's channels in a stretch: times (n,) s, µV (channels, n). Raises RecordingError.

    Up to 4 s are shown without the ringing of the notches, by the same fit of the hum that the analysis looks through; a longer
    stretch is notched.
    """
    signal = recording.signal
    clock = FrameClock.at(signal.rate_hz)
    conditioner = Conditioner(signal.rate_hz, len(montage.channels), clock.second * clock.hop, AnalysisSettings())
    first = max(0, round((start_s - WARM_UP_S) * signal.rate_hz))
    shown, last = round(start_s * signal.rate_hz), round(end_s * signal.rate_hz)
    rows = [c.input for c in montage.channels]
    scale = np.array([signal.inputs[i].microvolts_per_count for i in rows])[:, None]
    notched, band = [np.zeros((len(rows), 0))], [np.zeros((len(rows), 0))]
    lines_hz: tuple[float, ...] = ()
    for block in recording.blocks():
        a, b = max(first, block.start), min(last, block.end)
        if b > a:
            cut = slice(a - block.start, b - block.start)
            found = conditioner.push(block.counts[cut, rows].T * scale, block.lost[cut])
            notched.append(found.emg)
            band.append(found.band)
            lines_hz = next((second.lines_hz for second in reversed(found.mains)), lines_hz)
        if block.end >= last:
            break
    emg = np.concatenate(notched, axis=1)[:, shown - first :]
    if lines_hz and 0 < emg.shape[1] <= LONGEST_S * signal.rate_hz:
        raw = np.concatenate(band, axis=1)[:, shown - first :]
        emg = without_hum(raw, _power(emg, round(_WINDOW_S * signal.rate_hz)), lines_hz, signal.rate_hz)
    return (shown + np.arange(emg.shape[1])) / signal.rate_hz, emg


def _power(emg: Samples, width: int) -> Samples:
    """Mean square around each sample, (channels, n) µV²."""
    padded = np.pad(emg * emg, ((0, 0), (width // 2, width - 1 - width // 2)), mode="edge")
    return np.maximum(moving_mean(padded, width), _LEAST_UV**2)
