"""The analyser in a thread of its own: blocks go in, findings come out, and the recording never waits for it.

The thread starts with the first block, which has been recorded by then, and loads the analyser itself (a moment on a small computer),
which then catches up. What waits is merged before it is analysed: how the signal is cut does not show in what is found.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hfs_emg.errors import HfsError
from hfs_emg.events import Findings, Invalid
from hfs_emg.model import Block, joined

if TYPE_CHECKING:
    from hfs_emg.analysis.analyzer import Analyzer

GATHERED_S = 0.04
"""Blocks are gathered until this much signal waits: a wake-up costs more than the arithmetic, and the analyser looks no more often."""
MERGED_S = 5.0
"""At most this much signal is analysed in one go."""
SPARE_S = 60.0
"""Beyond this much waiting signal `put` waits a moment, so that a board in virtual time does not run away from its analysis."""
MOMENT_S = 0.05
"""What a serial port's buffer bridges many times over."""
GIVE_UP_S = 3600.0
"""An analyser this far behind will not catch up: 40 MB of signal wait by then."""


class AnalysisFailed(HfsError):  # noqa: N818 - named for what happened, as a reader of a log would say it
    """The analysis ended before the recording: a fault of the program, and none of the recording."""


class AnalysisWorker:
    """Runs one analyser over one stream. Used by one thread; `make` is called in the worker's thread.

    Nothing here raises: what ended the analysis early is `error`, and the blocks after it are passed over.
    """

    def __init__(self, make: Callable[[], Analyzer], rate_hz: float) -> None:
        self._make = make
        self._rate_hz = rate_hz
        self._enough = max(1, int(GATHERED_S * rate_hz))
        self._changed = threading.Condition()
        self._waiting: deque[Block] = deque()
        self._waiting_samples = 0
        self._found: list[Findings] = []
        self._oldest_arrival_s: float | None = None
        self._taken_arrival_s: float | None = None
        self._still: tuple[Invalid, ...] = ()
        self._analysed = 0
        self._ending = False
        self._done = False
        self._error: HfsError | None = None
        self._thread: threading.Thread | None = None

    @property
    def error(self) -> HfsError | None:
        """Why the analysis ended early, in a sentence."""
        return self._error

    @property
    def analysed_samples(self) -> int:
        """Samples that have been analysed."""
        return self._analysed

    @property
    def still_invalid(self) -> tuple[Invalid, ...]:
        """Invalid stretches that have not ended."""
        return self._still

    @property
    def taken_arrival_s(self) -> float | None:
        """When the last sample behind the oldest of the findings last taken had arrived; None when that is not known."""
        return self._taken_arrival_s

    def put(self, block: Block) -> None:
        """Hand the next block over."""
        with self._changed:
            if self._error is not None:
                return
            self._waiting.append(block)
            self._waiting_samples += len(block.counts)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="analyser", daemon=True)
                self._thread.start()
            if self._waiting_samples >= self._enough:
                self._changed.notify_all()
            if self._waiting_samples > SPARE_S * self._rate_hz:
                self._changed.wait(MOMENT_S)
            if self._waiting_samples > GIVE_UP_S * self._rate_hz:
                self._fail(AnalysisFailed(self._sentence("this computer is too slow for it")))

    def take(self) -> list[Findings]:
        """What was found since the last call."""
        with self._changed:
            found, self._found = self._found, []
            self._taken_arrival_s, self._oldest_arrival_s = self._oldest_arrival_s, None
        return found

    def finish(self) -> list[Findings]:
        """Wait until everything has been analysed, or the analysis has failed. Returns the last findings."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
            if self._thread is not None:
                self._changed.wait_for(lambda: self._done or self._error is not None)
        return self.take()

    def _run(self) -> None:
        try:
            analyzer = self._make()
            while (block := self._next()) is not None:
                self._publish(analyzer.push(block), analyzer.still_invalid(), block.end, block.arrival_s)
            self._publish(analyzer.finish(), (), self._analysed, None)
        except HfsError as error:
            self._fail(error)
        except Exception as error:
            self._fail(AnalysisFailed(self._sentence(f"a fault of the program, {type(error).__name__}: {error}")))
        finally:
            with self._changed:
                self._done = True
                self._changed.notify_all()

    def _next(self) -> Block | None:
        """What waits, merged, once there is enough of it; None at the end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._waiting_samples >= self._enough or self._ending or self._error is not None
            )
            if not self._waiting:
                return None
            taken = [self._waiting.popleft()]
            length = len(taken[0].counts)
            while self._waiting and length + len(self._waiting[0].counts) <= MERGED_S * self._rate_hz:
                taken.append(self._waiting.popleft())
                length += len(taken[-1].counts)
            self._waiting_samples -= length
            self._changed.notify_all()
        return joined(taken)

    def _publish(self, findings: Findings, still: Sequence[Invalid], analysed: int, arrival_s: float | None) -> None:
        with self._changed:
            if not self._found:
                self._oldest_arrival_s = arrival_s
            self._found.append(findings)
            self._still = tuple(still)
            self._analysed = analysed
            self._changed.notify_all()

    def _fail(self, error: HfsError) -> None:
        with self._changed:
            self._error = self._error or error
            self._waiting.clear()
            self._waiting_samples = 0
            self._changed.notify_all()

    def _sentence(self, why: str) -> str:
        after_s = self._analysed / self._rate_hz
        return f"The analysis ended after {after_s:.0f} s ({why}); the recording is whole: analyse it with `hfs-emg analyze`."
