"""Onset of benefit and wearing off after one treatment, with their uncertainty.

Model of the log rate, t days after the treatment: y(t) = base - depth · g(t), g(t) = L((t - on) / w_on) · (1 - L((t - off) / w_off)), L
the logistic function: `on` is the day by which half of the benefit has come, `off` the day by which half of it is lost. Each y varies by
counting, 1 / (n + 0.5), and by sigma² from session to session. For each of a grid of shapes and sigmas, base and depth are integrated out
in closed form (base flat, depth normal around 0 with a standard deviation of 1.5, which is a rate 4.5 times as low, and above 0); what is
left is the posterior of `on` and `off` (Gelman et al., Bayesian Data Analysis, 3rd ed., chapter 14). Intervals hold 95 % of it. What lies
behind the last session cannot be told, and is not.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hfs_emg.trend.change import counting_variance, log_rate
from hfs_emg.trend.points import Point
from hfs_emg.trend.treatments import Treatment

Floats = NDArray[np.float64]

ON_DAYS = np.arange(1.0, 22.0, 1.5)
OFF_DAYS = np.arange(24.0, 272.0, 2.0)
ON_WIDTHS = (1.0, 3.0)
OFF_WIDTHS = (3.0, 7.0, 14.0, 22.0)
DEPTH_SD = 1.5
SIGMAS = np.geomspace(0.05, 0.9, 8)
BEFORE_DAYS = 28
LEAST_AFTER = 4
"""Fewer sessions after a treatment cannot show a benefit coming and going."""
SURE = 0.975
"""A benefit is told when the depth is above nothing with this probability."""


class Told(msgspec.Struct, frozen=True):
    """A day with its 95 % interval; high None: it may lie behind the last session."""

    day: float
    low: float
    high: float | None


class Course(msgspec.Struct, frozen=True):
    """One treatment, one side. sessions: how many it is told from; last_day: of the last one, after the treatment.

    benefit: the rate at its lowest over that without, and how probable it is that there is a benefit at all. onset, wearing_off: None
    where they cannot be told; words says what can.
    """

    treatment: int
    date: str
    side: str
    sessions: int
    last_day: int
    benefit: float | None
    probable: float | None
    onset: Told | None
    wearing_off: Told | None
    words: str


def course_of(treatment: Treatment, following: Treatment | None, points: Sequence[Point], side: str) -> Course:
    """Of one side's comparable sessions around a treatment, up to the following one."""
    days = [(p.at.date() - treatment.day).days for p in points]
    end = 10_000 if following is None else (following.day - treatment.day).days
    chosen = [(day, p) for day, p in zip(days, points, strict=True) if -BEFORE_DAYS <= day < end]
    after = [day for day, _ in chosen if day > 0]
    last_day = max(after, default=0)

    def told(words: str, *, benefit: float | None = None, probable: float | None = None, **days: Told | None) -> Course:
        onset, off = days.get("onset"), days.get("wearing_off")
        return Course(
            treatment.number, treatment.date, side, len(chosen), last_day, benefit, probable, onset, off, words
        )

    if len(after) < LEAST_AFTER or len(after) == len(chosen):
        return told(f"A course needs a session before the treatment and {LEAST_AFTER} after it.")
    x = np.array([day for day, _ in chosen], np.float64)
    y = np.array([log_rate(p) for _, p in chosen])
    counting = np.array([counting_variance(p) for _, p in chosen])
    on, off, weight, depth, positive = posterior(x, y, counting)
    untruncated = weight / weight.sum()
    probable = float((untruncated * positive).sum())
    if probable < SURE:
        return told("No change that stands out from the differences between sessions.", probable=probable)
    share = untruncated * positive / probable
    benefit = float(np.exp(-(share * np.maximum(depth, 0.0)).sum()))
    onset = _quantiles(on, share)
    wearing = _quantiles(off, share)
    if wearing.day > last_day:
        words = f"The benefit had not worn off by the last session, day {last_day}."
        return told(words, benefit=benefit, probable=probable, onset=onset)
    high = wearing.high if wearing.high is not None and wearing.high <= last_day else None
    until = f"to {high:.0f}" if high is not None else f"on, beyond the last session on day {last_day}"
    return told(
        f"Half of the benefit was lost by day {wearing.day:.0f} (95 %: from day {wearing.low:.0f} {until}).",
        benefit=benefit,
        probable=probable,
        onset=onset,
        wearing_off=Told(wearing.day, wearing.low, high),
    )


def posterior(days: Floats, y: Floats, counting: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Over the grid: on, off, weight (unnormalised), depth, probability that it is above 0; each (grid,)."""
    from scipy.special import expit, ndtr  # noqa: PLC0415 - scipy is slow to import and wanted only here

    grid = np.array(list(itertools.product(ON_DAYS, ON_WIDTHS, OFF_DAYS, OFF_WIDTHS)))
    on, w_on, off, w_off = grid.T[:, :, None]
    shape = expit((days - on) / w_on) * (1 - expit((days - off) / w_off))
    shape[:, days <= 0] = 0.0
    logs, depths, spreads = [], [], []
    for sigma in SIGMAS:
        w = 1 / (sigma**2 + counting)
        total, first, second = w.sum(), shape @ w, (shape**2) @ w + 1 / DEPTH_SD**2
        sum_y, cross = float(w @ y), shape @ (w * y)
        determinant = np.maximum(total * second - first**2, 1e-9)
        base = (second * sum_y - first * cross) / determinant
        slope = (total * cross - first * sum_y) / determinant
        rest = float(w @ y**2) - base * sum_y - slope * cross
        logs.append(0.5 * (np.log(w).sum() - np.log(determinant) - rest))
        depths.append(-slope)
        spreads.append(np.sqrt(total / determinant))
    log, depth, spread = (np.concatenate(v) for v in (logs, depths, spreads))
    weight = np.exp(log - log.max())
    on_days, off_days = (np.tile(grid[:, column], len(SIGMAS)) for column in (0, 2))
    return on_days, off_days, weight, depth, ndtr(depth / spread)


def _quantiles(values: Floats, share: Floats) -> Told:
    """Median and 95 % interval of weighted values."""
    order = np.argsort(values, kind="stable")
    places = np.searchsorted(np.cumsum(share[order]), [0.025, 0.5, 0.975])
    low, middle, high = (float(v) for v in values[order][np.minimum(places, len(values) - 1)])
    return Told(middle, low, high)


def courses_of(treatments: Sequence[Treatment], points: Sequence[Point], side: str) -> tuple[Course, ...]:
    """One for each treatment."""
    ends = [*treatments[1:], None][: len(treatments)]
    return tuple(course_of(t, following, points, side) for t, following in zip(treatments, ends, strict=True))
