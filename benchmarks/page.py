"""docs/accuracy.md from figures: every number, verdict and list in it is made here, none is typed by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import pooled
from benchmarks.goals import GOALS, KIND_GOALS, Goal, count, milliseconds, percent, share, tenths, with_interval
from benchmarks.markdown import Lines, prose, table
from benchmarks.sweeps import Point, Sweep
from benchmarks.trials import AT_REST_S, Outcome
from hfs_emg.events import KINDS, Kind
from hfs_emg.intervals import NOTHING
from hfs_emg.scores import NOTHING_ROW

Outcomes = Sequence[Outcome]

WORST_FACES = 8
MOST_REASONS = 8

LIMITS = """\
Everything above is measured on faces that this program draws itself, and the decision was learned from other faces of the same generator.
The faces measured here have other seeds than those it was learned and tuned on, and that is all the independence there is.

- **No patient.** Not one recording of hemifacial spasm is in these figures; no labelled one is public. How the program does on a patient
  is not known, and no interval on this page says anything about it: intervals tell how much the figures hang on which faces were drawn.
- **One generator's habits.** What all simulated faces have in common, real ones need not have: the spectrum of a burst, how abruptly it
  starts, how little the other side moves, what happens between happenings. A detector can learn such habits, and these figures cannot
  tell whether it did.
- **Assumed amplitudes and rates.** Where the literature gives ranges they were used; crosstalk, amplitudes of spasms in the lower face,
  the mixture of movements and the frequency of artefacts are assumptions ([settings](../hfs_emg/simulation/settings.py)).
- **An invented mixture.** Every phenotype is drawn equally often. A clinic's patients are not, and pooled figures shift with the mixture.
- **Truth nobody has.** Here an onset is the first discharge and a spasm counts when two of its sites stand out of the noise. A reader of
  a real recording sees neither, and two readers differ.
