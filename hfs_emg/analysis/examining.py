"""Islands in, atoms out with all that is measured in the signal around them: what needs no history and no decision.

Either half of the analyser may do it; whichever does, a piece's atoms are those that its signal has, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass

from calibration.montage import Montage
from hfs_emg.analysis.activity import AtomTable, Neighbourhood
from hfs_emg.analysis.atoms import AtomFinder
from hfs_emg.analysis.bursts import BurstFinder, Traces
from hfs_emg.analysis.features import FeatureMaker
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.hum import jumps
from hfs_emg.analysis.scene import SceneMaker
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.analysis.stretches import Columns, Floats
from hfs_emg.analysis.striking import StrikingFinder


@dataclass(frozen=True, slots=True)
class Examined:
    """The atoms of some islands. values (n, len(NAMES)): their features, of which those of their history are NaN. patterns (n, sites):
    mean amplitude, µV. striking (n,): as `StrikingFinder` has it. traces: their bursts and edges.
    """

    atoms: AtomTable
    values: Floats
    patterns: Floats
    striking: Columns
    traces: Traces


class Examiner:
    """Examines islands of one montage."""

    def __init__(self, clock: FrameClock, montage: Montage, settings: AnalysisSettings) -> None:
        self._clock = clock
        self.atoms = AtomFinder(clock, montage, settings)
        self.striking = StrikingFinder(montage, settings)
        self._scenes = SceneMaker(clock, montage)
        self._features = FeatureMaker(clock, self._scenes.rows)
        self._bursts = BurstFinder(clock, self._scenes.rows)

    def examine(self, near: Neighbourhood) -> tuple[Examined | None, AtomTable]:
        """What islands hold, None for nothing; and what looked like an atom and is a jump of the mains. All atoms are measured together."""
        cut = self.atoms.cut(near)
        states, table = cut.states, cut.atoms
        if not len(table):
            return None, table
        scene = self._scenes.scene(near, states)
        hum = jumps(scene.wave, table, near.hum_hz[table.starts], self._clock)
        jumped = table.of(hum)
        if len(jumped):
            table = table.of(~hum)
        if not len(table):
            return None, jumped
        values, patterns = self._features.measure(scene, table)
        striking = self.striking.first(near, states, table)
        return Examined(table, values, patterns, striking, self._bursts.traces(scene, states, table)), jumped
