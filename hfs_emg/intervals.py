"""95 % intervals of what was counted.

A share of events: Wilson's score interval (J. Am. Stat. Assoc. 22, 1927). A rate in time: the exact Poisson interval (Garwood,
Biometrika 28, 1936). Shares over several recordings: percentiles over resampled recordings, because events of one face are alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

ENOUGH_RECORDINGS = 5
"""Fewer cannot be resampled into an interval that means anything; Wilson's is given then."""

_RESAMPLES = 2000
_Z = 1.959963984540054


class Estimate(msgspec.Struct, frozen=True):
    """A value with its 95 % interval; all None where there was nothing to count."""

    value: float | None
    low: float | None
    high: float | None


NOTHING = Estimate(None, None, None)


def wilson(hits: int, of: int) -> Estimate:
    """The share hits / of."""
    if of == 0:
        return NOTHING
    share = hits / of
    middle = share + _Z**2 / (2 * of)
    half = _Z * math.sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    scale = 1 + _Z**2 / of
    low = 0.0 if hits == 0 else (middle - half) / scale
    high = 1.0 if hits == of else (middle + half) / scale
    return Estimate(share, low, high)


def wilson_f1(matched: int, missed: int, false: int) -> Estimate:
    """F1 = 2 J / (1 + J) of the share J = matched / (matched + missed + false), whose interval goes through the same curve."""
    share = wilson(matched, matched + missed + false)
    if share.value is None or share.low is None or share.high is None:
        return NOTHING
    return Estimate(*(2 * j / (1 + j) for j in (share.value, share.low, share.high)))


def poisson_rate(events: int, duration: float) -> Estimate:
    """events / duration, per unit of the duration."""
    if duration <= 0:
        return NOTHING
    from scipy.special import gammaincinv  # noqa: PLC0415 - scipy is slow to import and wanted only here

    low = float(gammaincinv(events, 0.025)) if events else 0.0
    return Estimate(events / duration, low / duration, float(gammaincinv(events + 1, 0.975)) / duration)


def bootstrap(
    counts: NDArray[np.float64], measure: Callable[[NDArray[np.float64]], NDArray[np.float64]], seed: int = 1
) -> Estimate:
    """counts (recordings, k): what was counted in each; measure: (…, k) sums to (…,) values, nan where there is none."""
    value = float(measure(counts.sum(axis=0)))
    if math.isnan(value):
        return NOTHING
    picks = np.random.default_rng(seed).integers(0, len(counts), (_RESAMPLES, len(counts)))
    values = measure(counts[picks].sum(axis=1))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Estimate(value, min(float(low), value), max(float(high), value))


class CalibrationBin(msgspec.Struct, frozen=True):
    """Episodes whose confidence lies in [low, high): how many, what they claimed on average, and how many were right."""

    low: float
    high: float
    episodes: int
    mean_confidence: float | None
    share_right: float | None


def calibration(
    confidence: Sequence[float], right: Sequence[bool], bins: int = 10
) -> tuple[float | None, tuple[CalibrationBin, ...]]:
    """Expected calibration error, the mean distance of claim and truth over bins of equal width, and the bins."""
    claims, truths = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    place = np.clip((claims * bins).astype(np.int64), 0, bins - 1)
    rows = []
    error = 0.0
    for k in range(bins):
        inside = place == k
        n = int(inside.sum())
        claim = float(claims[inside].mean()) if n else None
        share = float(truths[inside].mean()) if n else None
        if claim is not None and share is not None:
            error += n / len(claims) * abs(claim - share)
        rows.append(CalibrationBin(k / bins, (k + 1) / bins, n, claim, share))
    return (error if len(claims) else None), tuple(rows)
