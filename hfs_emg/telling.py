"""What a session that runs is told as: its status once a second of signal, or of silence. No clock of its own."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.montage import Side
from hfs_emg.analysis.burden import Burden
from hfs_emg.errors import HfsError
from hfs_emg.events import InProgress
from hfs_emg.losses import LossLedger
from hfs_emg.outcome import Status
from hfs_emg.session.recorder import Recorder
from hfs_emg.worker import AnalysisWorker

EVERY_S = 1.0


class Telling:
    """Makes the statuses of one session from what its parts hold."""

    def __init__(
        self,
        rate_hz: float,
        recorder: Recorder,
        worker: AnalysisWorker,
        burden: Burden,
        losses: LossLedger,
        *,
        every_s: float = EVERY_S,
    ) -> None:
        self._rate_hz = rate_hz
        self._recorder, self._worker = recorder, worker
        self._burden, self._losses = burden, losses
        self._every = max(1, round(every_s * rate_hz))
        self._due = self._every
        self._silence_due_s = 0.0
        self._doubted = (0, 0.0)

    def is_due(self, samples: int, now_s: float, *, silent: bool) -> bool:
        """Whether it is to be told again: a second of signal is over, or one of silence."""
        if samples < self._due and not (silent and now_s >= self._silence_due_s):
            return False
        self._due = (samples // self._every + 1) * self._every
        self._silence_due_s = now_s + EVERY_S
        return True

    def status(
        self,
        samples: int,
        *,
        link: str,
        in_progress: Sequence[InProgress],
        disk_error: HfsError | None,
        silent_s: float,
        ending: bool = False,
    ) -> Status:
        """The status with so many samples recorded."""
        elapsed_s = samples / self._rate_hz
        analysed_s = self._worker.analysed_samples / self._rate_hz
        behind = 0 if disk_error else self._recorder.samples - self._recorder.synced_samples
        return Status(
            elapsed_s=elapsed_s,
            valid_share=self._valid_s(analysed_s) / analysed_s if analysed_s > 0 else 1.0,
            lost_samples=self._losses.lost + self._recorder.not_kept_samples,
            spasms={side: self._burden.count(side) for side in Side},
            link=link,
            disk_behind_s=behind / self._rate_hz,
            analysis_behind_s=elapsed_s - analysed_s,
            in_progress=tuple(in_progress),
            problem=disk_error or self._worker.error,
            ending=ending,
            disk_lost_samples=self._recorder.not_kept_samples,
            silent_s=silent_s,
        )

    def _valid_s(self, analysed_s: float) -> float:
        """Valid time of what was analysed. What is doubtful is added up anew only when there is more of it: a night has thousands."""
        still, settled = self._worker.still_invalid, len(self._burden.invalid)
        if still:
            return self._burden.valid_s(analysed_s, still)
        if self._doubted[0] != settled:
            self._doubted = settled, analysed_s - self._burden.valid_s(analysed_s)
        return max(0.0, analysed_s - self._doubted[1])
