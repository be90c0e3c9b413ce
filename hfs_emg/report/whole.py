"""A session's report with what the subject's other sessions add: read, measured, rendered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hfs_emg.extras import needed
from hfs_emg.report.content import ReportContent, report_content
from hfs_emg.report.page import Links, report_html
from hfs_emg.report.signal_look import SignalLook
from hfs_emg.report.words import TABLES
from hfs_emg.session.store import Store
from hfs_emg.trend.document import trend_of

SMALL = (3.6, 1.0)
"""Inches of the picture of the trend on the page."""


def whole_report(
    store: Store,
    folder: Path,
    *,
    links: Links | None = None,
    look: SignalLook | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[ReportContent, str]:
    """Measures and page. The trend is shown where the store holds a comparable session of the subject beside this one.

    look: as of `report_content`.
    Raises RequestError, also when an extra is missing, RecordingError, DiskError.
    """
    for module in ("jinja2", "matplotlib"):
        needed(module, "report")
    content = report_content(store, folder, look=look, progress=progress)
    return content, report_html(content, trend=_trend(store, folder, content), links=links)


def _trend(store: Store, folder: Path, content: ReportContent) -> str | None:
    from hfs_emg.trend.pictures import course_picture  # noqa: PLC0415 - brings matplotlib

    if folder.parent.parent.resolve() != store.root.resolve():
        return None  # a session from elsewhere has no others here
    trend = trend_of(store, content.head.subject)
    for series in trend.series:
        if series.sessions > 1 and any(p.session == content.head.session for side in series.sides for p in side.points):
            return course_picture(series, trend.treatments, TABLES["en"], SMALL)
    return None
