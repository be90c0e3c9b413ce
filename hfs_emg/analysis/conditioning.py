"""Microvolts to three filtered views of the same samples: emg, slow, fast.

emg: the EMG band with mains lines notched. slow: 2–15 Hz, where movement and eye potentials live. fast: the upper part of the
EMG band (above 55 Hz), where muscle still has energy and artefact has none. All filters run forward with carried state; the
signal starts from its first sample, so that an offset does not ring, and starts anew after a gap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal as dsp

from hfs_emg.analysis.mains import Line, MainsSecond, MainsTracker
from hfs_emg.analysis.settings import AnalysisSettings

Samples = NDArray[np.float64]

RESTART_AFTER_S = 0.02
"""A hole longer than this restarts the filters; a shorter one is bridged by the held value."""
_NOTCH_WIDTH_HZ = 1.6
"""Of each of two notches in a row: real hum of 500 µV must go down to a microvolt although its frequency wanders."""
SLOW_BAND_HZ = (2.0, 15.0)
FAST_ABOVE_HZ = 55.0


@dataclass(frozen=True, slots=True)
class Conditioned:
    """The same n samples three times, each (channels, n), µV. mains: hum, for each second that was completed."""

    emg: Samples
    slow: Samples
    fast: Samples
    mains: list[MainsSecond]


class _Filter:
    """A cascade of second-order sections over all channels, with its state."""

    def __init__(self, sections: Samples, channels: int, before: _Filter | None = None) -> None:
        self._sections = np.ascontiguousarray(sections)
        self._state: Samples = np.zeros((len(sections), channels, 2)) if before is None else before._state.copy()

    def push(self, x: Samples) -> Samples:
        y, self._state = dsp.sosfilt(self._sections, x, axis=1, zi=self._state)
        return np.asarray(y, dtype=np.float64)


class Conditioner:
    """Filters one stream. Samples come as (channels, n) µV with a mask of filled ones."""

    def __init__(self, rate_hz: float, channels: int, second: int, settings: AnalysisSettings) -> None:
        """`second`: samples after which the notches are reconsidered."""
        low, high = settings.band_hz(rate_hz)
        self._rate_hz = rate_hz
        self._channels = channels
        self._band = np.concatenate(
            [
                dsp.butter(4, low, "highpass", fs=rate_hz, output="sos"),
                dsp.butter(4, high, "lowpass", fs=rate_hz, output="sos"),
            ]
        )
        self._slow = dsp.butter(2, SLOW_BAND_HZ, "bandpass", fs=rate_hz, output="sos")
        self._fast = dsp.butter(2, min(FAST_ABOVE_HZ, 0.6 * high), "highpass", fs=rate_hz, output="sos")
        self._restart_after = max(1, int(RESTART_AFTER_S * rate_hz))
        self.mains = MainsTracker(rate_hz, channels, second, (low, high), settings.mains_hz)
        self._second = np.zeros((channels, self.mains.second))
        self._in_second = 0
        self._lines: tuple[Line, ...] = ()
        self._lost_run = 0
        self._origin: Samples | None = None
        self._start_filters()

    def _start_filters(self) -> None:
        self._filters = (_Filter(self._band, self._channels), _Filter(self._slow, self._channels))
        self._fast_filter = _Filter(self._fast, self._channels)
        self._notches = [self._notch(line, None) for line in self._lines]

    def _notch(self, line: Line, before: _Filter | None) -> _Filter:
        """A notch at the line; one whose frequency was tracked goes on with the state of the one before."""
        b, a = dsp.iirnotch(line.hz, line.hz / _NOTCH_WIDTH_HZ, fs=self._rate_hz)
        return _Filter(np.repeat(np.concatenate([b, a])[None, :], 2, axis=0), self._channels, before)

    def push(self, uv: Samples, lost: NDArray[np.bool_]) -> Conditioned:
        """Filter the next samples."""
        n = uv.shape[1]
        emg, slow, fast = (np.empty((self._channels, n)) for _ in range(3))
        out = Conditioned(emg, slow, fast, [])
        done = 0
        for restart in [*self._restarts(lost), n]:
            if done < restart:
                self._run(uv, out, done, restart)
                done = restart
            if restart < n:
                self._origin = None
                self._start_filters()
        return out

    def _restarts(self, lost: NDArray[np.bool_]) -> list[int]:
        """Positions of the first good sample after each long hole, also one that began in an earlier push."""
        if not lost.any() and self._lost_run == 0:
            return []
        found = []
        edges = np.flatnonzero(np.diff(np.concatenate([[self._lost_run > 0], lost]).astype(np.int8)))
        began = -self._lost_run
        for edge in edges:
            if lost[edge]:
                began = int(edge)
            elif edge - began > self._restart_after:
                found.append(int(edge))
        self._lost_run = len(lost) - began if len(lost) and lost[-1] else 0
        return found

    def _run(self, uv: Samples, out: Conditioned, start: int, end: int) -> None:
        if self._origin is None:
            self._origin = uv[:, start : start + 1].copy()
        x = np.ascontiguousarray(uv[:, start:end] - self._origin)
        band, slow = self._filters
        out.slow[:, start:end] = slow.push(x)
        emg = band.push(x)
        done = 0
        while done < emg.shape[1]:
            take = min(self.mains.second - self._in_second, emg.shape[1] - done)
            piece = np.ascontiguousarray(emg[:, done : done + take])
            self._second[:, self._in_second : self._in_second + take] = piece
            for notch in self._notches:
                piece = notch.push(piece)
            out.emg[:, start + done : start + done + take] = piece
            self._in_second += take
            done += take
            if self._in_second == self.mains.second:
                self._in_second = 0
                self._turn_second()
                out.mains.append(self.mains.last)
        out.fast[:, start:end] = self._fast_filter.push(np.ascontiguousarray(out.emg[:, start:end]))

    def _turn_second(self) -> None:
        lines = self.mains.push_second(self._second)
        if lines == self._lines:
            return
        running = {line.identity: notch for line, notch in zip(self._lines, self._notches, strict=True)}
        self._lines = lines
        self._notches = [self._notch(line, running.get(line.identity)) for line in lines]
