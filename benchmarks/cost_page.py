"""The figures of `make bench` as one table, for the terminal and as docs/cost.md: what was measured, and what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.markdown import Lines, busy, prose, table

Figures = dict[str, Any]
PAGE = Path(__file__).parents[1] / "docs" / "cost.md"

FACES = {
    "moderate-right": "a patient",
    "healthy-talking": "somebody who talks",
    "healthy-meal": "a meal",
    "sleep-night": "a night asleep",
}
"""The scenarios that are replayed, from a face with some spasms to one that does something all the time, and to one that sleeps."""
HOUR_S = 1.0
"""Asked of the replay of an hour of 8 channels, on two cores: about a second."""
VALGRIND = "not counted: valgrind is missing (apt install valgrind)"
PEERS_MISSING = "not installed: make bench-peers brings it"


@dataclass(frozen=True, slots=True)
class Row:
    """One line. goal: what is asked of it, held: whether it is so; both None where nothing is asked."""

    what: str
    measured: str
    goal: str | None = None
    held: bool | None = None

    @property
    def verdict(self) -> str:
        """Goal and judgement in a cell."""
        return "" if self.goal is None else f"{self.goal}: {'held' if self.held else '**not held**'}"


def _at_most(what: str, value: float, bound: float, form: str) -> Row:
    return Row(what, form.format(value), f"≤ {form.format(bound)}", value <= bound)


def rows(figures: Figures) -> Iterator[Row]:
    """The table, a row whose figures are empty for each heading."""
    yield from _live(figures)
    yield from _starting(figures)
    yield from _replay(figures["scenarios"])
    yield from _growth(figures["growth"])
    yield from _beside(figures["peers"])
    yield from _cohort(figures["cohort"]["runs"])


def _live(figures: Figures) -> Iterator[Row]:
    live, counted = figures["live"], figures["instructions"]
    yield Row("LIVE: 8 channels at 250 Hz from an emulated Cyton", "")
    per_s = "{:.1f} ms"
    yield _at_most("CPU per second of signal, `record`", live["alone"]["cpu_ms_per_s"], 10.0, per_s)
    yield Row("the same with pages that nobody looks at", per_s.format(live["pages"]["cpu_ms_per_s"]))
    yield _at_most("the same with one browser", live["browser"]["cpu_ms_per_s"], 20.0, per_s)
    words = VALGRIND if counted is None else f"{counted['millions_per_s']:.1f} million"
    yield Row("instructions per second of signal, from the wire to the disk", words)
    yield _at_most("memory of `record`", live["alone"]["resident_mb"], 120.0, "{:.0f} MB")
    yield _at_most("memory with pages and one browser", live["browser"]["resident_mb"], 150.0, "{:.0f} MB")
    for name, part in figures["scenarios"].items():
        block = part["live_blocks"]
        yield Row(
            f"analyser alone, {FACES[name]}: CPU per second; slowest block of 40 ms",
            f"{block['cpu_ms_per_s']:.1f} ms; {block['slowest_block_ms']:.0f} ms",
        )


def _starting(figures: Figures) -> Iterator[Row]:
    yield Row("STARTING: median of 5", "")
    for name, milliseconds in figures["start_ms"].items():
        yield Row(name, f"{milliseconds:.0f} ms")
    yield _at_most("`record` to its first sample", figures["first_sample"]["first_sample_s"], 3.0, "{:.1f} s")


def _replay(scenarios: dict[str, Figures]) -> Iterator[Row]:
    yield Row("REPLAY: `analyze` of a whole recording", "")
    for name, part in scenarios.items():
        wall, cpu = part["replay"]["wall_s_per_hour"], part["replay"]["cpu_s_per_hour"]
        what = f"a recorded hour, {FACES[name]}: by the clock; CPU"
        yield Row(what, f"{wall:.2f} s; {cpu:.2f} s", f"≤ {HOUR_S:.1f} s by the clock", wall <= HOUR_S)
    for name, part in scenarios.items():
        yield _at_most(f"times the bare filter passes in it, {FACES[name]}", part["replay"]["ratio"], 3.0, "{:.1f}")


def _growth(lengths: list[Figures]) -> Iterator[Row]:
    yield Row("GROWTH: the same face asleep, ever longer", "")
    for row in lengths:
        yield Row(
            f"{_length(row['signal_s'])}: CPU per recorded hour; peak of memory",
            f"{row['cpu_s_per_hour']:.2f} s; {row['peak_mb']:.0f} MB",
        )
    longest = lengths[-1]
    hour = min(lengths, key=lambda row: abs(row["signal_s"] - 3600))
    title = f"memory of {_length(longest['signal_s'])} over that of {_length(hour['signal_s'])}"
    yield _at_most(title, longest["peak_mb"] / hour["peak_mb"], 1.5, "{:.2f} times")


def _length(seconds: float) -> str:
    return f"{seconds / 3600:.0f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def _beside(found: dict[str, Figures | None]) -> Iterator[Row]:
    yield Row("BESIDE: bursts of the same patient's 8 channels, by the shortest way to them", "")
    for name, part in found.items():
        words = PEERS_MISSING if part is None else f"{part['cpu_s_per_hour']:.2f} s; {part['peak_mb']:.0f} MB"
        yield Row(f"{name}: CPU per recorded hour; peak of memory", words)


def _cohort(runs: list[Figures]) -> Iterator[Row]:
    yield Row("COHORT: an archive of nights, a patient, a meal, start of the workers included", "")
    for run in runs:
        plural = "es" * (run["workers"] != 1)
        yield Row(
            f"recorded hours per core-second, {run['workers']} process{plural}",
            f"{run['hours_per_core_s']:.3f} ({run['hours_per_s']:.3f} by the clock)",
        )


def text(figures: Figures) -> str:
    """For a terminal."""
    shown = [replace(row, what=row.what.replace("`", "")) for row in rows(figures)]
    wide, wider = (max(len(getattr(row, cell)) for row in shown if row.measured) for cell in ("what", "measured"))
    lines = [f"{figures['machine']}; {busy(figures['load'])}"]
    for row in shown:
        if row.measured:
            lines.append(f"  {row.what:{wide}}  {row.measured:{wider}}  {row.verdict.replace('*', '')}".rstrip())
        else:
            lines += ["", row.what]
    return "\n".join(lines)


def page(figures: Figures) -> str:
    """docs/cost.md."""

    def lines() -> Lines:
        yield "# What it costs"
        yield ""
        yield from prose(
            f"Written by `make bench` on {figures['machine']}, {figures['hours']:g} h of each simulated face; no figure was typed by hand. "
            f"While it ran, {busy(figures['load'])}: where that is more than nothing, times are longer than on an idle machine (shared "
            "caches, broken bursts of work), and what can be compared from run to run and machine to machine are counted instructions, "
            "ratios and memory."
        )
        shown = ((f"**{r.what}**" if not r.measured else r.what, r.measured, r.verdict) for r in rows(figures))
        yield from table(("", "measured", "asked"), shown)
        yield "## How it is measured"
        yield ""
        yield from prose(
            "**Live**: `record` over a pseudo-terminal from `emulate` in another process, for "
            f"{figures['live']['alone']['seconds']:.0f} s after it has settled; its own processor time and memory from /proc. The "
            "browser's part is played by a program that answers every frame as the page does."
        )
        yield from prose(
            "**Instructions** are counted by cachegrind over the same path in virtual time (bytes decoded, losses told, recorded and "
            "synced, analysed, findings recorded), as the difference of two lengths, so that starting is not in it; without valgrind "
            "(`apt install valgrind`) the row says so."
        )
        yield from prose(
            "**Replay** and **growth**: as `analyze` does it, without starting the program: a recording that is not short in two "
            "processes, if there are two cores; CPU and memory are those of both, what they share counted twice. The filter passes are "
            "those that the analysis itself makes, timed within it. Growth in memory is what is kept of every episode until the summary."
        )
        yield from prose(
            "**Beside**: NeuroKit2 `emg_activation` (threshold) and BioSPPy `find_onsets` behind a band that fits 250 Hz, as in "
            "[peers.md](peers.md), each over whole channels at once. They find bursts; this program also says which side, which kind "
            "and why, and does it forward only, as in a live recording. **Cohort**: [cohort.md](cohort.md)."
        )

    return "\n".join(lines()).rstrip() + "\n"
