"""Several models to one: the mean of their scores, whatever is looked up."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from benchmarks.blend import blended
from hfs_emg.analysis.classify import ALL_NAMES, SCHEMA, Axis, Classifier, Look, ModelFile, ScoreTable
from hfs_emg.analysis.feature_names import NAMES
from hfs_emg.analysis.kinds import CLASSES


def _model(seed: int) -> ModelFile:
    rng = np.random.default_rng(seed)

    def axis(name: str) -> Axis:
        return Axis(name, sorted({round(float(v), 2) for v in rng.normal(0, 1, int(rng.integers(1, 6)))}))

    def table(*names: str) -> ScoreTable:
        axes = [axis(name) for name in names]
        rows = int(np.prod([len(a.edges) + 2 for a in axes]))
        return ScoreTable(axes, rng.normal(0, 1, (rows, len(CLASSES))).round(2).tolist())

    def look() -> Look:
        return Look(
            rng.normal(0, 1, len(CLASSES)).round(2).tolist(),
            [table(NAMES[0]), table(NAMES[1], NAMES[2]), table(NAMES[2 + seed])],
        )

    return ModelFile(SCHEMA, f"m{seed}", list(CLASSES), look(), look())


def _odds(model: ModelFile, values: np.ndarray) -> np.ndarray:
    """Scores up to a constant for each atom, from the probabilities of the first look."""
    looks = Classifier(msgspec.json.encode(model)).look(values)
    odds = np.log(looks)
    return np.asarray(odds - odds.mean(axis=1, keepdims=True))


def test_the_blend_scores_the_mean_of_its_models_everywhere_between_and_on_the_edges() -> None:
    models = [_model(1), _model(2), _model(3)]
    rng = np.random.default_rng(5)
    values = rng.normal(0, 1.2, (400, len(NAMES))).round(2)
    values[rng.random(values.shape) < 0.1] = np.nan
    values[:, NAMES.index("two_sided")] = 0.0
    mean = np.mean([_odds(m, values) for m in models], axis=0)
    assert _odds(blended(models, "all"), values) == pytest.approx(mean, abs=0.02)


def test_tables_of_the_same_features_become_one() -> None:
    model = blended([_model(1), _model(2)], "both")
    assert [tuple(a.feature for a in t.axes) for t in model.alone.tables] == [
        (NAMES[0],),
        (NAMES[1], NAMES[2]),
        (NAMES[3],),
        (NAMES[4],),
    ]
    assert set(NAMES) <= set(ALL_NAMES)


def test_models_of_other_kinds_are_not_blended() -> None:
    other = msgspec.structs.replace(_model(2), classes=["spasm", "none"])
    with pytest.raises(ValueError, match="same kinds"):
        blended([_model(1), other], "both")
