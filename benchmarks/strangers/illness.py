"""When spasms come: out of blinks, out of movements, and of themselves, in clusters; never on both sides at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.strangers.days import Stretch
from benchmarks.strangers.person import OOC, Person
from benchmarks.strangers.scenarios import SpasmPlan
from benchmarks.strangers.spasms import TONIC_S as LEAST_TONIC_S
from benchmarks.strangers.spasms import Burst, Pattern, attack, bursts_of, longest_burst_s, pattern
from benchmarks.strangers.stage import Happening, Stage
from calibration.montage import Side
from hfs_emg.events import Kind

APART_S = 0.6
"""Between spasms of different sides."""
ASLEEP = 0.3
"""Rate asleep relative to awake (Incirli 2019: significantly fewer)."""


@dataclass(slots=True)
class _Busy:
    """What is taken, per side."""

    taken: dict[Side, list[tuple[float, float]]] = field(default_factory=lambda: {side: [] for side in Side})

    def free(self, side: Side, start_s: float, end_s: float) -> bool:
        own = all(end_s + 0.05 < a or start_s - 0.05 > b for a, b in self.taken[side])
        return own and all(end_s + APART_S < a or start_s - APART_S > b for a, b in self.taken[side.other])


def ill_side(rng: np.random.Generator) -> Side:
    """More often the left (62 %, JNS 2023)."""
    return Side.LEFT if rng.random() < 0.62 else Side.RIGHT


def weaken_lid(rng: np.random.Generator, person: Person, side: Side) -> None:
    """Toxin in one lid leaves it 0.15–0.5 of its strength; the cheek, untouched, twitches as before."""
    person.weakness[side, OOC] = float(rng.uniform(0.15, 0.5))


def suffer(stage: Stage, rng: np.random.Generator, plan: SpasmPlan, first: Side, day: list[Stretch]) -> None:
    """All spasms of one face. Blinks and movements must have been made. first: the side that is ill, or was so first."""
    busy = _Busy()
    for side in (first, first.other) if plan.both_sides else (first,):
        own = pattern(rng, plan, side)
        rate = float(rng.uniform(*plan.rate_per_min))
        if side is not first:  # the other side is milder
            rate *= float(rng.uniform(0.3, 0.7))
            own = replace(own, amplitude_uv=own.amplitude_uv * float(rng.uniform(0.6, 1.0)))
        strike = _striker(stage, rng, own, plan, busy)
        calm = 0.5 if plan.both_sides else 1.0
        _out_of_blinks(stage, rng, own, calm * float(rng.uniform(*plan.from_blinks)), strike)
        _out_of_movements(stage, rng, calm * float(rng.uniform(*plan.from_movements)), strike)
        _of_themselves(rng, day, rate, strike)


_Strike = Callable[[float, str, float], Happening | None]


def _striker(stage: Stage, rng: np.random.Generator, own: Pattern, plan: SpasmPlan, busy: _Busy) -> _Strike:
    blinking = [(h.start_s - 0.05, h.end_s + 0.1) for h in stage.happenings if h.kind is Kind.BLINK]

    def strike(start_s: float, label: str, size: float = 1.0) -> Happening | None:
        tail = label == "spasm_blink_triggered"
        bursts: list[Burst] = bursts_of(rng, own, plan, start_s, tail)
        if plan.brief:
            bursts = bursts[:3]
        end_s = bursts[-1].start_s + bursts[-1].length_s
        if not tail and any(a < start_s < b for a, b in blinking):  # it would set out from the blink
            return None
        if end_s > stage.duration_s - 0.2 or not busy.free(own.side, start_s, end_s):
            return None
        form = "tonic" if longest_burst_s(bursts) >= LEAST_TONIC_S else "clonic"
        if rng.random() < own.lid_only and not tail:
            label = "spasm_lid"
        elif form == "tonic" and label == "spasm":
            label = "spasm_tonic"
        sized = replace(own, amplitude_uv=own.amplitude_uv * size)
        done = attack(stage, rng, sized, bursts, label)
        if done is None:
            return None
        busy.taken[own.side].append((done.start_s, done.end_s))
        done = replace(done, form="tonic" if form == "tonic" else "clonic")
        stage.happenings[-1] = done
        return done

    return strike


def _out_of_blinks(stage: Stage, rng: np.random.Generator, own: Pattern, share: float, strike: _Strike) -> None:
    """The tail begins about when the lids let go, at 0.3–1.5 times the size of the blink."""
    uv = stage.person.blink.drives[OOC]
    for blink in [h for h in stage.happenings if h.kind is Kind.BLINK]:
        if rng.random() < share:
            size = float(rng.uniform(0.3, 1.5)) * uv / own.amplitude_uv
            late = float(rng.uniform(0.02, 0.12))
            strike(max(blink.start_s + 0.03, blink.end_s + late), "spasm_blink_triggered", max(size, 0.5))


def _out_of_movements(stage: Stage, rng: np.random.Generator, share: float, strike: _Strike) -> None:
    """With it or following it, and not at every one (31.8 % of patients, Neurophysiol Clin 2024)."""
    moved = [h for h in stage.happenings if h.kind in (Kind.VOLUNTARY, Kind.ORAL)]
    for movement in moved:
        length = movement.end_s - movement.start_s
        if rng.random() < share:
            during = rng.random() < 0.2
            after = float(rng.uniform(0.1, 0.95)) * length if during else length + float(rng.exponential(0.4))
            strike(movement.start_s + after, "spasm_movement_triggered", 1.0)


def _of_themselves(rng: np.random.Generator, day: list[Stretch], per_min: float, strike: _Strike) -> None:
    """A Poisson process whose rate wanders between calm and bursty states of 5–60 s."""
    for part in day:
        rate = per_min / 60 * (ASLEEP if part.activity == "sleep" else 1.0)
        at, until, now = part.start_s, part.start_s, rate
        while at < part.end_s:
            if at >= until:
                until = at + float(rng.uniform(5, 60))
                now = rate * float(rng.choice([0.35, 2.3], p=[2 / 3, 1 / 3]))
            step = float(rng.exponential(1 / now))
            if at + step > until:
                at = until
                continue
            at += step
            if at < part.end_s:
                done = strike(at, "spasm", 1.0)
                at = done.end_s if done else at
