"""Atom to kind: an additive model whose every contribution can be shown.

For each kind the score is an intercept plus one number per feature, read from a table of bins; probabilities are the
softmax of the scores. There is no interaction between features, so a decision is explained by the largest differences
between the kind named and the runner-up.
The model is a file: `hfs-emg/model/1`, made by `benchmarks/train.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.features import NAMES
from hfs_emg.analysis.phrases import phrase
from hfs_emg.errors import RequestError
from hfs_emg.events import Kind

Floats = NDArray[np.float64]

NONE = "none"
"""What is left of other events, or noise: no episode of its own."""
CLASSES = (
    Kind.SPASM.value,
    Kind.TWITCH.value,
    Kind.BLINK.value,
    Kind.BLEPHAROSPASM.value,
    Kind.SYNKINESIS.value,
    Kind.VOLUNTARY.value,
    Kind.ORAL.value,
    Kind.ARTEFACT.value,
    NONE,
)
ONE_SIDED_ONLY = (Kind.SPASM.value, Kind.TWITCH.value, Kind.SYNKINESIS.value)
_TWO_SIDED = NAMES.index("two_sided")
_EYES = [NAMES.index(n) for n in ("eye_potential", "eye_potential_level", "slow_elsewhere", "level_first")]
DEFAULT_MODEL = Path(__file__).with_name("model.json")


class Axis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A feature with its bin edges, ascending. Bins: one more than edges, and a last one for "not known"."""

    feature: str
    edges: list[float]


class ScoreTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Scores by bin of one feature, or of a pair (bins of the second running fastest): scores[bin][class]."""

    axes: Annotated[list[Axis], msgspec.Meta(min_length=1, max_length=2)]
    scores: list[list[float]]


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The model as stored."""

    schema: Annotated[str, msgspec.Meta(pattern="^hfs-emg/model/1$")]
    name: str
    classes: list[str]
    intercept: list[float]
    tables: list[ScoreTable]


@dataclass(frozen=True, slots=True)
class Decision:
    """Probability of each of CLASSES, and what spoke for the named one: contributions (features, classes)."""

    probability: Floats
    contributions: Floats
    values: Floats

    @property
    def kind(self) -> str:
        """The most probable class."""
        return CLASSES[int(np.argmax(self.probability))]


class Classifier:
    """Decides atoms by a model file. Raises RequestError when the file is not such a model."""

    def __init__(self, content: bytes, name: str = "model.json") -> None:
        try:
            model = msgspec.json.decode(content, type=ModelFile)
        except msgspec.MsgspecError as error:
            raise RequestError(
                f"{name} is not a model file: {error}; take the one that came with the program."
            ) from None
        stale = {axis.feature for t in model.tables for axis in t.axes} - set(NAMES)
        if tuple(model.classes) != CLASSES or stale or len(model.intercept) != len(CLASSES):
            raise RequestError(f"{name} was made for other features or kinds: train it anew with this version.")
        self.name = model.name
        self._intercept = np.array(model.intercept)
        self._one_sided = np.array([c in ONE_SIDED_ONLY for c in CLASSES], dtype=np.bool_)
        self._lids = np.array([c in (Kind.BLINK.value, Kind.BLEPHAROSPASM.value) for c in CLASSES], dtype=np.bool_)
        self._lay_out(model.tables, name)

    def _lay_out(self, tables: list[ScoreTable], name: str) -> None:
        """All tables in one array of rows; each table's row is its offset plus first bin times stride plus second bin."""
        widest = max((len(axis.edges) for t in tables for axis in t.axes), default=0)
        self._edges = np.full((len(tables), 2, widest), np.inf)
        self._features = np.zeros((len(tables), 2), dtype=np.int64)
        self._unknown = np.zeros((len(tables), 2), dtype=np.int64)
        self._strides = np.ones(len(tables), dtype=np.int64)
        self._paired = np.array([len(t.axes) == 2 for t in tables], dtype=np.bool_)
        offsets: list[int] = []
        rows: list[Floats] = []
        for i, table in enumerate(tables):
            size = 1
            for k, axis in enumerate(table.axes):
                if list(axis.edges) != sorted(axis.edges):
                    raise RequestError(f"{name}: the edges of {axis.feature} do not rise; train it anew.")
                self._edges[i, k, : len(axis.edges)] = axis.edges
                self._features[i, k] = NAMES.index(axis.feature)
                self._unknown[i, k] = len(axis.edges) + 1
                size *= len(axis.edges) + 2
            if len(table.axes) == 2:
                self._strides[i] = len(table.axes[1].edges) + 2
            scores = np.array(table.scores)
            if scores.shape != (size, len(CLASSES)):
                raise RequestError(f"{name}: a table of {table.axes[0].feature} does not fit its edges; train it anew.")
            offsets.append(sum(len(r) for r in rows))
            rows.append(scores)
        self._offsets = np.array(offsets, dtype=np.int64)
        self._rows = np.concatenate(rows) if rows else np.zeros((0, len(CLASSES)))

    def decide(self, values: Floats) -> Decision:
        """values (len(NAMES),), NaN where not known."""
        looked_up = values[self._features]
        bins = (looked_up[:, :, None] >= self._edges).sum(axis=2)
        bins = np.where(np.isnan(looked_up), self._unknown, bins)
        row = np.where(self._paired, bins[:, 0] * self._strides + bins[:, 1], bins[:, 0])
        entries = self._rows[self._offsets + row]
        score = self._intercept + entries.sum(axis=0)
        if values[_TWO_SIDED] > 0.5:
            score = np.where(self._one_sided, -np.inf, score)
            if _only_eyes_moved(values):
                score = np.where(self._lids, score, -np.inf)
        weight = np.exp(score - score.max())
        # A pair's entry is credited to both of its features, half and half.
        contributions = np.zeros((len(NAMES), len(CLASSES)))
        half = np.where(self._paired, 0.5, 1.0)[:, None] * entries
        np.add.at(contributions, self._features[:, 0], half)
        np.add.at(contributions, self._features[self._paired, 1], half[self._paired])
        return Decision(weight / weight.sum(), contributions, values)


def _only_eyes_moved(values: Floats) -> bool:
    """A slow potential that both eyes show strongly, nothing slow elsewhere, and hardly any muscle: with electrodes above the brow, or
    with weak lids, a blink shows by its potential alone. No other kind looks like that.
    """
    potential, level, elsewhere, muscle = values[_EYES]
    return bool(potential >= 0.5 and level >= 13.0 and elsewhere <= -8.0 and muscle <= 8.0)


def explain(decision: Decision, kind: str) -> str:
    """What spoke most for `kind` against its nearest rival, and what most against it; one sentence without its end."""
    order = np.argsort(-decision.probability, kind="stable")
    mine = CLASSES.index(kind) if kind in CLASSES else int(order[0])
    rival = int(order[0]) if int(order[0]) != mine else int(order[1])
    weight = decision.contributions[:, mine] - decision.contributions[:, rival]
    ranked = np.argsort(-weight, kind="stable")
    said: list[str] = []
    for i in ranked:
        if weight[i] < 0.15 or len(said) == 3:
            break
        text = phrase(NAMES[i], float(decision.values[i]))
        if text and text not in said:
            said.append(text)
    text = ", ".join(said) if said else "little to go by"
    worst = int(ranked[-1])
    against = phrase(NAMES[worst], float(decision.values[worst])) if weight[worst] < -0.15 else ""
    rival_name = "nothing of its own" if CLASSES[rival] == NONE else CLASSES[rival]
    return f"{text}; against it: {against} (next: {rival_name})" if against else f"{text} (next: {rival_name})"
