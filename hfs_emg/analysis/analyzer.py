"""The analyser: blocks in, findings out. Live, replay, review and report call this one, block by block, forward only.

Its law: how the signal is cut into blocks must not show in the findings, bit for bit. It holds because every stage works
on positions fixed by sample index: filters carry their state, frames and seconds lie at fixed samples, and everything
found in an island of activity is a pure function of the frames around it.

It has two halves. `Preparer` makes islands of samples, `Decider` makes findings of islands; `Prepared` is all that passes between them.
"""

from __future__ import annotations

from calibration.montage import Montage
from calibration.profile import CalibrationProfile
from hfs_emg.analysis.deciding import Decider
from hfs_emg.analysis.prepared import Decides
from hfs_emg.analysis.preparing import Noticed, Preparer
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.events import Findings, Invalid
from hfs_emg.model import Block, Signal


class Analyzer:
    """Analyses one stream of one montage. A new stream is a new object. Raises RequestError when the settings do not fit the rate."""

    def __init__(
        self,
        signal: Signal,
        montage: Montage,
        settings: AnalysisSettings | None = None,
        model: bytes | None = None,
        profile: CalibrationProfile | None = None,
        *,
        decider: Decides | None = None,
    ) -> None:
        """model: a model file's content, None for the program's own. profile: this face's calibration, used unless the
        settings say otherwise; None to learn it all from the stream. decider: instead of one of its own, with this model.
        """
        settings = settings or AnalysisSettings()
        self.montage = montage
        self.signal = signal
        self._preparer = Preparer(signal, montage, settings, profile)
        self._decider = decider or Decider(signal.rate_hz, montage, settings, model)
        self.clock = self._preparer.clock

    def push(self, block: Block) -> Findings:
        """The next samples. Returns what was settled since the last push."""
        return self._findings(self._preparer.push(block, self._decider))

    def still_invalid(self) -> list[Invalid]:
        """Stretches that have begun and not ended: for a live view."""
        return self._preparer.still_invalid()

    def finish(self) -> Findings:
        """The end of the stream: everything still open is settled."""
        return self._findings(self._preparer.finish(self._decider))

    def _findings(self, noticed: Noticed) -> Findings:
        decided = self._decider.settled()
        invalid = (*noticed.invalid, *decided.invalid)
        return Findings(decided.episodes, invalid, noticed.in_progress, self.clock.seconds(decided.frontier))
