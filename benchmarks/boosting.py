"""Fits the additive model with pairs: tables of bins per feature and per pair of features, one column per kind.

Cyclic Newton boosting of the softmax loss: tables take turns, each correcting in small steps what all others leave. This is
the generalised additive model with pairwise interactions of Lou, Caruana, Gehrke and Hooker (KDD 2013), in plain numpy. Every
decision stays a sum of table entries that can be shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Bins = NDArray[np.int64]

BINS = 20
PAIR_BINS = 6
RATE = 0.04
RIDGE = 25.0
TOGETHER = 5
LEAST_KNOWN = 80
PATIENCE = 15
_SEARCH_ROWS = 40_000


@dataclass(frozen=True, slots=True)
class Examples:
    """values (n, features), labels (n,), weights (n,), forbidden (n, classes): kinds that a row cannot be."""

    values: Floats
    labels: Bins
    weights: Floats
    forbidden: NDArray[np.bool_]


@dataclass(slots=True)
class Table:
    """Scores (bins, classes) of one feature or of a pair; the last bin of each feature is "not known"."""

    features: tuple[int, ...]
    edges: tuple[Floats, ...]
    scores: Floats

    def bins(self, values: Floats) -> Bins:
        """Row of the table for each example."""
        index = np.zeros(len(values), dtype=np.int64)
        for feature, edges in zip(self.features, self.edges, strict=True):
            index = index * (len(edges) + 2) + _bins(values[:, feature], edges)
        return index


@dataclass(slots=True)
class Model:
    """Intercept (classes,) and tables; the score of an example is their sum."""

    intercept: Floats
    tables: list[Table] = field(default_factory=list)

    def scores(self, values: Floats, forbidden: NDArray[np.bool_]) -> Floats:
        """(n, classes), -inf where forbidden."""
        total = np.repeat(self.intercept[None, :], len(values), axis=0)
        for table in self.tables:
            total += table.scores[table.bins(values)]
        total[forbidden] = -np.inf
        return total


def softmax(scores: NDArray[np.floating[Any]]) -> Floats:
    """Rows to probabilities."""
    weight = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def loss(model: Model, examples: Examples) -> float:
    """Weighted mean of -log probability of the true kind."""
    p = softmax(model.scores(examples.values, examples.forbidden))[np.arange(len(examples.labels)), examples.labels]
    return float(-(examples.weights * np.log(np.maximum(p, 1e-12))).sum() / examples.weights.sum())


def fit(train: Examples, tune: Examples, *, rounds: int, pairs: int) -> Model:
    """Main effects first, then the `pairs` pairs that promise most; each stage stops when `tune` gets no better."""
    classes = train.forbidden.shape[1]
    prior = np.bincount(train.labels, train.weights, classes) + 1.0
    model = Model(np.log(prior / prior.sum()))
    for i in range(train.values.shape[1]):
        edges = quantile_edges(train.values[:, i], BINS)
        model.tables.append(Table((i,), (edges,), np.zeros((len(edges) + 2, classes))))
    _boost(model, model.tables, train, tune, rounds)
    if pairs:
        chosen = _best_pairs(model, train, pairs)
        model.tables += chosen
        _boost(model, chosen + model.tables[: train.values.shape[1]], train, tune, rounds)
    return model


def _boost(model: Model, tables: list[Table], train: Examples, tune: Examples, rounds: int) -> None:
    """Rounds over the tables, `TOGETHER` at a time on the same derivatives: steps are small, so they hardly interfere."""
    classes = train.forbidden.shape[1]
    target = np.zeros((len(train.labels), classes), dtype=np.float32)
    target[np.arange(len(train.labels)), train.labels] = 1.0
    weights = train.weights.astype(np.float32)[:, None]
    bins = [_Grouped(t.bins(train.values), len(t.scores)) for t in tables]
    scores = model.scores(train.values, train.forbidden).astype(np.float32)
    best, since, kept = loss(model, tune), 0, [t.scores.copy() for t in tables]
    for turn in range(rounds):
        for first in range(0, len(tables), TOGETHER):
            p = softmax(scores).astype(np.float32)
            both = np.hstack([(target - p) * weights, p * (1 - p) * weights])
            for table, grouped in zip(tables[first : first + TOGETHER], bins[first : first + TOGETHER], strict=True):
                sums = grouped.sums(both)
                step = RATE * sums[:, :classes] / (sums[:, classes:] + RIDGE)
                table.scores += step
                scores += step.astype(np.float32)[grouped.index]
        if turn % 5 == 4:
            now = loss(model, tune)
            if now < best - 1e-5:
                best, since, kept = now, 0, [t.scores.copy() for t in tables]
            else:
                since += 5
            if since >= PATIENCE:
                break
    for table, scores_kept in zip(tables, kept, strict=True):
        table.scores[:] = scores_kept
    print(f"  {turn + 1} rounds, tune loss {best:.4f}, train loss {loss(model, train):.4f}", flush=True)


class _Grouped:
    """Sums of rows by bin, as a sparse matrix of ones."""

    def __init__(self, index: Bins, size: int) -> None:
        self.index = index
        n = len(index)
        ones, columns = np.ones(n, np.float32), np.arange(n + 1, dtype=np.int32)
        self._matrix = sparse.csc_array((ones, index.astype(np.int32), columns), shape=(size, n))

    def sums(self, columns: NDArray[np.float32]) -> Floats:
        return np.asarray(self._matrix @ columns, dtype=np.float64)


def _derivatives(scores: Floats, target: Floats, weights: Floats) -> tuple[Floats, Floats]:
    p = softmax(scores)
    return (target - p) * weights[:, None], p * (1 - p) * weights[:, None]


def _sums(index: Bins, columns: Floats, size: int) -> Floats:
    return np.stack([np.bincount(index, columns[:, k], size) for k in range(columns.shape[1])], axis=1)


def _best_pairs(model: Model, train: Examples, count: int) -> list[Table]:
    """Pairs whose joint table would lower the loss most by one Newton step."""
    classes = train.forbidden.shape[1]
    rows = np.random.default_rng(1).permutation(len(train.labels))[:_SEARCH_ROWS]
    part = Examples(train.values[rows], train.labels[rows], train.weights[rows], train.forbidden[rows])
    target = np.zeros((len(rows), classes))
    target[np.arange(len(rows)), part.labels] = 1.0
    slope, bend = _derivatives(model.scores(part.values, part.forbidden), target, part.weights)
    features = train.values.shape[1]
    edges = [quantile_edges(train.values[:, i], PAIR_BINS, tails=False) for i in range(features)]
    gains: list[tuple[float, int, int]] = []
    for i in range(features):
        for j in range(i + 1, features):
            table = Table((i, j), (edges[i], edges[j]), np.zeros((0, 0)))
            size = (len(edges[i]) + 2) * (len(edges[j]) + 2)
            index = table.bins(part.values)
            g, h = _sums(index, slope, size), _sums(index, bend, size)
            gains.append((float((g * g / (h + RIDGE)).sum()), i, j))
    gains.sort(reverse=True)
    return [
        Table((i, j), (edges[i], edges[j]), np.zeros(((len(edges[i]) + 2) * (len(edges[j]) + 2), classes)))
        for _, i, j in gains[:count]
    ]


def _bins(column: Floats, edges: Floats) -> Bins:
    found = np.searchsorted(edges, np.nan_to_num(column), side="right")
    return np.where(np.isnan(column), len(edges) + 1, found).astype(np.int64)


def quantile_edges(column: Floats, bins: int, *, tails: bool = True) -> Floats:
    """Bin edges with about as many values in each bin, rounded so that a reader can hold them."""
    known = column[~np.isnan(column)]
    if len(known) < LEAST_KNOWN:
        return np.zeros(0)
    share = np.linspace(0, 1, bins + 1)[1:-1]
    if tails:
        # The tails carry the rare kinds: finer there.
        share = np.sort(np.concatenate([share, [0.005, 0.01, 0.02, 0.98, 0.99, 0.995]]))
    raw = np.quantile(known, share)
    scale = max(float(np.quantile(known, 0.9) - np.quantile(known, 0.1)), 1e-6)
    edges = np.unique(np.round(raw, int(np.ceil(-np.log10(scale / 200)))))
    return np.asarray(edges[edges > known.min()])
