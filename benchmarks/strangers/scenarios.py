"""The 26 scenarios, one row each: the recording, what the person does, what the spasm is like, what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Activity = Literal["rest", "attention", "talk", "meal", "company", "sleep"]


@dataclass(frozen=True, slots=True)
class SpasmPlan:
    """What ails the facial nerve. rate_per_min: of attacks awake, before those that blinks and movements set off."""

    rate_per_min: tuple[float, float] = (3.0, 8.0)
    amplitude_uv: tuple[float, float] = (30.0, 100.0)
    stage: Literal[1, 2, 3] = 3
    grouped: float = 0.55
    tonic: float = 0.02
    tonic_s: tuple[float, float] = (1.2, 6.0)
    from_blinks: tuple[float, float] = (0.0, 0.03)
    from_movements: tuple[float, float] = (0.05, 0.15)
    brief: bool = False
    both_sides: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """Mains and artefacts; counts are per minute unless named otherwise."""

    mains_hz: Literal[50, 60] = 50
    mains_uv: tuple[float, float] = (0.4, 3.0)
    pops: float = 0.03
    motions: float = 0.05
    tugs: float = 0.0
    rails_per_hour: float = 0.0
    drying: bool = False
    gaze_uv: tuple[float, float] = (20.0, 90.0)
    heart: float = 0.3
    """How likely the heart is seen."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row. activities: share of time. gestures and unilateral (winks, smirks): how many a minute."""

    name: str
    spasm: SpasmPlan | None
    activities: dict[Activity, float]
    rate_hz: float = 250.0
    inputs: int = 8
    gestures: float = 0.7
    unilateral: float = 0.0
    trouble: Trouble = field(default_factory=Trouble)
    mimic: Literal["blepharospasm", "synkinesis", "lid_myokymia", "tics"] | None = None
    one_sided_chewing: bool = False
    weakened_lid: bool = False

    @property
    def has_spasm(self) -> bool:
        """Whether one-sided spasms are in it."""
        return self.spasm is not None


QUIET: dict[Activity, float] = {"rest": 0.7, "attention": 0.2, "company": 0.1}
MIXED: dict[Activity, float] = {"rest": 0.53, "attention": 0.27, "talk": 0.12, "company": 0.08}
SOCIAL: dict[Activity, float] = {"rest": 0.15, "talk": 0.45, "company": 0.4}
TALK: dict[Activity, float] = {"rest": 0.35, "talk": 0.55, "company": 0.1}
TABLE: dict[Activity, float] = {"rest": 0.45, "meal": 0.45, "talk": 0.05, "company": 0.05}

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("moderate_spasm", SpasmPlan(), MIXED),
    Scenario("spasm_in_speech", SpasmPlan(from_movements=(0.2, 0.4)), SOCIAL, gestures=2.0),
    Scenario("blink_started", SpasmPlan(rate_per_min=(2.0, 4.0), from_blinks=(0.1, 0.18)), MIXED),
    Scenario(
        "below_blinks",
        SpasmPlan(amplitude_uv=(16.0, 30.0)),
        MIXED,
        trouble=Trouble(mains_hz=60),
    ),
    Scenario("early_disease", SpasmPlan((4.0, 7.0), (22.0, 50.0), stage=2, grouped=0.3, brief=True), QUIET),
    Scenario("quiet_night", SpasmPlan((0.25, 0.8)), {"sleep": 0.85, "rest": 0.15}, gestures=0.2),
    Scenario("both_sides", SpasmPlan(both_sides=True), MIXED),
    Scenario(
        "mains_and_cables",
        SpasmPlan(amplitude_uv=(110.0, 250.0)),
        MIXED,
        trouble=Trouble(60, (18.0, 27.0), pops=0.5, motions=0.8, tugs=0.6),
    ),
    Scenario(
        "one_sided_meal",
        SpasmPlan(),
        {"rest": 0.5, "meal": 0.35, "talk": 0.07, "company": 0.08},
        one_sided_chewing=True,
    ),
    Scenario("eyes_in_speech", SpasmPlan(), TALK, inputs=4, trouble=Trouble(gaze_uv=(150.0, 300.0))),
    Scenario("toxin_lid", SpasmPlan(amplitude_uv=(50.0, 120.0)), MIXED, weakened_lid=True),
    Scenario("winks_among_spasms", SpasmPlan(), MIXED, rate_hz=500.0, unilateral=1.5),
    Scenario("tonic_spasms", SpasmPlan((1.0, 3.0), (30.0, 120.0), tonic=0.35, tonic_s=(5.0, 35.0)), QUIET),
    Scenario(
        "drying_electrodes",
        SpasmPlan(amplitude_uv=(25.0, 90.0)),
        MIXED,
        trouble=Trouble(pops=0.4, motions=0.4, rails_per_hour=14.0, drying=True),
    ),
    Scenario("low_amplitude", SpasmPlan(amplitude_uv=(20.0, 36.0)), MIXED, rate_hz=200.0, inputs=4),
    Scenario(
        "severe_clonic",
        SpasmPlan((10.0, 16.0), (30.0, 120.0), grouped=0.7, tonic=0.06),
        QUIET,
        rate_hz=1000.0,
    ),
    Scenario("lively", None, {"rest": 0.35, "talk": 0.2, "company": 0.45}, gestures=5.0, unilateral=0.5),
    Scenario("talking", None, TALK, gestures=1.0, trouble=Trouble(mains_hz=60)),
    Scenario("meals", None, TABLE, gestures=1.0),
    Scenario("winks_and_smirks", None, MIXED, gestures=1.5, unilateral=4.0),
    Scenario(
        "artefacts",
        None,
        MIXED,
        trouble=Trouble(60, (5.0, 25.0), pops=0.9, motions=2.0, tugs=1.0, rails_per_hour=10.0),
    ),
    Scenario("blepharospasm", None, MIXED, rate_hz=500.0, mimic="blepharospasm"),
    Scenario("synkinesis", None, MIXED, gestures=3.0, mimic="synkinesis"),
    Scenario("lid_myokymia", None, MIXED, inputs=4, rate_hz=200.0, mimic="lid_myokymia"),
    Scenario("at_rest", None, {"rest": 0.8, "attention": 0.2}, inputs=4, gestures=0.2),
    Scenario("tics", None, MIXED, mimic="tics"),
)
