"""A healthy person at random: the part of every drawn subject that no phenotype changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from hfs_emg.simulation.events import Random, chance
from hfs_emg.simulation.settings import Anatomy, Blinks, Carrier, Electrodes, Expressions, Mains, Meals, Noise, Speech

LEAKY = 0.16
"""Share of faces that leak across the midline so far that the other side shows every strong burst."""


def draw_healthy(rng: Random, leaky: float = LEAKY) -> dict[str, Any]:
    """Sections of a person without any disorder who sits mostly quiet. leaky: probability of strong crosstalk across the face."""
    low, high = one_of(rng, ((40.0, 80.0), (60.0, 120.0), (60.0, 150.0), (50.0, 100.0), (45.0, 140.0), (70.0, 170.0)))
    dry = chance(rng, 0.08)
    leaks = chance(rng, leaky)
    above_the_eye = chance(rng, 0.1)
    return {
        "anatomy": Anatomy(
            crosstalk_across=log_uniform(rng, 0.03, 0.1) if leaks else log_uniform(rng, 0.003, 0.03),
            crosstalk_along=log_uniform(rng, 0.04, 0.3),
            masseter_bleed=rng.uniform(0.1, 0.6),
            gain_spread=rng.uniform(0.05, 0.3),
            amplitude=log_uniform(rng, 0.55, 1.6),
            blink_asymmetry=rng.uniform(0.02, 0.16),
            movement_asymmetry=rng.uniform(0.05, 0.22),
        ),
        "carrier": Carrier(
            model=one_of(rng, ("gaussian", "pulsed", "motor_units", "motor_units")),
            low_corner_hz=low,
            high_corner_hz=high,
            units=int(rng.integers(5, 31)),
            shared=rng.uniform(0.05, 0.6),
            voluntary_shape=one_of(rng, ("cosine", "trapezoid", "bell")),
            spasm_shape=one_of(rng, ("trapezoid", "surge", "bell", "cosine")),
        ),
        "noise": Noise(
            electrode_uv=log_uniform(rng, 3.0, 12.0) if dry else log_uniform(rng, 0.8, 3.0),
            spread=rng.uniform(0.1, 0.5),
            corner_hz=rng.uniform(5.0, 40.0),
            tone_uv=log_uniform(rng, 0.2, 2.5),
            offset_mv=log_uniform(rng, 2.0, 60.0),
            drift_mv=log_uniform(rng, 0.1, 4.0),
            growth_per_hour=rng.uniform(0.0, 1.0),
        ),
        "mains": Mains(
            frequency_hz=one_of(rng, (50, 60)),
            level_uv=log_uniform(rng, 0.5, 25.0),
            spread=rng.uniform(0.1, 0.9),
            touches_per_min=rng.uniform(0.0, 0.4) if chance(rng, 0.3) else 0.0,
        ),
        "blinks": Blinks(
            rate_per_min=log_uniform(rng, 4.0, 26.0),
            # With electrodes above the brow a blink shows by its eye potential alone.
            amplitude_uv=log_uniform(rng, 2.0, 8.0) if above_the_eye else log_uniform(rng, 18.0, 80.0),
            duration_ms=rng.uniform(55.0, 120.0),
            doublets=rng.uniform(0.02, 0.14),
            voluntary_per_min=rng.uniform(0.0, 1.5),
            eog_uv=log_uniform(rng, 120.0, 300.0) if above_the_eye else log_uniform(rng, 10.0, 300.0),
            saccades_per_min=rng.uniform(0.0, 20.0),
        ),
        "expressions": Expressions(
            smile=rng.uniform(0.0, 0.6),
            brow_raise=rng.uniform(0.0, 0.5),
            pucker=rng.uniform(0.0, 0.2),
            tight_closure=rng.uniform(0.0, 0.2),
            gentle_closure=rng.uniform(0.0, 0.2),
            wink=rng.uniform(0.0, 0.3) if chance(rng, 0.25) else 0.0,
            smirk=rng.uniform(0.0, 0.3) if chance(rng, 0.25) else 0.0,
            one_sided_clench=rng.uniform(0.0, 0.4) if chance(rng, 0.15) else 0.0,
            one_sided_effort=rng.uniform(0.0, 0.4) if chance(rng, 0.15) else 0.0,
            amplitude=log_uniform(rng, 0.6, 1.5),
            briskness=log_uniform(rng, 0.8, 1.4),
        ),
        "speech": Speech(
            bout_s=rng.uniform(4.0, 15.0) if chance(rng, 0.2) else 0.0,
            pause_s=rng.uniform(20.0, 90.0),
            amplitude_uv=log_uniform(rng, 10.0, 60.0),
            syllables_hz=rng.uniform(3.0, 6.0),
        ),
        "meals": Meals(
            bout_s=0.0,
            cycle_hz=rng.uniform(0.94, 2.17),
            amplitude_uv=log_uniform(rng, 50.0, 220.0),
            balance=rng.uniform(0.3, 0.95),
            swallows_per_min=rng.uniform(0.0, 1.5),
            yawns_per_hour=rng.uniform(0.0, 6.0),
        ),
        "electrodes": Electrodes(
            motion_per_min=rng.uniform(0.0, 1.0) if chance(rng, 0.4) else 0.0,
            motion_uv=log_uniform(rng, 100.0, 800.0),
            pops_per_min=rng.uniform(0.0, 0.5) if chance(rng, 0.3) else 0.0,
            tugs_per_min=rng.uniform(0.0, 0.3) if chance(rng, 0.25) else 0.0,
            ecg_uv=rng.uniform(0.0, 15.0) if chance(rng, 0.3) else 0.0,
        ),
    }


def one_of(rng: Random, choices: tuple[Any, ...]) -> Any:
    """One of several, each as likely."""
    return choices[int(rng.integers(0, len(choices)))]


def log_uniform(rng: Random, low: float, high: float) -> float:
    """Log-uniform between low and high."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
