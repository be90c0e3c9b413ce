"""Learns hfs_emg/analysis/model.json from the train subjects, stopping early on the tune subjects. Test subjects are never read here.

python benchmarks/train.py [--rounds 300]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import msgspec
import numpy as np
from boosting import Examples, fit, softmax
from examples import LabelledAtoms, collect

from hfs_emg.analysis.classify import CLASSES, DEFAULT_MODEL, Axis, ModelFile, ScoreTable
from hfs_emg.analysis.features import NAMES


def weights_of(examples: LabelledAtoms) -> np.ndarray:
    """Each subject counts alike up to a limit, and rare kinds are lifted a little."""
    _, index, counts = np.unique(examples.subjects, return_inverse=True, return_counts=True)
    per_subject = np.minimum(1.0, 400 / counts)[index]
    share = np.bincount(examples.labels, minlength=len(CLASSES)) / len(examples.labels)
    per_kind = np.clip((0.1 / np.maximum(share, 1e-3)) ** 0.3, 0.7, 2.0)
    return np.asarray(per_subject * per_kind[examples.labels])


PLENTY = ("blink", "oral", "none")
"""Kinds of which there are so many examples that a part of them teaches as much."""


def thinned(examples: Examples, share: float) -> Examples:
    """The same examples with only a share of the plentiful kinds, which then weigh more."""
    plenty = np.isin(examples.labels, [CLASSES.index(c) for c in PLENTY])
    kept = ~plenty | (np.random.default_rng(0).random(len(plenty)) < share)
    weights = np.where(plenty, examples.weights / share, examples.weights)
    return Examples(examples.values[kept], examples.labels[kept], weights[kept], examples.forbidden[kept])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--thin", type=float, default=1.0, help="share of the plentiful kinds to learn from")
    parser.add_argument("--again", action="store_true", help="use the atoms gathered last time")
    parser.add_argument("--out", type=Path, default=DEFAULT_MODEL)
    options = parser.parse_args()
    began = time.monotonic()
    train, tune = collect("train", again=options.again), collect("tune", again=options.again)
    print(
        f"{len(train.labels)} train and {len(tune.labels)} tune atoms after {time.monotonic() - began:.0f} s",
        flush=True,
    )
    learn, watch = (Examples(e.values, e.labels, weights_of(e), e.forbidden) for e in (train, tune))
    if options.thin < 1:
        learn = thinned(learn, options.thin)
    model = fit(learn, watch, rounds=options.rounds, pairs=options.pairs)
    best = softmax(model.scores(tune.values, tune.forbidden)).argmax(axis=1)
    print("tune atoms, rows true, columns decided:")
    print(" " * 14 + " ".join(f"{c[:6]:>7}" for c in CLASSES))
    for k, name in enumerate(CLASSES):
        row = np.bincount(best[tune.labels == k], minlength=len(CLASSES))
        print(f"{name:14}" + " ".join(f"{v:7d}" for v in row))
    stored = ModelFile(
        schema="hfs-emg/model/1",
        name="additive-pairs-1",
        classes=list(CLASSES),
        intercept=[round(float(v), 3) for v in model.intercept],
        tables=[
            ScoreTable(
                [Axis(NAMES[f], [float(e) for e in edges]) for f, edges in zip(t.features, t.edges, strict=True)],
                [[round(float(v), 2) for v in row] for row in t.scores],
            )
            for t in model.tables
            if np.abs(t.scores).max() > 0.02
        ],
    )
    options.out.write_bytes(msgspec.json.encode(stored) + b"\n")
    print(f"wrote {options.out} after {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
