"""Runs of invalid samples, gathered per channel and told once they have ended."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.quality import REASONS
from hfs_emg.events import Invalid


class InvalidRuns:
    """Verdicts of `SampleQuality` in, `Invalid` stretches out, in order of their end."""

    def __init__(self, rate_hz: float, labels: tuple[str, ...]) -> None:
        self._rate_hz = rate_hz
        self._labels = labels
        self._position = 0
        self._now = np.zeros(len(labels), dtype=np.int8)
        self._since = np.zeros(len(labels), dtype=np.int64)

    def push(self, verdict: NDArray[np.int8]) -> tuple[list[Invalid], list[tuple[int, int, int]]]:
        """Stretches that ended, and of those at the rail (channel, first sample, end sample). verdict (channels, n)."""
        ended: list[tuple[int, int, int, int]] = []
        if verdict.shape[1] and (np.count_nonzero(verdict) or np.count_nonzero(self._now)):
            joined = np.concatenate([self._now[:, None], verdict], axis=1)
            for c, at in zip(*np.nonzero(np.diff(joined, axis=1)), strict=True):
                if joined[c, at]:
                    ended.append((self._position + int(at), int(self._since[c]), int(joined[c, at]), int(c)))
                self._since[c] = self._position + int(at)
            self._now = verdict[:, -1].copy()
        self._position += verdict.shape[1]
        return self._told(ended)

    def still(self) -> list[Invalid]:
        """Stretches that have begun and not ended, up to now."""
        return self._told(
            [(self._position, int(self._since[c]), int(code), c) for c, code in enumerate(self._now) if code]
        )[0]

    def finish(self) -> tuple[list[Invalid], list[tuple[int, int, int]]]:
        """At the end of the stream."""
        ended = [(self._position, int(self._since[c]), int(code), c) for c, code in enumerate(self._now) if code]
        self._now[:] = 0
        return self._told(ended)

    def _told(self, ended: list[tuple[int, int, int, int]]) -> tuple[list[Invalid], list[tuple[int, int, int]]]:
        if not ended:
            return [], []
        together: dict[tuple[int, int, int], list[int]] = {}
        for end, start, code, channel in sorted(ended):
            together.setdefault((end, start, code), []).append(channel)
        stretches = [
            Invalid(
                start / self._rate_hz,
                end / self._rate_hz,
                None if len(channels) == len(self._labels) else tuple(self._labels[c] for c in channels),
                REASONS[code - 1],
            )
            for (end, start, code), channels in together.items()
        ]
        rail = 1 + REASONS.index("rail")
        rails = [(c, start, end) for (end, start, code), channels in together.items() if code == rail for c in channels]
        return stretches, rails
