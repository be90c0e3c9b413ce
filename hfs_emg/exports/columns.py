"""What tables are made of: columns with their meaning, tables with their rows, and the columns that every table of episodes has.

Exports (`tables.py`) and cohorts (`hfs_emg/cohort/tables.py`) put their tables together from these, so that a column of one name holds the
same in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from hfs_emg.events import KINDS, Episode

if TYPE_CHECKING:
    from hfs_emg.analysis.document import EpisodePart

Source = TypeVar("Source")
Cell = str | int | float | bool | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, the type of its cells, what it holds and in which unit."""

    name: str
    type: type
    meaning: str


@dataclass(frozen=True, slots=True)
class Table(Generic[Source]):
    """One table over all sessions. rows: of one session, as its source gives it."""

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[Source], Iterator[Row]]


SUBJECT = Column("subject", str, "code of the subject")
SIMULATED = Column("simulated", bool, "true: no human wore the electrodes")

WHEN = (
    Column("episode", int, "number within the session"),
    Column("start_s", float, "onset, seconds"),
    Column("end_s", float, "offset, seconds"),
)
KIND = (
    Column("kind", str, "one of " + ", ".join(KINDS)),
    Column("counts_as_spasm", bool, "whether it counts in rates and spasm time"),
)
WHAT = (
    Column("side", str, "left, right or both; empty for artefacts"),
    Column("form", str, "clonic or tonic; empty for all but spasms"),
    Column("sites", str, "muscles, joined by +"),
    Column("confidence", float, "probability that the kind is right"),
    Column("reason", str, "why, in one sentence"),
)


def when(episode: Episode | EpisodePart) -> Row:
    """The cells of WHEN."""
    return episode.id, episode.start_s, episode.end_s


def what(episode: Episode | EpisodePart) -> Row:
    """The cells of WHAT."""
    return episode.side, episode.form, "+".join(episode.sites), episode.confidence, episode.reason
