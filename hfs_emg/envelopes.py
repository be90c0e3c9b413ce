"""Blocks of counts to the steps that calibration looks at: the analysis' own band, hum taken out, cut at fixed samples."""

from __future__ import annotations

import numpy as np

from calibration.envelope import Envelope, StepClock
from calibration.montage import Montage
from hfs_emg.analysis.conditioning import Conditioner
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.preparing import RAIL_MARGIN
from hfs_emg.analysis.quality import SampleQuality
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.model import Block, Signal


def step_clock(rate_hz: float) -> StepClock:
    """Steps are the analysis' 48 ms windows, frames its 8 ms frames."""
    clock = FrameClock.at(rate_hz)
    return StepClock(rate_hz, clock.window * clock.hop, clock.window)


class EnvelopeStream:
    """One stream of one montage. Raises RequestError when the settings do not fit the rate."""

    def __init__(self, signal: Signal, montage: Montage, settings: AnalysisSettings | None = None) -> None:
        settings = settings or AnalysisSettings()
        self.clock = step_clock(signal.rate_hz)
        self.band_hz = settings.band_hz(signal.rate_hz)
        inputs = [signal.inputs[c.input] for c in montage.channels]
        self._inputs = np.array([c.input for c in montage.channels])
        self._scale = np.array([i.microvolts_per_count for i in inputs])[:, None]
        rails = [
            (i.count_min + (margin := max(1, int(RAIL_MARGIN * (i.count_max - i.count_min)))), i.count_max - margin)
            for i in inputs
        ]
        self._quality = SampleQuality(signal.rate_hz, np.array(rails))
        frames = FrameClock.at(signal.rate_hz)
        self._conditioner = Conditioner(signal.rate_hz, len(inputs), frames.second * frames.hop, settings)
        self._wave = np.zeros((len(inputs), 0))
        self._bad = np.zeros((len(inputs), 0), np.bool_)
        self._steps = 0

    @property
    def mains_hz(self) -> float | None:
        """Mains frequency as found; None while no hum stands out."""
        mains = self._conditioner.mains.last
        return mains.hz if mains.lines_hz else None

    def push(self, block: Block) -> Envelope | None:
        """The steps that these samples complete; None when there is none."""
        counts = np.ascontiguousarray(block.counts[:, self._inputs].T).astype(np.int64)
        verdict = self._quality.push(counts, block.lost)
        conditioned = self._conditioner.push(counts * self._scale, block.lost)
        self._wave = np.concatenate([self._wave, conditioned.emg], axis=1)
        self._bad = np.concatenate([self._bad, verdict > 0], axis=1)
        length = self.clock.samples
        whole = self._wave.shape[1] // length
        if not whole:
            return None
        wave = self._wave[:, : whole * length].reshape(len(self._wave), whole, length).transpose(1, 0, 2)
        bad = np.asarray(self._bad[:, : whole * length].reshape(len(self._bad), whole, length).any(axis=2), np.bool_).T
        self._wave, self._bad = self._wave[:, whole * length :].copy(), self._bad[:, whole * length :].copy()
        frames = (wave * wave).reshape(whole, wave.shape[1], self.clock.frames, -1).mean(axis=3)
        products = wave @ wave.transpose(0, 2, 1) / length
        found = Envelope(self._steps, products, frames, bad)
        self._steps = found.end
        return found
