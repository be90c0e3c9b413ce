"""Another device is let in: a link and its QR code, good once and for a quarter of an hour; and this one goes."""

from __future__ import annotations

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from hfs_emg.web.admission import LINK_LASTS_S
from hfs_emg.web.application import web_of


def routes() -> list[BaseRoute]:
    """The page, a link, the way out."""
    return [
        Route("/devices", devices),
        Route("/devices/link", link, methods=["POST"]),
        Route("/devices/leave", leave, methods=["POST"]),
    ]


def devices(request: Request) -> Response:
    """How another device gets in."""
    web = web_of(request)
    return web.page(request, "devices.html", link=None, code=None, loopback=web.place.loopback)


def link(request: Request) -> Response:
    """A link for another device."""
    web = web_of(request)
    href = web.place.link(web.admission.invite(LINK_LASTS_S))
    # Drawn by the library from the link alone, which is ours.
    code = Markup(segno.make(href, error="m").svg_inline(scale=6, border=4, dark="#000", light="#fff"))  # noqa: S704
    return web.page(request, "devices.html", link=href, code=code, loopback=web.place.loopback)


def leave(request: Request) -> Response:
    """This browser is not let in any more."""
    web = web_of(request)
    web.admission.leave(request.cookies.get(web.place.cookie, ""))
    response = RedirectResponse("/", 303)
    response.delete_cookie(web.place.cookie, path="/")
    return response
