"""Two packets make a row of sixteen, and only two that belong together."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.cyton_pairing import DaisyPairing
from firmware_bridge.cyton_wire import Packets


def packets_with(ids: list[int]) -> Packets:
    """Packets whose counts say their id."""
    numbers = np.array(ids, np.int64)
    counts = np.repeat(numbers[:, np.newaxis] * 10, 8, axis=1).astype(np.int32)
    return Packets(numbers, counts, np.zeros((len(ids), 6), np.uint8), np.full(len(ids), 0xC0, np.uint8))


def rows(ids: list[int]) -> list[tuple[int, int, int]]:
    """(row id, board half, Daisy half) of each row."""
    got = DaisyPairing().push(packets_with(ids))
    return [(int(k), int(c[0]) // 10, int(c[8]) // 10) for k, c in zip(got.counters, got.counts, strict=True)]


def test_the_first_row_is_dropped_and_board_channels_come_first() -> None:
    assert rows([0, 1, 2, 3, 4, 5]) == [(2, 3, 2), (4, 5, 4)]


def test_a_lost_half_costs_its_row_and_no_other() -> None:
    assert rows([0, 1, 2, 4, 5, 6, 7]) == [(4, 5, 4), (6, 7, 6)]
    assert rows([0, 1, 3, 4, 5]) == [(4, 5, 4)]


def test_halves_that_are_not_neighbours_are_never_paired() -> None:
    assert rows([0, 1, 2, 5, 6, 9, 10]) == []


def test_an_odd_id_never_opens_a_row() -> None:
    assert rows([1, 2, 3, 4, 5]) == [(2, 3, 2), (4, 5, 4)]


def test_id_zero_is_stale_only_at_the_beginning() -> None:
    assert rows([252, 253, 254, 255, 0, 1]) == [(252, 253, 252), (254, 255, 254), (0, 1, 0)]


def test_lost_halves_are_counted() -> None:
    pairing = DaisyPairing()
    pairing.push(packets_with([0, 1, 2, 4, 5, 7, 8]))
    assert pairing.unpaired == 2


def test_the_accelerometer_is_taken_from_the_half_that_has_it() -> None:
    packets = packets_with([2, 3, 4, 5])
    packets.aux[0] = [0, 1, 0, 2, 0, 3]
    packets.aux[3] = [0, 4, 0, 5, 0, 6]
    assert DaisyPairing().push(packets).aux.tolist() == [[1, 2, 3], [4, 5, 6]]


@given(st.lists(st.integers(0, 255), max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_rows_are_the_same_however_the_packets_are_cut(ids: list[int], places: list[int]) -> None:
    packets = packets_with(ids)
    whole = DaisyPairing()
    expected = whole.push(packets)
    edges = [0, *sorted(p % (len(ids) + 1) for p in places), len(ids)]
    pairing = DaisyPairing()
    got = [pairing.push(packets[a:b]) for a, b in itertools.pairwise(edges)]
    assert np.concatenate([r.counters for r in got]).tolist() == expected.counters.tolist()
    assert np.concatenate([r.counts for r in got]).tolist() == expected.counts.tolist()
    assert pairing.unpaired == whole.unpaired
