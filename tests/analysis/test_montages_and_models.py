"""What a montage allows to be said, and which model files are taken."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from calibration.montage import Channel, Montage, Side, Site
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.burden import Burden
from hfs_emg.analysis.classify import ALL_NAMES, DEFAULT_MODEL, Classifier, Decision, ModelFile
from hfs_emg.analysis.kinds import CLASSES, NONE
from hfs_emg.analysis.phrases import phrase
from hfs_emg.errors import RequestError
from hfs_emg.events import KINDS, Kind
from hfs_emg.model import Block
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario


def kinds_found(montage: Montage, seconds: int = 120) -> list[tuple[Kind, str]]:
    face = SimulatedFace(load_scenario("moderate-left"), seed=3)
    analyzer = Analyzer(face.signal, montage)
    burden = Burden(montage)
    n = seconds * 250
    block = Block(0, face.read(0, n), np.zeros(n, dtype=np.bool_), np.zeros((n, 0), dtype=np.int32))
    burden.add(analyzer.push(block))
    burden.add(analyzer.finish())
    return [(e.kind, e.reason) for e in burden.episodes]


def test_the_full_montage_finds_spasms() -> None:
    face = SimulatedFace(load_scenario("moderate-left"), seed=3)
    assert any(kind is Kind.SPASM for kind, _ in kinds_found(face.montage))


def test_one_side_alone_never_gives_a_spasm_and_says_why() -> None:
    found = kinds_found(Montage(tuple(Channel(i, Side.LEFT, s) for i, s in enumerate(list(Site)[:4]))))
    assert all(kind is not Kind.SPASM for kind, _ in found)
    assert any("other side has no electrode" in reason for kind, reason in found if kind is Kind.UNSURE)


def test_one_site_per_side_never_gives_a_spasm() -> None:
    lids = Montage((Channel(1, Side.LEFT, Site.ORBICULARIS_OCULI), Channel(5, Side.RIGHT, Site.ORBICULARIS_OCULI)))
    assert all(kind is not Kind.SPASM for kind, _ in kinds_found(lids))


def with_table(model: dict[str, Any], axes: list[dict[str, Any]]) -> dict[str, Any]:
    return {**model, "alone": {**model["alone"], "tables": [{"axes": axes, "scores": []}]}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: {**m, "schema": "other/1"}, "not a model file"),
        (lambda m: {**m, "classes": ["spasm"]}, "other features or kinds"),
        (lambda m: with_table(m, [{"feature": "colour", "edges": []}]), "other features"),
        (lambda m: with_table(m, [{"feature": "rise", "edges": [2, 1]}]), "do not rise"),
        (lambda m: with_table(m, [{"feature": "rise", "edges": [1]}]), "does not fit"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(change, said: str) -> None:
    stored = msgspec.json.decode(DEFAULT_MODEL.read_bytes())
    with pytest.raises(RequestError, match=said):
        Classifier(msgspec.json.encode(change(stored)))


def decided(values: np.ndarray) -> tuple[Classifier, Decision]:
    classifier = Classifier(DEFAULT_MODEL.read_bytes())
    return classifier, classifier.decide(values[None], np.full((1, len(CLASSES)), 1 / len(CLASSES)))[0]


def test_probabilities_are_the_softmax_of_what_is_shown() -> None:
    """A decision can be taken apart: the entries of the model file, looked up by hand, give its probabilities back."""
    stored = msgspec.json.decode(DEFAULT_MODEL.read_bytes(), type=ModelFile)
    values = np.full(len(ALL_NAMES), 0.5)
    values[ALL_NAMES.index("two_sided")] = 0.0
    values[ALL_NAMES.index("rise")] = np.nan
    score = np.array(stored.in_context.intercept)
    for table in stored.in_context.tables:
        row = 0
        for axis in table.axes:
            value = values[ALL_NAMES.index(axis.feature)]
            unknown = np.isnan(value)
            row = row * (len(axis.edges) + 2) + (
                len(axis.edges) + 1 if unknown else sum(value >= e for e in axis.edges)
            )
        score += table.scores[row]
    weight = np.exp(score - score.max())
    assert decided(values)[1].probability == pytest.approx(weight / weight.sum())


def test_a_two_sided_atom_is_no_one_sided_kind() -> None:
    values = np.zeros(len(ALL_NAMES))
    values[ALL_NAMES.index("two_sided")] = 1.0
    _, decision = decided(values)
    assert all(decision.probability[CLASSES.index(k)] == 0 for k in ("spasm", "twitch", "synkinesis"))


def test_every_feature_can_be_said_and_every_class_is_a_kind() -> None:
    # What the first look says is said by the features it was drawn from.
    said = [name for name in ALL_NAMES if not name.startswith("looks_")]
    assert all(phrase(name, 0.7) for name in said)
    assert all(phrase(name, float("nan")) == "" for name in said)
    assert {c for c in CLASSES if c != NONE} == {k.value for k in KINDS} - {"unsure"}


def test_a_reason_names_the_rival() -> None:
    classifier, decision = decided(np.full(len(ALL_NAMES), 1.0))
    (reason,) = classifier.explain([decision], [decision.kind])
    assert "next: " in reason


@pytest.mark.parametrize(("blinks_per_min", "kind"), [(0.2, "blink"), (12.0, "none")])
def test_a_potential_of_both_eyes_alone_is_a_blink_only_where_blinks_are_not_heard(
    blinks_per_min: float, kind: str
) -> None:
    values = np.full((1, len(ALL_NAMES)), np.nan)
    seen = {
        "two_sided": 1.0, "region": 1.0, "eye_potential": 1.0, "eye_potential_level": 20.0, "eye_polarity": 0.98, "eye_one_way": 0.1,
        "slow_elsewhere": -15.0, "level_first": 3.0, "duration": -0.5, "rate_blink": np.log2(blinks_per_min), "looks_none": 6.0,
        "looks_blink": -6.0,
    }  # fmt: skip
    for name, value in seen.items():
        values[0, ALL_NAMES.index(name)] = value
    (decision,) = Classifier(DEFAULT_MODEL.read_bytes()).decide(values, np.full((1, len(CLASSES)), 0.1))
    assert decision.kind == kind


@pytest.mark.parametrize(
    ("blink", "oral", "nothing", "side", "kind"),
    [
        (0.1, 0.9, 0.0, "both", "blink"),  # within speech, which is told as well
        (0.05, 0.95, 0.0, "both", "oral"),
        (0.3, 0.0, 0.7, "both", "blink"),
        (0.2, 0.0, 0.8, "both", "none"),  # a glance
        (0.1, 0.9, 0.0, "left", "oral"),
    ],
)
def test_a_two_sided_blink_has_a_premium_and_a_smaller_one_against_nothing(
    blink: float, oral: float, nothing: float, side: str, kind: str
) -> None:
    probability = np.zeros(len(CLASSES))
    probability[[CLASSES.index(k) for k in ("blink", "oral", NONE)]] = blink, oral, nothing
    values = np.full(len(ALL_NAMES), np.nan)
    values[ALL_NAMES.index("two_sided")] = side == "both"
    assert Decision(probability, values, probability).kind == kind
