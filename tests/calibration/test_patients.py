"""Simulated people through the whole procedure: a slice of what `make calibration` measures."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from benchmarks.calibration_trials import (
    SIDES_EXCHANGED,
    calibrate,
    person,
    true_blink_ratio,
    true_crosstalk,
    true_levels,
    true_observation,
    true_rest_uv,
    with_fault,
)
from calibration.crosstalk import POINTS, RELIABLE_SD
from calibration.montage import Side, Site
from calibration.tasks import REFERENCE_TASKS
from hfs_emg.simulation.cooperation import Cooperation, WeakSite

SEEDS = (0, 1, 3)
good = functools.cache(lambda seed: calibrate(person(seed), seed=seed, reading=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_levels_symmetry_and_crosstalk_are_those_that_the_simulation_put_in(seed: int) -> None:
    found = good(seed)
    alone = true_observation(found)
    levels, profile = true_levels(alone), found.profile
    assert np.array([c.rest_uv for c in profile.channels]) == pytest.approx(true_rest_uv(found), rel=0.1)
    measured = [profile.reference_contraction(i) for i in range(8)]
    truth = [levels[i][REFERENCE_TASKS[c.channel.site]] for i, c in enumerate(profile.channels)]
    assert measured == pytest.approx(truth, rel=0.1)
    for site in (Site.FRONTALIS, Site.ZYGOMATICUS, Site.ORBICULARIS_ORIS):
        left, right = (truth[found.observation.montage.index(side, site) or 0] for side in Side)
        assert profile.symmetry(site) == pytest.approx(right / left, rel=0.1)
    assert profile.blink_ratio(Site.ORBICULARIS_OCULI) == pytest.approx(true_blink_ratio(found, alone), rel=0.1)
    error = np.abs(profile.crosstalk - true_crosstalk(found.face, found.observation.montage))
    apart = ~np.eye(8, dtype=bool)
    reliable = (profile.crosstalk_sd <= RELIABLE_SD) & apart
    assert reliable.sum() > 30
    assert (error[reliable] <= POINTS).all()
    # What is told of the uncertainty is neither boast nor excuse.
    assert 0.3 < (error[apart] / np.maximum(profile.crosstalk_sd[apart], 1e-3)).std() < 2.0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_good_set_up_raises_no_alarm_and_exchanged_sides_are_caught(seed: int) -> None:
    assert not good(seed).profile.cautions
    exchanged = person(seed, Cooperation(swapped=SIDES_EXCHANGED))
    winked = calibrate(exchanged, seed=seed).profile.cautions
    assert [c.guard for c in winked] == ["swapped sides"]
    assert winked[0].sureness > 0.9
    assert "correct the montage" in winked[0].remedy
    again = calibrate(exchanged, "quick", seed=seed, sitting=1, last=good(seed).profile)
    assert "swapped sides" in [c.guard for c in again.profile.cautions]
    same = calibrate(person(seed), "quick", seed=seed, sitting=1, last=good(seed).profile)
    assert not same.profile.cautions


@pytest.mark.parametrize(
    ("kind", "guards", "remedy"),
    [
        ("dry", {"dry electrode"}, "re-gel"),
        ("bridged", {"bridged electrodes", "dead electrode"}, "wipe"),
        ("dead", {"dead electrode", "bridged electrodes"}, "lead"),
    ],
)
@pytest.mark.parametrize("place", [2, 7])
def test_a_bad_electrode_is_named_with_its_remedy(kind: str, guards: set[str], remedy: str, place: int) -> None:
    found = calibrate(with_fault(person(1), kind, place), seed=1)
    label = found.observation.montage.channels[place - 1].label
    named = [c for c in found.profile.cautions if label in c.channels]
    assert named
    assert {c.guard for c in named} <= guards
    assert remedy in named[0].remedy


def test_exchanged_sites_are_named() -> None:
    found = calibrate(person(0, Cooperation(swapped=((2, 3),))), seed=0)
    told = {c.guard: c for c in found.profile.cautions}
    assert set(told["swapped sites"].channels) == {"EMG L OOC", "EMG L ZYG"}


def test_a_muscle_without_strength_is_recorded_and_is_no_bad_electrode() -> None:
    weak = Cooperation(weak=(WeakSite(side="right", site="zygomaticus", strength=0.0),))
    found = calibrate(person(0, weak), seed=0)
    smile = next(t for t in found.profile.tasks if t.task == "smile")
    assert (smile.ending, smile.moved) == ("one_side", Side.LEFT)
    assert not [c for c in found.profile.cautions if c.guard in ("dead electrode", "bridged electrodes")]


def test_an_electrode_that_moved_is_seen_against_the_last_profile() -> None:
    later = calibrate(person(1), seed=1, sitting=1, last=good(1).profile)
    assert not later.profile.cautions
    from dataclasses import replace

    from calibration.guards import changes

    rows = list(later.profile.channels)
    rows[2] = replace(rows[2], tasks={k: replace(v, uv=0.35 * v.uv) for k, v in rows[2].tasks.items()})
    rows[5] = replace(rows[5], rest_uv=3.5 * rows[5].rest_uv)
    found = changes(replace(later.profile, channels=tuple(rows)), good(1).profile, frozenset())
    assert {(c.guard, c.channels) for c in found} == {
        ("moved electrode", ("EMG L ZYG",)),
        ("changed noise floor", ("EMG R OOC",)),
    }
