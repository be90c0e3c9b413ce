"""The analyser in a thread of its own: blocks go in, findings come out, and the recording never waits for it.

scipy.signal is imported in that thread (it takes seconds on a small computer), so that the first sample is recorded before it is there;
the analyser then catches up.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from hfs_emg.events import Findings, Invalid
from hfs_emg.model import Block

if TYPE_CHECKING:
    from hfs_emg.analysis.analyzer import Analyzer

WAITING_BLOCKS = 4096
"""Blocks that may wait: minutes of a live board. Only a board that runs faster than real time ever waits for the analyser."""


class AnalysisWorker:
    """Runs one analyser. Used by one thread; `make` is called in the worker's thread."""

    def __init__(self, make: Callable[[], Analyzer]) -> None:
        self._make = make
        self._blocks: queue.Queue[Block | None] = queue.Queue(WAITING_BLOCKS)
        self._found: queue.SimpleQueue[Findings] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._analyzer: Analyzer | None = None
        self._thread = threading.Thread(target=self._run, name="analyser", daemon=True)
        self._thread.start()

    def put(self, block: Block) -> None:
        """Hand a block over."""
        if self._error is None:
            self._blocks.put(block)

    def take(self) -> list[Findings]:
        """What was found since the last call. Raises what the analyser raised."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        found = []
        while not self._found.empty():
            found.append(self._found.get())
        return found

    def still_invalid(self) -> list[Invalid]:
        """Invalid stretches that have not ended."""
        return self._analyzer.still_invalid() if self._analyzer is not None else []

    def finish(self) -> list[Findings]:
        """Wait until everything has been analysed. Returns the last findings. Raises what the analyser raised."""
        self._blocks.put(None)
        self._thread.join()
        return self.take()

    def _run(self) -> None:
        try:
            self._analyzer = self._make()
            while (block := self._blocks.get()) is not None:
                self._found.put(self._analyzer.push(block))
            self._found.put(self._analyzer.finish())
        except BaseException as error:
            self._error = error
            while not self._blocks.empty():
                self._blocks.get()
