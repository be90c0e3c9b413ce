"""The settings of a board by the driver, in virtual time: sent, confirmed, refused, and put back."""

from __future__ import annotations

import numpy as np
import pytest
from cyton_boards import MET, ScriptedLink, counters, counts, opened, read_for

from firmware_bridge.boards import ads1299_microvolts_per_count
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
from firmware_bridge.errors import BoardRefused, LinkLost
from firmware_bridge.sources import CountingSource


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
