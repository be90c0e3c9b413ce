"""Faces without hemifacial spasm: one function per phenotype, which changes the settings of a healthy person."""

from __future__ import annotations

from typing import Any

import msgspec

from hfs_emg.simulation.disorders import (
    Blepharospasm,
    EyelidMyokymia,
    FacialMyokymia,
    FunctionalTonic,
    Hemimasticatory,
    Synkinesis,
    Tic,
)
from hfs_emg.simulation.draws import log_uniform, one_of
from hfs_emg.simulation.events import Random, chance
from hfs_emg.simulation.settings import Electrodes, SideName, SiteName


def talking(rng: Random, s: dict[str, Any]) -> None:
    """In conversation."""
    with_changes(s, "speech", bout_s=rng.uniform(8.0, 40.0), pause_s=rng.uniform(3.0, 15.0))


def lively(rng: Random, s: dict[str, Any]) -> None:
    """A face that is never still."""
    rates = {
        name: rng.uniform(0.2, 2.5)
        for name in ("smile", "brow_raise", "pucker", "tight_closure", "snarl", "gentle_closure", "clench")
    }
    with_changes(
        s,
        "expressions",
        **rates,
        smirk=rng.uniform(0.0, 1.0),
        wink=rng.uniform(0.0, 1.0),
        one_sided_effort=rng.uniform(0.0, 0.4),
        briskness=log_uniform(rng, 0.8, 1.7),
    )
    with_changes(s, "blinks", voluntary_per_min=rng.uniform(0.5, 3.0))


def meal(rng: Random, s: dict[str, Any]) -> None:
    """Eating."""
    with_changes(
        s,
        "meals",
        bout_s=rng.uniform(6.0, 20.0),
        pause_s=rng.uniform(3.0, 15.0),
        swallows_per_min=rng.uniform(1.0, 3.0),
    )


def winks(rng: Random, s: dict[str, Any]) -> None:
    """Winks, smirks and one-sided clenching, often of one side."""
    side = likely_side(rng) if chance(rng, 0.5) else None
    with_changes(
        s,
        "expressions",
        wink=rng.uniform(0.8, 4.0),
        smirk=rng.uniform(0.5, 3.0),
        one_sided_clench=rng.uniform(0.0, 1.5),
        one_sided_effort=rng.uniform(0.0, 1.2),
        habitual_side=side,
        briskness=log_uniform(rng, 0.9, 1.3),
    )


def artefacts(rng: Random, s: dict[str, Any]) -> None:
    """Bad electrodes and a restless cable."""
    with_changes(s, "mains", level_uv=log_uniform(rng, 5.0, 60.0), touches_per_min=rng.uniform(0.0, 1.0))
    s["electrodes"] = Electrodes(
        motion_per_min=rng.uniform(0.3, 4.0),
        motion_uv=log_uniform(rng, 100.0, 1000.0),
        pops_per_min=rng.uniform(0.1, 1.5),
        pop_uv=log_uniform(rng, 200.0, 2500.0),
        tugs_per_min=rng.uniform(0.1, 1.5),
        lead_offs_per_hour=rng.uniform(0.0, 12.0),
        rails_per_hour=rng.uniform(0.0, 12.0),
        drying=one_of(rng, (0, 0, 1, 2)),
        drying_min=rng.uniform(2.0, 15.0),
        ecg_uv=rng.uniform(0.0, 15.0),
    )


def blepharospasm(rng: Random, s: dict[str, Any]) -> None:
    """Both eyes closing in runs, in some with the lower face."""
    s["blepharospasm"] = Blepharospasm(
        runs_per_min=log_uniform(rng, 1.0, 12.0),
        run_s=log_uniform(rng, 0.7, 6.0),
        bursts_hz=rng.uniform(3.0, 8.0),
        amplitude_uv=log_uniform(rng, 25.0, 160.0),
        lower_face=rng.uniform(0.15, 0.7) if chance(rng, 0.3) else 0.0,
        brow=rng.uniform(0.0, 0.6),
    )
    with_changes(s, "blinks", rate_per_min=log_uniform(rng, 22.0, 60.0))


