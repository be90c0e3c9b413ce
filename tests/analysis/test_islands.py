"""Where islands begin and end does not depend on how much of the signal is there when they are sought."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.islands import LONGEST_S, QUIET_S, Island, IslandFinder

CLOCK = FrameClock.at(250.0)
LONGEST, QUIET = CLOCK.frames(LONGEST_S), CLOCK.frames(QUIET_S)


Pause = tuple[int, int, bool]
"""Frames of activity, of silence after it, and whether the activity is strong enough for an island."""


def flags(stretches: list[Pause]) -> tuple[np.ndarray, np.ndarray]:
    """Support and seed."""
    support = np.concatenate([np.repeat([True, False], [active, silent]) for active, silent, _ in stretches])
    strong = np.concatenate([np.full(active + silent, strong) for active, silent, strong in stretches])
    return support, support & strong


def found(support: np.ndarray, seed: np.ndarray, steps: list[int]) -> list[Island]:
    """Islands where so many frames come at a time, over and over."""
    finder, islands, end = IslandFinder(CLOCK), [], 0
    while end < len(support):
        end = min(len(support), end + steps[0])
        steps = [*steps[1:], steps[0]]
        islands += finder.find(support[finder.frontier : end], seed[finder.frontier : end])
    return islands + finder.flush(support[finder.frontier :], seed[finder.frontier :])


stretches = st.lists(
    st.tuples(st.integers(1, LONGEST), st.integers(1, 2 * QUIET), st.booleans()), min_size=1, max_size=20
)


@given(stretches=stretches, steps=st.lists(st.integers(1, 3000), min_size=1, max_size=6))
@example(stretches=[(LONGEST - 1, 2, True), (500, 400, True)], steps=[125]).via("silence at the place of a cut")
def test_any_cutting_gives_the_same_islands(stretches: list[Pause], steps: list[int]) -> None:
    support, seed = flags(stretches)
    whole = found(support, seed, [len(support)])
    assert found(support, seed, steps) == whole
    assert all(support[island.first] for island in whole)
    assert all(island.end - island.first <= LONGEST for island in whole)


def test_activity_without_a_pause_is_cut_at_a_fixed_frame() -> None:
    always = np.ones(2 * LONGEST + 100, dtype=bool)
    assert found(always, always, [250]) == [
        Island(0, LONGEST, cut=True),
        Island(LONGEST, 2 * LONGEST, cut=True),
        Island(2 * LONGEST, len(always), cut=False),
    ]
