"""`make accuracy`: what it counts agrees with `evaluate`, what it writes is whole, and the program tells what it measured."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
import pytest

from benchmarks import accuracy, pooled, sweeps, trials
from benchmarks.goals import GOALS, KIND_GOALS, Goal, share, with_interval
from benchmarks.subjects import DrawnSubject
from benchmarks.trials import AS_DRAWN, Conditions, Outcome, Trial, run_trial
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.classify import DEFAULT_MODEL
from hfs_emg.errors import RequestError
from hfs_emg.evaluate import Found, score
from hfs_emg.events import Episode, Findings, Kind, SideName
from hfs_emg.false_alarms import (
    EDGES,
    FaceAlarms,
    FalseAlarms,
    bin_counts,
    false_alarm_rate,
    measured_false_alarms,
    model_mark,
)
from hfs_emg.intervals import Estimate
from hfs_emg.model import Block
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.subjects import draw_subject
from hfs_emg.simulation.truth import TrueEpisode, Truth

ROOT = Path(__file__).parents[1]

PATIENT = DrawnSubject(30_000, "moderate", 60.0)
MIMIC = DrawnSubject(30_017, "winks-and-smirks", 60.0)
SECTIONS = (
    "Figures and goals",
    "What falls short",
    "Faces with hemifacial spasm",
    "Spasm-free faces",
    "Worst faces",
    "The other kinds",
    "Confusion",
    "Where errors come from",
    "Is the confidence what it says?",
    "How soon a spasm is shown",
    "Under harder conditions",
    "What simulation cannot tell",
)


@pytest.fixture(scope="module")
def patient() -> Outcome:
    return run_trial(Trial(PATIENT))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What --quick writes, of two faces."""
    folder = tmp_path_factory.mktemp("accuracy")
    accuracy.report(accuracy.quick([PATIENT, MIMIC]), 2, folder, folder)
    return folder


def test_what_is_counted_is_what_evaluate_counts(patient: Outcome) -> None:
    """The pairs that latencies are taken from are the pairs of the score, and pooled figures are those of all at once."""
    mimic = run_trial(Trial(MIMIC))
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
    assert [trials._from_rest(s, truth) for s in spasms] == [True, False]
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
    fates = trials.Fates(truth, claims)
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


def test_the_page_has_every_section(written: Path) -> None:
    text = (written / "accuracy.md").read_text()
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == SECTIONS
    assert tuple(re.findall(r"^### (.+)$", text, re.MULTILINE)) == tuple(s.title for s in sweeps.SWEEPS)
    assert "make accuracy --quick" in text
    assert "Its figures mean nothing" in text
    assert model_mark((ROOT / "hfs_emg" / "analysis" / "model.json").read_bytes()) in text
    for goal in GOALS:
        assert f"| {goal.title} |" in text
    assert "| moderate | 1 |" in text
    assert "| winks and smirks | 1 |" in text
    assert text.count("\n\n") > 30
    assert not [line for line in text.splitlines() if len(line) > 170 or line != line.rstrip()]


def test_every_goal_that_is_not_met_is_listed(written: Path) -> None:
    text = (written / "accuracy.md").read_text()
    start = text.index("## What falls short")
    listed = text[start : text.index("## Faces with")].count(", asked ")
    assert listed == text.count("**not met**")
    assert f"{listed} of {len(GOALS) + 2 * len(KIND_GOALS)} goals are not met" in text


def test_tables_are_rectangular(written: Path) -> None:
    for block in (written / "accuracy.md").read_text().split("\n\n"):
        if block.startswith("|"):
            rows = [line.count("|") for line in block.strip().splitlines()]
            assert len(set(rows)) == 1
            assert len(rows) > 2, block


def test_every_picture_of_the_page_is_drawn(written: Path) -> None:
    named = set(re.findall(r"\]\((pictures/[^)]+)\)", (written / "accuracy.md").read_text()))
    drawn = {f"pictures/{path.name}" for path in (written / "pictures").iterdir()}
    assert named == drawn
    assert len(named) == len(sweeps.SWEEPS) + 2
    for name in named:
        ET.parse(written / name)


