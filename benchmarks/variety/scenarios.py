"""Twenty-six lives, each drawn anew for every seed.

Rates of spasms 0.3–25 a minute and spasms smaller than the patient's blinks: Osaki 2019; the brow joins the lid in 86 %: Pawlowski
2013; 10–40 % of blinks set one off where blinks do at all (assumption); a treated lid keeps 15–50 %; blepharospasm blinks more than
27 times a minute at rest (Mov Disord 2006, PMID 16622858).
"""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import Generator

from benchmarks.variety.draws import log_normal
from benchmarks.variety.life import Life
from benchmarks.variety.person import FRO, MEN, OOC, OOR, ZYG
from calibration.montage import Side

_Draw = Callable[[Life, Generator], None]


def _as_it_is(life: Life, rng: Generator) -> None:
    """What every face with spasms has."""


def _speech_and_smiles(life: Life, rng: Generator) -> None:
    life.speech, life.smile = rng.uniform(0.15, 0.3), rng.uniform(0.8, 1.5)
    life.from_speech, life.from_movement = rng.uniform(0.04, 0.10), rng.uniform(0.05, 0.2)


def _started_by_blinks(life: Life, rng: Generator) -> None:
    life.from_blink, life.spasm = rng.uniform(0.25, 0.4), rng.uniform(1, 2.5)


def _smaller_than_blinks(life: Life, rng: Generator) -> None:
    life.blink_uv = log_normal(rng, 75, 0.15, 55, 90)
    life.uv, life.uv_sigma = life.blink_uv * rng.uniform(0.3, 0.5), 0.3


def _early_disease(life: Life, rng: Generator) -> None:
    life.gains = {OOC: 1.0, ZYG: rng.uniform(0.4, 0.8)}
    if rng.random() < 0.3:
        life.gains = {OOC: 1.0, OOR: rng.uniform(0.4, 0.8)}
    life.patterns, life.spasm = (0.85, 0.15, 0), rng.uniform(1.2, 4)
    life.short, life.one_site, life.from_blink = 0.7, 0.25, rng.uniform(0.05, 0.12)
    life.early = True


def _night(life: Life, rng: Generator) -> None:
    life.blink, life.spasm = rng.uniform(0.2, 1.0), rng.uniform(0.3, 1.0)
    life.tone, life.saccade = 0.4, rng.uniform(1, 8)
    life.smile = life.brow = life.pucker = life.smirk = life.yawn = 0
    life.closure, life.swallow, life.from_blink, life.motion = 0.05, 0.15, 0, 0.2


def _both_sides(life: Life, rng: Generator) -> None:
    life.both_sides = rng.uniform(0.2, 0.8)


def _mains_pops_motion_tugs(life: Life, rng: Generator) -> None:
    life.mains_hz, life.mains_uv, life.pop = 60.0, rng.uniform(20, 30), rng.uniform(0.4, 1)
    life.motion, life.tug = rng.uniform(1, 2.5), rng.uniform(0.6, 1.5)
    life.uv = rng.uniform(80, 140)


def _one_sided_chewing(life: Life, rng: Generator) -> None:
    life.chew, life.one_sided_chew, life.from_speech = rng.uniform(0.12, 0.24), 1.0, rng.uniform(0.03, 0.1)


def _eye_potentials_in_speech(life: Life, rng: Generator) -> None:
    life.speech, life.eye_uv, life.blink = rng.uniform(0.15, 0.25), rng.uniform(150, 300), rng.uniform(16, 28)
    life.from_speech, life.saccade = rng.uniform(0.04, 0.1), rng.uniform(25, 60)


def _toxin_in_the_lid(life: Life, rng: Generator) -> None:
    life.toxin, life.spasm = rng.uniform(0.15, 0.5), life.spasm * rng.uniform(0.5, 1)


def _winks_among_spasms(life: Life, rng: Generator) -> None:
    life.wink, life.smirk = rng.uniform(1, 2.5), rng.uniform(0.4, 1)


def _tonic_half_minutes(life: Life, rng: Generator) -> None:
    life.patterns, life.tonic_s, life.spasm = (0.25, 0.3, 0.45), (8.0, 45.0), rng.uniform(0.9, 1.6)


def _drying_electrodes(life: Life, rng: Generator) -> None:
    life.dry, life.pop = True, rng.uniform(0.3, 0.8)


def _low_amplitude(life: Life, rng: Generator) -> None:
    life.uv, life.uv_sigma, life.blink_uv = rng.uniform(14, 22), 0.3, rng.uniform(15, 26)
    life.noise_uv = log_normal(rng, 1.2, 0.12, 0.9, 1.5)


def _severe_mixed(life: Life, rng: Generator) -> None:
    life.spasm, life.patterns = rng.uniform(12, 20), (0.3, 0.5, 0.2)


def _clonic_runs(life: Life, rng: Generator) -> None:
    life.patterns, life.spasm = (0.1, 0.88, 0.02), rng.uniform(5, 10)


