"""Mains hum: found, tracked, and where to notch.

Once a second the un-notched signal is correlated with the harmonics' lines; a line that stands out from its neighbours in several
seconds running is notched from the next second on. Seconds lie at fixed sample positions, so the cutting cannot show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

_STANDS_OUT = 12.0
"""Power of a line over the mean of its neighbours: in noise the ratio exceeds this in under 1 of 1 000 seconds (8 channels pooled)."""
_HOLD_SECONDS = 5
_NEIGHBOURS = (-5, -4, 4, 5)


@dataclass(frozen=True, slots=True)
class Line:
    """One spectral line to be notched: a harmonic of 50 or 60 Hz, at its frequency as seen after sampling."""

    mains_hz: float
    harmonic: int
    hz: float

    @property
    def identity(self) -> tuple[float, int]:
        """What stays the same while the frequency is tracked."""
        return self.mains_hz, self.harmonic


@dataclass(frozen=True, slots=True)
class MainsSecond:
    """Hum in one whole second: amplitude per channel, µV, and the frequency of the strongest fundamental as sampled.

    lines_hz: what is notched from the next second on.
    """

    amplitude_uv: NDArray[np.float64]
    hz: float
    lines_hz: tuple[float, ...] = ()


def folded_hz(hz: float, rate_hz: float) -> float:
    """Where a frequency lands after sampling."""
    remainder = hz % rate_hz
    return min(remainder, rate_hz - remainder)


def _candidates(bases: tuple[float, ...], band_hz: tuple[float, float], rate_hz: float) -> list[Line]:
    """Harmonics 1 to 5 of each base that the band lets through: its upper slope is gentle, and a touched cable's third harmonic at
    150 Hz would still come out at a quarter. Harmonics that fold onto another line are notched with it.
    """
    reach = min(2.2 * band_hz[1], 0.49 * rate_hz)
    found: list[Line] = []
    for base in bases:
        for n in range(1, 6):
            hz = folded_hz(n * base, rate_hz)
            if band_hz[0] < hz < reach and all(abs(hz - other.hz) > 1 for other in found if other.mains_hz == base):
                found.append(Line(base, n, hz))
    return found


class MainsTracker:
    """Decides, second by second, which lines to notch. `band_hz` bounds what matters; `mains_hz` None tries 50 and 60."""

    def __init__(
        self, rate_hz: float, channels: int, second: int, band_hz: tuple[float, float], mains_hz: float | None
    ) -> None:
        self.second = second
        self._rate_hz = rate_hz
        bases = (mains_hz,) if mains_hz is not None else (50.0, 60.0)
        self._candidates = _candidates(bases, band_hz, rate_hz)
        bins = [(line.hz + k * rate_hz / self.second) for line in self._candidates for k in (0, *_NEIGHBOURS)]
        turns = np.arange(self.second)[:, None] / rate_hz * np.array(bins)[None, :] * 2 * np.pi
        self._kernel = np.concatenate([np.cos(turns), -np.sin(turns)], axis=1)
        self._fundamentals = [i for i, line in enumerate(self._candidates) if line.harmonic == 1]
        self._heat = [0] * len(self._candidates)
        self._last: NDArray[np.complex128] | None = None
        self._measured_hz = dict.fromkeys(bases, 0.0)
        self._offset_hz = dict.fromkeys(bases, 0.0)
        self._now_hz = [self._seen_hz(line) for line in self._candidates]
        self._on: list[int] = []
        """Which candidates are notched; and where, and as lines."""
        self._lines_hz: tuple[float, ...] = ()
        self._lines: tuple[Line, ...] = ()
        self.last = MainsSecond(np.zeros(channels), 50.0)

    def push_seconds(self, emg: NDArray[np.float64]) -> list[tuple[tuple[Line, ...], MainsSecond]]:
        """Look at some whole seconds (seconds, channels, second) before notching; after each of them the lines to notch in the second that
        follows, and its hum.
        """
        # Products of one fixed shape: how the stream was cut cannot reach them.
        both = emg @ self._kernel
        half = both.shape[2] // 2
        shape = (len(emg), emg.shape[1], len(self._candidates), 1 + len(_NEIGHBOURS))
        spectrum = (both[:, :, :half] + 1j * both[:, :, half:]).reshape(shape)
        strength = np.abs(spectrum)
        power = (strength**2).sum(axis=1)
        stands_out = (power[:, :, 0] > _STANDS_OUT * np.maximum(power[:, :, 1:].mean(axis=2), 1e-9)).tolist()
        turns = self._turns(spectrum[:, :, self._fundamentals, 0])
        strongest = (
            [self._fundamentals[i] for i in power[:, self._fundamentals, 0].argmax(axis=1).tolist()]
            if self._fundamentals
            else []
        )
        amplitudes = strength[:, :, :, 0] * 2 / self.second
        found = []
        for k, stands in enumerate(stands_out):
            amplitude, hz = self.last.amplitude_uv, self.last.hz
            if strongest:
                amplitude, hz = amplitudes[k, :, strongest[k]], self._now_hz[strongest[k]]
            self._heat = [
                min(_HOLD_SECONDS, heat + 2) if out else max(0, heat - 1)
                for heat, out in zip(self._heat, stands, strict=True)
            ]
            for i, turn in zip(self._fundamentals, turns[k], strict=True):
                if stands[i] and turn is not None:
                    self._track(self._candidates[i], turn)
            self._renew_lines()
            self.last = MainsSecond(amplitude, hz, self._lines_hz)
            found.append((self._lines, self.last))
        return found

    def _turns(self, now: NDArray[np.complex128]) -> list[list[float | None]]:
        """By second and fundamental the phase that it gained since the second before, in turns; now (seconds, channels, fundamentals)."""
        lines = np.ascontiguousarray(now.transpose(0, 2, 1))
        before = lines[:1] if self._last is None else self._last
        gained = (lines * np.conj(np.concatenate([before, lines[:-1]]))).sum(axis=2)
        turns: list[list[float | None]] = (np.angle(gained) / (2 * np.pi)).tolist()
        if self._last is None:
            turns[0] = [None] * len(self._fundamentals)
        self._last = lines[-1:]
        return turns

    def _renew_lines(self) -> None:
        on = [i for i, heat in enumerate(self._heat) if heat > 0]
        lines_hz = tuple([self._now_hz[i] for i in on])
        if on != self._on or lines_hz != self._lines_hz:
            self._on, self._lines_hz = on, lines_hz
            self._lines = tuple(replace(self._candidates[i], hz=self._now_hz[i]) for i in on)

    def _seen_hz(self, line: Line) -> float:
        return round(folded_hz(line.harmonic * (line.mains_hz + self._offset_hz[line.mains_hz]), self._rate_hz), 2)

    def _track(self, line: Line, turn: float) -> None:
        """Frequency offset from the phase that the fundamental gains in a second; changed in steps, so that notches rarely move."""
        whole = line.hz * self.second / self._rate_hz
        offset = (turn + round(whole) - whole + 0.5) % 1.0 - 0.5
        self._measured_hz[line.mains_hz] += 0.25 * (offset - self._measured_hz[line.mains_hz])
        if abs(self._measured_hz[line.mains_hz] - self._offset_hz[line.mains_hz]) > 0.02:
            self._offset_hz[line.mains_hz] = round(self._measured_hz[line.mains_hz], 2)
            self._now_hz = [self._seen_hz(line) for line in self._candidates]
