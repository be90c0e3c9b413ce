"""How the electrodes are referred: from a board URL's `reference` and `gain` to the converter's registers, in virtual time."""

from __future__ import annotations

import re

import numpy as np
import pytest

from firmware_bridge import connect
from firmware_bridge.amplifiers import Amplifiers, amplifiers_of, in_words
from firmware_bridge.boards import Board, ads1299_microvolts_per_count
from firmware_bridge.connect import open_board
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.cyton_commands import GAINS, BoardMode, ChannelSettings, LeadOff
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import BoardAddressError, BoardRefused
from firmware_bridge.links import EmulatorLink
from firmware_bridge.sources import CountingSource


class LossyLink(EmulatorLink):
    """The way to an emulated board on which commands are damaged: the nth command (from 1) that begins so is replaced."""

    def __init__(self, emulator: CytonEmulator, *, damage: dict[tuple[bytes, int], bytes] | None = None) -> None:
        super().__init__(emulator)
        self.written: list[bytes] = []
        self.closed = False
        self._damage = damage or {}

    def write(self, data: bytes) -> None:
        self.written.append(data)
        nth = sum(earlier[:2] == data[:2] for earlier in self.written)
        super().write(self._damage.get((data[:2], nth), data))

    def close(self) -> None:
        self.closed = True
        super().close()


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch):
    """Put an emulated board behind `serial:` URLs, without a port and in virtual time."""

    def plug(emulator: CytonEmulator, **kwargs: dict[tuple[bytes, int], bytes]) -> LossyLink:
        link = LossyLink(emulator, **kwargs)
        monkeypatch.setattr(connect, "SerialLink", lambda _device: link)
        return link

    return plug


def emulated(daisy: bool = False) -> CytonEmulator:
    return CytonEmulator(CountingSource(16 if daisy else 8), daisy=daisy)


def registers(emulator: CytonEmulator, name: str) -> list[int]:
    """The values of the registers whose name matches, in the order in which a board prints them."""
    emulator.take()
    emulator.receive(b"?")
    emulator.advance(emulator.now_s + 1)
    return [int(value, 16) for value in re.findall(rf"{name}, \w\w, (\w\w)", emulator.take().decode())]


def counts_of(board: Board, samples: int) -> np.ndarray:
    """The first counts of a new stream."""
    board.start()
    found: list[np.ndarray] = []
    while sum(map(len, found)) < samples:
        reading = board.read(1.0)
        assert reading is not None
        found.append(reading.counts)
    board.stop()
    return np.concatenate(found)


# What the URL says


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, Amplifiers(srb2=False, gain=24)),
        ({"reference": "bipolar"}, Amplifiers(srb2=False, gain=24)),
        ({"reference": "common", "daisy": "1"}, Amplifiers(srb2=True, gain=24)),
        *[({"gain": str(gain)}, Amplifiers(srb2=False, gain=gain)) for gain in GAINS],
    ],
)
def test_channels_are_bipolar_at_gain_24_unless_the_url_says_otherwise(
    options: dict[str, str], asked: Amplifiers
) -> None:
    assert amplifiers_of(options) == asked


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("reference=monopolar", "'reference=monopolar' is not understood: write reference=bipolar or reference=common"),
        ("reference=", "write reference=bipolar or reference=common"),
        ("gain=10", "no gain=10: choose one of 1, 2, 4, 6, 8, 12, 24"),
        ("gain=24.0", "choose one of 1, 2, 4, 6, 8, 12, 24"),
        ("gain=", "choose one of 1, 2, 4, 6, 8, 12, 24"),
        ("srb2=0", "no option 'srb2': it takes daisy, search, button, reference, gain"),
    ],
)
def test_a_value_that_does_not_exist_is_answered_with_those_that_do(query: str, words: str) -> None:
    with pytest.raises(BoardAddressError, match=words):
        open_board(f"serial:///dev/nowhere?{query}")


def test_words_for_channels_that_are_not_alike() -> None:
    one, other = ChannelSettings(1, srb2=False), ChannelSettings(2, gain=6)
    assert in_words([one, other]) == {"reference": "mixed", "gain": "24, 6"}
    assert in_words([ChannelSettings(1, srb1=True)])["reference"] == "mixed"


