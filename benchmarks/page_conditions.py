"""docs/accuracy.md, how soon a spasm is shown, and what harder conditions cost."""

from __future__ import annotations

import numpy as np

from benchmarks.goals import milliseconds, percent, share, tenths, with_interval
from benchmarks.markdown import Lines, prose, table
from benchmarks.page_parts import Measured, Outcomes
from benchmarks.sweeps import Point


def latency(m: Measured) -> Lines:
    yield "## How soon a spasm is shown"
    yield ""
    yield from prose(
        "From the true onset to the sample with which a spasm is first shown as one (it may be withdrawn again), and to the one with "
        "which it is final: an episode is final when nothing found later can join it, half a second after its end at the earliest. "
        "Radio, USB, the wake-ups of the program (40 ms at most) and the wait for the next look (80 ms at most) come on top. Matched "
        "spasms only; where one was not shown before it was final, the goal above counts the time until it was."
    )
    yield "![Share of spasms shown and final within a time](pictures/accuracy-latency.svg)"
    yield ""
    groups = [("all", list(m.outcomes))]
    groups += [
        (f"{hz:.0f} Hz", [o for o in m.outcomes if o.rate_hz == hz]) for hz in sorted({o.rate_hz for o in m.outcomes})
    ]
    heads = (
        "rate",
        "spasms",
        "shown before final",
        "first shown: 10 % / median / 90 %",
        "within 150 ms",
        "final: median / 90 %",
    )
    yield from table(heads, (_latency_row(name, group) for name, group in groups))


def _latency_row(name: str, group: Outcomes) -> tuple[str, ...]:
    every = [v for o in group for v in o.provisional_s]
    first = [v for v in every if v is not None]
    final = [v for o in group for v in o.settled_s]
    if not final:
        return (name, "0", "–", "–", "–", "–")
    soon = " / ".join(milliseconds(v) for v in np.quantile(first, [0.1, 0.5, 0.9])) if first else "–"
    late = " / ".join(f"{v:.2f} s" for v in np.quantile(final, [0.5, 0.9]))
    within = sum(v <= 0.15 for v in first) / len(every)
    return name, str(len(every)), percent(len(first) / len(every)), soon, percent(within), late


def conditions(m: Measured) -> Lines:
    yield "## Under harder conditions"
    yield ""
    yield from prose(
        f"{m.sweep_faces} of the faces for {m.sweep_face_s:.0f} s each, the same happenings every time, one thing changed. "
        "Bars: 95 % intervals."
    )
    for sweep, points in m.sweeps:
        yield f"### {sweep.title}"
        yield ""
        yield from prose(sweep.text)
        yield f"![F1 of spasms and false spasms per hour against {sweep.axis}](pictures/accuracy-{sweep.key}.svg)"
        yield ""
        several = len(sweep.lines) > 1
        heads = (
            *(("",) if several else ()),
            sweep.axis,
            "F1",
            "sensitivity",
            "false per hour, spasm-free",
            "spasms that count",
            "valid time",
        )
        yield from table(heads, (_point_row(p, several) for p in points))


def _point_row(p: Point, several: bool) -> tuple[str, ...]:
    return (
        *((p.line,) if several else ()),
        "–" if np.isnan(p.x) else f"{round(p.x, 1):g}",
        with_interval(p.f1, share),
        with_interval(p.sensitivity, share),
        with_interval(p.false_per_hour, tenths),
        f"{p.counted} of {p.spasms}",
        percent(p.valid_share),
    )
