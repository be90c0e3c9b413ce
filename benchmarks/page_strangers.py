"""docs/accuracy.md, the strangers: faces of another generator, and how hard faces are for a plain detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.goals import milliseconds, percent, share
from benchmarks.hardness import Hardness
from benchmarks.markdown import Lines, prose, table
from benchmarks.page_faces import free_table, patient_table
from benchmarks.page_kinds import confusion_table, kind_table
from benchmarks.page_parts import Measured


def strangers(m: Measured) -> Lines:
    """What was found in them, scenario by scenario."""
    yield "## Strangers"
    yield ""
    yield from prose(
        "Motor units that are recruited by size, spasms as volleys of 150–350 a second in all muscles of a side; how and from what "
        "sources: [strangers](../benchmarks/strangers/__init__.py)."
    )
    yield from patient_table(m.strangers)
    yield from free_table(m.strangers)
    yield from kind_table(m.strangers)
    yield from confusion_table(m.strangers)


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
