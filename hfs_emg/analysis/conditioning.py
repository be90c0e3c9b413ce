"""Microvolts to three filtered views of the same samples: emg, slow, fast.

emg: the EMG band with mains lines notched. slow: 2–15 Hz, where movement and eye potentials live. fast: the upper part of the
EMG band (above 55 Hz), where muscle still has energy and artefact has none. All filters run forward with carried state; the
signal starts from its first sample, so that an offset does not ring, and starts anew after a gap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.filters import butterworth, filter_in_place, notch
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
    """The same n samples four times, (4, channels, n) µV: the EMG band with its hum, and without, slow, fast. mains: hum, for each second
    that was completed.
    """

    waves: Samples
    mains: list[MainsSecond]

    @property
    def band(self) -> Samples:
        """The EMG band with its hum."""
        band: Samples = self.waves[0]
        return band

    @property
    def emg(self) -> Samples:
        """The EMG band without mains."""
        emg: Samples = self.waves[1]
        return emg

    @property
    def views(self) -> Samples:
        """emg, slow and fast: (3, channels, n)."""
        return self.waves[1:]


class _Filter:
    """A cascade of second-order sections over all channels, with its state."""

    def __init__(self, sections: Samples, channels: int) -> None:
        self.sections = np.ascontiguousarray(sections)
        self.state: Samples = np.zeros((channels, len(sections), 2))

    def run(self, x: Samples) -> None:
        """Filter the next samples (channels, n) in place."""
        y = np.ascontiguousarray(x)
        filter_in_place(self.sections, y, self.state)
        if y is not x:
            x[:] = y


class _Notches:
    """Two notches in a row for each line, all in one cascade: a filter call costs more than what it does to a short block."""

    def __init__(self, lines: tuple[Line, ...], rate_hz: float, channels: int, before: _Notches | None = None) -> None:
        """A line whose frequency was tracked goes on with the state it had in `before`."""
        self.lines = lines
        self._filter = None
        if not lines:
            return
        sections = [notch(line.hz, line.hz / _NOTCH_WIDTH_HZ, rate_hz) for line in lines]
        self._filter = _Filter(np.repeat(sections, 2, axis=0), channels)
        if before is None or before._filter is None:
            return
        for i, line in enumerate(lines):
            for j, old in enumerate(before.lines):
                if line.identity == old.identity:
                    self._filter.state[:, 2 * i : 2 * i + 2] = before._filter.state[:, 2 * j : 2 * j + 2]

    def run(self, x: Samples) -> None:
        if self._filter is not None:
            self._filter.run(x)


class Conditioner:
    """Filters one stream. Samples come as (channels, n) µV with a mask of filled ones."""

    def __init__(self, rate_hz: float, channels: int, second: int, settings: AnalysisSettings) -> None:
        """`second`: samples after which the notches are reconsidered."""
        low, high = settings.band_hz(rate_hz)
        self._rate_hz = rate_hz
        self._channels = channels
        self._band = np.concatenate(
            [butterworth(4, (low,), "highpass", rate_hz), butterworth(4, (high,), "lowpass", rate_hz)]
        )
        self._slow = butterworth(2, SLOW_BAND_HZ, "bandpass", rate_hz)
        self._fast = butterworth(2, (min(FAST_ABOVE_HZ, 0.6 * high),), "highpass", rate_hz)
        self._restart_after = max(1, int(RESTART_AFTER_S * rate_hz))
        self.mains = MainsTracker(rate_hz, channels, second, (low, high), settings.mains_hz)
        self._second = np.zeros((channels, self.mains.second))
        self._in_second = 0
        self._notches = _Notches((), rate_hz, channels)
        self._lost_run = 0
        self._origin: Samples | None = None
        self._start_filters()

    def _start_filters(self) -> None:
        self._filters = tuple(_Filter(part, self._channels) for part in (self._band, self._slow, self._fast))
        self._notches = _Notches(self._notches.lines, self._rate_hz, self._channels)

    def push(self, uv: Samples, lost: NDArray[np.bool_]) -> Conditioned:
        """Filter the next samples."""
        n = uv.shape[1]
        out = Conditioned(np.empty((4, self._channels, n)), [])
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
        if self._lost_run == 0 and not np.count_nonzero(lost):
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
        band, slow, fast = self._filters
        raw, emg, slowly, upper = out.waves[:, :, start:end]
        np.subtract(uv[:, start:end], self._origin, out=raw)
        slowly[:] = raw
        slow.run(slowly)
        band.run(raw)
        emg[:] = raw
        done = notched = -self._in_second
        for lines, mains in self._whole_seconds(raw):
            done += self.mains.second
            out.mains.append(mains)
            if lines != self._notches.lines:
                notched = max(0, notched)
                self._notches.run(emg[:, notched:done])
                notched = done
                self._notches = _Notches(lines, self._rate_hz, self._channels, self._notches)
        notched = max(0, notched)
        if notched < raw.shape[1]:
            self._notches.run(emg[:, notched:])
        upper[:] = emg
        fast.run(upper)

    def _whole_seconds(self, raw: Samples) -> list[tuple[tuple[Line, ...], MainsSecond]]:
        """What the seconds show that these samples complete."""
        second, n = self.mains.second, raw.shape[1]
        held = self._in_second
        if held + n < second:
            self._second[:, held : held + n] = raw
            self._in_second += n
            return []
        joined = np.concatenate([self._second[:, :held], raw], axis=1)
        whole = joined.shape[1] // second
        left = joined[:, whole * second :]
        self._in_second = left.shape[1]
        self._second[:, : self._in_second] = left
        seconds = joined[:, : whole * second].reshape(len(joined), whole, second)
        return self.mains.push_seconds(np.ascontiguousarray(seconds.transpose(1, 0, 2)))
