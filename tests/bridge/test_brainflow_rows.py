"""BrainFlow's rows become readings: exact counts, arrival times that never go back, faulty rows out. No brainflow needed."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.boards import CYTON, CYTON_DAISY, RAIL_HIGH, RAIL_LOW, LinkStatistics, ads1299_microvolts_per_count
from firmware_bridge.brainflow_kinds import GANGLION_MICROVOLTS_PER_COUNT
from firmware_bridge.brainflow_rows import RowLayout, RowReader, counts_of

CYTON_ROWS = RowLayout(exg=tuple(range(1, 9)), counter=0, timestamp=22, aux_bytes=(13, 14, 15, 16, 17, 18))
DAISY_ROWS = RowLayout(exg=tuple(range(1, 17)), counter=0, timestamp=30, paired=True)
GAINS = (1, 2, 4, 6, 8, 12, 24)
UNIX = 1.79e9


class Stream:
    """A stream of rows with counters of our choice; every row's first channel counts up, so that rows can be told apart."""

    def __init__(self, layout=CYTON_ROWS, spec=CYTON, started_s=100.0):
        self.layout, self.spec, self.now_s, self.sent = layout, spec, started_s, 0
        self.statistics = LinkStatistics()
        self.scale = np.full(spec.exg_channels, ads1299_microvolts_per_count(24))
        self.reader = RowReader(spec, layout, self.scale, self.statistics, started_s)

    def fetch(self, counters, after_s=0.02, stamps=None, unix_step_s=0.0):
        """Rows with these counters, fetched after_s after the fetch before."""
        self.now_s += after_s
        rows = np.zeros((32, len(counters)))
        rows[self.layout.counter] = counters
        rows[1] = (self.sent + np.arange(len(counters))) * self.scale[0]
        rows[self.layout.timestamp] = UNIX + self.now_s - 0.001 if stamps is None else stamps
        self.sent += len(counters)
        return list(self.reader.readings(rows, self.now_s, UNIX + self.now_s + unix_step_s))


@pytest.mark.parametrize("gain", GAINS)
def test_every_code_survives_microvolts_and_back_at_every_gain(gain):
    width, ours = 4.5 / float(2**23 - 1) / gain * 1000000.0, np.array([ads1299_microvolts_per_count(gain)])
    for first in range(RAIL_LOW, RAIL_HIGH, 2**18):
        codes = np.arange(first, first + 2**18)
        assert np.array_equal(counts_of((width * codes)[None], ours, CYTON)[:, 0], codes)


def test_every_ganglion_code_survives_microvolts_and_back():
    codes = np.arange(RAIL_LOW, RAIL_HIGH + 1, 7, dtype=np.int32)
    width = 1.2 * 1000000.0 / (8388607.0 * 1.5 * 51.0)
    found = counts_of((width * codes)[None], np.array([GANGLION_MICROVOLTS_PER_COUNT]), CYTON)
    assert np.array_equal(found[:, 0], codes)


def test_channels_keep_their_order_and_their_own_gain():
    widths = np.array([ads1299_microvolts_per_count(g) for g in (1, 24)])
    found = counts_of(widths[:, None] * np.array([[10, 11, 12], [-20, -21, -22]]), widths, CYTON)
    assert found.tolist() == [[10, -20], [11, -21], [12, -22]]
    assert found.dtype == np.int32
    assert found.flags.c_contiguous


def test_what_lies_beyond_the_rails_is_rail_and_so_is_what_is_no_number():
    width = ads1299_microvolts_per_count(24)
    found = counts_of(np.array([[187_600.0, -187_600.0, np.inf, -np.inf, np.nan]]), np.array([width]), CYTON)
    assert found[:, 0].tolist() == [RAIL_HIGH, RAIL_LOW, RAIL_HIGH, RAIL_LOW, RAIL_HIGH]


