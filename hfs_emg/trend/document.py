"""The trend of one subject as a document: `hfs-emg/trend/1`. What the terminal, the page and the picture are made from."""

from __future__ import annotations

from typing import Literal

import msgspec

from hfs_emg.errors import RequestError
from hfs_emg.session.store import Store
from hfs_emg.trend.change import Change, Repeatability, band, change, reference_of, repeat_groups, repeatability
from hfs_emg.trend.course import Course, courses_of
from hfs_emg.trend.points import Alike, Point, Series, sessions_of
from hfs_emg.trend.treatments import Treatment, Treatments, read_treatments


class SideTrend(msgspec.Struct, frozen=True):
    """One side of one series. reference: ids of the sessions that the others are compared with; band: rates that are no real change.

    changes: of each later session against the reference, by its id.
    """

    side: str
    points: tuple[Point, ...]
    repeats: Repeatability | None
    reference: tuple[str, ...]
    band: tuple[float, float] | None
    changes: dict[str, Change]
    courses: tuple[Course, ...]


class SeriesTrend(msgspec.Struct, frozen=True):
    """Comparable sessions."""

    alike: Alike
    words: str
    sides: tuple[SideTrend, ...]

    @property
    def sessions(self) -> int:
        """How many."""
        return max(len(side.points) for side in self.sides)


class Trend(msgspec.Struct, frozen=True):
    """Everything. series: the one with most sessions first; left_out: (session, why)."""

    schema: Literal["hfs-emg/trend/1"]
    subject: str
    simulated: bool
    treatments: tuple[Treatment, ...]
    series: tuple[SeriesTrend, ...]
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def trend_of(store: Store, subject: str) -> Trend:
    """Of a subject of the store. Raises RequestError when there is no session of it, RecordingError, DiskError."""
    treatments = read_treatments(store, subject)
    found = sessions_of(store, subject)
    if not found.series and not found.left_out:
        raise RequestError(f"There is no session of {subject} in {store.root}: `hfs-emg sessions` lists all.")
    series = tuple(series_trend(one, treatments) for one in found.series)
    simulated = any(p.simulated for one in found.series for p in one.points)
    return Trend("hfs-emg/trend/1", subject, simulated, treatments.records, series, found.left_out, treatments.notes)


def series_trend(series: Series, treatments: Treatments) -> SeriesTrend:
    """Comparable sessions along the treatments."""
    return SeriesTrend(
        series.alike,
        series.alike.words,
        tuple(_side_trend(side, series.of(side), treatments.records) for side in series.sides),
    )


def _side_trend(side: str, points: tuple[Point, ...], treatments: tuple[Treatment, ...]) -> SideTrend:
    repeats = repeatability(repeat_groups(points, treatments))
    first = next((t.day for t in treatments if any(p.at.date() <= t.day for p in points)), None)
    reference = reference_of(points, first)
    later = [p for p in points if reference and p.at > reference[-1].at]
    return SideTrend(
        side=side,
        points=points,
        repeats=repeats if repeats.freedom else None,
        reference=tuple(p.session for p in reference),
        band=band(reference, repeats) if reference else None,
        changes={p.session: change(reference, p, repeats) for p in later},
        courses=courses_of(treatments, points, side),
    )
