"""One measurement per function, each run in a process of its own so that nothing else is in its memory or its caches.

`python -m benchmarks.measure NAME ARGUMENT…` prints a JSON object. CPU seconds are those of what works, one thread or two processes, so
that a machine shared with others gives the same ratios as one that is not.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import deque
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firmware_bridge.links import EmulatorLink

Figures = dict[str, Any]


def resident_mb(pid: int | str = "self") -> float:
    """Resident memory of a process now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def peak_mb(whose: int = resource.RUSAGE_SELF) -> float:
    """The most it has been; or the most of any process that it started and that has ended."""
    return resource.getrusage(whose).ru_maxrss * 1024 / 1e6


def cpu_s() -> float:
    """Of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])


class FilterMeter:
    """Counts and times the bare filter passes of the analysis while it is switched on."""

    def __init__(self) -> None:
        self.calls = 0
        self.cpu_s = 0.0

    def __enter__(self) -> FilterMeter:
        self._where = import_module("hfs_emg.analysis.conditioning")
        self._bare = self._where.filter_in_place
        self._where.filter_in_place = self._timed  # type: ignore[attr-defined]
        return self

    def __exit__(self, *_: object) -> None:
        self._where.filter_in_place = self._bare  # type: ignore[attr-defined]

    def _timed(self, *args: Any, **kwargs: Any) -> Any:
        began = time.thread_time()
        try:
            return self._bare(*args, **kwargs)
        finally:
            self.cpu_s += time.thread_time() - began
            self.calls += 1


def simulate(scenario: str, seconds: str, path: str) -> Figures:
    """Write a recording; how much faster than life."""
    from hfs_emg.simulation.face import SimulatedFace
    from hfs_emg.simulation.recording import write_recording
    from hfs_emg.simulation.scenarios import load_scenario

    face = SimulatedFace(load_scenario(scenario), seed=1)
    began = time.thread_time()
    write_recording(face, float(seconds), Path(path))
    spent = time.thread_time() - began
    return {"cpu_s": spent, "times_real_time": float(seconds) / spent, "peak_mb": peak_mb()}


def replay(path: str) -> Figures:
    """Analyse a whole recording as `analyze` does, and the bare filter passes inside that same run. peak: of its processes added up."""
    from hfs_emg.analysis.document import analyse
    from hfs_emg.formats import open_recording

    recording = open_recording(Path(path), None)
    assert recording.montage is not None
    start_mb = resident_mb()
    seen: list[float] = []

    def at(share: float) -> None:
        if share >= 0.5 * (1 + len(seen)):
            seen.append(resident_mb())

    with FilterMeter() as filters:
        began, began_cpu = time.perf_counter(), cpu_s()
        document, _ = analyse(recording, recording.montage, progress=at, in_two=True)
        wall, cpu = time.perf_counter() - began, cpu_s() - began_cpu
    hours = document.recording.duration_s / 3600
    peak = peak_mb() + peak_mb(resource.RUSAGE_CHILDREN)
    half, full = seen[0], seen[-1]
    return {
        "signal_s": document.recording.duration_s,
        "episodes": len(document.episodes),
        "wall_s": wall,
        "wall_s_per_hour": wall / hours,
        "cpu_s": cpu,
        "cpu_s_per_hour": cpu / hours,
        "sosfilt_calls": filters.calls,
        "sosfilt_cpu_s": filters.cpu_s,
        "ratio": cpu / filters.cpu_s,
        "memory_mb": {"start": start_mb, "half": half, "full": full, "peak": peak, "growth": full - half},
    }


def blocks_of_40_ms(path: str, seconds: str) -> Figures:
    """The analyser fed as a live board feeds it: one block of 40 ms after another."""
    from hfs_emg.analysis.analyzer import Analyzer
    from hfs_emg.formats import open_recording

    recording = open_recording(Path(path), None)
    assert recording.montage is not None
    rate = recording.signal.rate_hz
    analyzer = Analyzer(recording.signal, recording.montage)
    size = round(0.04 * rate)
    blocks = []
    for block in recording.blocks(size):
        blocks.append(block)
        if block.end >= float(seconds) * rate:
            break
    slowest = 0.0
    with FilterMeter() as filters:
        began = time.thread_time()
        for block in blocks:
            at = time.thread_time()
            analyzer.push(block)
            slowest = max(slowest, time.thread_time() - at)
        cpu = time.thread_time() - began
    signal_s = blocks[-1].end / rate
    return {
        "signal_s": signal_s,
        "cpu_ms_per_s": 1000 * cpu / signal_s,
        "sosfilt_cpu_ms_per_s": 1000 * filters.cpu_s / signal_s,
        "slowest_block_ms": 1000 * slowest,
    }


class Played:
    """An emulated board's link; after `gather` it gives what was gathered, so that the board's own work is done before."""

    def __init__(self, link: EmulatorLink) -> None:
        self._link = link
        self._gathered: deque[tuple[bytes, float]] = deque()
        self._now_s: float | None = None
        self.write, self.close = link.write, link.close

    def gather(self, seconds: float) -> None:
        """Take so many seconds of what the board sends, a read of 40 ms at a time."""
        until_s = self._link.now_s() + seconds
        while self._link.now_s() < until_s:
            self._gathered.append((self._link.read(1.0), self._link.now_s()))
        self._now_s = self._gathered[0][1]

    def read(self, timeout_s: float) -> bytes:
        """The next bytes, at once."""
        if self._now_s is None:
            return self._link.read(timeout_s)
        data, self._now_s = self._gathered.popleft()
        return data

    def now_s(self) -> float:
        """When they came."""
        return self._link.now_s() if self._now_s is None else self._now_s


def wire_to_disk(scenario: str, seconds: str, gathered_s: str) -> Figures:
    """The whole live path, 40 ms at a time: bytes decoded, losses told, recorded and synced, analysed, findings recorded.

    gathered_s: how much the board sends, of which `seconds` are taken; with the same one two runs differ by the path's own work alone.
    """
    from calibration.montage import default_montage
    from firmware_bridge.boards import CYTON
    from firmware_bridge.cyton import CytonBoard
    from firmware_bridge.emulator import CytonEmulator
    from firmware_bridge.links import EmulatorLink
    from hfs_emg.acquisition import Acquisition
    from hfs_emg.analysis.analyzer import Analyzer
    from hfs_emg.analysis.burden import Burden
    from hfs_emg.boards import signal_of
    from hfs_emg.session.documents import start_document
    from hfs_emg.session.recorder import Recorder
    from hfs_emg.simulation.face import SimulatedFace
    from hfs_emg.simulation.scenarios import load_scenario

    face, montage = SimulatedFace(load_scenario(scenario), seed=1), default_montage(8)
    link = Played(EmulatorLink(CytonEmulator(face), nap_s=0.04))
    board = CytonBoard(link, spec=replace(CYTON, simulated=True))
    signal = signal_of(board, montage)
    board.start()
    link.gather(float(gathered_s) + 1.0)
    with TemporaryDirectory() as name:
        folder = Path(name) / "BENCH" / "20260101T000000Z-0000"
        folder.parent.mkdir()
        start = start_document(
            session=folder.name, subject="BENCH", start_utc=None, board=board.spec, montage=montage, software="bench"
        )
        recorder = Recorder(folder, start, signal=signal, patient=True)
        acquisition, analyzer, burden = Acquisition(board.spec), Analyzer(signal, montage), Burden(montage)
        samples = 0
        began = time.process_time()
        while samples < float(seconds) * signal.rate_hz:
            reading = board.read(1.0)
            for block in [] if reading is None else acquisition.push(reading):
                recorder.write(block)
                found = analyzer.push(block)
                burden.add(found)
                for episode in found.episodes:
                    recorder.episode(episode)
                samples = block.end
        recorder.finish("bench", valid_s=0.0, sample_rate_hz=signal.rate_hz)
        cpu = time.process_time() - began
    signal_s = samples / signal.rate_hz
    return {"signal_s": signal_s, "cpu_ms_per_s": 1000 * cpu / signal_s, "episodes": len(burden.episodes)}


MEASUREMENTS = {f.__name__: f for f in (simulate, replay, blocks_of_40_ms, wire_to_disk)}

if __name__ == "__main__":
    json.dump(MEASUREMENTS[sys.argv[1]](*sys.argv[2:]), sys.stdout)
