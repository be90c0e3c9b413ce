"""What a calibration profile buys on faces never tuned on: `python -m benchmarks.profile_gain`, docs/calibration-gain.md anew.

Every test face, as drawn and with strong crosstalk across the midline, analysed without a profile and with that of a full
calibration of the same person and electrodes just before. The two are of the same signal, so that their difference is told face by face.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import run
from benchmarks.goals import GOALS, KIND_GOALS, Goal, with_interval
from benchmarks.markdown import Lines, prose, table
from benchmarks.outcomes import Outcome
from benchmarks.subjects import drawn
from benchmarks.trials import Conditions, Trial
from hfs_emg.analysis.classify import DEFAULT_MODEL
from hfs_emg.evaluate import OTHER_KINDS
from hfs_emg.events import KINDS, Kind
from hfs_emg.false_alarms import model_mark
from hfs_emg.intervals import Estimate, bootstrap

PAGE = Path(__file__).parents[1] / "docs" / "calibration-gain.md"
CROSSTALK = (None, 0.1, 0.2)
Floats = NDArray[np.float64]
Outcomes = Sequence[Outcome]


def spasm_counts(outcomes: Outcomes) -> dict[str, Floats]:
    """Of each face (faces,): spasms missed, false spasms, and those of them on faces that have none."""
    false = np.array([float(o.spasms.false) for o in outcomes])
    spasm_free = np.array([not o.has_spasm for o in outcomes])
    return {
        "spasms missed": np.array([float(o.spasms.true - o.spasms.matched) for o in outcomes]),
        "false spasms": false,
        "false spasms of faces without": np.where(spasm_free, false, 0.0),
    }


def kind_counts(kind: Kind, outcomes: Outcomes) -> dict[str, Floats]:
    """Of each face (faces,): events of a kind not called so, and what was called so without being it."""
    rows = [[k for k in o.kinds if k.kind is kind] for o in outcomes]
    title = KINDS[kind].title
    return {
        f"{title}, missed": np.array([float(sum(k.true - k.recalled for k in r)) for r in rows]),
        f"{title}, false": np.array([float(sum(k.found - k.right for k in r)) for r in rows]),
    }


def errors(outcomes: Outcomes) -> dict[str, Floats]:
    """Of each face (faces,), by what went wrong."""
    found = spasm_counts(outcomes)
    found["error of spasm time, sum over faces"] = np.array([abs(o.spasm_time_relative or 0.0) for o in outcomes])
    for kind in OTHER_KINDS:
        found |= kind_counts(kind, outcomes)
    return found


def fewer(without: Floats, having: Floats) -> Estimate:
    """How many fewer there are with a profile, with the interval from resampling faces; both (faces,)."""
    return bootstrap((without - having)[:, None], lambda sums: sums[..., 0])


def verdict(gain: Estimate) -> str:
    """Whether the interval says more than chance."""
    assert gain.low is not None
    assert gain.high is not None
    if gain.low > 0:
        return "**fewer**"
    return "**more**" if gain.high < 0 else "chance"


def section(crosstalk: float | None, without: Outcomes, having: Outcomes) -> Lines:
    """One degree of crosstalk."""
    yield f"## {'As drawn' if crosstalk is None else f'{100 * crosstalk:.0f} % of crosstalk across the face'}"
    yield ""
    before, after = errors(without), errors(having)
    gains = {what: fewer(before[what], after[what]) for what in before}
    yield from table(
        (
            f"errors on {len(without)} faces with {sum(o.spasms.true for o in without)} spasms",
            "without a profile",
            "with a profile",
            "fewer with it (95 %)",
            "",
        ),
        [
            (
                what,
                f"{before[what].sum():.3g}",
                f"{after[what].sum():.3g}",
                f"{gain.value:+.3g} ({gain.low:+.3g} to {gain.high:+.3g})",
                verdict(gain),
            )
            for what, gain in gains.items()
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


def page(model: str, found: dict[Trial, Outcome], faces: int, seconds: float) -> str:
    """The page's text."""
    lines: list[str] = ["# What a calibration buys", ""]
    lines += prose(
        f"Written by `python -m benchmarks.profile_gain` with the model `{model}`; no number on this page was typed by hand. "
        f"{faces} simulated faces that nothing was tuned on, {seconds:.0f} seconds each, without a profile and with that of a full "
        "calibration of the same person just before. Both are of the same signal, so that they are compared face by face: *fewer* and "
        "*more* are said where the interval of the difference does not hold zero, and of a table of so many lines one or two would do "
        "that by chance. What is taken from a profile is in "
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
    """Of one run."""
    return Conditions(crosstalk_across=crosstalk, calibrated=with_profile)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_gain", description=__doc__)
    parser.add_argument("--faces", type=int, help="only so many of the test faces, to try it: nothing is written")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (all cores)")
    options = parser.parse_args()
    subjects = drawn("test")[: options.faces]
    trials = [
        Trial(s, conditions(x, with_profile)) for x in CROSSTALK for with_profile in (True, False) for s in subjects
    ]
    content = DEFAULT_MODEL.read_bytes()
    text = page(model_mark(content), run(trials, content, options.workers), len(subjects), subjects[0].duration_s)
    if options.faces is None:
        PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
