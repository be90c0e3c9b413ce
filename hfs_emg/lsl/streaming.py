"""A board streamed live: read → acquire → outlets, and analysed beside it; nothing is kept.

The outlets get a block as soon as it is there; the analyser in its own thread follows, as in a recording.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware_bridge.boards import Board
from hfs_emg.acquisition import Acquisition
from hfs_emg.events import Findings
from hfs_emg.lsl.outlets import Outlets
from hfs_emg.worker import AnalysisWorker

READ_TIMEOUT_S = 0.2


class Streamer:
    """Streams one board until the duration is over or `stop` was called. Used by one thread, but for `stop`."""

    def __init__(
        self, board: Board, outlets: Outlets, worker: AnalysisWorker, *, duration_s: float | None = None
    ) -> None:
        self._board = board
        self._outlets = outlets
        self._worker = worker
        self._limit = None if duration_s is None else max(1, round(duration_s * board.spec.rate_hz))
        self._stopping = False
        self.acquisition = Acquisition(board.spec)
        self.episodes = 0

    @property
    def samples(self) -> int:
        """So far, lost ones included."""
        return self.acquisition.statistics.samples

    def stop(self) -> None:
        """Ask the run to end; safe from a signal handler."""
        self._stopping = True

    def run(self, on_samples: Callable[[int], None] = lambda _: None) -> None:
        """Stream to the end. Raises BridgeError when the board cannot be started or is lost; what came before was streamed."""
        self._board.start()
        try:
            while not self._stopping and (self._limit is None or self.samples < self._limit):
                reading = self._board.read(READ_TIMEOUT_S)
                if reading is not None:
                    for block in self.acquisition.push(reading):
                        self._outlets.push(block, self.acquisition.clock)
                        self._worker.put(block)
                    on_samples(self.samples)
                self._tell(self._worker.take())
        finally:
            self._board.stop()
            for block in self.acquisition.finish():
                self._outlets.push(block, self.acquisition.clock)
                self._worker.put(block)
            self._tell(self._worker.finish())

    def _tell(self, found: list[Findings]) -> None:
        for findings in found:
            for episode in findings.episodes:
                self._outlets.found(episode, self.acquisition.clock)
                self.episodes += 1
