"""Figures over many trials, each with a 95 % interval from resampling faces: events of one face are alike, faces are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.outcomes import Outcome
from hfs_emg.events import Kind
from hfs_emg.intervals import NOTHING, Estimate, bootstrap

Floats = NDArray[np.float64]
Outcomes = Sequence[Outcome]

WORST_NEEDS = 30
"""A face with fewer spasms says little by itself."""
NO_LOOK_ALIKES = ("rest", "facial-myokymia", "hemimasticatory", "functional-tonic", "tic")
"""Spasm-free faces on which the goal for false spasms is not set: nothing moves in the first; the others a clinic meets rarely, and facial
myokymia and hemimasticatory spasm cannot always be told by surface electrodes. They are shown beside the others."""
_RESAMPLES = 1000


def ratio(counts: Sequence[Sequence[float]], over: Sequence[float], under: Sequence[float]) -> Estimate:
    """Weighted sum over weighted sum; counts (faces, k)."""
    if not len(counts):
        return NOTHING
    above, below = np.array(over, np.float64), np.array(under, np.float64)

    def measure(sums: Floats) -> Floats:
        total = (sums * below).sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(total > 0, (sums * above).sum(axis=-1) / total, np.nan))

    return bootstrap(np.array(counts, np.float64), measure)


def quantile(values: Sequence[ArrayLike], share: float) -> Estimate:
    """Quantile of all values, faces resampled; values: those of each face."""
    each = [np.asarray(v, np.float64) for v in values]
    faces = [v for v in each if len(v)]
    if not faces:
        return NOTHING
    rng = np.random.default_rng(1)
    again = [
        np.quantile(np.concatenate([faces[i] for i in rng.integers(0, len(faces), len(faces))]), share)
        for _ in range(_RESAMPLES)
    ]
    low, high = np.percentile(again, [2.5, 97.5])
    value = float(np.quantile(np.concatenate(faces), share))
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def f1(outcomes: Outcomes) -> Estimate:
    """Of spasms, from summed counts."""
    return ratio(_spasm_counts(outcomes), (1, 0, 0), (1, 0.5, 0.5))


def sensitivity(outcomes: Outcomes) -> Estimate:
    """Matched spasms of those that count."""
    return ratio(_spasm_counts(outcomes), (1, 0, 0), (1, 1, 0))


def precision(outcomes: Outcomes) -> Estimate:
    """Matched spasms of those found."""
    return ratio(_spasm_counts(outcomes), (1, 0, 0), (1, 0, 1))


def _spasm_counts(outcomes: Outcomes) -> list[tuple[int, int, int]]:
    return [(o.spasms.matched, o.spasms.missed, o.spasms.false) for o in outcomes]


def false_per_hour(outcomes: Outcomes) -> Estimate:
    """False spasms per valid hour of these faces."""
    return ratio([(o.spasms.false, o.valid_h) for o in outcomes], (1, 0), (0, 1))


def false_per_hour_spasm_free(outcomes: Outcomes) -> Estimate:
    """The same, of faces without hemifacial spasm."""
    return false_per_hour([o for o in outcomes if not o.has_spasm])


def looks_alike(outcome: Outcome) -> bool:
    """Whether the goal for false spasms counts it: a spasm-free face that a clinic meets daily, and that moves."""
    return not outcome.has_spasm and outcome.phenotype not in NO_LOOK_ALIKES


def false_per_hour_look_alikes(outcomes: Outcomes) -> Estimate:
    """The same, of those spasm-free faces that a clinic meets daily."""
    return false_per_hour([o for o in outcomes if looks_alike(o)])


def worst_face(outcomes: Outcomes) -> Estimate:
    """F1 of the face that fares worst among those with enough spasms; its own interval is Wilson's."""
    return min(
        (o.f1 for o in outcomes if o.spasms.true >= WORST_NEEDS and o.f1.value is not None),
        key=lambda e: e.value or 0.0,
        default=NOTHING,
    )


def wrong_side(outcomes: Outcomes) -> Estimate:
    """A count; no interval."""
    count = float(sum(o.spasms.wrong_side for o in outcomes))
    return Estimate(count, count, count) if outcomes else NOTHING


def onset_median_s(outcomes: Outcomes) -> Estimate:
    """Of the absolute error."""
    return quantile([np.abs(o.onset_errors_s) for o in outcomes], 0.5)


def onset_p90_s(outcomes: Outcomes) -> Estimate:
    """Of the absolute error."""
    return quantile([np.abs(o.onset_errors_s) for o in outcomes], 0.9)


def onset_by_rest(outcomes: Outcomes, q: float, *, from_rest: bool) -> Estimate:
    """A quantile of the onset error of the spasms that set out from rest, or of all others."""
    each = [
        np.abs(np.array(o.onset_errors_s)[np.array(o.from_rest, np.bool_) == from_rest])
        for o in outcomes
        if o.from_rest
    ]
    return quantile(each, q)


def spasm_time_error(outcomes: Outcomes) -> Estimate:
    """Mean over faces of |found − true| / true."""
    errors = [(abs(o.spasm_time_relative), 1.0) for o in outcomes if o.spasm_time_relative is not None]
    return ratio(errors, (1, 0), (0, 1))


def calibration_error(outcomes: Outcomes) -> Estimate:
    """Expected calibration error of the confidence of found spasms."""
    if not outcomes:
        return NOTHING
    bins = outcomes[0].claims.shape[0]

    def measure(sums: Floats) -> Floats:
        table = sums.reshape(*sums.shape[:-1], bins, 3)
        total = table[..., 0].sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.abs(table[..., 1] - table[..., 2]).sum(axis=-1) / total)

    return bootstrap(np.stack([o.claims.ravel() for o in outcomes]), measure)


def recall_of(kind: Kind, outcomes: Outcomes) -> Estimate:
    """Of a kind other than spasm."""
    rows = [k for o in outcomes for k in o.kinds if k.kind is kind]
    return ratio([(k.recalled, k.true) for k in rows], (1, 0), (0, 1))


def precision_of(kind: Kind, outcomes: Outcomes) -> Estimate:
    """Of a kind other than spasm."""
    rows = [k for o in outcomes for k in o.kinds if k.kind is kind]
    return ratio([(k.right, k.found) for k in rows], (1, 0), (0, 1))


def provisional_s(outcomes: Outcomes) -> list[list[float]]:
    """Per face: from true onset to the first provisional spasm, never shown ones left out."""
    return [[v for v in o.provisional_s if v is not None] for o in outcomes]


def provisional_median_250_s(outcomes: Outcomes) -> Estimate:
    """At 250 Hz. A spasm that was never shown before it was final counts with the time until it was."""
    slow = [o for o in outcomes if o.rate_hz == 250]
    return quantile(
        [[s if p is None else p for p, s in zip(o.provisional_s, o.settled_s, strict=True)] for o in slow], 0.5
    )


Measure = Callable[[Outcomes], Estimate]
