"""Pictures of a trend as SVG, to be read without colour: sides and cycles have their own marks and lines. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from matplotlib import dates, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hfs_emg.report.pictures import STYLE, svg_uri
from hfs_emg.trend.document import SeriesTrend, SideTrend
from hfs_emg.trend.points import Point
from hfs_emg.trend.treatments import Treatment

_dates: Any = dates
"""Untyped in matplotlib."""
_MARKS = {"right": "o", "left": "s"}
_CYCLE_MARKS = ("o", "s", "^", "D", "v", "P", "X")
_LINES = ("-", "--", ":", "-.")


def course_picture(
    series: SeriesTrend,
    treatments: tuple[Treatment, ...],
    words: Mapping[str, str],
    size: tuple[float, float] = (7.5, 2.6),
) -> str:
    """Rates with intervals by date; the band of no real change shaded; treatments as numbered lines."""
    with rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        sides = [side for side in series.sides if any(p.spasms for p in side.points)] or series.sides
        axes = figure.subplots(len(sides), 1, sharex=True, squeeze=False)[:, 0]
        for axis, side in zip(axes, sides, strict=True):
            _side(axis, side, words)
            for treatment in treatments:
                _mark(axis, treatment)
        locator = _dates.AutoDateLocator(minticks=2, maxticks=7)
        axes[-1].xaxis.set_major_locator(locator)
        axes[-1].xaxis.set_major_formatter(_dates.ConciseDateFormatter(locator))
        return svg_uri(figure)


def cycles_picture(
    side: SideTrend, treatments: tuple[Treatment, ...], words: Mapping[str, str], size: tuple[float, float] = (7.5, 2.4)
) -> str | None:
    """Cycles of one side on top of each other, by days since their treatment; None without a treatment that sessions follow."""
    cycles = list(_cycles(side.points, treatments))
    if not cycles:
        return None
    with rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        axis = figure.subplots()
        for k, (treatment, points) in enumerate(cycles):
            axis.plot(
                [(p.at.date() - treatment.day).days for p in points],
                [p.rate.value or 0.0 for p in points],
                marker=_CYCLE_MARKS[k % len(_CYCLE_MARKS)],
                linestyle=_LINES[k % len(_LINES)],
                markerfacecolor="white" if k % 2 else "black",
                color="black",
                linewidth=0.8,
                markersize=3.5,
                label=f"{treatment.number}: {treatment.date}",
            )
        axis.axvline(0, color="black", linewidth=0.8)
        axis.set_ylim(bottom=0)
        axis.set_xlabel(words["axis_cycle"])
        axis.set_ylabel(f"{words['axis_' + side.side]}\n{words['axis_spasms']}")
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False)
        return svg_uri(figure)


def _side(axis: Axes, side: SideTrend, words: Mapping[str, str]) -> None:
    days = [p.at for p in side.points]
    rates = [p.rate.value or 0.0 for p in side.points]
    low = [rate - (p.rate.low or 0.0) for rate, p in zip(rates, side.points, strict=True)]
    high = [(p.rate.high or rate) - rate for rate, p in zip(rates, side.points, strict=True)]
    if side.band is not None:
        axis.axhspan(*side.band, color="0.9", linewidth=0, zorder=0)
    axis.errorbar(
        _dates.date2num(days), rates, yerr=[low, high], color="black", linewidth=0.7, elinewidth=0.6, capsize=1.5,
        marker=_MARKS[side.side], markersize=3, markerfacecolor="white",
    )  # fmt: skip
    axis.xaxis_date()
    axis.set_ylim(bottom=0)
    axis.set_ylabel(f"{words['axis_' + side.side]}\n{words['axis_rate']}")
    axis.spines[["top", "right"]].set_visible(False)


def _mark(axis: Axes, treatment: Treatment) -> None:
    at = _dates.date2num(treatment.day)
    axis.axvline(at, color="black", linewidth=0.9, linestyle="--")
    axis.annotate(
        str(treatment.number),
        (at, 0.97),
        xytext=(2, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="left",
        va="top",
        fontsize=7,
    )


def _cycles(points: tuple[Point, ...], treatments: tuple[Treatment, ...]) -> list[tuple[Treatment, list[Point]]]:
    found = []
    for k, treatment in enumerate(treatments):
        until = treatments[k + 1].day if k + 1 < len(treatments) else date.max
        mine = [p for p in points if (p.at.date() - treatment.day).days >= -28 and p.at.date() < until]
        if any(p.at.date() > treatment.day for p in mine):
            found.append((treatment, mine))
    return found
