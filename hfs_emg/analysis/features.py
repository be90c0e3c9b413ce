"""What is measured of an atom: numbers with a physical meaning, by name, in a fixed order.

Levels are dB over the channel's noise power, shares are parts of the summed amplitude, times are seconds. A feature that
a montage cannot give (no cheek electrode, one side only) is NaN, which the decision treats as "not known". F1…F12 are
the numbers of the clinical notes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from hfs_emg.analysis.atoms import Atom, Neighbourhood, SiteStates, runs
from hfs_emg.analysis.edges import change_point
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.history import History
from hfs_emg.analysis.measures import correlation, db, half_peak
from hfs_emg.analysis.surroundings import Surroundings

Floats = NDArray[np.float64]

NAMES = (
    "two_sided",  # 1 for an atom of both sides
    "duration",  # log10 s (F5)
    "level_first",  # strongest site
    "level_second",  # second site of the same side (F2)
    "sites",  # number of sites taking part
    "share_brow",
    "share_eye",
    "share_cheek",
    "share_mouth",
    "share_jaw",
    "asymmetry",  # log2 of own over other side, all sites taking part (F1)
    "asymmetry_eye",
    "asymmetry_lower",
    "level_other",  # strongest site of the other side
    "rise",  # s from 20 to 70 % of the peak (F5)
    "abruptness",  # largest step of the envelope within 24 ms, as a share of its peak
    "fall",
    "onset_spread",  # s between the first and the second site's half-peak (F3)
    "site_correlation",  # envelope of the two strongest sites of a side (F3)
    "mirror_correlation",  # envelope of twins
    "wave_correlation",  # raw waves of different sites of a side: high for a pulled cable (F11)
    "fast_share",  # dB of the upper band in the whole (F11)
    "slow_share",  # dB of 2–15 Hz over the EMG band, strongest site (F11)
    "slow_share_least",
    "crest",  # dB of the strongest 8 ms over the mean
    "modulation",  # coefficient of variation of the envelope
    "subbursts",
    "level_before",  # own side, 0.1–0.4 s before
    "level_after",  # own side, 0.15–0.5 s after
    "level_later",  # own side, 0.5–1.0 s after
    "eye_two_sided",  # share of the atom during which both eyes move together (F4)
    "lower_two_sided",
    "eye_before",  # share of the 0.4 s before during which both eyes moved together (F8)
    "eye_after",
    "lower_after",
    "one_sided_after",
    "brow_with_eye",  # smaller over larger amplitude of brow and eye (F9)
    "eye_over_blink",  # dB of the eye over the two-sided eye just before (F8)
    "lower_context",  # share of the last 3 s with two-sided lower face (F12)
    "eye_rate",  # two-sided eye atoms in the last 10 s
    "since_own",  # s since the last one-sided atom of this side ended, 3 at most
    "since_eye",  # s since both eyes last moved together, 3 at most
    "rhythm_count",  # like atoms in the last 4 s
    "rhythm_interval",
    "rhythm_cv",  # irregularity of their intervals (F6)
    "coupling",  # share of recent two-sided movements that this side's lower face followed (F10)
    "eye_potential",  # share of the atom during which both eyes show a slow potential
    "eye_potential_level",
    "slow_elsewhere",  # dB of the strongest slow power away from the eyes over that at the eyes
    "stretch",  # log10 s of the whole unbroken activity of that side
    "into_stretch",  # s from its beginning to this part
    "lag_movement",  # s from the start of the two-sided movement meanwhile (F10)
    "outlasts_movement",  # s by which this outlasts it (F8)
    "early_power",  # dB of the first 24 ms over the 80 ms after them: above 0 for what starts with full strength (F5)
    "sharp_sites",  # sites that rise by 6 dB within 32 ms of the onset
    "asymmetry_all",  # log2 of own over other side, all sites
    "asymmetry_rise",  # log2 of what the onset added here over what it added on the other side
    "two_sided_sites",  # sites of this side that move together with their twin meanwhile
    "side_correlation",  # envelope of this side and the other
    "sides_level",  # dB of this side's own strongest site over the strongest two-sided site meanwhile
)
_GROUPS = (
    ("share_brow", (Site.FRONTALIS,)),
    ("share_eye", (Site.ORBICULARIS_OCULI,)),
    ("share_cheek", (Site.ZYGOMATICUS,)),
    ("share_mouth", (Site.ORBICULARIS_ORIS, Site.MENTALIS)),
    ("share_jaw", (Site.MASSETER,)),
)


class FeatureMaker:
    """Measures atoms for one montage."""

    def __init__(self, clock: FrameClock, montage: Montage) -> None:
        self._clock = clock
        self._montage = montage
        channels = montage.channels
        self._twins = [montage.twin(i) for i in range(len(channels))]
        self._rows = {side.value: np.array(montage.on(side), dtype=np.int64) for side in Side}
        self._rows["both"] = np.arange(len(channels))
        self.eyes = [i for i, c in enumerate(channels) if c.site is Site.ORBICULARIS_OCULI]
        self.lower = [i for i, c in enumerate(channels) if c.site.lower_face]
        self._surroundings = Surroundings(clock, self._rows, self.eyes, self.lower)

    def measure(self, near: Neighbourhood, states: SiteStates, atom: Atom, history: History) -> Floats:
        """All features of one atom, (len(NAMES),), NaN where not known."""
        values = dict.fromkeys(NAMES, np.nan)
        cut = slice(atom.start, atom.end)
        envelope = np.where(near.bad[:, cut], near.floor[:, cut], near.envelope[:, cut])
        level = (envelope / near.floor[:, cut]).max(axis=1)
        amplitude = np.sqrt(np.maximum(envelope - near.floor[:, cut], 0.0)).mean(axis=1)
        own = self._rows[atom.side]
        taking = np.array(atom.channels, dtype=np.int64)
        order = taking[np.argsort(-level[taking], kind="stable")]
        values["two_sided"] = float(atom.side == "both")
        values["duration"] = float(np.log10(self._clock.seconds(atom.end - atom.start)))
        self._levels(values, near, atom, level, order)
        self._shares(values, amplitude, own)
        self._asymmetries(values, atom, amplitude, taking)
        self._shape(values, near, atom, order)
        self._views(values, near, atom, order)
        self._onset(values, near, atom, order)
        self._sides(values, near, states, atom, order)
        self._surroundings.measure(values, near, states, atom, history)
        return np.array([values[name] for name in NAMES])

    def _side_of(self, channel: int) -> Side:
        return self._montage.channels[channel].side

    def _levels(
        self, values: dict[str, float], near: Neighbourhood, atom: Atom, level: Floats, order: NDArray[np.int64]
    ) -> None:
        values["level_first"] = db(level[order[0]])
        mates = [int(c) for c in order[1:] if self._side_of(int(c)) is self._side_of(int(order[0]))]
        own_rest = [c for c in self._rows[self._side_of(int(order[0])).value] if c != order[0]]
        if own_rest:
            values["level_second"] = db(max(level[own_rest].max(), 1.0))
        sites = {self._montage.channels[int(c)].site for c in order}
        values["sites"] = float(len(sites))
        mine = self._side_of(int(order[0])) if atom.side == "both" else Side(atom.side)
        other = self._rows[mine.other.value]
        if len(other):
            values["level_other"] = db(max(level[other].max(), 1.0))
        if mates:
            a, b = (near.short[c, atom.start : atom.end] for c in (int(order[0]), mates[0]))
            values["onset_spread"] = self._clock.seconds(abs(half_peak(a) - half_peak(b)))
            lead = self._clock.frames(0.05)
            wide = slice(max(0, atom.start - lead), min(near.envelope.shape[1], atom.end + lead))
            values["site_correlation"] = correlation(
                np.sqrt(near.short[int(order[0]), wide]), np.sqrt(near.short[mates[0], wide])
            )

    def _shares(self, values: dict[str, float], amplitude: Floats, own: NDArray[np.int64]) -> None:
        total = float(amplitude[own].sum())
        for name, sites in _GROUPS:
            rows = [int(c) for c in own if self._montage.channels[int(c)].site in sites]
            if rows:
                values[name] = float(amplitude[rows].sum()) / max(total, 1e-6)
        for side in (Side.LEFT, Side.RIGHT):
            brow = self._montage.index(side, Site.FRONTALIS)
            eye = self._montage.index(side, Site.ORBICULARIS_OCULI)
            if brow is not None and eye is not None and brow in own:
                pair = sorted((float(amplitude[brow]), float(amplitude[eye])))
                share = pair[0] / max(pair[1], 1e-6)
                values["brow_with_eye"] = (
                    share if np.isnan(values["brow_with_eye"]) else max(share, values["brow_with_eye"])
                )

    def _asymmetries(self, values: dict[str, float], atom: Atom, amplitude: Floats, taking: NDArray[np.int64]) -> None:
        def ratio(rows: list[int]) -> float:
            pairs = [(c, t) for c in rows if (t := self._twins[c]) is not None]
            if not pairs:
                return float("nan")
            if atom.side == "both":
                left = sum(float(amplitude[c]) for c, _ in pairs if self._side_of(c) is Side.LEFT)
                right = sum(float(amplitude[c]) for c, _ in pairs if self._side_of(c) is Side.RIGHT)
                return float(abs(np.log2((left + 0.2) / (right + 0.2))))
            mine = sum(float(amplitude[c]) for c, _ in pairs)
            theirs = sum(float(amplitude[t]) for _, t in pairs)
            return float(np.log2((mine + 0.2) / (theirs + 0.2)))

        own = self._rows[atom.side].tolist()
        both_ways = set(taking.tolist())
        if atom.side == "both":
            both_ways |= {t for c in taking.tolist() if (t := self._twins[c]) is not None}
        values["asymmetry"] = ratio(sorted(both_ways))
        values["asymmetry_eye"] = ratio([c for c in own if c in self.eyes])
        values["asymmetry_lower"] = ratio([c for c in own if c in self.lower])

    def _shape(self, values: dict[str, float], near: Neighbourhood, atom: Atom, order: NDArray[np.int64]) -> None:
        lead = self._clock.frames(0.2)
        first, last = max(0, atom.start - lead), min(near.short.shape[1], atom.end + lead)
        outline = np.zeros(last - first)
        for c in order[:3]:
            trace = np.sqrt(np.maximum(near.short[c, first:last] - near.floor[c, first:last], 0.0))
            outline += trace / max(float(trace.max()), 1e-9)
        inside = outline[atom.start - first : atom.end - first]
        peak = float(inside.max())
        if peak <= 0:
            return
        top = int(np.flatnonzero(inside >= 0.7 * peak)[0]) + atom.start - first
        bottom = int(np.flatnonzero(inside >= 0.7 * peak)[-1]) + atom.start - first
        low_before = np.flatnonzero(outline[:top] < 0.2 * peak)
        low_after = np.flatnonzero(outline[bottom:] < 0.2 * peak)
        values["rise"] = self._clock.seconds(top - int(low_before[-1]) if len(low_before) else top)
        values["fall"] = self._clock.seconds(int(low_after[0]) if len(low_after) else len(outline) - bottom)
        step = max(1, self._clock.frames(0.024))
        values["abruptness"] = float((outline[step:] - outline[:-step])[: max(1, top + 1)].max()) / peak
        values["modulation"] = float(inside.std() / max(float(inside.mean()), 1e-9))
        values["subbursts"] = float(len(runs(inside > 0.5 * peak, 2)))
        strongest = near.hop[order[0], atom.start : atom.end]
        values["crest"] = db(strongest.max() / max(float(strongest.mean()), 1e-9))

    def _views(self, values: dict[str, float], near: Neighbourhood, atom: Atom, order: NDArray[np.int64]) -> None:
        cut = slice(atom.start, atom.end)
        emg = near.hop[order, cut].mean(axis=1)
        fast = near.fast[order, cut].mean(axis=1)
        slow = near.slow[order, cut].mean(axis=1)
        values["fast_share"] = db(fast[0] / max(emg[0], 1e-9))
        values["slow_share"] = db(slow[0] / max(emg[0], 1e-9))
        values["slow_share_least"] = db(float((slow / np.maximum(emg, 1e-9)).min()))
        hop = self._clock.hop
        wave = near.wave[:, atom.start * hop : atom.end * hop]
        best = np.nan
        for side in Side:
            rows = [int(c) for c in order[:6] if self._side_of(int(c)) is side][:3]
            for i, a in enumerate(rows):
                for b in rows[i + 1 :]:
                    found = abs(correlation(wave[a], wave[b]))
                    best = found if np.isnan(best) else max(best, found)
        values["wave_correlation"] = best
        mirrors = [
            correlation(np.sqrt(near.short[c, cut]), np.sqrt(near.short[t, cut]))
            for c in order[:2].tolist()
            if (t := self._twins[c]) is not None
        ]
        if mirrors:
            values["mirror_correlation"] = max(mirrors)

    def _onset(self, values: dict[str, float], near: Neighbourhood, atom: Atom, order: NDArray[np.int64]) -> None:
        """How the strongest sites begin: found in the samples, where power changes most."""
        hop, rate = self._clock.hop, self._clock.rate_hz
        lead, follow = round(0.06 * rate), round(0.12 * rate)
        begin = atom.start * hop
        first, last = max(0, begin - lead), min(near.wave.shape[1], begin + follow)
        total = np.zeros(last - first)
        for c in order[:3]:
            total += near.wave[c, first:last] ** 2 / near.floor[c, atom.start]
        at = first + change_point(total, float(min(3, len(order))))
        early, rest = round(0.024 * rate), round(0.104 * rate)
        end = min(near.wave.shape[1], max(at + rest, at + early + 4))
        if end - at > early + 2:
            start_power = sum(
                float((near.wave[c, at : at + early] ** 2).mean() / near.floor[c, atom.start]) for c in order[:3]
            )
            then = sum(
                float((near.wave[c, at + early : end] ** 2).mean() / near.floor[c, atom.start]) for c in order[:3]
            )
            values["early_power"] = db(start_power / max(then, 1e-6))
        step = round(0.032 * rate)
        own = self._rows[self._side_of(int(order[0])).value]
        before = near.wave[own, max(0, at - step) : at]
        after = near.wave[own, at : at + step]
        floor = near.floor[own, atom.start]
        if before.shape[1] and after.shape[1]:
            was = np.maximum((before * before).mean(axis=1), floor)
            became = (after * after).mean(axis=1)
            values["sharp_sites"] = float((became >= 4.0 * was).sum())
            self._added(values, near, own, at, step)

    def _added(self, values: dict[str, float], near: Neighbourhood, own: NDArray[np.int64], at: int, step: int) -> None:
        """What the onset added on this side and on the other, over the sites that have twins."""
        mine = theirs = 0.0
        for c in own.tolist():
            twin = self._twins[c]
            if twin is None:
                continue
            for rows, is_mine in ((c, True), (twin, False)):
                before = near.wave[rows, max(0, at - 2 * step) : at]
                after = near.wave[rows, at : at + 2 * step]
                more = max(0.0, float((after * after).mean()) - float((before * before).mean()))
                if is_mine:
                    mine += float(np.sqrt(more))
                else:
                    theirs += float(np.sqrt(more))
        values["asymmetry_rise"] = float(np.log2((mine + 0.5) / (theirs + 0.5)))

    def _sides(
        self,
        values: dict[str, float],
        near: Neighbourhood,
        states: SiteStates,
        atom: Atom,
        order: NDArray[np.int64],
    ) -> None:
        side = self._side_of(int(order[0]))
        own, other = self._rows[side.value], self._rows[side.other.value]
        cut = slice(atom.start, atom.end)
        if not len(other):
            return
        envelope = np.where(near.bad[:, cut], near.floor[:, cut], near.envelope[:, cut])
        amplitude = np.sqrt(np.maximum(envelope - near.floor[:, cut], 0.0)).mean(axis=1)
        values["asymmetry_all"] = float(np.log2((amplitude[own].sum() + 0.3) / (amplitude[other].sum() + 0.3)))
        together = states.two_sided[:, cut].sum(axis=1) >= max(2, 0.3 * (atom.end - atom.start))
        values["two_sided_sites"] = float(together[own].sum())
        here = np.sqrt(near.short[own, cut]).sum(axis=0)
        there = np.sqrt(near.short[other, cut]).sum(axis=0)
        values["side_correlation"] = correlation(here, there)
        if together.any():
            level = near.envelope[:, cut] / near.floor[:, cut]
            values["sides_level"] = db(float(level[order[0]].max()) / max(float(level[together].max()), 1e-6))
