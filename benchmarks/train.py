"""Learns hfs_emg/analysis/model.json from the train subjects, stopping early on the tune subjects. Test subjects are never read here.

python benchmarks/train.py [--rounds 300]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import msgspec
import numpy as np
from boosting import fit, softmax
from examples import Examples, collect

from hfs_emg.analysis.classify import CLASSES, DEFAULT_MODEL, FeatureTable, ModelFile
from hfs_emg.analysis.features import NAMES


def weights_of(examples: Examples) -> np.ndarray:
    """Each subject counts alike up to a limit, and rare kinds are lifted to the square root of their rarity."""
    _, index, counts = np.unique(examples.subjects, return_inverse=True, return_counts=True)
    per_subject = np.minimum(1.0, 400 / counts)[index]
    share = np.bincount(examples.labels, minlength=len(CLASSES)) / len(examples.labels)
    per_kind = np.minimum(4.0, (0.1 / np.maximum(share, 1e-3)) ** 0.5)
    return np.asarray(per_subject * per_kind[examples.labels])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--out", type=Path, default=DEFAULT_MODEL)
    options = parser.parse_args()
    began = time.monotonic()
    train, tune = collect("train"), collect("tune")
    print(
        f"{len(train.labels)} train and {len(tune.labels)} tune atoms after {time.monotonic() - began:.0f} s",
        flush=True,
    )
    model = fit(
        train.values,
        train.labels,
        weights_of(train),
        len(CLASSES),
        train.forbidden,
        options.rounds,
        (tune.values, tune.labels, weights_of(tune), tune.forbidden),
    )
    scores = model.scores(tune.values)
    scores[tune.forbidden] = -np.inf
    best = softmax(scores).argmax(axis=1)
    print("tune atoms, rows true, columns decided:")
    print(" " * 14 + " ".join(f"{c[:6]:>7}" for c in CLASSES))
    for k, name in enumerate(CLASSES):
        row = np.bincount(best[tune.labels == k], minlength=len(CLASSES))
        print(f"{name:14}" + " ".join(f"{v:7d}" for v in row))
    stored = ModelFile(
        schema="hfs-emg/model/1",
        name="additive-1",
        classes=list(CLASSES),
        intercept=[round(float(v), 4) for v in model.intercept],
        features=[
            FeatureTable(name, [float(e) for e in edges], [[round(float(v), 3) for v in row] for row in table])
            for name, edges, table in zip(NAMES, model.edges, model.tables, strict=True)
        ],
    )
    options.out.write_bytes(msgspec.json.encode(stored) + b"\n")
    print(f"wrote {options.out} after {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
