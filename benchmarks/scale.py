"""Costs that need more than a clock: counted instructions, growth from a minute to a day, the first sample, and others' detectors.

Each is called by benchmarks/bench.py and stands alone, too: `python -m benchmarks.scale growth 60 600`. What cannot be measured here
(no valgrind, no NeuroKit2) is None, and the table says so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import peak_mb

Figures = dict[str, Any]

LENGTHS_S = (60, 600, 3600, 21_600, 86_400)
COUNTED_S = (20, 60)
"""Two lengths of signal: what starting costs is in both, and goes out with the difference."""
PEER_S = 300
PEERS = (("NeuroKit2", "threshold", "fitting"), ("BioSPPy", "find_onsets", "fitting"))
"""Of the detectors of docs/peers.md the best known of each library."""


def _own_process(module: str, *arguments: object) -> Figures:
    """A measurement in a process of its own."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    figures: Figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return figures


def instructions(recording: Path) -> Figures | None:
    """Instructions per second of signal, fed in blocks of 40 ms, counted by cachegrind; None without valgrind.

    The count is the same on any x86-64 machine, busy or not, but for what libraries choose by the processor.
    """
    if shutil.which("valgrind") is None:
        return None
    counts = []
    for seconds in COUNTED_S:
        measure = [sys.executable, "-m", "benchmarks.measure", "blocks_of_40_ms", str(recording), str(seconds)]
        tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", *measure]
        environment = {**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
        ran = subprocess.run(tool, check=True, capture_output=True, text=True, env=environment)
        counts.append(counted(ran.stderr))
    per_s = (counts[1] - counts[0]) / (COUNTED_S[1] - COUNTED_S[0])
    return {"millions_per_s": per_s / 1e6, "start_millions": (counts[0] - per_s * COUNTED_S[0]) / 1e6}


def counted(report: str) -> int:
    """The number of instructions in cachegrind's report. Raises ValueError."""
    found = re.search(r"I\s+refs:\s+([\d,]+)", report)
    if found is None:
        raise ValueError(f"cachegrind reported no instructions: {report[-300:]}")
    return int(found[1].replace(",", ""))


def growth(folder: Path, lengths_s: tuple[int, ...] = LENGTHS_S) -> list[Figures]:
    """A night's face replayed at each length: CPU per hour and memory, which must not grow with it."""
    rows = []
    for seconds in lengths_s:
        path = folder / "growing.bdf"
        _own_process("benchmarks.measure", "simulate", "sleep-night", seconds, path)
        replay = _own_process("benchmarks.measure", "replay", path)
        rows.append(
            {
                "signal_s": seconds,
                "cpu_s": replay["cpu_s"],
                "cpu_s_per_hour": replay["cpu_s_per_hour"],
                "peak_mb": replay["memory_mb"]["peak"],
                "episodes": replay["episodes"],
            }
        )
        path.unlink()
    return rows


def first_sample(folder: Path) -> Figures:
    """Seconds from the command `record` to its first sample, from a board in another process that is switched on."""
    program = [sys.executable, "-m", "hfs_emg"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    quiet = subprocess.DEVNULL
    board = subprocess.Popen([*program, "emulate"], stdout=subprocess.PIPE, stderr=quiet, text=True, env=environment)
    try:
        assert board.stdout is not None
        port = board.stdout.readline().strip()
        command = [*program, "record", "--board", f"serial://{port}", "--subject", "FIRST", "--store", str(folder)]
        began = time.time()
        recorder = subprocess.Popen([*command, "--duration", "3"], stdout=quiet, stderr=quiet)
        status = recorder.wait(120)
    finally:
        board.send_signal(signal.SIGINT)
        board.wait(30)
    if status != 0:
        raise SystemExit(f"the recorder ended with status {status}")
    (start,) = folder.rglob("start.json")
    first = datetime.fromisoformat(json.loads(start.read_text())["start_utc"])
    return {"first_sample_s": first.timestamp() - began}


def peer(library: str, method: str, setting: str, path: str) -> Figures:
    """One detector over every channel of a recording at once, by the shortest way to its bursts: its CPU time and memory."""
    from benchmarks.peer_detectors import detectors
    from hfs_emg.formats import open_recording

    recording = open_recording(Path(path))
    assert recording.montage is not None
    (block,) = recording.blocks(recording.samples)
    (chosen,) = [d for d in detectors() if (d.library, d.method, d.setting) == (library, method, setting)]
    inputs = recording.signal.inputs
    began = time.thread_time()
    for channel in recording.montage.channels:
        uv = block.counts[:, channel.input] * inputs[channel.input].microvolts_per_count
        chosen.detect(uv, recording.signal.rate_hz)
    hours = recording.samples / recording.signal.rate_hz / 3600
    return {"cpu_s_per_hour": (time.thread_time() - began) / hours, "peak_mb": peak_mb()}


def peers(folder: Path) -> dict[str, Figures | None]:
    """Bursts of the same face found by others; None for a library that is not there."""
    path = folder / "beside.bdf"
    _own_process("benchmarks.measure", "simulate", "moderate-right", PEER_S, path)
    found: dict[str, Figures | None] = {}
    replay = _own_process("benchmarks.measure", "replay", path)
    found["this program"] = {"cpu_s_per_hour": replay["cpu_s_per_hour"], "peak_mb": replay["memory_mb"]["peak"]}
    for name in PEERS:
        try:
            found[name[0]] = _own_process("benchmarks.scale", "peer", *name, path)
        except subprocess.CalledProcessError:
            found[name[0]] = None
    path.unlink()
    return found


def lines(figures: Figures) -> list[str]:
    """The part of the table that is told here."""
    told = [""]
    count = figures["instructions"]
    if count is None:
        told.append("instructions: not counted, valgrind is missing (apt install valgrind)")
    else:
        told.append(
            f"analyser in 40 ms blocks: {count['millions_per_s']:.1f} million instructions per s of signal, "
            f"{count['start_millions']:.0f} million to start"
        )
    told.append(f"first sample: {figures['first_sample']['first_sample_s']:.1f} s after the command")
    told += ["", f"{'length of the recording':28}{'CPU s':>9}{'CPU s per hour':>16}{'peak MB':>9}{'episodes':>10}"]
    for row in figures["growth"]:
        told.append(
            f"{row['signal_s'] / 60:>22.0f} min   {row['cpu_s']:9.2f}{row['cpu_s_per_hour']:16.2f}"
            f"{row['peak_mb']:9.0f}{row['episodes']:10d}"
        )
    told += ["", f"{'bursts of the same face':28}{'':9}{'CPU s per hour':>16}{'peak MB':>9}"]
    for name, row in figures["peers"].items():
        cells = (
            "not installed (make bench-peers)" if row is None else f"{row['cpu_s_per_hour']:16.2f}{row['peak_mb']:9.0f}"
        )
        told.append(f"{name:28}{'':9}{cells}")
    runs = figures["cohort"]["runs"]
    told += ["", "cohort, recorded hours per core-second: " + ", ".join(_throughput(r) for r in runs)]
    return told


def _throughput(run: Figures) -> str:
    plural = "es" * (run["workers"] != 1)
    return f"{run['workers']} process{plural} {run['hours_per_core_s']:.3f} ({run['hours_per_s']:.3f} h a second by the clock)"


def measure_all(
    recording: Path, folder: Path, lengths_s: tuple[int, ...] = LENGTHS_S, cohort_h: float = 0.5
) -> Figures:
    """Everything here. recording: of at least a minute."""
    from benchmarks import cohort

    return {
        "instructions": instructions(recording),
        "first_sample": first_sample(folder / "first"),
        "growth": growth(folder, lengths_s),
        "peers": peers(folder),
        "cohort": cohort.measure_all(cohort_h),
    }


def main() -> None:
    name, *given = sys.argv[1:]
    with tempfile.TemporaryDirectory() as place:
        if name == "peer":
            result: Any = peer(*given)
        elif name == "growth":
            result = growth(Path(place), tuple(int(g) for g in given) or LENGTHS_S)
        elif name == "first_sample":
            result = first_sample(Path(place))
        elif name == "instructions":
            result = instructions(Path(given[0]))
        elif name == "peers":
            result = peers(Path(place))
        else:
            raise SystemExit("growth SECONDS…, first_sample, instructions RECORDING, peers")
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