def test_aux_bytes_are_three_signed_numbers_big_endian():
    rows = np.zeros((24, 1))
    rows[13:19, 0] = (0x00, 0x10, 0xFF, 0xFE, 0x80, 0x00)
    reader = RowReader(CYTON, CYTON_ROWS, np.ones(8), LinkStatistics(), 0.0)
    (reading,) = reader.readings(rows, 1.0, UNIX)
    assert reading.aux.tolist() == [[16, -2, -32768]]


def test_a_gap_in_the_counter_is_passed_on_and_nothing_is_filled_in():
    stream = Stream()
    (reading,) = stream.fetch([0, 1, 2, 9, 10])
    assert reading.counters.tolist() == [0, 1, 2, 9, 10]
    assert len(reading.counts) == 5
    assert not reading.restarted
    assert stream.statistics.samples == 5


def test_no_rows_give_no_reading():
    assert Stream().fetch([]) == []


def test_the_first_daisy_row_is_dropped_because_its_averages_mix_in_what_was_before():
    (reading,) = Stream(DAISY_ROWS, CYTON_DAISY).fetch([0, 2, 4, 6])
    assert reading.counters.tolist() == [2, 4]


def test_a_lost_first_daisy_row_costs_no_second_one():
    (reading,) = Stream(DAISY_ROWS, CYTON_DAISY).fetch([2, 4, 6])
    assert reading.counters.tolist() == [2, 4]


def test_the_counter_wraps_and_a_daisy_row_with_0_is_kept_then():
    (reading,) = Stream(DAISY_ROWS, CYTON_DAISY).fetch([252, 254, 0, 2, 4])
    assert reading.counters.tolist() == [252, 254, 0, 2]


def test_the_first_row_of_a_recording_is_kept():
    midway = RowLayout(exg=DAISY_ROWS.exg, counter=0, timestamp=30, paired=True, midway=True)
    (reading,) = Stream(midway, CYTON_DAISY).fetch([0, 2, 4])
    assert reading.counters.tolist() == [0, 2]


def test_the_newest_daisy_row_waits_for_its_successor_and_keeps_its_arrival_time():
    stream = Stream(DAISY_ROWS, CYTON_DAISY)
    (first,) = stream.fetch([2, 4, 6])
    came_s = stream.now_s
    (second,) = stream.fetch([8])
    assert (first.counters.tolist(), second.counters.tolist()) == ([2, 4], [6])
    assert second.arrival_s[0] == pytest.approx(came_s - 0.001, abs=1e-6)


def test_a_lost_even_half_costs_only_the_row_that_was_made_of_two():
    stream = Stream(DAISY_ROWS, CYTON_DAISY)
    readings = stream.fetch([0, 2, 4, 4]) + stream.fetch([8]) + stream.fetch([10])
    assert [r.counters.tolist() for r in readings] == [[2], [4], [8]]
    assert readings[1].counts[:, 0].tolist() == [2]
    assert stream.statistics.bad_packets == 1
    assert stream.statistics.samples == 3


def test_a_daisy_row_before_a_gap_is_dropped_because_its_halves_may_belong_to_two_rows():
    stream = Stream(DAISY_ROWS, CYTON_DAISY)
    (reading,) = stream.fetch([2, 4, 8, 10, 12])
    assert reading.counters.tolist() == [2, 8, 10]
    assert stream.statistics.bad_packets == 1


def joined_by_brainflow(packets):
    """Rows (id, number of the even packet, number of the odd one) as cyton_daisy.cpp makes them of packets numbered from 0."""
    even, rows = 0, []
    for number in packets:
        if number % 2 == 0:
            even = number
        else:
            rows.append((even % 256, even, number))
    return rows


@settings(max_examples=150, deadline=None)
@given(losses=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 20)), max_size=8))
def test_no_daisy_row_is_ever_made_of_two_whatever_was_lost(losses):
    """Stretches of packets that arrive and stretches that do not, through BrainFlow's way of joining halves."""
    packets, number = [0, 1], 2
    for arrive, lost in [*losses, (30, 0)]:
        packets += range(number, number + arrive)
        number += arrive + lost
    rows = joined_by_brainflow(packets)
    stream = Stream(DAISY_ROWS, CYTON_DAISY)
    readings = stream.fetch([row_id for row_id, _, _ in rows])
    kept = [rows[i] for r in readings for i in r.counts[:, 0].tolist()]
    assert all(odd == even + 1 for _, even, odd in kept)
    whole = [row for row in rows if row[2] == row[1] + 1]
    assert len(kept) >= len(whole) - 2 - len(losses)


