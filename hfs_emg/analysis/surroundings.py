"""What lies around an atom: before and after it, beside it on the other side, and in the seconds gone by.

Features by name are put into the caller's dictionary; see `features.NAMES` for their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.atoms import Atom, Neighbourhood, SiteStates, runs
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.history import History
from hfs_emg.analysis.measures import db


class Surroundings:
    """Measures for one montage: rows of channels by side, and those over eyelids and lower face."""

    def __init__(
        self, clock: FrameClock, rows: Mapping[str, NDArray[np.int64]], eyes: list[int], lower: list[int]
    ) -> None:
        self._clock = clock
        self._rows = rows
        self._eyes = eyes
        self._lower = lower

    def measure(
        self, values: dict[str, float], near: Neighbourhood, states: SiteStates, atom: Atom, history: History
    ) -> None:
        """Add what surrounds one atom."""
        self._around(values, near, states, atom)
        self._movement(values, states, atom)
        self._eye_potential(values, near, states, atom)
        self._past(values, near, atom, history)

    def _around(self, values: dict[str, float], near: Neighbourhood, states: SiteStates, atom: Atom) -> None:
        own = self._rows[atom.side]
        seconds = self._clock.frames
        end = near.envelope.shape[1]

        def loudest(first: int, last: int) -> float:
            first, last = max(0, first), min(end, last)
            if last <= first or not len(own):
                return 0.0
            level = np.where(
                near.bad[own, first:last], 0.0, near.envelope[own, first:last] / near.floor[own, first:last]
            )
            return db(max(float(level.max()), 1.0))

        def share(flags: NDArray[np.bool_], rows: list[int], first: int, last: int) -> float:
            first, last = max(0, first), min(end, last)
            if not rows:
                return float("nan")
            return float(flags[rows, first:last].any(axis=0).mean()) if last > first else 0.0

        values["level_before"] = loudest(atom.start - seconds(0.4), atom.start - seconds(0.1))
        values["level_after"] = loudest(atom.end + seconds(0.15), atom.end + seconds(0.5))
        values["level_later"] = loudest(atom.end + seconds(0.5), atom.end + seconds(1.0))
        values["eye_two_sided"] = share(states.two_sided, self._eyes, atom.start, atom.end)
        values["lower_two_sided"] = share(states.two_sided, self._lower, atom.start, atom.end)
        values["eye_before"] = share(states.two_sided, self._eyes, atom.start - seconds(0.4), atom.start)
        values["eye_after"] = share(states.two_sided, self._eyes, atom.end, atom.end + seconds(0.5))
        values["lower_after"] = share(states.two_sided, self._lower, atom.end, atom.end + seconds(1.0))
        values["one_sided_after"] = share(states.one_sided, own.tolist(), atom.end, atom.end + seconds(1.0))
        mine = [c for c in own.tolist() if c in self._eyes]
        if mine:
            lead = max(0, atom.start - seconds(0.4))
            blink = np.where(states.two_sided[mine, lead : atom.end], near.envelope[mine, lead : atom.end], 0.0).max()
            if blink > 0:
                now = near.envelope[mine, atom.start : atom.end].max()
                values["eye_over_blink"] = db(now / blink)

    def _movement(self, values: dict[str, float], states: SiteStates, atom: Atom) -> None:
        """How an atom lies to the activity it was cut from, and to the two-sided movement it goes with."""
        seconds = self._clock.seconds
        values["stretch"] = float(np.log10(seconds(atom.stretch[1] - atom.stretch[0])))
        values["into_stretch"] = seconds(atom.start - atom.stretch[0])
        if atom.side == "both":
            return
        moving: NDArray[np.bool_] = np.asarray(states.two_sided.any(axis=0))
        lead = max(0, atom.start - self._clock.frames(0.3))
        together = [run for run in runs(moving, self._clock.frames(0.06)) if run[1] > lead and run[0] < atom.end]
        if together:
            values["lag_movement"] = seconds(atom.start - together[0][0])
            values["outlasts_movement"] = seconds(atom.end - together[-1][1])

    def _eye_potential(self, values: dict[str, float], near: Neighbourhood, states: SiteStates, atom: Atom) -> None:
        if len(self._eyes) != 2:
            return
        lead = self._clock.frames(0.1)
        wide = slice(max(0, atom.start - lead), atom.end + lead)
        values["eye_potential"] = float(states.eye_potential[atom.start : atom.end].mean())
        values["eye_potential_level"] = db(max(float(near.eye[wide].max()), 1.0))
        others = [i for i in range(len(near.slow)) if i not in self._eyes]
        if others:
            at_eyes = float(near.slow[self._eyes][:, wide].mean(axis=1).min())
            values["slow_elsewhere"] = db(float(near.slow[others][:, wide].mean(axis=1).max()) / max(at_eyes, 1e-9))

    def _past(self, values: dict[str, float], near: Neighbourhood, atom: Atom, history: History) -> None:
        now = self._clock.seconds(near.first + atom.start)
        values["lower_context"] = history.lower_share(now)
        values["eye_rate"] = float(history.eye_count(now))
        values["since_own"] = history.since(atom.side, now, eye=False)
        values["since_eye"] = history.since("both", now, eye=True)
        if atom.side != "both":
            values["coupling"] = history.coupling(atom.side)
        rhythm = history.rhythm(atom.side, now)
        values["rhythm_count"], values["rhythm_interval"], values["rhythm_cv"] = rhythm
