"""The dongle's commands both ways, and the search for a board on another radio channel."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Faults
from firmware_bridge.links import EmulatorLink
from firmware_bridge.radio import RadioCode, RadioCommand, RadioReader, channel_of, encode_radio, with_number
from firmware_bridge.radio_search import RadioStatus, find_board, radio_status
from firmware_bridge.sources import CountingSource

ARGUMENTS = {RadioCode.CHANNEL_SET: 7, RadioCode.CHANNEL_OVERRIDE: 7, RadioCode.POLL_TIME_SET: 80}


def link_with_dongle_on(channel: int, *script: str) -> EmulatorLink:
    """A board on channel 20 and a dongle that was moved elsewhere."""
    link = EmulatorLink(CytonEmulator(CountingSource(), faults=Faults(script)))
    link.write(encode_radio(RadioCode.CHANNEL_OVERRIDE, channel))
    while link.read(0.1):
        pass
    return link


@pytest.mark.parametrize("code", list(RadioCode))
def test_what_the_computer_asks_the_dongle_understands(code: RadioCode) -> None:
    sent = encode_radio(code, ARGUMENTS.get(code))
    assert RadioReader().feed(b"v" + sent + b"b") == [b"v", RadioCommand(code, ARGUMENTS.get(code, 0)), b"b"]


@given(st.binary(max_size=40).map(lambda b: b.replace(b"\x00", b"\xf0")), st.lists(st.integers(0, 40), max_size=5))
def test_dongle_and_board_bytes_are_told_apart_however_they_are_cut(data: bytes, places: list[int]) -> None:
    def flat(parts: list[RadioCommand | bytes]) -> list[RadioCommand | int]:
        return [one for part in parts for one in (list(part) if isinstance(part, bytes) else [part])]

    edges = [0, *sorted(p % (len(data) + 1) for p in places), len(data)]
    reader = RadioReader()
    got = [one for a, b in itertools.pairwise(edges) for one in flat(reader.feed(data[a:b]))]
    assert got == flat(RadioReader().feed(data))


@pytest.mark.parametrize("channel", [1, 9, 20, 25])
def test_a_channel_is_read_from_the_dongles_answer(channel: int) -> None:
    answer = with_number("Success: Host and Device on Channel number: ", channel).decode("latin-1")
    assert channel_of(answer.removesuffix("$$$")) == channel


def test_an_answer_without_a_channel_names_none() -> None:
    assert channel_of("Success: System is Up") is None


def test_the_dongle_says_where_it_is_and_whom_it_hears() -> None:
    assert radio_status(link_with_dongle_on(20)) == RadioStatus(20, board_heard=True)
    assert radio_status(link_with_dongle_on(3)) == RadioStatus(3, board_heard=False)


def test_a_board_on_another_channel_is_found_and_the_dongle_stays_there() -> None:
    link = link_with_dongle_on(3)
    tried: list[int] = []
    assert find_board(link, tried.append) == 20
    assert tried == list(range(1, 21))
    assert radio_status(link) == RadioStatus(20, board_heard=True)


def test_a_board_that_is_heard_needs_no_search() -> None:
    tried: list[int] = []
    assert find_board(link_with_dongle_on(20), tried.append) == 20
    assert tried == []


def test_a_search_in_vain_puts_the_dongle_back() -> None:
    link = link_with_dongle_on(3, "poweroff")
    assert find_board(link) is None
    assert radio_status(link) == RadioStatus(3, board_heard=False)
