"""The trend as a document that stands alone, and as lines for the terminal. Never "failed", never advice. Extra `report`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from hfs_emg.extras import needed
from hfs_emg.report.words import TABLES
from hfs_emg.trend.change import Change
from hfs_emg.trend.course import Course
from hfs_emg.trend.document import SeriesTrend, SideTrend, Trend

TEMPLATE = Path(__file__).parent / "trend.html"
HEADS = ("trend_date", "trend_side", "trend_rate", "trend_minutes", "trend_time", "trend_change", "trend_reviewed")


def trend_html(trend: Trend, *, link: str | None = None, language: str = "en") -> str:
    """The page. link: where it leads back to when it is served. Raises RequestError when an extra is missing."""
    jinja2 = needed("jinja2", "report")
    needed("matplotlib", "report")
    from hfs_emg.trend.pictures import course_picture, cycles_picture  # noqa: PLC0415 - brings matplotlib

    words = TABLES[language]
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    parts = []
    for k, series in enumerate(trend.series):
        cycles = [cycles_picture(side, trend.treatments, words) for side in moved(series)]
        parts.append(
            {
                "title": words["series_apart" if k else "series"].format(alike=series.words),
                "picture": course_picture(series, trend.treatments, words),
                "cycles": [picture for picture in cycles if picture is not None],
                "bands": [band_words(side, words) for side in moved(series)] + still_words(series, words),
                "courses": [course_words(course, words) for side in moved(series) for course in side.courses],
                "rows": list(rows_of(series, words)),
            }
        )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    heads = [words[head] for head in HEADS]
    page: str = template.render(t=words, trend=trend, parts=parts, heads=heads, link=link)
    return page


def rows_of(series: SeriesTrend, words: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """A row for each session and side, as `HEADS` names its cells."""
    for side in moved(series):
        for point in side.points:
            rate = point.rate
            told = change_words(side.changes.get(point.session), words)
            if point.session in side.reference:
                told = words["reference_session"]
            yield (
                f"{point.at:%Y-%m-%d %H:%M}",
                words[f"side_{side.side}"],
                words["rate_value"].format(value=rate.value or 0.0, low=rate.low or 0.0, high=rate.high or 0.0),
                words["count_value"].format(n=point.spasms, minutes=point.valid_min),
                f"{100 * point.spasm_time_share:.1f} %",
                told,
                words["yes" if point.reviewed else "no"],
            )


def moved(series: SeriesTrend) -> list[SideTrend]:
    """Sides with a spasm in any session; of the others there is nothing to follow."""
    return [side for side in series.sides if any(p.spasms for p in side.points)]


def still_words(series: SeriesTrend, words: Mapping[str, str]) -> list[str]:
    """What is said of the other sides."""
    there = moved(series)
    return [
        words["trend_still"].format(side=words[f"side_{s.side}"], n=len(s.points))
        for s in series.sides
        if s not in there
    ]


def change_words(change: Change | None, words: Mapping[str, str]) -> str:
    """What is said of a change."""
    if change is None:
        return words["not_told"]
    if change.real is None:
        return words["change_unknown"].format(ratio=change.ratio)
    key = "change_real" if change.real else "change_not"
    return words[key].format(ratio=change.ratio, low=change.low, high=change.high)


def band_words(side: SideTrend, words: Mapping[str, str]) -> str:
    """What is no real change."""
    named = words[f"side_{side.side}"]
    if side.band is None or side.repeats is None:
        return words["band_not"].format(side=named)
    return words["band_told"].format(side=named, low=side.band[0], high=side.band[1], n=side.repeats.freedom)


def course_words(course: Course, words: Mapping[str, str]) -> str:
    """What is said of a course."""
    told = words["course_side"].format(
        side=words[f"side_{course.side}"],
        number=course.treatment,
        date=course.date,
        sessions=course.sessions,
        words=course.words,
    )
    if course.benefit is None or course.onset is None:
        return told
    high = words["course_open"] if course.onset.high is None else f"{course.onset.high:.0f}"
    return told + words["course_benefit"].format(
        percent=100 * course.benefit, day=course.onset.day, low=course.onset.low, high=high
    )
