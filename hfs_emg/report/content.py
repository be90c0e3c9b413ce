"""Everything that stands on the page, as values; what they are called and how they are drawn is elsewhere."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.montage import Montage, Side
from calibration.profile import CalibrationProfile
from hfs_emg.errors import RequestError
from hfs_emg.events import KINDS, Episode, Kind
from hfs_emg.intervals import Estimate
from hfs_emg.profiles import PROFILE_NAME, read_profile
from hfs_emg.report.measures import (
    AsymmetryRow,
    SideMeasures,
    asymmetry,
    invalid_minutes,
    mean_snr_db,
    oculo_oral,
    side_measures,
)
from hfs_emg.report.signal_look import SignalLook, look_at
from hfs_emg.review.burden import expected_false
from hfs_emg.review.session_review import Progress, SessionReview
from hfs_emg.review.traces import emg_of
from hfs_emg.review.view import Event, View
from hfs_emg.session.reader import Session
from hfs_emg.session.store import Store
from hfs_emg.sessions import Kept, kept_in
from hfs_emg.trend.treatments import read_treatments

LOW_CONFIDENCE = 0.8
"""Spasms that nobody judged below this are counted as uncertain."""
SURE_EXAMPLES, UNSURE_EXAMPLES = 3, 2
AROUND_S = 0.4
LONGEST_CLIP_S = 4.0


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of filtered signal: times (n,) in s, emg (channels, n) in µV."""

    times: NDArray[np.float64]
    emg: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """An event with its signal; uncertain: picked because it is."""

    event: Event
    clip: Clip
    uncertain: bool


class Head(msgspec.Struct, frozen=True):
    """Whose, when, with what. days_since: whole days since the latest treatment noted for a day before the session's."""

    session: str
    subject: str
    begun: datetime | None
    simulated: bool
    board: str
    rate_hz: float
    sites: tuple[str, ...]
    duration_s: float
    valid_s: float
    lost_share: float
    snr_db: float | None
    calibrated: datetime | None
    treatment: str | None
    days_since: int | None
    software: str
    settings_mark: str
    model_mark: str
    notes: tuple[str, ...]


class Confounders(msgspec.Struct, frozen=True):
    """What else there was: blinks of both eyes, minutes of speech and chewing, of artefact, invalid by reason; what is uncertain."""

    blinks: int
    blinks_per_min: float | None
    counts: dict[str, int]
    minutes: dict[str, float]
    invalid_minutes: dict[str, float]
    unsure: int
    low_confidence: int
    undecided_spasms: int
    false_per_hour: Estimate | None


@dataclass(frozen=True, slots=True)
class ReportContent:
    """The page."""

    head: Head
    review: Progress
    sides: dict[str, SideMeasures]
    asymmetry: tuple[AsymmetryRow, ...]
    oculo_oral: tuple[float | None, str | None, int]
    confounders: Confounders
    examples: tuple[Example, ...]
    episodes: tuple[Episode, ...]
    look: SignalLook
    montage: Montage
    markers: tuple[tuple[float, str], ...]


def report_content(
    store: Store | None,
    folder: Path,
    *,
    look: SignalLook | None = None,
    progress: Callable[[float], None] | None = None,
) -> ReportContent:
    """Read a session once and measure it. store: where treatments are kept, None: they are not asked for.

    look: what the signal was found to hold, where that is known already. Raises RequestError or RecordingError.
    """
    review = SessionReview(folder)
    session, montage = review.session, review.montage
    check_ended(session)
    kept = kept_in(folder)
    view = review.reviewed()
    if look is None:
        look = look_at(session, montage, kept, progress, in_two=True)
    episodes = standing_episodes(view)
    profile = _profile(folder)
    duration_s = review.duration_s
    sides = {
        side.value: side_measures(
            side, montage, episodes, look, duration_s, on_factor=kept.settings.on_factor, profile=profile
        )
        for side in (Side.RIGHT, Side.LEFT)
        if montage.on(side)
    }
    head = _head(review, store, kept, episodes=episodes, look=look, sides=sides, profile=profile)
    rate = session.signal.rate_hz
    return ReportContent(
        head=head,
        review=review.progress(),
        sides=sides,
        asymmetry=asymmetry(montage, episodes, look, duration_s),
        oculo_oral=oculo_oral(montage, episodes, look),
        confounders=_confounders(view, look, head.valid_s),
        examples=tuple(Example(e, _clip(review, kept, e), unsure) for e, unsure in examples_of(view)),
        episodes=episodes,
        look=look,
        montage=montage,
        markers=tuple((m.sample / rate, m.text) for m in session.markers),
    )


