"""The page: values and words into one HTML document that stands alone, and the same document as PDF of one A4 sheet.

Extra `report` (jinja2, matplotlib), for the PDF `pdf` (weasyprint).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hfs_emg.errors import RequestError
from hfs_emg.extras import needed
from hfs_emg.intervals import Estimate
from hfs_emg.report.content import Example, ReportContent
from hfs_emg.report.measures import SideMeasures
from hfs_emg.report.words import TABLES

SIZES_PT = (7.1, 6.6, 6.1)
"""Tried in turn until everything stands on one sheet: long notes, a treatment told at length."""
TEMPLATE = Path(__file__).parent / "report.html"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of both sides. sub: it belongs to the line above."""

    name: str
    cells: tuple[str, ...]
    sub: bool = False


@dataclass(frozen=True, slots=True)
class Links:
    """Where the page leads when it is served; a file leads nowhere."""

    session: str
    pdf: str | None


def report_html(
    content: ReportContent, *, trend: str | None = None, links: Links | None = None, language: str = "en"
) -> str:
    """The document. trend: a picture of the subject's sessions as a data address. Raises RequestError when an extra is missing."""
    jinja2 = needed("jinja2", "report")
    needed("matplotlib", "report")
    from hfs_emg.report.pictures import example_picture, hour_picture  # noqa: PLC0415 - brings matplotlib

    words = TABLES[language]
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    examples = [
        {
            "picture": example_picture(example, content),
            "title": (title := _example_title(example, words)),
            "alt": words["example_alt"].format(title=title),
            "uncertain": example.uncertain,
        }
        for example in content.examples
    ]
    rendered: str = template.render(
        t=words,
        head=content.head,
        facts=_facts(content, words),
        reviewed=_reviewed(content, words),
        sides=list(content.sides),
        rows=side_rows(list(content.sides.values()), words),
        oculo_oral=_oculo_oral(content, words),
        others=_others(content, words),
        asymmetry=[(r.site, _signed(r.rest), _signed(r.blinks), _signed(r.movements)) for r in content.asymmetry],
        expected=_expected(content.confounders.false_per_hour, words),
        hour=hour_picture(content, words),
        examples=examples,
        trend=trend,
        links=links,
        made_with=words["made_with"].format(
            software=content.head.software, settings=content.head.settings_mark, model=content.head.model_mark
        ),
    )
    return rendered


def report_pdf(html: str) -> bytes:
    """The same page as PDF; nothing is fetched for it. Raises RequestError when the extra or a library of it is missing."""
    weasyprint = check_pdf()
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols=("data",))
    page = weasyprint.HTML(string=html, url_fetcher=fetcher)
    for size_pt in SIZES_PT:
        document = page.render(
            stylesheets=[weasyprint.CSS(string=f"html {{ font-size: {size_pt}pt }}", url_fetcher=fetcher)]
        )
        if len(document.pages) == 1:
            break
    pdf: bytes = document.write_pdf()
    return pdf


def check_pdf() -> Any:
    """The library that makes PDF. Raises RequestError when the extra or a library of the system is missing."""
    try:
        return needed("weasyprint", "pdf")
    except OSError as error:
        raise RequestError(
            f"The PDF needs the library Pango ({error}): apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0."
        ) from None


def side_rows(sides: list[SideMeasures], words: Mapping[str, str]) -> list[Row]:
    """What is told of each side, line by line."""

    def row(name: str, tell: Any, *, sub: bool = False) -> Row:
        return Row(words[name], tuple(tell(side, words) for side in sides), sub)

    return [
        row("rate", lambda s, w: _interval(s.rate, w, "rate_value")),
        row("minutes", _minutes, sub=True),
        row("count", lambda s, w: w["count_value"].format(n=s.burden.spasms, minutes=s.burden.valid_s / 60), sub=True),
        row("time", _time),
        row("form", _form),
        row("longest", lambda s, w: f"{s.burden.longest_s:.1f} s" if s.burden.spasms else w["not_told"]),
        row("spread", _spread),
        row("babinski", _babinski),
        row("synkinesis", _synkinesis),
        row("amplitude", lambda s, w: _number(s.amplitude_uv, w, "amplitude_value")),
        row("reference", _reference, sub=True),
        row("floor", lambda s, w: _number(s.floor_uv, w, "floor_value"), sub=True),
    ]


def _interval(estimate: Estimate, words: Mapping[str, str], key: str) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return words["not_told"]
    return words[key].format(value=estimate.value, low=estimate.low, high=estimate.high)


def _number(value: float | None, words: Mapping[str, str], key: str) -> str:
    return words["not_told"] if value is None else words[key].format(value=value)


def _minutes(side: SideMeasures, words: Mapping[str, str]) -> str:
    if side.median_per_min is None or side.quartiles is None:
        return words["not_told"]
    return words["minutes_value"].format(median=side.median_per_min, low=side.quartiles[0], high=side.quartiles[1])


def _time(side: SideMeasures, words: Mapping[str, str]) -> str:
    if side.burden.valid_s <= 0:
        return words["not_told"]
    share = side.burden.spasm_time_s / side.burden.valid_s
    return words["time_value"].format(per_hour=3600 * share, percent=100 * share)


def _form(side: SideMeasures, words: Mapping[str, str]) -> str:
    told = side.burden.clonic + side.burden.tonic
    if not told:
        return words["not_told"]
    percent = f"{100 * side.burden.tonic / told:.0f} %"
    return words["form_value"].format(clonic=side.burden.clonic, tonic=side.burden.tonic, percent=percent)


