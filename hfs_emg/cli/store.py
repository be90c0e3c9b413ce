"""Commands over the store: sessions, show, import."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.care import add_passphrase, run_import_archive
from hfs_emg.cli.common import (
    Subparsers,
    add_json,
    add_montage,
    add_settings,
    add_store,
    add_subject,
    for_people,
    montage_file_of,
    settings_of,
    store_of,
    warn_of_name,
)
from hfs_emg.cli.output import check_output, write_json
from hfs_emg.cli.summary import SIMULATED, summary_text
from hfs_emg.cli.terminal import Progress, clock

if TYPE_CHECKING:
    from hfs_emg.session.reader import Session
    from hfs_emg.session.store import SessionSummary


def add(commands: Subparsers) -> None:
    """Register the commands."""
    sessions = commands.add_parser(
        "sessions",
        help="list the sessions of the store",
        description="Lists sessions, oldest first.",
        epilog="example: hfs-emg sessions S01",
    )
    sessions.add_argument("subject", nargs="?", metavar="SUBJECT", help="only this subject's")
    add_store(sessions)
    add_json(sessions)
    sessions.set_defaults(run=run_sessions)
    show = commands.add_parser(
        "show",
        help="what a session holds",
        description="Shows how a session was recorded, and the episodes found in it.",
        epilog="example: hfs-emg show 20261120T185323Z-1a2b --kind spasm",
    )
    show.add_argument("session", metavar="SESSION", help="a session's id (its beginning is enough) or folder")
    show.add_argument("--kind", help="only episodes of this kind")
    show.add_argument("--reasons", action="store_true", help="with the reason of each decision")
    add_store(show)
    add_json(show)
    show.set_defaults(run=run_show)
    imported = commands.add_parser(
        "import",
        help="take a recording of another program, or an archive, into the store",
        description="Reads OpenBCI GUI text or SD cards, BrainFlow CSV, EDF, EDF+, BDF, BDF+ or XDF, keeps it as a session, and analyses "
        "it. An archive of `export` brings its sessions as they are.",
        epilog="example: hfs-emg import OpenBCI-RAW.txt --subject S01 --montage wiring.toml",
    )
    imported.add_argument("file", type=Path, metavar="FILE")
    add_subject(imported, required=False)
    add_passphrase(imported)
    add_montage(imported)
    add_settings(imported)
    add_store(imported)
    add_json(imported)
    imported.set_defaults(run=run_import)


def run_sessions(options: argparse.Namespace) -> int:
    """List."""
    check_output(options.json, options.force)
    store = store_of(options)
    found = store.sessions(options.subject)
    write_json(options.json, found)
    if not for_people(options):
        return 0
    if not found:
        whose = f" of {options.subject}" if options.subject else ""
        print(f"No session{whose} in {store.root}.")
        return 0
    print(f"{'session':24} {'subject':10} {'length':>8} {'valid':>6} {'left':>5} {'right':>5}  state")
    for session in found:
        print(_line(session))
    return 0


def _line(session: SessionSummary) -> str:
    if session.problem is not None:
        return f"{session.session:24} {session.subject:10} {session.problem}"
    valid = (
        "-" if not session.valid_s or not session.duration_s else f"{100 * session.valid_s / session.duration_s:.0f} %"
    )
    spasms = [session.spasms.get(side, 0) for side in ("left", "right")]
    state = session.state + (f" ({session.reason})" if session.reason else "")
    return (
        f"{session.session:24} {session.subject:10} {clock(session.duration_s):>8} {valid:>6} {spasms[0]:5d} {spasms[1]:5d}  "
        f"{state}{', simulated' if session.simulated else ''}"
    )


def run_show(options: argparse.Namespace) -> int:
    """One session."""
    from hfs_emg.errors import RequestError
    from hfs_emg.events import Kind
    from hfs_emg.session.documents import utc_text
    from hfs_emg.session.reader import open_session

    check_output(options.json, options.force)
    if options.kind is not None and options.kind not in set(Kind):
        raise RequestError(f"'{options.kind}' is not a kind: choose one of {', '.join(Kind)}.")
    session = open_session(store_of(options).find(options.session))
    episodes = [e for e in session.episodes() if options.kind in (None, e.kind)]
    markers = [{"sample": m.sample, "utc": utc_text(session.utc_of(m.sample)), "text": m.text} for m in session.markers]
    document = {"start": session.start, "stop": session.stop, "episodes": episodes, "markers": markers}
    write_json(options.json, {**document, "first_sample_utc": utc_text(session.utc_of(0))})
    if not for_people(options):
        return 0
    _head(session)
    print(f"{'start':>9} {'length':>7}  {'kind':14} {'side':6} {'sure':>5}  sites")
    for e in sorted(episodes, key=lambda e: e.start_s):
        print(
            f"{e.start_s:9.2f} {e.end_s - e.start_s:7.2f}  {e.kind.value:14} {e.side or '-':6} {e.confidence:5.2f}  "
            f"{', '.join(s.replace('_', ' ') for s in e.sites)}"
        )
        if options.reasons:
            print(f"{'':19}{e.reason}")
    return 0


def _head(session: Session) -> None:
    start, stop = session.start, session.stop
    if session.simulated:
        print(SIMULATED)
    print(f"Session {start.session} of {start.subject}, {start.start_utc}, {start.board.title}, {start.software}")
    print(
        f"{clock(session.samples / session.signal.rate_hz)} at {session.signal.rate_hz:g} Hz, {len(session.signal.inputs)} inputs"
    )
    if stop is not None:
        estimated = f", {stop.estimated_samples} of them an estimate" if stop.estimated_samples else ""
        print(
            f"Ended: {stop.reason}. Lost {stop.lost_samples} samples in {stop.gaps} gaps{estimated}; valid {stop.valid_s:.0f} s."
        )
    for note in session.notes:
        print(f"Note: {note}")
    for marker in session.markers:
        print(
            f"Marker at {marker.sample / session.signal.rate_hz:.2f} s ({_moment(session, marker.sample)}): {marker.text}"
        )


def _moment(session: Session, sample: int) -> str:
    """The time of day of a sample by the fitted clock, which a recording of hours needs: its rate is not quite the nominal one."""
    moment = session.utc_of(sample)
    return "clock not set" if moment is None else f"{moment:%H:%M:%S} UTC"


def run_import(options: argparse.Namespace) -> int:
    """Take a file in."""
    from hfs_emg.archive import is_archive
    from hfs_emg.errors import RequestError
    from hfs_emg.formats import open_recording
    from hfs_emg.session.store import check_subject

    if is_archive(options.file):
        return run_import_archive(options)
    if options.subject is None:
        raise RequestError("Whose recording is it? Give --subject ID (see: hfs-emg import --help).")
    check_subject(options.subject)
    warn_of_name(options.subject)
    check_output(options.json, options.force, sources=(options.file,))
    settings = settings_of(options)
    recording = open_recording(options.file, montage_file_of(options))
    settings.band_hz(recording.signal.rate_hz)
    montage = recording.montage
    assert montage is not None  # open_recording refuses a recording without one
    from hfs_emg.analysis.document import analysis_of
    from hfs_emg.sessions import import_recording

    progress = Progress("importing")
    try:
        folder, burden = import_recording(
            recording, store_of(options), options.subject, montage, settings, progress=progress
        )
    finally:
        progress.end()
    for note in recording.notes:
        sys.stderr.write(f"note: {note}\n")
    document = analysis_of(
        burden,
        montage,
        rate_hz=recording.signal.rate_hz,
        samples=recording.samples,
        simulated=recording.simulated,
    )
    write_json(options.json, document)
    if for_people(options):
        print(summary_text(document))
        print(f"Session: {folder}")
    return 0
