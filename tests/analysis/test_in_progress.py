"""What is shown while it goes on, in a stretch of activity that lasts."""

from __future__ import annotations

import numpy as np
import pytest
from streams import Stream, in_progress

from calibration.montage import Side, Site, default_montage
from hfs_emg.events import InProgress, Kind
from hfs_emg.model import Input, Signal

RATE_HZ = 250.0
LSB_UV = 0.0223517
FROM_S, TO_S = 6.0, 9.5
BROWS_S = (7.2, 7.9, 8.6)


@pytest.fixture(scope="module")
def shown() -> list[tuple[float, tuple[InProgress, ...]]]:
    """Mouth and cheek of the right side for 3.5 s; both brows three times for 0.3 s within that. What is shown every 40 ms, and when."""
    montage = default_montage(8)
    rng = np.random.default_rng(3)
    uv = rng.standard_normal((int(11 * RATE_HZ), 8))
    lower = [i for i in montage.on(Side.RIGHT) if montage.channels[i].site.lower_face]
    brows = [i for i, channel in enumerate(montage.channels) if channel.site is Site.FRONTALIS]
    for rows, start_s, end_s in ((lower, FROM_S, TO_S), *((brows, at_s, at_s + 0.3) for at_s in BROWS_S)):
        span = slice(int(start_s * RATE_HZ), int(end_s * RATE_HZ))
        uv[span, rows] *= 40.0
    counts = np.round(uv / LSB_UV).astype(np.int32)
    signal = Signal(RATE_HZ, tuple(Input(f"EXG {i + 1}", LSB_UV) for i in range(8)))
    stream = Stream(signal, montage, counts, np.zeros(len(counts), dtype=np.bool_))
    return [(end / RATE_HZ, now) for end, now in in_progress(stream, [10])]


def test_a_spasm_that_lasts_is_shown_soon_and_once_and_keeps_its_beginning(
    shown: list[tuple[float, tuple[InProgress, ...]]],
) -> None:
    for at_s, now in shown:
        if FROM_S + 0.12 <= at_s <= TO_S:
            (spasm,) = (p for p in now if p.side != "both")
            assert (spasm.kind, spasm.side) == (Kind.SPASM, "right")
            assert spasm.start_s == pytest.approx(FROM_S, abs=0.05)


def test_what_begins_within_a_long_stretch_is_shown_within_a_fifth_of_a_second(
    shown: list[tuple[float, tuple[InProgress, ...]]],
) -> None:
    for began_s in BROWS_S:
        seen = [at_s for at_s, now in shown if any(p.side == "both" and abs(p.start_s - began_s) < 0.1 for p in now)]
        assert began_s < seen[0] <= began_s + 0.2
