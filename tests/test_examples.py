"""What the decision is learned from: atoms of four generators' faces, with their true kinds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks import tripoles, variety, volleys
from benchmarks.examples import Gathered, LabelledAtoms, examples_of
from benchmarks.subjects import SEEDS, TRIPOLES, VARIED, VOLLEYS, DrawnSubject, generator_of, rendered
from benchmarks.train import COUNTED, blurred, weights_of
from hfs_emg.analysis.feature_names import NAMES
from hfs_emg.analysis.kinds import CLASSES

OWN = DrawnSubject(10_000, "moderate", 40.0)
(VARIED_FACE,) = variety.faces(1040, 1, 40.0)
(VOLLEY_FACE,) = volleys.faces(3120, 1, 40.0)
(TRIPOLE_FACE,) = tripoles.faces(4160, 1, 40.0)
ALL = (OWN, VARIED_FACE, VOLLEY_FACE, TRIPOLE_FACE)


@pytest.fixture(scope="module")
def gathered() -> list[Gathered]:
    return [examples_of(face) for face in ALL]


def together(parts: Sequence[Gathered], seeds: Sequence[int]) -> LabelledAtoms:
    values, labels, times, sides, patterns = (np.concatenate([part[i] for part in parts]) for i in range(5))
    who = np.concatenate([np.full(len(part[1]), seed) for part, seed in zip(parts, seeds, strict=True)])
    return LabelledAtoms(values, labels, who, times, sides, patterns)


@pytest.mark.parametrize("which", range(4))
def test_atoms_of_each_generator_have_the_same_columns(gathered: list[Gathered], which: int) -> None:
    values, labels, times, sides, _ = gathered[which]
    assert values.shape == (len(labels), len(NAMES))
    assert (times[:, 1] > times[:, 0]).all()
    assert set(sides) <= {0, 1, 2}
    kinds = {CLASSES[i] for i in labels if i >= 0}
    assert {"spasm", "blink"} <= kinds


def test_faces_of_the_other_generators_are_learned_from_like_any(gathered: list[Gathered]) -> None:
    atoms = together(gathered, [face.seed for face in ALL])
    weights = weights_of(atoms)
    assert (weights[atoms.labels >= 0] > 0).all()
    own = atoms.of(atoms.subjects == OWN.seed)
    assert len(own.labels) == len(gathered[0][1])


def test_all_generators_count_alike_however_many_faces_there_are_of_each(gathered: list[Gathered]) -> None:
    seeds = [OWN.seed, OWN.seed + 1, *(face.seed for face in ALL[1:])]
    atoms = together([gathered[0], *gathered], seeds)
    weights, whose = weights_of(atoms), generator_of(atoms.subjects)
    assert list(generator_of(np.array(seeds))) == [0, 0, 1, 2, 3]
    assert np.bincount(whose, weights) == pytest.approx([weights.sum() / 4] * 4)


def test_no_face_that_is_learned_from_is_tuned_or_tested_on() -> None:
    own = [seed for name in ("train", "tune", "test") for seed in SEEDS[name]]
    drawn = {name: [*VARIED[name], *VOLLEYS[name], *TRIPOLES[name]] for name in SEEDS}
    learned, tuned = drawn["train"], drawn["tune"]
    assert len({*own, *learned, *tuned}) == len(own) + len(learned) + len(tuned)
    assert max(learned + tuned) < min(own)
    assert not set(drawn["test"]) & {*learned, *tuned}
    assert [face.seed for face in rendered("tune")] == tuned
    assert len({(type(face), face.seed) for face in rendered("test")}) == 78


def test_what_is_learned_from_is_blurred_by_its_spread_and_counts_are_not(gathered: list[Gathered]) -> None:
    values = np.vstack([part[0] for part in gathered])
    found = blurred(values, NAMES, 0.2, 1)
    assert np.array_equal(np.isnan(found), np.isnan(values))
    for i, name in enumerate(NAMES):
        if np.isnan(values[:, i]).all():
            continue
        low, high = np.nanpercentile(values[:, i], (16, 84))
        moved = np.nanstd(found[:, i] - values[:, i])
        assert moved == (0.0 if name in COUNTED else pytest.approx(0.1 * (high - low), rel=0.2)), name
    assert np.array_equal(blurred(values, NAMES, 0.0, 1), values, equal_nan=True)
