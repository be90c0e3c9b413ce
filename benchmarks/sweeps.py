"""The same persons under harder and harder conditions: the tables of what is changed, and the pictures of what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from statistics import median

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from benchmarks import pooled
from benchmarks.outcomes import Outcome
from benchmarks.trials import AS_DRAWN, Conditions
from hfs_emg.intervals import Estimate


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sweep: what it is called (empty where it is the only one), and its points."""

    name: str
    points: tuple[tuple[float, Conditions], ...]


@dataclass(frozen=True, slots=True)
class Sweep:
    """One picture and table. by_snr: x is not what is set but the faces' median signal-to-noise ratio."""

    key: str
    title: str
    axis: str
    text: str
    lines: tuple[Line, ...]
    by_snr: bool = False

    def conditions(self) -> list[Conditions]:
        """Everything to be run for it."""
        return [c for line in self.lines for _, c in line.points]

    def shortened(self) -> Sweep:
        """Ends and middle of each line: for a quick look."""
        lines = tuple(
            Line(line.name, tuple(line.points[i] for i in sorted({0, len(line.points) // 2, len(line.points) - 1})))
            for line in self.lines
        )
        return Sweep(self.key, self.title, self.axis, self.text, lines, self.by_snr)


SWEEPS: tuple[Sweep, ...] = (
    Sweep(
        "snr",
        "Noise",
        "signal-to-noise ratio, dB",
        "Electrode noise and resting tone are multiplied by 0.5 to 8; spasms stay as they are. The ratio is that of spasms at "
        "the lid, median over faces. A spasm that sinks into the noise at all "
        "sites but one no longer counts (see the column): F1 is of those that an observer could still see.",
        (Line("", tuple((f, Conditions(noise_factor=f) if f != 1 else AS_DRAWN) for f in (0.5, 1.0, 2.0, 4.0, 8.0))),),
        by_snr=True,
    ),
    Sweep(
        "crosstalk",
        "Crosstalk",
        "crosstalk, %",
        "How much of a muscle is seen at the same site of the other side (sites at the midline see up to 2.5 times as much, 25 % at "
        "most), and at the neighbouring site of its own side.",
        (
            Line(
                "across the face",
                tuple((100 * x, Conditions(crosstalk_across=x)) for x in (0.01, 0.05, 0.1, 0.2)),
            ),
            Line("along one side", tuple((100 * x, Conditions(crosstalk_along=x)) for x in (0.01, 0.05, 0.1, 0.2))),
        ),
    ),
    Sweep(
        "profile",
        "What a calibration buys",
        "crosstalk across the face, %",
        "The same faces without a profile, and with that of a full calibration of the same person and electrodes just before. What is "
        "taken from it is in decision 16.",
        tuple(
            Line(name, tuple((100 * x, Conditions(crosstalk_across=x, calibrated=with_profile)) for x in (0.01, 0.1)))
            for name, with_profile in (("without a profile", False), ("with a profile", True))
        ),
    ),
    Sweep(
        "mains",
        "Mains hum",
        "mains hum, µV RMS",
        "RMS of the fundamental at a typical channel; harmonics come with it.",
        (Line("", tuple((uv, Conditions(mains_uv=uv)) for uv in (0.0, 10.0, 20.0, 40.0, 80.0))),),
    ),
    Sweep(
        "loss",
        "Loss",
        "samples lost, %",
        "Lost in drop-outs of 40 ms on average (Gilbert's two-state channel), filled and marked as acquisition does it.",
        (Line("", tuple((100 * x, Conditions(loss=x)) for x in (0.0, 0.005, 0.01, 0.02, 0.05))),),
    ),
    Sweep(
        "rate",
        "Sample rate and number of inputs",
        "samples per second",
        "8 inputs: frontalis, orbicularis oculi, zygomaticus and orbicularis oris of both sides. 4 inputs: orbicularis oculi and "
        "orbicularis oris of both sides.",
        tuple(
            Line(f"{n} inputs", tuple((hz, Conditions(rate_hz=hz, channels=n)) for hz in (200.0, 250.0, 500.0, 1000.0)))
            for n in (8, 4)
        ),
    ),
)

_MARKS = ("o-", "s--")
Results = dict[Conditions, Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class Point:
    """One row of a sweep's table."""

    line: str
    x: float
    f1: Estimate
    sensitivity: Estimate
    false_per_hour: Estimate
    counted: int
    spasms: int
    valid_share: float


def points_of(sweep: Sweep, results: Results) -> list[Point]:
    """The figures of all points, in the order of the table."""
    found = []
    for line in sweep.lines:
        for x, conditions in line.points:
            outcomes = results[conditions]
            snr = [o.snr_db for o in outcomes if o.snr_db is not None]
            found.append(
                Point(
                    line.name,
                    (median(snr) if snr else float("nan")) if sweep.by_snr else x,
                    pooled.f1(outcomes),
                    pooled.sensitivity(outcomes),
                    pooled.false_per_hour_spasm_free(outcomes),
                    sum(o.spasms.true for o in outcomes),
                    sum(o.true_spasms for o in outcomes),
                    sum(o.valid_h for o in outcomes) * 3600 / sum(o.duration_s for o in outcomes),
                )
            )
    return found


def draw_sweep(sweep: Sweep, points: Sequence[Point]) -> bytes:
    """SVG: F1 on the left, false spasms per hour on spasm-free faces on the right, with intervals; readable without colour."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots(1, 2)
    for number, line in enumerate(sweep.lines):
        mine = [p for p in points if p.line == line.name]
        _curve(axes[0], mine, [p.f1 for p in mine], number, line.name)
        _curve(axes[1], mine, [p.false_per_hour for p in mine], number, line.name)
    axes[0].set(ylim=(0, 1.02), ylabel="F1 of spasms")
    axes[1].set(ylim=(0, None), ylabel="false spasms per hour,\nspasm-free faces")
    for axis in axes:
        if sweep.key == "rate":
            axis.set_xscale("log", base=2)
            axis.set_xticks([200, 250, 500, 1000], ["200", "250", "500", "1000"])
            axis.minorticks_off()
        axis.set_xlabel(sweep.axis, fontsize=9)
        _plain(axis)
    if len(sweep.lines) > 1:
        axes[0].legend(frameon=False, fontsize=9, loc="lower left")
    return as_svg(figure)


def draw_calibration(outcomes: Sequence[Outcome]) -> bytes:
    """SVG: share of found spasms that were right, by their confidence; the size of a mark says how many."""
    figure = Figure(figsize=(4.6, 3.6), layout="constrained")
    axis = figure.subplots()
    total = np.sum([o.claims for o in outcomes], axis=0)
    axis.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, linestyle=":")
    for n, confidence, right in total:
        if n:
            axis.scatter(confidence / n, right / n, s=12 + 250 * n / total[:, 0].sum(), color="0.15", zorder=3)
    axis.set(xlim=(0.45, 1.02), ylim=(0, 1.02), xlabel="confidence", ylabel="share that was right")
    _plain(axis)
    return as_svg(figure)


def draw_latency(first: Sequence[float], final: Sequence[float]) -> bytes:
    """SVG: share of spasms that were shown, and final, within a time from their true onset."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axis = figure.subplots()
    for values, style, name in ((first, "-", "first shown as a spasm"), (final, "--", "final")):
        ordered = sorted(max(v, 0.01) for v in values)
        steps = [(i + 1) / max(1, len(ordered)) for i in range(len(ordered))]
        axis.step(ordered, steps, style, where="post", color="0.15", linewidth=1.2, label=name)
    axis.axvline(0.15, color="0.6", linewidth=0.8, linestyle=":")
    axis.text(0.155, 0.04, "150 ms", fontsize=8, color="0.35")
    axis.set_xscale("log")
    axis.set_xticks(
        [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20], ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10", "20"]
    )
    axis.minorticks_off()
    axis.set(ylim=(0, 1.02), xlabel="seconds after the true onset", ylabel="share of spasms")
    axis.legend(frameon=False, fontsize=9, loc="upper left")
    _plain(axis)
    return as_svg(figure)


def _curve(axis: Axes, points: Sequence[Point], estimates: Sequence[Estimate], number: int, name: str) -> None:
    known = [
        (p.x, e.value, e.low, e.high)
        for p, e in zip(points, estimates, strict=True)
        if e.value is not None and e.low is not None and e.high is not None
    ]
    if not known:
        axis.text(0.5, 0.5, "nothing was counted", transform=axis.transAxes, ha="center", color="0.4")
        return
    known.sort()
    x = [k[0] for k in known]
    grey = ("0.1", "0.5")[number % 2]
    axis.plot(
        x, [k[1] for k in known], _MARKS[number % 2], color=grey, markersize=5, linewidth=1.3, label=name, zorder=3
    )
    axis.vlines(x, [k[2] for k in known], [k[3] for k in known], color=grey, linewidth=0.9, zorder=2)


def _plain(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", color="0.9", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=8)


def as_svg(figure: Figure) -> bytes:
    """The same bytes for the same figures: no date, no random names."""
    FigureCanvasSVG(figure)
    content = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "hfs-emg", "svg.fonttype": "none", "font.size": 10}):
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def all_conditions(sweeps: Sequence[Sweep]) -> list[Conditions]:
    """Each set of conditions once."""
    return [c for c in dict.fromkeys(c for sweep in sweeps for c in sweep.conditions()) if c != AS_DRAWN]
