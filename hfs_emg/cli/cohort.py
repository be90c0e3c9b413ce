"""The command cohort: an archive of sessions into tables."""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.common import Subparsers, add_json, add_settings, for_people, settings_of
from hfs_emg.cli.output import check_output, write_json
from hfs_emg.cli.terminal import LiveLine, Progress, clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from hfs_emg.cohort.crews import Crew
    from hfs_emg.cohort.documents import Failure, Plan
    from hfs_emg.cohort.folder import CohortFolder
    from hfs_emg.cohort.running import Tally
    from hfs_emg.cohort.units import Found, Unit

FAILED = 4
_SHOWN = 10


def add(commands: Subparsers) -> None:
    """Register the command."""
    cohort = commands.add_parser(
        "cohort",
        help="analyse every session of an archive again, into tables",
        description="Analyses every session below a folder with the same settings, whatever it was recorded with, and writes Parquet "
        "tables: episodes, burden, quality, provenance. What is done is kept session by session: the same command again does only what is "
        "missing. Exit status 4 when some sessions failed; they are listed, and the tables hold the others. Needs hfs-emg[cluster].",
        epilog="example: hfs-emg cohort archive --out tables --workers 4",
    )
    cohort.add_argument("archive", type=Path, metavar="ARCHIVE", help="a store, or a folder of stores")
    cohort.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="where the tables go: a new folder, or the same as before",
    )
    where = cohort.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=worker_count, metavar="N", help="processes on this machine (as many as it has cores)"
    )
    where.add_argument(
        "--scheduler", metavar="URL", help="a Dask scheduler, tls://HOST:PORT; tcp:// on this machine only"
    )
    for name, what in (("ca", "who signed"), ("cert", "this end's certificate"), ("key", "its key")):
        cohort.add_argument(
            f"--tls-{name}", type=Path, metavar="FILE.pem", help=f"{what} (else from Dask's configuration)"
        )
    cohort.add_argument(
        "--insecure-network",
        action="store_true",
        help="tcp:// to other machines: whoever reaches that network can run programs here and read what is sent",
    )
    add_settings(cohort)
    add_json(cohort)
    cohort.set_defaults(run=run_cohort)


def worker_count(text: str) -> int:
    """An option's value: 1 to 512."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 512):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of processes, 1 to 512")
    return int(text)


def run_cohort(options: argparse.Namespace) -> int:
    """Find, analyse what is missing, make the tables."""
    from hfs_emg.cohort.documents import plan_of
    from hfs_emg.cohort.folder import CohortFolder
    from hfs_emg.cohort.tables import TableWriter
    from hfs_emg.cohort.units import units_in

    check_output(options.json, options.force)
    open_crew = crew_of(options)
    plan = plan_of(settings_of(options))
    TableWriter(options.out)  # is what the tables need there? Before any work is done
    found = units_in(options.archive, plan)
    with closing(CohortFolder(options.out, plan)) as folder:
        missing = folder.missing(found.units)
        known = len(found.units) - len(missing)
        if known and for_people(options):
            print(f"{known} of {len(found.units)} sessions are done already.")
        failures = [*found.failures, *analyse(open_crew, missing, plan, folder)]
        hours, failures = make_tables(folder, found, failures)
    write_json(options.json, summary(options.out, found, len(missing), hours, failures))
    if for_people(options):
        tell(options.out, found, hours, failures)
    return FAILED if failures else 0


def analyse(
    open_crew: Callable[[], AbstractContextManager[Crew]], missing: list[Unit], plan: Plan, folder: CohortFolder
) -> list[Failure]:
    """What has no part yet, with a line that says how far it is."""
    from hfs_emg.cohort.running import Run

    line = LiveLine()
    began = time.monotonic()
    run = Run(missing, plan, folder, lambda tally: line.show(progress_text(tally, time.monotonic() - began)))
    try:
        return run.through(open_crew)
    finally:
        line.end()


def progress_text(tally: Tally, spent_s: float) -> str:
    """`12 of 340 sessions, 1 failed, about 0:41:00 left`, by bytes."""
    failed = f", {len(tally.failures)} failed" if tally.failures else ""
    done = tally.done + len(tally.failures)
    left = ""
    if tally.done_bytes and done < tally.sessions:
        left = f", about {clock(spent_s * (tally.bytes - tally.done_bytes) / tally.done_bytes)} left"
    return f"{done} of {tally.sessions} sessions{failed}{left}"


def make_tables(folder: CohortFolder, found: Found, failures: list[Failure]) -> tuple[float, list[Failure]]:
    """The tables of all parts; returns the recorded hours in them, and all failures."""
    from hfs_emg.cohort.documents import Failure
    from hfs_emg.cohort.tables import TableWriter

    folder.sweep(found.units)
    failed = {f.folder for f in failures}
    hours = 0.0
    progress = Progress("tables")
    try:
        with TableWriter(folder.root) as tables:
            for number, part in enumerate(folder.parts(found.units), 1):
                if isinstance(part, Failure):
                    failures += [part] if part.folder not in failed else []
                else:
                    tables.add(part)
                    hours += part.analysis.recording.duration_s / 3600
                progress(number / len(found.units))
    finally:
        progress.end()
    folder.list_failures(failures)
    return hours, failures


def summary(out: Path, found: Found, analysed: int, hours: float, failures: list[Failure]) -> dict[str, object]:
    """For machines. `analysed`: how many sessions this run had to do."""
    return {
        "schema": "hfs-emg/cohort-run/1",
        "out": str(out),
        "sessions": len(found.units),
        "analysed_now": analysed,
        "recorded_hours": round(hours, 3),
        "copies": list(found.copies),
        "failures": failures,
    }


def tell(out: Path, found: Found, hours: float, failures: list[Failure]) -> None:
    """For people."""
    for folder in found.copies[:_SHOWN]:
        sys.stderr.write(f"note: {folder} is a copy of a session that is there already: left out.\n")
    for failure in failures[:_SHOWN]:
        sys.stderr.write(f"failed: {failure.folder}: {failure.problem}\n")
    if len(failures) > _SHOWN:
        sys.stderr.write(f"failed: {len(failures) - _SHOWN} more, see {out / 'failures.json'}\n")
    good = len(found.units) + len(found.failures) - len(failures)
    failed = f"; {len(failures)} failed, the same command tries them again" if failures else ""
    print(f"{out}: tables of {good} sessions, {hours:.2f} recorded hours{failed}. Dates in them are the true ones.")


def crew_of(options: argparse.Namespace) -> Callable[[], AbstractContextManager[Crew]]:
    """What makes the workers that the options ask for. Raises RequestError."""
    from hfs_emg.cohort.crews import TlsFiles, check_address, dask, processes
    from hfs_emg.errors import RequestError

    files = (options.tls_ca, options.tls_cert, options.tls_key)
    if options.scheduler is None:
        if any(files) or options.insecure_network:
            raise RequestError(
                "--tls-… and --insecure-network speak of a scheduler: give --scheduler, or leave them out."
            )
        workers = options.workers or len(os.sched_getaffinity(0))
        return lambda: processes(workers)
    if any(files) and not all(files):
        raise RequestError("--tls-ca, --tls-cert and --tls-key belong together: give all three.")
    tls = TlsFiles(*files) if all(files) else None
    check_address(options.scheduler, insecure=options.insecure_network)

    def say(words: str) -> None:
        sys.stderr.write(f"note: {words}\n")

    return lambda: dask(options.scheduler, tls, insecure=options.insecure_network, say=say)
