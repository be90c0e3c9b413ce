"""The driver meets a board, in virtual time: what may be at the other end, and what it does about it."""

from __future__ import annotations

import pytest
from cyton_boards import BANNER, ScriptedLink, counters, opened, read_for

from firmware_bridge.boards import CYTON, CYTON_DAISY, ads1299_microvolts_per_count
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.cyton_commands import ChannelSettings
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import BoardOff, BoardRefused, NotAnOpenBCI
from firmware_bridge.faults import Faults
from firmware_bridge.links import EmulatorLink, SerialLink
from firmware_bridge.sources import CountingSource


def test_a_board_says_what_it_is() -> None:
    board, _ = opened()
    assert board.spec is CYTON
    assert board.description == {
        "board": "OpenBCI Cyton",
        "firmware": "v3.1.5",
        "ads1299": "0x3E",
        "accelerometer": "0x33",
    }
    assert board.microvolts_per_count.tolist() == [ads1299_microvolts_per_count(24)] * 8


def test_an_old_firmware_that_does_not_know_its_version_is_taken_by_its_banner() -> None:
    link = ScriptedLink(b"", BANNER, b"")
    assert CytonBoard(link).description["firmware"] == "v3.1.2"
    assert link.written == [b"s", b"v", b"V", b"~~", b"~~"]


@pytest.mark.parametrize("batch_ms", [0, 60, 500])
def test_a_board_left_streaming_by_a_dead_program_is_stopped_and_met(batch_ms: int) -> None:
    emulator = CytonEmulator(CountingSource(), faults=Faults([f"batch {batch_ms}"]))
    emulator.receive(b"b")
    emulator.advance(30.0)
    board = CytonBoard(EmulatorLink(emulator))
    assert board.description["firmware"] == "v3.1.5"
    assert not emulator.streaming


def test_a_banner_with_rubbish_before_it_is_found() -> None:
    assert CytonBoard(ScriptedLink(b"", b"\xa0\x07$$$Succ" + BANNER, b"v3.1.5$$$")).description["firmware"] == "v3.1.5"


def test_a_banner_that_is_cut_short_is_asked_for_again() -> None:
    link = ScriptedLink(b"", b"OpenBCI V3 8-16 ch", BANNER, b"v3.1.5$$$")
    assert CytonBoard(link).description["ads1299"] == "0x3E"
    assert link.written[:4] == [b"s", b"v", b"v", b"V"]


def test_silence_is_no_openbci_and_is_told_within_three_seconds() -> None:
    link = ScriptedLink()
    with pytest.raises(NotAnOpenBCI, match="Nothing answers on this port: plug"):
        CytonBoard(link)
    assert link.now_s() < 3


def test_something_else_on_the_port_is_told_with_what_it_said() -> None:
    link = ScriptedLink(b"login: ", b"v\r\nPassword: ", b"v\r\n")
    with pytest.raises(NotAnOpenBCI, match=r"does not answer as an OpenBCI board.*login"):
        CytonBoard(link)
    assert link.now_s() < 3.1


def test_a_board_that_is_off_is_told_from_a_dongle_that_is_not_there() -> None:
    with pytest.raises(BoardOff, match=r"Dongle works, but the board is not heard: switch it on \(PC position\)"):
        opened("poweroff")


def test_a_reset_slower_than_the_wait_is_survived() -> None:
    """The second banner, on its way when the first is read, does not get in the way."""
    board, _ = opened(reset_s=2.0)
    board.configure([ChannelSettings(1, gain=2)])
    assert board.description["firmware"] == "v3.1.5"


def test_a_daisy_is_found_required_or_left_out() -> None:
    assert opened(daisy=True)[0].spec is CYTON_DAISY
    assert opened(daisy=True, ask_daisy=True)[0].spec is CYTON_DAISY
    board, _ = opened(daisy=True, ask_daisy=False)
    assert board.spec is CYTON
    board.start()
    assert len(counters(read_for(board, 1.0))) == pytest.approx(250, abs=12)


def test_a_daisy_that_is_not_there_is_told() -> None:
    with pytest.raises(BoardRefused, match="Daisy not detected: the board has 8 channels"):
        opened(ask_daisy=True)


def test_a_specification_of_other_channels_than_the_board_has_is_refused() -> None:
    with pytest.raises(BoardRefused, match="8 channels, 16 are asked for"):
        CytonBoard(EmulatorLink(CytonEmulator(CountingSource())), spec=CYTON_DAISY)


class SlowedDownDongle(SerialLink):
    """A real port, as far as the driver sees, whose dongle some program left at 921600 baud."""

    def __init__(self) -> None:
        self.is_pty = False
        self.baud = 115200
        self.dongle_baud = 921600
        self.behind = EmulatorLink(CytonEmulator(CountingSource()))

    def set_baud(self, baud: int) -> None:
        self.baud = baud

    def read(self, timeout_s: float) -> bytes:
        return self.behind.read(timeout_s)

    def write(self, data: bytes) -> None:
        if self.baud == self.dongle_baud:
            self.behind.write(data)
            if data == bytes([0xF0, 0x05]):
                self.dongle_baud = 115200

    def close(self) -> None:
        self.behind.close()

    def now_s(self) -> float:
        return self.behind.now_s()


def test_a_dongle_left_at_another_speed_is_found_and_set_back() -> None:
    link = SlowedDownDongle()
    assert CytonBoard(link).description["firmware"] == "v3.1.5"
    assert (link.baud, link.dongle_baud) == (115200, 115200)


def test_a_silent_port_is_left_at_its_speed() -> None:
    link = SlowedDownDongle()
    link.dongle_baud = 0
    with pytest.raises(NotAnOpenBCI, match="Nothing answers"):
        CytonBoard(link)
    assert link.baud == 115200
