"""Persons drawn at random: the same for a seed, wide over seeds, as their phenotype says."""

from __future__ import annotations

import numpy as np
import pytest

from hfs_emg.errors import RequestError
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.front_end import RATES_HZ
from hfs_emg.simulation.phenotypes import PHENOTYPES
from hfs_emg.simulation.subjects import draw_subject, phenotype_names


def test_a_seed_is_a_person() -> None:
    assert draw_subject(12) == draw_subject(12)
    assert draw_subject(12, "tonic") == draw_subject(12, "tonic")
    assert draw_subject(12, "tonic") != draw_subject(13, "tonic")
    assert draw_subject(12, "tonic").anatomy != draw_subject(12, "moderate").anatomy


@pytest.mark.parametrize("name", phenotype_names())
def test_a_phenotype_has_spasm_or_has_none(name: str) -> None:
    for seed in (5,):
        scenario = draw_subject(seed, name)
        assert bool(scenario.spasms) is PHENOTYPES[name].has_spasm
        face = SimulatedFace(
            scenario, seed=seed, rate_hz=scenario.suggested_rate_hz, channels=scenario.suggested_channels
        )
        assert face.read(0, 500).shape == (500, scenario.suggested_channels)
        kinds = {e.kind for e in face.truth(60.0).episodes}
        assert PHENOTYPES[name].has_spasm or "spasm" not in kinds


def test_persons_differ_in_everything_that_a_generator_might_have_a_habit_of() -> None:
    drawn = [draw_subject(seed) for seed in range(200)]
    assert {d.carrier.model for d in drawn} == {"gaussian", "pulsed", "motor_units"}
    assert {d.carrier.spasm_shape for d in drawn} == {"trapezoid", "surge", "bell", "cosine"}
    assert {d.mains.frequency_hz for d in drawn} == {50, 60}
    assert {d.suggested_channels for d in drawn} == {4, 8}
    assert {d.suggested_rate_hz for d in drawn} <= set(RATES_HZ)
    assert len({d.title for d in drawn}) == len(PHENOTYPES)
    crosstalk = [d.anatomy.crosstalk_across for d in drawn]
    assert min(crosstalk) < 0.015
    assert max(crosstalk) > 0.08
    assert 0.35 < np.mean([bool(d.spasms) for d in drawn]) < 0.65
    smaller = [s.amplitude_uv < d.blinks.amplitude_uv for d in drawn for s in d.spasms]
    assert 0.2 < np.mean(smaller) < 0.8


def test_an_unknown_phenotype_is_refused_with_close_ones() -> None:
    with pytest.raises(RequestError, match="'blepharospas': choose one of blepharospasm"):
        draw_subject(1, "blepharospas")
