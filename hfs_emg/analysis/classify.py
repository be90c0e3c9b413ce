"""Atom to kind, in two looks: an additive model whose every contribution can be shown.

The first look weighs an atom by itself (`features`), the second in what it stands in (`context`). In each the score of a kind is
an intercept plus one number per feature or pair of features, read from a table of bins; probabilities are the softmax of the
scores. A decision is explained by the largest differences between the kind named and the runner-up.
The model is a file: `hfs-emg/model/2`, made by `benchmarks/train.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.context import CONTEXT_NAMES
from hfs_emg.analysis.feature_names import NAMES
from hfs_emg.analysis.kinds import BLEPHAROSPASM, BLINK, CLASSES, NONE, NOTHING, ONE_SIDED_ONLY
from hfs_emg.analysis.phrases import phrase
from hfs_emg.errors import RequestError

Floats = NDArray[np.float64]

ALL_NAMES = (*NAMES, *CONTEXT_NAMES)
_TWO_SIDED = NAMES.index("two_sided")
_EYES = [
    ALL_NAMES.index(name)
    for name in (
        "eye_potential", "eye_potential_level", "slow_elsewhere", "level_first", "region", "eye_polarity", "rate_blink",
    )
]  # fmt: skip
_FEW_BLINKS = 1.5
"""log2 of the blinks per minute that the first look has seen so far: below, a face shows its blinks by their potential alone."""
_TWO_SIDED_WEIGHTS = np.array([12.0 if k == BLINK else 1.0 for k in range(len(CLASSES))])
_MOST_NOTHING = 3.0
"""A blink missed within speech costs a blink rate; one too many within speech costs little, for the speech is told as well. Against all
other kinds a two-sided blink has a premium, therefore, and a smaller one against nothing: a glance is no blink. Recall and precision of
blinks on the tuning faces of the own generator, of `variety` and of `volleys`, with the model of decision 22: 0.957 / 0.947, 0.968 /
0.872 and 0.984 / 0.788 with a premium of 8 against all, 0.956 / 0.956, 0.967 / 0.915 and 0.985 / 0.841 with these.
"""
_FEW_EDGES = 10
"""Most axes of a pair have no more of them, most others have many times as many."""
DEFAULT_MODEL = Path(__file__).with_name("model.json")
SCHEMA = "hfs-emg/model/2"


class Axis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A feature with its bin edges, ascending. Bins: one more than edges, and a last one for "not known"."""

    feature: str
    edges: list[float]


class ScoreTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Scores by bin of one feature, or of a pair (bins of the second running fastest): scores[bin][class]."""

    axes: Annotated[list[Axis], msgspec.Meta(min_length=1, max_length=2)]
    scores: list[list[float]]


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One additive model."""

    intercept: list[float]
    tables: list[ScoreTable]


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The model as stored."""

    schema: Annotated[str, msgspec.Meta(pattern=f"^{SCHEMA}$")]
    name: str
    classes: list[str]
    alone: Look
    in_context: Look


@dataclass(frozen=True, slots=True)
class Decision:
    """Probability of each of CLASSES, what it was drawn from: values (len(ALL_NAMES),), and the probabilities of the first look."""

    probability: Floats
    values: Floats
    alone: Floats

    kind: str = field(init=False)
    """The most probable class, a two-sided blink at a premium."""

    def __post_init__(self) -> None:
        two_sided = self.values[_TWO_SIDED] > 0.5
        best = int((self.probability * _TWO_SIDED_WEIGHTS if two_sided else self.probability).argmax())
        if two_sided and best == BLINK and self.probability[NOTHING] > _MOST_NOTHING * self.probability[BLINK]:
            best = NOTHING
        object.__setattr__(self, "kind", CLASSES[best])


class _Axes:
    """The axes of a look, each once, so that a value is put into its bin once for all tables that read it."""

    def __init__(self) -> None:
        self._number: dict[tuple[int, tuple[float, ...]], int] = {}
        self._features: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._unknown: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._edges: list[tuple[NDArray[np.int64], Floats]] = []
        """The axes with few edges, and those with many: which they are, and their edges (edges, axes), as many as the longest has."""

    def add(self, feature: int, edges: Sequence[float]) -> int:
        """The number of an axis."""
        return self._number.setdefault((feature, tuple(edges)), len(self._number))

    def close(self) -> None:
        """After the last axis."""
        self._features = np.array([feature for feature, _ in self._number], dtype=np.int64)
        self._unknown = np.array([len(edges) + 1 for _, edges in self._number], dtype=np.int64)
        counts = self._unknown - 1
        every = np.full((counts.max(initial=0), len(counts)), np.inf)
        for i, (_, edges) in enumerate(self._number):
            every[: len(edges), i] = edges
        for which in ((counts <= _FEW_EDGES).nonzero()[0], (counts > _FEW_EDGES).nonzero()[0]):
            self._edges.append((which, every[: counts[which].max(initial=0)].take(which, axis=1)))

    def bins(self, values: Floats) -> NDArray[np.int64]:
        """values (n, features) to the bin of each axis (n, axes)."""
        looked_up = values.take(self._features, axis=1)
        found = np.empty(looked_up.shape, dtype=np.int64)
        for which, edges in self._edges:
            # Edges first, so that bytes are added in long rows. (`take`, unlike an index, gives rows that lie together.)
            reached = (looked_up.take(which, axis=1) >= edges[:, None, :]).view(np.uint8)
            found[:, which] = reached.sum(axis=0, dtype=np.uint8 if len(edges) < 256 else np.int64)
        return np.asarray(np.where(np.isnan(looked_up), self._unknown, found))


class _Tables:
    """All tables of one look in one array of rows; each table's row is its offset plus first bin times stride plus second bin."""

    def __init__(self, look: Look, names: Sequence[str], name: str) -> None:
        tables = look.tables
        place = {feature: i for i, feature in enumerate(names)}
        stale = {axis.feature for t in tables for axis in t.axes} - set(names)
        if stale or len(look.intercept) != len(CLASSES):
            raise RequestError(f"{name} was made for other features or kinds: train it anew with this version.")
        self._intercept = np.array(look.intercept)
        self._names = len(names)
        self._features = np.zeros((len(tables), 2), dtype=np.int64)
        self._axes = _Axes()
        self._axis = np.zeros((len(tables), 2), dtype=np.int64)
        self._strides = np.ones(len(tables), dtype=np.int64)
        self._paired = np.array([len(t.axes) == 2 for t in tables], dtype=np.bool_)
        offsets: list[int] = []
        rows: list[list[float]] = []
        for i, table in enumerate(tables):
            size = 1
            for k, axis in enumerate(table.axes):
                if list(axis.edges) != sorted(axis.edges):
                    raise RequestError(f"{name}: the edges of {axis.feature} do not rise; train it anew.")
                self._features[i, k] = place[axis.feature]
                self._axis[i, k] = self._axes.add(place[axis.feature], axis.edges)
                size *= len(axis.edges) + 2
            if len(table.axes) == 2:
                self._strides[i] = len(table.axes[1].edges) + 2
            if len(table.scores) != size or any(len(row) != len(CLASSES) for row in table.scores):
                raise RequestError(f"{name}: a table of {table.axes[0].feature} does not fit its edges; train it anew.")
            offsets.append(len(rows))
            rows += table.scores
        self._axes.close()
        self._halves = np.where(self._paired, 0.5, 1.0)
        self._credited = np.concatenate([self._features[:, 0], self._features[self._paired, 1]])
        self._offsets = np.array(offsets, dtype=np.int64)
        self._rows = np.array(rows).reshape(-1, len(CLASSES))

    def _places(self, values: Floats) -> NDArray[np.int64]:
        """values (n, features) to the rows that they choose, (n, tables)."""
        bins = self._axes.bins(values)
        first, second = bins[:, self._axis[:, 0]], bins[:, self._axis[:, 1]]
        return np.asarray(self._offsets + np.where(self._paired, first * self._strides + second, first))

    def scores(self, values: Floats) -> Floats:
        """values (n, features) to (n, classes)."""
        # Tables first, so that they are added in long rows.
        places = np.ascontiguousarray(self._places(values).T)
        return np.asarray(self._intercept + np.add.reduce(self._rows.take(places, axis=0), axis=0))

    def contributions(self, values: Floats, kinds: NDArray[np.int64]) -> Floats:
        """Of some atoms, each to some kinds: values (n, features), kinds (n, k) to (n, k, features). A pair's entry is credited to both,
        half and half.
        """
        rows = self._places(values) * len(CLASSES)
        half = self._halves * self._rows.reshape(-1).take(rows[:, None, :] + kinds[:, :, None])
        each = np.concatenate([half, half[:, :, self._paired]], axis=2)
        owner = np.arange(kinds.size).reshape(*kinds.shape, 1) * self._names
        found = np.bincount((owner + self._credited).reshape(-1), each.reshape(-1), minlength=kinds.size * self._names)
        return np.asarray(found.reshape(*kinds.shape, self._names), dtype=np.float64)


