"""demo: the whole way once, without hardware."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hfs_emg.cli.common import Subparsers

SCENARIO = "moderate-right"
SUBJECT = "DEMO"


def add(commands: Subparsers) -> None:
    """Register the command."""
    demo = commands.add_parser(
        "demo",
        help="a simulated patient, recorded and analysed live",
        description="Streams a simulated patient from an emulated Cyton over a real pseudo-terminal, records and analyses it live, "
        "compares what was found with what happened, and draws one spasm.",
        epilog="example: hfs-emg demo --duration 120",
    )
    demo.add_argument("--duration", type=float, default=60.0, metavar="S", help="seconds to record (60)")
    demo.add_argument("--seed", type=int, default=4, help="which of all such patients")
    demo.add_argument(
        "--store", type=Path, default=Path("demo-store"), metavar="DIR", help="where the session goes (./demo-store)"
    )
    demo.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Record, analyse, compare, draw."""
    from hfs_emg.cli.live import LiveStatus, tell_outcome
    from hfs_emg.errors import RequestError
    from hfs_emg.session.store import Store

    if options.duration < 5:
        raise RequestError(f"A demo of {options.duration:g} s shows nothing: ask for 5 s or more.")
    from calibration.montage import default_montage
    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.boards import simulated_board
    from hfs_emg.sessions import record_session
    from hfs_emg.simulation.face import SimulatedFace
    from hfs_emg.simulation.scenarios import load_scenario
    from hfs_emg.simulation.truth import write_truth

    scenario = load_scenario(SCENARIO)
    face = SimulatedFace(scenario, seed=options.seed)
    sys.stderr.write(
        f"A simulated patient ({SCENARIO}: {scenario.description}) on an emulated Cyton, {options.duration:g} s.\n"
    )
    sys.stderr.flush()
    board = simulated_board(face, real_time=True)
    shown = LiveStatus()
    folder, outcome = record_session(
        board,
        Store(options.store),
        SUBJECT,
        default_montage(8),
        AnalysisSettings(),
        duration_s=options.duration,
        on_status=shown.show,
        on_begin=shown.begin,
    )
    shown.end()
    status = tell_outcome(folder, outcome, simulated=True)
    # What really happened is asked of a second face, made alike: the first one is at the board's end of the wire.
    truth = SimulatedFace(scenario, seed=options.seed).truth(outcome.samples / outcome.nominal_hz)
    write_truth(folder / "truth.json", truth)
    compare(folder)
    draw(folder)
    return status


def compare(folder: Path) -> None:
    """Say how many of the true spasms were found."""
    from hfs_emg.evaluate import read_found, read_truth, score

    counts = score([(read_found(folder), read_truth(folder / "truth.json"))]).spasms
    print(
        f"Against the simulation's truth: {counts.matched} of {counts.true} spasms found, {counts.false} false, "
        f"{counts.wrong_side} on the wrong side (simulated, not a patient)."
    )


def draw(folder: Path) -> None:
    """Write a picture of the clearest spasm, where matplotlib is installed."""
    from hfs_emg.session.reader import open_session

    try:
        from hfs_emg.figures import draw_episode
    except ImportError:
        print("For a picture of a spasm: pip install 'hfs-emg[report]'")
        return
    session = open_session(folder)
    spasms = [e for e in session.episodes() if e.kind == "spasm"]
    if not spasms:
        print("No spasm was found, so there is no picture.")
        return
    clearest = max(spasms, key=lambda e: (len(e.sites), e.confidence))
    path = folder / "spasm.png"
    draw_episode(session, clearest, path)
    print(f"Picture: {path}")
