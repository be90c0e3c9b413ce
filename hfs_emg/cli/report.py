"""Commands: report, trend, treatment. What a clinician takes away, and the course over sessions."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.common import Subparsers, add_json, add_store, for_people, store_of, whole_number
from hfs_emg.cli.output import check_output, write_json, write_output
from hfs_emg.cli.terminal import Progress

if TYPE_CHECKING:
    from hfs_emg.trend.document import Trend


def add(commands: Subparsers) -> None:
    """Register the commands."""
    report = commands.add_parser(
        "report",
        help="one page about a session, for the clinician",
        description="Writes one page: per side rates with intervals, time, form, reach; blinks and confounders, examples, denominators. "
        "Counts are those of the readers where there are verdicts, and the page says so.",
        epilog="example: hfs-emg report 20261120T185323Z-1a2b --pdf",
    )
    report.add_argument("session", metavar="SESSION", help="a session's id (its beginning is enough) or folder")
    report.add_argument("--pdf", action="store_true", help="as PDF of one A4 sheet instead of HTML")
    report.add_argument("--out", type=Path, metavar="FILE", help="where to write it (report-SESSION.html or .pdf here)")
    add_store(report)
    add_json(report)
    report.set_defaults(run=run_report)
    trend = commands.add_parser(
        "trend",
        help="a subject's sessions along the treatments",
        description="Rates with intervals over comparable sessions, which change is real, onset of benefit and wearing off with their "
        "uncertainty. Sessions of another montage, rate, settings or model are shown apart.",
        epilog="example: hfs-emg trend S01 --out trend.html",
    )
    trend.add_argument("subject", metavar="SUBJECT")
    trend.add_argument("--out", type=Path, metavar="FILE", help="also as a page")
    add_store(trend)
    add_json(trend)
    trend.set_defaults(run=run_trend)
    treatment = commands.add_parser(
        "treatment",
        help="note a treatment of a subject, strike a wrong note, or list them",
        description="Keeps what was done as free text beside the subject's sessions. Notes are only ever added; a wrong one is struck.",
        epilog="example: hfs-emg treatment S01 --date 2026-03-02 --what 'botulinum toxin' --dose '15 U' --sites 'lid, cheek'",
    )
    treatment.add_argument("subject", metavar="SUBJECT")
    treatment.add_argument("--date", type=_day, metavar="YYYY-MM-DD", help="the day it was done")
    treatment.add_argument("--what", default="", help="such as botulinum toxin, decompression, a drug")
    treatment.add_argument("--dose", default="", help="as written; never computed with")
    treatment.add_argument("--sites", default="", help="as written")
    treatment.add_argument("--note", default="")
    treatment.add_argument("--strike", type=whole_number, metavar="NUMBER", help="strike a note that was wrong")
    add_store(treatment)
    add_json(treatment)
    treatment.set_defaults(run=run_treatment)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date such as 2026-03-02") from None


def run_report(options: argparse.Namespace) -> int:
    """One session on one page."""
    from hfs_emg.extras import needed

    store = store_of(options)
    folder = store.find(options.session)
    out = options.out or Path(f"report-{folder.name}.{'pdf' if options.pdf else 'html'}")
    check_output(options.json, options.force)
    check_output(out, options.force)
    if options.pdf:
        from hfs_emg.report.page import check_pdf

        check_pdf()
    needed("jinja2", "report")
    from hfs_emg.report.page import report_pdf
    from hfs_emg.report.whole import whole_report

    progress = Progress("measuring")
    try:
        content, html = whole_report(store, folder, progress=progress)
    finally:
        progress.end()
    write_output(out, report_pdf(html) if options.pdf else html.encode(), private=True)
    figures = {
        "schema": "hfs-emg/report/1",
        "head": content.head,
        "review": content.review,
        "sides": content.sides,
        "asymmetry": content.asymmetry,
        "confounders": content.confounders,
    }
    write_json(options.json, figures, private=True)
    if for_people(options):
        print(f"Report: {out}")
    return 0


def run_trend(options: argparse.Namespace) -> int:
    """All sessions of a subject."""
    from hfs_emg.trend.document import trend_of

    check_output(options.json, options.force)
    check_output(options.out, options.force)
    trend = trend_of(store_of(options), options.subject)
    if options.out is not None:
        from hfs_emg.trend.page import trend_html

        write_output(options.out, trend_html(trend).encode(), private=True)
    write_json(options.json, trend, private=True)
    for note in trend.notes:
        sys.stderr.write(f"note: {note}\n")
    if for_people(options):
        print(trend_text(trend))
    return 0


def trend_text(trend: Trend) -> str:
    """For the terminal."""
    from hfs_emg.cli.summary import SIMULATED
    from hfs_emg.report.words import TABLES
    from hfs_emg.trend.page import band_words, course_words, moved, rows_of, still_words

    words = TABLES["en"]
    lines = [SIMULATED] if trend.simulated else []
    lines += [f"Treatment {t.number}, {t.date}: {t.words}" for t in trend.treatments]
    for k, series in enumerate(trend.series):
        lines.append(words["series_apart" if k else "series"].format(alike=series.words))
        lines += ["  " + "  ".join(row[:6]) for row in rows_of(series, words)]
        lines += [band_words(side, words) for side in moved(series)] + still_words(series, words)
        lines += [course_words(c, words) for side in moved(series) for c in side.courses]
    lines += [f"Left out: {session}: {why}" for session, why in trend.left_out]
    lines.append(words["trend_disclaimer"])
    return "\n".join(lines)


def run_treatment(options: argparse.Namespace) -> int:
    """Note, strike, list."""
    from hfs_emg.errors import RequestError
    from hfs_emg.trend.treatments import add_treatment, read_treatments, strike_treatment

    check_output(options.json, options.force)
    store, now = store_of(options), dt.datetime.now(dt.UTC)
    if options.strike is not None:
        strike_treatment(store, options.subject, options.strike, now)
    elif options.date is not None:
        texts = {name: getattr(options, name) for name in ("what", "dose", "sites", "note")}
        add_treatment(store, options.subject, day=options.date, now_utc=now, **texts)
    elif options.what or options.dose or options.sites or options.note:
        raise RequestError("Say when it was done: --date YYYY-MM-DD.")
    found = read_treatments(store, options.subject)
    write_json(options.json, {"schema": "hfs-emg/treatments/1", "treatments": found.records}, private=True)
    for note in found.notes:
        sys.stderr.write(f"note: {note}\n")
    if for_people(options):
        print("\n".join(f"{t.number}  {t.date}  {t.words}" for t in found.records) or "No treatment is noted.")
    return 0
