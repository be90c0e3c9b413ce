"""What is measured of atoms: numbers with a physical meaning, by name, in a fixed order.

Levels are dB over the channel's noise power, shares are parts of the summed amplitude, times are seconds. A feature that
a montage cannot give (no cheek electrode, one side only) is NaN, which the decision treats as "not known". F1…F12 are
the numbers of the clinical notes. All atoms of a scene are measured at once; each as if it were alone (`stretches`).
"""

from __future__ import annotations

import numpy as np

from calibration.montage import Site
from hfs_emg.analysis.activity import BOTH, AtomTable
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.measures import Measured, Profile, db
from hfs_emg.analysis.scene import MontageRows, Scene
from hfs_emg.analysis.shapes import Shapes
from hfs_emg.analysis.stretches import Flags, Floats, Stretches, any_of, average, highest, row_sums
from hfs_emg.analysis.surroundings import Surroundings

_GROUPS = (
    ("share_brow", (Site.FRONTALIS,)),
    ("share_eye", (Site.ORBICULARIS_OCULI,)),
    ("share_cheek", (Site.ZYGOMATICUS,)),
    ("share_mouth", (Site.ORBICULARIS_ORIS, Site.MENTALIS)),
    ("share_jaw", (Site.MASSETER,)),
)


class FeatureMaker:
    """Measures atoms for one montage."""

    def __init__(self, clock: FrameClock, rows: MontageRows) -> None:
        self._clock = clock
        self._rows = rows
        sites = list(Site)
        groups = [(name, np.any([rows.sites[sites.index(s)] for s in chosen], axis=0)) for name, chosen in _GROUPS]
        self._groups = [(name, rows.own & group) for name, group in groups]
        self._by_site = rows.own[:, None, :] & rows.sites
        self._shapes = Shapes(clock, rows)
        self._surroundings = Surroundings(clock, rows)

    def measure(self, scene: Scene, atoms: AtomTable) -> tuple[Floats, Floats]:
        """Features of each atom, (n, len(NAMES)), NaN where not known and where they are its history's; and its mean amplitude by site,
        (n, sites) µV: of its side, of both sides the mean, 0 without an electrode.
        """
        values = Measured.none(len(atoms))
        profile = self._profile(scene, atoms)
        values["two_sided"] = (atoms.sides == BOTH).astype(np.float64)
        values["duration"] = np.log10(self._clock.seconds_of(atoms.ends - atoms.starts))
        self._levels(values, scene, atoms, profile)
        self._shares(values, atoms, profile)
        self._asymmetries(values, scene, atoms, profile)
        self._shapes.measure(values, scene, atoms, profile)
        self._surroundings.measure(values, scene, atoms)
        return values.table, self._patterns(atoms, profile)

    def _profile(self, scene: Scene, atoms: AtomTable) -> Profile:
        level = highest(scene.level, atoms.starts, atoms.ends)
        # Ties are for the first channel.
        order = np.argsort(np.where(atoms.channels, -level, np.inf), axis=1, kind="stable")
        return Profile(
            level=level,
            raw_level=highest(scene.raw_level, atoms.starts, atoms.ends) if scene.bad else level,
            amplitude=average(scene.amplitude, atoms.starts, atoms.ends),
            order=order,
            count=np.count_nonzero(atoms.channels, axis=1),
            own=self._rows.own[self._rows.sides[order[:, 0]]],
            cut=Stretches(atoms.starts, atoms.ends),
        )

    def _patterns(self, atoms: AtomTable, profile: Profile) -> Floats:
        found = np.zeros((len(atoms), len(Site)))
        for i in range(len(Site)):
            chosen = self._by_site[atoms.sides, i]
            there = np.count_nonzero(chosen, axis=1)
            found[:, i] = row_sums(np.where(chosen, profile.amplitude, 0.0)) / np.maximum(there, 1)
        return found

    def _levels(self, values: Measured, scene: Scene, atoms: AtomTable, profile: Profile) -> None:
        level, first, rows = profile.level, profile.order[:, 0], self._rows
        each = np.arange(len(atoms))
        values["level_first"] = db(level[each, first])
        apart = np.ones(level.shape, dtype=np.bool_)
        apart[each, first] = False
        rest = profile.own & apart
        values.set("level_second", any_of(rest), db(np.where(rest, level, 1.0).max(axis=1, initial=1.0)))
        values["sites"] = np.count_nonzero((atoms.channels[:, None, :] & rows.sites).any(axis=2), axis=1)
        other = rows.own[1 - rows.sides[first]]
        values.set("level_other", any_of(other), db(np.where(other, level, 1.0).max(axis=1, initial=1.0)))
        values.set(
            "region", atoms.sides == BOTH, np.where(rows.brows[first], 0.0, np.where(rows.eyes[first], 1.0, 2.0))
        )
        mates = rest & atoms.channels
        some = np.flatnonzero(any_of(mates))
        if not len(some):
            return
        second = np.where(mates, level, -np.inf).argmax(axis=1)[some]
        inside = Stretches(atoms.starts[some], atoms.ends[some])
        halves = []
        for row in (first[some], second):
            short = inside.row(scene.short, row)
            halves.append(inside.first(short >= inside.spread(0.25 * inside.highest(short))))
        values.at("onset_spread", some, self._clock.seconds_of(np.abs(halves[0] - halves[1])))
        lead = self._clock.frames(0.05)
        wide = Stretches(
            np.maximum(atoms.low, atoms.starts - lead)[some], np.minimum(atoms.high, atoms.ends + lead)[some]
        )
        together = wide.correlations(wide.row(scene.root, first[some]), wide.row(scene.root, second))
        values.at("site_correlation", some, together)

    def _shares(self, values: Measured, atoms: AtomTable, profile: Profile) -> None:
        amplitude = profile.amplitude
        total = np.maximum(row_sums(np.where(self._rows.own[atoms.sides], amplitude, 0.0)), 1e-6)
        for name, masks in self._groups:
            chosen = masks[atoms.sides]
            values.set(name, any_of(chosen), row_sums(np.where(chosen, amplitude, 0.0)) / total)
        for brow, eye in self._rows.brow_and_eye:
            least, most = (
                np.minimum(amplitude[:, brow], amplitude[:, eye]),
                np.maximum(amplitude[:, brow], amplitude[:, eye]),
            )
            found = np.where(self._rows.own[atoms.sides, brow], least / np.maximum(most, 1e-6), np.nan)
            values["brow_with_eye"] = np.fmax(values["brow_with_eye"], found)

    def _asymmetries(self, values: Measured, scene: Scene, atoms: AtomTable, profile: Profile) -> None:
        rows = self._rows
        amplitude = profile.amplitude * np.sqrt(scene.gain[atoms.island])
        twin = amplitude[:, rows.twins]
        both = (atoms.sides == BOTH)[:, None]
        own = rows.own[atoms.sides]
        left, right = rows.own[0] | ~both, rows.own[1] & both

        def ratio(chosen: Flags) -> Floats:
            chosen = chosen & rows.paired
            mine = row_sums(np.where(chosen & left, amplitude, 0.0))
            theirs = row_sums(np.where(both, np.where(chosen & right, amplitude, 0.0), np.where(chosen, twin, 0.0)))
            found = np.log2((mine + 0.2) / (theirs + 0.2))
            return np.where(any_of(chosen), np.where(both[:, 0], np.abs(found), found), np.nan)

        values["asymmetry"] = ratio(atoms.channels | (atoms.channels[:, rows.twins] & both))
        values["asymmetry_eye"] = ratio(own & rows.eyes)
        values["asymmetry_lower"] = ratio(own & rows.lower)
        self._both_sides(values, scene, atoms, profile, amplitude)

    def _both_sides(
        self, values: Measured, scene: Scene, atoms: AtomTable, profile: Profile, amplitude: Floats
    ) -> None:
        if not self._rows.own[:BOTH].any(axis=1).all():
            return
        own, first = profile.own, profile.order[:, 0]
        here, there = (row_sums(np.where(which, amplitude, 0.0)) for which in (own, ~own))
        values["asymmetry_all"] = np.log2((here + 0.3) / (there + 0.3))
        moving = (scene.two_sided[:, atoms.ends] - scene.two_sided[:, atoms.starts]).T
        together = moving >= np.maximum(2, 0.3 * (atoms.ends - atoms.starts))[:, None]
        values["two_sided_sites"] = np.count_nonzero(together & own, axis=1)
        side, cut = self._rows.sides[first], profile.cut
        values["side_correlation"] = cut.correlations(
            cut.row(scene.side_root, side), cut.row(scene.side_root, 1 - side)
        )
        strongest = np.where(together, profile.raw_level, 0.0).max(axis=1)
        mine = profile.raw_level[np.arange(len(atoms)), first]
        values.set("sides_level", any_of(together), db(mine / np.maximum(strongest, 1e-6)))
