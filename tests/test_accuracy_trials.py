"""One simulated face measured: what is counted agrees with `evaluate`, and harder conditions change the signal alone."""

from __future__ import annotations

import numpy as np
import pytest
from measured_faces import MIMIC, PATIENT, outcome_of

from benchmarks import outcomes, pooled, sweeps, trials
from benchmarks.outcomes import Outcome
from benchmarks.subjects import DrawnSubject
from benchmarks.trials import AS_DRAWN, Conditions, Trial, run_trial
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.evaluate import Found, score
from hfs_emg.events import Episode, Findings, Kind, SideName
from hfs_emg.model import Block
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.subjects import draw_subject
from hfs_emg.simulation.truth import TrueEpisode, Truth


@pytest.fixture(scope="module")
def patient() -> Outcome:
    return outcome_of(PATIENT)


def test_what_is_counted_is_what_evaluate_counts(patient: Outcome) -> None:
    """The pairs that latencies are taken from are the pairs of the score, and pooled figures are those of all at once."""
    mimic = outcome_of(MIMIC)
    pairs = []
    for subject in (PATIENT, MIMIC):
        face = drawn_face(subject)
        burden = trials.analysed(face, subject.duration_s)
        scored = Found("x", subject.duration_s, burden.valid_s(subject.duration_s), tuple(burden.episodes))
        pairs.append((scored, face.truth(subject.duration_s)))
    scores = score(pairs)
    both = [patient, mimic]
    assert patient.spasms.matched > 5
    assert len(patient.onset_errors_s) == len(patient.settled_s) == patient.spasms.matched == scores.spasms.matched
    assert sum(o.missed_as.total() for o in both) == scores.spasms.missed
    assert sum(o.false_on.total() for o in both) == sum(len(o.alarms) for o in both) == scores.spasms.false
    assert pooled.f1(both).value == pytest.approx(scores.f1.value)
    assert np.median([e for o in both for e in o.onset_errors_s]) == scores.onset.median_s
    assert pooled.calibration_error(both).value == pytest.approx(scores.calibration.expected_error)
    assert sum(o.confusion for o in both).tolist() == [list(row) for row in scores.confusion.counts]
    for kind in scores.kinds:
        assert pooled.recall_of(kind.kind, both).value == kind.recall.value
        assert pooled.precision_of(kind.kind, both).value == kind.precision.value


def test_spasms_from_rest_are_told_from_those_that_set_out_from_something(patient: Outcome) -> None:
    blink = TrueEpisode(9.7, 9.9, Kind.BLINK, "both", ("orbicularis_oculi",), ("orbicularis_oculi",), None, "blink")
    spasms = (true_spasm(5.0, "left"), true_spasm(10.0, "left"))
    truth = Truth("hfs-emg/truth/1", "x", 1, 250.0, 60.0, (), (spasms[0], blink, spasms[1]), ())
    assert [outcomes._from_rest(s, truth) for s in spasms] == [True, False]
    assert len(patient.from_rest) == patient.spasms.matched


def true_spasm(start_s: float, side: SideName, sites: int = 2, label: str = "spasm_clonic") -> TrueEpisode:
    seen = ("orbicularis_oculi", "zygomaticus")[:sites]
    return TrueEpisode(start_s, start_s + 1.0, Kind.SPASM, side, seen, seen, "clonic", label)


def found(start_s: float, kind: Kind, side: SideName | None, length_s: float = 1.0, confidence: float = 0.9) -> Episode:
    return Episode(
        1,
        start_s,
        start_s + length_s,
        kind,
        side,
        (),
        None,
        confidence,
        "",
        (),
        start_s + 0.1,
        start_s + length_s + 0.7,
    )


