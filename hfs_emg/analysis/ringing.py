"""Activity without the ringing of the notches: where a fit of the hum allows it, power and wave are those of the un-notched signal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hfs_emg.analysis.activity import Activity, Neighbourhood
from hfs_emg.analysis.frames import SHORT_FRAMES, FrameClock, moving_mean
from hfs_emg.analysis.hum import HumFit, trusted
from hfs_emg.analysis.stretches import Floats, widened


class Ringing(NamedTuple):
    """A stretch with hum: its columns, the un-notched samples (channels, n) of its frames and of so many frames before and after them,
    and the lines' frequencies.
    """

    span: tuple[int, int]
    band: Floats
    before: int
    after: int
    lines_hz: tuple[float, ...]


class HumRemover:
    """Takes hum off what is looked at, in one stream."""

    def __init__(self, clock: FrameClock) -> None:
        self._hop = clock.hop
        self._window = clock.window
        self._fit = HumFit(clock.rate_hz)
        self.lead = clock.window
        """Frames before a stretch that are needed with it, as far as the stream has them; and, always, `lag` frames after it."""
        self.lag = clock.window - clock.window // 2

    def take_off(self, near: Activity, ringing: Sequence[Ringing]) -> None:
        """Change in place what the hum leaves behind in these stretches, where the fit is trusted and no frame is bad."""
        cleaned = self._cleaned(near, ringing)
        squares = cleaned * cleaned
        power = squares[:, :: self._hop].copy()
        for k in range(1, self._hop):
            power += squares[:, k :: self._hop]
        power /= self._hop
        envelope = moving_mean(power, self._window)
        short = moving_mean(power, SHORT_FRAMES) if isinstance(near, Neighbourhood) else power
        half, hop, spoiled, at = self._window // 2, self._hop, np.count_nonzero(near.bad), 0
        for (low, high), _, before, after, _ in ringing:
            begin = at + self.lead
            end = begin + high - low
            at = end + after
            # Floors one by one: a sum rounds by the length of what is added.
            good = trusted(power[:, begin - before : at], np.add.reduce(near.floor[:, low:high], axis=1) / (high - low))
            if spoiled:
                good &= ~np.logical_or.reduce(near.bad[:, low:high], axis=1)
            rows = good.nonzero()[0]
            if not len(rows):
                continue
            every = slice(None) if len(rows) == len(good) else rows
            near.envelope[every, low:high] = envelope[every, begin - half : end - half]
            if isinstance(near, Neighbourhood):
                near.short[every, low:high] = short[every, begin - 1 : end - 1]
                near.hop[every, low:high] = power[every, begin:end]
                near.wave[every, low * hop : high * hop] = cleaned[every, begin * hop : end * hop]

    def _cleaned(self, near: Activity, ringing: Sequence[Ringing]) -> Floats:
        """The samples without their hum, end to end. Before the first frame of the stream there is nothing: its own power stands in."""
        loudest = np.maximum(near.envelope, near.floor)
        parts: list[Floats] = []
        for span, band, before, after, lines_hz in ringing:
            around = widened(loudest, [span], before, after).repeat(self._hop, axis=1)
            cleaned = self._fit.without(band, around, lines_hz)
            if before < self.lead:
                parts.append(np.tile(cleaned[:, : self._hop], self.lead - before))
            parts.append(cleaned)
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
