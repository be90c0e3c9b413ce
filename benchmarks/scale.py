"""Costs that need more than a clock: counted instructions, growth from a minute to a day, and others' detectors.

Each is called by benchmarks/bench.py and stands alone, too: `python -m benchmarks.scale growth 60 600`. What cannot be measured here
(no valgrind, no NeuroKit2) is None, and the table says so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
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


def own_process(module: str, *arguments: object) -> Figures:
    """A measurement in a process of its own."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    figures: Figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return figures


def instructions() -> Figures | None:
    """Instructions per second of signal of the live path from wire to disk, counted by cachegrind; None without valgrind.

    The count is the same on any x86-64 machine, busy or not, but for what libraries choose by the processor.
    """
    if shutil.which("valgrind") is None:
        return None
    counts = []
    for seconds in COUNTED_S:
        arguments = ["wire_to_disk", "moderate-right", str(seconds), str(COUNTED_S[1])]
        tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
        environment = {**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
        command = [*tool, sys.executable, "-m", "benchmarks.measure", *arguments]
        ran = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        counts.append(counted(ran.stderr))
    return {"millions_per_s": (counts[1] - counts[0]) / (COUNTED_S[1] - COUNTED_S[0]) / 1e6}


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
        own_process("benchmarks.measure", "simulate", "sleep-night", seconds, path)
        replay = own_process("benchmarks.measure", "replay", path)
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
        chosen.detect(uv.astype(float), recording.signal.rate_hz)
    hours = recording.samples / recording.signal.rate_hz / 3600
    return {"cpu_s_per_hour": (time.thread_time() - began) / hours, "peak_mb": peak_mb()}


def peers(folder: Path) -> dict[str, Figures | None]:
    """Bursts of the same face found by others; None for a library that is not there."""
    path = folder / "beside.bdf"
    own_process("benchmarks.measure", "simulate", "moderate-right", PEER_S, path)
    found: dict[str, Figures | None] = {}
    replay = own_process("benchmarks.measure", "replay", path)
    found["this program"] = {"cpu_s_per_hour": replay["cpu_s_per_hour"], "peak_mb": replay["memory_mb"]["peak"]}
    for name in PEERS:
        try:
            found[name[0]] = own_process("benchmarks.scale", "peer", *name, path)
        except subprocess.CalledProcessError:
            found[name[0]] = None
    path.unlink()
    return found


def main() -> None:
    name, *given = sys.argv[1:]
    with tempfile.TemporaryDirectory() as place:
        if name == "peer":
            result: Any = peer(*given)
        elif name == "growth":
            result = growth(Path(place), tuple(int(g) for g in given) or LENGTHS_S)
        elif name == "instructions":
            result = instructions()
        elif name == "peers":
            result = peers(Path(place))
        else:
            raise SystemExit("growth SECONDS…, instructions, peers")
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
