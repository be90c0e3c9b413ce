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
DEFAULT_MODEL = Path(__file__).with_name("model.json")


class FeatureTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One feature: bin edges, ascending; scores[bin][class], one bin more than edges, and a last one for "not known"."""

    name: str
    edges: list[float]
    scores: list[list[float]]


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The model as stored."""

    schema: Annotated[str, msgspec.Meta(pattern="^hfs-emg/model/1$")]
    name: str
    classes: list[str]
    intercept: list[float]
    features: list[FeatureTable]


@dataclass(frozen=True, slots=True)
class Decision:
    """Probability of each of CLASSES, and what spoke for the named one."""

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
        names = [f.name for f in model.features]
        if tuple(model.classes) != CLASSES or tuple(names) != NAMES or len(model.intercept) != len(CLASSES):
            raise RequestError(f"{name} was made for other features or kinds: train it anew with this version.")
        bins = max(len(f.edges) for f in model.features)
        self.name = model.name
        self._edges = np.full((len(NAMES), bins), np.inf)
        self._scores = np.zeros((len(NAMES), bins + 2, len(CLASSES)))
        for i, feature in enumerate(model.features):
            n = len(feature.edges)
            table = np.array(feature.scores)
            if table.shape != (n + 2, len(CLASSES)) or list(feature.edges) != sorted(feature.edges):
                raise RequestError(f"{name}: the table of {feature.name} does not fit its edges; train it anew.")
            self._edges[i, :n] = feature.edges
            self._scores[i, : n + 1] = table[:-1]
            self._scores[i, bins + 1] = table[-1]
        self._unknown = bins + 1
        self._intercept = np.array(model.intercept)
        self._one_sided = np.array([c in ONE_SIDED_ONLY for c in CLASSES])

    def decide(self, values: Floats) -> Decision:
        """values (len(NAMES),), NaN where not known."""
        bins = np.where(np.isnan(values), self._unknown, (values[:, None] >= self._edges).sum(axis=1))
        contributions = self._scores[np.arange(len(NAMES)), bins]
        score = self._intercept + contributions.sum(axis=0)
        if values[0] > 0.5:
            score = np.where(self._one_sided, -np.inf, score)
        weight = np.exp(score - score.max())
        return Decision(weight / weight.sum(), contributions, values)


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
