"""Blinks, blepharospasm, eyelid myokymia: what eyelids do by themselves.

Blinks come at log-normal intervals with a long right tail (median lag between the eyes 0 ± 3 ms). A blink moves the
eye, too: a slow potential under the orbicularis oculi that is not muscle.
"""

from __future__ import annotations

import numpy as np

from hfs_emg.events import Kind
from hfs_emg.model import Side, Site
from hfs_emg.simulation.anatomy import Face
from hfs_emg.simulation.disorders import Blepharospasm, EyelidMyokymia
from hfs_emg.simulation.envelope import Envelope, burst
from hfs_emg.simulation.events import Discharge, Disturbance, Drive, Happening, Random, around, chance, offset, spread
from hfs_emg.simulation.scenario import Scenario

_EYE = Site.ORBICULARIS_OCULI


class BlinkMaker:
    """Makes blinks of one person."""

    def __init__(self, scenario: Scenario, face: Face, rng: Random) -> None:
        self._settings = scenario.blinks
        self._shape = scenario.carrier.spasm_shape
        self._face = face
        self._rng = rng
        self._leak = rng.uniform(0.0, 0.03)
        self._brow = rng.uniform(0.0, 0.1) if chance(rng, 0.5) else 0.0
        self._eye_inputs = face.inputs_at(_EYE)
        self._brow_inputs = face.inputs_at(Site.FRONTALIS)

    def interval_s(self, rate_per_min: float) -> float:
        """Time to the next blink: log-normal, the mean that of the rate, never below 0.35 s."""
        sigma = 0.65
        mean = 60.0 / rate_per_min
        return max(0.35, spread(self._rng, mean * float(np.exp(-(sigma**2) / 2)), sigma))

    def spontaneous(self, at_s: float) -> Happening:
        """One blink, sometimes two."""
        rng, s = self._rng, self._settings
        length = around(rng, 0.001 * s.duration_ms, 0.00063 * s.duration_ms, 0.0016 * s.duration_ms)
        level = spread(rng, s.amplitude_uv, 0.28)
        discharges = [self._closure(at_s, length, rng.uniform(0.010, 0.025), level, 0.003)]
        label = "blink"
        if chance(rng, s.doublets):
            label = "blink_doublet"
            again = at_s + length + rng.uniform(0.12, 0.35)
            discharges.append(
                self._closure(again, length, rng.uniform(0.010, 0.025), level * rng.uniform(0.5, 1.1), 0.003)
            )
        potentials = tuple(p for d in discharges for p in self._eye_potential(d.start_s, length))
        return Happening(Kind.BLINK, "both", label, tuple(discharges), potentials)

    def voluntary(self, at_s: float) -> Happening:
        """A firm blink made on purpose: larger, longer, slower."""
        rng = self._rng
        length = around(rng, 0.14, 0.08, 0.25)
        level = spread(rng, 2.0 * self._settings.amplitude_uv, 0.35)
        closure = self._closure(at_s, length, rng.uniform(0.020, 0.040), level, 0.005)
        return Happening(Kind.BLINK, "both", "blink_voluntary", (closure,), self._eye_potential(at_s, length))

    def _closure(self, at_s: float, length: float, rise: float, level: float, lag_spread: float) -> Discharge:
        rng = self._rng
        balance = float(np.clip(self._face.blink_balance + 0.05 * rng.standard_normal(), -0.4, 0.4))
        lag = self._face.blink_lag_s + lag_spread * float(np.clip(rng.standard_normal(), -2.5, 2.5))
        drives = []
        for side, strength, delay in ((Side.LEFT, 1.0 + balance, 0.0), (Side.RIGHT, 1.0 - balance, lag)):
            drives.append(Drive(side, _EYE, level * strength, delay))
            if self._brow > 0.0:
                drives.append(Drive(side, Site.FRONTALIS, level * strength * self._brow, delay))
            drives.append(Drive(side, Site.ZYGOMATICUS, level * strength * self._leak, delay))
        envelope = burst(self._shape, length, rise, rng.uniform(0.015, 0.045))
        return Discharge(at_s, envelope, tuple(drives), offset(rng))

    def _eye_potential(self, at_s: float, length: float) -> tuple[Disturbance, ...]:
        size = self._settings.eog_uv * spread(self._rng, 1.0, 0.25)
        if size <= 0.0:
            return ()
        weights = [(i, size) for i in self._eye_inputs] + [(i, 0.3 * size) for i in self._brow_inputs]
        return (Disturbance(at_s - 0.02, length + self._rng.uniform(0.18, 0.3), "hump", tuple(weights)),)


