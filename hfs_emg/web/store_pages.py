"""The store's pages: subjects, the sessions of one, one session."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from calibration.montage import Side
from hfs_emg.events import Findings, Kind
from hfs_emg.review.verdicts import read_verdicts
from hfs_emg.session.reader import open_session
from hfs_emg.session.store import SessionSummary
from hfs_emg.web.application import Web, web_of
from hfs_emg.web.counts import SideCounts


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """One line of the list of subjects."""

    subject: str
    sessions: int
    last: SessionSummary
    simulated: bool


def routes() -> list[BaseRoute]:
    """The first page, where a browser that has come in is led, a subject's page, a session's."""
    return [
        Route("/", subjects),
        Route("/first", first),
        Route("/subjects/{subject}", subject_page),
        Route("/sessions/{subject}/{session}", session_page),
    ]


def first(request: Request) -> Response:
    """Whoever has just come in is led to what goes on here: the recording under way, else the store."""
    return RedirectResponse("/live" if _under_way(web_of(request)) else "/", 303)


def _under_way(web: Web) -> bool:
    """Whether something is recorded, or about to be: where pages begin no recording, the one from outside is on its way."""
    station = web.station
    return station is not None and station.mode != "ended" and (station.mode != "idle" or not station.starts)


def subjects(request: Request) -> Response:
    """Everybody in the store, whoever was recorded last first."""
    web = web_of(request)
    by_subject: dict[str, list[SessionSummary]] = {}
    for summary in web.store.sessions():
        by_subject.setdefault(summary.subject, []).append(summary)
    rows = [
        SubjectRow(subject, len(found), found[-1], any(s.simulated for s in found))
        for subject, found in by_subject.items()
    ]
    rows.sort(key=lambda row: row.last.session, reverse=True)
    return web.page(request, "subjects.html", rows=rows, under_way=_under_way(web))


def subject_page(request: Request) -> Response:
    """The sessions of one subject, the newest first."""
    web = web_of(request)
    subject = request.path_params["subject"]
    return web.page(request, "subject.html", subject=subject, sessions=web.subject_sessions(subject)[::-1])


def session_page(request: Request) -> Response:
    """What one session holds."""
    web = web_of(request)
    subject, name = request.path_params["subject"], request.path_params["session"]
    session = open_session(web.session_folder(subject, name))
    episodes = session.episodes()
    counts = {
        kind: {side: sum(e.kind == kind and e.side == side for e in episodes) for side in ("right", "left", "both")}
        for kind in Kind
        if any(e.kind == kind for e in episodes)
    }
    rate = session.signal.rate_hz
    duration_s = session.samples / rate
    valid_s = None if session.stop is None else session.stop.valid_s
    sums = SideCounts(session.montage)
    sums.add(Findings(tuple(sorted(episodes, key=lambda e: e.start_s)), (), (), duration_s))
    return web.page(
        request,
        "session.html",
        subject=subject,
        session=session,
        duration_s=duration_s,
        valid_s=valid_s,
        sides=[{"name": side.value, **told} for side in (Side.RIGHT, Side.LEFT) if (told := sums.told(side, valid_s))],
        readers=read_verdicts(session.folder).readers,
        counts=counts,
        markers=[(m.sample / rate, m.text) for m in session.markers],
    )