# What the board then holds


@pytest.mark.parametrize("daisy", [False, True])
@pytest.mark.parametrize(
    ("query", "register", "described"),
    [
        ("", 0x60, {"reference": "bipolar", "gain": "24"}),
        ("?reference=bipolar&gain=8", 0x40, {"reference": "bipolar", "gain": "8"}),
        ("?reference=common", 0x68, {"reference": "common", "gain": "24"}),
        ("?gain=1&reference=common", 0x08, {"reference": "common", "gain": "1"}),
    ],
)
def test_every_channel_of_the_converter_holds_what_the_url_asks_for(
    plug_in, daisy: bool, query: str, register: int, described: dict[str, str]
) -> None:
    """CHnSET: gain in bits 6–4, SRB2 in bit 3, input in bits 2–0; SRB1 is bit 5 of MISC1 (TI SBAS499)."""
    emulator = emulated(daisy)
    plug_in(emulator)
    board = open_board(f"serial:///dev/ttyUSB0{query}")
    converters = 2 if daisy else 1
    assert registers(emulator, r"CH\dSET") == [register] * 8 * converters
    assert registers(emulator, "BIAS_SENS[PN]") == [0xFF] * 2 * converters
    assert registers(emulator, "MISC1") == [0x00] * converters
    assert {name: board.description[name] for name in described} == described


def test_a_board_that_nobody_set_says_nothing_of_its_reference() -> None:
    assert not {"reference", "gain"} & CytonBoard(EmulatorLink(emulated())).description.keys()


@pytest.mark.parametrize("reference", ["bipolar", "common"])
def test_at_gain_24_the_counts_are_the_boards_own(plug_in, reference: str) -> None:
    plug_in(emulated())
    board = open_board(f"serial:///dev/ttyUSB0?reference={reference}")
    found = counts_of(board, 300)
    assert (found == CountingSource().expected(np.arange(len(found)))).all()


@pytest.mark.parametrize("gain", GAINS)
def test_scale_and_counts_follow_the_gain_together(plug_in, gain: int) -> None:
    plug_in(emulated())
    board = open_board(f"serial:///dev/ttyUSB0?gain={gain}")
    assert board.microvolts_per_count.tolist() == [ads1299_microvolts_per_count(gain)] * 8
    found = counts_of(board, 300)
    at_24 = CountingSource().expected(np.arange(len(found)))
    assert np.abs(found - at_24 * gain / 24).max() <= 0.5
    assert np.ptp(found[:, 0]) > 100 * gain / 24


def test_a_daisy_left_out_leaves_eight_channels_to_be_set(plug_in) -> None:
    emulator = emulated(daisy=True)
    link = plug_in(emulator)
    board = open_board("serial:///dev/ttyUSB0?daisy=0&gain=12")
    assert len(board.microvolts_per_count) == 8
    assert [data[:2] for data in link.written if data.startswith(b"x")] == [f"x{n}".encode() for n in range(1, 9)]


def test_opening_takes_eight_short_answers_longer_than_meeting_the_board(plug_in) -> None:
    """In the emulator's time: 10 ms of radio and 20 ms of work for each channel."""
    met = emulated()
    CytonBoard(EmulatorLink(met))
    emulator = emulated()
    plug_in(emulator)
    open_board("serial:///dev/ttyUSB0")
    assert 0 < emulator.now_s - met.now_s < 0.6


# What may undo it


def test_after_a_power_cut_all_channels_are_set_again(plug_in) -> None:
    emulator = emulated()
    plug_in(emulator)
    board = open_board("serial:///dev/ttyUSB0?gain=12")
    board.start()
    board.read(1.0)
    for fault in ("poweroff", "poweron"):
        emulator.faults.inject(fault)
        board.read(0.1)
    while not board.statistics.events:
        board.read(1.0)
    assert board.read(1.0) is not None
    board.stop()
    assert registers(emulator, r"CH\dSET") == [0x50] * 8


