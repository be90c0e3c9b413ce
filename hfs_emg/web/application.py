"""The application that pages are hung on.

How a page is added:

1. A module `hfs_emg/web/NAME.py` with `routes() -> list[BaseRoute]`; its name goes into `PAGES`. An endpoint is a plain function
   `(request) -> Response` (run in a thread: it may read the disk), or `async def` when it only waits.
2. In an endpoint `web = web_of(request)` gives the store and the rest; `web.page(request, "NAME.html", …)` renders a template of
   `templates/` that begins with `{% extends "base.html" %}` and fills `title`, `main` and, for own files of `static/`, `head`.
   `web.session_folder(subject, session)` and `web.subject_sessions(subject)` are the only ways from words of a client to a path: both
   raise `HTTPException(404)` for what is not in the store. An `HfsError` that is raised becomes a page with its sentence.
3. What a person reaches from everywhere goes into `NAVIGATION`; what belongs to one session or one subject into `SESSION_TABS` or
   `SUBJECT_TABS`: (last part of the path, title). A session lies at /sessions/SUBJECT/SESSION, a subject at /subjects/SUBJECT.
4. A change is a POST. A form holds `{{ change_field }}`; a script sends the header `x-change-token` with the content of
   `<meta name="change-token">`: `import { post } from "/static/post.js"`. `fields_of(request)` reads a form. The guard has
   looked at the token before. No script and no style stands in a page itself: both are files of `static/`.
   A page that must hold SVG with style of its own sets the header `content-security-policy` to
   `content_policy(web.place, inline_style=True)`.
5. Kinds are coloured by `class="kind-spasm"` and `var(--kind)`, `var(--kind-ink)` in CSS; `kinds` is the table in every template.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from hfs_emg import __version__
from hfs_emg.errors import DiskError, HfsError, RecordingError
from hfs_emg.events import KINDS
from hfs_emg.session.reader import is_session_folder
from hfs_emg.session.store import SUBJECT_CODE, SessionSummary, Store
from hfs_emg.web.admission import Admission, Visitor
from hfs_emg.web.colours import colours_css
from hfs_emg.web.drafts import Drafts
from hfs_emg.web.guard import TOKEN_FIELD, Guard, form_of
from hfs_emg.web.looks import Looks
from hfs_emg.web.place import Place
from hfs_emg.web.shelf import Shelf
from hfs_emg.web.station import Station

PAGES = ("store_pages", "live", "devices", "review_pages", "report_pages")
"""Modules of this package with `routes()`."""
NAVIGATION = (("/", "Sessions"), ("/live", "Live"), ("/calibrate", "Calibrate"), ("/devices", "Devices"))
SESSION_TABS: tuple[tuple[str, str], ...] = (("", "Session"), ("review", "Review"), ("report", "Report"))
SUBJECT_TABS: tuple[tuple[str, str], ...] = (("", "Sessions"), ("trend", "Trend"), ("treatments", "Treatments"))

HERE = Path(__file__).parent
STATUS_OF_ERROR = ((RecordingError, 422), (DiskError, 507))
"""Anything else that is ours is a request that is wrong."""


def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(slots=True)
class Web:
    """What all pages share. place: where it is served, known once the port is. station: what records here; None: the store alone."""

    store: Store
    place: Place
    admission: Admission
    now_s: Callable[[], float]
    station: Station | None = None
    templates: jinja2.Environment = field(default_factory=_templates)
    shelf: Shelf = field(default_factory=Shelf)
    looks: Looks = field(default_factory=Looks)
    drafts: Drafts = field(default_factory=Drafts)

    def page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """A rendered template. values: beside what every page has (see base.html)."""
        visitor: Visitor | None = getattr(request.state, "visitor", None)
        token = "" if visitor is None else visitor.change_token
        text = self.templates.get_template(template).render(
            {
                "path": request.url.path,
                "navigation": NAVIGATION,
                "session_tabs": SESSION_TABS,
                "subject_tabs": SUBJECT_TABS,
                "kinds": KINDS,
                "change_token": token,
                "change_field": Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN_FIELD, token),
                "unprotected": self.place.unprotected,
                "version": __version__,
            }
            | values
        )
        return HTMLResponse(text, status)

    def session_folder(self, subject: str, session: str) -> Path:
        """The folder of a session of the store, from two words of a client. Raises HTTPException 404 for anything else."""
        if SUBJECT_CODE.fullmatch(subject) and session.isascii() and session.replace("-", "").isalnum():
            folder = self.store.root / subject / session
            if is_session_folder(folder) and folder.resolve().is_relative_to(self.store.root.resolve()):
                return folder
        raise HTTPException(404, "There is no such session in this store.")

    def subject_sessions(self, subject: str) -> list[SessionSummary]:
        """The sessions of a subject, oldest first; at least one. Raises HTTPException 404 for a subject without any."""
        found = self.store.sessions(subject) if SUBJECT_CODE.fullmatch(subject) else []
        if not found:
            raise HTTPException(404, "There is no such subject in this store.")
        return found


def visitor_of(request: Request) -> Visitor:
    """The browser that asks; the guard has let it in."""
    visitor: Visitor = request.state.visitor
    return visitor


def web_of(request: Request) -> Web:
    """What all pages share."""
    web: Web = request.app.state.web
    return web


async def fields_of(request: Request) -> dict[str, str]:
    """The fields of a form that was posted."""
    return form_of(request.headers.get("content-type", ""), await request.body())


def application(web: Web, *, used_link: Callable[[], None] = lambda: None) -> Starlette:
    """Everything that is served. used_link: see `Guard`."""
    guard = Middleware(Guard, place=lambda: web.place, admission=web.admission, now_s=web.now_s, used_link=used_link)

    @asynccontextmanager
    async def pumping(_app: Starlette) -> AsyncIterator[None]:
        pump = None if web.station is None else asyncio.create_task(web.station.feed.run())
        if pump is not None:
            pump.add_done_callback(_heard)
        yield
        web.looks.close()
        web.drafts.close()
        if pump is not None:
            pump.cancel()

    app = Starlette(
        lifespan=pumping,
        routes=routes(),
        middleware=[guard],
        exception_handlers={HTTPException: _told, HfsError: _told_of_ours},
    )
    app.router.redirect_slashes = False
    app.state.web = web
    return app


def _heard(task: asyncio.Task[None]) -> None:
    """What ends the server is told by whoever runs it, and not once more when the task is forgotten."""
    if not task.cancelled():
        task.exception()


def routes() -> list[BaseRoute]:
    """The routes of every page, and what stands beside them."""
    found: list[BaseRoute] = [
        Route("/static/colours.css", _colours),
        Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
    ]
    for name in PAGES:
        found += importlib.import_module(f"hfs_emg.web.{name}").routes()
    return found


def _colours(_request: Request) -> Response:
    return Response(colours_css(), media_type="text/css")


def _told(request: Request, error: Exception) -> Response:
    """404 and its like, as a page."""
    assert isinstance(error, HTTPException)
    words = error.detail if error.status_code != 404 or error.detail != "Not Found" else "There is no such page."
    return web_of(request).page(request, "told.html", status=error.status_code, heading="Not here", words=words)


def _told_of_ours(request: Request, error: Exception) -> Response:
    """What the program found wrong, in its own sentence."""
    status = next((s for kind, s in STATUS_OF_ERROR if isinstance(error, kind)), 400)
    return web_of(request).page(request, "told.html", status=status, heading="That could not be done", words=str(error))
