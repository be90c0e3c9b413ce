"""What an archive costs: `python -m benchmarks.cohort` measures and writes the figures of docs/cohort.md; `--json -` gives them alone.

A small archive of simulated sessions is analysed by `hfs-emg cohort` with one process and with two; the plans for larger ones are these
figures times their hours. Prices are assumptions that stand in the page.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.markdown import Lines, busy, prose, table

Figures = dict[str, Any]
PAGE = Path(__file__).parents[1] / "docs" / "cohort.md"
FIGURES = "## What it costs"

SCENARIOS = ("sleep-night", "moderate-right", "sleep-night", "healthy-meal")
"""An archive is mostly nights; a meal is the dearest hour there is."""
CORE_HOUR_EUR, GB_MONTH_EUR = 0.04, 0.02
"""What a rented core and stored gigabyte cost in round figures; put yours in their place."""
NIGHT_H = 8
PLANS = (
    ("a clinic: 10 Raspberry Pis, a night each on 250 days", 10 * 250 * NIGHT_H, NIGHT_H, 4),
    ("a hospital: 100 Raspberry Pis, day and night for a year", 100 * 365 * 24, 24, 64),
    ("an archive of 10 000 nights", 10_000 * NIGHT_H, NIGHT_H, 64),
)
"""Name, recorded hours, hours per session, cores."""
GIGABIT_MB_S = 110


def make_archive(folder: Path, hours: float) -> None:
    """One session per scenario, in the store's layout."""
    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.formats import open_recording
    from hfs_emg.session.store import Store
    from hfs_emg.sessions import import_recording
    from hfs_emg.simulation.face import SimulatedFace
    from hfs_emg.simulation.recording import write_recording
    from hfs_emg.simulation.scenarios import load_scenario

    for seed, scenario in enumerate(SCENARIOS):
        path = folder / "face.bdf"
        write_recording(SimulatedFace(load_scenario(scenario), seed=seed), 3600 * hours, path)
        recording = open_recording(path)
        assert recording.montage is not None
        import_recording(recording, Store(folder / "archive"), f"P{seed}", recording.montage, AnalysisSettings())
        path.unlink()