@pytest.mark.parametrize("streamed_before", [True, False])
def test_after_a_power_cut_between_streams_too(plug_in, streamed_before: bool) -> None:
    """The banner waits unread, and behind it the board streams at its defaults."""
    emulator = emulated()
    plug_in(emulator)
    board = open_board("serial:///dev/ttyUSB0?gain=12")
    if streamed_before:
        counts_of(board, 10)
    for fault in ("poweroff", "poweron"):
        emulator.faults.inject(fault)
        emulator.advance(emulator.now_s + 3)
    found = counts_of(board, 100)
    assert board.statistics.events == ["The board was switched off and on; settings re-applied."]
    assert registers(emulator, r"CH\dSET") == [0x50] * 8
    # The second channel is one more than the first at gain 24; at 12 the first alone tells the sample.
    sample = found[:, 0] // 8
    assert np.abs(found - CountingSource().expected(sample) / 2).max() <= 0.5


def test_settings_while_streaming_and_lead_off_leave_the_reference(plug_in) -> None:
    emulator = emulated()
    plug_in(emulator)
    board = open_board("serial:///dev/ttyUSB0")
    assert isinstance(board, CytonBoard)
    board.start()
    board.lead_off(LeadOff(2, p=True, n=False))
    board.send(BoardMode("analog"))
    board.read(1.0)
    board.stop()
    assert registers(emulator, r"CH\dSET") == [0x60] * 8


@pytest.mark.parametrize("daisy", [False, True])
def test_a_sampling_rate_left_by_another_program_does_not_undo_the_settings_at_the_start(plug_in, daisy: bool) -> None:
    """The rate survives `v`, and `b` initialises the converters when it finds another than 250 Hz.

    Setting the rate back makes the lead-off current constant; the second reset makes it a tone again.
    """
    emulator = emulated(daisy)
    emulator.receive(b"~4")
    emulator.advance(1.0)
    assert emulator.take() == b"Success: Sample rate is 1000Hz$$$"
    link = plug_in(emulator)
    board = open_board("serial:///dev/ttyUSB0?gain=8")
    assert [data for data in link.written if data in (b"v", b"~6", b"x1040100X")] == [b"v", b"~6", b"v", b"x1040100X"]
    counts_of(board, 50)
    assert registers(emulator, r"CH\dSET") == [0x40] * (16 if daisy else 8)


def test_a_board_at_its_own_rate_is_reset_once(plug_in) -> None:
    link = plug_in(emulated())
    open_board("serial:///dev/ttyUSB0")
    assert link.written[:4] == [b"s", b"v", b"V", b"~~"]
    assert link.written.count(b"v") == 1


def test_a_board_that_keeps_another_rate_is_refused(plug_in) -> None:
    emulator = emulated()
    emulator.receive(b"~4")
    emulator.advance(1.0)
    link = plug_in(emulator, damage={(b"~6", 1): b"", (b"~6", 2): b""})
    with pytest.raises(BoardRefused, match=r"keeps the sampling rate of 1000 Hz.*: switch it off and on"):
        open_board("serial:///dev/ttyUSB0")
    assert link.closed


# A board that does not accept it


def test_a_command_that_is_lost_or_damaged_once_is_sent_again(plug_in) -> None:
    emulator = emulated()
    plug_in(emulator, damage={(b"x3", 1): b"", (b"x5", 1): b"x506X", (b"~~", 1): b""})
    open_board("serial:///dev/ttyUSB0")
    assert registers(emulator, r"CH\dSET") == [0x60] * 8


def test_a_board_that_fails_at_a_channel_is_refused_and_the_port_given_back(plug_in) -> None:
    link = plug_in(emulated(), damage={(b"x3", 1): b"x306X", (b"x3", 2): b"x306X"})
    with pytest.raises(BoardRefused, match="Board did not accept settings for channel 3: check its battery"):
        open_board("serial:///dev/ttyUSB0")
    assert link.written[-2:] == [b"x3060100X"] * 2
    assert link.closed


def test_closing_gives_the_board_back_as_it_starts_up(plug_in) -> None:
    emulator = emulated()
    plug_in(emulator)
    open_board("serial:///dev/ttyUSB0?gain=2").close()
    assert registers(emulator, r"CH\dSET") == [0x68] * 8
