"""A simulated face that follows prompts: a `SimulatedFace`, and movements added when they are asked for.

The face itself goes on as it does by itself, spasms and blinks included. `follow` may be called while another thread reads: what is asked
for begins a reaction time after the samples that were read last.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import RAIL_HIGH, RAIL_LOW
from hfs_emg.model import Montage, Signal
from hfs_emg.simulation.cooperation import Cooperation
from hfs_emg.simulation.events import stream
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.front_end import MICROVOLTS_PER_COUNT
from hfs_emg.simulation.patient import Doing, Patient, Wish
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.wiring import Wiring

Samples = NDArray[np.float64]


class CooperativeFace:
    """One person with electrodes who does what is asked. Raises as `SimulatedFace`."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int = 0,
        rate_hz: float = 250.0,
        channels: int = 8,
        montage: Montage | None = None,
    ) -> None:
        self._base = SimulatedFace(scenario, seed=seed, rate_hz=rate_hz, channels=channels, montage=montage)
        settings = scenario.cooperation or Cooperation()
        anatomy = self._base.anatomy
        rng = stream(seed, scenario.name, 40)
        self._patient = Patient(
            settings, anatomy, scenario.anatomy.movement_asymmetry, scenario.expressions.amplitude, rng
        )
        self.wiring = Wiring(
            settings, channels, rate_hz=rate_hz, mains_hz=anatomy.mains_hz, seed=seed, name=scenario.name
        )
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
        counts = self._base.read(start, n)
        self._waves = [w for w in self._waves if w[0] + len(w[1]) > start]
        if not self._waves and self.wiring.plain:
            return counts
        microvolts = counts * MICROVOLTS_PER_COUNT + requested(self._waves, start, n, counts.shape[1])
        seen = np.rint(self.wiring.seen(microvolts, start) / MICROVOLTS_PER_COUNT)
        return np.ascontiguousarray(np.clip(seen, RAIL_LOW, RAIL_HIGH), np.int32)

    def waves_of(self, doing: Doing) -> list[tuple[int, Samples, Samples]]:
        """(first sample, wave, weight at each input) of what was done, as the electrodes see it with all leads in order."""
        return [wave for discharge in doing.discharges for wave in self._base.waves_of(discharge)]

    def _do(self, wish: Wish) -> None:
        doing = self._patient.follow(wish, self._read_to / self._base.signal.rate_hz)
        self.doings.append(doing)
        self._waves += self.waves_of(doing)


def requested(waves: list[tuple[int, Samples, Samples]], start: int, n: int, inputs: int) -> Samples:
    """(n, inputs) µV: the sum of the waves over samples start…start+n."""
    total = np.zeros((n, inputs))
    for first, wave, weights in waves:
        begin, end = max(first, start), min(first + len(wave), start + n)
        if begin < end:
            total[begin - start : end - start] += wave[begin - first : end - first, None] * weights
    return total