def test_a_counter_that_begins_anew_starts_a_reading_that_says_so():
    stream = Stream()
    first, second = stream.fetch([99, 100, 0, 1])
    assert (first.counters.tolist(), first.restarted) == ([99, 100], False)
    assert (second.counters.tolist(), second.restarted) == ([0, 1], True)
    assert stream.statistics.restarts == 1
    (third,) = stream.fetch([2])
    assert not third.restarted


def test_a_loss_that_happens_to_end_at_0_is_no_restart():
    stream = Stream()
    stream.fetch([99, 100])
    (reading,) = stream.fetch([0], after_s=156 * 0.004)
    assert not reading.restarted


def test_a_daisy_that_begins_anew_loses_its_stale_row_and_the_next_says_restarted():
    stream = Stream(DAISY_ROWS, CYTON_DAISY)
    readings = stream.fetch([0, 2, 4]) + stream.fetch([0]) + stream.fetch([2, 4, 6])
    assert [(r.counters.tolist(), r.restarted) for r in readings] == [([2], False), ([2, 4], True)]
    assert stream.statistics.restarts == 1


def test_a_row_arrived_when_brainflow_parsed_it_and_not_when_it_was_fetched():
    stream = Stream()
    stream.fetch([0])
    parsed_s = stream.now_s + np.array([0.002, 0.006, 0.014])
    (reading,) = stream.fetch([1, 2, 3], stamps=UNIX + parsed_s)
    np.testing.assert_allclose(reading.arrival_s, parsed_s, atol=1e-6)


@pytest.mark.parametrize("step_s", [1e9, -1e9, 3600.0, -0.5])
def test_a_step_of_the_computers_clock_moves_an_arrival_by_no_more_than_one_fetch(step_s):
    stream = Stream()
    stream.fetch([0])
    before_s = stream.now_s
    (reading,) = stream.fetch([1, 2], unix_step_s=step_s)
    assert (reading.arrival_s >= before_s).all()
    assert (reading.arrival_s <= stream.now_s).all()


@settings(max_examples=60, deadline=None)
@given(
    fetches=st.lists(
        st.tuples(st.floats(0, 5), st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=5)), max_size=8
    )
)
def test_arrival_never_goes_back_whatever_the_stamps_say(fetches):
    stream = Stream()
    last_s, counter = stream.now_s, 0
    for after_s, stamps in fetches:
        counters = [(counter + i) % 256 for i in range(len(stamps))]
        counter += len(stamps)
        for reading in stream.fetch(counters, after_s, np.array(stamps)):
            assert (np.diff(np.concatenate([[last_s], reading.arrival_s])) >= 0).all()
            assert reading.arrival_s[-1] <= stream.now_s
            last_s = reading.arrival_s[-1]


@settings(max_examples=60, deadline=None)
@given(
    counters=st.lists(st.integers(0, 127).map(lambda half: 2 * half), max_size=40), cuts=st.lists(st.integers(0, 40))
)
def test_where_rows_are_fetched_apart_does_not_show(counters, cuts):
    """The rows of a damaged Daisy stream, whole and in pieces: the same rows are kept, in the same order."""

    def kept(pieces):
        stream = Stream(DAISY_ROWS, CYTON_DAISY)
        readings = [r for piece in pieces for r in stream.fetch(piece, after_s=0.0)]
        starts = [r.counters[0] for r in readings if r.restarted]
        return [c for r in readings for c in r.counters.tolist()], starts, stream.statistics

    edges = [0, *sorted(min(cut, len(counters)) for cut in cuts), len(counters)]
    pieces = [counters[a:b] for a, b in pairwise(edges)]
    assert kept([counters]) == kept(pieces)