def _spread(side: SideMeasures, words: Mapping[str, str]) -> str:
    spread = side.spread
    if not spread.events:
        return words["not_told"]
    shares = {name: f"{100 * getattr(spread, name) / spread.events:.0f}" for name in ("eye", "cheek", "mouth")}
    return words["spread_value"].format(n=spread.events, **shares)


def _babinski(side: SideMeasures, words: Mapping[str, str]) -> str:
    index = side.babinski
    if index.value is None or index.low is None or index.high is None:
        return words["not_told"]
    return words["babinski_value"].format(
        percent=100 * index.value, low=100 * index.low, high=100 * index.high, n=side.babinski_of
    )


def _synkinesis(side: SideMeasures, words: Mapping[str, str]) -> str:
    if side.synkinesis is None:
        return words["not_told"]
    return words["synkinesis_value"].format(value=side.synkinesis, n=side.synkinesis_of)


def _reference(side: SideMeasures, words: Mapping[str, str]) -> str:
    if side.amplitude_uv is None or not side.reference_uv:
        return words["reference_none"] if side.reference_uv is None else words["not_told"]
    return words["reference_value"].format(
        percent=100 * side.amplitude_uv / side.reference_uv, value=side.reference_uv, what=words[side.reference]
    )


def _facts(content: ReportContent, words: Mapping[str, str]) -> list[tuple[str, str]]:
    head = content.head
    since = "" if head.days_since is None else " – " + words["since"].format(weeks=head.days_since / 7)
    return [
        (words["subject"], head.subject),
        (words["session"], head.session),
        (words["begun"], f"{head.begun:%Y-%m-%d %H:%M} UTC" if head.begun else words["clock_not_set"]),
        (words["recorded"], f"{head.duration_s / 60:.1f} min, {head.rate_hz:g} Hz, {head.board}"),
        (words["usable"], f"{head.valid_s / 60:.1f} min ({100 * head.valid_s / max(head.duration_s, 1e-9):.0f} %)"),
        (words["lost"], f"{100 * head.lost_share:.2f} %"),
        (words["snr"], words["not_told"] if head.snr_db is None else f"{head.snr_db:.0f} dB"),
        (words["montage"], f"{len(content.montage.channels)} ({', '.join(head.sites)})"),
        (words["calibrated"], f"{head.calibrated:%Y-%m-%d}" if head.calibrated else words["calibrated_not"]),
        (words["treatment"], (head.treatment or words["treatment_none"]) + since),
    ]


def _reviewed(content: ReportContent, words: Mapping[str, str]) -> str:
    review = content.review
    if not review.begun:
        return words["reviewed_not"]
    key = "reviewed_all" if review.complete else "reviewed_part"
    told = words[key].format(judged=review.judged, asked=review.asked, readers=", ".join(review.readers))
    return told + ("; " + words["disputed"].format(n=review.disputed) if review.disputed else "")


def _others(content: ReportContent, words: Mapping[str, str]) -> list[tuple[str, str]]:
    found = content.confounders
    counts = found.counts
    reasons = ", ".join(
        f"{reason.replace('_', ' ')} {minutes:.1f}" for reason, minutes in found.invalid_minutes.items()
    )
    excluded = words["excluded_value"].format(minutes=sum(found.invalid_minutes.values()), reasons=reasons)
    return [
        (words["blink_rate"], words["per_min"].format(n=found.blinks, rate=found.blinks_per_min or 0.0)),
        (words["oral"], words["minutes_long"].format(n=counts.get("oral", 0), minutes=found.minutes["oral"])),
        (
            words["artefact"],
            words["minutes_long"].format(n=counts.get("artefact", 0), minutes=found.minutes["artefact"]),
        ),
        (words["voluntary"], str(counts.get("voluntary", 0))),
        (words["twitch"], str(counts.get("twitch", 0))),
        (words["synkinesis_events"], str(counts.get("synkinesis", 0))),
        (words["blepharospasm"], str(counts.get("blepharospasm", 0))),
        (words["excluded"], excluded if reasons else words["excluded_none"]),
        (words["unsure"], str(found.unsure)),
        (words["low"], words["low_value"].format(n=found.low_confidence, of=found.undecided_spasms)),
    ]


def _oculo_oral(content: ReportContent, words: Mapping[str, str]) -> str:
    value, side, of = content.oculo_oral
    if value is None or side is None:
        return words["oculo_oral_not"]
    return words["oculo_oral"].format(value=value, side=words[f"side_{side}"].lower(), n=of)


def _expected(estimate: Estimate | None, words: Mapping[str, str]) -> str:
    if estimate is None or estimate.low is None or estimate.high is None:
        return ""
    return words["expected"].format(low=estimate.low, high=estimate.high)


def _example_title(example: Example, words: Mapping[str, str]) -> str:
    event = example.event
    episode = event.episode
    at = f"{int(episode.start_s) // 60}:{int(episode.start_s) % 60:02d}"
    named = event.named or episode.kind
    key = "example_uncertain" if example.uncertain else "example_certain"
    title = words[key].format(kind=named.value, side=episode.side or "", at=at, confidence=episode.confidence)
    return title + (words["example_judged"] if event.judged else "")


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}".replace("-", "−")
