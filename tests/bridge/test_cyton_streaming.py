"""The driver's stream from the emulated board, in virtual time: every sample, and every loss."""

from __future__ import annotations

import numpy as np
import pytest
from cyton_boards import counters, counts, opened, read_for

from firmware_bridge.cyton import CytonBoard
from firmware_bridge.cyton_commands import BoardMode, ChannelSettings
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import LinkLost
from firmware_bridge.links import EmulatorLink
from firmware_bridge.sources import CountingSource


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