def test_pictures_are_the_same_for_the_same_figures(patient: Outcome) -> None:
    assert sweeps.draw_calibration([patient]) == sweeps.draw_calibration([patient])


def test_a_sweep_without_the_events_draws_and_says_so(patient: Outcome) -> None:
    sweep = sweeps.SWEEPS[2]
    results = {conditions: [patient] for conditions in sweep.conditions()}
    points = sweeps.points_of(sweep, results)
    assert {p.false_per_hour.value for p in points} == {None}
    assert b"nothing was counted" in sweeps.draw_sweep(sweep, points)


@pytest.mark.parametrize(
    ("estimate", "verdict"),
    [
        (Estimate(0.97, 0.96, 0.98), "met"),
        (Estimate(0.96, 0.93, 0.98), "met, interval reaches beyond"),
        (Estimate(0.94, 0.90, 0.97), "**not met**"),
        (Estimate(None, None, None), "not measured"),
    ],
)
def test_a_goal_is_met_surely_barely_or_not(estimate: Estimate, verdict: str) -> None:
    assert Goal("x", 0.95, True, share, lambda _: estimate).verdict(estimate) == verdict
    if estimate.value is not None and estimate.low is not None and estimate.high is not None:
        turned = Estimate(1 - estimate.value, 1 - estimate.high, 1 - estimate.low)
        assert Goal("x", 0.05, False, share, lambda _: turned).verdict(turned) == verdict


def test_numbers_are_shown_with_their_interval() -> None:
    assert with_interval(Estimate(0.5, 0.25, 0.75), share) == "0.500 (0.250–0.750)"
    assert with_interval(Estimate(3.0, 3.0, 3.0), share) == "3.000"
    assert with_interval(Estimate(None, None, None), share) == "–"


def test_quantiles_have_intervals_that_hold_them() -> None:
    rng = np.random.default_rng(5)
    faces = [rng.normal(shift, 1.0, 50) for shift in (0.0, 0.5, 1.0, 1.5)]
    median = pooled.quantile(faces, 0.5)
    assert median.value == np.median(np.concatenate(faces))
    assert median.low is not None
    assert median.high is not None
    # Resampling faces sees that they differ; resampling 200 values alike would give ±0.2.
    assert median.low < median.value - 0.3 < median.value + 0.3 < median.high


def test_the_worst_face_needs_enough_spasms(patient: Outcome) -> None:
    few = msgspec.structs.replace(patient.spasms, true=pooled.WORST_NEEDS - 1)
    enough = msgspec.structs.replace(patient.spasms, true=pooled.WORST_NEEDS)
    bad, good = Estimate(0.1, 0.0, 0.2), Estimate(0.9, 0.8, 1.0)
    faces = [replace(patient, spasms=few, f1=bad), replace(patient, spasms=enough, f1=good)]
    assert pooled.worst_face(faces) == good
    assert pooled.worst_face(faces[:1]).value is None


def test_the_false_alarms_of_spasm_free_faces_are_stored(written: Path) -> None:
    stored = msgspec.json.decode((written / "false_alarms.json").read_bytes(), type=FalseAlarms)
    mimic = run_trial(Trial(MIMIC))
    assert [face.phenotype for face in stored.faces] == ["winks-and-smirks"]
    assert stored.faces[0].counts == bin_counts(mimic.alarms)
    assert stored.hours == pytest.approx(mimic.valid_h, abs=1e-4)


ALARMS = FalseAlarms(
    "hfs-emg/false-alarms/1",
    "simulation, not patients",
    "a-model 0123456789",
    EDGES,
    tuple(FaceAlarms(f"face-{i}", 0.5, (0, 1, 0, 2, 0, 1) if i == 0 else (0,) * 6) for i in range(8)),
)


