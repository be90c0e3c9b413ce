"""What is not muscle: motion, pops, pulled cables, leads that come off, rails, drying electrodes, hum that rises, heart
beat, eye movements.

Disturbances add a waveform to some inputs; faults change an input for a while. Both are labelled as artefact with a
stretch that counts for nothing, except heart beat and eye movements, which belong to every recording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from hfs_emg.events import Kind
from hfs_emg.model import Side, Site
from hfs_emg.simulation.activity import steady_times
from hfs_emg.simulation.anatomy import Face
from hfs_emg.simulation.events import Disturbance, Fault, Happening, Random, around, chance, either_side, offset, spread
from hfs_emg.simulation.scenario import Scenario

Samples = NDArray[np.float64]


def _hump(t: Samples, duration: float, _seed: int) -> Samples:
    return np.sin(np.pi * np.clip(t / duration, 0.0, 1.0)) ** 2


def _eye_step(t: Samples, duration: float, _seed: int) -> Samples:
    return (1.0 - np.exp(-t / 0.02)) * np.exp(-t / (0.3 * duration))


def _pop(t: Samples, duration: float, _seed: int) -> Samples:
    return np.exp(-t / (duration / 6.0))


def _motion(t: Samples, duration: float, seed: int) -> Samples:
    """0.5–15 Hz, rising and falling, about 1 at its peak."""
    rng = np.random.default_rng(seed)
    wave = np.zeros(len(t))
    for _ in range(5):
        f = float(np.exp(rng.uniform(np.log(0.5), np.log(15.0))))
        wave += rng.uniform(0.3, 1.0) * np.sin(2 * np.pi * f * t + rng.uniform(0.0, 6.28)) / np.sqrt(max(1.0, f))
    return np.sin(np.pi * np.clip(t / duration, 0.0, 1.0)) * wave


def _tug(t: Samples, duration: float, seed: int) -> Samples:
    """A jerk, its ringing at 6–40 Hz, and a slow return."""
    rng = np.random.default_rng(seed)
    ring = np.sin(2 * np.pi * rng.uniform(6.0, 40.0) * t + rng.uniform(0.0, 6.28)) * np.exp(
        -t / rng.uniform(0.03, 0.15)
    )
    scrape = np.repeat(rng.standard_normal(len(t) // 16 + 1), 16)[: len(t)] * np.exp(-t / rng.uniform(0.05, 0.25))
    back = (1.0 - np.exp(-t / 0.01)) * np.exp(-t / (duration / 5.0))
    return 0.5 * ring + rng.uniform(0.05, 0.3) * scrape + rng.uniform(0.3, 1.0) * back


def _heart_beat(t: Samples, duration: float, _seed: int) -> Samples:
    x = t / duration
    parts = ((-0.15, 0.30, 0.06), (1.0, 0.45, 0.07), (-0.35, 0.62, 0.07))
    return np.asarray(np.sum([size * np.exp(-0.5 * ((x - at) / width) ** 2) for size, at, width in parts], axis=0))


WAVES: dict[str, Callable[[Samples, float, int], Samples]] = {
    "hump": _hump,
    "eye_step": _eye_step,
    "pop": _pop,
    "motion": _motion,
    "tug": _tug,
    "heart_beat": _heart_beat,
}
"""Waveforms by name: times since the start (s), duration (s), seed → about unit size."""


class Confounders:
    """All that electrodes and the rest of the body add to one face, in chapters."""

    def __init__(self, scenario: Scenario, face: Face, rng: Random) -> None:
        electrodes = scenario.electrodes
        self._electrodes = electrodes
        self._face = face
        self._rng = rng
        self._hum = scenario.mains.level_uv
        rates_hz = {
            self._motion: electrodes.motion_per_min / 60,
            self._pop: electrodes.pops_per_min / 60,
            self._cable: electrodes.tugs_per_min / 60,
            self._lead_off: electrodes.lead_offs_per_hour / 3600,
            self._rail: electrodes.rails_per_hour / 3600,
            self._touch: scenario.mains.touches_per_min / 60,
            self._saccade: 0.0 if scenario.sleep is not None else scenario.blinks.saccades_per_min / 60,
        }
        self._makers = [(make, steady_times(rate, rng)) for make, rate in rates_hz.items() if rate > 0.0]
        self._next = [next(times) for _, times in self._makers]
        self._beat_s = rng.uniform(0.0, 1.0)
        self._beat_every_s = 60.0 / rng.uniform(52.0, 95.0)
        self._dried = electrodes.drying == 0

    def until(self, end_s: float) -> Iterator[Happening]:
        """What starts before end_s and was not handed out yet, kind by kind."""
        if not self._dried:
            self._dried = True
            yield from self._drying()
        for i, (make, times) in enumerate(self._makers):
            while self._next[i] < end_s:
                yield make(self._next[i])
                self._next[i] = next(times)
        if self._electrodes.ecg_uv > 0.0:
            yield from self._beats(end_s)

    def _some_inputs(self, most: int) -> tuple[int, ...]:
        """Neighbouring inputs, as one hand or one fold of skin moves them."""
        placed = [i for i, place in enumerate(self._face.places) if place is not None]
        first = int(self._rng.integers(0, len(placed)))
        return tuple(placed[first : first + int(self._rng.integers(1, most + 1))])

    def _motion(self, at_s: float) -> Happening:
        rng = self._rng
        duration = around(rng, 0.6, 0.15, 2.0)
        inputs = self._some_inputs(4)
        size = around(rng, self._electrodes.motion_uv, self._electrodes.motion_uv / 5, self._electrodes.motion_uv * 5)
        weights = tuple((i, size * rng.uniform(0.3, 1.0) * rng.choice((-1.0, 1.0))) for i in inputs)
        part = Disturbance(at_s, duration, "motion", weights, offset(rng))
        return Happening(Kind.ARTEFACT, None, "motion", disturbances=(part,), reason="motion", inputs=inputs)

    def _pop(self, at_s: float) -> Happening:
        rng = self._rng
        inputs = self._some_inputs(1)
        size = around(rng, self._electrodes.pop_uv, self._electrodes.pop_uv / 6, self._electrodes.pop_uv * 8)
        weights = tuple((i, size * rng.choice((-1.0, 1.0))) for i in inputs)
        part = Disturbance(at_s, 6.0 * around(rng, 0.15, 0.05, 0.5), "pop", weights)
        return Happening(Kind.ARTEFACT, None, "pop", disturbances=(part,), reason="pop", inputs=inputs)

    def _cable(self, at_s: float) -> Happening:
        rng = self._rng
        side = either_side(rng)
        inputs = self._face.inputs_on(side)
        size = around(rng, self._electrodes.motion_uv, self._electrodes.motion_uv / 4, self._electrodes.motion_uv * 6)
        duration = around(rng, 0.7, 0.2, 2.0)
        sign = rng.choice((-1.0, 1.0))
        weights = tuple((i, sign * size * spread(rng, 1.0, 0.5)) for i in inputs)
        part = Disturbance(at_s, duration, "tug", weights, offset(rng))
        return Happening(Kind.ARTEFACT, None, "cable_tug", disturbances=(part,), reason="motion", inputs=inputs)

    def _lead_off(self, at_s: float) -> Happening:
        rng = self._rng
        (number,) = self._some_inputs(1)
        end_s = at_s + around(rng, 12.0, 1.0, 60.0)
        flat = chance(rng, 0.3)
        fault = Fault(at_s, end_s, "flat" if flat else "lead_off", number, 0.0 if flat else rng.uniform(15.0, 90.0))
        jolt = Disturbance(at_s - 0.05, 1.0, "pop", ((number, rng.uniform(-3000.0, 3000.0)),))
        back = Disturbance(end_s, 1.5, "pop", ((number, rng.uniform(-3000.0, 3000.0)),))
        return Happening(
            Kind.ARTEFACT,
            None,
            "flat_line" if flat else "lead_off",
            (),
            (jolt, back),
            (fault,),
            "flat" if flat else "lead_off",
            (number,),
        )

    def _rail(self, at_s: float) -> Happening:
        rng = self._rng
        (number,) = self._some_inputs(1)
        fault = Fault(at_s, at_s + around(rng, 8.0, 1.0, 60.0), "rail", number, float(rng.choice((-1.0, 1.0))))
        return Happening(Kind.ARTEFACT, None, "rail", faults=(fault,), reason="rail", inputs=(number,))

    def _touch(self, at_s: float) -> Happening:
        rng = self._rng
        factor = rng.uniform(2.0, 6.0)
        end_s = at_s + around(rng, 6.0, 1.0, 20.0)
        inputs = self._face.inputs_on(either_side(rng)) if chance(rng, 0.5) else tuple(range(len(self._face.places)))
        faults = tuple(Fault(at_s, end_s, "mains", i, factor) for i in inputs)
        told = factor * self._hum > 30.0
        return Happening(
            Kind.ARTEFACT if told else None,
            None,
            "mains_step",
            faults=faults,
            reason="mains" if told else None,
            inputs=inputs,
        )

    def _saccade(self, at_s: float) -> Happening:
        rng = self._rng
        size = around(rng, 40.0, 15.0, 120.0) * rng.choice((-1.0, 1.0))
        weights = tuple(
            (i, size * (1.0 if i in self._face.inputs_on(Side.LEFT) else -0.9))
            for i in self._face.inputs_at(Site.ORBICULARIS_OCULI)
        )
        return Happening(
            None, None, "saccade", disturbances=(Disturbance(at_s, rng.uniform(0.4, 1.5), "eye_step", weights),)
        )

    def _drying(self) -> Iterator[Happening]:
        placed = [i for i, place in enumerate(self._face.places) if place is not None]
        chosen = self._rng.permutation(placed)[: self._electrodes.drying]
        for number in sorted(int(i) for i in chosen):
            useless_s = 60.0 * self._electrodes.drying_min * spread(self._rng, 1.0, 0.3)
            fault = Fault(0.0, useless_s, "drying", number, self._rng.uniform(3.0, 8.0))
            yield Happening(None, None, "drying", faults=(fault,))
            time = useless_s
            for reason in ("rail", "lead_off"):
                end_s = time + self._rng.uniform(20.0, 90.0)
                size = 1.0 if reason == "rail" else self._rng.uniform(15.0, 90.0)
                gone = Fault(time, end_s, "rail" if reason == "rail" else "lead_off", number, size)
                label = "dry_electrode_rails" if reason == "rail" else "electrode_comes_off"
                yield Happening(
                    Kind.ARTEFACT,
                    None,
                    label,
                    faults=(gone,),
                    reason="rail" if reason == "rail" else "lead_off",
                    inputs=(number,),
                )
                time = end_s + self._rng.uniform(2.0, 20.0)

    def _beats(self, end_s: float) -> Iterator[Happening]:
        weights = tuple((i, float(w)) for i, w in enumerate(self._face.ecg_weights))
        while self._beat_s < end_s:
            yield Happening(
                None, None, "heart_beat", disturbances=(Disturbance(self._beat_s, 0.08, "heart_beat", weights),)
            )
            breath = 0.05 * float(np.sin(2 * np.pi * 0.1 * self._beat_s))
            self._beat_s += self._beat_every_s * (1.0 + breath + 0.02 * float(self._rng.standard_normal()))
