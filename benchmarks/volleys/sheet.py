"""The sheet on which a scenario writes what the face does, and the truth that follows from it.

Layer `OWN` holds what the person's nervous system does by rule: movements, blinks, synkinesis. Layer `ECTOPIC` holds what one
side's nerve does by itself: spasms and twitches. They are kept apart so that a spasm's visibility is judged on the spasm alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.random import Generator

from benchmarks.volleys.person import Muscle, Person
from benchmarks.volleys.units import DRIVE_HZ, Floats, Volleys
from calibration.montage import Side, Site
from hfs_emg.events import Kind, SideName

Layer = Literal["own", "ectopic"]
LAYERS: tuple[Layer, ...] = ("own", "ectopic")
JOINED_S = 0.5
"""Discharges of one side no further apart than this are one spasm."""


@dataclass(frozen=True, slots=True)
class Firing:
    """How volleys come: discharges a second, the scatter of the units around each, the share of units in it."""

    rate_hz: float
    jitter_s: float
    share: float


@dataclass(frozen=True, slots=True)
class Happening:
    """An episode before its sites are judged. longest_s: its longest uninterrupted burst, where it is a spasm."""

    start_s: float
    end_s: float
    kind: Kind
    side: SideName | None
    sites: tuple[Site, ...]
    label: str
    longest_s: float = 0.0


class Sheet:
    """Everything that will be rendered: demand in µV per muscle, volleys per layer and muscle, eye potentials, happenings."""

    def __init__(self, face: Person, duration_s: float, rng: Generator) -> None:
        self.face = face
        self.duration_s = duration_s
        self.rng = rng
        self.happenings: list[Happening] = []
        self.eye: list[tuple[float, float, float]] = []
        """(time, µV at the lid, length) of lid movements."""
        self.talking: list[tuple[float, float]] = []
        self.starts: list[float] = []
        """When a two-sided movement or a phrase sets in: a spasm may set out from it."""
        self.blinks: list[tuple[float, float, float]] = []
        """(first discharge, last discharge, µV)."""
        self._demand: dict[Muscle, Floats] = {}
        self._references: dict[tuple[Muscle, Firing], float] = {}
        self._volleys: dict[tuple[Layer, Muscle], list[Volleys]] = defaultdict(list)

    def effort(self, muscle: Muscle, start_s: float, length_s: float, rise_s: float, uv: float) -> None:
        """A graded voluntary effort: smooth rise, unsteady plateau, slower fall."""
        n = int(length_s * DRIVE_HZ)
        first = int(start_s * DRIVE_HZ)
        demand = self._demand.setdefault(muscle, np.zeros(int(self.duration_s * DRIVE_HZ) + 1))
        if n < 4 or first < 0 or first + n >= len(demand):
            return
        t = np.arange(n) / DRIVE_HZ
        fall_s = min(1.4 * rise_s, length_s / 2)
        up, down = np.clip(t / rise_s, 0, 1), np.clip((length_s - t) / fall_s, 0, 1)
        knots = np.arange(0, length_s + 0.5, 0.25)
        unsteady = np.interp(t, knots, self.rng.lognormal(0, 0.12, len(knots)))
        demand[first : first + n] += uv * unsteady * np.sin(up * np.pi / 2) ** 2 * np.sin(down * np.pi / 2) ** 2

    def volley(self, layer: Layer, muscle: Muscle, times: Floats, uv: Floats, way: Firing) -> None:
        """Common discharges of a muscle's units; uv: the RMS that a long run of such discharges would have."""
        reference = self._references.get((muscle, way))
        if reference is None:
            reference = self.face.pools[muscle].volley_uv(self.rng, way.rate_hz, way.share, way.jitter_s)
            self._references[muscle, way] = reference
        n = len(times)
        gains = np.asarray(uv / reference)
        self._volleys[layer, muscle].append(Volleys(times, gains, np.full(n, way.jitter_s), np.full(n, way.share)))

    def demand(self, muscle: Muscle) -> Floats:
        """(n,) µV at DRIVE_HZ, the tone at rest included, which wanders over a minute."""
        n = int(self.duration_s * DRIVE_HZ) + 1
        knots = np.arange(0, self.duration_s + 30, 15)
        tone = self.face.tone_uv[muscle] * self.rng.lognormal(0, 0.25, len(knots))
        asked = self._demand.get(muscle)
        rest = np.interp(np.arange(n) / DRIVE_HZ, knots, tone)
        return rest if asked is None else np.hypot(asked, rest)

    def volleys(self, layer: Layer, muscle: Muscle) -> Volleys | None:
        """All of a muscle in one."""
        found = self._volleys.get((layer, muscle))
        if not found:
            return None
        names = ("times_s", "gains", "jitter_s", "shares")
        return Volleys(*(np.concatenate([getattr(v, name) for v in found]) for name in names))

    def note(
        self,
        kind: Kind,
        side: SideName | None,
        span: tuple[float, float],
        sites: Iterable[Site],
        *,
        label: str,
        longest_s: float = 0.0,
    ) -> None:
        """Write a happening into the truth, unless it reaches beyond the recording."""
        if 0 <= span[0] < span[1] < self.duration_s:
            self.happenings.append(Happening(*span, kind, side, tuple(dict.fromkeys(sites)), label, longest_s))

    def free(self, side: Side, start_s: float, end_s: float, margin_s: float) -> bool:
        """No ectopic activity of that side in the span or within the margin of it."""
        return not any(
            h.side == side.value and h.start_s < end_s + margin_s and start_s - margin_s < h.end_s
            for h in self.happenings
            if h.kind in (Kind.SPASM, Kind.TWITCH)
        )


def joined(happenings: Sequence[Happening]) -> list[Happening]:
    """Spasms and twitches of one side that lie no more than 500 ms apart are one; everything else as it is, in order."""
    out = [h for h in happenings if h.kind not in (Kind.SPASM, Kind.TWITCH)]
    for side in Side:
        last: Happening | None = None
        mine = (h for h in happenings if h.kind in (Kind.SPASM, Kind.TWITCH) and h.side == side.value)
        for now in sorted(mine, key=lambda h: h.start_s):
            if last is not None and now.start_s - last.end_s <= JOINED_S:
                last = _both(last, now)
                continue
            if last is not None:
                out.append(last)
            last = now
        if last is not None:
            out.append(last)
    return sorted(out, key=lambda h: (h.start_s, h.end_s))


def _both(first: Happening, second: Happening) -> Happening:
    leading = first if first.kind is Kind.SPASM or second.kind is not Kind.SPASM else second
    return replace(
        leading,
        start_s=first.start_s,
        end_s=max(first.end_s, second.end_s),
        sites=tuple(dict.fromkeys(first.sites + second.sites)),
        longest_s=max(first.longest_s, second.longest_s),
    )
