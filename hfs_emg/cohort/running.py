"""Keeps a crew busy until every session has its part or its reason, whatever becomes of the workers.

A pool whose worker was ended (by the system for want of memory, mostly) is broken, and nobody says by which session. Those that were
handed out are then tried one by one, each in a pool of its own: the one that breaks it again is the one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from hfs_emg.cohort.crews import Crew, Result
from hfs_emg.cohort.documents import Failure, Plan
from hfs_emg.cohort.folder import CohortFolder
from hfs_emg.cohort.units import Unit
from hfs_emg.errors import RequestError

ENDED = "The process that analysed it was ended from outside, most likely for want of memory: give fewer workers."


@dataclass(slots=True)
class Tally:
    """How far it is: sessions and their bytes."""

    sessions: int
    bytes: int
    done: int = 0
    done_bytes: int = 0
    failures: list[Failure] = field(default_factory=list)


class Run:
    """One run over the units that have no part yet."""

    def __init__(self, units: Sequence[Unit], plan: Plan, folder: CohortFolder, told: Callable[[Tally], None]) -> None:
        self._waiting = deque(units)
        self._suspects: deque[Unit] = deque()
        self._flying: dict[Future[Result], Unit] = {}
        self._plan = plan
        self._folder = folder
        self._told = told
        self.tally = Tally(len(units), sum(u.signal_bytes for u in units))

    def through(self, open_crew: Callable[[], AbstractContextManager[Crew]]) -> list[Failure]:
        """Analyse all of them; returns the failures. open_crew: makes a new crew, after a broken one too.

        Raises DiskError when a part cannot be kept, RequestError when a cluster is lost.
        """
        while self._waiting or self._suspects:
            alone = bool(self._suspects)
            try:
                with open_crew() as crew:
                    self._drain(crew, alone)
            except BrokenExecutor:
                broken = list(self._flying.values())
                self._flying.clear()
                if not broken:
                    raise RequestError(
                        "Worker processes end as soon as they are started: check the memory left."
                    ) from None
                if alone:
                    self._fail(broken[0], ENDED)
                else:
                    self._suspects.extend(broken)
        return self.tally.failures

    def _drain(self, crew: Crew, alone: bool) -> None:
        """Hand out and take in until nothing waits. Raises BrokenExecutor with what was handed out still in `_flying`."""
        queue = self._suspects if alone else self._waiting
        while queue or self._flying:
            room = 1 if alone else crew.width()
            while queue and len(self._flying) < room:
                future = crew.submit(queue[0], self._plan)
                self._flying[future] = queue.popleft()
            ready, _ = wait(self._flying, return_when=FIRST_COMPLETED)
            for future in ready:
                self._take(future)

    def _take(self, future: Future[Result]) -> None:
        unit = self._flying[future]
        try:
            result = future.result()
        except BrokenExecutor:
            raise
        except CancelledError:
            raise RequestError(
                "The scheduler was lost: start it again and run the same command, which does only what is missing."
            ) from None
        except Exception as error:  # the cluster gave the session up
            result = Failure(unit.session, unit.folder, f"{ENDED} ({type(error).__name__})")
        del self._flying[future]
        if isinstance(result, Failure):
            self._fail(unit, result.problem)
        else:
            self._folder.keep(unit, result)
            self.tally.done += 1
            self.tally.done_bytes += unit.signal_bytes
            self._told(self.tally)

    def _fail(self, unit: Unit, problem: str) -> None:
        self.tally.failures.append(Failure(unit.session, unit.folder, problem))
        self.tally.done_bytes += unit.signal_bytes
        self._told(self.tally)