def _lively(life: Life, rng: Generator) -> None:
    life.smile, life.brow, life.pucker = rng.uniform(2, 3), rng.uniform(1, 2), rng.uniform(0.5, 1.2)
    life.closure, life.smirk, life.speech = rng.uniform(0.5, 1.2), rng.uniform(0.3, 0.8), rng.uniform(0.1, 0.25)


def _talking(life: Life, rng: Generator) -> None:
    life.speech, life.blink, life.smile = rng.uniform(0.45, 0.7), rng.uniform(16, 30), rng.uniform(0.6, 1.5)


def _meals(life: Life, rng: Generator) -> None:
    life.chew, life.swallow, life.one_sided_chew = rng.uniform(0.55, 0.8), 1.0, float(rng.choice([0.0, 0.5]))


def _winks_and_smirks(life: Life, rng: Generator) -> None:
    life.wink, life.smirk = rng.uniform(2, 4), rng.uniform(2, 4)


def _artefacts(life: Life, rng: Generator) -> None:
    life.pop, life.motion, life.tug = rng.uniform(0.6, 1), rng.uniform(2, 4), rng.uniform(1, 2.5)
    life.mains_uv = log_normal(rng, 5, 0.6, 1, 20)


def _blepharospasm(life: Life, rng: Generator) -> None:
    life.blink, life.blepharospasm = rng.uniform(27, 45), rng.uniform(2, 5)


def _post_paralytic_synkinesis(life: Life, rng: Generator) -> None:
    life.synkinesis, life.smile = rng.uniform(0.2, 0.75), rng.uniform(0.8, 1.6)
    life.pucker, life.closure = rng.uniform(0.5, 1), rng.uniform(0.4, 1)


def _lid_myokymia(life: Life, rng: Generator) -> None:
    life.myokymia = rng.uniform(20, 60)


def _rest(life: Life, rng: Generator) -> None:
    life.blink = rng.uniform(8, 16)
    life.smile = life.brow = life.pucker = life.smirk = life.closure = 0.04


WITH_SPASMS: dict[str, _Draw] = {
    "plain moderate": _as_it_is,
    "speech and smiles": _speech_and_smiles,
    "started by blinks": _started_by_blinks,
    "smaller than blinks": _smaller_than_blinks,
    "early disease": _early_disease,
    "night": _night,
    "both sides": _both_sides,
    "60 Hz pops motion tugs": _mains_pops_motion_tugs,
    "one-sided chewing": _one_sided_chewing,
    "eye potentials in speech": _eye_potentials_in_speech,
    "toxin in the lid": _toxin_in_the_lid,
    "winks among spasms": _winks_among_spasms,
    "tonic half minutes": _tonic_half_minutes,
    "drying electrodes": _drying_electrodes,
    "low amplitude": _low_amplitude,
    "severe mixed": _severe_mixed,
    "clonic runs": _clonic_runs,
}
WITHOUT: dict[str, _Draw] = {
    "lively": _lively,
    "talking": _talking,
    "meals": _meals,
    "winks and smirks": _winks_and_smirks,
    "artefacts": _artefacts,
    "blepharospasm": _blepharospasm,
    "post-paralytic synkinesis": _post_paralytic_synkinesis,
    "lid myokymia": _lid_myokymia,
    "rest": _rest,
}
NAMES = (*WITH_SPASMS, *WITHOUT)
"""A seed's scenario is the one at seed % 26."""


def life_of(name: str, rng: Generator) -> Life:
    """The life of one person in this scenario; KeyError for an unknown one."""
    life = Life(
        noise_uv=log_normal(rng, 2.1, 0.25, 1.2, 3.2),
        mains_hz=60.0 if rng.random() < 0.35 else 50.0,
        mains_uv=log_normal(rng, 0.9, 0.5, 0.3, 3),
        blink=log_normal(rng, 14, 0.35, 6, 26),
        blink_uv=log_normal(rng, 38, 0.35, 15, 90),
        eye_uv=log_normal(rng, 90, 0.5, 20, 300),
        saccade=log_normal(rng, 20, 0.5, 4, 50),
        heart_uv=rng.uniform(1, 5) if rng.random() < 0.2 else 0.0,
        side=Side.LEFT if rng.random() < 0.6 else Side.RIGHT,
    )
    if name in WITH_SPASMS:
        life.spasm = log_normal(rng, 4.5, 0.3, 3, 9)
        life.uv = log_normal(rng, 52, 0.3, 28, 120)
        life.from_blink = rng.uniform(0.10, 0.2)
        life.from_movement = rng.uniform(0.0, 0.06)
        life.gains = {OOC: 1.0, ZYG: rng.uniform(0.35, 1), OOR: rng.uniform(0.2, 0.9), MEN: rng.uniform(0.2, 0.8)}
        if rng.random() < 0.86:
            life.gains[FRO] = rng.uniform(0.2, 0.85)
        life.tail_late_ms = rng.uniform(50, 110)
    (WITH_SPASMS | WITHOUT)[name](life, rng)
    return life
