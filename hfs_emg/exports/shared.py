"""A session as it may leave the house: its dates moved by the subject's days, its id made anew, nothing else changed.

Rule: exporters read a session through this file only, so that none of them can let a true date out. Sample index and seconds from the
first sample stay as they are. The words of markers are what people typed; they can be left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import msgspec

from hfs_emg.errors import RequestError
from hfs_emg.events import Episode, Invalid
from hfs_emg.model import Block, Marker, Montage, Signal
from hfs_emg.review.session_review import SessionReview
from hfs_emg.review.verdicts import REVIEW_NAME
from hfs_emg.review.view import State
from hfs_emg.session.documents import StartDocument
from hfs_emg.session.reader import Session, open_session
from hfs_emg.sessions import kept_in
from hfs_emg.sharing import Disguise, disguise


@dataclass(frozen=True, slots=True)
class SharedEvent:
    """An episode and what became of it in review; "undecided": nobody judged it, the detector's word stands."""

    episode: Episode
    state: State


@dataclass(frozen=True)
class SharedSession:
    """One session under its subject's disguise."""

    _session: Session
    _disguise: Disguise
    with_markers: bool = True

    @cached_property
    def start(self) -> StartDocument:
        """The start document as it is shared."""
        return self._disguise.start(self._session.start)

    @property
    def id(self) -> str:
        """The session's id as it is shared."""
        return self.start.session

    @property
    def subject(self) -> str:
        """The subject's code."""
        return self.start.subject

    @property
    def signal(self) -> Signal:
        """Rate and inputs."""
        return self._session.signal

    @property
    def montage(self) -> Montage | None:
        """Which input lies where."""
        return self._session.montage

    @property
    def samples(self) -> int:
        """Length, filled samples included."""
        return self._session.samples

    @property
    def duration_s(self) -> float:
        """Length by sample index."""
        return self.samples / self.signal.rate_hz

    @property
    def simulated(self) -> bool:
        """True when no human wore the electrodes."""
        return self._session.simulated

    @property
    def valid_s(self) -> float | None:
        """Time that counts, as it was found while recording; None for a session that was interrupted."""
        return None if self._session.stop is None else self._session.stop.valid_s

    @property
    def fitted_hz(self) -> float | None:
        """The true rate, as it was fitted; None for a session that was interrupted."""
        return None if self._session.stop is None else self._session.stop.sample_rate_hz

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """Pairs [from, to) of sample indices that never came."""
        return self._session.gaps

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know, one sentence each."""
        return self._session.notes

    @cached_property
    def _review(self) -> SessionReview | None:
        return SessionReview(self._session.folder) if (self._session.folder / REVIEW_NAME).is_file() else None

    @property
    def reviewed(self) -> bool:
        """Whether readers have judged every event that they are asked about."""
        return self._review is not None and self._review.progress().complete

    @cached_property
    def events(self) -> tuple[SharedEvent, ...]:
        """Every episode by onset, what readers rejected included. Once somebody judged one, they are numbered anew."""
        if self._review is None or not self._review.progress().begun:
            found = sorted(self._session.episodes(), key=lambda e: (e.start_s, e.id))
            return tuple(SharedEvent(e, "undecided") for e in found)
        judged = sorted(self._review.reviewed().events, key=lambda e: (e.episode.start_s, e.episode.id, e.key))
        return tuple(
            SharedEvent(msgspec.structs.replace(e.episode, id=n, kind=e.named or e.episode.kind), e.state)
            for n, e in enumerate(judged, 1)
        )

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """Those that stand, by onset, each of the kind that the readers or the detector named."""
        return tuple(e.episode for e in self.events if e.state != "rejected")

    @cached_property
    def invalid(self) -> tuple[Invalid, ...]:
        """What counts for nothing: the whole signal is analysed for it once more, as it was while recording.

        Raises RequestError without a montage, RecordingError.
        """
        from hfs_emg.analysis.document import analyse  # noqa: PLC0415 - brings the analyser

        if self.montage is None:
            raise RequestError(f"{self.id} has no montage: nothing of it was analysed.")
        kept = kept_in(self._session.folder, "Until then its valid time is not known.")
        found, _ = analyse(
            self._session, self.montage, kept.settings, model=kept.model, profile=kept.profile, in_two=True
        )
        return found.invalid

    @property
    def markers(self) -> tuple[Marker, ...]:
        """In order of sample; none when they are left out."""
        return self._session.markers if self.with_markers else ()

    def blocks(self, samples_per_block: int = 15_000) -> Iterator[Block]:
        """The whole recording in order."""
        return self._session.blocks(samples_per_block)

    def utc(self, sample: float) -> datetime | None:
        """When a sample was taken, by the fitted clock, some whole days before the truth; None: the clock was not set."""
        moment = self._session.utc_of(sample)
        return None if moment is None else self._disguise.moment(moment)


def share(folder: Path, root: Path, *, with_markers: bool = True) -> SharedSession:
    """The session in a folder as it is shared; root: the store that keeps the secret of the dates.

    Raises RequestError for one that is being recorded, RecordingError for one that cannot be read, DiskError.
    """
    session = open_session(folder)
    if session.recording:
        raise RequestError(f"{folder} is being recorded: end the recording first.")
    return SharedSession(session, disguise(root, session.start.subject), with_markers)
