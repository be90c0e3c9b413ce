"""A patient who follows prompts: what is asked for, turned into discharges.

Someone who cooperates reacts after a moment, holds about as long as asked, and now and then gets it wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

from hfs_emg.model import Side, Site
from hfs_emg.simulation.anatomy import Face
from hfs_emg.simulation.cooperation import Cooperation
from hfs_emg.simulation.envelope import Envelope, burst
from hfs_emg.simulation.events import Discharge, Drive, Random, chance, offset, spread
from hfs_emg.simulation.movements import MOVEMENTS
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.wish import Wish

TASK_MOVEMENTS = {"wink_left": "wink", "wink_right": "wink"}
"""Movement of the table for a task; others have the task's name."""
_SPEECH = {Site.ORBICULARIS_ORIS: 1.0, Site.MENTALIS: 0.8, Site.ZYGOMATICUS: 0.3, Site.ORBICULARIS_OCULI: 0.05}
_CHEWING = {Site.MASSETER: 1.0, Site.ZYGOMATICUS: 0.06}


@dataclass(frozen=True, slots=True)
class Doing:
    """What the patient did about it. spoiled: how it went wrong, else empty."""

    wish: Wish
    at_s: float
    discharges: tuple[Discharge, ...]
    spoiled: str = ""


@dataclass(frozen=True, slots=True)
class Habits:
    """What is this person's own: the strength (µV) and leaning of each movement, and the strength of a blink."""

    movements: dict[str, tuple[float, float]]
    blink_uv: float


def habits_of(scenario: Scenario, rng: Random) -> Habits:
    """Drawn once for a person."""
    strength, asymmetry = scenario.expressions.amplitude, scenario.anatomy.movement_asymmetry
    movements = {
        name: (
            strength * row.amplitude_uv[0] * spread(rng, 1.0, 0.25),
            float(min(max(0.6 * asymmetry * rng.standard_normal(), -0.3), 0.3)),
        )
        for name, row in MOVEMENTS.items()
    }
    return Habits(movements, strength * 80.0 * spread(rng, 1.0, 0.25))


class Patient:
    """Turns wishes into discharges; everything random comes from `rng`."""

    def __init__(self, settings: Cooperation, face: Face, habits: Habits, rng: Random) -> None:
        self._settings = settings
        self._rng = rng
        self._face = face
        self._weak = {(Side(w.side), Site(w.site)): w.strength for w in settings.weak}
        self._habits = habits

    def follow(self, wish: Wish, now_s: float) -> Doing:
        """What this person does on being asked at now_s."""
        rng, settings = self._rng, self._settings
        at_s = now_s + spread(rng, settings.reaction_s, 0.15)
        if wish.task == "rest":
            return Doing(wish, at_s, ())
        if wish.task == "blinks":
            return Doing(wish, at_s, (self._blink(at_s),))
        if wish.task in ("reading", "chewing"):
            return Doing(wish, at_s, tuple(self._cycles(wish, at_s)))
        name = TASK_MOVEMENTS.get(wish.task, wish.task)
        side = Side(wish.task.removeprefix("wink_")) if name == "wink" else None
        spoiled = ""
        if chance(rng, settings.spoils):
            spoiled = "wrong_side" if side is not None and chance(rng, 0.5) else "nothing"
        if spoiled == "nothing":
            return Doing(wish, at_s, (), spoiled)
        if spoiled == "wrong_side" and side is not None:
            side = side.other
        return Doing(wish, at_s, (self._movement(name, side, wish.hold_s - (at_s - now_s), at_s),), spoiled)

    def _movement(self, name: str, side: Side | None, hold_s: float, at_s: float) -> Discharge:
        row, rng = MOVEMENTS[name], self._rng
        level, balance = self._habits.movements[name]
        level *= spread(rng, 1.0, self._settings.variation)
        balance += 0.03 * float(rng.standard_normal())
        rise = spread(rng, row.rise_s[0], 0.2)
        envelope = Envelope(
            "cosine",
            rise,
            max(0.3, hold_s - rise + rng.uniform(-0.2, 0.3)),
            rng.uniform(0.06, 0.15),
            depth=rng.uniform(0.05, 0.25),
            rhythm_hz=rng.uniform(0.8, 3.0),
            phase=rng.uniform(0.0, 6.28),
        )
        sides = {Side.LEFT: 1.0 + balance, Side.RIGHT: 1.0 - balance} if side is None else {side: 1.0}
        drives = [
            self._drive(s, site, level * part * strength, rng.uniform(0.0, 0.02))
            for s, strength in sides.items()
            for site, part in row.parts.items()
        ]
        if side is not None and row.leak[1] > 0.0:
            drives.append(
                self._drive(side.other, Site.ORBICULARIS_OCULI, level * rng.uniform(*row.leak), rng.uniform(0.0, 0.06))
            )
        return Discharge(at_s, envelope, tuple(drives), offset(rng))

    def _drive(self, side: Side, site: Site, level_uv: float, lag_s: float) -> Drive:
        return Drive(side, site, level_uv * self._weak.get((side, site), 1.0), lag_s)

    def _blink(self, at_s: float) -> Discharge:
        rng = self._rng
        level = self._habits.blink_uv * spread(rng, 1.0, self._settings.variation)
        balance = self._face.blink_balance + 0.02 * float(rng.standard_normal())
        lag = self._face.blink_lag_s
        envelope = burst("cosine", spread(rng, 0.16, 0.15), rng.uniform(0.02, 0.04), rng.uniform(0.02, 0.04))
        drives = tuple(
            self._drive(side, Site.ORBICULARIS_OCULI, level * strength, max(0.0, delay))
            for side, strength, delay in ((Side.LEFT, 1.0 + balance, -lag), (Side.RIGHT, 1.0 - balance, lag))
        )
        return Discharge(at_s, envelope, drives, offset(rng))

    def _cycles(self, wish: Wish, at_s: float) -> list[Discharge]:
        """Syllables, or chewing strokes, of irregular strength and leaning."""
        rng = self._rng
        speech = wish.task == "reading"
        parts, level = (_SPEECH, 30.0) if speech else (_CHEWING, 110.0)
        found = []
        time = at_s
        while time < at_s + wish.hold_s - 1.0:
            length = spread(rng, 0.13 if speech else 0.28, 0.25)
            balance = rng.uniform(-0.3, 0.3)
            drives = tuple(
                self._drive(side, site, level * part * strength * spread(rng, 1.0, 0.3), 0.0)
                for side, strength in ((Side.LEFT, 1.0 + balance), (Side.RIGHT, 1.0 - balance))
                for site, part in parts.items()
            )
            found.append(Discharge(time, burst("cosine", length, 0.05, 0.04), drives, offset(rng)))
            time += spread(rng, 0.23 if speech else 0.64, 0.25)
        return found
