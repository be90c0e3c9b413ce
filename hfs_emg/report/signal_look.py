"""One pass over a session's signal for its report: what counts for nothing, how strong each channel is at each moment, clips to show.

Forward, block by block, with the settings and the model that the session keeps; memory is two bytes per channel and 20 ms beside the clips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.burden import Span
from hfs_emg.analysis.conditioning import Conditioner
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.events import Invalid
from hfs_emg.session.reader import Session
from hfs_emg.sessions import Kept

HOP_S = 0.02
_HIGHEST_UV = 60_000.0
"""Half floats end at 65 504; EMG that strong is none."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of filtered signal: times (n,) in s, emg (channels, n) in µV."""

    times: NDArray[np.float64]
    emg: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SignalLook:
    """levels (channels, hops): RMS of each 20 ms in µV, half floats. hop_s: their distance."""

    invalid: tuple[Invalid, ...]
    levels: NDArray[np.float16]
    hop_s: float
    clips: tuple[Clip, ...]

    def rms(self, channel: int, spans: Iterable[Span]) -> float | None:
        """RMS of a channel over stretches, in µV; None where they hold no whole hop."""
        pieces = [self.levels[channel, slice(*self._hops(span))] for span in spans]
        values = np.concatenate(pieces).astype(np.float64) if pieces else np.empty(0)
        return float(np.sqrt(np.mean(values**2))) if len(values) else None

    def typical(self, channel: int, spans: Iterable[Span]) -> float | None:
        """Median over stretches of the RMS in each, µV: one that something else fell into does not move it. None where there is none."""
        values = [level for span in spans if (level := self.rms(channel, [span])) is not None]
        return float(np.median(values)) if values else None

    def rest(self, channel: int) -> float | None:
        """The quiet level of a channel: the 20th percentile over the recording, which activity of four fifths of the time cannot move."""
        values = self.levels[channel]
        return float(np.percentile(values.astype(np.float64), 20)) if len(values) else None

    def _hops(self, span: Span) -> tuple[int, int]:
        first = int(span[0] / self.hop_s)
        return first, max(first + 1, round(span[1] / self.hop_s))


def look_at(
    session: Session,
    montage: Montage,
    kept: Kept,
    spans: Sequence[Span],
    progress: Callable[[float], None] | None = None,
) -> SignalLook:
    """Read the session once. spans: what to clip, in seconds. Raises RequestError or RecordingError."""
    signal = session.signal
    rate = signal.rate_hz
    analyzer = Analyzer(signal, montage, kept.settings, kept.model)
    clock = FrameClock.at(rate)
    conditioner = Conditioner(rate, len(montage.channels), clock.second * clock.hop, kept.settings)
    rows = [c.input for c in montage.channels]
    scale = np.array([signal.inputs[i].microvolts_per_count for i in rows])[:, None]
    hop = max(1, round(HOP_S * rate))
    edges = [(round(a * rate), round(b * rate)) for a, b in spans]
    pieces: list[list[NDArray[np.float64]]] = [[] for _ in edges]
    levels: list[NDArray[np.float16]] = []
    invalid: list[Invalid] = []
    carry = np.empty((len(rows), 0))
    for block in session.blocks():
        invalid += analyzer.push(block).invalid
        emg = conditioner.push(block.counts[:, rows].T * scale, block.lost).emg.copy()
        for (first, last), piece in zip(edges, pieces, strict=True):
            a, b = max(first, block.start), min(last, block.end)
            if b > a:
                piece.append(emg[:, a - block.start : b - block.start])
        carry = np.concatenate([carry, emg], axis=1)
        whole = carry.shape[1] // hop * hop
        power = (carry[:, :whole].reshape(len(rows), -1, hop) ** 2).mean(axis=2)
        levels.append(np.minimum(np.sqrt(power), _HIGHEST_UV).astype(np.float16))
        carry = carry[:, whole:]
        if progress is not None:
            progress(min(1.0, block.end / max(1, session.samples)))
    invalid += analyzer.finish().invalid
    clips = tuple(_clip(first, piece, len(rows), rate) for (first, _), piece in zip(edges, pieces, strict=True))
    strength = np.concatenate(levels, axis=1) if levels else np.empty((len(rows), 0), np.float16)
    return SignalLook(tuple(invalid), strength, hop / rate, clips)


def _clip(first: int, pieces: list[NDArray[np.float64]], channels: int, rate_hz: float) -> Clip:
    emg = np.concatenate([np.zeros((channels, 0)), *pieces], axis=1)
    return Clip((max(0, first) + np.arange(emg.shape[1])) / rate_hz, emg)
