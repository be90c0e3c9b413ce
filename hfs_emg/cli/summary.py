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
CONFIDENCES = (0.5, 0.8, 0.95)
"""Where spasms are counted by confidence."""


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
    if len(sides) > 1:
        lines.append(reliability_line(analysis))
    if analysis.episodes:
        lines.append(f"All kinds: {kinds_text(e.kind for e in analysis.episodes)}")
    lines.append(NOT_A_DIAGNOSIS)
    return "\n".join(lines)


def reliability_line(analysis: Analysis) -> str:
    """The spasms by confidence, and how many of each an hour would be false on a face without any: measured in simulation only."""
    from hfs_emg.events import KINDS
    from hfs_emg.false_alarms import false_alarm_rate, measured_false_alarms

    confidences = [e.confidence for e in analysis.episodes if KINDS[e.kind].counts_as_spasm]
    counts = ", ".join(f"{sum(c >= edge for c in confidences)} at ≥ {edge:g}" for edge in CONFIDENCES)
    found = f"Spasms by confidence in {analysis.recording.valid_s / 3600:.2f} valid h: {counts}."
    alarms = measured_false_alarms()
    if alarms is None:
        return f"{found} How many of them may be false was not measured for this version's model."
    rates = [false_alarm_rate(alarms, edge) for edge in CONFIDENCES]
    expected = ", ".join(f"{r.low:.1f}–{r.high:.1f}" for r in rates if r.low is not None and r.high is not None)
    return (
        f"{found} False ones per hour on {len(alarms.faces)} simulated faces without spasm ({alarms.hours:.1f} h, not patients; "
        f"95 %): {expected or '-'}."
    )


def kinds_text(kinds: Iterable[Kind]) -> str:
    """`12 spasm, 3 blink`, the most frequent first."""
    return ", ".join(f"{n} {kind.value}" for kind, n in Counter(kinds).most_common())
