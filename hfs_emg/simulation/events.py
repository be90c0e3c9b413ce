"""What happens in a face: discharges of muscles, disturbances of electrodes, faults of inputs, and the happening they
make up.

A happening is one truth: its kind, side and finer label, with the parts that will be rendered. Times are seconds from
the start of the face. Everything random about a part was drawn when it was planned, so that rendering is a pure
function.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from hfs_emg.events import InvalidReason, Kind, SideName
from hfs_emg.model import Side, Site
from hfs_emg.simulation.envelope import Envelope

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Drive:
    """One muscle's part in a discharge: peak level in µV RMS at the skin, and its delay."""

    side: Side
    site: Site
    level_uv: float
    lag_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Discharge:
    """One contraction, a common envelope over several muscles. ectopic: fed by one focus, raw signals partly the
    same."""

    start_s: float
    envelope: Envelope
    drives: tuple[Drive, ...]
    offset: int
    ectopic: bool = False

    @property
    def end_s(self) -> float:
        """When nothing is left of it at any muscle."""
        return self.start_s + self.envelope.span_s + max((d.lag_s for d in self.drives), default=0.0)


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that is not a muscle, added to inputs. shape names an entry of `confounders.WAVES`; weights are (input,
    µV)."""

    start_s: float
    duration_s: float
    shape: str
    weights: tuple[tuple[int, float], ...]
    seed: int = 0

    @property
    def end_s(self) -> float:
        """When nothing is left of it."""
        return self.start_s + self.duration_s


FaultKind = Literal["rail", "flat", "lead_off", "drying", "mains"]


@dataclass(frozen=True, slots=True)
class Fault:
    """An input that is not as it should be for a while. size: rail sign, hum factor or final noise factor, by kind."""

    start_s: float
    end_s: float
    kind: FaultKind
    input: int
    size: float


@dataclass(frozen=True, slots=True)
class Happening:
    """One truth. kind None: rendered, but nothing that a reader should be told (heart beat, eye movement).

    reason and inputs name a stretch that counts for nothing; both sides of the face and all its parts belong to one
    happening.
    """

    kind: Kind | None
    side: SideName | None
    label: str
    discharges: tuple[Discharge, ...] = ()
    disturbances: tuple[Disturbance, ...] = ()
    faults: tuple[Fault, ...] = ()
    reason: InvalidReason | None = None
    inputs: tuple[int, ...] = field(default=())

    @property
    def start_s(self) -> float:
        """First discharge, disturbance or fault."""
        starts = [d.start_s + min(v.lag_s for v in d.drives) for d in self.discharges if d.drives]
        if not starts:
            starts = [d.start_s for d in self.disturbances] + [f.start_s for f in self.faults]
        return min(starts)

    @property
    def end_s(self) -> float:
        """When the last muscle contraction has sunk to a third, or the disturbance is over."""
        ends = [d.start_s + d.envelope.core_s for d in self.discharges]
        if not ends:
            ends = [d.end_s for d in self.disturbances] + [f.end_s for f in self.faults]
        return max(ends)


def around(rng: Random, median: float, low: float, high: float) -> float:
    """A log-normal draw from a median with its 5–95 % range, kept within 0.6 of the low and 1.6 of the high end."""
    sigma = math.log(high / low) / (2 * 1.645)
    return min(max(median * math.exp(sigma * rng.standard_normal()), 0.6 * low), 1.6 * high)


def spread(rng: Random, median: float, sigma: float) -> float:
    """A log-normal draw from a median and the standard deviation of the logarithm, within ±2.5 of it."""
    return median * math.exp(sigma * min(max(rng.standard_normal(), -2.5), 2.5))


def chance(rng: Random, probability: float) -> bool:
    """True with a probability."""
    return bool(rng.random() < probability)


def offset(rng: Random) -> int:
    """A place in the carrier banks."""
    return int(rng.integers(0, 2**31))


def stream(seed: int, name: str, purpose: int) -> Random:
    """A stream of random numbers of its own for a seed, a scenario or phenotype, and a purpose."""
    return np.random.default_rng((seed, zlib.crc32(name.encode()), purpose))


def either_side(rng: Random) -> Side:
    """Left or right."""
    return Side.LEFT if rng.random() < 0.5 else Side.RIGHT


def name_of(side: Side) -> SideName:
    """The side as episodes spell it."""
    return "left" if side is Side.LEFT else "right"
