"""A profile made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from calibration.montage import Side, Site, default_montage
from calibration.profile import (
    BlinkProfile,
    CalibrationProfile,
    Caution,
    ChannelProfile,
    Level,
    Synkinesis,
    TaskRecord,
)

MONTAGE = default_montage(8)
FITS = {"subject": "S1", "montage": MONTAGE, "rate_hz": 250.0, "band_hz": (20.0, 110.0)}


def profile(scale: float = 1.0, *, later_s: float = 0.0) -> CalibrationProfile:
    names = ("tight_closure", "smile", "pucker", "brow_raise")
    return CalibrationProfile(
        subject="S1",
        made_utc=datetime(2026, 1, 5, 9, 30, tzinfo=UTC) + timedelta(seconds=later_s),
        software="test",
        simulated=True,
        sequence="full",
        rate_hz=250.0,
        band_hz=(20.0, 110.0),
        mains_hz=50.02,
        channels=tuple(
            ChannelProfile(c, 1.0 + i, 0.25, 2.5 + i, 1.75 + i, {n: Level(scale * (40.0 + i), 2.0, 3) for n in names})
            for i, c in enumerate(MONTAGE.channels)
        ),
        blinks=BlinkProfile(10, {Site.ORBICULARIS_OCULI: 1.1}, {Site.ORBICULARIS_OCULI: 0.05}, -0.002),
        crosstalk=np.eye(8) + 0.05 * (1 - np.eye(8)),
        crosstalk_sd=0.01 * (1 - np.eye(8)),
        synkinesis=(Synkinesis(Site.ZYGOMATICUS, "gentle_closure", 5.0, 12.0, 2.4),),
        tasks=(TaskRecord("smile", "one_side", 2, 1, Side.LEFT), TaskRecord("pucker", "cannot", 0, 0)),
        cautions=(Caution("dry electrode", ("EMG L OOC",), "words", 0.9, "press"),),
    )
