"""Where islands begin and end does not depend on how much of the signal is there when they are sought."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.islands import LONGEST_S, QUIET_S, Island, IslandFinder

CLOCK = FrameClock.at(250.0)
LONGEST, QUIET = CLOCK.frames(LONGEST_S), CLOCK.frames(QUIET_S)


def flags(runs: list[int]) -> np.ndarray:
    """Activity and silence in turn, as many frames of each."""
    return np.concatenate([np.full(length, i % 2 == 0) for i, length in enumerate(runs)])


def found(support: np.ndarray, seed: np.ndarray, steps: list[int]) -> list[Island]:
    """Islands where so many frames come at a time, over and over."""
    finder, islands, end = IslandFinder(CLOCK), [], 0
    while end < len(support):
        end = min(len(support), end + steps[0])
        steps = [*steps[1:], steps[0]]
        islands += finder.find(support[finder.frontier : end], seed[finder.frontier : end])
    return islands + finder.flush(support[finder.frontier :], seed[finder.frontier :])


runs = st.lists(st.one_of(st.integers(1, 2 * QUIET), st.integers(1, 3 * LONGEST)), min_size=1, max_size=12)


@given(active=runs, strong=st.sets(st.integers(0, 11)), steps=st.lists(st.integers(1, 3000), min_size=1, max_size=6))
@example(active=[LONGEST - 1, 2, 500], strong={0, 2}, steps=[125]).via("silence at the place of a cut")
def test_any_cutting_gives_the_same_islands(active: list[int], strong: set[int], steps: list[int]) -> None:
    support = flags(active)
    seed = support & np.repeat([i in strong for i in range(len(active))], active)
    whole = found(support, seed, [len(support)])
    assert found(support, seed, steps) == whole
    assert all(support[i.first] for i in whole)
    assert all(i.end - i.first <= LONGEST for i in whole)


def test_activity_without_a_pause_is_cut_at_a_fixed_frame() -> None:
    always = np.ones(2 * LONGEST + 100, dtype=bool)
    assert found(always, always, [250]) == [
        Island(0, LONGEST, cut=True),
        Island(LONGEST, 2 * LONGEST, cut=True),
        Island(2 * LONGEST, len(always), cut=False),
    ]
