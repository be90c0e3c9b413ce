"""The server: a socket, and uvicorn in a thread of its own beside whatever records. If it dies, the recording goes on.

A shell file. The port is taken before anything else begins, so that one that is taken is told at once. Requests that never come to
their end are cut off: headers here, bodies by the guard.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from hfs_emg.errors import RequestError
from hfs_emg.web.place import LOOPBACK_NAMES, Place, is_everywhere, is_loopback, url_host

PORT = 8474
LAST_PORT = 65535
SLOWEST_HEADERS_S = 10.0
MOST_CONNECTIONS = 200
LARGEST_HEADERS = 16 * 1024
LARGEST_SOCKET_MESSAGE = 4096
STOPS_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. port 0: any that is free. names: by which browsers may call it, beside its address."""

    host: str = "127.0.0.1"
    port: int = PORT
    certificate: Path | None = None
    key: Path | None = None
    names: tuple[str, ...] = ()


class _ImpatientProtocol(H11Protocol):
    """Closes a connection on which a request has begun, or none has, and its headers do not come to their end; uvicorn waits for ever."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._late = False
        self._impatience = self.loop.call_later(SLOWEST_HEADERS_S / 2, self._look)

    def _look(self) -> None:
        """Twice in a row without the end of a request's headers is once too often. A socket has a protocol of its own by now."""
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        between = self.cycle is None or (self.cycle.response_complete and bool(self.conn.trailing_data[0]))
        if between and self._late:
            self.transport.close()
            return
        self._late = between
        self._impatience = self.loop.call_later(SLOWEST_HEADERS_S / 2, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._impatience.cancel()
        super().connection_lost(exc)


class Server:
    """Listens from the moment it is made; serves from `start` until `stop`. Raises RequestError where it cannot listen."""

    def __init__(self, address: Address) -> None:
        if (address.certificate is None) != (address.key is None):
            raise RequestError("TLS needs both files: --tls-certificate FILE.pem and --tls-key FILE.pem.")
        for file in (address.certificate, address.key):
            if file is not None and not file.is_file():
                raise RequestError(f"There is no file {file}: name the certificate and its key, in PEM.")
        self._address = address
        self._socket = _listening(address)
        port = self._socket.getsockname()[1]
        self.place = Place(_names(address), port, address.certificate is not None, is_loopback(address.host))
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.failed: BaseException | None = None

    def start(self, app: Starlette, *, say: Callable[[str], None] = lambda _text: None) -> None:
        """Serve from a thread of its own. say: where a sentence goes when it dies."""
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            http=_ImpatientProtocol,
            loop="asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            limit_concurrency=MOST_CONNECTIONS,
            h11_max_incomplete_event_size=LARGEST_HEADERS,
            ws_max_size=LARGEST_SOCKET_MESSAGE,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=1,
            ssl_certfile=None if self._address.certificate is None else str(self._address.certificate),
            ssl_keyfile=None if self._address.key is None else str(self._address.key),
        )
        try:
            config.load()
        except OSError as error:
            raise RequestError(
                f"Certificate and key are not usable ({error}): both must be PEM, of one another."
            ) from None
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, args=(self._server, say), name="web", daemon=True)
        self._thread.start()

    def _run(self, server: uvicorn.Server, say: Callable[[str], None]) -> None:
        try:
            asyncio.run(server.serve(sockets=[self._socket]))
        except (Exception, SystemExit) as error:
            self.failed = error
            say(f"The web pages have ended ({type(error).__name__}: {error}); the recording goes on.")

    @property
    def serving(self) -> bool:
        """Whether requests are answered."""
        return (
            self._server is not None and self._server.started and self._thread is not None and self._thread.is_alive()
        )

    def wait_until_serving(self, within_s: float = 10.0) -> None:
        """Return once requests are answered. Raises RequestError when that does not come."""
        until = time.monotonic() + within_s
        while not self.serving:
            if time.monotonic() > until or (self._thread is not None and not self._thread.is_alive()):
                raise RequestError(
                    f"The web pages did not start ({self.failed or 'too slow'}): give the command again."
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """End politely, then firmly."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOPS_WITHIN_S)
        with contextlib.suppress(OSError):
            self._socket.close()


def now_s() -> float:
    """Seconds that never jump back, for rates and links."""
    return time.monotonic()


def _listening(address: Address) -> socket.socket:
    if not 0 <= address.port <= LAST_PORT:
        raise RequestError(f"{address.port} is no port: choose another with --port, from 1 to {LAST_PORT}.")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError):
        raise RequestError(
            f"'{address.host}' is no address of this computer: write 127.0.0.1, or 0.0.0.0 for all."
        ) from None
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        words = getattr(error, "strerror", None) or str(error)
        raise RequestError(
            f"Nothing can be served at {address.host}:{address.port} ({words}): choose another with --host and --port."
        ) from None
    return listening


def _names(address: Address) -> tuple[str, ...]:
    """The hosts that requests may name."""
    named = tuple(url_host(name) for name in address.names)
    if is_loopback(address.host):
        own = url_host(address.host)
        return (*named, own, *(name for name in LOOPBACK_NAMES if name != own))
    if not is_everywhere(address.host):
        return (*named, url_host(address.host))
    host = socket.gethostname().lower()
    return (*named, *_own_addresses(), host, f"{host}.local", *LOOPBACK_NAMES)


def _own_addresses() -> list[str]:
    """This computer's addresses on its networks, the one that leads out first. No packet is sent."""
    found: list[str] = []
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            found.append(url_host(probe.getsockname()[0].partition("%")[0]))
    with contextlib.suppress(OSError):
        found += [url_host(str(row[4][0])) for row in socket.getaddrinfo(socket.gethostname(), None)]
    return list(dict.fromkeys(name for name in found if not is_loopback(name.strip("[]"))))


def tell(text: str) -> None:
    """A line on standard error; a terminal that has gone away ends nothing."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
