"""How well the trend tells a course: simulated counts of simulated sessions with a known truth. Writes docs/trend.md's figures.

    python -m benchmarks.trend [--courses N] [--write]

Sessions are drawn as counts, not as signals: what is tried here is the arithmetic of `hfs_emg.trend`, not the detector.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from hfs_emg.intervals import poisson_rate, wilson
from hfs_emg.trend.change import change, repeat_groups, repeatability
from hfs_emg.trend.course import course_of
from hfs_emg.trend.points import Point
from hfs_emg.trend.treatments import Treatment

PAGE = Path(__file__).parents[1] / "docs" / "trend.md"
DAY_0 = date(2026, 3, 2)
TOXIN = Treatment(number=1, date=DAY_0.isoformat(), what="botulinum toxin")


@dataclass(frozen=True, slots=True)
class Truth:
    """A drawn course. off: the day by which half of the benefit (of the log rate) is lost; sigma: session to session."""

    off: float
    depth: float
    sigma: float


def session(rng: np.random.Generator, day: int, rate: float, sigma: float, minutes: float) -> Point:
    """One session: the rate of the day differs by sigma, and spasms come in clusters (variance 1.5 times the mean within it)."""
    mean = rate * float(np.exp(rng.normal(0, sigma))) * minutes
    size = mean / 0.5
    n = int(rng.negative_binomial(size, size / (size + mean))) if mean > 0 else 0
    at = datetime(DAY_0.year, DAY_0.month, DAY_0.day, 9, tzinfo=UTC) + timedelta(days=day)
    return Point(f"{day}", at, "right", n, minutes, poisson_rate(n, minutes), 0.0, False, True)


def drawn_course(rng: np.random.Generator) -> tuple[Truth, list[Point]]:
    """Weekly sessions of half an hour from 3 weeks before to 22 weeks after, one in ten missed; straight lines, not the model's curve."""
    start, full = rng.uniform(2, 6), rng.uniform(10, 24)
    off, fade = rng.uniform(70, 110), rng.uniform(20, 60)
    truth = Truth(off, float(rng.uniform(0.9, 2.2)), float(rng.uniform(0.1, 0.35)))
    rate = float(np.exp(rng.uniform(np.log(1.5), np.log(12))))
    points = []
    for week in range(-3, 23):
        day = 7 * week + int(rng.integers(-2, 3))
        if rng.random() < 0.1 or day == 0:
            continue
        share = np.interp(day, [start, full, max(full, off - fade / 2), off + fade / 2], [0, 1, 1, 0])
        points.append(session(rng, day, rate * float(np.exp(-truth.depth * share)), truth.sigma, 30.0))
    return truth, points


def wearing_off(courses: int, seed: int = 1) -> dict[str, float]:
    """Of simulated courses: how many intervals hold the true day, how often a day was told, how wide and how far off."""
    rng = np.random.default_rng(seed)
    held = told = 0
    errors, widths = [], []
    for _ in range(courses):
        truth, points = drawn_course(rng)
        found = course_of(TOXIN, None, points, "right")
        if found.wearing_off is None:
            continue
        told += 1
        high = np.inf if found.wearing_off.high is None else found.wearing_off.high
        held += found.wearing_off.low <= truth.off <= high
        errors.append(abs(found.wearing_off.day - truth.off))
        widths.append(min(high, found.last_day) - found.wearing_off.low)
    return {
        "courses": courses, "told": told, "held": held,
        "error_days": float(np.median(errors)), "width_days": float(np.median(widths)),
    }  # fmt: skip


def nothing_changed(trials: int, groups: int, seed: int = 2) -> dict[str, float]:
    """Pairs of sessions of one state, judged after `groups` pairs of repeat sessions: how many were called really changed."""
    rng = np.random.default_rng(seed)
    wrong = judged = 0
    for _ in range(trials):
        rate, sigma = float(np.exp(rng.uniform(np.log(0.5), np.log(12)))), float(rng.uniform(0.0, 0.5))
        repeats = [session(rng, 60 * g + d, rate, sigma, 30.0) for g in range(groups) for d in (0, 5)]
        measured = repeatability(repeat_groups(repeats, ()))
        a, b = (session(rng, 1000 + d, rate, sigma, 30.0) for d in (0, 90))
        real = change([a], b, measured).real
        judged += real is not None
        wrong += bool(real)
    return {"trials": judged, "wrong": wrong}


def false_benefit(trials: int, seed: int = 3) -> dict[str, float]:
    """Courses without any effect: how many were told a benefit."""
    rng = np.random.default_rng(seed)
    told = 0
    for _ in range(trials):
        rate, sigma = float(np.exp(rng.uniform(np.log(1.5), np.log(12)))), float(rng.uniform(0.1, 0.35))
        points = [session(rng, 7 * week + 1, rate, sigma, 30.0) for week in range(-3, 23)]
        told += course_of(TOXIN, None, points, "right").benefit is not None
    return {"trials": trials, "told": told}


def figures(courses: int) -> str:
    """The table of the page."""
    off = wearing_off(courses)
    rows = [
        ("courses whose wearing-off day lies in its 95 % interval", off["held"], off["told"]),
        ("courses of which a wearing-off day was told", off["told"], off["courses"]),
    ]
    for groups in (3, 6, 12):
        found = nothing_changed(10 * courses, groups)
        rows.append(
            (
                f"unchanged pairs called really changed, after {groups} pairs of repeat sessions",
                found["wrong"],
                found["trials"],
            )
        )
    benefit = false_benefit(courses)
    rows.append(("courses without effect that were told a benefit", benefit["told"], benefit["trials"]))
    lines = ["| what | count | share, 95 % |", "|---|---|---|"]
    for words, n, of in rows:
        share = wilson(int(n), int(of))
        assert share.value is not None and share.low is not None and share.high is not None  # noqa: PT018
        lines.append(
            f"| {words} | {n} of {of} | {100 * share.value:.1f} % ({100 * share.low:.1f}–{100 * share.high:.1f}) |"
        )
    lines.append("")
    lines.append(
        f"The day told is off by {off['error_days']:.0f} days (median), its interval {off['width_days']:.0f} days wide (median)."
    )
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--courses", type=int, default=100)
    options.add_argument("--write", action="store_true", help="put the figures into docs/trend.md")
    chosen = options.parse_args()
    found = figures(chosen.courses)
    print(found)
    if chosen.write:
        marks = re.compile(r"(<!-- figures -->\n).*?(<!-- end -->)", re.DOTALL)
        PAGE.write_text(marks.sub(lambda m: f"{m[1]}{found}\n{m[2]}", PAGE.read_text()))


if __name__ == "__main__":
    main()
