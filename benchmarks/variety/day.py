"""What one person does in one recording: the state that movements, mouth, lids and spasms share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.random import Generator

from benchmarks.variety.draws import Flanks, Floats, log_normal, renewal_times
from benchmarks.variety.life import Life
from benchmarks.variety.person import OOC, SIDES, Person, sign
from calibration.montage import Side, Site
from hfs_emg.events import Kind

_MAIN = 0.12
"""A site with at least this part of a movement belongs to it."""


class Day:
    """What is done is pushed into the person's muscles and noted there; later occupations look at the earlier ones."""

    def __init__(self, rng: Generator, person: Person, life: Life) -> None:
        self.rng, self.person, self.life = rng, person, life
        self.duration_s = person.duration_s
        self.busy: list[tuple[float, float]] = []
        """(start_s, end_s) of movements."""
        self.eyes: list[tuple[float, float]] = []
        """(time_s, µV) of the slow potential under each blink."""
        self.saccades: list[tuple[float, float]] = []
        """(time_s, µV), signed."""

    def free(self, start_s: float, end_s: float, margin_s: float = 0.4) -> bool:
        """Whether no movement runs from start_s to end_s, nor close to it."""
        return all(end_s + margin_s < a or start_s - margin_s > b for a, b in self.busy)

    def left_by_toxin(self, side: Side, site: Site) -> float:
        """The part of a voluntary effort that a treated lid still shows: it loses less than a spasm does."""
        treated = self.life.toxin < 1 and side is self.life.side and site is OOC
        return float(self.life.toxin**0.7) if treated else 1.0

    def move(
        self,
        kind: Kind,
        label: str,
        start_s: float,
        length_s: float,
        flanks: Flanks,
        *,
        microvolts: float,
        parts: Mapping[Site, float],
        sides: Sequence[Side] = SIDES,
    ) -> None:
        """One graded movement. parts: each site's part of µV RMS. Sides differ by some 18 ms and 8 %."""
        rng, person = self.rng, self.person
        steadiness = self._steadiness(length_s)
        shift_s, tilt = rng.normal(0, 0.018), rng.normal(0, 0.08)
        for side in sides:
            late = sign(side) * shift_s / 2
            for site, part in parts.items():
                if part <= 0:
                    continue
                level = microvolts * part * person.gain(side, site) * (1 + sign(side) * tilt)
                person.push(
                    (side, site),
                    start_s + late + abs(rng.normal(0, 0.006)),
                    start_s + length_s + late + rng.normal(0, 0.04),
                    flanks,
                    level * self.left_by_toxin(side, site),
                    steadiness=steadiness,
                )
        main = [site for site, part in parts.items() if part >= _MAIN]
        side_moved = None if len(sides) == 2 else sides[0]
        end_s = start_s + length_s
        person.note(start_s + 0.12 * flanks.rise_s, end_s + 0.6 * flanks.decay_s, kind, label, side_moved, sites=main)
        self.busy.append((start_s, end_s + flanks.decay_s))

    def look_around(self) -> None:
        """Saccades: small steps either way."""
        rng = self.rng
        self.saccades = [
            (t, float(rng.choice([-1, 1])) * log_normal(rng, 45, 0.6, 15, 200))
            for t in renewal_times(rng, self.life.saccade, 0, self.duration_s - 4, 0.2)
        ]

    def _steadiness(self, length_s: float) -> Floats:
        return np.exp(0.22 * self.rng.standard_normal(max(3, int(length_s / 0.35) + 2)))
