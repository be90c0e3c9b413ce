"""The live service: read → acquire → record → analyse → sinks, from start to stop.

The recorder sees a block before anything analyses it. A disk that fails ends the recording, not the analysis; a link that is lost ends
both, whole. This is a shell file: it reads the wall clock, and nothing below it does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from calibration.montage import Montage, Side
from firmware_bridge.boards import Board
from firmware_bridge.errors import LinkLost
from hfs_emg.acquisition import Acquisition
from hfs_emg.analysis.burden import Burden
from hfs_emg.errors import DiskError
from hfs_emg.events import Findings, InProgress
from hfs_emg.model import Block, Marker, Signal
from hfs_emg.session.recorder import Recorder
from hfs_emg.worker import AnalysisWorker

READ_TIMEOUT_S = 0.2
SILENT_AFTER_S = 2.0
CLOCK_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Status:
    """What a live line shows. disk_behind_s: recorded but not yet on the disk."""

    elapsed_s: float
    valid_share: float
    lost_samples: int
    spasms: dict[Side, int]
    link: str
    disk_behind_s: float
    in_progress: tuple[InProgress, ...]


@dataclass(slots=True)
class Outcome:
    """How a run ended. error: the link's or the disk's, already told in one sentence."""

    reason: str
    samples: int
    burden: Burden
    lost_samples: int
    rate_hz: float
    """The true rate, fitted."""
    nominal_hz: float
    montage: Montage
    error: Exception | None = None


class Monitor:
    """One session over one board. `run` returns when the duration is reached, `stop` was called, or the link is lost."""

    def __init__(
        self,
        board: Board,
        signal: Signal,
        montage: Montage,
        recorder: Recorder,
        worker: AnalysisWorker,
        *,
        duration_s: float | None = None,
        on_status: Callable[[Status], None] | None = None,
        status_every_s: float = 1.0,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._board = board
        self._signal = signal
        self._recorder = recorder
        self._worker = worker
        self._acquisition = Acquisition(board.spec)
        self._montage = montage
        self._burden = Burden(montage)
        self._limit = None if duration_s is None else round(duration_s * signal.rate_hz)
        self._on_status = on_status
        self._status_every = max(1, round(status_every_s * signal.rate_hz))
        self._utc_now = utc_now
        self._stopping = threading.Event()
        self._in_progress: tuple[InProgress, ...] = ()
        self._samples = 0
        self._told = 0
        self._silence_told = 0.0
        self._clock_told = 0
        self._last_arrival: float | None = None
        self._disk_error: DiskError | None = None
        self._markers: list[str] = []

    def stop(self) -> None:
        """Ask the run to end; safe from a signal handler or another thread."""
        self._stopping.set()

    def mark(self, text: str) -> None:
        """Put a marker at the newest sample; safe from another thread."""
        self._markers.append(text)

    def run(self) -> Outcome:
        """Record until the end. Raises BridgeError when the board cannot be started, and what the analyser raises."""
        reason, error = "stopped", None
        self._board.start()
        self._last_arrival = self._board.now_s()
        try:
            while not self._stopping.is_set():
                if self._limit is not None and self._samples >= self._limit:
                    reason = "duration reached"
                    break
                reading = self._board.read(READ_TIMEOUT_S)
                if reading is not None:
                    self._last_arrival = float(reading.arrival_s[-1])
                    self._take(self._acquisition.push(reading))
                self._settle(self._worker.take())
                self._show()
        except LinkLost as lost:
            reason, error = "link lost", lost
        self._board.stop()
        self._take(self._acquisition.finish())
        return self._end(reason, error)

    def _take(self, blocks: list[Block]) -> None:
        for block in blocks:
            whole = self._cut(block)
            if whole is None:
                return
            self._record(partial(self._recorder.write, whole))
            self._worker.put(whole)
            self._samples = whole.end
        if blocks:
            self._note_clock()
            while self._markers:
                marker = Marker(max(0, self._samples - 1), self._markers.pop(0))
                self._record(partial(self._recorder.marker, marker))

    def _cut(self, block: Block) -> Block | None:
        """The block up to the wanted duration; None when nothing of it is wanted."""
        if self._limit is None or block.end <= self._limit:
            return block
        n = self._limit - block.start
        if n <= 0:
            return None
        return Block(block.start, block.counts[:n].copy(), block.lost[:n], block.aux[:n], block.arrival_s)

    def _record(self, write: Callable[[], None]) -> None:
        """A failed disk is noted once; the analysis goes on."""
        try:
            write()
        except DiskError as error:
            self._disk_error = self._disk_error or error

    def _note_clock(self) -> None:
        clock = self._acquisition.clock
        due = self._clock_told + CLOCK_EVERY_S * self._signal.rate_hz
        if not clock.started or (self._clock_told and self._samples < due):
            return
        self._clock_told = self._samples
        sample = self._samples - 1
        arrival = clock.expected_arrival_s(sample)
        utc = datetime.fromtimestamp(self._utc_now().timestamp() - (self._board.now_s() - arrival), UTC)
        self._record(partial(self._recorder.clock, clock.rate_hz, sample, arrival, utc))

    def _settle(self, found: list[Findings]) -> None:
        for findings in found:
            self._burden.add(findings)
            self._in_progress = findings.in_progress
            for episode in findings.episodes:
                self._record(partial(self._recorder.episode, episode))

    def _show(self) -> None:
        if self._on_status is None:
            return
        silent = self._silent_s() > SILENT_AFTER_S
        if self._samples >= self._told + self._status_every or (silent and self._board.now_s() >= self._silence_told):
            self._told = self._samples
            self._silence_told = self._board.now_s() + 1.0
            self._on_status(self._status())

    def _silent_s(self) -> float:
        return 0.0 if self._last_arrival is None else self._board.now_s() - self._last_arrival

    def _status(self) -> Status:
        elapsed = self._samples / self._signal.rate_hz
        valid = self._burden.valid_s(elapsed, self._worker.still_invalid())
        silent = self._silent_s()
        return Status(
            elapsed_s=elapsed,
            valid_share=valid / elapsed if elapsed > 0 else 1.0,
            lost_samples=self._acquisition.statistics.lost_samples,
            spasms={side: self._burden.count(side) for side in Side},
            link="ok" if silent <= SILENT_AFTER_S else f"no signal for {silent:.0f} s: battery? range?",
            disk_behind_s=(self._recorder.samples - self._recorder.synced_samples) / self._signal.rate_hz,
            in_progress=self._in_progress,
        )

    def _end(self, reason: str, error: Exception | None) -> Outcome:
        self._settle(self._worker.finish())
        statistics = self._acquisition.statistics
        rate = self._acquisition.clock.rate_hz
        valid = self._burden.valid_s(self._samples / self._signal.rate_hz)
        self._record(
            lambda: self._recorder.finish(
                reason, valid_s=round(valid, 3), sample_rate_hz=round(rate, 4), restarts=statistics.restarts
            )
        )
        return Outcome(
            reason=reason,
            samples=self._samples,
            burden=self._burden,
            lost_samples=statistics.lost_samples,
            rate_hz=rate,
            nominal_hz=self._signal.rate_hz,
            montage=self._montage,
            error=error or self._disk_error,
        )
