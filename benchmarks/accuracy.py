"""How accurate findings are on simulated faces: `make accuracy`, or `python -m benchmarks.accuracy [--quick] [--workers N]`.

Runs the `test` faces, which nothing is ever learned from or tuned on, some of them under harder conditions, and faces of a generator
of which nothing was. Writes docs/accuracy.md with its pictures, and hfs_emg/analysis/false_alarms.json for the summaries of the
program itself.
With --quick: few faces, written to build/accuracy, to try the measurement.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec

from benchmarks import sweeps as sweeping
from benchmarks.hardness import hardness, plainly
from benchmarks.outcomes import Outcome
from benchmarks.page import page
from benchmarks.page_parts import Group, Measured
from benchmarks.rendered import Renders
from benchmarks.rendered_trials import as_hard, run_rendered, strange
from benchmarks.subjects import DrawnSubject, drawn
from benchmarks.sweeps import SWEEPS, Results, Sweep
from benchmarks.trials import AS_DRAWN, Trial, run_trial
from hfs_emg.analysis.classify import DEFAULT_MODEL
from hfs_emg.false_alarms import EDGES, FaceAlarms, FalseAlarms, bin_counts, model_mark

ROOT = Path(__file__).parents[1]
COMMAND = "make accuracy"
TITLES = ("own faces", "own faces, harder", "strangers")


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be run."""

    subjects: Sequence[DrawnSubject]
    as_hard: Sequence[Renders]
    strangers: Sequence[Renders]
    swept: Sequence[DrawnSubject]
    sweeps: Sequence[Sweep]
    quick: bool = False

    def trials(self) -> list[Trial]:
        """Everything, the longest first so that no process idles at the end."""
        conditions = [AS_DRAWN, *sweeping.all_conditions(self.sweeps)]
        swept = [Trial(s, c) for c in conditions for s in self.swept]
        return sorted(
            [*(Trial(s) for s in self.subjects), *swept],
            key=lambda t: -t.subject.duration_s * (t.conditions.rate_hz or 250.0),
        )


def whole() -> Work:
    """All test faces; two of each phenotype, shortened, for the sweeps."""
    subjects = drawn("test")
    phenotypes = len(dict.fromkeys(s.phenotype for s in subjects))
    return Work(
        subjects, as_hard(), strange(), [replace(s, duration_s=75.0) for s in subjects[: 2 * phenotypes]], SWEEPS
    )


def quick(subjects: Sequence[DrawnSubject] | None = None) -> Work:
    """One face of each phenotype for a minute, a few of them for the ends and middle of each sweep."""
    short = [replace(s, duration_s=60.0) for s in (subjects or drawn("test")[:26])]
    return Work(
        short,
        as_hard(quick=True),
        strange(quick=True),
        [replace(s, duration_s=30.0) for s in short[::5]],
        [s.shortened() for s in SWEEPS],
        quick=True,
    )


def run(trials: Sequence[Trial], model: bytes, workers: int) -> dict[Trial, Outcome]:
    """All outcomes; progress goes to stderr."""
    began = time.monotonic()
    outcomes: dict[Trial, Outcome] = {}
    with ProcessPoolExecutor(workers) as pool:
        for trial, outcome in zip(trials, pool.map(partial(run_trial, model=model), trials, chunksize=4), strict=True):
            outcomes[trial] = outcome
            if sys.stderr.isatty() or len(outcomes) % 100 == 0 or len(outcomes) == len(trials):
                end = "\r" if sys.stderr.isatty() and len(outcomes) < len(trials) else "\n"
                sys.stderr.write(f"{len(outcomes)} of {len(trials)} trials, {time.monotonic() - began:.0f} s{end}")
                sys.stderr.flush()
    return outcomes


def report(work: Work, workers: int, folder: Path, model_folder: Path) -> None:
    """Measure and write: the page and its pictures to `folder`, the false alarms to `model_folder`."""
    content = DEFAULT_MODEL.read_bytes()  # once: every trial and the name on the page are of the same model
    with ProcessPoolExecutor(workers) as pool:
        met, strange_ones = (
            list(pool.map(partial(run_rendered, model=content), faces)) for faces in (work.as_hard, work.strangers)
        )
        hard = [hardness(list(pool.map(plainly, faces))) for faces in (work.as_hard, work.subjects, work.strangers)]
    found = run(work.trials(), content, workers)
    outcomes = [found[Trial(s)] for s in work.subjects]
    results: Results = {
        c: [found[Trial(s, c)] for s in work.swept] for c in (AS_DRAWN, *sweeping.all_conditions(work.sweeps))
    }
    model = model_mark(content)
    points = [(sweep, sweeping.points_of(sweep, results)) for sweep in work.sweeps]
    pictures = {sweep.key: sweeping.draw_sweep(sweep, rows) for sweep, rows in points}
    pictures["calibration"] = sweeping.draw_calibration(outcomes)
    first = [v for o in outcomes for v in o.provisional_s if v is not None]
    pictures["latency"] = sweeping.draw_latency(first, [v for o in outcomes for v in o.settled_s])
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for name, svg in pictures.items():
        (folder / "pictures" / f"accuracy-{name}.svg").write_bytes(svg)
    command = f"{COMMAND} --quick" if work.quick else COMMAND
    face_s = work.swept[0].duration_s
    as_hard_ones, harder, strangers = (
        Group(title, outcomes_of, each)
        for title, outcomes_of, each in zip(TITLES, (met, outcomes, strange_ones), hard, strict=True)
    )
    text = page(Measured(command, model, work.quick, as_hard_ones, harder, strangers, points, len(work.swept), face_s))
    (folder / "accuracy.md").write_text(text, encoding="utf-8")
    model_folder.mkdir(parents=True, exist_ok=True)
    alarms = msgspec.json.format(msgspec.json.encode(false_alarms([*met, *outcomes, *strange_ones], model)), indent=0)
    (model_folder / "false_alarms.json").write_bytes(alarms + b"\n")


def false_alarms(outcomes: Iterable[Outcome], model: str) -> FalseAlarms:
    """The false spasms of the faces without hemifacial spasm, by confidence."""
    faces = tuple(
        FaceAlarms(o.phenotype, round(o.valid_h, 5), bin_counts(o.alarms)) for o in outcomes if not o.has_spasm
    )
    return FalseAlarms("hfs-emg/false-alarms/1", "simulation, not patients", model, EDGES, faces)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few faces, written to build/accuracy")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (all cores)")
    options = parser.parse_args()
    if options.quick:
        folder = ROOT / "build" / "accuracy"
        report(quick(), options.workers, folder, folder)
    else:
        folder = ROOT / "docs"
        report(whole(), options.workers, folder, ROOT / "hfs_emg" / "analysis")
    print(f"wrote {(folder / 'accuracy.md').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
