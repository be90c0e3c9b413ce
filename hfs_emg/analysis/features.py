"""What is measured of an atom: numbers with a physical meaning, by name, in a fixed order.

Levels are dB over the channel's noise power, shares are parts of the summed amplitude, times are seconds. A feature that
a montage cannot give (no cheek electrode, one side only) is NaN, which the decision treats as "not known". F1…F12 are
the numbers of the clinical notes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from hfs_emg.analysis.atoms import Atom, Neighbourhood, SiteStates, runs
from hfs_emg.analysis.edges import change_point
from hfs_emg.analysis.feature_names import NAMES
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.history import History
from hfs_emg.analysis.measures import (
    MontageRows,
    Scene,
    centred,
    correlated,
    correlation,
    db,
    half_peak,
    mean,
    means,
    variation,
)
from hfs_emg.analysis.surroundings import Surroundings

Floats = NDArray[np.float64]

_MOVEMENTS_APART_S = 0.06
_GROUPS = (
    ("share_brow", (Site.FRONTALIS,)),
    ("share_eye", (Site.ORBICULARIS_OCULI,)),
    ("share_cheek", (Site.ZYGOMATICUS,)),
    ("share_mouth", (Site.ORBICULARIS_ORIS, Site.MENTALIS)),
    ("share_jaw", (Site.MASSETER,)),
)


@dataclass(frozen=True, slots=True)
class _Own:
    """What the montage says of one side, or of both: channels with a twin, of the eyes, of the lower face; and by feature."""

    rows: NDArray[np.int64]
    paired: list[int]
    eyes: list[int]
    lower: list[int]
    groups: list[tuple[str, list[int]]]
    brow_and_eye: list[tuple[int, int]]


class FeatureMaker:
    """Measures atoms for one montage."""

    def __init__(self, clock: FrameClock, montage: Montage) -> None:
        self._clock = clock
        channels = montage.channels
        self._twins = [montage.twin(i) for i in range(len(channels))]
        self._sides = [c.side for c in channels]
        self._sites = [c.site for c in channels]
        self._rows = {side.value: np.array(montage.on(side), dtype=np.int64) for side in Side}
        self._rows["both"] = np.arange(len(channels))
        self.eyes = [i for i, c in enumerate(channels) if c.site is Site.ORBICULARIS_OCULI]
        self.lower = [i for i, c in enumerate(channels) if c.site.lower_face]
        self._own = {name: self._owned(montage, rows) for name, rows in self._rows.items()}
        brows = [i for i, site in enumerate(self._sites) if site is Site.FRONTALIS]
        self._montage_rows = MontageRows(self._rows, brows, self.eyes, self.lower)
        self._surroundings = Surroundings(clock, self._montage_rows)

    def _owned(self, montage: Montage, rows: NDArray[np.int64]) -> _Own:
        own: list[int] = rows.tolist()
        groups = [(name, [c for c in own if self._sites[c] in sites]) for name, sites in _GROUPS]
        places = [(montage.index(s, Site.FRONTALIS), montage.index(s, Site.ORBICULARIS_OCULI)) for s in Side]
        return _Own(
            rows,
            [c for c in own if self._twins[c] is not None],
            [c for c in own if c in self.eyes],
            [c for c in own if c in self.lower],
            [(name, found) for name, found in groups if found],
            [(brow, eye) for brow, eye in places if brow is not None and eye is not None and brow in own],
        )

    def scene(self, near: Neighbourhood, states: SiteStates) -> Scene:
        """What the atoms of one island share."""
        return Scene.of(near, states, self._montage_rows, self._clock.frames(_MOVEMENTS_APART_S))

    def measure(self, scene: Scene, atom: Atom, history: History) -> Floats:
        """All features of one atom, (len(NAMES),), NaN where not known."""
        values = dict.fromkeys(NAMES, np.nan)
        cut = slice(atom.start, atom.end)
        level: list[float] = scene.level[:, cut].max(axis=1).tolist()
        amplitude = means(scene.amplitude[:, cut])
        order = sorted(atom.channels, key=lambda c: -level[c])
        values["two_sided"] = float(atom.side == "both")
        values["duration"] = float(np.log10(self._clock.seconds(atom.end - atom.start)))
        self._levels(values, scene, atom, level, order)
        self._shares(values, amplitude, self._own[atom.side])
        if atom.side == "both":
            values["region"] = float(
                0 if self._sites[order[0]] is Site.FRONTALIS else 1 if order[0] in self.eyes else 2
            )
        balanced = amplitude * np.sqrt(scene.near.gain)
        self._asymmetries(values, atom, balanced.tolist())
        self._shape(values, scene, atom, order)
        self._views(values, scene, atom, order, level)
        self._onset(values, scene, atom, order)
        self._both_sides(values, scene, atom, order, balanced)
        self._surroundings.measure(values, scene, atom, history)
        return np.array([values[name] for name in NAMES])

    def pattern(self, scene: Scene, atom: Atom) -> Floats:
        """Mean amplitude by site, (len(Site),) µV: of the atom's side, of both sides the mean; 0 without an electrode."""
        amplitude = means(scene.amplitude[:, atom.start : atom.end])
        found = np.zeros(len(Site))
        for i, site in enumerate(Site):
            rows = [c for c in self._rows[atom.side].tolist() if self._sites[c] is site]
            if rows:
                found[i] = float(amplitude[rows].mean())
        return found

    def _levels(self, values: dict[str, float], scene: Scene, atom: Atom, level: list[float], order: list[int]) -> None:
        first, side = order[0], self._sides[order[0]]
        values["level_first"] = db(level[first])
        mates = [c for c in order[1:] if self._sides[c] is side]
        own_rest = [level[c] for c in self._own[side.value].rows.tolist() if c != first]
        if own_rest:
            values["level_second"] = db(max(*own_rest, 1.0))
        values["sites"] = float(len({self._sites[c] for c in order}))
        mine = side if atom.side == "both" else Side(atom.side)
        other = self._own[mine.other.value].rows.tolist()
        if other:
            values["level_other"] = db(max(1.0, *(level[c] for c in other)))
        if mates:
            near = scene.near
            a, b = (near.short[c, atom.start : atom.end] for c in (first, mates[0]))
            values["onset_spread"] = self._clock.seconds(abs(half_peak(a) - half_peak(b)))
            lead = self._clock.frames(0.05)
            wide = slice(max(0, atom.start - lead), min(near.envelope.shape[1], atom.end + lead))
            values["site_correlation"] = correlation(scene.root[first, wide], scene.root[mates[0], wide])

    def _shares(self, values: dict[str, float], amplitude: Floats, own: _Own) -> None:
        total = max(float(amplitude[own.rows].sum()), 1e-6)
        each: list[float] = amplitude.tolist()
        for name, rows in own.groups:
            values[name] = (each[rows[0]] if len(rows) == 1 else float(amplitude[rows].sum())) / total
        for brow, eye in own.brow_and_eye:
            pair = sorted((each[brow], each[eye]))
            share = pair[0] / max(pair[1], 1e-6)
            so_far = values["brow_with_eye"]
            values["brow_with_eye"] = share if math.isnan(so_far) else max(share, so_far)

    def _asymmetries(self, values: dict[str, float], atom: Atom, amplitude: list[float]) -> None:
        def ratio(rows: list[int]) -> float:
            pairs = [(c, t) for c in rows if (t := self._twins[c]) is not None]
            if not pairs:
                return float("nan")
            if atom.side == "both":
                left = sum(amplitude[c] for c, _ in pairs if self._sides[c] is Side.LEFT)
                right = sum(amplitude[c] for c, _ in pairs if self._sides[c] is Side.RIGHT)
                return float(abs(np.log2((left + 0.2) / (right + 0.2))))
            mine = sum(amplitude[c] for c, _ in pairs)
            theirs = sum(amplitude[t] for _, t in pairs)
            return float(np.log2((mine + 0.2) / (theirs + 0.2)))

        own = self._own[atom.side]
        both_ways = set(atom.channels)
        if atom.side == "both":
            both_ways |= {t for c in atom.channels if (t := self._twins[c]) is not None}
        values["asymmetry"] = ratio(sorted(both_ways))
        values["asymmetry_eye"] = ratio(own.eyes)
        values["asymmetry_lower"] = ratio(own.lower)

    def _shape(self, values: dict[str, float], scene: Scene, atom: Atom, order: list[int]) -> None:
        lead = self._clock.frames(0.2)
        first, last = max(0, atom.start - lead), min(scene.outline.shape[1], atom.end + lead)
        outline = np.zeros(last - first)
        for c in order[:3]:
            trace = scene.outline[c, first:last]
            outline += trace / max(float(trace.max()), 1e-9)
        inside = outline[atom.start - first : atom.end - first]
        peak = float(inside.max())
        if peak <= 0:
            return
        high = (inside >= 0.7 * peak).nonzero()[0]
        top, bottom = (int(high[i]) + atom.start - first for i in (0, -1))
        low = outline < 0.2 * peak
        low_before, low_after = low[:top].nonzero()[0], low[bottom:].nonzero()[0]
        values["rise"] = self._clock.seconds(top - int(low_before[-1]) if len(low_before) else top)
        values["fall"] = self._clock.seconds(int(low_after[0]) if len(low_after) else len(outline) - bottom)
        step = max(1, self._clock.frames(0.024))
        values["abruptness"] = float((outline[step:] - outline[:-step])[: max(1, top + 1)].max()) / peak
        values["modulation"] = variation(inside)
        values["subbursts"] = float(len(runs(inside > 0.5 * peak, 2)))
        strongest = scene.near.hop[order[0], atom.start : atom.end]
        values["crest"] = db(float(strongest.max()) / max(mean(strongest), 1e-9))

    def _views(self, values: dict[str, float], scene: Scene, atom: Atom, order: list[int], level: list[float]) -> None:
        cut, near = slice(atom.start, atom.end), scene.near
        emg: list[float] = means(near.hop[:, cut]).tolist()
        slow: list[float] = means(near.slow[:, cut]).tolist()
        first = order[0]
        values["fast_share"] = db(mean(near.fast[first, cut]) / max(emg[first], 1e-9))
        values["slow_share"] = db(slow[first] / max(emg[first], 1e-9))
        hop = self._clock.hop
        samples = slice(atom.start * hop, atom.end * hop)
        best = np.nan
        # A two-sided atom is of one region; what pulls at a cable moves the others, too.
        active = order
        if atom.side == "both":
            active = sorted((c for c in range(len(level)) if level[c] >= 4.0), key=lambda c: -level[c]) or order
        values["slow_share_least"] = db(min(slow[c] / max(emg[c], 1e-9) for c in active))
        for side in Side:
            rows = [c for c in active[:6] if self._sides[c] is side][:3]
            waves = [centred(near.wave[c, samples]) for c in rows] if len(rows) > 1 else []
            for i, a in enumerate(waves):
                for b in waves[i + 1 :]:
                    found = abs(correlated(a, b))
                    best = found if math.isnan(best) else max(best, found)
        values["wave_correlation"] = best
        mirrors = [
            correlation(scene.root[c, cut], scene.root[t, cut]) for c in order[:2] if (t := self._twins[c]) is not None
        ]
        if mirrors:
            values["mirror_correlation"] = max(mirrors)

    def _onset(self, values: dict[str, float], scene: Scene, atom: Atom, order: list[int]) -> None:
        """How the strongest sites begin: found in the samples, where power changes most."""
        hop, rate, power = self._clock.hop, self._clock.rate_hz, scene.power
        lead, follow = round(0.06 * rate), round(0.12 * rate)
        begin = atom.start * hop
        first, last = max(0, begin - lead), min(power.shape[1], begin + follow)
        floors = scene.near.floor[:, atom.start]
        floor: list[float] = floors.tolist()
        total = np.zeros(last - first)
        for c in order[:3]:
            total += power[c, first:last] / floor[c]
        at = first + change_point(total, float(min(3, len(order))))
        early, rest = round(0.024 * rate), round(0.104 * rate)
        end = min(power.shape[1], max(at + rest, at + early + 4))
        if end - at > early + 2:
            start_power = sum(mean(power[c, at : at + early]) / floor[c] for c in order[:3])
            then = sum(mean(power[c, at + early : end]) / floor[c] for c in order[:3])
            values["early_power"] = db(start_power / max(then, 1e-6))
        step = round(0.032 * rate)
        if at == 0 or at >= power.shape[1]:
            return
        own = self._own[self._sides[order[0]].value if atom.side == "both" else atom.side]
        was = np.maximum(means(power[own.rows, max(0, at - step) : at]), floors[own.rows])
        became = means(power[own.rows, at : at + step])
        values["sharp_sites"] = float(np.count_nonzero(became >= 4.0 * was))
        self._added(values, scene, own, at, step)

    def _added(self, values: dict[str, float], scene: Scene, own: _Own, at: int, step: int) -> None:
        """What the onset added on this side and on the other, over the sites that have twins."""
        before: list[float] = means(scene.power[:, max(0, at - 2 * step) : at]).tolist()
        after: list[float] = means(scene.power[:, at : at + 2 * step]).tolist()
        mine = theirs = 0.0
        gain: list[float] = scene.near.gain.tolist()
        for c in own.paired:
            twin = self._twins[c]
            if twin is not None:
                mine += math.sqrt(gain[c] * max(0.0, after[c] - before[c]))
                theirs += math.sqrt(gain[twin] * max(0.0, after[twin] - before[twin]))
        values["asymmetry_rise"] = float(np.log2((mine + 0.5) / (theirs + 0.5)))

    def _both_sides(
        self, values: dict[str, float], scene: Scene, atom: Atom, order: list[int], amplitude: Floats
    ) -> None:
        side = self._sides[order[0]]
        own, other = self._rows[side.value], self._rows[side.other.value]
        if not len(other):
            return
        cut = slice(atom.start, atom.end)
        values["asymmetry_all"] = float(np.log2((amplitude[own].sum() + 0.3) / (amplitude[other].sum() + 0.3)))
        moving = np.count_nonzero(scene.states.two_sided[:, cut], axis=1)
        together = moving >= max(2, 0.3 * (atom.end - atom.start))
        values["two_sided_sites"] = float(np.count_nonzero(together[own]))
        here, there = (np.add.reduce(scene.root[rows, cut], axis=0) for rows in (own, other))
        values["side_correlation"] = correlation(here, there)
        if together.any():
            level = scene.raw_level[:, cut]
            values["sides_level"] = db(float(level[order[0]].max()) / max(float(level[together].max()), 1e-6))
