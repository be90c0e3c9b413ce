"""Readings become blocks: nothing lost but what the wire lost, and every loss in its place."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import pytest
from cyton_link import Link, assert_in_place, blocks_of
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.boards import CYTON, CYTON_DAISY, BoardSpec, Reading
from hfs_emg.acquisition import LONGEST_FILL, Acquisition

NO_COUNTER = BoardSpec(name="synthetic", title="Synthetic", rate_hz=250.0, exg_channels=4, counter_modulus=None)


def lost_of(spec: BoardSpec, link: Link) -> tuple[Acquisition, int]:
    acquisition = Acquisition(spec)
    lost = assert_in_place(blocks_of(acquisition, link.readings()))
    assert acquisition.statistics.samples == len(lost)
    assert acquisition.statistics.lost_samples == lost.sum()
    return acquisition, int(lost.sum())


def test_an_undisturbed_stream_becomes_contiguous_blocks_without_a_loss() -> None:
    acquisition, lost = lost_of(CYTON, Link(CYTON, 5000))
    assert (lost, acquisition.statistics.samples, acquisition.statistics.gaps) == (0, 5000, 0)


@pytest.mark.parametrize("missing", [1, 2, 3, 100, 127, 128, 129, 255, 256, 257, 511, 512, 513, 5000, 300_000])
@pytest.mark.parametrize("true_hz", [248.9, 250.547, 252.5])
def test_a_gap_of_any_length_is_counted_to_the_sample(missing: int, true_hz: float) -> None:
    link = Link(CYTON, 8000 + missing, true_hz=true_hz, lost=[(5000, 5000 + missing)])
    acquisition, lost = lost_of(CYTON, link)
    assert (lost, acquisition.statistics.gaps) == (missing, 1)


@pytest.mark.parametrize("missing", [1, 63, 64, 65, 127, 128, 129, 2500])
def test_a_daisy_counts_in_twos(missing: int) -> None:
    link = Link(CYTON_DAISY, 4000 + missing, true_hz=125.3, lost=[(2500, 2500 + missing)])
    assert lost_of(CYTON_DAISY, link)[1] == missing


@settings(max_examples=20, deadline=None)
@given(
    gaps=st.lists(st.tuples(st.integers(260, 900), st.integers(1, 5000)), min_size=1, max_size=12),
    true_hz=st.floats(247.5, 252.5),
    clump_s=st.sampled_from([0.004, 0.016, 0.06]),
)
def test_drop_outs_up_to_20_s_are_reconstructed_without_error(
    gaps: list[tuple[int, int]], true_hz: float, clump_s: float
) -> None:
    at, lost = 4000, []
    for apart, missing in gaps:
        lost.append((at, at + missing))
        at += missing + apart
    link = Link(CYTON, at, true_hz=true_hz, clump_s=clump_s, lost=lost)
    assert lost_of(CYTON, link)[1] == sum(b - a for a, b in lost)


@pytest.mark.parametrize("longest", [None, 1, 124])
@pytest.mark.parametrize("stall", [60, 250, 512, 3000])
def test_a_stall_whose_samples_come_later_is_no_loss(stall: int, longest: int | None) -> None:
    """What waited in a buffer comes in one burst, cut as the kernel likes."""
    acquisition = Acquisition(CYTON)
    link = Link(CYTON, 8000, true_hz=250.5, stalled=[(5000, 5000 + stall)])
    lost = assert_in_place(blocks_of(acquisition, link.readings(longest)))
    assert lost.sum() == 0
    assert len(lost) == 8000


def test_what_comes_late_in_one_burst_becomes_few_blocks() -> None:
    link = Link(CYTON, 8000, stalled=[(5000, 7000)])
    acquisition = Acquisition(CYTON)
    longest = max((acquisition.push(r) for r in link.readings()), key=lambda blocks: sum(len(b.counts) for b in blocks))
    assert sum(len(b.counts) for b in longest) >= 1980
    assert len(longest) <= 3


def test_a_buffer_that_overflowed_loses_its_end_and_keeps_its_beginning() -> None:
    """A reader that slept 12 s: 10.4 s of samples waited, 401 came to a full buffer."""
    link = Link(CYTON, 12_000, true_hz=250.5, lost=[(7600, 8001)], stalled=[(5000, 8001)])
    acquisition = Acquisition(CYTON)
    lost = assert_in_place(blocks_of(acquisition, link.readings()))
    assert np.flatnonzero(lost).tolist() == list(range(7600, 8001))


def test_how_the_stream_is_cut_does_not_change_what_is_found() -> None:
    link = Link(CYTON, 9000, true_hz=249.3, lost=[(3000, 3004), (4000, 4900), (6000, 6001)], stalled=[(7000, 7600)])
    masks = [assert_in_place(blocks_of(Acquisition(CYTON), link.readings(n))) for n in (None, 1, 7)]
    assert masks[0].sum() == 905
    assert all(np.array_equal(masks[0], mask) for mask in masks[1:])


def test_one_damaged_counter_is_no_loss() -> None:
    link = Link(CYTON, 3000)
    link.counters[1500] = 17
    acquisition, lost = lost_of(CYTON, link)
    assert (lost, acquisition.statistics.restarts, acquisition.statistics.damaged_counters) == (0, 0, 1)


@pytest.mark.parametrize("longest", [1, None])
def test_a_damaged_counter_at_the_end_of_a_reading_waits_for_the_next(longest: int | None) -> None:
    link = Link(CYTON, 3000)
    ends = np.flatnonzero(np.diff(link.arrival_s))
    link.counters[ends[40]] = (link.counters[ends[40]] + 9) % 256
    acquisition = Acquisition(CYTON)
    assert assert_in_place(blocks_of(acquisition, link.readings(longest))).sum() == 0
    assert acquisition.statistics.damaged_counters == 1


def test_a_repeated_counter_of_a_daisy_row_is_no_loss() -> None:
    """A row that took over the counter of the row before it, and the next row is in step."""
    link = Link(CYTON_DAISY, 2000)
    link.counters[999] = link.counters[998]
    assert lost_of(CYTON_DAISY, link)[1] == 0


def test_a_counter_that_begins_anew_is_no_loss() -> None:
    """100, then 0: 155 samples cannot have been taken in 4 ms."""
    link = Link(CYTON, 3000)
    link.counters[1637:] = np.arange(3000 - 1637) % 256
    acquisition, lost = lost_of(CYTON, link)
    assert (lost, acquisition.statistics.restarts) == (0, 1)


def test_a_flagged_restart_without_an_interruption_loses_nothing() -> None:
    link = Link(CYTON, 3000)
    link.counters[1500:] = np.arange(1500) % 256
    cut = int(np.searchsorted(link.arrival_s, link.arrival_s[1500]))
    link.counters[cut:1500] = np.arange(250, 250 + 1500 - cut) % 256
    acquisition = Acquisition(CYTON)
    readings = [link.reading(0, cut), link.reading(cut, 3000, restarted=True)]
    assert assert_in_place(blocks_of(acquisition, readings)).sum() == 0
    assert acquisition.statistics.restarts == 1


@pytest.mark.parametrize("away", [30, 250, 3000])
def test_a_restart_after_an_absence_is_told_by_the_clock(away: int) -> None:
    """The board was off: its counter says nothing, the clock says how long, to within the link's jitter."""
    link = Link(CYTON, 10_000 + away, true_hz=250.5, clump_s=0.004, lost=[(6000, 6000 + away)])
    link.counters[6000:] = np.arange(4000) % 256
    acquisition = Acquisition(CYTON)
    blocks = [b for k in range(0, 6000, 10) for b in acquisition.push(link.reading(k, k + 10))]
    blocks += acquisition.push(link.reading(6000, 6001, restarted=True))
    blocks += [b for k in range(6001, 9991, 10) for b in acquisition.push(link.reading(k, k + 10))]
    assert acquisition.statistics.restarts == 1
    assert acquisition.statistics.lost_samples == pytest.approx(away, abs=2)
    assert acquisition.statistics.estimated_samples == acquisition.statistics.lost_samples
    assert [b.start for b in blocks[1:]] == [b.end for b in blocks[:-1]]


