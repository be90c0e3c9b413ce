"""docs/accuracy.md, faces of other generators, and how hard faces are for a plain detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.goals import milliseconds, percent, share
from benchmarks.hardness import Hardness
from benchmarks.markdown import Lines, prose, table
from benchmarks.page_faces import free_table, patient_table
from benchmarks.page_kinds import confusion_table, kind_table
from benchmarks.page_parts import Group, Measured


def as_hard(m: Measured) -> Lines:
    """What was found in one's own faces that are as hard as those of the goals, scenario by scenario."""
    yield "## Own faces, as hard as those of the goals"
    yield ""
    yield from prose(
        "Of three generators that the decision has seen other faces of: [variety](../benchmarks/variety/__init__.py), "
        "[volleys](../benchmarks/volleys/__init__.py) and [tripoles](../benchmarks/tripoles/__init__.py)."
    )
    yield from _scenarios(m.as_hard)


def strangers(m: Measured) -> Lines:
    """What was found in strangers, scenario by scenario."""
    yield "## Strangers"
    yield ""
    yield from prose(
        "Faces of a generator that nothing was learned from or tuned on, written without sight of the others and of the analysis; how and "
        "from what sources: [strangers](../benchmarks/strangers/__init__.py)."
    )
    yield from _scenarios(m.strangers)


def _scenarios(group: Group) -> Lines:
    yield from patient_table(group.outcomes)
    yield from free_table(group.outcomes)
    yield from kind_table(group.outcomes)
    yield from confusion_table(group.outcomes)


def hardness_table(rows: Sequence[tuple[str, Hardness]]) -> Lines:
    """What a plain detector makes of several sets of faces."""
    heads = (
        "a plain detector on", "sensitivity", "precision", "F1", "false per hour, spasm-free", "onset error, 90 %", "spasm time error",
    )  # fmt: skip
    yield from table(heads, ((title, *_shown(each)) for title, each in rows))


def _shown(h: Hardness) -> tuple[str, ...]:
    cells: tuple[tuple[float | None, Callable[[float], str]], ...] = (
        (h.sensitivity, share),
        (h.precision, share),
        (h.f1, share),
        (h.false_per_hour, lambda v: f"{v:.0f}"),
        (h.onset_p90_s, milliseconds),
        (h.spasm_time_error, percent),
    )
    return tuple("–" if value is None else shown(value) for value, shown in cells)
