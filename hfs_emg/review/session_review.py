"""A session under review: its episodes, its journal of verdicts, and the views that come of them.

Rule: the episodes are those of `episodes.jsonl`, as they were settled; an analysis with other settings would number others.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from calibration.montage import Montage
from hfs_emg.errors import RequestError
from hfs_emg.events import Invalid
from hfs_emg.review.agreement import Agreement, agreement, merged
from hfs_emg.review.burden import Step, slider
from hfs_emg.review.groups import is_asked
from hfs_emg.review.verdicts import Action, Verdict, VerdictFile, Verdicts, check_reader, read_verdicts
from hfs_emg.review.view import View, base_view, view_of, with_verdict
from hfs_emg.session.documents import utc_text
from hfs_emg.session.reader import Session, open_session


class Progress(msgspec.Struct, frozen=True):
    """How far a session is reviewed. asked: events of the kinds that readers are asked about, and judged: those that were judged."""

    readers: tuple[str, ...]
    asked: int
    judged: int
    disputed: int

    @property
    def begun(self) -> bool:
        """A verdict stands."""
        return bool(self.readers)

    @property
    def complete(self) -> bool:
        """Every event that readers are asked about was judged."""
        return self.begun and self.judged == self.asked


class SessionReview:
    """One session. `invalid` and the length of it are the caller's: an analysis knows them, the folder alone knows the losses."""

    def __init__(self, folder: Path) -> None:
        self.session: Session = open_session(folder)
        self.episodes = tuple(sorted(self.session.episodes(), key=lambda e: (e.start_s, e.id)))
        self.verdicts: Verdicts = read_verdicts(folder)
        self._views: dict[str, View] = {}

    @property
    def montage(self) -> Montage:
        """Raises RequestError where the session has none."""
        if self.session.montage is None:
            raise RequestError(
                f"{self.session.name} has no montage: nothing was analysed, so there is nothing to review."
            )
        return self.session.montage

    @property
    def duration_s(self) -> float:
        """Of the whole recording."""
        return self.session.samples / self.session.signal.rate_hz

    def take(self, verdicts: Verdicts) -> None:
        """The journal as it is by now."""
        self.verdicts = verdicts
        self._views = {}

    def gaps(self) -> tuple[Invalid, ...]:
        """What was lost, as stretches that count for nothing."""
        rate_hz = self.session.signal.rate_hz
        return tuple(Invalid(a / rate_hz, b / rate_hz, None, "gap") for a, b in self.session.gaps)

    def view(self, reader: str) -> View:
        """What this reader sees: the detector's episodes and the own verdicts."""
        if reader not in self._views:
            self._views[reader] = view_of(self.episodes, self.verdicts.of(reader))
        return self._views[reader]

    def reviewed(self) -> View:
        """What all readers say together; the detector's episodes where nobody said anything."""
        views = [self.view(reader) for reader in self.verdicts.readers]
        return merged(views) if views else base_view(self.episodes)

    def progress(self) -> Progress:
        """How far it is."""
        view = self.reviewed()
        asked = [e for e in view.events if is_asked(e.episode) or e.state != "undecided"]
        standing = tuple(r for r in self.verdicts.readers if self.view(r).standing)
        return Progress(standing, len(asked), sum(e.judged for e in asked), sum(e.state == "disputed" for e in asked))

    def agreements(self) -> tuple[Agreement, ...]:
        """Every two readers who judged."""
        readers = [r for r in self.verdicts.readers if self.view(r).standing]
        return tuple(
            agreement((a, b), self.view(a), self.view(b)) for i, a in enumerate(readers) for b in readers[i + 1 :]
        )

    def slider(self, reader: str | None = None, invalid: Sequence[Invalid] | None = None) -> tuple[Step, ...]:
        """Counts by confidence, of one reader's view or of all together."""
        view = self.reviewed() if reader is None else self.view(reader)
        return slider(view, self.montage, self.duration_s, self.gaps() if invalid is None else invalid)

    def judge(self, reader: str, now_utc: datetime, asked: Sequence[Verdict]) -> View:
        """Add verdicts of a reader, numbered and dated here, all or none; returns what the reader sees then.

        Raises RequestError for one that does not fit, DiskError when it cannot be kept.
        """
        check_reader(reader)
        if self.session.recording:
            raise RequestError(f"{self.session.name} is being recorded: review it when the recording has ended.")
        with VerdictFile(self.session.folder).held() as journal:
            self.verdicts = journal.read()
            number = self.verdicts.next_number(reader)
            mine = list(self.verdicts.of(reader))
            view = view_of(self.episodes, mine)
            made: list[Verdict] = []
            for verdict in asked:
                dated = msgspec.structs.replace(
                    verdict, number=number + len(made), reader=reader, utc=utc_text(now_utc)
                )
                view = self._after(view, [*mine, *made], dated)
                made.append(dated)
            journal.append(tuple(made))
            self.verdicts = Verdicts((*self.verdicts.lines, *made), self.verdicts.notes)
        self._views = {reader: view}
        return view

    def _after(self, view: View, before: list[Verdict], verdict: Verdict) -> View:
        if verdict.action is Action.UNDO:
            if not view.standing:
                raise RequestError("There is nothing to take back.")
            return view_of(self.episodes, [*before, verdict])
        ends = [s for s in (verdict.start_s, verdict.end_s) if s is not None]
        if any(s > self.duration_s for s in ends):
            raise RequestError(f"The session ends at {self.duration_s:.2f} s: nothing lies behind it.")
        return with_verdict(view, verdict)
