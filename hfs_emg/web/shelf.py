"""Sessions under review, kept open between requests, so that an answer does not read a session anew. A shell file: locks, the wall clock.

Rule: files are the truth. What is kept is let go as soon as a file of the session is another one than before.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hfs_emg.events import Invalid
from hfs_emg.review.session_review import SessionReview
from hfs_emg.review.verdicts import REVIEW_NAME, read_verdicts
from hfs_emg.session.documents import STOP_NAME
from hfs_emg.session.tape import EPISODES_NAME, SIGNAL_NAME
from hfs_emg.sessions import Kept, kept_in
from hfs_emg.web.looks import stamp_of

MOST = 4
DRAWING = threading.Lock()
"""Held while a page is drawn: matplotlib's settings are one for the whole process."""


@dataclass(slots=True)
class Opened:
    """A session on the shelf. lock: held while its views are worked out. invalid: once the signal was looked through."""

    review: SessionReview
    kept: Kept
    stamp: tuple[object, ...]
    verdicts_stamp: object
    lock: threading.Lock = field(default_factory=threading.Lock)
    invalid: tuple[Invalid, ...] | None = None

    def stretches(self) -> tuple[Invalid, ...]:
        """What counts for nothing, as far as it is known by now: the losses at once."""
        return self.review.gaps() if self.invalid is None else self.invalid


class Shelf:
    """The last few sessions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: OrderedDict[Path, Opened] = OrderedDict()

    def open(self, folder: Path) -> Opened:
        """The session, with the verdicts that are there now. Raises RecordingError."""
        stamp = tuple(stamp_of(folder / name) for name in (EPISODES_NAME, STOP_NAME, SIGNAL_NAME))
        with self._lock:
            found = self._opened.get(folder)
            if found is None or found.stamp != stamp:
                found = Opened(SessionReview(folder), kept_in(folder), stamp, stamp_of(folder / REVIEW_NAME))
                self._opened[folder] = found
            self._opened.move_to_end(folder)
            while len(self._opened) > MOST:
                self._opened.popitem(last=False)
        now = stamp_of(folder / REVIEW_NAME)
        with found.lock:
            if now != found.verdicts_stamp:
                found.review.take(read_verdicts(folder))
                found.verdicts_stamp = now
        return found


def now_utc() -> datetime:
    """The moment of a verdict or a note."""
    return datetime.now(UTC)
