"""Where a burst truly begins and ends: looked up in the signal itself, not in its envelope.

An envelope crosses its threshold early or late by an amount that depends on how strong the burst is. So each edge is
placed where two stretches of different power explain the samples best (the maximum-likelihood change of variance of
Staude 2001, with the noise floor as the least the quiet stretch can have).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.activity import AtomTable
from hfs_emg.analysis.frames import FrameClock, moving_mean
from hfs_emg.analysis.scene import BurstTable, MontageRows, Scene
from hfs_emg.analysis.stretches import Columns, Floats, added, narrowed, samples, widened

FAR_S = 0.3
"""How far in, where the other side moves as well: the length of a blink."""
_SMOOTH_S = 0.012
_MOVES = 5.0
_EARLY_S = 0.008
"""What the rise of a discharge takes off at the beginning, measured on simulated spasms of the tuning subjects (median error without it:
8.3 ms). Ends are as found: 8 ms early on those, 13 ms late on faces of another generator.
"""
_BEYOND = 2.0
"""So much of the twin's power is taken for the two-sided part."""
REACH_S = 0.08
"""How far on either side of the envelope's crossing the edge is sought."""


def change_points(power: Floats, lengths: Columns, floor: Floats) -> Columns:
    """Index of the first sample of the louder stretch in each row (n,).

    power (n, width): squared samples, quiet first, then loud; of each row so many count as lengths (n,) says. floor (n,).
    """
    return common_change_points(power[:, None, :], lengths, floor[:, None])


