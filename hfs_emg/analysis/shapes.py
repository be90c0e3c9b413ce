"""How atoms look in their own signal: their outline in time, the other frequency bands, how alike their sites are, how they set in.

Features by name are put into the caller's table; see `feature_names` for their meaning.
"""

from __future__ import annotations

import numpy as np

from hfs_emg.analysis.activity import BOTH, AtomTable
from hfs_emg.analysis.edges import change_points
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.measures import Measured, Profile, db
from hfs_emg.analysis.scene import MontageRows, Scene
from hfs_emg.analysis.stretches import Columns, Flags, Floats, Stretches, added, average, row_sums, samples

_STRONGEST = 3
"""So many of its sites tell an atom's outline and onset."""


class Shapes:
    """Measures for one montage."""

    def __init__(self, clock: FrameClock, rows: MontageRows) -> None:
        self._clock = clock
        self._rows = rows

    def measure(self, values: Measured, scene: Scene, atoms: AtomTable, profile: Profile) -> None:
        """Add what the atoms look like."""
        self._outline(values, scene, atoms, profile)
        self._bands(values, scene, atoms, profile)
        self._mirrors(values, scene, atoms, profile)
        self._onset(values, scene, atoms, profile)

    def _outline(self, values: Measured, scene: Scene, atoms: AtomTable, profile: Profile) -> None:
        lead, seconds = self._clock.frames(0.2), self._clock.seconds_of
        first = np.maximum(atoms.low, atoms.starts - lead)
        wide = Stretches(first, np.minimum(atoms.high, atoms.ends + lead))
        outline = np.zeros(len(wide.place))
        for k in range(min(_STRONGEST, profile.order.shape[1])):
            trace = wide.row(scene.outline, profile.order[:, k])
            scale = np.where(k < profile.count, 1.0 / np.maximum(wide.highest(trace), 1e-9), 0.0)
            outline += trace * wide.spread(scale)
        begin, end = atoms.starts - first, atoms.ends - first
        within = (wide.place >= wide.spread(begin)) & (wide.place < wide.spread(end))
        inside, cut = outline[within], profile.cut
        peak = cut.highest(inside)
        known = peak > 0
        peaks, wide_peaks = cut.spread(peak), wide.spread(peak)
        high = inside >= 0.7 * peaks
        top, bottom = cut.first(high) + begin, cut.last(high) + begin
        low = outline < 0.2 * wide_peaks
        before = wide.last(low & (wide.place < wide.spread(top)))
        after = wide.first(low & (wide.place >= wide.spread(bottom)))
        values.set("rise", known, seconds(np.where(before >= 0, top - before, top)))
        values.set("fall", known, seconds(after - bottom))
        step = max(1, self._clock.frames(0.024))
        grown = np.full(len(outline), -np.inf)
        grown[:-step] = outline[step:] - outline[:-step]
        counts = wide.place < np.minimum(wide.spread(np.maximum(1, top + 1)), wide.spread(wide.lengths) - step)
        values.set("abruptness", known, wide.highest(np.where(counts, grown, -np.inf)) / np.where(known, peak, 1.0))
        middle, deviation = cut.spreads(inside)
        values.set("modulation", known, deviation / np.maximum(middle, 1e-9))
        values.set("subbursts", known, cut.counts(_begins(inside > 0.5 * peaks, cut.place)))
        strongest = cut.row(scene.hop, profile.order[:, 0])
        values.set("crest", known, db(cut.highest(strongest) / np.maximum(cut.means(strongest), 1e-9)))

    def _bands(self, values: Measured, scene: Scene, atoms: AtomTable, profile: Profile) -> None:
        each, first, cut = np.arange(len(atoms)), profile.order[:, 0], profile.cut
        emg = np.maximum(average(scene.hop, atoms.starts, atoms.ends), 1e-9)
        slow = average(scene.slow, atoms.starts, atoms.ends) / emg
        values["fast_share"] = db(cut.means(cut.row(scene.fast, first)) / emg[each, first])
        values["slow_share"] = db(slow[each, first])
        # A two-sided atom is of one region; what pulls at a cable moves the others, too.
        strong = profile.level >= 4.0
        anywhere = (atoms.sides == BOTH) & strong.any(axis=1)
        active = np.where(anywhere[:, None], strong, atoms.channels)
        values["slow_share_least"] = db(np.where(active, slow, np.inf).min(axis=1))
        values["wave_correlation"] = self._alike(scene, atoms, np.where(active, -profile.level, np.inf))

    def _alike(self, scene: Scene, atoms: AtomTable, rank: Floats) -> Floats:
        """How alike the waves of different sites of a side are: the strongest three of each side that are among the strongest six."""
        order = np.argsort(rank, axis=1, kind="stable")[:, :6]
        active = np.take_along_axis(rank, order, axis=1) < np.inf
        best = np.full(len(atoms), np.nan)
        for side in range(BOTH):
            mine = active & (self._rows.sides[order] == side)
            place = np.argsort(~mine, axis=1, kind="stable")[:, :3]
            chosen = np.take_along_axis(order, place, axis=1)
            count = np.count_nonzero(mine, axis=1)
            for sites in (2, 3):
                # Pairs of which the later one is the second, then the third, of the chosen.
                some = np.flatnonzero(count >= sites)
                if not len(some):
                    continue
                samples = Stretches(atoms.starts[some] * self._clock.hop, atoms.ends[some] * self._clock.hop)
                last = samples.row(scene.wave, chosen[some, sites - 1])
                for k in range(sites - 1):
                    found = np.abs(samples.correlations(samples.row(scene.wave, chosen[some, k]), last))
                    best[some] = np.fmax(best[some], found)
        return best

    def _mirrors(self, values: Measured, scene: Scene, atoms: AtomTable, profile: Profile) -> None:
        """How alike the two strongest sites and their twins move."""
        best = np.full(len(atoms), np.nan)
        for k in range(min(2, profile.order.shape[1])):
            row = profile.order[:, k]
            some = np.flatnonzero((k < profile.count) & self._rows.paired[row])
            if not len(some):
                continue
            cut = Stretches(atoms.starts[some], atoms.ends[some])
            own = row[some]
            found = cut.correlations(cut.row(scene.root, own), cut.row(scene.root, self._rows.twins[own]))
            best[some] = np.fmax(best[some], found)
        values["mirror_correlation"] = best

    def _onset(self, values: Measured, scene: Scene, atoms: AtomTable, profile: Profile) -> None:
        """How the strongest sites begin: found in the samples, where power changes most."""
        hop, rate = self._clock.hop, self._clock.rate_hz
        lead, follow = round(0.06 * rate), round(0.12 * rate)
        begin, low, high = atoms.starts * hop, atoms.low * hop, atoms.high * hop
        rows = profile.order[:, :_STRONGEST]
        taken = np.arange(rows.shape[1]) < profile.count[:, None]
        floors = scene.floor[:, atoms.starts].T
        floor = np.where(taken, np.take_along_axis(floors, rows, axis=1), np.inf)
        first = np.maximum(low, begin - lead)
        length = np.minimum(high, begin + follow) - first
        power = samples(scene.power, rows, first, lead + follow)
        total = added(power / floor[:, :, None])
        at = first + change_points(total, length, np.minimum(_STRONGEST, profile.count).astype(np.float64))
        early, rest = round(0.024 * rate), round(0.104 * rate)
        least = max(rest, early + 4)
        end = np.minimum(high, at + least)
        power = samples(scene.power, rows, at, least) / floor[:, :, None]
        known = end - at > early + 2
        start_power = added(power[:, :, :early].sum(axis=2) / early)
        power[:, :, early:] *= (np.arange(early, least) < (end - at)[:, None])[:, None, :]
        then = added(power[:, :, early:].sum(axis=2) / np.maximum(end - at - early, 1)[:, None])
        values.set("early_power", known, db(start_power / np.maximum(then, 1e-6)))
        self._added(values, scene, atoms, profile, at)

    def _added(self, values: Measured, scene: Scene, atoms: AtomTable, profile: Profile, at: Columns) -> None:
        """What the onset, at these samples (n,), added on this side and on the other, over the sites that have twins."""
        low, high = atoms.low * self._clock.hop, atoms.high * self._clock.hop
        known = (at > low) & (at < high)
        step = round(0.032 * self._clock.rate_hz)
        columns = at[:, None] + np.arange(-2 * step, 2 * step)
        every = np.broadcast_to(np.arange(len(scene.power)), (len(atoms), len(scene.power)))
        held = (columns >= low[:, None]) & (columns < high[:, None])
        power = samples(scene.power, every, at - 2 * step, 4 * step)
        power[~np.broadcast_to(held[:, None, :], power.shape)] = 0.0
        before, was, became, after = (
            power[:, :, part].sum(axis=2) / np.maximum(np.count_nonzero(held[:, part], axis=1), 1)[:, None]
            for part in (slice(0, 2 * step), slice(step, 2 * step), slice(2 * step, 3 * step), slice(2 * step, None))
        )
        was = np.maximum(was, scene.floor[:, atoms.starts].T)
        values.set("sharp_sites", known, np.count_nonzero((became >= 4.0 * was) & profile.own, axis=1))
        grown = np.sqrt(scene.gain[atoms.island] * np.maximum(after - before, 0.0))
        chosen = profile.own & self._rows.paired
        mine = row_sums(np.where(chosen, grown, 0.0))
        theirs = row_sums(np.where(chosen, grown[:, self._rows.twins], 0.0))
        values.set("asymmetry_rise", known, np.log2((mine + 0.5) / (theirs + 0.5)))


def _begins(flags: Flags, place: Columns) -> Flags:
    """Where a run begins, runs with one or no column between them being one. flags, place (m,): of stretches end to end."""
    found = flags.copy()
    for back in (1, 2):
        found[back:] &= ~(flags[:-back] & (place[back:] >= back))
    return found
