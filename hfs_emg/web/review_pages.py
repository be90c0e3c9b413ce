"""Review in the browser: the page, and what its script asks for and sends. Answers are made from a session that is kept open.

A reader is sent the detector's episodes and the own verdicts, nothing of another reader; `blind.py` says when what readers say together,
and how far they agree, is shown.
"""

from __future__ import annotations

import math
import struct
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from hfs_emg.errors import HfsError, RequestError
from hfs_emg.events import KINDS
from hfs_emg.review.burden import slider
from hfs_emg.review.desk import KIND_KEYS
from hfs_emg.review.groups import group_events, is_asked
from hfs_emg.review.traces import trace
from hfs_emg.review.verdicts import Verdict, check_reader
from hfs_emg.review.view import Event, View
from hfs_emg.web import blind
from hfs_emg.web.application import visitor_of, web_of
from hfs_emg.web.shelf import Opened, now_utc

BASE = "/sessions/{subject}/{session}/review"
MOST_AT_ONCE = 50


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """What the script posts: verdicts of one key, without number and time."""

    reader: str
    verdicts: tuple[dict[str, Any], ...]


def routes() -> list[BaseRoute]:
    """The page and its data."""
    return [
        Route(BASE, page),
        Route(BASE + "/events", events),
        Route(BASE + "/trace", signal),
        Route(BASE + "/invalid", invalid),
        Route(BASE + "/together", together),
        Route(BASE + "/together", show_together, methods=["POST"]),
        Route(BASE + "/verdicts", verdicts, methods=["POST"]),
    ]


def page(request: Request) -> Response:
    """The frame that the script fills."""
    web = web_of(request)
    subject, name = request.path_params["subject"], request.path_params["session"]
    opened = _opened(request)
    return web.page(
        request,
        "review.html",
        subject=subject,
        session=opened.review.session,
        kind_keys=KIND_KEYS,
        base=f"/sessions/{subject}/{name}/review",
        recording=opened.review.session.recording,
    )


def events(request: Request) -> Response:
    """Everything that a reader begins with."""
    opened = _opened(request)
    reader = request.query_params.get("reader", "")
    with opened.lock:
        review = opened.review
        try:
            check_reader(reader)
            blind.begin(visitor_of(request), review, reader)
        except RequestError as error:
            return _refused(error)
        view = review.view(reader)
        groups = group_events(view.events, review.montage)
        session = review.session
        rate = session.signal.rate_hz
        return _json(
            {
                "duration_s": review.duration_s,
                "channels": [{"label": c.label, "side": c.side, "site": c.site.words} for c in review.montage.channels],
                "markers": [[m.sample / rate, m.text] for m in session.markers],
                "gaps": [[i.start_s, i.end_s] for i in review.gaps()],
                "kinds": {row.kind.value: row.title for row in KINDS.values()},
                "groups": [{"keys": g.keys, "prototype": g.prototype} for g in groups],
                "events": [_event(e) for e in view.events],
                **_sums(opened, view),
            }
        )


async def verdicts(request: Request) -> Response:
    """Keep verdicts; answers with what is another event than before."""
    try:
        sent = msgspec.json.decode(await request.body(), type=Sent)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        return _refused(RequestError(f"The verdicts cannot be read: {error}."))
    return await run_in_threadpool(_judge, request, sent)


def _judge(request: Request, sent: Sent) -> Response:
    opened = _opened(request)
    try:
        if not 0 < len(sent.verdicts) <= MOST_AT_ONCE:
            raise RequestError(f"Between one and {MOST_AT_ONCE} verdicts are taken at once.")
        asked = [_verdict(given) for given in sent.verdicts]
        check_reader(sent.reader)
        with opened.lock:
            blind.begin(visitor_of(request), opened.review, sent.reader)
            before = opened.review.view(sent.reader)
            after = opened.review.judge(sent.reader, now_utc(), asked)
            known = {e.key: e for e in before.events}
            kept = {e.key for e in after.events}
            return _json(
                {
                    "changed": [_event(e) for e in after.events if known.get(e.key) != e],
                    "removed": [key for key in known if key not in kept],
                    **_sums(opened, after),
                }
            )
    except HfsError as error:
        return _refused(error)