def check_ended(session: Session) -> None:
    """Raises RequestError for a session that is being recorded."""
    if session.recording:
        raise RequestError(f"{session.name} is being recorded: the report is made when the recording has ended.")


def _head(
    review: SessionReview,
    store: Store | None,
    kept: Kept,
    *,
    episodes: tuple[Episode, ...],
    look: SignalLook,
    sides: dict[str, SideMeasures],
    profile: CalibrationProfile | None,
) -> Head:
    session, montage = review.session, review.montage
    treatments = None if store is None else read_treatments(store, session.start.subject)
    begun = session.start_utc
    latest = None if treatments is None or begun is None else treatments.before(begun.date())
    settings_mark = hashlib.sha256(msgspec.json.encode(kept.settings)).hexdigest()[:10]
    return Head(
        session=session.name,
        subject=session.start.subject,
        begun=begun,
        simulated=session.simulated,
        board=session.start.board.title,
        rate_hz=session.signal.rate_hz,
        sites=tuple(dict.fromkeys(c.site.code for c in montage.channels)),
        duration_s=review.duration_s,
        valid_s=min(side.burden.valid_s for side in sides.values()),
        lost_share=sum(b - a for a, b in session.gaps) / max(1, session.samples),
        snr_db=mean_snr_db(montage, episodes, look),
        calibrated=None if profile is None else profile.made_utc,
        treatment=None if latest is None else latest.words,
        days_since=None if latest is None or begun is None else (begun.date() - latest.day).days,
        software=session.start.software,
        settings_mark=settings_mark,
        model_mark=hashlib.sha256(kept.model).hexdigest()[:10],
        notes=(*session.notes, *review.verdicts.notes, *(treatments.notes if treatments else ())),
    )


def standing_episodes(view: View) -> tuple[Episode, ...]:
    """The events as they stand after review, each under the name it counts as; rejected ones are none."""
    return tuple(msgspec.structs.replace(e.episode, kind=named) for e in view.events if (named := e.named) is not None)


def examples_of(view: View) -> list[tuple[Event, bool]]:
    """The spasms to show: typical ones spread over the session, then the least certain events; with whether it is uncertain."""
    unsure = sorted(
        (e for e in view.events if e.named is Kind.UNSURE or (e.counts() and not e.judged)),
        key=lambda e: (e.named is not Kind.UNSURE, e.episode.confidence, e.episode.start_s),
    )
    doubtful = [e for e in unsure if e.named is Kind.UNSURE][:1]
    doubtful += [e for e in unsure if e.named is not Kind.UNSURE][: UNSURE_EXAMPLES - len(doubtful)]
    shown = {e.key for e in doubtful}
    sure = [e for e in view.events if e.counts() and e.key not in shown]
    picks = [sure[round((k + 0.5) * len(sure) / SURE_EXAMPLES - 0.5)] for k in range(SURE_EXAMPLES)] if sure else []
    return [(e, False) for e in dict.fromkeys(picks)] + [(e, True) for e in doubtful]


def _clip(review: SessionReview, kept: Kept, event: Event) -> Clip:
    session, montage = review.session, review.montage
    start_s = max(0.0, event.episode.start_s - AROUND_S)
    end_s = min(event.episode.end_s + AROUND_S, start_s + LONGEST_CLIP_S)
    first, emg = emg_of(session, montage, kept, start_s, end_s)
    return Clip((first + np.arange(emg.shape[1])) / session.signal.rate_hz, emg)


def _profile(folder: Path) -> CalibrationProfile | None:
    """The one that the session was recorded with."""
    path = folder / PROFILE_NAME
    if not path.is_file():
        return None
    try:
        return read_profile(path).profile
    except (CalibrationError, RequestError):
        return None


def _confounders(view: View, look: SignalLook, valid_s: float) -> Confounders:
    standing = standing_episodes(view)
    counts = Counter(e.kind for e in standing)
    minutes = {
        kind.value: sum(e.end_s - e.start_s for e in standing if e.kind is kind) / 60
        for kind in (Kind.ORAL, Kind.ARTEFACT)
    }
    waiting = [e for e in view.events if e.counts() and not e.judged]
    blinks = counts[Kind.BLINK]
    return Confounders(
        blinks=blinks,
        blinks_per_min=blinks / (valid_s / 60) if valid_s > 0 else None,
        counts={kind.value: counts[kind] for kind in KINDS if counts[kind]},
        minutes=minutes,
        invalid_minutes=invalid_minutes(look.invalid),
        unsure=counts[Kind.UNSURE],
        low_confidence=sum(e.episode.confidence < LOW_CONFIDENCE for e in waiting),
        undecided_spasms=len(waiting),
        false_per_hour=expected_false(0.5),
    )
