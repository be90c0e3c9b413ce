"""What waits for the disk: tasks in their order, and how much signal and how many words they hold. No clock, no lock of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """Something for the tape. since_s: when it was handed over; samples: how much signal it holds in memory; word: it holds a word."""

    action: Callable[[], None]
    since_s: float
    samples: int = 0
    word: bool = False


class Waiting:
    """Tasks from when they are handed over until they are done. samples, small: of all that are not done.

    small: tasks without samples to hold: words, and blocks of a filled gap, which share their memory.
    """

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()
        self._under_way: list[Task] = []
        self.samples = 0
        self.small = 0
        self.done = 0

    def __bool__(self) -> bool:
        """Whether there is a task that nobody has taken."""
        return bool(self._tasks)

    @property
    def oldest_s(self) -> float:
        """Since when the oldest one waits; of use while there is one."""
        return (self._under_way or self._tasks)[0].since_s

    def append(self, task: Task) -> None:
        """One more, at the end."""
        self._tasks.append(task)
        self.samples += task.samples
        self.small += task.samples == 0

    def take(self, most: int) -> list[Task]:
        """At most so many, in order; they are under way until `finished`."""
        self._under_way = [self._tasks.popleft() for _ in range(min(most, len(self._tasks)))]
        return self._under_way

    def finished(self) -> None:
        """What was taken last is done."""
        self.samples -= sum(task.samples for task in self._under_way)
        self.small -= sum(task.samples == 0 for task in self._under_way)
        self.done += len(self._under_way)
        self._under_way = []

    def words(self, left: Iterable[Task]) -> list[Callable[[], None]]:
        """The words among `left`, of those under way, and those that nobody has taken, which are given up with all the rest."""
        words = [task.action for task in (*left, *self._tasks) if task.word]
        self._tasks.clear()
        return words
