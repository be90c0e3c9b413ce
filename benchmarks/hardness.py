"""How hard faces are, by what a plain detector makes of them: figures mean little without it.

The detector is that of `benchmarks.plain_detector`: 20 Hz up, 40 ms RMS, median + 5 MAD, two sites of one side and none of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.plain_detector import found_plainly
from benchmarks.rendered import Rendered, Renders
from benchmarks.subjects import DrawnSubject
from hfs_emg.evaluate import Found, score
from hfs_emg.simulation.truth import Truth

Plainly = tuple[Found, Truth]


@dataclass(frozen=True, slots=True)
class Hardness:
    """Shares, false spasms per hour of spasm-free faces, seconds, and the mean relative error of a recording's spasm time."""

    sensitivity: float | None
    precision: float | None
    f1: float | None
    false_per_hour: float | None
    onset_p90_s: float | None
    spasm_time_error: float | None


OF_THE_GOALS = Hardness(0.97, 0.44, 0.60, 280.0, 0.034, 0.38)
"""Of the faces on which the goals were set, as told with the goals: they are not ours, and nobody here has seen them."""


def plainly(face: DrawnSubject | Renders) -> Plainly:
    """What it finds in one face, and what is true."""
    if isinstance(face, DrawnSubject):
        drawn = face.face()
        counts = drawn.read(0, int(face.duration_s * drawn.signal.rate_hz))
        recording = Rendered(drawn.signal, drawn.montage, counts, drawn.truth(face.duration_s))
    else:
        recording = face.record()
    return found_plainly(recording, str(face.seed)), recording.truth


def hardness(pairs: Sequence[Plainly]) -> Hardness:
    """Over some faces."""
    all_faces = score(pairs)
    free = [(f, t) for f, t in pairs if not any(e.kind.value == "spasm" for e in t.episodes)]
    return Hardness(
        all_faces.sensitivity.value,
        all_faces.precision.value,
        all_faces.f1.value,
        score(free).false_per_hour.value if free else None,
        all_faces.onset.p90_absolute_s,
        all_faces.spasm_time_relative_error,
    )
