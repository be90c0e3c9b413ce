"""The driver against the emulated board, in virtual time: what can go wrong, and what it does about it."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.boards import CYTON, CYTON_DAISY, Board, Reading, ads1299_microvolts_per_count
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.cyton_commands import (
    BoardMode,
    ChannelSettings,
    InputType,
    LeadOff,
    SampleRate,
    Simple,
    TestSignal,
)
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import BoardOff, BoardRefused, LinkLost, NotAnOpenBCI
from firmware_bridge.faults import Faults
from firmware_bridge.links import EmulatorLink, SerialLink
from firmware_bridge.sources import CountingSource


def opened(
    *script: str, daisy: bool = False, ask_daisy: bool | None = None, **kwargs: float
) -> tuple[CytonBoard, CytonEmulator]:
    emulator = CytonEmulator(CountingSource(16 if daisy else 8), daisy=daisy, faults=Faults(script), **kwargs)
    return CytonBoard(EmulatorLink(emulator), daisy=ask_daisy), emulator


def read_for(board: Board, seconds: float) -> list[Reading]:
    until_s = board.now_s() + seconds
    readings = []
    while board.now_s() < until_s:
        reading = board.read(0.1)
        if reading is not None:
            readings.append(reading)
    return readings


def counters(readings: list[Reading]) -> np.ndarray:
    return np.concatenate([r.counters for r in readings])


def counts(readings: list[Reading]) -> np.ndarray:
    return np.concatenate([r.counts for r in readings])


class ScriptedLink:
    """A link whose other end answers each write from a list; anything else is silence. Time passes as it is read."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.written: list[bytes] = []
        self.closed = False
        self._pending = b""
        self._now_s = 0.0

    def read(self, timeout_s: float) -> bytes:
        data, self._pending = self._pending, b""
        self._now_s += 0.01 if data else timeout_s
        return data

    def write(self, data: bytes) -> None:
        self.written.append(data)
        if self.answers:
            self._pending += self.answers.pop(0)

    def close(self) -> None:
        self.closed = True

    def now_s(self) -> float:
        return self._now_s


BANNER = (
    b"OpenBCI V3 8-16 channel\r\nOn Board ADS1299 Device ID: 0x3E\r\nLIS3DH Device ID: 0x33\r\nFirmware: v3.1.2\r\n$$$"
)
MET = (b"", BANNER, b"v3.1.5$$$", b"Success: Sample rate is 250Hz$$$")
"""The answers to `s`, `v`, `V` and `~~`."""


# Meeting the board


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


# Streaming


@pytest.mark.parametrize("nap_s", [0.0, 0.02, 1.0])
def test_every_sample_arrives_once_however_many_come_at_a_time(nap_s: float) -> None:
    source = CountingSource()
    board = CytonBoard(EmulatorLink(CytonEmulator(source), nap_s=nap_s))
    board.start()
    readings = read_for(board, 8.0)
    got = counts(readings)
    assert (got == source.expected(np.arange(len(got)))).all()
    assert counters(readings).tolist() == (np.arange(len(got)) & 255).tolist()
    arrival_s = np.concatenate([r.arrival_s for r in readings])
    assert np.all(np.diff(arrival_s) >= 0)
    assert not any(r.restarted for r in readings)
    assert board.statistics.samples == len(got)
    assert board.statistics.bytes_skipped == 0


def test_daisy_rows_are_the_means_that_the_firmware_makes() -> None:
    """Row j: the board's mean of samples 2j and 2j+1, the Daisy's of 2j−1 and 2j; the first row is not handed over."""
    board, _ = opened(daisy=True)
    board.start()
    readings = read_for(board, 8.0)
    got = counts(readings)
    samples = CountingSource(16).expected(np.arange(2 * len(got) + 4)).astype(np.int64)
    means = np.trunc((samples[:-1] + samples[1:]) / 2).astype(np.int32)
    row = np.arange(1, len(got) + 1)
    assert (got[:, :8] == means[2 * row, :8]).all()
    assert (got[:, 8:] == means[2 * row - 1, 8:]).all()
    assert counters(readings).tolist() == (2 * row & 255).tolist()