def test_the_rate_from_a_confidence_up_is_counts_over_hours() -> None:
    assert bin_counts([0.4, 0.5, 0.65, 0.8, 0.95, 1.0]) == (1, 1, 0, 1, 0, 2)
    assert false_alarm_rate(ALARMS, 0.5).value == pytest.approx(4 / 4)
    assert false_alarm_rate(ALARMS, 0.8).value == pytest.approx(3 / 4)
    assert false_alarm_rate(ALARMS, 0.95).value == pytest.approx(1 / 4)


def test_the_interval_knows_that_one_face_gave_them_all() -> None:
    """Poisson's alone, for 4 in 4 hours, would be 0.27 to 2.56."""
    rate = false_alarm_rate(ALARMS, 0.5)
    assert rate.low == 0.0
    assert rate.high == pytest.approx(3.0)  # that face drawn three times among eight


def test_nothing_seen_is_not_nothing_possible() -> None:
    quiet = msgspec.structs.replace(ALARMS, faces=tuple(FaceAlarms("rest", 0.5, (0,) * 6) for _ in range(8)))
    rate = false_alarm_rate(quiet, 0.5)
    assert (rate.value, rate.low) == (0.0, 0.0)
    assert rate.high == pytest.approx(3.689 / 4, abs=0.01)


def test_a_confidence_that_was_not_counted_from_is_refused() -> None:
    with pytest.raises(RequestError, match=r"choose one of 0\.5, 0\.6"):
        false_alarm_rate(ALARMS, 0.55)


def test_no_valid_time_gives_no_rate() -> None:
    empty = msgspec.structs.replace(ALARMS, faces=(FaceAlarms("rest", 0.0, (0,) * 6),))
    assert false_alarm_rate(empty, 0.5).value is None


def test_figures_of_another_model_are_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hfs_emg.false_alarms as module

    model = tmp_path / "model.json"
    model.write_bytes(b'{"name": "a-model"}')
    monkeypatch.setattr(module, "MODEL", model)
    monkeypatch.setattr(module, "STORED", tmp_path / "false_alarms.json")
    measured = measured_false_alarms.__wrapped__
    assert measured() is None
    of_this = msgspec.structs.replace(ALARMS, model=model_mark(model.read_bytes()))
    module.STORED.write_bytes(msgspec.json.encode(of_this))
    assert measured() == of_this
    model.write_bytes(b'{"name": "a-model", "classes": []}')
    assert measured() is None


@pytest.mark.parametrize("measured", [True, False])
def test_the_summary_says_how_many_may_be_false(
    measured: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import hfs_emg.false_alarms as module
    from hfs_emg.cli import main

    monkeypatch.setattr(module, "measured_false_alarms", lambda: ALARMS if measured else None)
    recording = tmp_path / "x.bdf"
    assert main(["simulate", "moderate-right", str(recording), "--duration", "40"]) == 0
    capsys.readouterr()
    assert main(["analyze", str(recording)]) == 0
    (line,) = [
        ln for ln in capsys.readouterr().out.splitlines() if ln.startswith("Spasms by confidence in 0.01 valid h: ")
    ]
    assert re.search(r": \d+ at ≥ 0\.5, \d+ at ≥ 0\.8, \d+ at ≥ 0\.95\. ", line)
    if measured:
        assert "on 8 simulated faces without spasm (4.0 h, not patients; 95 %): 0.0–" in line
    else:
        assert line.endswith("How many of them may be false was not measured for this version's model.")


def test_the_command_names_what_it_takes() -> None:
    command = [sys.executable, "-m", "benchmarks.accuracy", "--help"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    assert "--quick" in told
    assert "--workers" in told
    assert re.search(
        r"^accuracy: to-run\n\t@\$\(RUN\) benchmarks\.accuracy$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )


@pytest.mark.parametrize("page", ["accuracy.md", "peers.md"])
def test_a_page_of_figures_is_of_the_model_that_is_shipped(page: str) -> None:
    """Whoever learns a new model measures anew: `make accuracy`, `make bench-peers`."""
    assert model_mark(DEFAULT_MODEL.read_bytes()) in (ROOT / "docs" / page).read_text()
