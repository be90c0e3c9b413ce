"""When activity first looks like a spasm of its side, before anything is decided."""

from __future__ import annotations

import numpy as np

from calibration.montage import Montage, Side
from hfs_emg.analysis.activity import BOTH, Activity, AtomTable, SiteStates
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.analysis.stretches import Columns


class StrikingFinder:
    """Finds it for one montage."""

    def __init__(self, montage: Montage, settings: AnalysisSettings) -> None:
        self._on = settings.on_factor**2
        self._rows = [list(montage.on(side)) for side in Side]

    def first(self, near: Activity, states: SiteStates, atoms: AtomTable) -> Columns:
        """How far into each atom (n,) a frame first looks like a spasm of its side: two of its sites above their on-threshold and
        one-sided. -1 where none does, as in all two-sided atoms.
        """
        found = np.full(len(atoms), -1)
        some = (atoms.sides != BOTH).nonzero()[0].tolist()
        if not some:
            return found
        above_on = ~near.bad & (near.envelope >= self._on * near.floor)
        strong = (above_on & states.one_sided).view(np.int8)
        flags = [np.add.reduce(strong[rows], axis=0, dtype=np.int8) >= 2 for rows in self._rows]
        for i in some:
            own = flags[atoms.sides[i]][atoms.starts[i] : atoms.ends[i]]
            at = own.argmax()
            found[i] = at if own[at] else -1
        return found
