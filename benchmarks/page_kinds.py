"""docs/accuracy.md, what was taken for what: the other kinds, confusion, errors, and whether the confidence holds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from benchmarks import pooled
from benchmarks.goals import KIND_GOALS, count, share, tenths, with_interval
from benchmarks.markdown import Lines, prose, table
from benchmarks.page_parts import Measured, Outcomes, goal_row, most_frequent
from hfs_emg.events import KINDS, Kind
from hfs_emg.intervals import NOTHING
from hfs_emg.scores import NOTHING_ROW

MOST_REASONS = 8


def kinds(m: Measured) -> Lines:
    yield "## The other kinds"
    yield ""
    yield from kind_table(m.outcomes)


def kind_table(outcomes: Outcomes) -> Lines:
    """Recall and precision of every kind but spasm."""
    heads = ("kind", "true", "found", "recall", "goal", "", "precision", "goal", "")
    yield from table(heads, (_kind_row(kind, outcomes) for kind in KIND_GOALS))


def _kind_row(kind: Kind, outcomes: Outcomes) -> tuple[str, ...]:
    recall, precision = KIND_GOALS[kind]
    rows = [k for o in outcomes for k in o.kinds if k.kind is kind]
    return (
        KINDS[kind].title,
        str(sum(k.true for k in rows)),
        str(sum(k.found for k in rows)),
        *goal_row(recall, outcomes)[1:],
        *goal_row(precision, outcomes)[1:],
    )


def confusion(m: Measured) -> Lines:
    yield "## Confusion"
    yield ""
    yield from prose(
        "Rows: what it was. Columns: what it was found as (its own kind where one of that kind lies on it, else what overlaps it most). "
        "The last row counts what was found where nothing was."
    )
    yield from confusion_table(m.outcomes)


def confusion_table(outcomes: Outcomes) -> Lines:
    """What was found as what."""
    names = [*(kind.value for kind in Kind), NOTHING_ROW]
    counts = sum((o.confusion for o in outcomes), np.zeros((len(names), len(names)), np.int64))
    yield from table(
        ("true \\ found", *names),
        (
            (f"**{name}**", *(str(n) if n else "·" for n in row))
            for name, row in zip(names, counts, strict=True)
            if row.any()
        ),
    )


def reasons(m: Measured) -> Lines:
    false = sum((o.false_on for o in m.outcomes), Counter[str]())
    missed = sum((o.missed_as for o in m.outcomes), Counter[str]())
    yield "## Where errors come from"
    yield ""
    yield from prose(
        f"What the {false.total()} false spasms lay on: {most_frequent(false, MOST_REASONS) or 'nothing to tell'}."
    )
    yield from prose(
        f"What the {missed.total()} missed spasms were found as: {most_frequent(missed, MOST_REASONS) or 'nothing to tell'}."
    )


def confidence(m: Measured) -> Lines:
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
