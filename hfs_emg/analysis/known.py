"""What a calibration profile tells the analysis before the first sample: resting levels, and crosstalk across the face.

Without a profile resting levels are learned within seconds, and crosstalk not at all. Symmetry is learned in both cases: what blinks and
contractions on request show of it made more false spasms on the tuning faces than learning it made (decision 16).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side
from calibration.profile import CalibrationProfile
from hfs_emg.errors import RequestError

Floats = NDArray[np.float64]

SURE_SD = 2.0
"""Crosstalk that stands out from its uncertainty by so much is nearer to the truth than none; the rest is left alone."""


@dataclass(frozen=True, slots=True)
class Known:
    """rest_power (channels,) µV²; crosstalk (channels, channels) and which of its entries are across the face and stand out from
    their uncertainty: those are taken off.
    """

    rest_power: Floats
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
        crosstalk=np.asarray(profile.crosstalk, dtype=np.float64),
        across=(sides[:, None] != sides[None, :]) & (np.abs(profile.crosstalk) >= SURE_SD * profile.crosstalk_sd),
    )
