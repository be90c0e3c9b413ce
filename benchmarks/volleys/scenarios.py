"""The 26 faces in their order: what each person has, does and suffers from the room. A scenario writes on a sheet and on the leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from benchmarks.volleys import lids
from benchmarks.volleys.days import QUIET, Ways, day
from benchmarks.volleys.front_end import Surroundings
from benchmarks.volleys.leads import Leads
from benchmarks.volleys.sheet import Sheet
from benchmarks.volleys.spasms import Habit, firing_of, gains_of, spasms
from calibration.montage import Side, Site

Play = Callable[[Sheet, Leads], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of face."""

    name: str
    has_spasm: bool
    play: Play
    rate_hz: float = 250.0
    inputs: int = 8
    around: Surroundings = field(default_factory=Surroundings)


def _habit(sheet: Sheet, per_min: float, uv: float, *, spread: float = 1.0, lid: float = 1.0) -> Habit:
    gains = gains_of(sheet, spread=spread, lid=lid)
    return Habit(sheet.face.affected, per_min, uv, gains, firing=firing_of(sheet))


def _sufferer(
    per_min: float,
    uv: float,
    plan: Mapping[str, float] = QUIET,
    *,
    blinks_per_min: float = 14,
    eye_uv: float = 60.0,
    lid: float = 1.0,
    speech_s: tuple[float, float] = (6, 30),
    chewing_bias: float | None = None,
    **habit: Any,
) -> Play:
    """Somebody with spasms, occupied as planned; `habit` changes fields of the usual habit."""

    def play(sheet: Sheet, leads: Leads) -> None:
        del leads
        usual = _habit(sheet, per_min, uv * float(sheet.rng.lognormal(0, 0.15)), lid=lid)
        if lid < 1:
            sheet.face.weaken(usual.side, 0.5, (Site.ORBICULARIS_OCULI,))
        day(sheet, plan, Ways(speech_s=speech_s, chewing_bias=chewing_bias, wink_side=usual.side))
        if blinks_per_min:
            lids.blinks(sheet, blinks_per_min, eye_uv=eye_uv)
        spasms(sheet, replace(usual, **habit))

    return play


def _healthy(
    plan: Mapping[str, float],
    *,
    blinks_per_min: float = 15,
    speech_s: tuple[float, float] = (6, 30),
    eye_uv: float = 60.0,
) -> Play:
    def play(sheet: Sheet, leads: Leads) -> None:
        del leads
        day(sheet, plan, Ways(speech_s=speech_s))
        lids.blinks(sheet, blinks_per_min, eye_uv=eye_uv)

    return play


def _early(sheet: Sheet, leads: Leads) -> None:
    del leads
    usual = _habit(sheet, 3.0, 45)
    kept: dict[Site, float] = {s: g for s, g in usual.gains.items() if s in (Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS)}
    day(sheet, QUIET)
    lids.blinks(sheet, 15)
    spasms(sheet, replace(usual, gains=kept, lid_alone=0.3, brief=0.8, forms=(0.7, 0.3, 0.0), on_movement=0.05))


def _night(sheet: Sheet, leads: Leads) -> None:
    """Asleep, with two or three arousals in which eyes open and the face moves."""
    usual = _habit(sheet, 0.9, 30)
    rng = sheet.rng
    for start in rng.uniform(0.1, 0.9, 3) * sheet.duration_s:
        leads.motion(float(start))
        for k in range(int(rng.integers(2, 6))):
            lids.blink(sheet, float(start) + 1 + 1.5 * k, eye_uv=80)
    day(sheet, {"swallow": 0.3})
    spasms(sheet, replace(usual, forms=(0.5, 0.48, 0.02), after_blink=0.1))


def _both_sides(sheet: Sheet, leads: Leads) -> None:
    del leads
    first = _habit(sheet, 3.5, 45)
    second = replace(_habit(sheet, 1.8, 32), side=first.side.other)
    day(sheet, QUIET)
    lids.blinks(sheet, 14)
    spasms(sheet, first)
    spasms(sheet, second)


def _troubled_room(sheet: Sheet, leads: Leads) -> None:
    _sufferer(3.5, 95)(sheet, leads)
    _troubles(leads, motions=1.0, pops=0.6, tugs=0.5)


def _poor_contacts(sheet: Sheet, leads: Leads) -> None:
    """A lead dries, one saturates twice, a pair comes off for half a minute."""
    _sufferer(4.0, 60)(sheet, leads)
    _troubles(leads, motions=0.4, pops=0.4, tugs=0.1)
    rng, end, channels = leads.rng, leads.duration_s, len(leads.montage.channels)
    first, second, third = (int(c) for c in rng.permutation(channels)[:3])
    leads.dries(float(rng.uniform(0.1, 0.3)) * end, first, rng.uniform(2.0, 3.0), rng.uniform(3, 6))
    for share in rng.uniform(0.1, 0.9, 2):
        leads.rail(float(share) * end, float(min(rng.uniform(2, 20), 0.05 * end)), [second])
    leads.off(float(rng.uniform(0.4, 0.7)) * end, float(min(rng.uniform(15, 40), 0.1 * end)), [third])


