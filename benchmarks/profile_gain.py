"""What a calibration profile buys on faces never tuned on: `python -m benchmarks.profile_gain`, docs/calibration-gain.md anew.

Every test face for three minutes, as drawn and with strong crosstalk across the midline, analysed without a profile and with that of a full
calibration of the same person and electrodes just before. The two are of the same signal, so that their difference is told face by face.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import run
from benchmarks.goals import GOALS, KIND_GOALS, Goal, with_interval
from benchmarks.markdown import Lines, prose, table
from benchmarks.subjects import drawn
from benchmarks.trials import Conditions, Outcome, Trial
from hfs_emg.analysis.classify import DEFAULT_MODEL
from hfs_emg.false_alarms import model_mark
from hfs_emg.intervals import bootstrap

PAGE = Path(__file__).parents[1] / "docs" / "calibration-gain.md"
SECONDS = 180.0
CROSSTALK = (None, 0.1)
Floats = NDArray[np.float64]
Outcomes = Sequence[Outcome]


def counted(outcomes: Outcomes) -> Floats:
    """(faces, 2): spasms missed, false spasms."""
    return np.array([[o.spasms.true - o.spasms.matched, o.spasms.false] for o in outcomes], dtype=np.float64)


def fewer(without: Floats, having: Floats) -> str:
    """How many fewer there are with a profile, with the interval from resampling faces; both (faces,)."""
    estimate = bootstrap((without - having)[:, None], lambda sums: sums[..., 0])
    return f"{estimate.value:+.0f} ({estimate.low:+.0f} to {estimate.high:+.0f})"


def section(crosstalk: float | None, without: Outcomes, having: Outcomes) -> Lines:
    """One degree of crosstalk."""
    yield f"## {'As drawn' if crosstalk is None else f'{100 * crosstalk:.0f} % of crosstalk across the face'}"
    yield ""
    spasms = sum(o.spasms.true for o in without)
    before, after = counted(without), counted(having)
    yield from table(
        (f"of {spasms} spasms of {len(without)} faces", "without a profile", "with a profile", "fewer with it (95 %)"),
        [
            (what, f"{before[:, k].sum():.0f}", f"{after[:, k].sum():.0f}", fewer(before[:, k], after[:, k]))
            for k, what in enumerate(("missed", "false"))
        ],
    )
    goals: list[Goal] = [*GOALS, *(goal for pair in KIND_GOALS.values() for goal in pair)]
    yield from table(
        ("figure", "without a profile", "with a profile"),
        [
            (g.title, with_interval(g.measure(without), g.shown), with_interval(g.measure(having), g.shown))
            for g in goals
        ],
    )


def page(model: str, found: dict[Trial, Outcome], faces: int) -> str:
    """The page's text."""
    lines: list[str] = ["# What a calibration buys", ""]
    lines += prose(
        f"Written by `python -m benchmarks.profile_gain` with the model `{model}`; no number on this page was typed by hand. "
        f"{faces} simulated faces that nothing was tuned on, {SECONDS:.0f} seconds each, without a profile and with that of a full "
        "calibration of the same person just before. What is taken from a profile is in "
        "[decision 16](decisions/0016-what-a-profile-is-used-for.md). Intervals are 95 %, from resampling faces; figures are those "
        "of [accuracy](accuracy.md). Simulation, not patients."
    )
    for crosstalk in CROSSTALK:
        both = [
            [o for t, o in found.items() if t.conditions == conditions(crosstalk, with_profile)]
            for with_profile in (False, True)
        ]
        lines += section(crosstalk, *both)
    return "\n".join(lines).rstrip() + "\n"


def conditions(crosstalk: float | None, with_profile: bool) -> Conditions:
    """One of the four runs."""
    return Conditions(crosstalk_across=crosstalk, calibrated=with_profile)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_gain", description=__doc__)
    parser.add_argument("--faces", type=int, help="only so many of the test faces, to try it: nothing is written")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (all cores)")
    options = parser.parse_args()
    subjects = [replace(s, duration_s=SECONDS) for s in drawn("test")][: options.faces]
    trials = [
        Trial(s, conditions(x, with_profile)) for x in CROSSTALK for with_profile in (True, False) for s in subjects
    ]
    content = DEFAULT_MODEL.read_bytes()
    text = page(model_mark(content), run(trials, content, options.workers), len(subjects))
    if options.faces is None:
        PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
