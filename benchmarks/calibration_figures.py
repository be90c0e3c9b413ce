"""Measured over true, of one calibration: what the trials and the runs over a wire both keep."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from benchmarks.calibration_trials import Found, true_crosstalk
from calibration.montage import Side, Site
from calibration.tasks import REFERENCE_TASKS


def ratios(found: Sequence[float | None], truth: Sequence[float | None]) -> list[float]:
    """Where both are known."""
    return [f / t for f, t in zip(found, truth, strict=True) if f and t]


def contractions(good: Found, truth: list[dict[str, float]]) -> list[float]:
    """Of each channel whose task was done. truth: by channel, the level of each task."""
    rows = [(c.reference, truth[i].get(REFERENCE_TASKS[c.channel.site])) for i, c in enumerate(good.profile.channels)]
    return [level.uv / true for level, true in rows if level is not None and true]


def symmetries(good: Found, truth: list[dict[str, float]]) -> list[float]:
    """Right over left of the contractions, of each site."""
    found = []
    for site in Site:
        measured = good.profile.symmetry(site)
        places = [good.observation.montage.index(side, site) for side in Side]
        levels = [level for i in places if i is not None and (level := truth[i].get(REFERENCE_TASKS[site]))]
        if measured is not None and len(levels) == 2:
            found.append(measured / (levels[1] / levels[0]))
    return found


def scatter_of_blinks(good: Found) -> list[float]:
    """Standard error of the logarithm of right over left in blinks, by their own scatter; empty where it is not known."""
    blinks = good.profile.blinks
    spread = None if blinks is None else blinks.spread.get(Site.ORBICULARIS_OCULI)
    return [] if blinks is None or spread is None else [round(spread / math.sqrt(blinks.count), 4)]


def crosstalk(good: Found) -> list[tuple[float, float, float]]:
    """Of each pair of channels: truth, error, and the uncertainty that the profile tells."""
    truth = true_crosstalk(good.face, good.observation.montage)
    apart = ~np.eye(len(truth), dtype=bool)
    error, sd = good.profile.crosstalk - truth, good.profile.crosstalk_sd
    rows = zip(truth[apart], error[apart], sd[apart], strict=True)
    return [(round(float(t), 4), round(float(e), 4), round(float(s), 5)) for t, e, s in rows]
