"""What lies around an atom: before and after it, beside it on the other side, and in the seconds gone by.

Features by name are put into the caller's dictionary; see `features.NAMES` for their meaning.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.atoms import Atom
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.history import History
from hfs_emg.analysis.measures import MontageRows, Scene, db, means


class Surroundings:
    """Measures for one montage."""

    def __init__(self, clock: FrameClock, rows: MontageRows) -> None:
        self._clock = clock
        self._eyes = rows.eyes
        self._empty = {side for side, own in rows.own.items() if not len(own)}
        self._lids = {side: [c for c in own.tolist() if c in rows.eyes] for side, own in rows.own.items()}

    def measure(self, values: dict[str, float], scene: Scene, atom: Atom, history: History) -> None:
        """Add what surrounds one atom."""
        self._around(values, scene, atom)
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