def test_a_restart_shorter_than_the_links_jitter_counts_no_loss() -> None:
    link = Link(CYTON, 9000, clump_s=0.004, lost=[(6000, 6005)])
    link.counters[6000:] = np.arange(2995) % 256
    acquisition = Acquisition(CYTON)
    readings = [link.reading(k, k + 10) for k in range(0, 6000, 10)]
    readings.append(link.reading(6000, 8995, restarted=True))
    blocks_of(acquisition, readings)
    assert (acquisition.statistics.lost_samples, acquisition.statistics.samples) == (0, 8995)


def test_a_restart_told_by_an_empty_reading_counts_for_the_next() -> None:
    link = Link(CYTON, 3000, clump_s=0.004)
    link.counters[1500:] = np.arange(1505, 3005) % 256  # by the counter alone, five were lost
    acquisition = Acquisition(CYTON)
    readings = [link.reading(0, 1500), link.reading(1500, 1500, restarted=True), link.reading(1500, 3000)]
    assert assert_in_place(blocks_of(acquisition, readings)).sum() == 0
    assert acquisition.statistics.restarts == 1


def test_without_a_counter_jitter_and_stalls_are_no_loss() -> None:
    acquisition, lost = lost_of(NO_COUNTER, Link(NO_COUNTER, 9000, true_hz=250.5, stalled=[(5000, 5700)]))
    assert (lost, acquisition.statistics.samples) == (0, 9000)


