"""What the program costs: `make bench`, or `python -m benchmarks.bench --hours 0.1 --json -`.

Ratios compare two things in one run; absolute figures are of the machine that is named with them. Every measurement runs in a
process of its own (`benchmarks/measure.py`); the live one is two processes, a board and a recorder, over a real pseudo-terminal.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import scale

Figures = dict[str, Any]

SCENARIOS = ("moderate-right", "healthy-talking", "healthy-meal", "sleep-night")
"""From a face with some spasms to one that does something all the time, and to one that sleeps."""
IMPORTS = {
    "python": ["-c", "pass"],
    "numpy": ["-c", "import numpy"],
    "hfs-emg --help": ["-m", "hfs_emg", "--help"],
    "the analyser": ["-c", "import hfs_emg.analysis.analyzer"],
}
LIVE_SETTLE_S = 8.0
"""By then scipy is imported, the analyser has caught up, and what is left is the cost of going on."""


def measured(*arguments: object) -> Figures:
    """Run one measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.measure", *map(str, arguments)]
    figures: Figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return figures


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


def live(seconds: float, folder: Path) -> Figures:
    """`record` from an emulated Cyton in another process: CPU per second of signal once it has settled, and memory."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    program = [sys.executable, "-m", "hfs_emg"]
    board = subprocess.Popen(
        [*program, "emulate", "--seed", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        assert board.stdout is not None
        port = board.stdout.readline().strip()
        command = [*program, "record", "--board", f"serial://{port}", "--subject", "BENCH", "--store", str(folder)]
        recorder = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(LIVE_SETTLE_S)
            began, before = time.monotonic(), _cpu_s(recorder.pid)
            time.sleep(seconds)
            spent, passed = _cpu_s(recorder.pid) - before, time.monotonic() - began
            memory = _resident_mb(recorder.pid)
        finally:
            recorder.send_signal(signal.SIGINT)
            status = recorder.wait(30)
    finally:
        board.send_signal(signal.SIGINT)
        board.wait(30)
    if status != 0:
        raise SystemExit(f"the recorder ended with status {status}")
    return {"cpu_ms_per_s": 1000 * spent / passed, "resident_mb": memory, "seconds": passed}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def measure_all(hours: float, live_s: float, longest_s: int) -> Figures:
    """Everything, one after the other. longest_s: of the recordings that show the growth."""
    figures: Figures = {
        "schema": "hfs-emg/bench/1",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "hours": hours,
        "start_ms": imports(),
        "scenarios": {},
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for scenario in SCENARIOS:
            path = folder / f"{scenario}.bdf"
            figures["scenarios"][scenario] = {
                "simulate": measured("simulate", scenario, 3600 * hours, path),
                "replay": measured("replay", path),
                "live_blocks": measured("blocks_of_40_ms", path, min(600.0, 3600 * hours)),
            }
            if scenario == SCENARIOS[0]:
                counted = path.replace(folder / "counted.bdf")
            else:
                path.unlink()
        figures["live"] = live(live_s, folder / "store")
        lengths = tuple(s for s in scale.LENGTHS_S if s <= longest_s) or (longest_s,)
        figures["scale"] = scale.measure_all(counted, folder, lengths, min(0.5, hours))
    return figures


def table(figures: Figures) -> str:
    """The same for people."""
    lines = [f"{figures['machine']}; {figures['hours']:g} h of 8 channels at 250 Hz", ""]
    lines.append(f"{'':44}" + "".join(f"{s:>17}" for s in figures["scenarios"]))
    rows = [
        ("simulation, times faster than life", "simulate", "times_real_time", "{:.0f}"),
        ("analysis, CPU s per hour of signal", "replay", "cpu_s_per_hour", "{:.2f}"),
        ("  of the whole, CPU s", "replay", "cpu_s", "{:.2f}"),
        ("  bare sosfilt passes inside it, CPU s", "replay", "sosfilt_cpu_s", "{:.2f}"),
        ("  ratio of the analysis to them", "replay", "ratio", "{:.2f}"),
        ("  episodes found", "replay", "episodes", "{:d}"),
        ("analyser in 40 ms blocks, CPU ms per s", "live_blocks", "cpu_ms_per_s", "{:.2f}"),
        ("  bare sosfilt passes inside it", "live_blocks", "sosfilt_cpu_ms_per_s", "{:.2f}"),
        ("  slowest block, CPU ms", "live_blocks", "slowest_block_ms", "{:.1f}"),
    ]
    for title, part, key, form in rows:
        lines.append(f"{title:44}" + "".join(f"{form.format(s[part][key]):>17}" for s in figures["scenarios"].values()))
    for key in ("start", "half", "full", "peak", "growth"):
        title = {"growth": "  grown from half to full", "peak": "  peak"}.get(key, f"memory of the replay, MB: {key}")
        values = [s["replay"]["memory_mb"][key] for s in figures["scenarios"].values()]
        lines.append(f"{title:44}" + "".join(f"{v:17.1f}" for v in values))
    live_part = figures["live"]
    share = live_part["cpu_ms_per_s"] / 10
    lines.append("")
    lines.append(
        f"record, whole process: {live_part['cpu_ms_per_s']:.1f} ms CPU per s of signal ({share:.1f} % of a core), "
        f"{live_part['resident_mb']:.0f} MB resident"
    )
    lines.append(
        "starts (median of 5): " + ", ".join(f"{name} {ms:.0f} ms" for name, ms in figures["start_ms"].items())
    )
    if "scale" in figures:
        lines += scale.lines(figures["scale"])
    return "\n".join(lines)


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
    parser.add_argument("--json", metavar="OUT", help="the figures as JSON to a file, or - for standard output alone")
    options = parser.parse_args()
    figures = measure_all(options.hours, options.live, options.longest)
    content = json.dumps(figures, indent=1) + "\n"
    if options.json == "-":
        sys.stdout.write(content)
        return
    if options.json is not None:
        Path(options.json).write_text(content)
    print(table(figures))


if __name__ == "__main__":
    main()