def common_change_points(power: Floats, lengths: Columns, floors: Floats) -> Columns:
    """The same of several sites that become louder together: power (n, k, width), floors (n, k), NaN for a site that takes no part.

    Each site has its own power before and after, and all have one change. So the sites decide where something begins, and not the
    loudest of them alone: a lid that has just blinked is loud already when the cheek joins in.
    """
    at = np.arange(1, power.shape[2])
    before = np.cumsum(power, axis=2)
    total = np.take_along_axis(before, np.maximum(lengths - 1, 0)[:, None, None], axis=2)
    before = before[:, :, :-1]
    left = lengths[:, None] - at
    quiet = np.maximum(before / at, 0.5 * floors[:, :, None])
    # Beyond the end of a row a cumulative sum may fall short of the total by rounding.
    rest = np.maximum(total - before, 0.0)
    loud = np.maximum(rest / np.maximum(left, 1)[:, None, :], 1.01 * quiet)
    each = -0.5 * (at * np.log(quiet) + before / quiet)
    each -= 0.5 * (left[:, None, :] * np.log(loud) + rest / loud)
    likelihood = added(np.where(np.isnan(floors)[:, :, None], 0.0, each))
    likelihood[left < 3] = -np.inf
    return np.asarray(np.where(lengths < 6, lengths // 2, 1 + likelihood.argmax(axis=1)))


class EdgeFinder:
    """Edges of bursts and of atoms in one stream of EMG samples."""

    def __init__(self, clock: FrameClock, rows: MontageRows, delay_s: float) -> None:
        """`delay_s`: how late the filtered signal is, taken off every edge."""
        self._rate_hz = clock.rate_hz
        self._hop = clock.hop
        self._rows = rows
        self._reach = max(4, round(REACH_S * clock.rate_hz))
        self._far = max(4, round(FAR_S * clock.rate_hz))
        self._smooth = max(2, round(_SMOOTH_S * clock.rate_hz))
        self._delay_s = delay_s

    def of_bursts(self, scene: Scene, bursts: BurstTable) -> tuple[Floats, Floats]:
        """Onsets and offsets, s, of bursts whose envelope rises and falls at the frames given."""
        low, high = bursts.low * self._hop, bursts.high * self._hop
        rises, falls = bursts.starts * self._hop, bursts.ends * self._hop
        width = self._reach // 2 + max(6, self._reach)
        floor = scene.floor[bursts.channels, bursts.starts]
        rows = bursts.channels[:, None]
        first = np.maximum(low, rises - self._reach // 2)
        last = np.minimum(high, np.maximum(rises + 6, np.minimum(rises + self._reach, falls)))
        onset = first + change_points(samples(scene.power, rows, first, width)[:, 0], last - first, floor)
        first = np.maximum(low, np.minimum(falls - 6, np.maximum(falls - self._reach, rises)))
        last = np.minimum(high, falls + self._reach // 2)
        offset = last - change_points(samples(scene.power, rows, last - 1, width, -1)[:, 0], last - first, floor)
        return self._seconds(bursts.origin, low, onset - low), self._seconds(bursts.origin, low, offset - low)

    def of_one_side(self, scene: Scene, atoms: AtomTable) -> tuple[Floats, Floats]:
        """Where what one side does by itself begins and ends, s: it begins where its sites become louder together, and ends with what they
        show beyond their twins.

        Where the other side moves at the beginning, too (a blink from which a spasm sets out), the onset may lie further in.
        """
        low, high = atoms.low * self._hop, atoms.high * self._hop
        rises, falls = atoms.starts * self._hop, atoms.ends * self._hop
        smooth = self._smoothed(scene)
        floors = scene.floor[:, atoms.starts].T
        noise = np.where(atoms.channels, floors, np.inf)
        sites = np.count_nonzero(atoms.channels, axis=1).astype(np.float64)
        twins = np.broadcast_to(self._rows.twins, floors.shape)
        moves = samples(smooth, twins, rises, self._reach) > _MOVES * floors[:, self._rows.twins][:, :, None]
        moves &= (atoms.channels & self._rows.paired)[:, :, None]
        seen = np.arange(self._reach) < (high - rises)[:, None]
        moving = np.count_nonzero(moves.any(axis=1) & seen, axis=1) > 0.5 * np.count_nonzero(seen, axis=1)
        reach = np.where(moving, self._far, self._reach)
        first = np.maximum(low, rises - self._reach // 2)
        last = np.minimum(high, np.maximum(rises + 6, np.minimum(rises + reach, falls)))
        width = self._reach // 2 + max(6, self._far)
        taken = np.argsort(~atoms.channels, axis=1, kind="stable")[:, : max(1, int(sites.max(initial=0)))]
        alone = np.where(
            np.take_along_axis(atoms.channels, taken, axis=1), np.take_along_axis(floors, taken, axis=1), np.nan
        )
        onset = first + common_change_points(samples(scene.power, taken, first, width), last - first, alone)
        first = np.maximum(low, np.minimum(falls - 6, np.maximum(falls - self._reach, rises)))
        last = np.minimum(high, falls + self._reach // 2)
        width = self._reach // 2 + max(6, self._reach)
        beyond = self._beyond_twins(scene, smooth, atoms, last - 1, width)
        offset = last - change_points(_over_noise(beyond, noise), last - first, sites)
        return (
            self._seconds(atoms.origin, low, onset - low - _EARLY_S * self._rate_hz),
            self._seconds(atoms.origin, low, offset - low),
        )

    def _smoothed(self, scene: Scene) -> Floats:
        """Power of each channel over neighbouring samples, (channels, m * hop)."""
        spans = [(low * self._hop, high * self._hop) for low, high in zip(scene.starts, scene.ends, strict=True)]
        before = self._smooth // 2
        means = moving_mean(widened(scene.power, spans, before, self._smooth - 1 - before), self._smooth)
        return narrowed(means, [high - low for low, high in spans], self._smooth - 1)

    def _beyond_twins(self, scene: Scene, smooth: Floats, atoms: AtomTable, last: Columns, width: int) -> Floats:
        """Power of each channel beyond a multiple of its twin's in `width` samples that end with the last ones, backwards:
        (n, channels, width).
        """
        twins = self._rows.twins
        own, other = (
            samples(smooth, np.broadcast_to(rows, atoms.channels.shape), last, width, -1)
            for rows in (np.arange(len(twins)), twins)
        )
        other[:, ~self._rows.paired] = 0.0
        balance = (scene.gain[:, twins] / scene.gain)[atoms.island]
        return np.maximum(own - _BEYOND * (other * balance[:, :, None]), 0.0)

    def _seconds(self, origin: Columns, low: Columns, sample: NDArray[Any]) -> Floats:
        first = origin * self._hop + low
        return np.asarray(np.maximum(0.0, (first + sample) / self._rate_hz - self._delay_s))


def _over_noise(each: Floats, noise: Floats) -> Floats:
    """Power of several channels (n, channels, width) together, each over its noise (n, channels): (n, width)."""
    return added(each / noise[:, :, None])
