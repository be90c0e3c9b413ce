"""What lies around atoms: before and after them, and beside them on the other side.

Features by name are put into the caller's table; see `feature_names` for their meaning.
"""

from __future__ import annotations

import numpy as np

from hfs_emg.analysis.activity import BOTH, AtomTable
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.measures import Measured, db
from hfs_emg.analysis.scene import MontageRows, Scene
from hfs_emg.analysis.stretches import Columns, Floats, Stretches, any_of, average, highest, highest_of, share

_EYES, _LOWER, _POTENTIAL = range(3)


class Surroundings:
    """Measures for one montage."""

    def __init__(self, clock: FrameClock, rows: MontageRows) -> None:
        self._clock = clock
        self._rows = rows
        self._lids = any_of(rows.own & rows.eyes)
        groups = (("brow_rise", rows.brows), ("lid_rise", rows.eyes), ("lower_rise", rows.lower))
        self._groups = [(name, rows.own & of) for name, of in groups if of.any()]

    def measure(self, values: Measured, scene: Scene, atoms: AtomTable) -> None:
        """Add what surrounds the atoms."""
        self._around(values, scene, atoms)
        self._rises(values, scene, atoms)
        self._movement(values, scene, atoms)
        if np.count_nonzero(self._rows.eyes) == 2:
            self._eye_potential(values, scene, atoms)

    def _around(self, values: Measured, scene: Scene, atoms: AtomTable) -> None:
        starts, ends, frames = atoms.starts, atoms.ends, self._clock.frames

        def loudest(first: Columns, last: Columns) -> Floats:
            first, last = np.maximum(atoms.low, first), np.minimum(atoms.high, last)
            found = db(np.maximum(highest_of(scene.loudest, atoms.sides, first, last), 1.0))
            return np.where(last > first, found, 0.0)

        values["level_before"] = loudest(starts - frames(0.4), starts - frames(0.1))
        values["level_after"] = loudest(ends + frames(0.15), ends + frames(0.5))
        values["level_later"] = loudest(ends + frames(0.5), ends + frames(1.0))
        lead = np.maximum(atoms.low, starts - frames(0.4))
        soon, later = (np.minimum(atoms.high, ends + frames(seconds)) for seconds in (0.5, 1.0))
        rows = np.zeros(len(atoms), dtype=np.int64)
        if self._rows.eyes.any():
            values["eye_two_sided"] = share(scene.moving, rows + _EYES, starts, ends)
            values["eye_before"] = share(scene.moving, rows + _EYES, lead, starts)
            values["eye_after"] = share(scene.moving, rows + _EYES, ends, soon)
        if self._rows.lower.any():
            values["lower_two_sided"] = share(scene.moving, rows + _LOWER, starts, ends)
            values["lower_after"] = share(scene.moving, rows + _LOWER, ends, later)
        values["one_sided_after"] = share(scene.one_sided, atoms.sides, ends, later)
        blink = highest_of(scene.lid_blink, atoms.sides, lead, ends)
        now = highest_of(scene.lid, atoms.sides, starts, ends)
        seen = self._lids[atoms.sides] & (blink > 0)
        values.set("eye_over_blink", seen, db(now / np.where(seen, blink, 1.0)))

    def _rises(self, values: Measured, scene: Scene, atoms: AtomTable) -> None:
        """How much more each site does than in the half second before: a spasm within a movement rises out of it, a blink out of speech.

        "Other" is the other side, of a two-sided atom the rest of the face.
        """
        rise = self._rise(scene, atoms)
        both = atoms.sides == BOTH
        mine = self._rows.own[atoms.sides]
        for name, masks in self._groups:
            chosen = masks[atoms.sides]
            most = np.where(chosen, rise, -np.inf).max(axis=1)
            least = np.where(chosen, rise, np.inf).min(axis=1)
            values.set(name, any_of(chosen), np.where(both, least, most))
        own = np.where(both[:, None], atoms.channels, mine)
        ordered = np.sort(np.where(own, rise, -np.inf), axis=1)
        values["own_rise"] = ordered[:, -1]
        if ordered.shape[1] > 1:
            values.set("second_rise", ordered[:, -2] > -np.inf, ordered[:, -2])
        values["rising_sites"] = np.count_nonzero(own & (rise >= 6.0), axis=1)
        others = ~own
        there = any_of(others)
        values.set("other_rise", there, np.where(others, rise, -np.inf).max(axis=1))
        one_sided = np.flatnonzero(there & ~both)
        low, start, side = atoms.low[one_sided], atoms.starts[one_sided], atoms.sides[one_sided]
        first = np.maximum(low, start - self._clock.frames(0.4))
        last = np.maximum(low + 1, start - self._clock.frames(0.05))
        before = highest_of(scene.loudest, 1 - side, first, last)
        values.at("other_before", one_sided, db(np.maximum(before, 1.0)))

    def _rise(self, scene: Scene, atoms: AtomTable) -> Floats:
        """dB of each channel over its median in the half second before, (n, channels)."""
        width = self._clock.frames(0.45)
        stop = np.maximum(atoms.low + 1, atoms.starts - self._clock.frames(0.032))
        first = stop - width
        before = scene.envelope.take(np.maximum(first, 0)[:, None] + np.arange(width), axis=1)
        middle = _median(before)
        for i in np.flatnonzero(first < atoms.low).tolist():  # only at the beginning of a stream
            middle[:, i] = _median(scene.envelope[:, atoms.low[i] : stop[i]])
        base = np.maximum(middle.T, scene.floor[:, atoms.starts].T)
        until = np.minimum(atoms.ends, atoms.starts + self._clock.frames(0.4))
        return np.asarray(10.0 * np.log10(np.maximum(highest(scene.envelope, atoms.starts, until) / base, 1.0)))

    def _movement(self, values: Measured, scene: Scene, atoms: AtomTable) -> None:
        """How an atom lies to the activity it was cut from, and to the two-sided movement it goes with."""
        seconds = self._clock.seconds_of
        values["stretch"] = np.log10(seconds(atoms.stretch))
        values["into_stretch"] = seconds(atoms.into)
        begins, ends = scene.movements
        if not len(begins):
            return
        lead = np.maximum(atoms.low, atoms.starts - self._clock.frames(0.3))
        first = np.searchsorted(ends, lead, side="right")
        last = np.searchsorted(begins, atoms.ends, side="left") - 1
        some = np.flatnonzero((first <= last) & (atoms.sides != BOTH))
        values.at("lag_movement", some, seconds(atoms.starts[some] - begins[first[some]]))
        values.at("outlasts_movement", some, seconds(atoms.ends[some] - ends[last[some]]))

    def _eye_potential(self, values: Measured, scene: Scene, atoms: AtomTable) -> None:
        lead = self._clock.frames(0.1)
        first, last = np.maximum(atoms.low, atoms.starts - lead), np.minimum(atoms.high, atoms.ends + lead)
        row = np.full(len(atoms), _POTENTIAL)
        values["eye_potential"] = share(scene.moving, row, atoms.starts, atoms.ends)
        values["eye_potential_level"] = db(np.maximum(highest(scene.eye, first, last)[:, 0], 1.0))
        wide = Stretches(first, last)
        left, right = wide.line(scene.eye_wave[0]), wide.line(scene.eye_wave[1])
        values["eye_polarity"] = wide.correlations(left, right)
        strength = [wide.highest(np.abs(wave)) for wave in (left, right)]
        stronger = np.where(wide.spread(strength[0] >= strength[1]), left, right)
        one_way = np.abs(wide.sums(stronger)) / np.maximum(wide.sums(np.abs(stronger)), 1e-9)
        values["eye_one_way"] = one_way
        if len(scene.slow) > 2:
            slow, eyes = average(scene.slow, first, last), self._rows.eyes
            values["slow_elsewhere"] = db(slow[:, ~eyes].max(axis=1) / np.maximum(slow[:, eyes].min(axis=1), 1e-9))


def _median(values: Floats) -> Floats:
    """Median along the last axis."""
    n = values.shape[-1]
    ordered = np.sort(values, axis=-1)  # of short rows a sixth of what `partition` costs
    return np.asarray((ordered[..., (n - 1) // 2] + ordered[..., n // 2]) / 2)
