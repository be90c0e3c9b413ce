"""What was found, in words and a small table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hfs_emg.analysis.document import Analysis
    from hfs_emg.events import Kind

SIMULATED = "SIMULATED: no person wore these electrodes."
NOT_A_DIAGNOSIS = "Counts are outputs of an algorithm, to be reviewed together with the raw trace. Not a diagnosis."


def summary_text(analysis: Analysis) -> str:
    """The burden of both sides, for people."""
    part = analysis.recording
    lines = [SIMULATED] if part.simulated else []
    lines.append(
        f"{part.duration_s:.0f} s at {part.sample_rate_hz:g} Hz, {part.valid_s:.0f} s of them valid for both sides; "
        f"{len(analysis.episodes)} episodes."
    )
    sides = {place.side for place in part.montage}
    if len(sides) == 1:
        lines.append(f"One side only ({sides.pop()}): one-sidedness cannot be seen, so nothing is called a spasm.")
    lines.append(
        f"{'':6} {'spasms':>7} {'per valid min':>14} {'spasm time':>11} {'clonic':>7} {'tonic':>6} {'longest':>8}"
    )
    for side, burden in analysis.summary.items():
        rate = "-" if burden.spasms_per_min is None else f"{burden.spasms_per_min:.2f}"
        lines.append(
            f"{side:6} {burden.spasms:7d} {rate:>14} {burden.spasm_time_s:9.1f} s {burden.clonic:7d} {burden.tonic:6d} "
            f"{burden.longest_s:6.1f} s"
        )
    if analysis.episodes:
        lines.append(f"All kinds: {kinds_text(e.kind for e in analysis.episodes)}")
    lines.append(NOT_A_DIAGNOSIS)
    return "\n".join(lines)


def kinds_text(kinds: Iterable[Kind]) -> str:
    """`12 spasm, 3 blink`, the most frequent first."""
    return ", ".join(f"{n} {kind.value}" for kind, n in Counter(kinds).most_common())
