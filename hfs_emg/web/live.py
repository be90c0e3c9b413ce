"""The live page and its socket: pictures go out as fast as a browser says it has seen them, and no faster.

A browser answers each frame with its number. One that answers late gets no more than `MOST_UNSEEN` frames ahead; what it missed
meanwhile is passed over when it is more than `CATCHES_UP_S`, so that what it shows is never older than it says. Nothing waits for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from hfs_emg.errors import RequestError
from hfs_emg.web.application import web_of
from hfs_emg.web.face import contact_face
from hfs_emg.web.feed import Feed
from hfs_emg.web.frames import encode_frame
from hfs_emg.web.rates import Rates
from hfs_emg.web.station import Station, Wish

T = TypeVar("T")

MOST_UNSEEN = 10
CATCHES_UP_S = 2.0
FRAME_S = 1.0
"""The most that one frame holds."""
MOST_BROWSERS = 16
ANSWERS = (200.0, 60.0)
"""A browser answers 25 frames a second."""


def routes() -> list[BaseRoute]:
    """Pages, what they ask for, and the socket behind them."""
    return [
        Route("/live", live_page),
        Route("/calibrate", calibrate_page),
        Route("/live/ask", ask, methods=["POST"]),
        Route("/live/mark", mark, methods=["POST"]),
        Route("/calibrate/begin", begin_calibration, methods=["POST"]),
        Route("/calibrate/electrodes", electrodes, methods=["POST"]),
        Route("/calibrate/act", act, methods=["POST"]),
        WebSocketRoute("/live/feed", socket),
    ]


def live_page(request: Request) -> Response:
    """What is being recorded now."""
    web = web_of(request)
    return web.page(request, "live.html", station=web.station, face=contact_face())


def calibrate_page(request: Request) -> Response:
    """The guided sequence."""
    web = web_of(request)
    return web.page(request, "calibrate.html", station=web.station)


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """What a button of the live page asks for."""

    what: Literal["start", "pause", "go_on", "stop"]
    subject: str = ""


class Mark(msgspec.Struct, forbid_unknown_fields=True):
    """A marker. at_s: the board's clock when the key was pressed, as the browser reckons it."""

    text: str
    at_s: float | None = None


class Sequence(msgspec.Struct, forbid_unknown_fields=True):
    """A calibration. subject: where no recording names one; electrodes: they are measured first."""

    sequence: Literal["quick", "full"]
    reading: bool = False
    chewing: bool = False
    electrodes: bool = False
    subject: str = ""


class Act(msgspec.Struct, forbid_unknown_fields=True):
    """A key of a calibration."""

    act: Literal["pause", "skip", "cannot", "leave"]


async def _told(request: Request, kind: type[T]) -> T:
    """What a page posted. Raises RequestError."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.MsgspecError as error:
        raise RequestError(f"That was not understood ({error}): load the page again.") from None


def _station(request: Request) -> Station:
    station = web_of(request).station
    if station is None:
        raise RequestError("No board is served here: start hfs-emg with record --web, or serve --board.")
    return station


async def ask(request: Request) -> Response:
    """Start, pause, go on, stop."""
    station, asked = _station(request), await _told(request, Asked)
    match asked.what:
        case "start":
            station.start(asked.subject)
        case "pause":
            station.pause()
        case "go_on":
            station.go_on()
        case "stop":
            station.stop()
    return JSONResponse({})


async def mark(request: Request) -> Response:
    """Put a marker."""
    station, told = _station(request), await _told(request, Mark)
    station.mark(told.text, told.at_s)
    return JSONResponse({})


async def begin_calibration(request: Request) -> Response:
    """Guide through a calibration."""
    station, told = _station(request), await _told(request, Sequence)
    station.calibrate(Wish("calibrate", told.subject, told.sequence, told.reading, told.chewing, told.electrodes))
    return JSONResponse({})


async def electrodes(request: Request) -> Response:
    """Measure the contact of each electrode."""
    _station(request).calibrate(Wish("electrodes"))
    return JSONResponse({})


async def act(request: Request) -> Response:
    """Pause or go on, skip, cannot, leave."""
    station, told = _station(request), await _told(request, Act)
    station.act(told.act)
    return JSONResponse({})


async def socket(ws: WebSocket) -> None:
    """One browser: news as text, samples as binary, until it goes."""
    station: Station | None = ws.app.state.web.station
    if station is None or station.feed.browsers >= MOST_BROWSERS:
        await ws.close(1013)
        return
    await ws.accept()
    browser = _Browser(ws, station.feed)
    station.feed.browsers += 1
    tasks = [asyncio.create_task(browser.hear()), asyncio.create_task(browser.tell())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        station.feed.browsers -= 1
        for task in tasks:
            task.cancel()
    await asyncio.wait(tasks)  # and not gather, which gives another name to a cancellation from outside
    for task in tasks:
        if not task.cancelled() and not isinstance(
            task.exception(), WebSocketDisconnect | RuntimeError | OSError | None
        ):
            task.result()


class _Browser:
    """One socket: where it is in the traces and in the news, and which frames it has not seen."""

    def __init__(self, ws: WebSocket, feed: Feed) -> None:
        self._ws, self._feed = ws, feed
        self._sent: deque[tuple[int, float]] = deque()
        self._number = 0
        self._round_trip_s: float | None = None
        self._loop = asyncio.get_running_loop()
        self._answers = Rates(*ANSWERS, self._loop.time)

    async def hear(self) -> None:
        """Answers, `a` and a number; anything else ends the socket."""
        while True:
            message = await self._ws.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text") or ""
            if (
                text[:1] != "a"
                or not text[1:].isascii()
                or not text[1:].isdigit()
                or len(text) > 12
                or self._answers.take("")
            ):
                await self._ws.close(1003)
                return
            self._seen(int(text[1:]))

    def _seen(self, number: int) -> None:
        while self._sent and self._sent[0][0] <= number:
            last, at_s = self._sent.popleft()
            if last == number:
                self._round_trip_s = self._loop.time() - at_s

    async def tell(self) -> None:
        """News and frames, until the socket breaks."""
        position = self._feed.position
        for text in self._feed.snapshot():
            await self._ws.send_text(text)
        shown, cursor = None, 0
        while True:
            news, position = self._feed.messages_since(position)
            for text in news:
                await self._ws.send_text(text)
            rate_hz = 250.0 if self._feed.shown is None else self._feed.shown.signal.rate_hz
            if shown is not self._feed.shown:
                shown, cursor = self._feed.shown, max(0, self._feed.traces.end - round(CATCHES_UP_S * rate_hz))
            if shown is not None and len(self._sent) < MOST_UNSEEN:
                cursor = await self._send_frame(cursor, rate_hz)
            await self._feed.changed()

    async def _send_frame(self, cursor: int, rate_hz: float) -> int:
        """The next samples, or the newest when it is too far behind. Returns where it is then."""
        traces = self._feed.traces
        if traces.end - cursor > CATCHES_UP_S * rate_hz:
            cursor = traces.end - round(0.2 * rate_hz)
        stretch = traces.since(cursor, round(FRAME_S * rate_hz))
        if stretch is None:
            return cursor
        self._number += 1
        self._sent.append((self._number, self._loop.time()))
        frame = encode_frame(
            stretch,
            number=self._number,
            recorded=self._feed.recorded,
            board_s=self._feed.board_s(),
            rate_hz=rate_hz,
            round_trip_s=self._round_trip_s,
        )
        await self._ws.send_bytes(frame)
        return stretch.end
