"""Sessions of a subject as points: how many spasms in how much valid time, per side; and which of them may be compared.

Rule: only sessions of the same montage, rate, settings and model are one series; all others are shown apart. Counts are those of the
readers where there are verdicts. A session whose clock was not set has no place in time and is left out by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from calibration.montage import Side
from hfs_emg.errors import HfsError
from hfs_emg.intervals import Estimate, poisson_rate
from hfs_emg.review.session_review import SessionReview
from hfs_emg.session.store import Store
from hfs_emg.sessions import MODEL_NAME, SETTINGS_NAME

LEAST_VALID_MIN = 1.0
"""A shorter session says next to nothing about a rate."""


class Point(msgspec.Struct, frozen=True):
    """One session, one side. rate: spasms per valid minute with Poisson's interval; reviewed: every asked event was judged."""

    session: str
    at: datetime
    side: str
    spasms: int
    valid_min: float
    rate: Estimate
    spasm_time_share: float
    reviewed: bool
    simulated: bool


class Alike(msgspec.Struct, frozen=True):
    """What sessions must share to be compared."""

    sites: tuple[str, ...]
    rate_hz: float
    settings: str
    model: str

    @property
    def words(self) -> str:
        """For people."""
        return f"{len(self.sites)} channels, {self.rate_hz:g} Hz, settings {self.settings[:8]}, model {self.model[:8]}"


@dataclass(frozen=True, slots=True)
class Series:
    """Comparable sessions in order of time."""

    alike: Alike
    points: tuple[Point, ...]

    def of(self, side: str) -> tuple[Point, ...]:
        """One side's."""
        return tuple(point for point in self.points if point.side == side)

    @property
    def sides(self) -> tuple[str, ...]:
        """That there are, right first."""
        return tuple(side.value for side in (Side.RIGHT, Side.LEFT) if self.of(side.value))


@dataclass(frozen=True, slots=True)
class Sessions:
    """All series of a subject, the one with most sessions first; left_out: (session, why)."""

    series: tuple[Series, ...]
    left_out: tuple[tuple[str, str], ...]


def sessions_of(store: Store, subject: str) -> Sessions:
    """Every finished session of a subject. Raises RequestError for a code that cannot be, DiskError."""
    found: dict[Alike, list[Point]] = {}
    left_out: list[tuple[str, str]] = []
    for summary in store.sessions(subject):
        try:
            if summary.state not in ("finished", "interrupted"):
                left_out.append((summary.session, summary.problem or f"it is {summary.state}"))
                continue
            alike, points = points_of(Path(summary.folder))
        except HfsError as error:
            left_out.append((summary.session, str(error)))
            continue
        if not points:
            why = (
                "its clock was not set"
                if summary.start_utc is None
                else f"less than {LEAST_VALID_MIN:g} min of it is valid"
            )
            left_out.append((summary.session, why))
        else:
            found.setdefault(alike, []).extend(points)
    series = [Series(a, tuple(sorted(p, key=lambda p: (p.at, p.session, p.side)))) for a, p in found.items()]
    series.sort(key=lambda s: (-len(s.points), s.points[0].at))
    return Sessions(tuple(series), tuple(left_out))


def points_of(folder: Path) -> tuple[Alike, tuple[Point, ...]]:
    """A session's points, none without a date or with too little valid time. Raises RecordingError or RequestError."""
    review = SessionReview(folder)
    session = review.session
    start, montage = session.start, review.montage
    places = tuple(f"{c.input}:{c.label}" for c in montage.channels)
    copies = start.copies
    alike = Alike(places, start.rate_hz, copies.get(SETTINGS_NAME, "not kept"), copies.get(MODEL_NAME, "not kept"))
    valid_s = session.stop.valid_s if session.stop is not None else review.duration_s
    at = session.start_utc
    if at is None or valid_s < 60 * LEAST_VALID_MIN:
        return alike, ()
    steps = review.slider()[0].sides
    reviewed = review.progress().complete
    minutes = valid_s / 60
    points = tuple(
        Point(
            session.name,
            at,
            side,
            burden.spasms,
            minutes,
            poisson_rate(burden.spasms, minutes),
            burden.spasm_time_s / valid_s,
            reviewed,
            session.simulated,
        )
        for side, burden in steps.items()
    )
    return alike, points
