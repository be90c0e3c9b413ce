"""What may be the matter with a person: one function per phenotype, which changes the settings of a healthy one.

One table names them all; half are hemifacial spasm in its stages and circumstances, half are faces without it that look similar.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hfs_emg.simulation import mimics
from hfs_emg.simulation.disorders import Spasms
from hfs_emg.simulation.draws import log_uniform
from hfs_emg.simulation.events import Random, chance
from hfs_emg.simulation.mimics import likely_side, with_changes
from hfs_emg.simulation.settings import SideName, Sleep, Speech


@dataclass(frozen=True, slots=True)
class Phenotype:
    """One line of the table. add(rng, settings) changes the settings of a healthy person, by section name."""

    name: str
    has_spasm: bool
    add: Callable[[Random, dict[str, Any]], None]
    weight: float = 1.0


def _spasms(
    rng: Random, side: SideName | None = None, rate_per_min: tuple[float, float] = (1.5, 16.0), **changes: Any
) -> Spasms:
    """A hemifacial spasm of any stage, with what a phenotype fixes."""
    drawn: dict[str, Any] = {
        "side": side if side is not None else likely_side(rng),
        "rate_per_min": log_uniform(rng, *rate_per_min),
        "amplitude_uv": log_uniform(rng, 25.0, 130.0),
        "amplitude_spread": rng.uniform(0.2, 0.55),
        "isolated": rng.uniform(0.1, 1.0),
        "grouped": rng.uniform(0.1, 1.0),
        "tonic": rng.uniform(0.0, 0.3) if chance(rng, 0.5) else 0.0,
        "burst_ms": log_uniform(rng, 40.0, 110.0),
        "bursts_per_run": log_uniform(rng, 3.0, 11.0),
        "gap_ms": log_uniform(rng, 70.0, 240.0),
        "tonic_s": log_uniform(rng, 1.5, 8.0),
        "rise_ms": log_uniform(rng, 6.0, 20.0),
        "cheek": rng.uniform(0.25, 1.0),
        "mouth": rng.uniform(0.15, 0.9),
        "brow": rng.uniform(0.1, 0.9),
        "lid_only": rng.uniform(0.0, 0.12),
        "lag_ms": rng.uniform(-5.0, 10.0),
        "clustering": rng.uniform(0.1, 0.95),
        "blink_triggered": rng.uniform(0.0, 0.3) if chance(rng, 0.6) else 0.0,
        "blink_tail": log_uniform(rng, 0.3, 1.5),
        "movement_triggered": rng.uniform(0.0, 0.35) if chance(rng, 0.6) else 0.0,
        "speech_factor": rng.uniform(0.8, 2.0),
        "asleep_factor": rng.uniform(0.1, 0.4),
    }
    return Spasms(**(drawn | changes))


def _moderate(rng: Random, s: dict[str, Any]) -> None:
    s["spasms"] = (_spasms(rng, rate_per_min=(3.0, 16.0)),)


def _early(rng: Random, s: dict[str, Any]) -> None:
    changes: dict[str, Any] = {
        "grouped": 0.2,
        "tonic": 0.0,
        "brow": 0.0,
        "burst_ms": log_uniform(rng, 35.0, 65.0),
        "bursts_per_run": 3.0,
    }
    changes |= {"mouth": 0.0} if chance(rng, 0.75) else {"cheek": 0.0}
    s["spasms"] = (
        _spasms(
            rng,
            rate_per_min=(1.0, 6.0),
            amplitude_uv=log_uniform(rng, 18.0, 60.0),
            lid_only=rng.uniform(0.05, 0.4),
            **changes,
        ),
    )


def _tonic(rng: Random, s: dict[str, Any]) -> None:
    long = log_uniform(rng, 3.0, 25.0)
    s["spasms"] = (
        _spasms(
            rng,
            rate_per_min=(1.0, 15.0),
            tonic=rng.uniform(0.3, 1.5),
            tonic_s=long,
            amplitude_uv=log_uniform(rng, 25.0, 150.0),
        ),
    )


def _blink_triggered(rng: Random, s: dict[str, Any]) -> None:
    s["spasms"] = (_spasms(rng, rate_per_min=(0.2, 3.0), blink_triggered=rng.uniform(0.15, 0.45)),)
    with_changes(s, "blinks", rate_per_min=log_uniform(rng, 9.0, 26.0))


def _talking_spasm(rng: Random, s: dict[str, Any]) -> None:
    s["spasms"] = (_spasms(rng, rate_per_min=(3.0, 12.0), movement_triggered=rng.uniform(0.2, 0.6)),)
    mimics.talking(rng, s)
    with_changes(s, "expressions", smile=rng.uniform(0.5, 3.0))


def _small(rng: Random, s: dict[str, Any]) -> None:
    blink = log_uniform(rng, 45.0, 100.0)
    with_changes(s, "blinks", amplitude_uv=blink)
    s["spasms"] = (_spasms(rng, amplitude_uv=blink * rng.uniform(0.2, 0.5), blink_tail=rng.uniform(0.25, 0.5)),)


def _bilateral(rng: Random, s: dict[str, Any]) -> None:
    first = likely_side(rng)
    rate = log_uniform(rng, 3.0, 9.0)
    other: SideName = "right" if first == "left" else "left"
    share = rng.uniform(0.2, 0.8)
    s["spasms"] = (
        _spasms(rng, side=first, rate_per_min=(rate, 1.001 * rate)),
        _spasms(rng, side=other, rate_per_min=(share * rate, 1.001 * share * rate)),
    )


def _toxin(rng: Random, s: dict[str, Any]) -> None:
    s["spasms"] = (_spasms(rng, lid=rng.uniform(0.05, 0.5), lid_only=0.0, cheek=rng.uniform(0.4, 1.0), tonic=0.0),)
    with_changes(s, "anatomy", blink_asymmetry=rng.uniform(0.1, 0.3))


def _low_amplitude(rng: Random, s: dict[str, Any]) -> None:
    s["spasms"] = (
        _spasms(
            rng, amplitude_uv=log_uniform(rng, 15.0, 30.0), cheek=rng.uniform(0.5, 1.0), mouth=rng.uniform(0.4, 0.9)
        ),
    )
    with_changes(s, "anatomy", amplitude=rng.uniform(0.4, 0.8))


def _night(rng: Random, s: dict[str, Any]) -> None:
    s["spasms"] = (_spasms(rng, rate_per_min=(0.5, 6.0)),)
    s["sleep"] = Sleep(arousals_per_hour=rng.uniform(2.0, 10.0), arousal_s=rng.uniform(10.0, 60.0))
    s["speech"] = Speech()


def _noisy_spasm(rng: Random, s: dict[str, Any]) -> None:
    s["spasms"] = (_spasms(rng),)
    mimics.artefacts(rng, s)


def _eating_spasm(rng: Random, s: dict[str, Any]) -> None:
    s["spasms"] = (_spasms(rng, rate_per_min=(2.0, 10.0)),)
    mimics.meal(rng, s)
    if chance(rng, 0.6):
        with_changes(s, "meals", working_side=likely_side(rng), balance=rng.uniform(0.03, 0.3))


def _winking_spasm(rng: Random, s: dict[str, Any]) -> None:
    s["spasms"] = (_spasms(rng),)
    mimics.winks(rng, s)


PHENOTYPES: dict[str, Phenotype] = {
    p.name: p
    for p in (
        Phenotype("moderate", True, _moderate, 3.0),
        Phenotype("early", True, _early, 1.5),
        Phenotype("tonic", True, _tonic, 1.2),
        Phenotype("blink-triggered", True, _blink_triggered),
        Phenotype("spasm-while-talking", True, _talking_spasm),
        Phenotype("smaller-than-blinks", True, _small, 1.5),
        Phenotype("bilateral", True, _bilateral, 0.7),
        Phenotype("after-toxin", True, _toxin),
        Phenotype("low-amplitude", True, _low_amplitude),
        Phenotype("night", True, _night, 0.7),
        Phenotype("spasm-with-artefacts", True, _noisy_spasm, 1.2),
        Phenotype("spasm-while-eating", True, _eating_spasm, 0.8),
        Phenotype("spasm-with-winks", True, _winking_spasm, 0.8),
        Phenotype("rest", False, mimics.rest),
        Phenotype("lively", False, mimics.lively, 1.5),
        Phenotype("talking", False, mimics.talking, 1.5),
        Phenotype("meal", False, mimics.meal, 1.5),
        Phenotype("winks-and-smirks", False, mimics.winks, 1.5),
        Phenotype("artefacts", False, mimics.artefacts, 1.5),
        Phenotype("blepharospasm", False, mimics.blepharospasm, 1.3),
        Phenotype("synkinesis", False, mimics.synkinesis, 1.3),
        Phenotype("lid-myokymia", False, mimics.lid_myokymia),
        Phenotype("facial-myokymia", False, mimics.facial_myokymia, 0.5),
        Phenotype("hemimasticatory", False, mimics.hemimasticatory, 0.4),
        Phenotype("functional-tonic", False, mimics.functional, 0.5),
        Phenotype("tic", False, mimics.tic, 0.6),
    )
}
"""Every phenotype, by name; weight is its share among those with, or without, spasm."""
