"""`make accuracy`: the page that it writes is whole, its goals and figures are judged and shown as they are."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
import pytest
from benchmark_command import benchmark_command
from measured_faces import MIMIC, PATIENT, outcome_of

from benchmarks import accuracy, pooled, sweeps
from benchmarks.goals import GOALS, KIND_GOALS, Goal, share, with_interval
from benchmarks.outcomes import Outcome
from benchmarks.rendered_trials import as_hard, phenotype_of, strange
from hfs_emg.analysis.classify import DEFAULT_MODEL
from hfs_emg.false_alarms import (
    FalseAlarms,
    bin_counts,
    model_mark,
)
from hfs_emg.intervals import Estimate

ROOT = Path(__file__).parents[1]

SECTIONS = (
    "Figures and goals",
    "What falls short",
    "Own faces, as hard as those of the goals",
    "Strangers",
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
    return outcome_of(PATIENT)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What --quick writes, of two faces."""
    folder = tmp_path_factory.mktemp("accuracy")
    accuracy.report(accuracy.quick([PATIENT, MIMIC]), 2, folder, folder)
    return folder


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
    assert not [
        line
        for line in text.splitlines()
        if len(line) > (260 if line.startswith("|") else 170) or line != line.rstrip()
    ]


def test_every_goal_that_is_not_met_is_listed(written: Path) -> None:
    text = (written / "accuracy.md").read_text()
    start = text.index("## What falls short")
    said = text[start : text.index("## Own faces, as hard")]
    goals = text[text.index("## Figures") : start]
    assert said.count(", asked ") == goals.count("**not met**")
    missed = [int(n) for n in re.findall(rf"(\d+) of {len(GOALS) + 2 * len(KIND_GOALS)} goals are not met", said)]
    assert sum(missed) == said.count(", asked ")
    assert len(missed) == 3


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
        (Estimate(0.96, 0.93, 0.98), "met, not surely"),
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
    mimic = outcome_of(MIMIC)
    told = [(face.phenotype, face.hours, face.counts) for face in stored.faces]
    assert ("winks-and-smirks", round(mimic.valid_h, 5), bin_counts(mimic.alarms)) in told
    # Those of the other two groups are there, too; nobody who has spasms is.
    others = {face.name for face in (*as_hard(quick=True), *strange(quick=True)) if not face.has_spasm}
    assert {face.phenotype for face in stored.faces} == {"winks-and-smirks", *(phenotype_of(name) for name in others)}


def test_the_command_names_what_it_takes() -> None:
    command = benchmark_command("benchmarks.accuracy", "--help")
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
