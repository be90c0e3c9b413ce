"""Where muscles play: spikes per source and layer, the happenings they belong to, and the signal they make at the electrodes.

Two layers, spasm and the rest, so that what a spasm shows by itself can be judged where it rides on something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.tripoles.anatomy import PLACES, Anatomy, Place
from benchmarks.tripoles.converter import decimated
from benchmarks.tripoles.firing import Spikes
from benchmarks.tripoles.units import Floats, Pool
from calibration.montage import Side, Site
from hfs_emg.events import Kind, SideName

Layer = Literal["spasm", "other"]
LAYERS: tuple[Layer, Layer] = ("spasm", "other")
_AT_ONCE = 40_000


@dataclass(frozen=True, slots=True)
class Happening:
    """What a clinician would point at. places: the muscles that were driven."""

    start_s: float
    end_s: float
    kind: Kind
    side: SideName | None
    places: frozenset[Place]
    label: str
    form: Literal["clonic", "tonic"] | None = None


class Stage:
    """A recording's muscles while it is being filled."""

    def __init__(self, anatomy: Anatomy, duration_s: float) -> None:
        self.anatomy, self.duration_s = anatomy, duration_s
        self.happenings: list[Happening] = []
        self._played: dict[tuple[Layer, Place], list[Spikes]] = {}

    def play(self, place: Place, spikes: Spikes, layer: Layer = "other", uv: float | None = None) -> None:
        """Add spikes; `uv`: scale them so that their own RMS from first to last is that."""
        if not len(spikes.times_s):
            return
        if uv is not None:
            spikes = spikes.scaled(uv / max(loudness_uv(self.anatomy.pools[place], spikes), 1e-9))
        self._played.setdefault((layer, place), []).append(spikes)

    def tell(
        self,
        kind: Kind,
        side: Side | None,
        label: str,
        played: Sequence[tuple[Place, Spikes]],
        form: Literal["clonic", "tonic"] | None = None,
    ) -> Happening | None:
        """Note what those spikes were, from the first to the last of them; side None: both. None when there were none."""
        loud = [(place, s.times_s) for place, s in played if len(s.times_s)]
        if not loud:
            return None
        start = min(float(t.min()) for _, t in loud)
        end = max(float(t.max()) for _, t in loud)
        named: SideName = "both" if side is None else "left" if side is Side.LEFT else "right"
        happening = Happening(start, end, kind, named, frozenset(p for p, _ in loud), label, form)
        self.happenings.append(happening)
        return happening

    def at_electrodes(self, rate_hz: float, layer: Layer) -> NDArray[np.float32]:
        """(samples, channels) µV of one layer, through the converter's filter."""
        samples = round(self.duration_s * rate_hz)
        mixed = np.zeros((len(self.anatomy.montage.channels), samples), np.float32)
        for j, place in enumerate(PLACES):
            played = self._played.get((layer, place))
            if not played:
                continue
            pool = self.anatomy.pools[place]
            fine = _waves(pool, _joined(played), 0.0, round(self.duration_s * pool.rate_hz))
            seen = decimated(fine, samples)
            for i, gain in enumerate(self.anatomy.mixing[:, j]):
                mixed[i] += np.float32(gain) * seen.astype(np.float32)
        return np.ascontiguousarray(mixed.T)


def loudness_uv(pool: Pool, spikes: Spikes) -> float:
    """RMS from the first spike to one wave after the last."""
    start = float(spikes.times_s.min())
    length = float(spikes.times_s.max()) - start
    samples = round(length * pool.rate_hz) + pool.waves.shape[1]
    return float(np.sqrt(np.mean(_waves(pool, spikes, start, samples) ** 2)))


def both(site: Site) -> tuple[Place, Place]:
    """A muscle of either side."""
    return (Side.LEFT, site), (Side.RIGHT, site)


def _joined(played: Sequence[Spikes]) -> Spikes:
    times = np.concatenate([s.times_s for s in played])
    order = np.argsort(times, kind="stable")
    units = np.concatenate([s.units for s in played])[order]
    return Spikes(times[order], units, np.concatenate([s.weights for s in played])[order])


def _waves(pool: Pool, spikes: Spikes, start_s: float, samples: int) -> Floats:
    """(samples,) µV from start_s on: every spike's wave, added."""
    total = np.zeros(samples)
    length = pool.waves.shape[1]
    at = np.rint((spikes.times_s - start_s) * pool.rate_hz).astype(np.int64)
    keep = (at >= 0) & (at < samples)
    at, units, weights = at[keep], spikes.units[keep], spikes.weights[keep]
    for first in range(0, len(at), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        low = int(at[some].min())
        index = (at[some] - low)[:, None] + np.arange(length)
        values = pool.waves[units[some]] * weights[some][:, None]
        added = np.bincount(index.ravel(), values.ravel())
        end = min(samples, low + len(added))
        total[low:end] += added[: end - low]
    return total
