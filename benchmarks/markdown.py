"""Paragraphs and tables of the pages that benchmarks write."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

Lines = Iterator[str]
WIDTH = 140


def prose(text: str) -> Lines:
    """A paragraph from one long line."""
    yield from textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    yield ""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Lines:
    """A table with a blank line after it."""
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def busy(load: float) -> str:
    """What else the cores had to do while something was measured; load: others' processes that were ready to run, on average."""
    if load < 0.5:
        return "nothing else wanted the cores"
    return f"{load:.0f} other process{'es' * (round(load) != 1)} wanted the cores"
