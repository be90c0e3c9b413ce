"""The web application's command: serve."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.common import Subparsers, add_store, store_of, whole_number

if TYPE_CHECKING:
    from hfs_emg.session.store import Store
    from hfs_emg.web.application import Web
    from hfs_emg.web.server import Server


def add(commands: Subparsers) -> None:
    """Register the command."""
    serve = commands.add_parser(
        "serve",
        help="the web application over the store",
        description="Serves pages to a browser on this computer, or, with --host, on the network: subjects, sessions, review, reports. "
        "It prints a link that opens once and lets a browser in.",
        epilog="example: hfs-emg serve --port 8474",
    )
    add_address(serve)
    add_store(serve)
    serve.set_defaults(run=run_serve)


def add_address(parser: argparse.ArgumentParser) -> None:
    """--host, --port, --name and the files for TLS."""
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (127.0.0.1: this computer alone)"
    )
    parser.add_argument("--port", type=whole_number, default=8474, metavar="N", help="port (8474; 0: any that is free)")
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help="a name by which browsers may call it, beside its address",
    )
    parser.add_argument("--tls-certificate", type=Path, metavar="FILE.pem", help="serve over TLS with this certificate")
    parser.add_argument("--tls-key", type=Path, metavar="FILE.pem", help="and this key")


def run_serve(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    from hfs_emg.cli.ending import ending_politely

    server, web = web_over(options, store_of(options))
    import threading

    over = threading.Event()
    with ending_politely(over.set):
        begin(server, web)
        while server.serving and not over.wait(0.5):
            pass
    server.stop()
    return 0 if server.failed is None else 1


def web_over(options: argparse.Namespace, store: Store) -> tuple[Server, Web]:
    """A server that listens already, and what its pages share. Raises RequestError, also where the extra is missing."""
    from hfs_emg.errors import RequestError

    try:
        from hfs_emg.web.admission import Admission
        from hfs_emg.web.application import Web
        from hfs_emg.web.server import Address, Server, now_s
    except ImportError as missing:
        raise RequestError(f"The web pages need {missing.name}: pip install 'hfs-emg[web]'") from None
    address = Address(options.host, options.port, options.tls_certificate, options.tls_key, tuple(options.name))
    server = Server(address)
    return server, Web(store, server.place, Admission(now_s), now_s)


def begin(server: Server, web: Web) -> None:
    """Serve, and print the link."""
    from hfs_emg.web.application import application
    from hfs_emg.web.server import tell

    server.start(application(web, used_link=lambda: tell_link(web)), say=tell)
    server.wait_until_serving()
    tell_link(web)


def tell_link(web: Web) -> None:
    """A new link on standard error; on the network with its QR code, and what is not encrypted."""
    from hfs_emg.web.server import tell

    place = web.place
    link = place.link(web.admission.invite())
    tell(f"Open in a browser (the link opens once): {link}")
    if place.loopback:
        return
    if sys.stderr.isatty() and "NO_QR" not in os.environ:
        import segno

        segno.make(link, error="l").terminal(out=sys.stderr, compact=True)
    if place.unprotected:
        tell("Not encrypted: others on this network can read what is shown. Give --tls-certificate and --tls-key.")
