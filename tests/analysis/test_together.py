"""Islands that are looked at together show what each shows alone, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streams import damaged, pushed, simulated

from hfs_emg.analysis.activity import AtomTable
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.stretches import Stretches, narrowed, widened

BEFORE, AFTER = 75, 125
ISLANDS = [(0, 90), (300, 420), (421, 430), (700, 1500), (1510, 1700), (2100, 2101), (2950, 3100)]
"""Frames, the last ones at the end of what there is."""


@pytest.fixture(scope="module", params=["sound", "damaged"])
def analyzer(request: pytest.FixtureRequest) -> Analyzer:
    """One that has heard 25 s of a face with hum."""
    stream = simulated("moderate-left", 25.0)
    if request.param == "damaged":
        stream = damaged(stream, 7)
    found = Analyzer(stream.signal, stream.montage)
    for _ in pushed(stream, [1000], found):
        pass
    return found


def rows_of(atoms: AtomTable, island: int) -> list[list[np.ndarray]]:
    """What a table says of the atoms of one island, columns as frames of the stream."""
    mine = atoms.of(atoms.island == island)
    places = [each + mine.origin for each in (mine.starts, mine.ends, mine.low, mine.high)]
    return [np.asarray(each).tolist() for each in (*places, mine.sides, mine.channels, mine.stretch, mine.into)]


def test_an_island_among_others_is_what_it_is_alone(analyzer: Analyzer) -> None:
    levels, finder = analyzer._preparer.levels, analyzer._preparer._examiner.atoms
    together = levels.neighbourhood(ISLANDS, BEFORE, AFTER)
    all_states = finder.states(together)
    all_atoms = finder.atoms(together, all_states)
    assert len(set(all_atoms.island.tolist())) > 3
    hop = analyzer.clock.hop
    for i, (island, (low, high)) in enumerate(zip(ISLANDS, together.layout.spans, strict=True)):
        alone = levels.neighbourhood([island], BEFORE, AFTER)
        for name in ("envelope", "floor", "bad", "eye", "short", "hop", "slow", "fast", "eye_wave", "hum_hz"):
            assert np.array_equal(getattr(together, name)[..., low:high], getattr(alone, name)), name
        assert np.array_equal(together.wave[:, low * hop : high * hop], alone.wave)
        states = finder.states(alone)
        for name in states.__slots__:
            assert np.array_equal(getattr(all_states, name)[..., low:high], getattr(states, name)), name
        assert rows_of(all_atoms, i) == rows_of(finder.atoms(alone, states), 0)


def test_a_glance_sees_what_a_close_look_sees(analyzer: Analyzer) -> None:
    levels, finder = analyzer._preparer.levels, analyzer._preparer._examiner.atoms
    near = levels.neighbourhood(ISLANDS, BEFORE, AFTER)
    seen = levels.glance([(*island, AFTER) for island in ISLANDS], BEFORE)
    for name in ("envelope", "floor", "gain", "bad", "eye"):
        assert np.array_equal(getattr(seen, name), getattr(near, name)), name
    looked, glanced = (finder.atoms(each, finder.states(each)) for each in (near, seen))
    assert rows_of(looked, 1) == rows_of(glanced, 1)


flags = st.lists(st.lists(st.booleans(), min_size=1, max_size=30), min_size=1, max_size=6)


def runs_one_by_one(flags: list[bool], close: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for i, flag in enumerate(flags):
        if flag and found and i + 1 - found[-1][1] <= close:
            found[-1] = (found[-1][0], i + 1)
        elif flag:
            found.append((i, i + 1))
    return found


@given(stretches=flags, close=st.integers(1, 4))
def test_runs_are_joined_within_a_stretch_and_never_across(stretches: list[list[bool]], close: int) -> None:
    ends = np.cumsum([len(each) for each in stretches])
    laid = Stretches(ends - [len(each) for each in stretches], ends)
    first, end, owner = laid.runs(np.concatenate([np.array(each) for each in stretches]), close)
    begins = (ends - laid.lengths)[owner]
    found = list(zip(owner.tolist(), (first - begins).tolist(), (end - begins).tolist(), strict=True))
    assert found == [(i, *run) for i, each in enumerate(stretches) for run in runs_one_by_one(each, close)]


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5), before=st.integers(0, 4), after=st.integers(0, 4))
def test_what_was_widened_is_narrowed_to_what_it_was(lengths: list[int], before: int, after: int) -> None:
    stops = np.cumsum(lengths).tolist()
    spans = list(zip([0, *stops], stops, strict=False))
    values = np.arange(2 * stops[-1]).reshape(2, -1)
    wide = widened(values, spans, before, after)
    assert wide.shape[1] == stops[-1] + len(lengths) * (before + after)
    assert np.array_equal(narrowed(wide[:, before:], lengths, before + after), values)
    assert (wide[:, :before] == values[:, :1]).all()