def _troubles(leads: Leads, *, motions: float, pops: float, tugs: float) -> None:
    """Events a minute of each sort."""
    rng, last = leads.rng, max(1.0, leads.duration_s - 4)
    for t in rng.uniform(0, last, rng.poisson(motions * leads.duration_s / 60)):
        leads.motion(float(t))
    for t in rng.uniform(0, last, rng.poisson(pops * leads.duration_s / 60)):
        leads.pop(float(t))
    for t in rng.uniform(0, last, rng.poisson(tugs * leads.duration_s / 60)):
        leads.tug(float(t), Side.LEFT if rng.random() < 0.5 else Side.RIGHT)


def _artefacts_alone(sheet: Sheet, leads: Leads) -> None:
    _healthy(QUIET)(sheet, leads)
    _troubles(leads, motions=2.5, pops=1.0, tugs=1.0)
    leads.rail(0.5 * leads.duration_s, min(12.0, 0.05 * leads.duration_s), [0])


def _blepharospasm(sheet: Sheet, leads: Leads) -> None:
    del leads
    day(sheet, QUIET)
    lids.blepharospasm(sheet, 5, 65)
    lids.blinks(sheet, 32)


def _after_palsy(sheet: Sheet, leads: Leads) -> None:
    del leads
    side = sheet.face.affected
    gain = float(sheet.rng.uniform(0.25, 0.6))
    sheet.face.weaken(side, float(sheet.rng.uniform(0.6, 0.9)))
    for muscle in sheet.face.tone_uv:
        if muscle.side is side:
            sheet.face.tone_uv[muscle] *= float(sheet.rng.uniform(1.5, 3))
    day(sheet, {"smile": 0.9, "pucker": 0.7, "closure": 0.6, "brow": 0.4, "swallow": 0.4}, Ways(weak=(side, gain)))
    lids.blinks(sheet, 14)
    lids.synkinesis_of_blinks(sheet, side, gain)


def _quivering_lid(sheet: Sheet, leads: Leads) -> None:
    del leads
    day(sheet, QUIET)
    lids.blinks(sheet, 16)
    lids.myokymia(sheet, sheet.face.affected, 10, 14)


def _lively(sheet: Sheet, leads: Leads) -> None:
    del leads
    day(sheet, {"smile": 1.6, "brow": 0.8, "pucker": 0.6, "closure": 0.5, "frown": 0.5, "tic": 0.7, "speech": 0.6,
                "yawn": 0.1, "swallow": 0.4}, Ways(speech_s=(3, 12)))  # fmt: skip
    lids.blinks(sheet, 19)


def _seconds_per(duration_s: float) -> float:
    return float(np.clip(duration_s / 20, 5, 32))


def _half_minutes(sheet: Sheet, leads: Leads) -> None:
    longest = _seconds_per(sheet.duration_s)
    _sufferer(1.6, 50, forms=(0.3, 0.4, 0.3), tonic_s=(longest / 5, longest))(sheet, leads)


_TALK = {"speech": 3.5, "smile": 0.6, "swallow": 0.3}
_MAINS_60 = Surroundings(mains_hz=60, mains_uv=3)
_SMALL = Surroundings(noise_uv=(0.8, 1.5), mains_uv=1.5)

SCENARIOS = (
    Scenario("plain_moderate", True, _sufferer(5.0, 60)),
    Scenario("speech_and_smiles", True, _sufferer(3.5, 75, {**_TALK, "smile": 1.5}, on_movement=0.2)),
    Scenario("set_off_by_blinks", True, _sufferer(1.5, 45, after_blink=0.25)),
    Scenario("smaller_than_blinks", True, _sufferer(4.5, 22), around=_SMALL),
    Scenario("early_two_sites", True, _early),
    Scenario("night", True, _night),
    Scenario("both_sides", True, _both_sides),
    Scenario("mains_and_tugs", True, _troubled_room, around=Surroundings((1.0, 2.2), 60, 25)),
    Scenario("one_sided_chewing", True, _sufferer(4.0, 55, {**QUIET, "chewing": 0.9}, chewing_bias=0.6)),
    Scenario("eyes_in_speech", True, _sufferer(3.5, 75, _TALK, blinks_per_min=20, eye_uv=220), inputs=4),
    Scenario("weak_lid_after_toxin", True, _sufferer(5.0, 50, lid=0.3)),
    Scenario("winks_among_spasms", True, _sufferer(4.0, 60, {**QUIET, "wink": 1.0})),
    Scenario("half_minute_tonic", True, _half_minutes),
    Scenario("poor_contacts", True, _poor_contacts),
    Scenario("low_amplitude", True, _sufferer(4.5, 20), around=_SMALL),
    Scenario("severe_fast", True, _sufferer(12.0, 70), rate_hz=1000, around=_MAINS_60),
    Scenario("mouth_and_lid_four", True, _sufferer(4.0, 60), rate_hz=200, inputs=4),
    Scenario("lively", False, _lively),
    Scenario("talking", False, _healthy({"speech": 3.0, "smile": 0.8, "swallow": 0.3}, speech_s=(15, 60))),
    Scenario("meals", False, _healthy({"chewing": 1.4, "swallow": 1.2, "speech": 0.4})),
    Scenario("winks_and_smirks", False, _healthy({**QUIET, "wink": 1.5, "smirk": 1.2, "clench": 0.3}), rate_hz=500),
    Scenario("artefacts", False, _artefacts_alone, around=_MAINS_60),
    Scenario("blepharospasm", False, _blepharospasm),
    Scenario("after_palsy", False, _after_palsy),
    Scenario("quivering_lid", False, _quivering_lid, inputs=4),
    Scenario("rest", False, _healthy({"swallow": 0.3}), around=Surroundings(heart_uv=10)),
)
