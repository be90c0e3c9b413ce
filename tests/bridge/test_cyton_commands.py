"""The command language: every command to bytes and back, malformed ones as the firmware takes them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.cyton_command_reader import CommandReader
from firmware_bridge.cyton_commands import (
    BOARD_MODES,
    GAINS,
    SAMPLE_RATES,
    SINGLE,
    BoardMode,
    ChannelSettings,
    Command,
    InputType,
    LeadOff,
    Malformed,
    Marker,
    ReplyReader,
    SampleRate,
    Simple,
    encode_command,
    is_answered,
)

SETTINGS = st.builds(
    ChannelSettings,
    st.integers(1, 16),
    st.sampled_from(GAINS),
    st.sampled_from(InputType),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
COMMANDS = st.one_of(
    st.sampled_from(list(SINGLE.values())),
    SETTINGS,
    st.builds(LeadOff, st.integers(1, 16), st.booleans(), st.booleans()),
    st.builds(SampleRate, st.sampled_from([None, *SAMPLE_RATES])),
    st.builds(BoardMode, st.sampled_from([None, *BOARD_MODES])),
    st.builds(Marker, st.sampled_from("0123456789")),
)


def heard(text: str) -> list[Command]:
    reader = CommandReader()
    return [command for character in text if (command := reader.feed(character)) is not None]


@given(st.lists(COMMANDS, max_size=12))
def test_what_the_computer_writes_the_board_understands(commands: list[Command]) -> None:
    assert heard(b"".join(encode_command(c) for c in commands).decode()) == commands


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (ChannelSettings(1), "x1060110X"),
        (
            ChannelSettings(9, gain=1, input_type=InputType.SHORTED, bias=False, srb2=False, srb1=True, on=False),
            "xQ101001X",
        ),
        (LeadOff(16, p=False, n=True), "zI01Z"),
        (SampleRate(250), "~6"),
        (SampleRate(), "~~"),
        (BoardMode("analog"), "/2"),
        (BoardMode(), "//"),
        (Marker("7"), "`7"),
        (Simple.RESET, "v"),
    ],
)
def test_commands_are_written_as_documented(command: Command, text: str) -> None:
    assert encode_command(command) == text.encode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x106X", "too few chars"),
        ("x1060110Y", "Err: 9th char not X"),
        ("z1Z", "too few chars"),
        ("z110Y", "Err: 5th char not Z"),
        ("~9", "sample value out of bounds."),
        ("~a", "invalid sample value."),
        ("/9", "board mode value out of bounds."),
        ("/a", "invalid board mode value."),
    ],
)
def test_malformed_commands_are_named_as_the_firmware_names_them(text: str, reason: str) -> None:
    (command,) = heard(text + "v")[:-1]
    assert isinstance(command, Malformed)
    assert command.reason == reason


def test_unknown_characters_mean_nothing() -> None:
    assert heard("\r\nMNOmg") == []


def test_sixteen_channels_have_letters_of_their_own() -> None:
    assert len(set(SINGLE)) == 16 + 6 + 32 + 9
    assert len(set(SINGLE.values())) == len(SINGLE)


@pytest.mark.parametrize(("channel", "gain"), [(0, 24), (17, 24), (1, 3)])
def test_settings_that_do_not_exist_are_refused(channel: int, gain: int) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        ChannelSettings(channel, gain)


def test_a_malformed_command_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="no bytes"):
        encode_command(Malformed("x"))


def test_commands_without_answer_are_known() -> None:
    silent = [c for c in SINGLE.values() if not is_answered(c)]
    assert len(silent) == 32 + 3
    assert is_answered(ChannelSettings(1))
    assert not is_answered(Marker("1"))


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_replies_are_the_same_however_the_bytes_are_cut(data: bytes, places: list[int]) -> None:
    data = data.replace(b"\x01", b"$$$")
    whole = ReplyReader()
    expected = whole.feed(data)
    edges = [0, *sorted(p % (len(data) + 1) for p in places), len(data)]
    reader = ReplyReader()
    got = [reply for a, b in itertools.pairwise(edges) for reply in reader.feed(data[a:b])]
    assert got == expected
    assert reader.partial == whole.partial


def test_a_reply_ends_at_three_dollars() -> None:
    reader = ReplyReader()
    assert reader.feed(b"v3.1.5$$") == []
    assert reader.feed(b"$Succ") == ["v3.1.5"]
    assert reader.partial == "Succ"
