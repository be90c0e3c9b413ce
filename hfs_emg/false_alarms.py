"""How many false spasms an hour to expect at a given confidence: measured on simulated faces without hemifacial spasm.

`hfs_emg/analysis/false_alarms.json` (`hfs-emg/false-alarms/1`) is written by `make accuracy` and belongs to one model, which it
names by its content. It is from simulation, not from patients, and so is every figure made of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from hfs_emg.errors import RequestError
from hfs_emg.intervals import NOTHING, Estimate, bootstrap, poisson_rate

STORED = Path(__file__).parent / "analysis" / "false_alarms.json"
MODEL = Path(__file__).parent / "analysis" / "model.json"
EDGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Bins of confidence are [edge, next edge), the last one with its end; a rate can be told from each edge up."""

Count = Annotated[int, msgspec.Meta(ge=0)]


class FaceAlarms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One spasm-free face: what it was, its valid hours, and its false spasms per bin of confidence."""

    phenotype: str
    hours: Annotated[float, msgspec.Meta(ge=0)]
    counts: tuple[Count, ...]


class FalseAlarms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file. model: name and content of the model it was measured with."""

    schema: Literal["hfs-emg/false-alarms/1"]
    origin: Literal["simulation, not patients"]
    model: str
    edges: tuple[float, ...]
    faces: tuple[FaceAlarms, ...]

    @property
    def hours(self) -> float:
        """Valid hours of all faces."""
        return sum(face.hours for face in self.faces)


def bin_counts(confidences: Sequence[float], edges: Sequence[float] = EDGES) -> tuple[int, ...]:
    """How many of the confidences lie in each bin; those below the first edge in none."""
    counts, _ = np.histogram(confidences, bins=np.array(edges))
    return tuple(int(n) for n in counts)


def false_alarm_rate(alarms: FalseAlarms, threshold: float) -> Estimate:
    """False spasms per valid hour at this confidence or more, with a 95 % interval.

    The interval is the wider of two at either end: faces resampled, because some faces give many and most none; and Poisson's,
    which does not shrink to nothing where nothing was seen. Raises RequestError for a threshold that is no edge of the bins.
    """
    if threshold not in alarms.edges[:-1]:
        known = ", ".join(f"{e:g}" for e in alarms.edges[:-1])
        raise RequestError(
            f"False spasms were not counted from a confidence of {threshold:g} up: choose one of {known}."
        )
    first = alarms.edges.index(threshold)
    counted = np.array([(sum(f.counts[first:]), f.hours) for f in alarms.faces if f.hours > 0], np.float64)
    if not len(counted):
        return NOTHING

    def per_hour(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(sums[..., 0] / sums[..., 1])

    faces = bootstrap(counted, per_hour)
    events = poisson_rate(int(counted[:, 0].sum()), float(counted[:, 1].sum()))
    assert faces.low is not None
    assert faces.high is not None
    assert events.low is not None
    assert events.high is not None
    return Estimate(faces.value, min(faces.low, events.low), max(faces.high, events.high))


def model_mark(content: bytes) -> str:
    """Name and short content hash of a model file: which model a measurement belongs to."""
    name = msgspec.json.decode(content, type=_Named).name
    return f"{name} {hashlib.sha256(content).hexdigest()[:10]}"


@cache
def measured_false_alarms() -> FalseAlarms | None:
    """What is stored for the model that this program carries; None when nothing was measured for that one."""
    if not STORED.exists():
        return None
    stored = msgspec.json.decode(STORED.read_bytes(), type=FalseAlarms)
    return stored if stored.model == model_mark(MODEL.read_bytes()) else None


class _Named(msgspec.Struct, frozen=True):
    """What is needed of a model file."""

    name: str
