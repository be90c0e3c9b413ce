"""Reports as they were drawn last: while one is being made, whoever asks is told how far it is. A shell file: a thread.

A draft stays good as long as nothing it is made of changes: the look at the signal, and the files of the subject.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from hfs_emg.review.verdicts import REVIEW_NAME
from hfs_emg.session.documents import STOP_NAME
from hfs_emg.trend.treatments import TREATMENTS_NAME
from hfs_emg.web.looks import Looking, stamp_of

MOST = 8


class Drafts:
    """The last few documents, by what they are and what they were made of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[str, tuple[object, Future[bytes]]] = OrderedDict()
        self._drawing = ThreadPoolExecutor(1, "drafts")

    def of(self, name: str, stamp: object, draw: Callable[[], bytes], wait_s: float | None) -> bytes | None:
        """The document; None when it is not there within so many seconds, and comes later. Raises what `draw` raises."""
        with self._lock:
            known = self._made.get(name)
            if known is None or known[0] != stamp or (known[1].done() and known[1].exception() is not None):
                known = self._made[name] = (stamp, self._drawing.submit(draw))
            self._made.move_to_end(name)
            while len(self._made) > MOST:
                self._made.popitem(last=False)
        try:
            return known[1].result(wait_s)
        except TimeoutError:
            return None

    def close(self) -> None:
        """The server ends."""
        self._drawing.shutdown(wait=False, cancel_futures=True)


def stamp_of_report(folder: Path, looking: Looking) -> object:
    """What a session's report is made of: the look at it, and whatever may change among its subject's sessions and treatments."""
    subject = folder.parent
    beside = sorted(path for path in subject.iterdir() if path.is_dir())
    files = [path / name for path in beside for name in (REVIEW_NAME, STOP_NAME)]
    return looking.stamp, tuple(stamp_of(path) for path in (subject / TREATMENTS_NAME, *files))
