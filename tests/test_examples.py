"""What the decision is learned from: atoms of both generators' faces, with their true kinds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.examples import Gathered, LabelledAtoms, examples_of
from benchmarks.subjects import SEEDS, VARIED, DrawnSubject, varied
from benchmarks.train import weights_of
from benchmarks.variety import VariedFace, faces
from hfs_emg.analysis.feature_names import NAMES
from hfs_emg.analysis.kinds import CLASSES

OWN = DrawnSubject(10_000, "moderate", 40.0)
(FOREIGN,) = faces(1040, 1, 40.0)


@pytest.fixture(scope="module")
def gathered() -> list[Gathered]:
    return [examples_of(OWN), examples_of(FOREIGN)]


def together(parts: Sequence[Gathered], seeds: Sequence[int]) -> LabelledAtoms:
    values, labels, times, sides, patterns = (np.concatenate([part[i] for part in parts]) for i in range(5))
    who = np.concatenate([np.full(len(part[1]), seed) for part, seed in zip(parts, seeds, strict=True)])
    return LabelledAtoms(values, labels, who, times, sides, patterns)


@pytest.mark.parametrize("which", [0, 1])
def test_atoms_of_either_generator_have_the_same_columns(gathered: list[Gathered], which: int) -> None:
    values, labels, times, sides, _ = gathered[which]
    assert values.shape == (len(labels), len(NAMES))
    assert (times[:, 1] > times[:, 0]).all()
    assert set(sides) <= {0, 1, 2}
    kinds = {CLASSES[i] for i in labels if i >= 0}
    assert {"spasm", "blink"} <= kinds


def test_a_face_of_the_other_generator_is_learned_from_like_any(gathered: list[Gathered]) -> None:
    atoms = together(gathered, (OWN.seed, FOREIGN.seed))
    weights = weights_of(atoms)
    assert (weights[atoms.labels >= 0] > 0).all()
    own = atoms.of(atoms.subjects == OWN.seed)
    assert len(own.labels) == len(gathered[0][1])


def test_no_face_that_is_learned_from_is_tuned_or_tested_on() -> None:
    own = [seed for name in ("train", "tune", "test") for seed in SEEDS[name]]
    foreign = [seed for name in ("train", "tune") for seed in VARIED[name]]
    assert len({*own, *foreign}) == len(own) + len(foreign)
    assert max(foreign) < min(own)
    assert all(isinstance(face, VariedFace) for face in varied("tune"))
    assert varied("test") == []
