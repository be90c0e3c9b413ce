"""demo: the whole way once, without hardware."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.common import Subparsers, add_json, for_people, seconds, whole_number
from hfs_emg.cli.output import check_output, write_json, write_output
from hfs_emg.cli.web import add_address

if TYPE_CHECKING:
    from hfs_emg.monitor import Outcome
    from hfs_emg.session.store import Store
    from hfs_emg.simulation.scenario import Scenario
    from hfs_emg.web.station import Station

SCENARIO = "moderate-right"
SUBJECT = "DEMO"
LEAST_S = 5
TRUTH_NAME, PICTURE_NAME = "truth.json", "spasm.png"


def add(commands: Subparsers) -> None:
    """Register the command."""
    demo = commands.add_parser(
        "demo",
        help="a simulated patient, recorded and analysed live",
        description="Streams a simulated patient from an emulated Cyton over a real pseudo-terminal, records and analyses it live, "
        "compares what was found with what happened, and draws one spasm.",
        epilog="example: hfs-emg demo --duration 120",
    )
    demo.add_argument("--duration", type=seconds, default=60.0, metavar="S", help="seconds to record (60)")
    demo.add_argument("--seed", type=whole_number, default=12, help="which of all such patients")
    demo.add_argument(
        "--store", type=Path, default=Path("demo-store"), metavar="DIR", help="where the session goes (./demo-store)"
    )
    demo.add_argument(
        "--speed",
        choices=("real", "virtual"),
        default="real",
        help="virtual: as fast as the computer goes, without a pseudo-terminal and without pages",
    )
    add_json(demo)
    add_address(demo)
    demo.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Record, analyse, compare, draw."""
    from hfs_emg.cli.beside import Pages
    from hfs_emg.cli.watching import watch
    from hfs_emg.errors import RequestError
    from hfs_emg.session.store import Store

    if options.duration < LEAST_S:
        raise RequestError(f"A demo of {options.duration:g} s shows nothing: ask for {LEAST_S} s or more.")
    check_output(options.json, options.force)
    from calibration.montage import default_montage
    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.simulated_boards import simulated_board
    from hfs_emg.simulation.face import SimulatedFace
    from hfs_emg.simulation.scenarios import load_scenario

    scenario = load_scenario(SCENARIO)
    face = SimulatedFace(scenario, seed=options.seed)
    sys.stderr.write(
        f"A simulated patient ({SCENARIO}: {scenario.description}) on an emulated Cyton, {options.duration:g} s.\n"
    )
    sys.stderr.flush()
    store, settings, montage = Store(options.store), AnalysisSettings(), default_montage(8)
    with contextlib.ExitStack() as stack:
        real_time = options.speed == "real"
        station = pages_where_possible(stack, options, store) if real_time else None
        board = stack.enter_context(contextlib.closing(simulated_board(face, real_time=real_time)))
        ended = watch(
            board,
            store,
            SUBJECT,
            montage=montage,
            settings=settings,
            duration_s=options.duration,
            beside=None if station is None else Pages(station, store, board, None, montage, settings),
        )
        status = summed_up(options, scenario, ended)
        if station is not None and somebody_watches():
            until_ctrl_c(ended[-1][0])
    return status


def summed_up(options: argparse.Namespace, scenario: Scenario, ended: list[tuple[Path, Outcome]]) -> int:
    """What was found, what was there, a picture. Returns the exit status."""
    from hfs_emg.cli.watching import tell_outcome
    from hfs_emg.simulation.face import SimulatedFace

    status = tell_outcome(options, ended, simulated=True)
    folder, outcome = ended[-1]
    # What really happened is asked of a second face, made alike: the first one is at the board's end of the wire.
    truth = SimulatedFace(scenario, seed=options.seed).truth(outcome.samples / outcome.nominal_hz)
    write_json(folder / TRUTH_NAME, truth, private=True)
    told = [compare(folder), draw(folder)]
    if for_people(options):
        print("\n".join(told))
    return status


def pages_where_possible(stack: contextlib.ExitStack, options: argparse.Namespace, store: Store) -> Station | None:
    """The pages, on another port where theirs is taken; a demo without the web extra goes without them, and says so."""
    from hfs_emg.cli.web import served
    from hfs_emg.errors import RequestError

    for port in dict.fromkeys((options.port, 0)):
        options.port = port
        try:
            return stack.enter_context(served(options, store, subject=SUBJECT))[1]
        except RequestError as error:
            why = str(error)
    sys.stderr.write(f"Without pages for a browser: {why}\n")
    return None


def somebody_watches() -> bool:
    """Whether a person sits at a terminal, and no machine runs this."""
    return sys.stdin.isatty() and sys.stderr.isatty() and os.environ.get("CI", "").lower() not in ("1", "true")


def until_ctrl_c(folder: Path) -> None:
    """The pages stay for whoever looks at them."""
    from hfs_emg.cli.ending import ending_politely

    over = threading.Event()
    with ending_politely(over.set):
        sys.stderr.write(f"The pages stay until Ctrl-C: /sessions/{SUBJECT}/{folder.name} is this session.\n")
        while not over.wait(0.5):
            pass


def compare(folder: Path) -> str:
    """How many of the true spasms were found."""
    from hfs_emg.evaluate import read_found, read_truth, score

    counts = score([(read_found(folder), read_truth(folder / TRUTH_NAME))]).spasms
    return (
        f"Against the simulation's truth: {counts.matched} of {counts.true} spasms found, {counts.false} false, "
        f"{counts.wrong_side} on the wrong side (simulated, not a patient)."
    )


def draw(folder: Path) -> str:
    """Write a picture of the clearest spasm, where matplotlib is installed, and say where."""
    from hfs_emg.session.reader import open_session

    try:
        from hfs_emg.figures import render_episode
    except ImportError:
        return "For a picture of a spasm: pip install 'hfs-emg[report]'"
    session = open_session(folder)
    spasms = [e for e in session.episodes() if e.kind == "spasm"]
    if not spasms:
        return "No spasm was found, so there is no picture."
    clearest = max(spasms, key=lambda e: (len(e.sites), e.confidence))
    path = folder / PICTURE_NAME
    write_output(path, render_episode(session, clearest, path.suffix), private=True)
    return f"Picture: {path}"
