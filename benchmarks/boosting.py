"""Fits the additive model: one table of bins per feature, one column per kind, by cyclic Newton boosting of the softmax loss.

The method is that of generalised additive models by boosting (Lou, Caruana and Gehrke 2012), in plain numpy: features take turns, each correcting
what all others leave, in small steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS = 20
RATE = 0.12
RIDGE = 6.0
LEAST_IN_BIN = 40


@dataclass(frozen=True, slots=True)
class Additive:
    """edges[feature], tables[feature] (bins + 1, classes) with the last row for "not known", intercept (classes,)."""

    edges: list[Floats]
    tables: list[Floats]
    intercept: Floats

    def scores(self, values: Floats) -> Floats:
        """(n, features) → (n, classes)."""
        total = np.repeat(self.intercept[None, :], len(values), axis=0)
        for i, (edges, table) in enumerate(zip(self.edges, self.tables, strict=True)):
            total += table[_bins(values[:, i], edges)]
        return total


def _bins(column: Floats, edges: Floats) -> NDArray[np.int64]:
    return np.where(np.isnan(column), len(edges) + 1, np.searchsorted(edges, column, side="right")).astype(np.int64)


def quantile_edges(column: Floats) -> Floats:
    """Bin edges with about as many values in each bin, rounded so that a reader can hold them."""
    known = column[~np.isnan(column)]
    if len(known) < 2 * LEAST_IN_BIN:
        return np.zeros(0)
    share = np.linspace(0, 1, BINS + 1)[1:-1]
    # The tails carry the rare kinds: finer there.
    share = np.sort(np.concatenate([share, [0.005, 0.01, 0.02, 0.98, 0.99, 0.995]]))
    raw = np.quantile(known, share)
    scale = max(float(np.quantile(known, 0.9) - np.quantile(known, 0.1)), 1e-6)
    digits = int(np.ceil(-np.log10(scale / 200)))
    edges = np.unique(np.round(raw, digits))
    return edges[edges > known.min()]


def softmax(scores: Floats) -> Floats:
    """Rows to probabilities."""
    weight = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def fit(
    values: Floats,
    labels: NDArray[np.int64],
    weights: Floats,
    classes: int,
    forbidden: NDArray[np.bool_],
    rounds: int,
    watch: tuple[Floats, NDArray[np.int64], Floats, NDArray[np.bool_]] | None = None,
) -> Additive:
    """values (n, features); labels (n,); forbidden (n, classes): kinds that a row cannot be. Stops early when `watch` gets worse."""
    n, count = values.shape
    edges = [quantile_edges(values[:, i]) for i in range(count)]
    bins = [_bins(values[:, i], edges[i]) for i in range(count)]
    target = np.zeros((n, classes))
    target[np.arange(n), labels] = 1.0
    prior = (target * weights[:, None]).sum(axis=0) + 1.0
    intercept = np.log(prior / prior.sum())
    tables = [np.zeros((len(e) + 2, classes)) for e in edges]
    scores = np.repeat(intercept[None, :], n, axis=0)
    scores[forbidden] = -np.inf
    best, best_round, kept = np.inf, 0, [t.copy() for t in tables]
    for turn in range(rounds):
        for i in range(count):
            p = softmax(scores)
            slope = (target - p) * weights[:, None]
            bend = p * (1 - p) * weights[:, None]
            size = len(tables[i])
            g = np.stack([np.bincount(bins[i], slope[:, k], size) for k in range(classes)], axis=1)
            h = np.stack([np.bincount(bins[i], bend[:, k], size) for k in range(classes)], axis=1)
            step = RATE * g / (h + RIDGE)
            tables[i] += step
            scores += step[bins[i]]
        if watch is not None and turn % 5 == 4:
            loss = _loss(Additive(edges, tables, intercept), *watch)
            if loss < best - 1e-5:
                best, best_round, kept = loss, turn, [t.copy() for t in tables]
            elif turn - best_round >= 30:
                break
    return Additive(edges, kept if watch is not None else tables, intercept)


def _loss(
    model: Additive, values: Floats, labels: NDArray[np.int64], weights: Floats, forbidden: NDArray[np.bool_]
) -> float:
    scores = model.scores(values)
    scores[forbidden] = -np.inf
    p = softmax(scores)[np.arange(len(labels)), labels]
    return float(-(weights * np.log(np.maximum(p, 1e-12))).sum() / weights.sum())