def test_what_became_of_each_spasm_is_told_apart() -> None:
    wink = TrueEpisode(
        50.0, 51.0, Kind.VOLUNTARY, "left", ("orbicularis_oculi",), ("orbicularis_oculi",), None, "one_wink"
    )
    true = [true_spasm(t, "right") for t in (10.0, 20.0, 30.0, 35.0)] + [true_spasm(40.0, "right", sites=1), wink]
    truth = Truth("hfs-emg/truth/1", "x", 1, 250.0, 100.0, (), tuple(true), ())
    claims = [
        found(10.02, Kind.SPASM, "right", 0.5),
        found(10.6, Kind.SPASM, "right", 0.35),  # a second piece
        found(20.0, Kind.SPASM, "left"),  # the wrong side
        found(30.0, Kind.TWITCH, "right"),
        found(40.0, Kind.SPASM, "right"),  # on one that does not count
        found(50.0, Kind.SPASM, "left", confidence=0.6),
        found(70.0, Kind.SPASM, "left"),
    ]
    fates = outcomes.Fates(truth, claims)
    assert [(t.start_s, c.start_s) for t, c in fates.pairs] == [(10.0, 10.02)]
    assert fates.false_on() == {
        "a second piece of a spasm": 1,
        "a spasm of the other side": 1,
        "one wink": 1,
        "nothing": 1,
    }
    assert fates.missed_as() == {"spasm of the other side": 1, "twitch": 1, "nothing": 1}
    assert [c.confidence for c in fates.false] == [0.9, 0.9, 0.6, 0.9]


def drawn_face(subject: DrawnSubject) -> SimulatedFace:
    scenario = draw_subject(subject.seed, subject.phenotype)
    return SimulatedFace(
        scenario, seed=subject.seed, rate_hz=scenario.suggested_rate_hz, channels=scenario.suggested_channels
    )


def test_conditions_change_the_signal_and_not_what_happens() -> None:
    scenario = draw_subject(PATIENT.seed, PATIENT.phenotype)
    plain = SimulatedFace(scenario, seed=1).truth(30.0)
    for conditions in sweeps.all_conditions(sweeps.SWEEPS):
        face = SimulatedFace(conditions.applied(scenario), seed=1, rate_hz=conditions.rate_hz or 250.0)
        assert [(e.kind, e.side, e.start_s) for e in face.truth(30.0).episodes if e.kind is Kind.SPASM] == [
            (e.kind, e.side, e.start_s) for e in plain.episodes if e.kind is Kind.SPASM
        ]
    loud = SimulatedFace(Conditions(noise_factor=4.0).applied(scenario), seed=1).quiet_rms_uv
    assert loud == pytest.approx(4 * SimulatedFace(scenario, seed=1).quiet_rms_uv)
    hummed = Conditions(mains_uv=80.0, crosstalk_across=0.2, crosstalk_along=0.1).applied(scenario)
    assert (hummed.mains.level_uv, hummed.anatomy.crosstalk_across, hummed.anatomy.crosstalk_along) == (80.0, 0.2, 0.1)
    assert AS_DRAWN.applied(scenario) == scenario


@pytest.mark.parametrize("share_lost", [0.005, 0.05, 0.4])
def test_drop_outs_lose_that_share_in_runs_of_that_length(share_lost: float) -> None:
    lost = trials.drop_outs(400_000, share_lost, 10.0, seed=3)
    assert lost.mean() == pytest.approx(share_lost, rel=0.15)
    runs = np.count_nonzero(np.diff(lost.astype(int)) == 1)
    assert lost.sum() / runs == pytest.approx(10.0, rel=0.15)
    assert not lost[0]
    assert not trials.drop_outs(1000, 0.0, 10.0, seed=3).any()


def test_what_is_lost_holds_the_last_value_also_from_block_to_block(monkeypatch: pytest.MonkeyPatch) -> None:
    pushed: list[Block] = []

    class Listening(Analyzer):
        def push(self, block: Block) -> Findings:
            pushed.append(block)
            return super().push(block)

    monkeypatch.setattr(trials, "Analyzer", Listening)
    monkeypatch.setattr(trials, "STEP_SAMPLES", 500)
    face = drawn_face(PATIENT)
    trials.analysed(face, 12.0, 0.3)
    counts, lost = np.concatenate([b.counts for b in pushed]), np.concatenate([b.lost for b in pushed])
    assert any(b.lost[0] for b in pushed)
    heard = drawn_face(PATIENT).read(0, len(counts))
    assert np.array_equal(counts[~lost], heard[~lost])
    before = np.flatnonzero(lost) - 1
    assert np.array_equal(counts[lost], counts[before])


def test_what_is_lost_is_marked_and_takes_valid_time(patient: Outcome) -> None:
    damaged = run_trial(Trial(PATIENT, Conditions(loss=0.05)))
    assert damaged.valid_h < 0.97 * patient.valid_h
    assert damaged.true_spasms == patient.true_spasms


def test_a_trial_is_the_same_every_time(patient: Outcome) -> None:
    again = run_trial(Trial(PATIENT))
    assert again.onset_errors_s == patient.onset_errors_s
    assert again.alarms == patient.alarms
