"""How the signal is cut must not show in the findings, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streams import Stream, damaged, findings, in_progress, shortened, simulated

SECONDS = 24.0


@pytest.fixture(scope="module")
def streams() -> list[Stream]:
    """A spasm patient, a talking face and bad electrodes; each sound and damaged; also other rates and inputs."""
    sound = [
        simulated("moderate-right", SECONDS),
        simulated("healthy-talking", SECONDS, seed=2),
        simulated("mains-60hz-artefacts", SECONDS, seed=3),
        simulated("severe-tonic-left", SECONDS, seed=4, rate_hz=500.0, channels=4),
        simulated("bad-electrodes", SECONDS, seed=5, rate_hz=200.0),
    ]
    return sound + [damaged(stream, seed) for seed, stream in enumerate(sound)]


@pytest.fixture(scope="module")
def whole(streams: list[Stream]) -> list[tuple]:
    return [findings(stream, [len(stream.counts)]) for stream in streams]


@settings(max_examples=20, deadline=None)
@given(
    which=st.integers(0, 9),
    sizes=st.lists(st.one_of(st.integers(1, 12), st.integers(1, 900)), min_size=1, max_size=12),
)
def test_any_cutting_gives_the_same_findings(
    streams: list[Stream], whole: list[tuple], which: int, sizes: list[int]
) -> None:
    if sum(sizes) / len(sizes) < 4:  # thousands of tiny pushes add time and no new boundary
        sizes = [*sizes, 150]
    assert findings(streams[which], sizes) == whole[which]


def test_single_samples_give_the_same_findings(streams: list[Stream], whole: list[tuple]) -> None:
    n = 2000
    cut = shortened(streams[5], n)
    assert findings(cut, [1]) == findings(cut, [n])


def test_the_streams_are_worth_cutting(whole: list[tuple]) -> None:
    """A law about empty findings would prove nothing."""
    assert all(len(invalid) > 0 for _, invalid in whole)
    assert sum(len(episodes) for episodes, _ in whole) > 50
    assert {reason for _, invalid in whole for reason in (i.reason for i in invalid)} >= {"gap", "rail", "settling"}


@settings(max_examples=3, deadline=None)
@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=8).filter(lambda s: sum(s) >= 8 * len(s)))
def test_what_is_in_progress_depends_on_the_signal_alone(streams: list[Stream], sizes: list[int]) -> None:
    """At whatever sample a view is told, it is told what the last whole 80 ms show."""
    talking = shortened(streams[6], 2000)
    by_tick = {end // 20: shown for end, shown in in_progress(talking, [20])}
    assert sum(shown != () for shown in by_tick.values()) > 25
    for end, shown in in_progress(talking, sizes):
        assert shown == by_tick.get(end // 20, ())


def test_a_block_that_does_not_continue_is_refused(streams: list[Stream]) -> None:
    from hfs_emg.analysis.analyzer import Analyzer
    from hfs_emg.model import Block

    stream = streams[0]
    analyzer = Analyzer(stream.signal, stream.montage)
    with pytest.raises(ValueError, match="expected 0"):
        analyzer.push(Block(5, stream.counts[:10], stream.lost[:10], np.zeros((10, 0), dtype=np.int32)))


def test_what_a_view_is_told_in_between_changes_nothing(streams: list[Stream], whole: list[tuple]) -> None:
    """In-progress activity is asked for at each push; it must not leave traces."""
    assert findings(streams[0], [10]) == whole[0]
