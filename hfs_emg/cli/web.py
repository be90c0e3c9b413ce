"""The web application's command: serve; and its pages beside a recording."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.common import (
    Subparsers,
    add_montage,
    add_settings,
    add_store,
    montage_file_of,
    settings_of,
    store_of,
    whole_number,
)

if TYPE_CHECKING:
    from firmware_bridge.boards import Board
    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.calibrating import Follower
    from hfs_emg.cli.watching import Stopping
    from hfs_emg.session.store import Store
    from hfs_emg.settings import MontageFile
    from hfs_emg.web.application import Web
    from hfs_emg.web.server import Server
    from hfs_emg.web.station import Station, Wish


def add(commands: Subparsers) -> None:
    """Register the command."""
    serve = commands.add_parser(
        "serve",
        help="the web application over the store",
        description="Serves pages to a browser on this computer, or, with --host, on the network: subjects, sessions, and, with --board, "
        "recording and calibration. It prints a link that opens once and lets a browser in.",
        epilog="example: hfs-emg serve --port 8474",
    )
    serve.add_argument("--board", metavar="URL", help="pages may record from it: serial:auto, sim:moderate-right")
    add_montage(serve)
    add_settings(serve)
    add_address(serve)
    add_store(serve)
    serve.set_defaults(run=run_serve)


def add_address(parser: argparse.ArgumentParser) -> None:
    """--host, --port, --name and the files for TLS."""
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="where pages are served (127.0.0.1: this computer alone)"
    )
    parser.add_argument("--port", type=whole_number, default=8474, metavar="N", help="their port (8474; 0: any free)")
    parser.add_argument(
        "--name", action="append", default=[], metavar="HOST", help="a name by which browsers may call it, too"
    )
    parser.add_argument("--tls-certificate", type=Path, metavar="FILE.pem", help="serve over TLS with this certificate")
    parser.add_argument("--tls-key", type=Path, metavar="FILE.pem", help="and this key")


def run_serve(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    from hfs_emg.cli.ending import ending_politely
    from hfs_emg.cli.watching import Stopping

    settings, montage_file = settings_of(options), montage_file_of(options)
    store, stopping, over = store_of(options), Stopping(), threading.Event()

    def end() -> None:
        over.set()
        stopping.stop()

    with ending_politely(end), served(options, store, starts=options.board is not None) as (server, station):
        if station is None:
            while server.serving and not over.wait(0.5):
                pass
        else:
            Clinic(options.board, store, station, settings, montage_file, stopping).run()
    return 0 if server.failed is None else 1


@contextmanager
def served(
    options: argparse.Namespace, store: Store, *, subject: str = "", starts: bool = False
) -> Iterator[tuple[Server, Station | None]]:
    """Within the body the pages are there; the link is printed. A station for whom a subject is named, or who starts recordings.

    Raises RequestError where nothing can be served, also where the extra is missing.
    """
    from hfs_emg.errors import RequestError

    try:
        from hfs_emg.web.admission import Admission
        from hfs_emg.web.application import Web, application
        from hfs_emg.web.feed import Feed
        from hfs_emg.web.server import Address, Server, now_s, tell
        from hfs_emg.web.station import Station
    except ImportError as missing:
        if (missing.name or "").partition(".")[0] == "hfs_emg":
            raise  # a fault of the program, and no extra that is missing
        raise RequestError(f"The web pages need {missing.name}: pip install 'hfs-emg[web]'") from None
    address = Address(options.host, options.port, options.tls_certificate, options.tls_key, tuple(options.name))
    server = Server(address)
    try:
        station = Station(Feed(), subject=subject, starts=starts) if subject or starts else None
        web = Web(store, server.place, Admission(now_s), now_s, station)
        server.start(application(web, used_link=lambda: tell_link(web)), say=tell)
        server.wait_until_serving()
        tell_link(web)
        yield server, station
    finally:
        server.stop()


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


def open_for_pages(url: str) -> tuple[Board, Follower | None]:
    """A board that heals itself, and who sits in front of it where that is somebody simulated."""
    from hfs_emg.boards import open_with_patient

    return open_with_patient(url, lasting=True)


@dataclass(frozen=True, slots=True)
class Clinic:
    """A board whose recordings are begun on pages, subject after subject. The board is opened for each, and closed after it."""

    url: str
    store: Store
    station: Station
    settings: AnalysisSettings
    montage_file: MontageFile | None
    stopping: Stopping

    def run(self) -> None:
        """Until the end is asked for; what goes wrong is told on the pages and here."""
        from hfs_emg.cli import status_of
        from hfs_emg.web.server import tell

        while (wish := self.station.next_wish(lambda: self.stopping.asked)) is not None:
            if wish.what not in ("start", "calibrate", "electrodes"):
                continue
            try:
                self._serve(wish)
            except Exception as error:
                if status_of(error) is None:
                    raise
                tell(f"hfs-emg: {error}")
                self.station.said(str(error))

    def _serve(self, wish: Wish) -> None:
        from datetime import UTC, datetime

        from hfs_emg.cli.beside import Pages
        from hfs_emg.cli.live import montage_of_board
        from hfs_emg.cli.watching import watch

        if wish.what != "electrodes":
            self.store.new_session_folder(wish.subject, datetime.now(UTC))
        self.station.starting(wish.subject or self.station.subject)
        board, patient = open_for_pages(self.url)
        with contextlib.closing(board):
            montage = montage_of_board(board.spec.exg_channels, self.montage_file)
            pages = Pages(self.station, self.store, board, patient, montage, self.settings)
            if wish.what in ("calibrate", "electrodes"):
                pages.calibrate(wish, lambda: self.stopping.asked)
                self.station.over()
                return
            ended = watch(
                board,
                self.store,
                wish.subject,
                montage=montage,
                settings=self.settings,
                duration_s=None,
                beside=pages,
                stopping=self.stopping,
            )
        problems = [str(error) for _, outcome in ended for error in outcome.errors]
        if problems:
            self.station.said(problems[-1])
