"""demo: the whole way once, without hardware."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

from hfs_emg.cli.common import Subparsers, add_json, for_people, seconds, whole_number
from hfs_emg.cli.output import check_output, write_json, write_output

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
    add_json(demo)
    demo.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Record, analyse, compare, draw."""
    from hfs_emg.cli.watching import tell_outcome, watch
    from hfs_emg.errors import RequestError
    from hfs_emg.session.store import Store

    if options.duration < LEAST_S:
        raise RequestError(f"A demo of {options.duration:g} s shows nothing: ask for {LEAST_S} s or more.")
    check_output(options.json, options.force)
    from calibration.montage import default_montage
    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.boards import simulated_board
    from hfs_emg.simulation.face import SimulatedFace
    from hfs_emg.simulation.scenarios import load_scenario

    scenario = load_scenario(SCENARIO)
    face = SimulatedFace(scenario, seed=options.seed)
    sys.stderr.write(
        f"A simulated patient ({SCENARIO}: {scenario.description}) on an emulated Cyton, {options.duration:g} s.\n"
    )
    sys.stderr.flush()
    with contextlib.closing(simulated_board(face, real_time=True)) as board:
        ended = watch(
            board,
            Store(options.store),
            SUBJECT,
            montage=default_montage(8),
            settings=AnalysisSettings(),
            duration_s=options.duration,
        )
    status = tell_outcome(options, ended, simulated=True)
    folder, outcome = ended[-1]
    # What really happened is asked of a second face, made alike: the first one is at the board's end of the wire.
    truth = SimulatedFace(scenario, seed=options.seed).truth(outcome.samples / outcome.nominal_hz)
    write_json(folder / TRUTH_NAME, truth, private=True)
    told = [compare(folder), draw(folder)]
    if for_people(options):
        print("\n".join(told))
    return status


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
