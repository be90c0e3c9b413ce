"""Report, trend and treatments in the browser: the same documents as the commands write, with a way back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from hfs_emg.errors import RequestError
from hfs_emg.report.content import check_ended
from hfs_emg.web import blind
from hfs_emg.web.application import fields_of, visitor_of, web_of
from hfs_emg.web.drafts import stamp_of_report
from hfs_emg.web.guard import content_policy
from hfs_emg.web.shelf import DRAWING, now_utc

SOON_S = 0.3
"""What takes no longer is waited for; else a page tells how far it is."""


def routes() -> list[BaseRoute]:
    """One page each, and the sheet."""
    return [
        Route("/sessions/{subject}/{session}/report", report),
        Route("/sessions/{subject}/{session}/report/share", report_share),
        Route("/sessions/{subject}/{session}/report.pdf", sheet),
        Route("/subjects/{subject}/trend", trend),
        Route("/subjects/{subject}/treatments", treatments),
        Route("/subjects/{subject}/treatments", note, methods=["POST"]),
    ]


def report(request: Request) -> Response:
    """One page about a session; how far it is, while it is being made."""
    folder = _folder_to_report(request)
    html = _report_html(request, folder, SOON_S)
    return _wait(request) if html is None else _document(request, html.decode())


def sheet(request: Request) -> Response:
    """The same as one A4 sheet."""
    from hfs_emg.report.page import report_pdf  # noqa: PLC0415 - extra `report`

    folder = _folder_to_report(request)
    html = _report_html(request, folder, SOON_S)
    if html is None:
        return _wait(request)
    text = html.decode()

    def draw() -> bytes:
        with DRAWING:
            return report_pdf(text)

    content = web_of(request).drafts.of(f"{folder}/sheet", hash(html), draw, None)
    disposition = f'inline; filename="report-{folder.name}.pdf"'
    return Response(content, media_type="application/pdf", headers={"content-disposition": disposition})


def report_share(request: Request) -> Response:
    """For the page that waits: how much of the signal was looked through, and whether the report is there."""
    folder = _folder_to_report(request)
    looking = web_of(request).looks.of(folder)
    ready = looking.look is not None and _report_html(request, folder, 0.0) is not None
    return JSONResponse({"share": looking.share, "ready": ready or bool(looking.problem)})


def _folder_to_report(request: Request) -> Path:
    """Raises RequestError for a session that is being recorded, or that this browser reads blind."""
    web = web_of(request)
    folder = web.session_folder(request.path_params["subject"], request.path_params["session"])
    opened = web.shelf.open(folder)
    check_ended(opened.review.session)
    with opened.lock:
        if why := blind.withheld(visitor_of(request), opened.review):
            raise RequestError(why)
    return folder


def _report_html(request: Request, folder: Path, wait_s: float) -> bytes | None:
    """None while it is not there yet."""
    web = web_of(request)
    looking = web.looks.of(folder, wait_s)
    if looking.problem:
        raise RequestError(looking.problem)
    look = looking.look
    if look is None:
        return None

    def draw() -> bytes:
        from hfs_emg.report.page import Links, check_pdf  # noqa: PLC0415 - extra `report`
        from hfs_emg.report.whole import whole_report  # noqa: PLC0415

        base = f"/sessions/{folder.parent.name}/{folder.name}"
        try:
            check_pdf()
            links = Links(base, f"{base}/report.pdf")
        except RequestError:
            links = Links(base, None)
        with DRAWING:
            return whole_report(web.store, folder, links=links, look=look)[1].encode()

    return web.drafts.of(str(folder), stamp_of_report(folder, looking), draw, wait_s)


def _wait(request: Request) -> Response:
    web = web_of(request)
    subject, name = request.path_params["subject"], request.path_params["session"]
    session = web.shelf.open(web.session_folder(subject, name)).review.session
    return web.page(request, "report_wait.html", status=202, subject=subject, session=session)


def trend(request: Request) -> Response:
    """A subject's sessions along the treatments."""
    from hfs_emg.trend.document import trend_of  # noqa: PLC0415
    from hfs_emg.trend.page import trend_html  # noqa: PLC0415

    web = web_of(request)
    subject = request.path_params["subject"]
    visitor = visitor_of(request)
    for summary in web.subject_sessions(subject):
        if summary.session in visitor.reads:
            opened = web.shelf.open(web.session_folder(subject, summary.session))
            if why := blind.withheld(visitor, opened.review):
                raise RequestError(why)
    found = trend_of(web.store, subject)
    with DRAWING:
        return _document(request, trend_html(found, link=f"/subjects/{subject}"))


def treatments(request: Request) -> Response:
    """What was noted, and a form for more."""
    return _treatments(request, None)


def _treatments(request: Request, problem: str | None) -> Response:
    from hfs_emg.trend.treatments import LONGEST_TEXT, read_treatments  # noqa: PLC0415

    web = web_of(request)
    subject = request.path_params["subject"]
    web.subject_sessions(subject)
    found = read_treatments(web.store, subject)
    today = now_utc().date().isoformat()
    return web.page(
        request,
        "treatments.html",
        status=200 if problem is None else 400,
        subject=subject,
        found=found,
        problem=problem,
        longest=LONGEST_TEXT,
        today=today,
    )


async def note(request: Request) -> Response:
    """Note or strike one; back to the list."""
    fields = await fields_of(request)
    return await run_in_threadpool(_note, request, fields)


def _note(request: Request, fields: dict[str, str]) -> Response:
    from hfs_emg.trend.treatments import add_treatment, strike_treatment  # noqa: PLC0415

    web = web_of(request)
    subject = request.path_params["subject"]
    web.subject_sessions(subject)
    try:
        if fields.get("strike"):
            strike_treatment(web.store, subject, _number(fields["strike"]), now_utc())
        else:
            texts = {name: fields.get(name, "") for name in ("what", "dose", "sites", "note")}
            add_treatment(web.store, subject, day=_day(fields.get("date", "")), now_utc=now_utc(), **texts)
    except RequestError as error:
        return _treatments(request, str(error))
    return RedirectResponse(f"/subjects/{subject}/treatments", 303)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise RequestError("Give the day as YYYY-MM-DD.") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise RequestError("Which note is to be struck?")
    return int(text)


def _document(request: Request, html: str) -> Response:
    """A document that stands alone: its style is in it, scripts it has none."""
    policy = content_policy(web_of(request).place, inline_style=True)
    return HTMLResponse(html, headers={"content-security-policy": policy, "cache-control": "no-store"})
