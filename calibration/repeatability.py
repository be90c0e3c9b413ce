"""How well a calibration repeats on the same day: coefficient of variation per channel, and the intraclass correlation over channels.

ICC(2,1): two-way random effects, absolute agreement, single measurement (Shrout & Fleiss 1979, Psychol Bull 86:420). A scale that cannot
repeat itself cannot show a change: clinical ratings of hemifacial spasm reach 0.41–0.71 between raters (Lee 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.envelope import Floats
from calibration.errors import ProfileUnfit
from calibration.profile import CalibrationProfile


@dataclass(frozen=True, slots=True)
class Repeatability:
    """Of `repeats` profiles. cv: by channel label, of the reference contraction; rest_cv: of rest. icc: None below two channels."""

    repeats: int
    cv: dict[str, float]
    rest_cv: dict[str, float]
    icc: float | None


def repeatability(profiles: Sequence[CalibrationProfile]) -> Repeatability:
    """Of two or more profiles of one subject and montage. Raises ProfileUnfit where they do not compare, ValueError below two."""
    if len(profiles) < 2:
        raise ValueError("repeatability needs two profiles")
    first = profiles[0]
    for other in profiles[1:]:
        other.check_fits(subject=first.subject, montage=first.montage, rate_hz=first.rate_hz, band_hz=first.band_hz)
        if len(other.channels) != len(first.channels):
            raise ProfileUnfit("The profiles have different channels: compare those of one montage.")
    labels = [c.channel.label for c in first.channels]
    levels = np.array(
        [[np.nan if (uv := p.reference_contraction(i)) is None else uv for i in range(len(labels))] for p in profiles]
    ).T
    rest = np.array([[p.rest_level(i) for i in range(len(labels))] for p in profiles]).T
    known = np.isfinite(levels).all(axis=1)
    cv = {label: float(row.std(ddof=1) / row.mean()) for label, row, k in zip(labels, levels, known, strict=True) if k}
    rest_cv = {label: float(row.std(ddof=1) / row.mean()) for label, row in zip(labels, rest, strict=True)}
    return Repeatability(len(profiles), cv, rest_cv, icc_2_1(levels[known]) if known.sum() >= 2 else None)


def icc_2_1(measured: Floats) -> float:
    """Of (targets, repeats), two of each at least. The example of Shrout & Fleiss gives 0.29.

    >>> table = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
    >>> round(icc_2_1(table), 2)
    0.29
    """
    targets, repeats = measured.shape
    mean = measured.mean()
    rows, columns = measured.mean(axis=1), measured.mean(axis=0)
    between = repeats * ((rows - mean) ** 2).sum() / (targets - 1)
    of_repeats = targets * ((columns - mean) ** 2).sum() / (repeats - 1)
    left = measured - rows[:, None] - columns[None, :] + mean
    error = (left**2).sum() / ((targets - 1) * (repeats - 1))
    total = between + (repeats - 1) * error + repeats * (of_repeats - error) / targets
    return float((between - error) / total) if total > 0 else 1.0
