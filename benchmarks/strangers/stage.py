"""What happens to one face: discharges per muscle, movements of eyes and lids, and what a clinician would call each happening."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.strangers.effort import SHAPES, unsteady
from benchmarks.strangers.muscles import Train
from benchmarks.strangers.person import Manner, Person, Place
from calibration.montage import Side, Site
from hfs_emg.events import Kind, SideName

LEAST_UV = 0.8
"""A muscle asked for less stays still."""


@dataclass(frozen=True, slots=True)
class Happening:
    """From its first to its last discharge. sites: the muscles driven, whether or not an electrode lies there."""

    start_s: float
    end_s: float
    kind: Kind
    side: SideName | None
    sites: frozenset[Site]
    label: str
    form: Literal["clonic", "tonic"] | None = None


@dataclass(frozen=True, slots=True)
class Lid:
    """A lid movement as the eye's potential shows it."""

    start_s: float
    length_s: float
    depth: float


@dataclass(frozen=True, slots=True)
class Miswiring:
    """Nerve fibres that grew back to the wrong muscle: of each µV of `of` so much goes to `to`, on one side."""

    side: Side
    gains: dict[tuple[Site, Site], float]
    lag_s: float


@dataclass(slots=True)
class Stage:
    """All of one face. Trains of spasms are kept apart, so that what they alone would give can be judged."""

    person: Person
    duration_s: float
    ordinary: dict[Place, list[Train]] = field(default_factory=dict)
    spastic: dict[Place, list[Train]] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    lids: list[Lid] = field(default_factory=list)
    miswiring: Miswiring | None = None

    def add(self, place: Place, train: Train, spastic: bool = False) -> None:
        """One more train for a muscle."""
        if len(train.times_s):
            (self.spastic if spastic else self.ordinary).setdefault(place, []).append(train)

    def graded(
        self,
        rng: np.random.Generator,
        place: Place,
        start_s: float,
        profile_uv: NDArray[np.float64],
        vigour: float = 1.0,
    ) -> tuple[float, float] | None:
        """Drive a muscle along a profile of 1 kHz; first and last discharge, or None where nothing stirred."""
        if len(profile_uv) == 0 or profile_uv.max() < LEAST_UV:
            return None
        pool = self.person.pools[place]
        share = profile_uv * (self.person.strength(*place) / pool.full_uv)
        train = pool.graded(rng, start_s, share, vigour)
        self.add(place, train)
        return train.span_s

    def note(
        self,
        spans: Iterable[tuple[float, float] | None],
        kind: Kind,
        side: SideName | None,
        sites: Iterable[Site],
        label: str,
    ) -> Happening | None:
        """Name what the spans together were; None when nothing stirred."""
        stirred = [s for s in spans if s is not None]
        if not stirred:
            return None
        happening = Happening(
            min(s[0] for s in stirred), max(s[1] for s in stirred), kind, side, frozenset(sites), label
        )
        self.happenings.append(happening)
        return happening


@dataclass(frozen=True, slots=True)
class Deed:
    """A movement to be made: from when, on which side (None: both), what it is, how strongly."""

    start_s: float
    side: Side | None
    kind: Kind
    label: str
    strength: float = 1.0


def enact(stage: Stage, rng: np.random.Generator, manner: Manner, deed: Deed) -> Happening | None:
    """Make one movement as this person makes it; what is wired wrongly follows as an own happening."""
    side = deed.side
    vary = np.exp(manner.variation * rng.standard_normal(4))
    timing = (manner.rise_s * vary[0], manner.hold_s * vary[1] ** 2, manner.fall_s * vary[2])
    base = unsteady(rng, SHAPES[manner.shape](rng, *timing), wander=0.1, tremor=0.05)
    spans, sites = [], set()
    peaks: dict[Site, float] = {}
    for site, uv in manner.drives.items():
        peaks[site] = uv * deed.strength * vary[3] * np.exp(0.5 * manner.variation * rng.standard_normal())
        lag = float(rng.uniform(0, manner.lag_s))
        lean = manner.asymmetry.get(site, 0.0) + rng.normal(0, 0.04)
        for where in Side:
            share = _share(manner, site, side, where, lean)
            late = lag + abs(rng.normal(0, 0.25 * manner.lag_s))
            if side is not None and where is not side:
                late += float(rng.uniform(0, 0.06))
            span = stage.graded(rng, (where, site), deed.start_s + late, base * (peaks[site] * share), manner.vigour)
            if span is not None and (side is None or where is side):
                sites.add(site)
            spans.append(span)
    found = stage.note(spans, deed.kind, "both" if side is None else side.value, sites, deed.label)
    if side is None:
        follow(stage, rng, deed.start_s, {site: base * peak for site, peak in peaks.items()}, manner.vigour)
    return found


def follow(
    stage: Stage,
    rng: np.random.Generator,
    start_s: float,
    profiles_uv: dict[Site, NDArray[np.float64]],
    vigour: float = 1.0,
) -> None:
    """What a miswired side adds to a two-sided movement: synkinesis, within 30 ms of it."""
    wrong = stage.miswiring
    if wrong is None or rng.random() > 0.97:
        return
    spans, sites = [], []
    for (of, to), gain in wrong.gains.items():
        if of not in profiles_uv:
            continue
        given = profiles_uv[of] * (gain * np.exp(0.2 * rng.standard_normal()))
        late = wrong.lag_s + float(rng.uniform(0, 0.008))
        span = stage.graded(rng, (wrong.side, to), start_s + late, given, vigour)
        if span is not None:
            spans.append(span)
            sites.append(to)
    stage.note(spans, Kind.SYNKINESIS, wrong.side.value, sites, "synkinesis")


def _share(manner: Manner, site: Site, side: Side | None, where: Side, lean: float) -> float:
    if side is None:
        return 1 + lean if where is Side.LEFT else 1 - lean
    return 1.0 if where is side else manner.leak.get(site, 0.0)


def blink(
    stage: Stage, rng: np.random.Generator, start_s: float, strength: float = 1.0, voluntary: bool = False
) -> Happening | None:
    """A blink of both lids with its eye potential and, often, a little late activity."""
    person = stage.person
    manner = person.blink
    if voluntary:
        slower = (manner.rise_s * 1.7, manner.hold_s * 2.0 + 0.03, manner.fall_s * 1.4)
        manner = replace(manner, rise_s=slower[0], hold_s=slower[1], fall_s=slower[2])
    label = "voluntary_blink" if voluntary else "blink"
    happening = enact(stage, rng, manner, Deed(start_s, None, Kind.BLINK, label, strength))
    stage.lids.append(Lid(start_s + 0.01, float(rng.uniform(0.18, 0.34)), strength * float(rng.uniform(0.7, 1.2))))
    if rng.random() < 0.35:
        for side in Side:
            tail = np.full(round(rng.uniform(60, 200)), rng.uniform(0.03, 0.08) * manner.drives[_LID] * strength)
            stage.graded(rng, (side, _LID), start_s + float(rng.uniform(0.12, 0.2)), tail)
    return happening


_LID = Site.ORBICULARIS_OCULI