def throughput(folder: Path, workers: int) -> Figures:
    """The command in a process of its own: wall and processor time, and what it leaves."""
    import pyarrow.parquet

    out = folder / f"out{workers}"
    command = ["hfs_emg", "cohort", str(folder / "archive"), "--out", str(out), "--workers", str(workers)]
    began, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True)
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    rows = pyarrow.parquet.read_table(out / "provenance.parquet").to_pylist()
    hours = sum(r["duration_s"] for r in rows) / 3600
    return {
        "workers": workers,
        "hours": hours,
        "wall_s": wall,
        "cpu_s": cpu,
        "hours_per_core_s": hours / cpu,
        "hours_per_core_s_in_sessions": hours / sum(r["cpu_s"] for r in rows),
        "hours_per_s": hours / wall,
        "parts_bytes": _size(out / "parts"),
        "tables_bytes": _size(out) - _size(out / "parts"),
        "episodes": sum(r["episodes"] for r in rows),
    }


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def measure_all(hours: float) -> Figures:
    """Everything; `hours` per session."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_archive(folder, hours)
        total = hours * len(SCENARIOS)
        files = [p for p in (folder / "archive").rglob("*") if p.is_file()]
        return {
            "schema": "hfs-emg/cohort-bench/1",
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "load": max(0.0, os.getloadavg()[0] - 1),  # without the one that made the archive
            "hours": total,
            "session_bytes_per_hour": sum(p.stat().st_size for p in files) / total,
            "files_per_session": len(files) / len(SCENARIOS),
            "runs": [throughput(folder, workers) for workers in (1, 2)],
        }


def rows_of(figures: Figures) -> list[tuple[str, str]]:
    """The measured figures as lines of a table."""
    one, two = figures["runs"]
    return [
        ("recorded hours per core-second, 1 process", f"{one['hours_per_core_s']:.3f}"),
        ("recorded hours per core-second, 2 processes", f"{two['hours_per_core_s']:.3f}"),
        ("the same of the sessions alone, without starting up", f"{one['hours_per_core_s_in_sessions']:.3f}"),
        ("2 processes against 1, by the clock", f"{two['hours_per_s'] / one['hours_per_s']:.2f} times"),
        ("a session folder, MB per recorded hour", f"{figures['session_bytes_per_hour'] / 1e6:.1f}"),
        ("its part, kB per recorded hour", f"{one['parts_bytes'] / one['hours'] / 1e3:.1f}"),
        ("episodes per recorded hour", f"{one['episodes'] / one['hours']:.0f}"),
    ]


def plan_rows(figures: Figures) -> Lines:
    """Each plan: bytes, core-hours, days, money."""
    one = figures["runs"][0]
    per_core_s = one["hours_per_core_s_in_sessions"]
    rows = []
    for name, hours, session_h, cores in PLANS:
        gigabytes = hours * figures["session_bytes_per_hour"] / 1e9
        core_hours = hours / per_core_s / 3600
        rows.append(
            (
                name,
                f"{hours:,}".replace(",", " "),
                f"{hours // session_h:,}".replace(",", " "),
                f"{gigabytes:,.0f} GB".replace(",", " "),
                f"{hours * one['parts_bytes'] / one['hours'] / 1e9:.1f} GB",
                f"{core_hours:,.1f}".replace(",", " "),
                f"{core_hours / cores:.1f} h on {cores} cores",
                f"{core_hours * CORE_HOUR_EUR:.2f} € once, {gigabytes * GB_MONTH_EUR:.2f} € a month",
            )
        )
    heads = ("plan", "hours", "sessions", "recordings", "parts", "core-hours", "time", "cost")
    yield from table(heads, rows)


def limits(figures: Figures) -> Lines:
    """What breaks first, from the figures."""
    one = figures["runs"][0]
    per_core_mb_s = figures["session_bytes_per_hour"] / 1e6 * one["hours_per_core_s_in_sessions"]
    day_gb = 24 * figures["session_bytes_per_hour"] / 1e9
    sessions = PLANS[1][1] // PLANS[1][2]
    yield from prose(
        f"1. **The network to the archive.** A core reads {per_core_mb_s:.1f} MB a second while it analyses, so one gigabit link "
        f"({GIGABIT_MB_S} MB/s) feeds {GIGABIT_MB_S / per_core_mb_s:.0f} cores. Beyond that the workers belong beside the disks, or the "
        "disks on more than one link."
    )
    yield from prose(
        f"2. **The Raspberry Pi's way out.** A day of one board is {day_gb:.2f} GB. Ten of them are {10 * day_gb:.1f} GB a day, "
        "which any wire carries; a hundred over one hospital Wi-Fi cell is where copying at night has to be planned."
    )
    yield from prose(
        f"3. **Many small files.** {figures['files_per_session']:.0f} files to a session are "
        f"{figures['files_per_session'] * sessions / 1e6:.1f} million files in a hospital's year. A run begins by looking at five of each "
        "session: seconds on a local disk, minutes over a network file system. One year per archive folder keeps it so."
    )
    yield from prose(
        "4. **One session is one core.** The analysis runs forward and cannot be cut, so the longest session is the shortest run: "
        f"{24 / one['hours_per_core_s_in_sessions'] / 60:.1f} min for 24 h."
    )
    yield from prose(
        "5. **Not** the memory (a worker holds a minute of signal and packed episodes), not the scheduler (one task per session, some "
        "milliseconds each), not the tables (made from the parts one after the other)."
    )


def page(figures: Figures) -> str:
    """docs/cohort.md: what is written by hand stays, from this heading on it is made anew."""
    intro = PAGE.read_text(encoding="utf-8").partition(FIGURES)[0]

    def lines() -> Lines:
        yield FIGURES
        yield ""
        yield from prose(
            f"Measured on {figures['machine']}, by `python -m benchmarks.cohort`, over {figures['hours']:g} h of simulated sessions of 8 "
            "channels at 250 Hz (nights, a patient, a meal). Processor time is that of all processes of the run. "
            f"Meanwhile {busy(figures['load'])}; where that is more than nothing, the ratio by the clock is lower than on an idle machine."
        )
        yield from table(("", "measured"), rows_of(figures))
        yield "## Plans"
        yield ""
        yield from prose(
            f"The figures above times the hours of the plan. Prices are assumptions: {CORE_HOUR_EUR} € per core-hour, {GB_MONTH_EUR} € per "
            "gigabyte and month. A Raspberry Pi 4 takes 5 to 10 times the core-hours (an estimate, not measured on one)."
        )
        yield from plan_rows(figures)
        yield "## What breaks first"
        yield ""
        yield from limits(figures)

    return intro.rstrip() + "\n\n" + "\n".join(lines()).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cohort", description=__doc__)
    parser.add_argument("--hours", type=float, default=0.5, help="length of each of the sessions (0.5)")
    parser.add_argument(
        "--json", metavar="OUT", help="the figures as JSON to a file, or - for standard output; no page"
    )
    options = parser.parse_args()
    figures = measure_all(options.hours)
    content = json.dumps(figures, indent=1) + "\n"
    if options.json == "-":
        sys.stdout.write(content)
    elif options.json is not None:
        Path(options.json).write_text(content)
    else:
        PAGE.write_text(page(figures), encoding="utf-8")
        print("\n".join(f"{title:55} {value}" for title, value in rows_of(figures)))


if __name__ == "__main__":
    main()
