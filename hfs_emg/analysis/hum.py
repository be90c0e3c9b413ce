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

from hfs_emg.analysis.activity import AtomTable
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.stretches import Flags, Floats, Stretches

LONGEST_S = 4.0
"""Of the stretch: beyond it hum drifts in ways that a straight line does not follow."""
_TRUSTED = 1.6
"""Power of the quietest parts over the noise floor, at most, after the hum is off."""
_RIDGE = 1e-9
_KNOWN_LINES = 8
"""Sets of lines whose waves are kept: tracking changes them every few seconds at most."""
_JUMP_SHARE = 0.55
"""Share of an atom's power at the mains frequency above which it is a jump of the hum; muscle has under a quarter there."""
_JUMP_LEAST_S = 0.05
_JUMP_WINDOW_S = 0.1


class HumFit:
    """Fits hum for one stream. The waves of its lines are worked out once, from the first sample of a stretch on."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._longest = round((LONGEST_S + 1.0) * rate_hz)
        self._waves: dict[tuple[float, ...], Floats] = {}

    def _of(self, lines_hz: tuple[float, ...], n: int) -> Floats:
        """Cosine and sine of each line, (2 * lines, n)."""
        waves = self._waves.get(lines_hz)
        if waves is None or waves.shape[1] < n:
            time = np.arange(max(n, self._longest)) / self._rate_hz
            turns = 2 * np.pi * np.outer(np.array(lines_hz), time)
            waves = np.concatenate([np.cos(turns), np.sin(turns)])
            if len(self._waves) >= _KNOWN_LINES:
                self._waves.clear()
            self._waves[lines_hz] = waves
        return waves[:, :n]

    def without(self, wave: Floats, power: Floats, lines_hz: tuple[float, ...]) -> Floats:
        """wave (channels, n) µV with hum; power (channels, n): power of the notched signal around each sample. Returns (channels, n)."""
        n, lines = wave.shape[1], 2 * len(lines_hz)
        slope = np.arange(n, dtype=np.float64)
        slope *= 2.0 / max(1, n - 1)
        slope -= 1.0
        slope[-1] = 1.0
        basis = np.empty((2 * lines, n))
        basis[:lines] = self._of(lines_hz, n)
        np.multiply(slope, basis[:lines], out=basis[lines:])
        weighted = basis / power[:, None, :]
        normal = weighted @ basis.T
        diagonal = normal.reshape(len(normal), -1)[:, :: 2 * lines + 1]
        diagonal += _RIDGE * np.add.reduce(diagonal, axis=1, keepdims=True)
        fitted = np.linalg.solve(normal, weighted @ wave[:, :, None])
        # Channel by channel: one product for all of them would make each depend on how many they are.
        return np.asarray(wave - (fitted.transpose(0, 2, 1) @ basis)[:, 0])


def without_hum(wave: Floats, power: Floats, lines_hz: tuple[float, ...], rate_hz: float) -> Floats:
    """One fit by itself, as `HumFit` makes it."""
    return HumFit(rate_hz).without(wave, power, lines_hz)


def trusted(frames: Floats, floor: Floats) -> NDArray[np.bool_]:
    """Channels (channels,) whose quietest fifth of frames is as quiet as its floor. frames (channels, m): power; floor (channels,)."""
    # The 0.2 quantile of chi-square noise lies below its mean, so hum left over must be of the noise's own size to be seen here.
    quiet = np.add.reduce(frames <= (_TRUSTED * floor)[:, None], axis=1, dtype=np.int64)
    return np.asarray(quiet > frames.shape[1] // 5)


def jumps(wave: Floats, atoms: AtomTable, hum_hz: Floats, clock: FrameClock) -> Flags:
    """Which atoms (n,) are a jump of the mains: most of the power at that one frequency, on the strongest channels.

    wave (channels, m * hop) µV of the scene; hum_hz (n,): the mains frequency, as sampled, before each atom.
    """
    found = np.zeros(len(atoms), dtype=np.bool_)
    some = np.flatnonzero(atoms.ends - atoms.starts >= clock.frames(_JUMP_LEAST_S))
    if not len(some):
        return found
    # Window by window, because the phase of what a step of the hum leaves behind turns over.
    length = (atoms.ends - atoms.starts)[some] * clock.hop
    parts = np.maximum(1, np.round(length / (_JUMP_WINDOW_S * clock.rate_hz)).astype(np.int64))
    window = length // parts
    whole = Stretches(atoms.starts[some] * clock.hop, atoms.starts[some] * clock.hop + parts * window)
    turns = whole.spread(2 * np.pi * hum_hz[some] / clock.rate_hz) * whole.place
    taken = wave.take(whole.columns, axis=1)
    begins = np.cumsum(whole.lengths) - whole.lengths
    first = np.cumsum(parts) - parts
    owner = np.repeat(np.arange(len(some)), parts)
    windows = begins[owner] + (np.arange(len(owner)) - first[owner]) * window[owner]
    strength = np.zeros((len(wave), len(owner)))
    for wheel in (np.cos(turns), np.sin(turns)):
        strength += np.add.reduceat(taken * wheel, windows, axis=1) ** 2
    power = np.maximum(np.add.reduceat(taken * taken, begins, axis=1), 1e-9)
    share = 2 * np.add.reduceat(strength, first, axis=1) / window / power
    count = np.count_nonzero(atoms.channels[some], axis=1)
    ordered = np.sort(np.where(atoms.channels[some], share.T, np.inf), axis=1)
    each = np.arange(len(some))
    found[some] = (ordered[each, (count - 1) // 2] + ordered[each, count // 2]) / 2 > _JUMP_SHARE
    return found