def synkinesis(rng: Random, s: dict[str, Any]) -> None:
    """Movements after facial palsy."""
    s["synkinesis"] = Synkinesis(
        side=likely_side(rng),
        eye_to_mouth=rng.uniform(0.15, 0.8),
        mouth_to_eye=rng.uniform(0.1, 0.8),
        probability=rng.uniform(0.93, 1.0),
        weakness=rng.uniform(0.35, 0.9),
        tone_factor=rng.uniform(1.0, 3.0),
    )
    with_changes(
        s, "expressions", smile=rng.uniform(0.5, 2.5), pucker=rng.uniform(0.3, 2.0), tight_closure=rng.uniform(0.3, 1.5)
    )
    with_changes(s, "blinks", rate_per_min=log_uniform(rng, 9.0, 26.0), voluntary_per_min=rng.uniform(0.3, 2.0))


def lid_myokymia(rng: Random, s: dict[str, Any]) -> None:
    """One twitching lid."""
    s["eyelid_myokymia"] = EyelidMyokymia(
        side=likely_side(rng),
        bouts_per_hour=log_uniform(rng, 10.0, 90.0),
        bout_s=log_uniform(rng, 6.0, 60.0),
        rhythm_hz=rng.uniform(3.0, 8.0),
        amplitude_uv=log_uniform(rng, 4.0, 25.0),
    )


def facial_myokymia(rng: Random, s: dict[str, Any]) -> None:
    """Undulating groups in one to three muscles."""
    names: tuple[SiteName, ...] = ("orbicularis_oculi", "zygomaticus", "orbicularis_oris")
    count = int(rng.integers(1, 4))
    sites: tuple[SiteName, ...] = tuple(names[i] for i in sorted(rng.permutation(3)[:count]))
    rhythm = rng.uniform(0.5, 2.0) if chance(rng, 0.4) else rng.uniform(2.0, 10.0)
    s["facial_myokymia"] = FacialMyokymia(
        side=likely_side(rng), sites=sites, rhythm_hz=rhythm, amplitude_uv=log_uniform(rng, 4.0, 40.0)
    )


def hemimasticatory(rng: Random, s: dict[str, Any]) -> None:
    """Spasm of one masseter."""
    s["hemimasticatory"] = Hemimasticatory(
        side=likely_side(rng),
        rate_per_min=log_uniform(rng, 0.5, 8.0),
        amplitude_uv=log_uniform(rng, 40.0, 250.0),
        cramp_share=rng.uniform(0.1, 0.7),
    )


def functional(rng: Random, s: dict[str, Any]) -> None:
    """Slow pulling of the lower face."""
    s["functional_tonic"] = FunctionalTonic(
        side=likely_side(rng),
        rate_per_min=log_uniform(rng, 0.3, 3.0),
        amplitude_uv=log_uniform(rng, 25.0, 140.0),
        hold_s=log_uniform(rng, 2.0, 20.0),
    )


def tic(rng: Random, s: dict[str, Any]) -> None:
    """A stereotyped two-sided movement."""
    s["tic"] = Tic(
        rate_per_min=log_uniform(rng, 0.8, 15.0),
        amplitude_uv=log_uniform(rng, 25.0, 140.0),
        duration_ms=one_of(rng, (80.0, 130.0, 180.0, 350.0)),
        lower_face=rng.uniform(0.0, 0.8) if chance(rng, 0.6) else 0.0,
    )


def rest(_rng: Random, _settings: dict[str, Any]) -> None:
    """A healthy person at rest has nothing to add."""


def likely_side(rng: Random) -> SideName:
    """The left is affected a little more often."""
    return "left" if chance(rng, 0.58) else "right"


def with_changes(settings: dict[str, Any], section: str, **changes: Any) -> None:
    """Replace fields of one section."""
    settings[section] = msgspec.structs.replace(settings[section], **changes)
