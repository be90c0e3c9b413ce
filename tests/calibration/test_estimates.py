"""Levels, blinks and crosstalk from envelopes made by hand, where what must come out is known."""

from __future__ import annotations

import numpy as np
import pytest
from faces import CLOCK, MONTAGE, OOC_L, OOC_R, ZYG_L, ZYG_R, HandMade
from test_procedure import TOLD

from calibration.blinks import Blink, alike
from calibration.crosstalk import POINTS, crosstalk
from calibration.envelope import Envelope
from calibration.estimate import profile_of
from calibration.procedure import Procedure
from calibration.quiet import RestLevels
from calibration.repetitions import best_power
from calibration.tasks import TASKS


def blink(left: float, right: float, cue: int = 0) -> Blink:
    return Blink(cue, np.array([left, right]), None)


def test_a_blink_that_a_spasm_joined_is_left_out() -> None:
    good = [blink(20.0, 22.0 + k, k) for k in range(6)]
    assert [b.cue for b in alike([*good, blink(60.0, 20.0, 7), blink(20.0, 70.0, 8)], 0, 1)] == list(range(6))


def test_an_eye_that_never_blinks_does_not_unmake_the_other_ones_blinks() -> None:
    one_sided = [blink(20.0, 0.0, k) for k in range(8)]
    assert len(alike(one_sided, 0, 1)) == 8


def test_a_blink_at_the_best_moment_does_not_cost_the_moment() -> None:
    power, clean = np.full((40, 1), 4.0), np.ones(40, np.bool_)
    power[10:20] = 9.0
    power[14:16], clean[14:16] = 400.0, False
    assert best_power(power, clean, 10) == pytest.approx([9.0])
    clean[12:17] = False
    assert best_power(power, clean, 10)[0] < 9.0
    assert np.isnan(best_power(power, np.zeros(40, np.bool_), 10)).all()
    assert np.isnan(best_power(power[:5], clean[:5], 10)).all()


def test_a_strong_moment_of_one_muscle_is_no_spasm_and_a_jump_of_two_is() -> None:
    def smiled(extra: dict[int, float]) -> float:
        one = HandMade(Procedure((TASKS["rest"], TASKS["smile"]), MONTAGE, CLOCK))
        one.until(lambda p: p.prompt.task.name == "smile" and p.prompt.phase == "do")
        one.extra |= {one.at + k: extra for k in range(30, 34)}
        one.finish()
        (_, smile) = one.procedure.results
        return float(smile.repetitions[0].clean[28:36].mean())

    assert smiled({ZYG_L: 105.0}) == 1.0
    assert smiled({ZYG_L: 105.0, OOC_L: 60.0}) < 0.6
    assert smiled({ZYG_L: 105.0, OOC_L: 60.0, ZYG_R: 160.0, OOC_R: 60.0}) < 0.6


CROSS = {(0, 1): 0.12, (1, 0): 0.05, (2, 3): 0.3, (0, 2): 0.02}


def mixed(apart: bool, repetitions: int = 12, steps: int = 60) -> tuple[Envelope, np.ndarray, RestLevels]:
    """Four muscles that leak as CROSS says. apart: each by itself in turn; else all of them always in the same proportion."""
    rng = np.random.default_rng(3)
    mixing = np.eye(4)
    for (i, j), part in CROSS.items():
        mixing[i, j] = part
    rows, groups = [], []
    for repetition in range(repetitions):
        level = np.full(4, 60.0)
        if apart:
            level = np.where(np.arange(4) == repetition % 4, 60.0, 2.0)
        for _ in range(steps):
            wave = (level[:, None] * rng.standard_normal((4, CLOCK.samples))).T @ mixing
            rows.append((wave + rng.standard_normal(wave.shape)).T)
            groups.append(repetition)
    waves = np.array(rows)
    products = waves @ waves.transpose(0, 2, 1) / CLOCK.samples
    frames = (waves * waves).reshape(len(waves), 4, CLOCK.frames, -1).mean(axis=3)
    rest = RestLevels(np.ones(4), np.full(4, 0.2), np.eye(4), 100, np.ones(100, np.bool_))
    return Envelope(0, products, frames, np.zeros((len(waves), 4), np.bool_)), np.array(groups), rest


def test_crosstalk_is_found_within_two_points_and_called_reliable_where_muscles_were_used_apart() -> None:
    found = crosstalk(*mixed(apart=True, repetitions=40), CLOCK.step_s)
    truth = np.eye(4)
    for place, part in CROSS.items():
        truth[place] = part
    assert found.reliable.all()
    assert np.abs(found.matrix - truth).max() <= POINTS


def test_what_always_moves_together_is_not_called_reliable() -> None:
    found = crosstalk(*mixed(apart=False), CLOCK.step_s)
    apart = ~np.eye(4, dtype=bool)
    assert not found.reliable[apart].any()
    assert found.matrix[0, 1] + found.matrix[1, 0] == pytest.approx(0.17, abs=0.05)


def test_without_a_step_the_expectation_comes_back() -> None:
    envelope, groups, rest = mixed(apart=True, repetitions=1)
    found = crosstalk(envelope, np.full_like(groups, -1), rest, CLOCK.step_s)
    assert (found.matrix == np.eye(4)).all()
    assert not found.reliable[0, 1]


def test_synkinesis_is_told_without_the_eyelids_crosstalk() -> None:
    one = HandMade(Procedure((TASKS["rest"], TASKS["gentle_closure"]), MONTAGE, CLOCK))
    one.moves = one.moves | {"gentle_closure": {OOC_L: 20, OOC_R: 20, ZYG_R: 12}}
    one.finish()
    (zygomaticus,) = [s for s in profile_of(one.procedure.observation(), TOLD).synkinesis if s.ratio is not None]
    assert zygomaticus.site == "zygomaticus"
    assert zygomaticus.right_uv == pytest.approx(12, rel=0.15)
    assert (zygomaticus.ratio or 0) > 10