class BlepharospasmMaker:
    """Makes runs of bilateral bursts: flutter of a tenth of a second to many seconds."""

    def __init__(self, settings: Blepharospasm, scenario: Scenario, face: Face, rng: Random) -> None:
        self.settings = settings
        self._shape = scenario.carrier.spasm_shape
        self._balance = 0.6 * face.blink_balance
        self._rng = rng

    def run(self, at_s: float) -> Happening:
        """One run, its bursts closely spaced over a common tone."""
        s, rng = self.settings, self._rng
        length = around(rng, s.run_s, s.run_s / 4, s.run_s * 4)
        level = spread(rng, s.amplitude_uv, 0.4)
        discharges: list[Discharge] = []
        if chance(rng, 0.6):
            envelope = Envelope(
                "cosine",
                rng.uniform(0.04, 0.2),
                length,
                rng.uniform(0.04, 0.15),
                depth=rng.uniform(0.1, 0.4),
                rhythm_hz=s.bursts_hz,
            )
            discharges.append(Discharge(at_s, envelope, self._drives(level * rng.uniform(0.15, 0.6)), offset(rng)))
        time = at_s
        while time < at_s + length:
            burst_s = around(rng, 0.15, 0.06, 0.4)
            envelope = burst(self._shape, burst_s, rng.uniform(0.01, 0.04), rng.uniform(0.02, 0.06))
            discharges.append(Discharge(time, envelope, self._drives(level * spread(rng, 1.0, 0.3)), offset(rng)))
            time += max(0.6 * burst_s, spread(rng, 1.0 / s.bursts_hz, 0.3))
        return Happening(Kind.BLEPHAROSPASM, "both", "blepharospasm", tuple(discharges))

    def _drives(self, level: float) -> tuple[Drive, ...]:
        s, rng = self.settings, self._rng
        balance = self._balance + 0.04 * float(rng.standard_normal())
        lag = 0.006 * float(np.clip(rng.standard_normal(), -1.5, 1.5)) * 0.6
        parts = [(_EYE, 1.0), (Site.FRONTALIS, s.brow)]
        parts += [(site, s.lower_face) for site in (Site.ZYGOMATICUS, Site.ORBICULARIS_ORIS, Site.MENTALIS)]
        return tuple(
            Drive(side, site, level * strength * part * spread(rng, 1.0, 0.1), delay)
            for side, strength, delay in ((Side.LEFT, 1.0 + balance, 0.0), (Side.RIGHT, 1.0 - balance, lag))
            for site, part in parts
            if part > 0.0
        )


def eyelid_myokymia_bout(settings: EyelidMyokymia, at_s: float, rng: Random) -> Happening:
    """One bout of small bursts at a nearly steady rhythm in one lid, with a pause now and then."""
    side = Side(settings.side)
    length = around(rng, settings.bout_s, max(4.0, settings.bout_s / 4), settings.bout_s * 4)
    level = spread(rng, settings.amplitude_uv, 0.25)
    rhythm = settings.rhythm_hz * spread(rng, 1.0, 0.12)
    variation = rng.uniform(0.1, 0.3)
    discharges = []
    time = at_s
    while time < at_s + length:
        envelope = burst("bell", around(rng, 0.035, 0.02, 0.06), rng.uniform(0.008, 0.02), 0.012)
        discharges.append(Discharge(time, envelope, (Drive(side, _EYE, level * spread(rng, 1.0, 0.2)),), offset(rng)))
        time += max(0.08, (1.0 + variation * float(rng.standard_normal())) / rhythm)
    return Happening(Kind.TWITCH, side.value, "eyelid_myokymia", tuple(discharges))
