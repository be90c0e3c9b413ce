"""A long run in real time, and what it cost: processor, memory, wake-ups, latency, losses, the disk.

Figures come from the system's own books (/proc of this process, Linux only). A simulated board runs in this process too: its threads are
counted apart, so that the figures are those of the recorder. Distributions are kept as counts in steps of 2 %, so that a day of them
takes no more room than a minute.
"""

from __future__ import annotations

import contextlib
import math
import os
import platform
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import numpy as np

from calibration.montage import default_montage
from firmware_bridge.boards import Board
from firmware_bridge.errors import BridgeError
from hfs_emg import __version__
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.errors import HfsError, RequestError
from hfs_emg.monitor import Monitor
from hfs_emg.outcome import Outcome, Status
from hfs_emg.session.store import Store
from hfs_emg.sessions import live_session

SUBJECT = "SOAK"
WARM_S = 30.0
"""Imports and first buffers belong to the start; what is measured per second begins after it, or after a third of a shorter run."""
BOARD_THREADS = ("cyton-pty",)
_STEP = math.log(1.02)
_LEAST_S = 1e-5


class Spread:
    """Durations, counted in steps of 2 % from 10 µs on; used by one thread."""

    def __init__(self) -> None:
        self._counts = np.zeros(1000, np.int64)
        self._most_s = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        step = int(math.log(max(seconds, _LEAST_S) / _LEAST_S) / _STEP)
        self._counts[min(step, len(self._counts) - 1)] += 1
        self._most_s = max(self._most_s, seconds)

    def percentiles(self) -> Percentiles:
        """As far as they are known: each at most 2 % too high."""
        total = int(self._counts.sum())
        if not total:
            return Percentiles()
        upto = np.cumsum(self._counts)

        def at(share: float) -> float:
            step = int(np.searchsorted(upto, max(1, math.ceil(share * total))))
            return round(1000 * min(self._most_s, _LEAST_S * math.exp((step + 1) * _STEP)), 3)

        return Percentiles(total, at(0.5), at(0.9), at(0.99), round(1000 * self._most_s, 3))


class Percentiles(msgspec.Struct, frozen=True):
    """Of `count` durations, in milliseconds; None of none."""

    count: int = 0
    median_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    longest_ms: float | None = None


class Report(msgspec.Struct, frozen=True, tag_field="schema", tag="hfs-emg/soak/1"):
    """What a soak found. Shares are of one core; *_per_s and growth are those after the start."""

    software: str
    machine: str
    board: str
    simulated: bool
    ended: str
    duration_s: float
    cpu_share: float
    cpu_by_thread: dict[str, float]
    board_cpu_share: float
    memory_start_mb: float
    memory_warm_mb: float
    memory_end_mb: float
    memory_peak_mb: float
    memory_growth_mb_per_h: float | None
    wakeups_per_s: float
    latency: Percentiles
    sync: Percentiles
    lost_samples: int
    lost_share: float
    worst_minute_share: float
    estimated_samples: int
    rate_hz: float
    session: str | None


class _Usage(msgspec.Struct, frozen=True):
    """Of every thread, by name: seconds of processor and number of wake-ups; memory in MB."""

    at_s: float
    cpu_s: dict[str, float]
    wakeups: dict[str, int]
    memory_mb: float

    def share_since(self, before: _Usage, names: Iterable[str]) -> float:
        """Of one core, of the threads of these names."""
        used = sum(self.cpu_s.get(name, 0.0) - before.cpu_s.get(name, 0.0) for name in names)
        return used / max(1e-9, self.at_s - before.at_s)


def soak(
    open_board: Callable[[], Board],
    duration_s: float,
    store: Path | None,
    *,
    begun: Callable[[Monitor], None],
    show: Callable[[Status], None],
) -> tuple[Report, tuple[BridgeError | HfsError, ...]]:
    """Record for duration_s, into `store` or a folder that is thrown away. begun: called with what can be stopped.

    Returns the report and what failed meanwhile. Raises what opening a board and a session raises, and RequestError without /proc.
    """
    if not Path("/proc/self/task").is_dir():
        raise RequestError("A soak reads the system's books in /proc: run it on Linux.")
    start = _usage()
    marks: list[_Usage] = []
    latency, sync = Spread(), Spread()
    with contextlib.ExitStack() as stack:
        root = store or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hfs-emg-soak-")))
        board = stack.enter_context(contextlib.closing(open_board()))
        warm_s = min(WARM_S, duration_s / 3)

        def look(status: Status) -> None:
            show(status)
            minute = (status.elapsed_s - warm_s) // 60 + 1
            if not status.ending and status.elapsed_s >= warm_s and minute > len(marks) - 1:
                marks.append(_usage())

        def published(after_s: float) -> None:
            if marks:  # before that the analysis was loaded, and caught up
                latency.add(after_s)

        live = stack.enter_context(
            live_session(
                board,
                Store(root),
                SUBJECT,
                default_montage(board.spec.exg_channels),
                AnalysisSettings(),
                duration_s=duration_s,
                on_status=look,
                on_published=published,
                on_sync=sync.add,
            )
        )
        begun(live.monitor)
        ended = live.monitor.record()
        end = _usage()  # before the threads end, and take their books with them
        outcome = live.monitor.finish(ended)
        report = _report(board, outcome, [start, *marks, end], (latency, sync), live.folder.name if store else None)
    return report, outcome.errors


