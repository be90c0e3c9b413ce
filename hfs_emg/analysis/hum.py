"""Hum taken out of a stretch of signal without ringing.

A notch narrow enough to leave the muscle alone rings: after a burst 40 dB above the noise its output stays visible for a third of a
second, so that a burst of 100 ms would look like one of 400 ms. Islands are found in the notched signal; to look at one closely, its
un-notched samples are fitted with sinusoids at the lines' frequencies, each sample weighted by the inverse of the power around it (so
that the quiet parts decide, as maximum likelihood has it for noise of changing variance), and the fit is taken off. Amplitude and
phase may drift linearly over the stretch; where that does not describe the hum, the notched signal stays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LONGEST_S = 4.0
"""Of the stretch: beyond it hum drifts in ways that a straight line does not follow."""
_TRUSTED = 1.6
"""Power of the quietest parts over the noise floor, at most, after the hum is off."""
_RIDGE = 1e-9


def without_hum(wave: Floats, power: Floats, lines_hz: tuple[float, ...], rate_hz: float) -> Floats:
    """wave (channels, n) µV with hum; power (channels, n): power of the notched signal around each sample. Returns (channels, n)."""
    n = wave.shape[1]
    time = np.arange(n) / rate_hz
    slope = np.linspace(-1.0, 1.0, n)
    turns = 2 * np.pi * np.outer(np.array(lines_hz), time)
    still = np.concatenate([np.cos(turns), np.sin(turns)])
    basis = np.concatenate([still, slope * still])
    cleaned = np.empty_like(wave)
    for c, (x, p) in enumerate(zip(wave, power, strict=True)):
        weighted = basis / p
        normal = weighted @ basis.T
        normal.flat[:: len(basis) + 1] += _RIDGE * np.trace(normal)
        cleaned[c] = x - np.linalg.solve(normal, weighted @ x) @ basis
    return cleaned


def trusted(frames: Floats, floor: Floats) -> NDArray[np.bool_]:
    """Channels (channels,) whose quietest fifth of frames is as quiet as its floor. frames (channels, m): power; floor (channels,)."""
    rank = max(0, frames.shape[1] // 5)
    # The 0.2 quantile of chi-square noise lies below its mean, so hum left over must be of the noise's own size to be seen here.
    return np.asarray(np.partition(frames, rank, axis=1)[:, rank] <= _TRUSTED * floor)
