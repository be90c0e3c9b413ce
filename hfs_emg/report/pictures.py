"""Pictures of the report as SVG, to be read without colour: hatching, position and words tell what colour repeats. Needs matplotlib."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from calibration.montage import Side
from hfs_emg.events import KINDS, Kind
from hfs_emg.report.content import Example, ReportContent

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "hfs-emg",
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 6.5,
    "axes.linewidth": 0.6,
    "hatch.linewidth": 0.5,
    "path.simplify": True,
}
LEAST_REACH_UV = 20.0
MOST_BARS = 120
"""Minutes that stand apart on paper; more are drawn as one outline."""


def hour_picture(content: ReportContent, words: Mapping[str, str]) -> str:
    """Each side's spasms over the session: rate bars and an event line; what is invalid hatched, markers as triangles."""
    minutes = content.head.duration_s / 60
    with rc_context(STYLE):
        figure = Figure(figsize=(7.5, 1.25), layout="constrained")
        rows = figure.subplots(len(content.sides), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for axis, (side, measures) in zip(rows, content.sides.items(), strict=True):
            values = np.array(measures.per_minute)
            if len(values) <= MOST_BARS:
                axis.bar(np.arange(len(values)) + 0.5, values, width=0.9, color="0.75", edgecolor="0.35", linewidth=0.4)
            else:
                axis.stairs(values, np.arange(len(values) + 1), fill=True, color="0.65")
            top = max(1.0, *(max(m.per_minute, default=0.0) for m in content.sides.values()))
            axis.set_ylim(0, 1.55 * top)
            ticks = [
                (episode.start_s / 60, max((episode.end_s - episode.start_s) / 60, minutes / 1500))
                for episode in content.episodes
                if episode.kind is Kind.SPASM and episode.side == side
            ]
            axis.broken_barh(_joined(ticks), (1.2 * top, 0.25 * top), color=KINDS[Kind.SPASM].colour, linewidth=0)
            unseen = [(start / 60, (end - start) / 60) for start, end in _invalid_spans(content)]
            axis.broken_barh(
                _joined(unseen), (0, 1.55 * top), facecolor="none", edgecolor="0.4", hatch="/////", linewidth=0
            )
            marked = [at_s / 60 for at_s, _ in content.markers]
            axis.plot(marked, [1.1 * top] * len(marked), marker="v", color="black", markersize=3, linestyle="none")
            axis.set_ylabel(f"{words['axis_' + side]}\n{words['axis_rate']}")
            axis.spines[["top", "right"]].set_visible(False)
        rows[-1].set_xlim(0, minutes)
        rows[-1].set_xlabel(words["axis_minute"], labelpad=1)
        return svg_uri(figure)


def example_picture(example: Example, content: ReportContent) -> str:
    """One event: a line per channel, right side above, the detector's bursts as bars on the line, the event shaded."""
    clip, episode, montage = example.clip, example.event.episode, content.montage
    order = [i for side in (Side.RIGHT, Side.LEFT) for i in montage.on(side)]
    with rc_context(STYLE):
        figure = Figure(figsize=(1.46, 1.4))
        axis = figure.add_axes((0.19, 0.09, 0.8, 0.9))
        reach = max(LEAST_REACH_UV, float(np.percentile(np.abs(clip.emg), 99.8)) if clip.emg.size else 0.0)
        axis.axvspan(
            episode.start_s, min(episode.end_s, clip.times[-1] if len(clip.times) else 0), color="0.9", linewidth=0
        )
        for row, i in enumerate(order):
            level = -row
            axis.plot(clip.times, level + np.clip(clip.emg[i] / (2.2 * reach), -0.6, 0.6), color="0.1", linewidth=0.35)
            for burst in episode.bursts:
                if burst.channel == montage.channels[i].label:
                    axis.plot(
                        [burst.start_s, burst.end_s],
                        [level + 0.42] * 2,
                        color=KINDS[episode.kind].colour,
                        linewidth=1.6,
                    )
        _dress(axis, example, content, order)
        axis.text(
            0.99, 0.015, f"±{reach:.0f} µV", transform=axis.transAxes, ha="right", va="bottom", fontsize=5, color="0.3"
        )
        return svg_uri(figure)


def _dress(axis: Axes, example: Example, content: ReportContent, order: list[int]) -> None:
    places = [content.montage.channels[i] for i in order]
    axis.set_yticks([-row for row in range(len(order))], [f"{c.side.value[0].upper()} {c.site.code}" for c in places])
    axis.tick_params(labelsize=5, length=1.5, width=0.4, pad=1)
    axis.set_ylim(-len(order) - 0.25, 0.65)  # below the last channel room for the two scales
    times = example.clip.times
    if len(times):
        axis.set_xlim(times[0], times[-1])
        axis.set_xticks([])
        length = 0.5 if times[-1] - times[0] > 1.2 else 0.2
        axis.plot([times[0], times[0] + length], [-len(order) + 0.05] * 2, color="black", linewidth=1)
        end = (times[0] + length, -len(order) + 0.05)
        axis.annotate(f"{length:g} s", end, xytext=(2, 0), textcoords="offset points", fontsize=5, va="center")
    axis.spines[["top", "right", "bottom"]].set_visible(False)


def _joined(bars: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Bars as (start, width), those that overlap as one: a night has thousands, and paper shows no more than touch."""
    joined: list[tuple[float, float]] = []
    for start, width in sorted(bars):
        if joined and start <= sum(joined[-1]):
            first = joined[-1][0]
            joined[-1] = (first, max(sum(joined[-1]), start + width) - first)
        else:
            joined.append((start, width))
    return joined


def _invalid_spans(content: ReportContent) -> list[tuple[float, float]]:
    """Long enough to be seen."""
    least = content.head.duration_s / 1000
    return [(i.start_s, i.end_s) for i in content.look.invalid if i.channels is None or i.end_s - i.start_s > least]


def svg_uri(figure: Figure) -> str:
    """The figure as a `data:` address of an SVG: a picture of its own, so that no style of it reaches the page."""
    FigureCanvasSVG(figure)
    content = io.BytesIO()
    figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(content.getvalue()).decode()
