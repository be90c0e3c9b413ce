"""What the program costs, one table and docs/cost.md: `make bench`; a quick look: `python -m benchmarks.bench --hours 0.1 --json -`.

Ratios compare two things in one run; absolute figures are of the machine that is named with them. Every measurement runs in a
process of its own (`benchmarks/measure.py`); the live ones (`benchmarks/live.py`) are two, a board and a recorder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import cohort, cost_page, live, scale
from benchmarks.scale import own_process

Figures = dict[str, Any]

MEASURE = "benchmarks.measure"

IMPORTS = {
    "python": ["-c", "pass"],
    "numpy": ["-c", "import numpy"],
    "hfs-emg --help": ["-m", "hfs_emg", "--help"],
    "the analyser": ["-c", "import hfs_emg.analysis.analyzer"],
}


def imports(runs: int = 5) -> Figures:
    """Median wall time of starting each program."""
    figures = {}
    for name, arguments in IMPORTS.items():
        spent = []
        for _ in range(runs):
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            spent.append(1000 * (time.perf_counter() - began))
        figures[name] = statistics.median(spent)
    return figures


def measure_all(hours: float, live_s: float, longest_s: int) -> Figures:
    """Everything, one after the other. longest_s: of the recordings that show the growth."""
    before = os.getloadavg()[0]
    figures: Figures = {
        "schema": "hfs-emg/bench/2",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "hours": hours,
        "start_ms": imports(),
        "scenarios": {},
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures["live"] = live.measure(live_s, folder)
        figures["first_sample"] = live.first_sample(folder)
        for scenario in cost_page.FACES:
            path = folder / f"{scenario}.bdf"
            say(f"replay: {cost_page.FACES[scenario]}")
            figures["scenarios"][scenario] = {
                "simulate": own_process(MEASURE, "simulate", scenario, 3600 * hours, path),
                "replay": own_process(MEASURE, "replay", path),
                "live_blocks": own_process(MEASURE, "blocks_of_40_ms", path, min(600.0, 3600 * hours)),
            }
            path.unlink()
        say("growth")
        figures["growth"] = scale.growth(folder, tuple(s for s in scale.LENGTHS_S if s <= longest_s) or (longest_s,))
        say("beside others")
        figures["peers"] = scale.peers(folder)
        say("cohort")
        figures["cohort"] = cohort.measure_all(min(0.5, hours))
        say("instructions")
        figures["instructions"] = scale.instructions()
    # Of ourselves one process is at work at a time, in the second of the two.
    figures["load"] = statistics.mean((before, max(0.0, os.getloadavg()[0] - 1)))
    return figures


def say(words: str) -> None:
    """How far it is, where somebody looks."""
    print(words, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench", description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0, help="length of the simulated recordings (1)")
    parser.add_argument("--live", type=float, default=20.0, metavar="S", help="seconds of live recording measured (20)")
    parser.add_argument(
        "--longest",
        type=int,
        default=86_400,
        metavar="S",
        help="longest recording that shows the growth (86400, a day)",
    )
    parser.add_argument(
        "--json", metavar="OUT", help="the figures as JSON to a file, or - for standard output alone; no page"
    )
    options = parser.parse_args()
    # A shell that starts this in the background has Ctrl-C ignored, and the recorders that are ended by it would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Programs start as installed ones do, from what was compiled when they were started first.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    figures = measure_all(options.hours, options.live, options.longest)
    content = json.dumps(figures, indent=1) + "\n"
    if options.json == "-":
        sys.stdout.write(content)
        return
    if options.json is not None:
        Path(options.json).write_text(content)
    else:
        cost_page.PAGE.write_text(cost_page.page(figures), encoding="utf-8")
    print(cost_page.text(figures))


if __name__ == "__main__":
    main()