def test_without_a_counter_a_silence_that_nothing_makes_up_for_is_a_loss() -> None:
    link = Link(NO_COUNTER, 9000, true_hz=250.5, clump_s=0.004, lost=[(5000, 5500)])
    acquisition = Acquisition(NO_COUNTER)
    blocks_of(acquisition, link.readings())
    assert acquisition.statistics.lost_samples == pytest.approx(500, abs=3)


def test_a_gap_is_known_within_a_quarter_of_a_second_of_samples() -> None:
    link = Link(CYTON, 6000, clump_s=0.04, lost=[(4000, 5000)])
    acquisition = Acquisition(CYTON)
    waited_s = 0.0
    for reading in link.readings():
        behind = acquisition.push(reading)
        if acquisition.statistics.samples < int(reading.counts[-1, 0]) + 1 and not behind:
            waited_s = float(reading.arrival_s[-1]) - link.arrival_s[4000]
    assert 0 < waited_s < 0.25


def test_an_ordinary_gap_is_not_waited_for() -> None:
    """Three packets lost: their blocks come with the reading that shows it."""
    link = Link(CYTON, 2000, clump_s=0.04, lost=[(1500, 1503)])
    acquisition = Acquisition(CYTON)
    for reading in link.readings():
        acquisition.push(reading)
        assert acquisition.statistics.samples >= int(reading.counts[-1, 0])


def test_what_is_held_back_at_the_end_comes_with_finish() -> None:
    link = Link(CYTON, 2010, clump_s=0.004, lost=[(1500, 2000)])
    acquisition = Acquisition(CYTON)
    blocks = [b for r in link.readings() for b in acquisition.push(r)]
    assert blocks[-1].end == 1500
    blocks += acquisition.finish()
    assert (blocks[-1].end, int(assert_in_place(blocks).sum())) == (2010, 500)
    assert acquisition.finish() == []


def test_a_hole_of_20_minutes_is_filled_in_pieces_that_share_their_memory() -> None:
    link = Link(CYTON, 310_000, clump_s=0.04, lost=[(5000, 305_000)])
    readings = list(link.readings())
    acquisition = Acquisition(CYTON)
    tracemalloc.start()
    blocks = blocks_of(acquisition, readings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    filled = [b for b in blocks if b.lost.all()]
    assert sum(len(b.counts) for b in filled) == 300_000
    assert max(len(b.counts) for b in filled) == LONGEST_FILL
    assert peak < 4_000_000  # 300 000 samples of 8 inputs and 3 aux would take 13 MB


def test_filling_cannot_be_written_to() -> None:
    blocks = blocks_of(Acquisition(CYTON), Link(CYTON, 3000, lost=[(1000, 1100)]).readings())
    filled = next(b for b in blocks if b.lost.all())
    with pytest.raises(ValueError, match="read-only"):
        filled.counts[0] = 1


def test_a_block_tells_when_its_last_sample_came() -> None:
    link = Link(CYTON, 100)
    blocks = blocks_of(Acquisition(CYTON), link.readings())
    assert [b.arrival_s for b in blocks] == sorted(set(link.arrival_s.tolist()))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_counters_and_times_come_blocks_stay_contiguous_and_nothing_that_came_is_dropped(
    data: st.DataObject,
) -> None:
    acquisition = Acquisition(data.draw(st.sampled_from([CYTON, CYTON_DAISY, NO_COUNTER])))
    now_s, came, position = 0.0, 0, 0
    for _ in range(data.draw(st.integers(1, 12))):
        count = data.draw(st.integers(0, 6))
        counters = np.array(data.draw(st.lists(st.integers(0, 255), min_size=count, max_size=count)), np.int64)
        now_s += data.draw(st.floats(0, 30))
        values = np.full((count, 4), came, np.int32)
        reading = Reading(values, counters, np.full(count, now_s), values[:, :3])
        came += count
        for block in acquisition.push(dataclasses.replace(reading, restarted=data.draw(st.booleans()))):
            assert block.start == position
            position = block.end
    for block in acquisition.finish():
        assert block.start == position
        position = block.end
    statistics = acquisition.statistics
    assert statistics.samples == position
    assert statistics.samples - statistics.lost_samples == came


def test_what_the_end_of_a_recording_misses_is_filled_counted_as_lost_and_as_estimated() -> None:
    acquisition = Acquisition(CYTON)
    link = Link(CYTON, 1000)
    blocks = blocks_of(acquisition, [link.reading(0, 1000)])
    blocks += acquisition.fill_to(1250)
    assert int(assert_in_place(blocks).sum()) == 250
    told = acquisition.statistics
    assert (told.samples, told.lost_samples, told.gaps, told.estimated_samples) == (1250, 250, 1, 250)
    assert acquisition.fill_to(1250) == []
    assert told.estimated_samples == 250
