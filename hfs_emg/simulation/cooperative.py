"""A simulated face that follows prompts: a `SimulatedFace`, and movements added when they are asked for.

The face itself goes on as it does by itself, spasms and blinks included. `follow` may be called while another thread reads: what is asked
for begins a reaction time after the samples that were read last.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import RAIL_HIGH, RAIL_LOW
from hfs_emg.events import Kind
from hfs_emg.model import Montage, Side, Signal
from hfs_emg.simulation.cooperation import Cooperation
from hfs_emg.simulation.events import Discharge, Happening, offset, stream
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.front_end import MICROVOLTS_PER_COUNT
from hfs_emg.simulation.movements import with_synkinesis, with_weak_lid
from hfs_emg.simulation.patient import Doing, Patient, habits_of
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.wiring import Wiring
from hfs_emg.simulation.wish import Wish

Samples = NDArray[np.float64]


SITTING_S = 900.0


class CooperativeFace:
    """One person with electrodes who does what is asked. Raises as `SimulatedFace`.

    sitting: the same person and electrodes so many quarters of an hour later.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int = 0,
        rate_hz: float = 250.0,
        channels: int = 8,
        montage: Montage | None = None,
        sitting: int = 0,
    ) -> None:
        self._base = SimulatedFace(scenario, seed=seed, rate_hz=rate_hz, channels=channels, montage=montage)
        settings = scenario.cooperation or Cooperation()
        anatomy = self._base.anatomy
        self._later = int(sitting * SITTING_S * rate_hz)
        self._rng = stream(seed, scenario.name, 500 + sitting)
        habit = habits_of(scenario, stream(seed, scenario.name, 40))
        self._patient = Patient(settings, anatomy, habit, self._rng)
        self.wiring = Wiring(settings, channels, rate_hz=rate_hz, seed=seed, name=scenario.name)
        self._wishes: deque[Wish] = deque()
        self._waves: list[tuple[int, Samples, Samples]] = []
        self._read_to = 0
        self.doings: list[Doing] = []
        """Everything that was done on request, in order."""

    @property
    def scenario(self) -> Scenario:
        """Who sits there."""
        return self._base.scenario

    @property
    def base(self) -> SimulatedFace:
        """The same person without prompts, and with all leads in order."""
        return self._base

    @property
    def signal(self) -> Signal:
        """As of `SimulatedFace`."""
        return self._base.signal

    def follow(self, wish: Wish) -> None:
        """The patient is asked for something; from any thread."""
        self._wishes.append(wish)

    def read(self, start: int, n: int) -> NDArray[np.int32]:
        """Counts of samples start to start + n, (n, inputs)."""
        while self._wishes:
            self._do(self._wishes.popleft())
        self._read_to = start + n
        counts = self._base.read(start + self._later, n)
        self._waves = [w for w in self._waves if w[0] + len(w[1]) > start]
        if not self._waves and self.wiring.plain:
            return counts
        microvolts = counts * MICROVOLTS_PER_COUNT + requested(self._waves, start, n, counts.shape[1])
        hum = None
        if self.wiring.hums:
            hum = self._base.hum(start + self._later, n) / np.maximum(self._base.anatomy.mains_uv, 1e-9)
        seen = np.rint(self.wiring.seen(microvolts, start, hum) / MICROVOLTS_PER_COUNT)
        return np.ascontiguousarray(np.clip(seen, RAIL_LOW, RAIL_HIGH), np.int32)

    def waves_of(self, doing: Doing) -> list[tuple[int, Samples, Samples]]:
        """(first sample, wave, weight at each input) of what was done, as the electrodes see it with all leads in order."""
        return [wave for discharge in doing.discharges for wave in self._base.waves_of(discharge)]

    def _do(self, wish: Wish) -> None:
        doing = self._patient.follow(wish, self._read_to / self._base.signal.rate_hz)
        doing = replace(doing, discharges=self._as_this_face(wish, doing.discharges))
        self.doings.append(doing)
        self._waves += self.waves_of(doing)

    def _as_this_face(self, wish: Wish, discharges: tuple[Discharge, ...]) -> tuple[Discharge, ...]:
        """What is asked for as a face with palsy or a treated lid does it: weaker there, and followed by what moves along."""
        scenario = self.scenario
        one_sided = wish.task.startswith("wink_")
        found = [Happening(Kind.VOLUNTARY, None if one_sided else "both", wish.task, (d,)) for d in discharges]
        if scenario.synkinesis is not None:
            found = [part for h in found for part in with_synkinesis(h, scenario.synkinesis, self._rng)]
        for spasms in scenario.spasms:
            if spasms.lid < 1.0:
                found = [with_weak_lid(h, Side(spasms.side), 0.3 + 0.7 * spasms.lid) for h in found]
        # Each muscle from a place of its own in the carriers: two stretches a fixed lag apart are no independent signals to a filter
        # that rings, and crosstalk is told from the raw signals.
        return tuple(
            replace(d, drives=(drive,), offset=offset(self._rng))
            for h in found
            for d in h.discharges
            for drive in d.drives
        )


def requested(waves: list[tuple[int, Samples, Samples]], start: int, n: int, inputs: int) -> Samples:
    """(n, inputs) µV: the sum of the waves over samples start…start+n."""
    total = np.zeros((n, inputs))
    for first, wave, weights in waves:
        begin, end = max(first, start), min(first + len(wave), start + n)
        if begin < end:
            total[begin - start : end - start] += wave[begin - first : end - first, None] * weights
    return total