class Classifier:
    """Decides atoms by a model file. Raises RequestError when the file is not such a model."""

    def __init__(self, content: bytes, name: str = "model.json") -> None:
        try:
            model = msgspec.json.decode(content, type=ModelFile)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise RequestError(
                f"{name} is not a model file: {error}; take the one that came with the program."
            ) from None
        if tuple(model.classes) != CLASSES:
            raise RequestError(f"{name} was made for other features or kinds: train it anew with this version.")
        self.name = model.name
        self._alone = _Tables(model.alone, NAMES, name)
        self._in_context = _Tables(model.in_context, ALL_NAMES, name)
        self._one_sided = np.array([c in ONE_SIDED_ONLY for c in CLASSES], dtype=np.bool_)
        self._no_lids = np.ones(len(CLASSES), dtype=np.bool_)
        self._no_lids[[BLINK, BLEPHAROSPASM]] = False

    def look(self, values: Floats) -> Floats:
        """The first look: values (n, len(NAMES)), NaN where not known, to probabilities (n, classes)."""
        return self._probabilities(self._alone.scores(values), values)

    def decide(self, values: Floats, looks: Floats) -> list[Decision]:
        """The second look: values (n, len(ALL_NAMES)); looks (n, classes), what the first one said."""
        scores = self._in_context.scores(values)
        scores[((values[:, _TWO_SIDED] > 0.5) & _blinks_unheard(values))[:, None] & self._no_lids] = -np.inf
        probabilities = self._probabilities(scores, values)
        return [Decision(*each) for each in zip(probabilities, values, looks, strict=True)]

    def _probabilities(self, scores: Floats, values: Floats) -> Floats:
        two_sided = values[:, _TWO_SIDED] > 0.5
        scores[two_sided[:, None] & self._one_sided] = -np.inf
        weight = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))

    def explain(self, decisions: Sequence[Decision], kinds: Sequence[str]) -> list[str]:
        """What spoke most for each of `kinds` against its nearest rival, and what most against it; a sentence each, without its end."""
        if not decisions:
            return []
        values = np.stack([decision.values for decision in decisions])
        ranks = np.argsort(-np.stack([decision.probability for decision in decisions]), axis=1, kind="stable")
        best, second = ranks[:, 0], ranks[:, 1]
        named = [CLASSES.index(kind) if kind in CLASSES else -1 for kind in kinds]
        mine = np.where(np.array(named) < 0, best, named)
        rivals = np.where(best != mine, best, second)
        said = self._credits(values, np.stack([mine, rivals], axis=1))
        weights = said[:, 0] - said[:, 1]
        order = np.argsort(-weights, axis=1, kind="stable")
        return [_sentence(*each) for each in zip(values, weights, order, rivals.tolist(), strict=True)]

    def _credits(self, values: Floats, kinds: NDArray[np.int64]) -> Floats:
        """What each feature of some atoms, values (n, len(ALL_NAMES)), says for some kinds (n, k): (n, k, features)."""
        found = self._in_context.contributions(values, kinds)
        # What the first look says is said by what it was drawn from.
        found[:, :, len(NAMES) : len(NAMES) + len(CLASSES)] = 0.0
        found[:, :, : len(NAMES)] += self._alone.contributions(values[:, : len(NAMES)], kinds)
        return found


def _sentence(values: Floats, weight: Floats, ranked: NDArray[np.int64], rival: int) -> str:
    """values, weight (features,): of a decision, and what speaks for it more than for its rival; ranked: its features by that."""
    said: list[str] = []
    for i in ranked:
        if weight[i] < 0.15 or len(said) == 3:
            break
        text = phrase(ALL_NAMES[i], float(values[i]))
        if text and text not in said:
            said.append(text)
    text = ", ".join(said) if said else "little to go by"
    worst = int(ranked[-1])
    against = phrase(ALL_NAMES[worst], float(values[worst])) if weight[worst] < -0.15 else ""
    rival_name = "nothing of its own" if CLASSES[rival] == NONE else CLASSES[rival]
    return f"{text}; against it: {against} (next: {rival_name})" if against else f"{text} (next: {rival_name})"


def _blinks_unheard(values: Floats) -> NDArray[np.bool_]:
    """A slow potential that both eyes show strongly and alike, nothing slow elsewhere, and hardly any muscle, in a face whose lids have
    hardly been heard to blink: with electrodes above the brow, or with weak lids, a blink shows by its potential alone. Where blinks
    are heard, such a potential is a glance up or down; in a glance aside those of the two eyes are opposed. values (n, len(ALL_NAMES)).
    """
    potential, level, elsewhere, muscle, region, polarity, blinks = values[:, _EYES].T
    strong = (potential >= 0.5) & (level >= 13.0) & (polarity >= 0.7) & (blinks < _FEW_BLINKS)
    return np.asarray(strong & (elsewhere <= -8.0) & (muscle <= 8.0) & (region == 1.0))
