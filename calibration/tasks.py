"""What a patient is asked to do: the tasks, and the two sequences made of them.

Holds, repetitions and pauses follow published protocols for facial surface EMG (11 tasks in three runs, Sci Rep 2024 14:19317; holds of
3–10 s), shortened to what a clinic has time for. Reading aloud and chewing are asked for separately.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from calibration.montage import Side, Site

TaskKind = Literal["rest", "hold", "blinks", "free"]


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. sites: those that must move, the leading one first. side: None for both.

    hold_s: length of one repetition; of blinks, from one to the next. relax_s: after it.
    """

    name: str
    title: str
    words: str
    kind: TaskKind
    hold_s: float
    repetitions: int = 1
    relax_s: float = 0.0
    sites: tuple[Site, ...] = ()
    side: Side | None = None


_EYE, _CHEEK, _MOUTH, _BROW = Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS, Site.ORBICULARIS_ORIS, Site.FRONTALIS

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task("rest", "Rest", "Look straight ahead and let the face rest", "rest", 60.0),
        Task("gentle_closure", "Gentle closure", "Close both eyes gently", "hold", 4.0, 3, 3.0, (_EYE,)),
        Task("tight_closure", "Tight closure", "Squeeze both eyes shut", "hold", 4.0, 3, 4.0, (_EYE,)),
        Task("brow_raise", "Brow raise", "Raise both eyebrows", "hold", 4.0, 3, 3.0, (_BROW,)),
        Task("smile", "Smile", "Smile broadly and show the teeth", "hold", 4.0, 3, 3.0, (_CHEEK,)),
        Task("pucker", "Pucker", "Purse the lips as for a kiss", "hold", 4.0, 3, 3.0, (_MOUTH, Site.MENTALIS)),
        Task("blinks", "Ten blinks", "Blink once, firmly, each time you are asked", "blinks", 2.0, 10, 0.0, (_EYE,)),
        Task("wink_left", "Wink, left", "Close the left eye only", "hold", 2.0, 3, 2.5, (_EYE,), Side.LEFT),
        Task("wink_right", "Wink, right", "Close the right eye only", "hold", 2.0, 3, 2.5, (_EYE,), Side.RIGHT),
        Task("reading", "Reading aloud", "Read the text aloud", "free", 30.0),
        Task("chewing", "Chewing", "Chew, first on one side, then on the other", "free", 20.0),
    )
}
"""Every task by its name, in the order in which they are asked for."""

REFERENCE_TASKS: dict[Site, str] = {
    Site.FRONTALIS: "brow_raise",
    Site.ORBICULARIS_OCULI: "tight_closure",
    Site.ZYGOMATICUS: "smile",
    Site.ORBICULARIS_ORIS: "pucker",
    Site.MENTALIS: "pucker",
    Site.MASSETER: "chewing",
}
"""The task whose level stands for a full voluntary contraction of a site."""

PREPARE_S = 2.0
"""Between naming a task and asking for it, counted down."""
QUICK, FULL = "quick", "full"


def sequence(name: str, *, reading: bool = False, chewing: bool = False) -> tuple[Task, ...]:
    """The tasks of `quick` (about a minute) or `full` (about five). Raises ValueError for another name."""
    if name == QUICK:
        quick = (
            replace(TASKS["rest"], hold_s=15.0),
            replace(TASKS["tight_closure"], hold_s=3.0, repetitions=2, relax_s=2.5),
            replace(TASKS["smile"], hold_s=3.0, repetitions=2, relax_s=2.5),
            replace(TASKS["blinks"], hold_s=1.5),
        )
        chosen = list(quick)
    elif name == FULL:
        chosen = [task for task in TASKS.values() if task.kind != "free"]
    else:
        raise ValueError(f"There is no sequence '{name}': write quick or full.")
    return (
        *chosen,
        *(task for task, wanted in ((TASKS["reading"], reading), (TASKS["chewing"], chewing)) if wanted),
    )


def length_s(tasks: tuple[Task, ...]) -> float:
    """How long they take when nothing has to be done again."""
    return sum(
        (PREPARE_S + t.repetitions * t.hold_s)
        if t.kind != "hold"
        else t.repetitions * (PREPARE_S + t.hold_s + t.relax_s)
        for t in tasks
    )