- **Minutes, not days.** Sweat, drying gel and a moving cable are simulated in minutes; a day with electrodes on has never been seen.
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run gave."""

    command: str
    model: str
    quick: bool
    outcomes: Outcomes
    sweeps: Sequence[tuple[Sweep, Sequence[Point]]]
    sweep_faces: int
    sweep_face_s: float


def page(measured: Measured) -> str:
    """The whole page."""
    sections = (
        _head, _goals, _shortfall, _patients, _spasm_free, _worst, _kinds, _confusion, _errors, _confidence, _latency, _sweeps, _limits,
    )  # fmt: skip
    return "\n".join(line for section in sections for line in section(measured)) + "\n"


def _head(m: Measured) -> Lines:
    hours = sum(o.duration_s for o in m.outcomes) / 3600
    free = sum(not o.has_spasm for o in m.outcomes)
    yield "# How accurate it is on simulated faces"
    yield ""
    yield f"Written by `{m.command}` with the model `{m.model}`; no number on this page was typed by hand."
    if m.quick:
        yield "**A quick look at few faces, to try the measurement itself. Its figures mean nothing.**"
    yield ""
    yield from prose(
        f"{len(m.outcomes)} simulated faces ({len(m.outcomes) - free} with hemifacial spasm, {free} without), {hours:.1f} hours, at "
        "the sample rates and numbers of inputs that were drawn for them. None of them was used for learning or tuning. They are "
        "**simulated: no figure here is from a patient**; see [what simulation cannot tell](#what-simulation-cannot-tell)."
    )
    yield from prose(
        "Intervals are 95 %, from resampling faces, because the events of one face are alike. How spasms are matched: "
        "[evaluate.py](../hfs_emg/evaluate.py). A true spasm that shows at one site at most counts neither way. Rates are per valid hour."
    )


def _goals(m: Measured) -> Lines:
    yield "## Figures and goals"
    yield ""
    yield from table(("figure", "measured", "goal", ""), (_goal_row(goal, m.outcomes) for goal in GOALS))
    spasms = [o.spasms for o in m.outcomes]
    yield from prose(
        f"{sum(s.true for s in spasms)} true spasms that count, {sum(s.found for s in spasms)} found, {sum(s.matched for s in spasms)} "
        f"matched, {sum(s.missed for s in spasms)} missed, {sum(s.false for s in spasms)} false. "
        f"Sensitivity {with_interval(pooled.sensitivity(m.outcomes), share)}, precision "
        f"{with_interval(pooled.precision(m.outcomes), share)}."
    )
    rested = sum(sum(o.from_rest) for o in m.outcomes)
    errors = {
        rest: " / ".join(
            with_interval(pooled.onset_by_rest(m.outcomes, q, from_rest=rest), milliseconds) for q in (0.5, 0.9)
        )
        for rest in (True, False)
    }
    yield from prose(
        f"{rested} of the matched spasms set out from rest (nothing else moved in the {AT_REST_S} s before): onset error, median / "
        f"90th percentile, {errors[True]}. The others set out from a blink, a movement, speech or chewing, whose end and the "
        f"spasm's beginning run into each other: {errors[False]}."
    )


def _goal_row(goal: Goal, outcomes: Outcomes) -> tuple[str, ...]:
    estimate = goal.measure(outcomes)
    return goal.title, with_interval(estimate, goal.shown), goal.asked, goal.verdict(estimate)


def _all_goals() -> list[Goal]:
    return [*GOALS, *(goal for pair in KIND_GOALS.values() for goal in pair)]


def _shortfall(m: Measured) -> Lines:
    rows = [(goal, goal.measure(m.outcomes)) for goal in _all_goals()]
    missed = [(g, e) for g, e in rows if e.value is not None and not g.met(e.value)]
    unmeasured = [g for g, e in rows if e.value is None]
    yield "## What falls short"
    yield ""
    yield f"{len(missed)} of {len(rows)} goals are not met{':' if missed else '.'}"
    yield ""
    for goal, estimate in missed:
        yield f"- {goal.title}: {with_interval(estimate, goal.shown)}, asked {goal.asked}."
    if unmeasured:
        yield ""
        yield from prose(f"Not measured, for want of such events: {', '.join(g.title for g in unmeasured)}.")
    elif missed:
        yield ""


def _by_phenotype(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    groups: dict[str, list[Outcome]] = {}
    for o in outcomes:
        groups.setdefault(o.phenotype, []).append(o)
    return groups


def _patients(m: Measured) -> Lines:
    yield "## Faces with hemifacial spasm"
    yield ""
    heads = (
        "phenotype", "faces", "true", "missed", "false", "wrong side", "F1", "false per hour", "onset error, median / 90 %",
        "spasm time error",
    )  # fmt: skip
    groups = _by_phenotype(o for o in m.outcomes if o.has_spasm)
    yield from table(heads, (_patient_row(name, group) for name, group in groups.items()))


def _patient_row(name: str, group: Outcomes) -> tuple[str, ...]:
    errors = [np.abs(o.onset_errors_s) for o in group]
    onset = [pooled.quantile(errors, q).value for q in (0.5, 0.9)]
    time_error = pooled.spasm_time_error(group).value
    return (
        name.replace("-", " "),
        str(len(group)),
        str(sum(o.spasms.true for o in group)),
        str(sum(o.spasms.missed for o in group)),
        str(sum(o.spasms.false for o in group)),
        str(sum(o.spasms.wrong_side for o in group)),
        with_interval(pooled.f1(group), share),
        with_interval(pooled.false_per_hour(group), tenths),
        " / ".join("–" if v is None else milliseconds(v) for v in onset),
        "–" if time_error is None else percent(time_error),
    )


def _spasm_free(m: Measured) -> Lines:
    yield "## Spasm-free faces"
    yield ""
    heads = (
        "phenotype",
        "faces",
        "valid hours",
        "false",
        "of them ≥ 0.8",
        "≥ 0.95",
        "false per hour",
        "taken for spasms",
    )
    groups = _by_phenotype(o for o in m.outcomes if not o.has_spasm)
    yield from table(heads, (_free_row(name, group) for name, group in groups.items()))
    rare = [o for o in m.outcomes if not o.has_spasm and o.phenotype not in pooled.LOOK_ALIKES]
    yield from prose(
        f"The goal is set on the faces that a clinic meets daily ({', '.join(pooled.LOOK_ALIKES).replace('-', ' ')}): "
        f"{with_interval(pooled.false_per_hour_look_alikes(m.outcomes), tenths)}. On the others "
        f"{with_interval(pooled.false_per_hour(rare), tenths)}, on all "
        f"{with_interval(pooled.false_per_hour_spasm_free(m.outcomes), tenths)}."
    )


def _free_row(name: str, group: Outcomes) -> tuple[str, ...]:
    alarms = [c for o in group for c in o.alarms]
    taken = sum((o.false_on for o in group), Counter[str]())
    return (
        name.replace("-", " "),
        str(len(group)),
        f"{sum(o.valid_h for o in group):.2f}",
        str(len(alarms)),
        str(sum(c >= 0.8 for c in alarms)),
        str(sum(c >= 0.95 for c in alarms)),
        with_interval(pooled.false_per_hour(group), tenths),
        _most(taken, 3) or "–",
    )


def _most(counted: Counter[str], most: int) -> str:
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {n}" for name, n in ranked[:most])


def _worst(m: Measured) -> Lines:
    known = [o for o in m.outcomes if o.spasms.true >= pooled.WORST_NEEDS and o.f1.value is not None]
    known.sort(key=lambda o: (o.f1.value or 0.0, o.seed))
    yield "## Worst faces"
    yield ""
    yield from prose(
        f"The {min(WORST_FACES, len(known))} lowest of {len(known)} faces with {pooled.WORST_NEEDS} spasms or more. "
        "Intervals here are Wilson's."
    )
    if not known:
        return
    heads = ("face", "rate", "inputs", "signal to noise", "true", "missed", "false", "F1", "missed as", "false on")
    yield from table(
        heads,
        (
            (
                f"{o.phenotype.replace('-', ' ')} {o.seed}",
                f"{o.rate_hz:.0f} Hz",
                str(o.channels),
                "–" if o.snr_db is None else f"{o.snr_db:.0f} dB",
                str(o.spasms.true),
                str(o.spasms.missed),
                str(o.spasms.false),
                with_interval(o.f1, share),
                _most(o.missed_as, 2) or "–",
                _most(o.false_on, 2) or "–",
            )
            for o in known[:WORST_FACES]
        ),
    )


def _kinds(m: Measured) -> Lines:
    yield "## The other kinds"
    yield ""
    heads = ("kind", "true", "found", "recall", "goal", "", "precision", "goal", "")
    yield from table(heads, (_kind_row(kind, m.outcomes) for kind in KIND_GOALS))


def _kind_row(kind: Kind, outcomes: Outcomes) -> tuple[str, ...]:
    recall, precision = KIND_GOALS[kind]
    rows = [k for o in outcomes for k in o.kinds if k.kind is kind]
    return (
        KINDS[kind].title,
        str(sum(k.true for k in rows)),
        str(sum(k.found for k in rows)),
        *_goal_row(recall, outcomes)[1:],
        *_goal_row(precision, outcomes)[1:],
    )


def _confusion(m: Measured) -> Lines:
    names = [*(kind.value for kind in Kind), NOTHING_ROW]
    counts = sum((o.confusion for o in m.outcomes), np.zeros((len(names), len(names)), np.int64))
    yield "## Confusion"
    yield ""
    yield from prose(
        "Rows: what it was. Columns: what it was found as (its own kind where one of that kind lies on it, else what overlaps it most). "
        "The last row counts what was found where nothing was."
    )
    yield from table(
        ("true \\ found", *names),
        (
            (f"**{name}**", *(str(n) if n else "·" for n in row))
            for name, row in zip(names, counts, strict=True)
            if row.any()
        ),
    )


def _errors(m: Measured) -> Lines:
    false = sum((o.false_on for o in m.outcomes), Counter[str]())
    missed = sum((o.missed_as for o in m.outcomes), Counter[str]())
    yield "## Where errors come from"
    yield ""
    yield from prose(
        f"What the {false.total()} false spasms lay on: {_most(false, MOST_REASONS) or 'nothing to tell'}."
    )
    yield from prose(
        f"What the {missed.total()} missed spasms were found as: {_most(missed, MOST_REASONS) or 'nothing to tell'}."
    )


def _confidence(m: Measured) -> Lines:
    yield "## Is the confidence what it says?"
    yield ""
    total: Any = sum(o.claims for o in m.outcomes)
    yield "![Share of found spasms that were right, by confidence](pictures/accuracy-calibration.svg)"
    yield ""
    yield from table(
        ("confidence", "spasms found", "mean confidence", "share that was right"),
        (
            (f"{k / len(total):.1f}–{(k + 1) / len(total):.1f}", count(n), share(claimed / n), share(right / n))
            for k, (n, claimed, right) in enumerate(total)
            if n
        ),
    )
    free = [o for o in m.outcomes if not o.has_spasm]
    yield (
        "False spasms per hour on spasm-free faces, from a confidence up: "
        + "; ".join(f"≥ {edge:g}: {with_interval(_alarms_from(free, edge), tenths)}" for edge in (0.5, 0.8, 0.95))
        + "."
    )
    yield ""


def _alarms_from(free: Outcomes, edge: float) -> Any:
    counts = [(sum(c >= edge for c in o.alarms), o.valid_h) for o in free]
    return pooled.ratio(counts, (1, 0), (0, 1)) if counts else NOTHING


def _latency(m: Measured) -> Lines:
    yield "## How soon a spasm is shown"
    yield ""
    yield from prose(
        "From the true onset to the sample with which a spasm is first shown as one (it may be withdrawn again), and to the one with "
        "which it is final: an episode is final when nothing found later can join it, half a second after its end at the earliest. "
        "Radio, USB and the wake-ups of the program (40 ms at most) come on top. Matched spasms only; where one was not shown before it "
        "was final, the goal above counts the time until it was."
    )
    yield "![Share of spasms shown and final within a time](pictures/accuracy-latency.svg)"
    yield ""
    groups = [("all", list(m.outcomes))]
    groups += [
        (f"{hz:.0f} Hz", [o for o in m.outcomes if o.rate_hz == hz]) for hz in sorted({o.rate_hz for o in m.outcomes})
    ]
    heads = (
        "rate",
        "spasms",
        "shown before final",
        "first shown: 10 % / median / 90 %",
        "within 150 ms",
        "final: median / 90 %",
    )
    yield from table(heads, (_latency_row(name, group) for name, group in groups))


def _latency_row(name: str, group: Outcomes) -> tuple[str, ...]:
    every = [v for o in group for v in o.provisional_s]
    first = [v for v in every if v is not None]
    final = [v for o in group for v in o.settled_s]
    if not final:
        return (name, "0", "–", "–", "–", "–")
    soon = " / ".join(milliseconds(v) for v in np.quantile(first, [0.1, 0.5, 0.9])) if first else "–"
    late = " / ".join(f"{v:.2f} s" for v in np.quantile(final, [0.5, 0.9]))
    within = sum(v <= 0.15 for v in first) / len(every)
    return name, str(len(every)), percent(len(first) / len(every)), soon, percent(within), late


def _sweeps(m: Measured) -> Lines:
    yield "## Under harder conditions"
    yield ""
    yield from prose(
        f"{m.sweep_faces} of the faces for {m.sweep_face_s:.0f} s each, the same happenings every time, one thing changed. "
        "Bars: 95 % intervals."
    )
    for sweep, points in m.sweeps:
        yield f"### {sweep.title}"
        yield ""
        yield from prose(sweep.text)
        yield f"![F1 of spasms and false spasms per hour against {sweep.axis}](pictures/accuracy-{sweep.key}.svg)"
        yield ""
        several = len(sweep.lines) > 1
        heads = (
            *(("",) if several else ()),
            sweep.axis,
            "F1",
            "sensitivity",
            "false per hour, spasm-free",
            "spasms that count",
            "valid time",
        )
        yield from table(heads, (_point_row(p, several) for p in points))


def _point_row(p: Point, several: bool) -> tuple[str, ...]:
    return (
        *((p.line,) if several else ()),
        "–" if np.isnan(p.x) else f"{round(p.x, 1):g}",
        with_interval(p.f1, share),
        with_interval(p.sensitivity, share),
        with_interval(p.false_per_hour, tenths),
        f"{p.counted} of {p.spasms}",
        percent(p.valid_share),
    )


def _limits(_: Measured) -> Lines:
    yield "## What simulation cannot tell"
    yield ""
    yield LIMITS.rstrip()
