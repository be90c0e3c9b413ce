"""Learns hfs_emg/analysis/model.json from the train subjects, stopping early on the tune subjects. Test subjects are never read here.

The first look is learned from atoms by themselves. What it then says of the train subjects, from which the second look is
learned, comes from models that have not seen them: two halves of the subjects, each judged by the other's.

python -m benchmarks.train [--again] [--rounds 60] [--own 0:8]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.boosting import Examples, Model, fit, softmax
from benchmarks.examples import CACHE, LabelledAtoms, collect
from benchmarks.subjects import SEEDS, Set, drawn, generator_of
from hfs_emg.analysis.classify import ALL_NAMES, DEFAULT_MODEL, SCHEMA, Axis, Look, ModelFile, ScoreTable
from hfs_emg.analysis.context import CONTEXT_NAMES, Context, Looked
from hfs_emg.analysis.feature_names import NAMES
from hfs_emg.analysis.kinds import CLASSES
from hfs_emg.simulation.phenotypes import PHENOTYPES

Floats = NDArray[np.float64]

SETS: tuple[Set, ...] = ("train", "tune")
PLENTY = ("blink", "oral", "none")
"""Kinds of which there are so many examples that a part of them teaches as much."""
SEEN_AGAIN = (
    *(
        "two_sided",
        "region",
        "duration",
        "level_first",
        "level_second",
        "sites",
        "share_eye",
        "share_brow",
        "asymmetry",
    ),
    *("asymmetry_all", "asymmetry_rise", "level_other", "rise", "abruptness", "onset_spread", "site_correlation"),
    *(
        "early_power",
        "sharp_sites",
        "own_rise",
        "second_rise",
        "other_rise",
        "rising_sites",
        "subbursts",
        "eye_two_sided",
    ),
    *("lower_two_sided", "eye_before", "lag_movement", "outlasts_movement", "stretch", "into_stretch", "oral_context"),
    *("rhythm_cv", "rhythm_count", "rhythm_interval", "lower_cv", "coupling", "wave_correlation", "brow_with_eye"),
)
"""Features of the first look that the second one may weigh against the context."""

COUNTED = (
    *("two_sided", "region", "sites", "rising_sites", "sharp_sites", "two_sided_sites", "subbursts", "lower_count"),
    *("rhythm_count", "own_context", "other_context", "eye_rate"),
)
"""Features that are counts or flags."""


def weights_of(examples: LabelledAtoms) -> Floats:
    """Each subject counts alike up to a limit, by the weight of its phenotype, rare kinds are lifted a little, and all generators count
    alike, however many faces there are of each: what holds for one only must not outweigh what holds for all. 0 for what truth leaves
    open.
    """
    seeds, index, counts = np.unique(examples.subjects, return_inverse=True, return_counts=True)
    phenotypes = {s.seed: s.phenotype for which in SETS for s in drawn(which)}
    names = [phenotypes.get(int(seed), "") for seed in seeds]
    mixture = np.array([PHENOTYPES[name].weight if name else 1.0 for name in names])
    per_subject = (np.minimum(1.0, 400 / counts) * mixture)[index]
    # Several sites in facial myokymia are what surface electrodes cannot tell from a spasm: they would teach to doubt spasms.
    several = examples.values[:, NAMES.index("sites")] > 1
    undecidable = several & np.array([name == "facial-myokymia" for name in names])[index]
    known = (examples.labels >= 0) & ~undecidable
    share = np.bincount(examples.labels[known], minlength=len(CLASSES)) / known.sum()
    per_kind = np.clip((0.1 / np.maximum(share, 1e-3)) ** 0.3, 0.7, 2.0)
    weights = np.where(known, per_subject * per_kind[examples.labels], 0.0)
    whose = generator_of(examples.subjects)
    of_each = np.bincount(whose, weights)
    alike = weights.sum() / max(1, np.count_nonzero(of_each)) / np.where(of_each > 0, of_each, 1.0)
    return np.asarray(weights * alike[whose])


def to_learn(examples: LabelledAtoms, values: Floats, which: NDArray[np.bool_], share: float) -> Examples:
    """Examples of the rows `which`, with only a share of the plentiful kinds, which then weigh more."""
    plenty = np.isin(examples.labels, [CLASSES.index(c) for c in PLENTY])
    kept = which & (examples.labels >= 0)
    kept &= ~plenty | (np.random.default_rng(0).random(len(plenty)) < share)
    weights = weights_of(examples) * np.where(plenty, 1 / share, 1.0)
    kept &= weights > 0
    return Examples(values[kept], examples.labels[kept], weights[kept], examples.forbidden[kept])


def blurred(values: Floats, names: Sequence[str], share: float, seed: int) -> Floats:
    """Columns of `names` with normal noise of `share` of their spread (half the distance from the 16th to the 84th percentile) added, so
    that no bin can hang on one generator's exact values. Counts and flags stay as they are. (Noise on what is learned from is a
    penalty on curvature: Bishop, Neural Comput. 7:108, 1995.)
    """
    found = values.copy()
    rng = np.random.default_rng(seed)
    for i, name in enumerate(names):
        noise = rng.standard_normal(len(values))
        if name in COUNTED or np.isnan(values[:, i]).all():
            continue
        low, high = np.nanpercentile(values[:, i], (16, 84))
        found[:, i] += share * (high - low) / 2 * noise
    return found


def looks_of(model: Model, examples: LabelledAtoms) -> Floats:
    """What a first look says of atoms."""
    return softmax(model.scores(examples.values, examples.forbidden))


def in_context(examples: LabelledAtoms, looks: Floats) -> Floats:
    """The columns of the second look, as the analyser makes them: (n, len(CONTEXT_NAMES))."""
    values = np.zeros((len(looks), len(CONTEXT_NAMES)))
    breaks = np.flatnonzero(np.diff(examples.subjects)) + 1
    for rows in np.split(np.arange(len(looks)), breaks):
        context = Context()
        cuts = np.flatnonzero(np.diff(examples.times[rows, 2])) + 1
        for island in np.split(rows, cuts):
            values[island] = context.measure(
                Looked(examples.times[island, :2], examples.sides[island], looks[island], examples.patterns[island])
            )
    return values


def table_of(found: Model, names: tuple[str, ...]) -> Look:
    """A learned model as it is stored."""
    return Look(
        intercept=[round(float(v), 3) for v in found.intercept],
        tables=[
            ScoreTable(
                [Axis(names[f], [float(e) for e in edges]) for f, edges in zip(t.features, t.edges, strict=True)],
                [[round(float(v), 2) for v in row] for row in t.scores],
            )
            for t in found.tables
            if np.abs(t.scores).max() > 0.02
        ],
    )


def show_confusion(said: Floats, examples: LabelledAtoms) -> None:
    best = said.argmax(axis=1)
    print("tune atoms, rows true, columns decided:")
    print(" " * 14 + " ".join(f"{c[:6]:>7}" for c in CLASSES))
    for k, name in enumerate(CLASSES):
        row = np.bincount(best[examples.labels == k], minlength=len(CLASSES))
        print(f"{name:14}" + " ".join(f"{v:7d}" for v in row), flush=True)


def _fit_first(learn: Examples, watch: Examples, rounds: int, pairs: int) -> Model:
    return fit(learn, watch, rounds=rounds, pairs=pairs)


@dataclass(frozen=True, slots=True)
class FirstLook:
    """The first look as it is stored, and what it says of the atoms, (n, classes): of those of `train` as of faces not seen."""

    alone: Look
    train: Floats
    tune: Floats


def first_look(train: LabelledAtoms, tune: LabelledAtoms, options: argparse.Namespace) -> FirstLook:
    """Learned from all; and from either half of the subjects, for the other half to be judged by."""
    half = (train.subjects // 26) % 2 == 0
    everyone = np.ones(len(half), dtype=np.bool_)
    watch = to_learn(tune, blurred(tune.values, NAMES, options.blur, 2), np.ones(len(tune.labels), np.bool_), 1.0)
    shown = blurred(train.values, NAMES, options.blur, 1)
    with ProcessPoolExecutor(2) as pool:
        runs = [
            pool.submit(_fit_first, to_learn(train, shown, rows, options.thin), watch, options.rounds, options.pairs)
            for rows in (everyone, half, ~half)
        ]
        whole, first, second = (run.result() for run in runs)
    train_looks = np.where(half[:, None], looks_of(second, train), looks_of(first, train))
    found = FirstLook(table_of(whole, NAMES), train_looks, looks_of(whole, tune))
    CACHE.mkdir(exist_ok=True)
    np.savez(CACHE / "looks.npz", train=found.train, tune=found.tune)
    (CACHE / "first.json").write_bytes(msgspec.json.encode(found.alone))
    return found


def first_look_again() -> FirstLook:
    """That of last time."""
    with np.load(CACHE / "looks.npz") as stored:
        alone = msgspec.json.decode((CACHE / "first.json").read_bytes(), type=Look)
        return FirstLook(alone, stored["train"], stored["tune"])


def second_look(
    train: LabelledAtoms, tune: LabelledAtoms, seen: FirstLook, options: argparse.Namespace
) -> tuple[Look, Floats]:
    """It as it is stored, and what it says of the tune atoms, (n, classes)."""
    columns = [NAMES.index(name) for name in SEEN_AGAIN]
    names = (*SEEN_AGAIN, *CONTEXT_NAMES)
    assert set(names) <= set(ALL_NAMES)
    train_values = np.hstack([train.values[:, columns], in_context(train, seen.train)])
    tune_values = np.hstack([tune.values[:, columns], in_context(tune, seen.tune)])
    everyone, all_tuned = (np.ones(len(atoms.labels), dtype=np.bool_) for atoms in (train, tune))
    model = fit(
        to_learn(train, blurred(train_values, names, options.blur, 3), everyone, options.thin),
        to_learn(tune, blurred(tune_values, names, options.blur, 4), all_tuned, 1.0),
        rounds=options.rounds,
        pairs=options.pairs // 2,
    )
    return table_of(model, names), softmax(model.scores(tune_values, tune.forbidden))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=80)
    parser.add_argument("--thin", type=float, default=0.3, help="share of the plentiful kinds to learn from")
    parser.add_argument(
        "--own", default="0:8", help="which eighths of one's own train faces to learn from, first and end"
    )
    parser.add_argument(
        "--blur", type=float, default=0.2, help="noise on what is learned from, share of a feature's spread"
    )
    parser.add_argument("--again", action="store_true", help="use the atoms gathered last time")
    parser.add_argument("--context-again", action="store_true", help="use the first look learned last time, too")
    parser.add_argument("--out", type=Path, default=DEFAULT_MODEL)
    options = parser.parse_args()
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{what} after {time.monotonic() - began:.0f} s", flush=True)

    train, tune = collect("train", again=options.again), collect("tune", again=options.again)
    first_part, end_part = (int(part) for part in options.own.split(":"))
    part = train.subjects // 26 % 8
    foreign = train.subjects < SEEDS["train"].start
    train = train.of(foreign | ((part >= first_part) & (part < end_part)))
    say(f"{len(train.labels)} train, {len(tune.labels)} tune atoms")
    seen = first_look_again() if options.context_again else first_look(train, tune, options)
    say("first look")
    show_confusion(seen.tune, tune)
    in_its_context, said = second_look(train, tune, seen, options)
    show_confusion(said, tune)
    stored_model = ModelFile(SCHEMA, "two-looks-4", list(CLASSES), seen.alone, in_its_context)
    options.out.write_bytes(msgspec.json.encode(stored_model) + b"\n")
    say(f"wrote {options.out}")


if __name__ == "__main__":
    main()