def _verdict(given: dict[str, Any]) -> Verdict:
    try:
        return msgspec.convert({**given, "number": 0, "reader": "", "utc": ""}, Verdict)
    except msgspec.ValidationError as error:
        raise RequestError(f"The verdict cannot be read: {error}.") from None


def signal(request: Request) -> Response:
    """Filtered signal: little-endian uint32 channels, uint32 points, float64 start, float64 points a second, then float32 by channel."""
    opened = _opened(request)
    try:
        start_s, end_s = (float(request.query_params.get(name, "nan")) for name in ("start", "end"))
    except ValueError:
        start_s = math.nan
    if not math.isfinite(start_s) or not math.isfinite(end_s):
        raise RequestError("Say which stretch: start and end in seconds.")
    review = opened.review
    at_s, rate, emg = trace(review.session, review.montage, opened.kept, start_s, end_s)
    head = struct.pack("<IIdd", *emg.shape, at_s, rate)
    return Response(head + emg.astype("<f4").tobytes(), media_type="application/octet-stream")


def invalid(request: Request) -> Response:
    """What counts for nothing by the session's own analysis; before that is through, how much of it is."""
    opened = _opened(request)
    looking = web_of(request).looks.of(opened.review.session.folder)
    if looking.look is None:
        return _json({"share": looking.share, "problem": looking.problem})
    found = opened.invalid = looking.look.invalid
    return _json(
        {"invalid": [[i.start_s, i.end_s, i.reason] for i in found if i.channels is None or i.end_s - i.start_s > 1]}
    )


def together(request: Request) -> Response:
    """All readers' word, and their agreement, as a page; where a blind reading would suffer, why not, or the question."""
    web, visitor = web_of(request), visitor_of(request)
    opened = _opened(request)
    with opened.lock:
        review = opened.review
        if (why := blind.withheld(visitor, review)) or not blind.warned(visitor, review):
            return web.page(
                request,
                "review_blind.html",
                status=403 if why else 200,
                subject=request.path_params["subject"],
                session=review.session,
                readers=blind.standing(review),
                why=why,
            )
        steps = slider(review.reviewed(), review.montage, review.duration_s, opened.stretches())
        return web.page(
            request,
            "review_together.html",
            subject=request.path_params["subject"],
            session=review.session,
            progress=review.progress(),
            agreements=review.agreements(),
            sides=dict(sorted(steps[0].sides.items(), reverse=True)),
            disputed=[e for e in review.reviewed().events if e.state == "disputed"],
            notes=review.verdicts.notes,
        )


def show_together(request: Request) -> Response:
    """It was said that nobody reads this session in this browser; it is remembered."""
    opened = _opened(request)
    visitor_of(request).told.add(opened.review.session.name)
    return RedirectResponse(request.url.path, 303)


def _opened(request: Request) -> Opened:
    web = web_of(request)
    folder = web.session_folder(request.path_params["subject"], request.path_params["session"])
    opened = web.shelf.open(folder)
    if opened.review.session.montage is None:
        raise HTTPException(404, "This session has no montage: nothing was analysed, so there is nothing to review.")
    return opened


def _sums(opened: Opened, view: View) -> dict[str, Any]:
    review = opened.review
    steps = slider(view, review.montage, review.duration_s, opened.stretches())
    return {
        "slider": [
            {
                "threshold": s.threshold,
                "undecided": s.undecided,
                "false_per_hour": s.false_per_hour,
                "sides": {
                    side: {"spasms": b.spasms, "per_min": b.spasms_per_min, "time_s": b.spasm_time_s}
                    for side, b in sorted(s.sides.items(), reverse=True)
                },
            }
            for s in steps
        ],
        "standing": len(view.standing),
    }


def _event(event: Event) -> dict[str, Any]:
    e = event.episode
    return {
        "key": event.key,
        "start": e.start_s,
        "end": e.end_s,
        "kind": e.kind,
        "named": event.named,
        "side": e.side,
        "sites": e.sites,
        "form": e.form,
        "confidence": e.confidence,
        "state": event.state,
        "asked": is_asked(e),
        "reason": e.reason,
        "bursts": [[b.channel, b.start_s, b.end_s] for b in e.bursts],
    }


def _json(document: object) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json")


def _refused(error: HfsError) -> Response:
    return Response(msgspec.json.encode({"error": str(error)}), 400, media_type="application/json")
