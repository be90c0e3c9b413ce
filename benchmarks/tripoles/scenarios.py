"""The twenty-six people: what each does and suffers, as rates. A face of a seed is scenario `seed % 26`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Sites = Literal["FOZR", "FOZM", "OR", "OZ", "OZRM"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Rates per minute unless the name says otherwise; shares 0–1; amplitudes are medians over persons."""

    name: str
    rate_hz: float = 250.0
    sites: Sites = "FOZR"
    # Behaviour
    talk: float = 0.32
    meal: float = 0.0
    one_sided_meal: float = 0.15
    blinks: float = 14.0
    blink_uv: float = 42.0
    smiles: float = 0.5
    pouts: float = 0.12
    brows: float = 0.4
    closures: float = 0.1
    winks: float = 0.12
    smirks: float = 0.6
    grimaces: float = 0.08
    swallows: float = 0.6
    yawns: float = 0.03
    glances: float = 8.0
    asleep: bool = False
    # Disease
    sides: Literal[0, 1, 2] = 0
    spasms: float = 0.0
    spasm_uv: float = 75.0
    spread: Literal["early", "all"] = "all"
    mix: tuple[float, float, float] = (0.42, 0.52, 0.06)
    tonic_s: float = 2.2
    from_blink: float = 0.04
    from_speech: float = 0.02
    from_movement: float = 0.06
    below_blink: float = 0.0
    weak_lid: float = 1.0
    flurries: float = 0.0
    synkinesis: bool = False
    myokymia: float = 0.0
    # Front end
    noise_uv: float = 1.3
    mains_hz: float = 50.0
    mains_uv: float = 1.2
    eye_uv: float = 90.0
    heart_uv: float = 0.0
    pops: float = 0.06
    motions: float = 0.15
    tugs: float = 0.02
    losses_per_h: float = 0.0
    dries: bool = False

    @property
    def has_spasm(self) -> bool:
        """Whether it has hemifacial spasm."""
        return self.sides > 0


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(name="moderate spasm", sides=1, spasms=7.8),
    Scenario(name="spasm while talking", sides=1, spasms=6.0, talk=0.55, from_speech=0.22, blinks=20),
    Scenario(name="spasm with smiles", sides=1, spasms=4.8, smiles=3.5, from_movement=0.4, sites="OZ", mains_hz=60),
    Scenario(name="spasm from blinks", sides=1, spasms=1.8, from_blink=0.28, blinks=17),
    Scenario(name="small spasms", sides=1, spasms=9.6, below_blink=1.0, blink_uv=60, sites="OZRM"),
    Scenario(name="early disease", sides=1, spasms=4.8, spread="early", mix=(0.85, 0.15, 0), sites="OR", noise_uv=1.5),
    Scenario(
        name="quiet night",
        sides=1,
        spasms=1.1,
        asleep=True,
        talk=0.0,
        smirks=0.02,
        grimaces=0.01,
        swallows=0.15,
        blinks=0.5,
        smiles=0.03,
        brows=0.05,
    ),
    Scenario(name="both sides", sides=2, spasms=6.0, rate_hz=500),
    Scenario(
        name="sixty hertz", sides=1, spasms=7.2, mains_hz=60, mains_uv=25, spasm_uv=95, pops=0.7, motions=1.2, tugs=0.5
    ),
    Scenario(name="chewing on one side", sides=1, spasms=8.5, meal=0.32, one_sided_meal=0.9, from_speech=0.15),
    Scenario(name="eye potentials", sides=1, spasms=6.0, eye_uv=230, talk=0.4, blinks=22, glances=18, sites="OR"),
    Scenario(name="toxin in the lid", sides=1, spasms=7.2, weak_lid=0.28),
    Scenario(name="winks among spasms", sides=1, spasms=6.6, winks=2.2, smirks=0.8),
    Scenario(name="tonic spasms", sides=1, spasms=2.6, mix=(0.25, 0.3, 0.45), tonic_s=11.0, spasm_uv=75),
    Scenario(name="failing electrodes", sides=1, spasms=7.2, losses_per_h=14, dries=True, pops=0.8, noise_uv=2.6),
    Scenario(
        name="low amplitude", sides=1, spasms=8.4, spasm_uv=30, noise_uv=1.05, blink_uv=28, rate_hz=200, sites="OZ"
    ),
    Scenario(name="severe spasm", sides=1, spasms=16.8, spasm_uv=70, mix=(0.2, 0.7, 0.1), rate_hz=1000, sites="OR"),
    Scenario(
        name="lively", talk=0.25, smiles=3.5, brows=2.5, closures=0.8, pouts=0.8, smirks=0.9, winks=0.3, grimaces=0.2
    ),
    Scenario(name="talker", talk=0.8, blinks=24, smiles=1.2, smirks=0.4),
    Scenario(name="meals", meal=0.65, talk=0.15, swallows=1.5, one_sided_meal=0.35, mains_hz=60),
    Scenario(name="winks and smirks", winks=2.5, smirks=2.8, smiles=1.0, grimaces=0.5, sites="FOZM"),
    Scenario(name="artefacts", pops=1.0, motions=4.0, tugs=1.0, losses_per_h=6, mains_uv=6, mains_hz=60, heart_uv=8),
    Scenario(name="blepharospasm", flurries=3.2, blinks=34, sites="OR"),
    Scenario(name="old palsy", synkinesis=True, smiles=2.0, closures=0.8, pouts=1.0, brows=1.0, talk=0.2),
    Scenario(name="lid myokymia", myokymia=0.12, rate_hz=500),
    Scenario(
        name="rest",
        talk=0.0,
        smiles=0.08,
        blinks=12,
        brows=0.1,
        smirks=0.05,
        winks=0.02,
        grimaces=0.01,
        rate_hz=200,
        sites="OZ",
        heart_uv=5,
    ),
)


def scenario_of(seed: int) -> Scenario:
    """The scenario of a seed's face."""
    return SCENARIOS[seed % len(SCENARIOS)]