@pytest.mark.parametrize("lost", [1, 3, 10])
def test_lost_packets_show_in_the_counters_and_nowhere_else(lost: int) -> None:
    source = CountingSource()
    board, _ = opened(f"@1 drop {lost}")
    board.start()
    readings = read_for(board, 3.0)
    steps = np.diff(counters(readings)) % 256
    assert sorted(set(steps.tolist())) == [1, lost + 1]
    index = np.concatenate(([0], np.cumsum(steps)))
    assert (counts(readings) == source.expected(index)).all()
    assert not any(r.restarted for r in readings)


@pytest.mark.parametrize("at_s", [1.0, 1.004])
def test_a_lost_daisy_half_costs_one_row(at_s: float) -> None:
    board, _ = opened(f"@{at_s} drop 1", daisy=True)
    board.start()
    steps = np.diff(counters(read_for(board, 3.0))) % 256
    assert steps.tolist().count(4) == 1
    assert set(steps.tolist()) == {2, 4}


@pytest.mark.parametrize("fault", ["badstop 3", "badstart 3", "delete 1", "insert 1"])
def test_damage_is_counted_and_the_rest_arrives(fault: str) -> None:
    board, _ = opened(f"@1 {fault}")
    board.start()
    got = counters(read_for(board, 3.0))
    assert len(got) >= 3 * 250 - 15
    assert board.statistics.bad_packets == 1
    assert board.statistics.bytes_skipped > 0


def test_text_in_the_stream_is_skipped_and_told() -> None:
    board, _ = opened("@1 text Success: analog$$$")
    board.start()
    assert np.all(np.diff(counters(read_for(board, 2.0))) % 256 == 1)
    assert board.statistics.events == ["The board said: Success: analog$$$"]
    assert board.statistics.text_bytes == 18


def test_a_silent_board_reads_as_nothing() -> None:
    board, emulator = opened("@1 poweroff")
    board.start()
    read_for(board, 1.5)
    before_s = emulator.now_s
    assert board.read(0.5) is None
    assert emulator.now_s == pytest.approx(before_s + 0.5)


def test_an_unplugged_dongle_is_link_lost_and_stop_and_close_survive_it() -> None:
    board, _ = opened("@1 unplug")
    board.start()
    with pytest.raises(LinkLost, match="plug it back in"):
        read_for(board, 5.0)
    board.stop()
    board.close()
    board.close()


def test_a_board_switched_off_and_on_is_set_up_again_and_goes_on() -> None:
    board, emulator = opened("@2 poweroff", "@4 poweron")
    board.configure([ChannelSettings(2, gain=6)])
    board.start()
    readings = read_for(board, 8.0)
    (back,) = [n for n, r in enumerate(readings) if r.restarted]
    assert readings[back].counters[0] == 0
    expected = CountingSource().expected(np.arange(2500))
    # The second channel goes on at gain 6: a quarter of what the source says.
    sample = int(readings[-1].counts[-1, 0]) // 16
    assert readings[-1].counts[-1, 1] == round(int(expected[sample, 1]) / 4)
    assert board.statistics.restarts == 1
    assert board.statistics.events == [
        "The board was switched off and on; settings re-applied.",
        "Reconnected: samples come again after 3 s.",
    ]
    assert emulator.streaming


