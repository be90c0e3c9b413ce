"""What a calibration profile tells the analysis before the first sample: resting levels, habitual symmetry, crosstalk across the face.

Without a profile all three are learned from the stream, the first two within seconds and minutes, the last one not at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.crosstalk import RELIABLE_SD
from calibration.montage import Montage, Side
from calibration.profile import CalibrationProfile
from hfs_emg.errors import RequestError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Known:
    """rest_power (channels,) µV²; habit_log2: by (left, right) channel, log2 of left over right in two-sided movement; crosstalk
    (channels, channels) and which of its entries are across the face and known well enough to be taken off.
    """

    rest_power: Floats
    habit_log2: dict[tuple[int, int], float]
    crosstalk: Floats
    across: NDArray[np.bool_]


def known_of(profile: CalibrationProfile, montage: Montage, rate_hz: float) -> Known:
    """What a profile says of a montage at a rate. Raises RequestError where it was made for another."""
    if profile.montage != montage:
        raise RequestError(
            "The calibration profile was made with another montage: calibrate again, or go on without it."
        )
    if abs(profile.rate_hz - rate_hz) > 1e-6:
        raise RequestError(
            f"The calibration profile was made at {profile.rate_hz:g} Hz and this is {rate_hz:g} Hz, where levels are others: "
            "calibrate again, or go on without it."
        )
    sides = np.array([c.side is Side.RIGHT for c in montage.channels])
    return Known(
        rest_power=np.array([c.rest_uv**2 for c in profile.channels]),
        habit_log2=_habits(profile, montage),
        crosstalk=np.asarray(profile.crosstalk, dtype=np.float64),
        across=(sides[:, None] != sides[None, :]) & (profile.crosstalk_sd <= RELIABLE_SD),
    )


def _habits(profile: CalibrationProfile, montage: Montage) -> dict[tuple[int, int], float]:
    """Geometric mean of what blinks and reference contractions show, where they were measured."""
    found = {}
    for left in montage.on(Side.LEFT):
        right = montage.twin(left)
        if right is None:
            continue
        site = montage.channels[left].site
        ratios = [r for r in (profile.symmetry(site), profile.blink_ratio(site)) if r is not None and r > 0]
        if ratios:
            found[left, right] = -sum(math.log2(r) for r in ratios) / len(ratios)
    return found