def _report(
    board: Board, outcome: Outcome, usage: list[_Usage], spreads: tuple[Spread, Spread], session: str | None
) -> Report:
    start, *marks = usage
    warm, end = marks[0] if len(marks) > 1 else start, marks[-1]
    # The kernel counts pages in batches, so that what is there may exceed the peak by a few.
    peak_mb = max(_status_kb("VmHWM", Path("/proc/self/status")) / 1024, *(u.memory_mb for u in usage))
    ours = sorted(set(end.cpu_s) - set(BOARD_THREADS))
    passed_s = max(1e-9, end.at_s - warm.at_s)
    wakeups = sum(end.wakeups.get(n, 0) - warm.wakeups.get(n, 0) for n in ours)
    latency, sync = (spread.percentiles() for spread in spreads)
    return Report(
        software=f"hfs-emg {__version__}, Python {platform.python_version()}",
        machine=_machine(),
        board=board.spec.title,
        simulated=board.spec.simulated,
        ended=outcome.reason,
        duration_s=round(outcome.samples / outcome.nominal_hz, 3),
        cpu_share=round(end.share_since(warm, ours), 5),
        cpu_by_thread={name: round(end.share_since(warm, [name]), 5) for name in ours},
        board_cpu_share=round(end.share_since(warm, BOARD_THREADS), 5),
        memory_start_mb=round(start.memory_mb, 1),
        memory_warm_mb=round(warm.memory_mb, 1),
        memory_end_mb=round(end.memory_mb, 1),
        memory_peak_mb=round(peak_mb, 1),
        memory_growth_mb_per_h=_growth(marks),
        wakeups_per_s=round(wakeups / passed_s, 1),
        latency=latency,
        sync=sync,
        lost_samples=outcome.lost_samples,
        lost_share=round(outcome.losses.share, 6),
        worst_minute_share=round(outcome.losses.worst_minute[1], 6),
        estimated_samples=outcome.estimated_samples,
        rate_hz=round(outcome.rate_hz, 3),
        session=session,
    )


def report_text(report: Report) -> str:
    """The report for people."""

    def spread(found: Percentiles, of: str) -> str:
        if found.median_ms is None:
            return f"none {of}"
        return (
            f"median {found.median_ms:.1f} ms, 99 % within {found.p99_ms:.1f} ms, longest {found.longest_ms:.1f} ms "
            f"({found.count} {of})"
        )

    growth = report.memory_growth_mb_per_h
    worst = 100 * report.worst_minute_share
    lost = f"{report.lost_samples} samples ({100 * report.lost_share:.3f} %), {worst:.1f} % of the worst minute"
    threads = ", ".join(f"{name} {100 * share:.2f} %" for name, share in report.cpu_by_thread.items() if share > 0)
    rows = (
        ("ran", f"{report.duration_s:.0f} s of signal at {report.rate_hz:.2f} Hz, ended: {report.ended}"),
        ("on", f"{report.machine}; {report.software}"),
        ("board", report.board + (f" (itself {100 * report.board_cpu_share:.1f} %)" if report.simulated else "")),
        ("processor", f"{100 * report.cpu_share:.2f} % of one core ({threads})"),
        (
            "memory",
            f"{report.memory_start_mb:.0f} MB at the start, {report.memory_warm_mb:.0f} warm, {report.memory_end_mb:.0f} at the "
            f"end, {report.memory_peak_mb:.0f} at most" + ("" if growth is None else f"; {growth:+.2f} MB an hour"),
        ),
        ("wake-ups", f"{report.wakeups_per_s:.0f} a second"),
        ("latency", "arrival to finding: " + spread(report.latency, "times")),
        ("disk", "a record on the disk: " + spread(report.sync, "records")),
        ("lost", lost),
    )
    return "\n".join(f"{name:10} {text}" for name, text in rows)


def _usage() -> _Usage:
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    cpu_s: dict[str, float] = {}
    wakeups: dict[str, int] = {}
    for task in Path("/proc/self/task").iterdir():
        name = names.get(int(task.name), "other")
        with contextlib.suppress(OSError):  # a thread that has just ended
            times = (task / "stat").read_text().rpartition(")")[2].split()
            used_s = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
            with contextlib.suppress(OSError):  # in nanoseconds, where the kernel keeps it
                used_s = int((task / "schedstat").read_text().split()[0]) / 1e9
            cpu_s[name] = cpu_s.get(name, 0.0) + used_s
            wakeups[name] = wakeups.get(name, 0) + _status_kb("voluntary_ctxt_switches", task / "status")
    return _Usage(time.monotonic(), cpu_s, wakeups, _status_kb("VmRSS", Path("/proc/self/status")) / 1024)


def _status_kb(name: str, status: Path) -> int:
    """A number of a status file of /proc."""
    for line in status.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0


def _growth(marks: list[_Usage]) -> float | None:
    """MB an hour, by a straight line through a look each minute; None below ten looks."""
    if len(marks) < 10:
        return None
    hours = (np.array([m.at_s for m in marks]) - marks[0].at_s) / 3600
    return round(float(np.polyfit(hours, [m.memory_mb for m in marks], 1)[0]), 3)


def _machine() -> str:
    """Its kind, never its name."""
    with contextlib.suppress(OSError):
        return Path("/proc/device-tree/model").read_text().strip("\0\n ")
    return f"{platform.machine()}, {os.cpu_count()} cores"
