"""Several learned models to one: the mean of their scores, which is an additive model again. `python -m benchmarks.blend A B … --out C`.

Models learned from different faces err differently, and their mean errs less than each (bagging: Breiman, Mach. Learn. 24:123, 1996).
Tables of the same features become one with the edges of all, so that looking up costs little more than in one model.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.classify import SCHEMA, Axis, Look, ModelFile, ScoreTable

Floats = NDArray[np.float64]


def blended(models: Sequence[ModelFile], name: str) -> ModelFile:
    """The mean of models of the same classes. Raises ValueError where the classes differ."""
    first = models[0]
    if any(m.classes != first.classes for m in models):
        raise ValueError("the models do not tell the same kinds apart")
    return ModelFile(
        SCHEMA, name, first.classes, _mean([m.alone for m in models]), _mean([m.in_context for m in models])
    )


def _mean(looks: Sequence[Look]) -> Look:
    groups: dict[tuple[str, ...], list[ScoreTable]] = {}
    for look in looks:
        for table in look.tables:
            groups.setdefault(tuple(axis.feature for axis in table.axes), []).append(table)
    intercept = np.mean([look.intercept for look in looks], axis=0)
    return Look(
        [round(float(v), 3) for v in intercept],
        [_sum(tables, 1 / len(looks)) for tables in groups.values()],
    )


def _sum(tables: Sequence[ScoreTable], factor: float) -> ScoreTable:
    """One table over the edges of all, worth factor times their sum."""
    axes = [
        Axis(axis.feature, sorted({e for t in tables for e in t.axes[k].edges}))
        for k, axis in enumerate(tables[0].axes)
    ]
    total = sum(_spread(t, axes) for t in tables)
    rows = np.asarray(factor * total).reshape(-1, np.shape(total)[-1])
    return ScoreTable(axes, [[round(float(v), 3) for v in row] for row in rows])


def _spread(table: ScoreTable, axes: Sequence[Axis]) -> Floats:
    """A table's scores over finer axes, (bins of each axis, classes); the last bin of an axis is "not known"."""
    shape = [len(axis.edges) + 2 for axis in table.axes]
    scores = np.array(table.scores).reshape(*shape, -1)
    for k, (mine, finer) in enumerate(zip(table.axes, axes, strict=True)):
        bins = [0, *np.searchsorted(mine.edges, finer.edges, side="right").tolist(), shape[k] - 1]
        scores = scores.take(bins, axis=k)
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default="two-looks-4")
    options = parser.parse_args()
    read = [msgspec.json.decode(path.read_bytes(), type=ModelFile) for path in options.models]
    options.out.write_bytes(msgspec.json.encode(blended(read, options.name)) + b"\n")


if __name__ == "__main__":
    main()
