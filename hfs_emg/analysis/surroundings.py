"""What lies around an atom: before and after it, beside it on the other side, and in the seconds gone by.

Features by name are put into the caller's dictionary; see `feature_names` for their meaning.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.atoms import Atom
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.history import History
from hfs_emg.analysis.measures import MontageRows, Scene, correlation, db, means


class Surroundings:
    """Measures for one montage."""

    def __init__(self, clock: FrameClock, rows: MontageRows) -> None:
        self._clock = clock
        self._eyes = rows.eyes
        self._empty = {side for side, own in rows.own.items() if not len(own)}
        self._own = {side: own.tolist() for side, own in rows.own.items()}
        self._groups = [
            (name, of)
            for name, of in (("brow_rise", rows.brows), ("lid_rise", rows.eyes), ("lower_rise", rows.lower))
            if of
        ]
        self._other = {"left": "right", "right": "left", "both": "both"}
        self._lids = {side: [c for c in own.tolist() if c in rows.eyes] for side, own in rows.own.items()}

    def measure(self, values: dict[str, float], scene: Scene, atom: Atom, history: History) -> None:
        """Add what surrounds one atom."""
        self._around(values, scene, atom)
        self._rises(values, scene, atom)
        self._movement(values, scene, atom)
        self._eye_potential(values, scene, atom)
        self._past(values, scene, atom, history)

    def _around(self, values: dict[str, float], scene: Scene, atom: Atom) -> None:
        near, two_sided = scene.near, scene.states.two_sided
        seconds = self._clock.frames
        end = near.envelope.shape[1]

        def loudest(first: int, last: int) -> float:
            first, last = max(0, first), min(end, last)
            if last <= first or atom.side in self._empty:
                return 0.0
            return db(max(float(scene.loudest[atom.side][first:last].max()), 1.0))

        def share(flags: NDArray[np.bool_] | None, first: int, last: int) -> float:
            first, last = max(0, first), min(end, last)
            if flags is None:
                return float("nan")
            return int(np.count_nonzero(flags[first:last])) / (last - first) if last > first else 0.0

        values["level_before"] = loudest(atom.start - seconds(0.4), atom.start - seconds(0.1))
        values["level_after"] = loudest(atom.end + seconds(0.15), atom.end + seconds(0.5))
        values["level_later"] = loudest(atom.end + seconds(0.5), atom.end + seconds(1.0))
        values["eye_two_sided"] = share(scene.eyes_moving, atom.start, atom.end)
        values["lower_two_sided"] = share(scene.lower_moving, atom.start, atom.end)
        values["eye_before"] = share(scene.eyes_moving, atom.start - seconds(0.4), atom.start)
        values["eye_after"] = share(scene.eyes_moving, atom.end, atom.end + seconds(0.5))
        values["lower_after"] = share(scene.lower_moving, atom.end, atom.end + seconds(1.0))
        values["one_sided_after"] = share(scene.one_sided[atom.side], atom.end, atom.end + seconds(1.0))
        mine = self._lids[atom.side]
        if mine:
            lead = max(0, atom.start - seconds(0.4))
            blink = np.where(two_sided[mine, lead : atom.end], near.envelope[mine, lead : atom.end], 0.0).max()
            if blink > 0:
                now = near.envelope[mine, atom.start : atom.end].max()
                values["eye_over_blink"] = db(now / blink)

    def _rises(self, values: dict[str, float], scene: Scene, atom: Atom) -> None:
        """How much more each site does than in the half second before: a spasm within a movement rises out of it, a blink out of speech.

        "Other" is the other side, of a two-sided atom the rest of the face.
        """
        near, seconds = scene.near, self._clock.frames
        stop = max(1, atom.start - seconds(0.032))
        before = near.envelope[:, max(0, stop - seconds(0.45)) : stop]
        base = np.maximum(np.median(before, axis=1), near.floor[:, atom.start])
        until = min(atom.end, atom.start + seconds(0.4))
        rise = 10.0 * np.log10(np.maximum(near.envelope[:, atom.start : until].max(axis=1) / base, 1.0))
        mine = self._own[atom.side]
        for name, rows in self._groups:
            chosen = [c for c in rows if c in mine]
            if chosen:
                values[name] = float(rise[chosen].max() if atom.side != "both" else rise[chosen].min())
        if atom.side == "both":
            here = np.zeros(len(rise), dtype=np.bool_)
            here[list(atom.channels)] = True
            own, other = np.sort(rise[here])[::-1].tolist(), rise[~here]
        else:
            own, other = np.sort(rise[mine])[::-1].tolist(), rise[self._own[self._other[atom.side]]]
        values["own_rise"] = own[0]
        if len(own) > 1:
            values["second_rise"] = own[1]
        values["rising_sites"] = float(sum(r >= 6.0 for r in own))
        if len(other):
            values["other_rise"] = float(other.max())
        if atom.side != "both" and len(other):
            lead = slice(max(0, atom.start - seconds(0.4)), max(1, atom.start - seconds(0.05)))
            values["other_before"] = db(max(float(scene.loudest[self._other[atom.side]][lead].max()), 1.0))

    def _movement(self, values: dict[str, float], scene: Scene, atom: Atom) -> None:
        """How an atom lies to the activity it was cut from, and to the two-sided movement it goes with."""
        seconds = self._clock.seconds
        values["stretch"] = float(np.log10(seconds(atom.stretch[1] - atom.stretch[0])))
        values["into_stretch"] = seconds(atom.start - atom.stretch[0])
        if atom.side == "both":
            return
        lead = max(0, atom.start - self._clock.frames(0.3))
        together = [run for run in scene.movements if run[1] > lead and run[0] < atom.end]
        if together:
            values["lag_movement"] = seconds(atom.start - together[0][0])
            values["outlasts_movement"] = seconds(atom.end - together[-1][1])

    def _eye_potential(self, values: dict[str, float], scene: Scene, atom: Atom) -> None:
        if len(self._eyes) != 2:
            return
        near = scene.near
        lead = self._clock.frames(0.1)
        wide = slice(max(0, atom.start - lead), atom.end + lead)
        flagged = scene.states.eye_potential[atom.start : atom.end]
        values["eye_potential"] = int(np.count_nonzero(flagged)) / len(flagged)
        values["eye_potential_level"] = db(max(float(near.eye[wide].max()), 1.0))
        left, right = near.eye_wave[:, wide]
        values["eye_polarity"] = correlation(left, right)
        stronger = max((left, right), key=lambda w: float(np.abs(w).max()))
        values["eye_one_way"] = abs(float(stronger.sum())) / max(float(np.abs(stronger).sum()), 1e-9)
        if len(near.slow) > 2:
            slow: list[float] = means(near.slow[:, wide]).tolist()
            elsewhere = max(power for c, power in enumerate(slow) if c not in self._eyes)
            values["slow_elsewhere"] = db(elsewhere / max(min(slow[c] for c in self._eyes), 1e-9))

    def _past(self, values: dict[str, float], scene: Scene, atom: Atom, history: History) -> None:
        now = self._clock.seconds(scene.near.first + atom.start)
        values["lower_context"] = history.lower_share(now)
        values["eye_rate"] = float(history.eye_count(now))
        values["since_own"] = history.since(atom.side, now, eye=False)
        values["since_eye"] = history.since("both", now, eye=True)
        if atom.side != "both":
            values["coupling"] = history.coupling(atom.side)
        rhythm = history.rhythm(atom.side, now)
        values["rhythm_count"], values["rhythm_interval"], values["rhythm_cv"] = rhythm
        values["oral_context"], values["movement_context"] = history.two_sided_shares(now)
        values["own_context"] = float(history.count(atom.side, now))
        if atom.side != "both":
            values["other_context"] = float(history.count(self._other[atom.side], now))
        lower = history.lower_rhythm(now)
        values["lower_count"], values["lower_interval"], values["lower_cv"] = lower