def test_the_board_mode_comes_back_after_a_power_cut_too() -> None:
    board, _ = opened("@2 poweroff", "@3 poweron")
    board.send(BoardMode("analog"))
    board.start()
    readings = read_for(board, 7.0)
    assert readings[-1].aux[:, 0].max() > 0
    assert readings[-1].aux[:, 0].tolist() == (readings[-1].counts[:, 0] // 16 % 1024).tolist()


def test_stop_and_start_begin_anew() -> None:
    source = CountingSource()
    board, emulator = opened()
    board.start()
    read_for(board, 1.0)
    board.stop()
    assert not emulator.streaming
    assert board.read(0.3) is None
    board.start()
    readings = read_for(board, 1.0)
    assert readings[0].restarted
    assert not any(r.restarted for r in readings[1:])
    assert readings[0].counters[0] == 0
    assert board.statistics.samples == len(counters(readings))
    first = int(readings[0].counts[0, 0]) // 16
    assert (counts(readings) == source.expected(first + np.arange(len(counts(readings))))).all()


def test_the_true_rate_is_not_the_drivers_affair() -> None:
    board, _ = opened(rate_hz=252.5)
    board.start()
    assert len(counters(read_for(board, 10.0))) == pytest.approx(2525, abs=12)


# Settings


def test_settings_change_the_scale_and_the_counts_together() -> None:
    board, _ = opened()
    board.configure([ChannelSettings(3, gain=6), ChannelSettings(5, on=False)])
    assert board.microvolts_per_count[2] == ads1299_microvolts_per_count(6)
    board.start()
    got = counts(read_for(board, 1.0))
    expected = CountingSource().expected(np.arange(len(got)))
    microvolts = got[:, 2] * board.microvolts_per_count[2]
    assert (
        np.abs(microvolts - expected[:, 2] * ads1299_microvolts_per_count(24)).max()
        <= ads1299_microvolts_per_count(6) * 0.5001
    )
    assert not got[:, 4].any()
    assert board.settings[2] == ChannelSettings(3, gain=6)


def test_settings_in_a_running_stream_take_effect_at_the_restart() -> None:
    """All readings before it have the old scale, all from it on the new one; its ids begin at 0."""
    board, _ = opened()
    board.start()
    before = read_for(board, 1.0)
    board.configure([ChannelSettings(1, gain=12)])
    after = read_for(board, 1.0)
    together = before + after
    (at,) = [n for n, r in enumerate(together) if r.restarted]
    assert together[at].counters[0] == 0
    for n, reading in enumerate(together):
        # Channel 2 stays at gain 24 and says which sample it is.
        full = reading.counts[:, 1] - 1
        assert reading.counts[:, 0].tolist() == (full if n < at else full // 2).tolist()
    assert board.statistics.restarts == 1


def test_a_command_in_a_running_stream_restarts_the_ids_without_a_loss() -> None:
    board, _ = opened(daisy=True)
    board.start()
    read_for(board, 1.0)
    assert board.send(TestSignal.SLOW_1X) is None
    readings = read_for(board, 1.0)
    (at,) = [n for n, r in enumerate(readings) if r.restarted]
    assert readings[at].counters[0] == 2
    microvolts = np.abs(readings[-1].counts) * ads1299_microvolts_per_count(24)
    assert np.abs(microvolts - 1875).max() < 1


def test_an_id_of_zero_long_after_a_command_is_a_loss_and_no_restart() -> None:
    board, _ = opened("@1.1 drop 237")
    board.start()
    board.send(BoardMode("analog"))
    readings = read_for(board, 4.0)
    got = counters(readings)
    (gap,) = np.flatnonzero(np.diff(got) % 256 != 1)
    assert (got[gap], got[gap + 1]) == (18, 0)
    assert not any(r.restarted for r in readings)


def test_srb1_is_one_switch_for_eight_channels() -> None:
    board, _ = opened(daisy=True)
    board.configure([ChannelSettings(10, srb1=True)])
    assert [s.srb1 for s in board.settings] == [False] * 8 + [True] * 8


def test_a_channel_that_the_board_has_not_is_refused_before_anything_is_written() -> None:
    board, _ = opened()
    with pytest.raises(BoardRefused, match="no channel 9: settings are for channels 1 to 8"):
        board.configure([ChannelSettings(1, gain=1), ChannelSettings(9)])
    assert board.microvolts_per_count[0] == ads1299_microvolts_per_count(24)


def test_a_refused_setting_is_sent_twice_and_then_told() -> None:
    link = ScriptedLink(*MET, b"Failure: too few chars$$$", b"", b"")
    board = CytonBoard(link)
    with pytest.raises(BoardRefused, match="Board did not accept settings for channel 3"):
        board.configure([ChannelSettings(3)])
    assert link.written[-2:] == [b"x3060110X"] * 2
    assert link.now_s() < 0.15 + 1.6 + 0.4 + 2 * 1.6


def test_a_lost_answer_is_asked_for_again() -> None:
    board = CytonBoard(ScriptedLink(*MET, b"", b"Success: Channel set for 3$$$"))
    board.configure([ChannelSettings(3, gain=8)])
    assert board.microvolts_per_count[2] == ads1299_microvolts_per_count(8)


def test_an_answer_for_another_channel_does_not_count() -> None:
    link = ScriptedLink(*MET, b"Success: Channel set for 13$$$", b"Success: Channel set for 1$$$")
    board = CytonBoard(link)
    board.configure([ChannelSettings(1, gain=8)])
    assert link.written[-2:] == [b"x1040110X"] * 2


def test_defaults_bring_all_gains_back_on_both_sides() -> None:
    board, _ = opened()
    board.configure([ChannelSettings(1, gain=1, input_type=InputType.SHORTED)])
    board.send(Simple.DEFAULTS)
    assert board.microvolts_per_count[0] == ads1299_microvolts_per_count(24)
    board.start()
    got = counts(read_for(board, 0.5))
    assert (got == CountingSource().expected(np.arange(len(got)))).all()


def test_replies_of_other_commands_are_handed_over() -> None:
    board, _ = opened()
    assert board.send(Simple.VERSION) == "v3.1.5"
    assert board.send(BoardMode()) == "Success: default"
    assert "Board ADS Registers" in (board.send(Simple.REGISTERS) or "")
    assert board.send(LeadOff(1, p=True, n=False)) == "Success: Lead off set for 1"


@pytest.mark.parametrize("command", [Simple.RESET, Simple.START, Simple.STOP, SampleRate(250), ChannelSettings(1)])
def test_commands_with_a_method_of_their_own_are_not_sent(command: Simple | SampleRate | ChannelSettings) -> None:
    board, _ = opened()
    with pytest.raises(ValueError, match="method of its own"):
        board.send(command)


def test_the_auxiliary_columns_follow_the_stop_byte() -> None:
    board, _ = opened()
    board.start()
    accelerometer = np.concatenate([r.aux for r in read_for(board, 1.0)])
    assert accelerometer.shape[1] == len(board.spec.aux_labels) == 3
    assert 7900 < accelerometer[:, 2].max() < 8100
    board.send(BoardMode("analog"))
    read_for(board, 0.2)
    analog = np.concatenate([r.aux for r in read_for(board, 1.0)])
    assert analog[:, 0].max() > 200
    assert analog.min() >= 0


def test_closing_turns_lead_off_off_and_the_settings_back() -> None:
    board, emulator = opened()
    board.lead_off(LeadOff(4, p=False, n=True))
    board.configure([ChannelSettings(4, gain=1)])
    board.start()
    board.close()
    assert not emulator.streaming
    with pytest.raises(LinkLost):
        board.read(0.1)
    emulator.receive(b"?")
    emulator.advance(emulator.now_s + 1)
    dump = emulator.take().decode()
    assert "CH4SET, 08, 68" in dump
    assert "LOFF_SENSN, 10, 00" in dump


def test_closing_an_untouched_board_writes_nothing() -> None:
    link = ScriptedLink(*MET)
    board = CytonBoard(link)
    board.close()
    assert link.written == [b"s", b"v", b"V", b"~~"]
    assert link.closed
