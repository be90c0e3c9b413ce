"""Which found episodes lie on which true ones.

Two intervals belong together when they overlap by at least a fifth of the shorter one: onsets and ends are a matter of threshold,
and a fifth keeps neighbours apart. Everything is found by sorted search, so that a night of events costs no more than its pairs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

import numpy as np

LEAST_SHARE = 0.2


class Interval(Protocol):
    """Anything that lasts from start_s to end_s."""

    @property
    def start_s(self) -> float:
        """Seconds from the first sample."""

    @property
    def end_s(self) -> float:
        """Seconds from the first sample."""


def shared_s(a: Interval, b: Interval) -> float:
    """Seconds that both last; negative when they are apart."""
    return min(a.end_s, b.end_s) - max(a.start_s, b.start_s)


def belong(a: Interval, b: Interval) -> bool:
    """They overlap by at least a fifth of the shorter one; an interval of no length belongs to what it lies in."""
    shorter = min(a.end_s - a.start_s, b.end_s - b.start_s)
    shared = shared_s(a, b)
    return shared >= LEAST_SHARE * shorter and (shared > 0 or shorter <= 0)


def partners(these: Sequence[Interval], others: Sequence[Interval]) -> list[list[int]]:
    """For each of `these` the positions in `others` that belong to it, the largest overlap first."""
    order = sorted(range(len(others)), key=lambda i: others[i].start_s)
    starts = np.array([others[i].start_s for i in order])
    latest = np.maximum.accumulate(np.array([others[i].end_s for i in order])) if order else starts
    found = []
    for interval in these:
        first = int(np.searchsorted(latest, interval.start_s, side="left"))
        after = int(np.searchsorted(starts, interval.end_s, side="right"))
        near = [i for i in order[first:after] if belong(interval, others[i])]
        found.append(sorted(near, key=lambda i: (-shared_s(interval, others[i]), i)))
    return found


def match_one_to_one(edges: Sequence[Sequence[int]]) -> dict[int, int]:
    """The largest set of pairs (left, right) in which each appears once; edges: for each left the rights it may have, best first.

    Augmenting paths, breadth first (Kuhn's algorithm): no other choice of pairs has more of them.
    """
    of_right: dict[int, int] = {}
    of_left: dict[int, int] = {}
    for left in range(len(edges)):
        _augment(edges, left, of_left, of_right)
    return of_left


def _augment(edges: Sequence[Sequence[int]], start: int, of_left: dict[int, int], of_right: dict[int, int]) -> None:
    """Give `start` a partner, moving others along when that frees one."""
    came_from: dict[int, int] = {}  # right -> the left that reached it
    queue = deque([start])
    while queue:
        left = queue.popleft()
        for right in edges[left]:
            if right in came_from:
                continue
            came_from[right] = left
            if right in of_right:
                queue.append(of_right[right])
                continue
            free: int | None = right
            while free is not None:  # back along the path, each taking the partner of the one before
                taker = came_from[free]
                given_up = of_left.get(taker)
                of_right[free], of_left[taker] = taker, free
                free = given_up
            return
