"""The gate that every request passes before a page sees it.

In this order: how often, which Host, which session, which method, from which page (Origin), how large and how slow a body, with which
change token. What passes reaches the application with `request.state.visitor`; what does not is answered here, in a sentence.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hfs_emg.web.admission import Admission, Visitor, may_change
from hfs_emg.web.place import Place
from hfs_emg.web.rates import Rates

LARGEST_BODY = 256 * 1024
SLOWEST_BODY_S = 10.0
TOKEN_FIELD, TOKEN_HEADER = "change_token", "x-change-token"
ENTRY_RATE = (10.0, 0.2)
"""Tries of a link: ten at once, then one in five seconds."""
REQUEST_RATE = (400.0, 40.0)
"""Anything else, of one address: a page with its parts is some ten requests."""
OPEN_PATHS = ("/static/",)
"""What shows nobody's data: style, scripts, licence texts."""


def content_policy(place: Place, *, inline_style: bool = False) -> str:
    """The Content-Security-Policy. inline_style: for a page that holds drawings with style of their own; scripts never are inline."""
    # Browsers know no literal IPv6 address here, and need none: 'self' holds the page's own.
    sockets = " ".join(
        f"{'wss' if place.secure else 'ws'}://{host}:{place.port}" for host in place.hosts if "[" not in host
    )
    style = "'self' 'unsafe-inline'" if inline_style else "'self'"
    return (
        f"default-src 'none'; script-src 'self'; style-src {style}; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self' {sockets}; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


class Guard:
    """ASGI middleware. told: called when a link is tried that was used already, so that the terminal can offer another."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        place: Callable[[], Place],
        admission: Admission,
        now_s: Callable[[], float],
        used_link: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._place = place
        self._admission = admission
        self._entries = Rates(*ENTRY_RATE, now_s)
        self._requests = Rates(*REQUEST_RATE, now_s)
        self._used_link = used_link

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or socket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._request(scope, receive, self._with_headers(scope, send))

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refused_anyway(scope)
        if refused is None and scope["path"] == "/enter":
            refused = self._enter(Request(scope))
        if refused is None and not scope["path"].startswith(OPEN_PATHS):
            visitor = self._visitor(scope)
            if visitor is None:
                refused = _sentence(
                    401,
                    "This browser is not let in",
                    "Open the link that hfs-emg printed when it started, or ask a device that is in for one: each link opens once.",
                )
            else:
                scope.setdefault("state", {})["visitor"] = visitor
                if scope["method"] == "POST":
                    receive, refused = await self._change(scope, receive, visitor)
        if refused is not None:
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        visitor = self._visitor(scope)
        origin = Headers(scope=scope).get("origin", "")
        refused = self._refused_anyway(scope) is not None or visitor is None or not self._place().is_own_origin(origin)
        if refused:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        scope.setdefault("state", {})["visitor"] = visitor
        await self._app(scope, receive, send)

    def _refused_anyway(self, scope: Scope) -> Response | None:
        """Whoever asks: too often, under another name, in a way that no page here does."""
        wait_s = self._requests.take(_address(scope))
        if wait_s > 0:
            return _too_often(wait_s)
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) != 1 or not self._place().serves(hosts[0]):
            return _sentence(421, "Not served under this name", f"Open {self._place().origin} instead.")
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "POST"):
            return _sentence(405, "Not done here", "Pages are read with GET and changed with POST.")
        return None

    def _visitor(self, scope: Scope) -> Visitor | None:
        cookie = _cookie(Headers(scope=scope).get("cookie", ""), self._place().cookie)
        return None if cookie is None else self._admission.visitor(cookie)

    def _enter(self, request: Request) -> Response:
        wait_s = self._entries.take(_address(request.scope))
        if wait_s > 0:
            return _too_often(wait_s)
        token = request.query_params.get("token", "")
        admitted = self._admission.admit(token) if request.method == "GET" else None
        if admitted is None:
            if self._admission.was_used(token):
                if self._visitor(request.scope) is not None:
                    return _onward("You are in already.")
                self._used_link()
            return _sentence(
                403,
                "This link is not good",
                "Each link opens once, and those for another device for 15 minutes: ask for a new one.",
            )
        response = _onward("You are in.")
        response.set_cookie(
            self._place().cookie, admitted[0], httponly=True, samesite="strict", path="/", secure=self._place().secure
        )
        return response

    async def _change(self, scope: Scope, receive: Receive, visitor: Visitor) -> tuple[Receive, Response | None]:
        """The body of a POST, read whole, when it may be taken."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        own = self._place().is_own_origin(origin) if origin else headers.get("sec-fetch-site") == "same-origin"
        if not own:
            return receive, _sentence(403, "Refused", "Changes are made from this application's own pages only.")
        try:
            async with asyncio.timeout(SLOWEST_BODY_S):
                body = await _whole_body(receive)
        except TimeoutError:
            return receive, _sentence(408, "Too slow", "The request did not come to its end: send it again.")
        if body is None:
            return receive, _sentence(413, "Too large", f"At most {LARGEST_BODY // 1024} KiB are taken at once.")
        token = headers.get(TOKEN_HEADER) or _form_field(headers.get("content-type", ""), body)
        if not may_change(visitor, token):
            return receive, _sentence(
                403, "Refused", "This page is from before the server started anew: load it again."
            )
        return _replaying(body, receive), None

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", content_policy(self._place()))
                headers["x-content-type-options"] = "nosniff"
                headers["x-frame-options"] = "DENY"
                # Not "no-referrer": with it browsers send "Origin: null" with a form of our own.
                headers["referrer-policy"] = "same-origin"
                headers["cross-origin-opener-policy"] = "same-origin"
                headers["cross-origin-resource-policy"] = "same-origin"
                headers["permissions-policy"] = "camera=(), microphone=(), geolocation=()"
                headers.setdefault("cache-control", "no-cache" if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        return sending


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _cookie(header: str, name: str) -> str | None:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return None if found is None else found.value


async def _whole_body(receive: Receive) -> bytes | None:
    """The body; None when it is too large."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > LARGEST_BODY:
            return None
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _replaying(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay


def form_of(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of an HTML form, each once; nothing for another kind of body."""
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return {}
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=200)
    except (UnicodeDecodeError, ValueError):
        return {}
    return {name: values[-1] for name, values in fields.items()}


def _form_field(content_type: str, body: bytes) -> str:
    return form_of(content_type, body).get(TOKEN_FIELD, "")


_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<link rel="icon" href="/static/icon.svg" type="image/svg+xml">{head}'
    '<link rel="stylesheet" href="/static/colours.css"><link rel="stylesheet" href="/static/base.css">'
    "<title>{title} – hfs-emg</title></head>"
    '<body class="plain"><main><h1>{title}</h1><p>{text}</p></main></body></html>'
)


def _sentence(status: int, title: str, text: str) -> Response:
    return HTMLResponse(_PAGE.format(head="", title=escape(title), text=escape(text)), status)


def _too_often(wait_s: float) -> Response:
    response = _sentence(429, "Too many requests", f"Wait {math.ceil(wait_s)} s, then try again.")
    response.headers["retry-after"] = str(math.ceil(wait_s))
    return response


def _onward(title: str) -> Response:
    """To the first page, from a page of our own: a redirect of a link that another program opened would come without the cookie."""
    head = '<meta http-equiv="refresh" content="0; url=/first">'
    return HTMLResponse(_PAGE.format(head=head, title=escape(title), text='<a href="/first">Go on</a>'))
