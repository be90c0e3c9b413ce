"""Which change between sessions is real: larger than sessions of one state differ among themselves.

Model: the logarithm of a session's rate, y = ln((n + 0.5) / minutes), varies with 1 / (n + 0.5) by counting (delta method) and with
sigma² from session to session. sigma² comes from repeat sessions: those at most 14 days apart with no treatment between them or in the 28
days before. The band is Student's t with Satterthwaite's degrees of freedom (Biometrics Bull. 2, 1946), because sigma is known from few
sessions only. With fewer than three degrees of freedom no change is called real.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import msgspec
import numpy as np

from hfs_emg.trend.points import Point
from hfs_emg.trend.treatments import Treatment

TOGETHER_DAYS = 14
SETTLING_DAYS = 28
LEAST_FREEDOM = 3
ERROR_RATE = 0.05
"""Of pairs of sessions between which nothing changed, this share is called really changed."""


class Repeatability(msgspec.Struct, frozen=True):
    """sigma: between-session standard deviation of the log rate, counting taken off; spread: with counting; freedom: degrees of it."""

    sigma: float
    spread: float
    freedom: int

    @property
    def enough(self) -> bool:
        """A change can be judged."""
        return self.freedom >= LEAST_FREEDOM


class Change(msgspec.Struct, frozen=True):
    """Of one session against another, or against the mean of several. ratio: of the rates, with its interval; real: None cannot be told."""

    ratio: float
    low: float | None
    high: float | None
    real: bool | None


def log_rate(point: Point) -> float:
    """ln of spasms per valid minute, half a spasm added."""
    return math.log((point.spasms + 0.5) / point.valid_min)


def counting_variance(point: Point) -> float:
    """Of the log rate."""
    return 1 / (point.spasms + 0.5)


def repeat_groups(points: Sequence[Point], treatments: Sequence[Treatment]) -> list[list[Point]]:
    """Points of one side, in order of time, in groups of one state; groups of one are left out."""
    groups: list[list[Point]] = []
    for point in points:
        day = point.at.date()
        since = [(day - t.day).days for t in treatments if t.day <= day]
        if since and min(since) <= SETTLING_DAYS:
            continue
        last = groups[-1][-1] if groups else None
        together = (
            last is not None
            and (day - groups[-1][0].at.date()).days <= TOGETHER_DAYS
            and not _treated_between(last.at.date(), day, treatments)
        )
        if together:
            groups[-1].append(point)
        else:
            groups.append([point])
    return [group for group in groups if len(group) > 1]


def repeatability(groups: Sequence[Sequence[Point]]) -> Repeatability:
    """From groups of repeat sessions."""
    freedom = sum(len(group) - 1 for group in groups)
    if not freedom:
        return Repeatability(math.nan, math.nan, 0)
    squares = sum(float(np.var([log_rate(p) for p in group]) * len(group)) for group in groups)
    counting = sum((len(g) - 1) * float(np.mean([counting_variance(p) for p in g])) for g in groups) / freedom
    spread = squares / freedom
    return Repeatability(math.sqrt(max(0.0, spread - counting)), math.sqrt(spread), freedom)


def change(reference: Sequence[Point], later: Point, repeats: Repeatability) -> Change:
    """Of a session against the mean log rate of its reference sessions."""
    middle = float(np.mean([log_rate(p) for p in reference]))
    apart = log_rate(later) - middle
    reach = _reach(reference, counting_variance(later), repeats)
    if reach is None:
        return Change(math.exp(apart), None, None, None)
    return Change(math.exp(apart), math.exp(apart - reach), math.exp(apart + reach), abs(apart) > reach)


def band(reference: Sequence[Point], repeats: Repeatability) -> tuple[float, float] | None:
    """Rates between which a session as long as the reference's is no real change; None: it cannot be told."""
    middle = float(np.mean([log_rate(p) for p in reference]))
    minutes = float(np.median([p.valid_min for p in reference]))
    reach = _reach(reference, 1 / (math.exp(middle) * minutes + 0.5), repeats)
    return None if reach is None else (math.exp(middle - reach), math.exp(middle + reach))


def _reach(reference: Sequence[Point], counting: float, repeats: Repeatability) -> float | None:
    """Half-width of the interval of a difference of log rates."""
    if not repeats.enough:
        return None
    from scipy.special import stdtrit  # noqa: PLC0415 - scipy is slow to import and wanted only here

    n = len(reference)
    of_mean = sum(counting_variance(p) for p in reference) / n**2
    variance = of_mean + counting + repeats.sigma**2 * (1 + 1 / n)
    estimated = repeats.spread**2 * (1 + 1 / n)
    freedom = repeats.freedom * (variance / estimated) ** 2 if estimated > 0 else math.inf
    t = float(stdtrit(min(max(freedom, 1.0), 1e6), 1 - ERROR_RATE / 2))
    return t * math.sqrt(variance)


def reference_of(points: Sequence[Point], treatment: date | None) -> list[Point]:
    """Sessions of the last 28 days before a treatment that belong together; without one, the first sessions."""
    before = [p for p in points if treatment is None or p.at.date() <= treatment]
    if not before:
        return []
    if treatment is None:
        return [p for p in before if (p.at - before[0].at).days <= TOGETHER_DAYS]
    return [p for p in before if (before[-1].at - p.at).days <= SETTLING_DAYS]


def _treated_between(start: date, end: date, treatments: Sequence[Treatment]) -> bool:
    return any(start <= t.day <= end for t in treatments)
