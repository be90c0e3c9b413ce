"""docs/accuracy.md from figures: every number, verdict and list in it is made here, none is typed by hand."""

from __future__ import annotations

from benchmarks import pooled
from benchmarks.goals import GOALS, KIND_GOALS, Goal, milliseconds, share, with_interval
from benchmarks.hardness import OF_THE_GOALS
from benchmarks.markdown import Lines, prose, table
from benchmarks.outcomes import AT_REST_S
from benchmarks.page_conditions import conditions, latency
from benchmarks.page_faces import patients, spasm_free, worst
from benchmarks.page_kinds import confidence, confusion, kinds, reasons
from benchmarks.page_parts import Group, Measured, Outcomes, goal_row
from benchmarks.page_strangers import as_hard, hardness_table, strangers

LIMITS = """\
Everything above is measured on drawn faces. The decision was learned from other faces of four generators; the strangers come from a
fifth, written without sight of the others or of the analysis. All five were written from the same literature, and that is all the
independence there is.

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


def page(measured: Measured) -> str:
    """The whole page."""
    sections = (
        _head, _goals, _shortfall, as_hard, strangers, patients, spasm_free, worst, kinds, confusion, reasons, confidence, latency,
        conditions, _limits,
    )  # fmt: skip
    return "\n".join(line for section in sections for line in section(measured)) + "\n"


def _head(m: Measured) -> Lines:
    yield "# How accurate it is on simulated faces"
    yield ""
    yield f"Written by `{m.command}` with the model `{m.model}`; no number on this page was typed by hand."
    if m.quick:
        yield "**A quick look at few faces, to try the measurement itself. Its figures mean nothing.**"
    yield ""
    yield from prose(
        f"Three groups. **Own faces**, as hard as those of the goals: {_counted(m.as_hard.outcomes)}, of three generators that the "
        f"decision has seen other faces of. **Own faces, harder**: {_counted(m.harder.outcomes)}, drawn by [the program's own "
        "generator](../hfs_emg/simulation/face.py) with the sample rates and numbers of inputs that chance gave them. **Strangers**: "
        f"{_counted(m.strangers.outcomes)}, of a generator that was written without sight of the others and of the analysis, and that "
        "nothing was learned from or tuned on. None of all these faces was used for learning or tuning. They are **simulated: no figure "
        "here is from a patient**; see [what simulation cannot tell](#what-simulation-cannot-tell)."
    )
    yield from prose(
        "Intervals are 95 %, from resampling faces, because the events of one face are alike. How spasms are matched: "
        "[evaluate.py](../hfs_emg/evaluate.py). A true spasm that shows at one site at most counts neither way. Rates are per valid hour."
    )


def _counted(outcomes: Outcomes) -> str:
    hours = sum(o.duration_s for o in outcomes) / 3600
    free = sum(not o.has_spasm for o in outcomes)
    return f"{len(outcomes)} simulated faces ({len(outcomes) - free} with hemifacial spasm, {free} without), {hours:.1f} hours"


def _goals(m: Measured) -> Lines:
    yield "## Figures and goals"
    yield ""
    heads = ("figure", "goal", *(group.title for group in m.groups))
    yield from table(heads, ((g.title, g.asked, *(_judged(g, group) for group in m.groups)) for g in _all_goals()))
    yield from prose(
        "*Met, not surely*: the interval reaches beyond the goal. How hard the faces are is told by a plain detector (20 Hz up, 40 ms RMS, "
        "median + 5 MAD, two sites of one side and none of the other). The generators of the first group and of the strangers were brought "
        "near what it does on the faces of which the goals were set; the harder ones have more spasms that set out from blinks, speech and "
        "movement, more talk and food, more crosstalk ([decision 12](decisions/0012-how-hard-the-drawn-faces-are.md))."
    )
    yield from hardness_table([("the faces of the goals", OF_THE_GOALS), *((g.title, g.hardness) for g in m.groups)])
    for group in m.groups:
        yield from _in_words(group)


def _judged(goal: Goal, group: Group) -> str:
    _, value, _, verdict = goal_row(goal, group.outcomes)
    return f"{value}: {verdict}"


def _in_words(group: Group) -> Lines:
    outcomes = group.outcomes
    spasms = [o.spasms for o in outcomes]
    yield from prose(
        f"{group.title.capitalize()}: {sum(s.true for s in spasms)} true spasms that count, {sum(s.found for s in spasms)} found, "
        f"{sum(s.matched for s in spasms)} matched, {sum(s.missed for s in spasms)} missed, {sum(s.false for s in spasms)} false. "
        f"Sensitivity {with_interval(pooled.sensitivity(outcomes), share)}, precision {with_interval(pooled.precision(outcomes), share)}."
    )
    rested = sum(sum(o.from_rest) for o in outcomes)
    errors = {
        rest: " / ".join(
            with_interval(pooled.onset_by_rest(outcomes, q, from_rest=rest), milliseconds) for q in (0.5, 0.9)
        )
        for rest in (True, False)
    }
    yield from prose(
        f"{rested} of the matched spasms set out from rest (nothing else moved in the {AT_REST_S} s before): onset error, median / "
        f"90th percentile, {errors[True]}. The others set out from a blink, a movement, speech or chewing, whose end and the "
        f"spasm's beginning run into each other: {errors[False]}."
    )


def _all_goals() -> list[Goal]:
    return [*GOALS, *(goal for pair in KIND_GOALS.values() for goal in pair)]


def _shortfall(m: Measured) -> Lines:
    yield "## What falls short"
    yield ""
    for group in m.groups:
        rows = [(goal, goal.measure(group.outcomes)) for goal in _all_goals()]
        missed = [(g, e) for g, e in rows if e.value is not None and not g.met(e.value)]
        unmeasured = [g.title for g, e in rows if e.value is None]
        yield f"{group.title.capitalize()}: {len(missed)} of {len(rows)} goals are not met{':' if missed else '.'}"
        yield ""
        for goal, estimate in missed:
            yield f"- {goal.title}: {with_interval(estimate, goal.shown)}, asked {goal.asked}."
        if missed:
            yield ""
        if unmeasured:
            yield from prose(f"Not measured, for want of such events: {', '.join(unmeasured)}.")


def _limits(_: Measured) -> Lines:
    yield "## What simulation cannot tell"
    yield ""
    yield LIMITS.rstrip()
