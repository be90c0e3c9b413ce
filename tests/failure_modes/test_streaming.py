"""Failure modes of a running stream. The number of each test is the row of the table in docs/links.md."""

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from room import Numbers, Room, told_of

from calibration.montage import default_montage
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.cyton_commands import ChannelSettings, Simple
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.links import EmulatorLink
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.model import Block, Input, Signal
from hfs_emg.sample_time import SampleTime
from hfs_emg.session.timeline import read_timeline


@pytest.mark.parametrize("lost", [1, 3, 10, 300, 700])
def test_09_dropped_packets(tmp_path, lost):
    room = Room(tmp_path, f"@20 drop {lost}")
    outcome = room.record()
    assert room.misplaced() == (0, lost)
    assert room.session.stop.lost_samples == outcome.lost_samples == lost
    assert outcome.estimated_samples == 0
    assert outcome.losses.by_minute == (lost,)
    assert room.seen[-1].lost_samples == lost
    assert room.session.stop.gaps == 1
    if lost >= 300:
        told_of(room, f"Lost {lost / 250:.1f} s.")


def test_09_losses_are_counted_minute_by_minute(tmp_path):
    room = Room(tmp_path, "@70 drop 30", "@130 drop 5", "@140 drop 6", duration_s=150.0)
    losses = room.record().losses
    assert losses.by_minute == (0, 30, 11)
    assert losses.worst_minute == (1, 30 / 15_000)
    assert losses.share == 41 / 37_500


@pytest.mark.parametrize("at_s", [20.0, 20.004, 20.008, 20.012])
def test_10_one_half_of_a_daisy_row(tmp_path, at_s):
    """Even or odd: the row is lost, and no row is made of two. The halves are means of neighbouring samples."""
    room = Room(tmp_path, f"@{at_s} drop 1", daisy=True)
    room.record()
    worst, lost = room.misplaced()
    assert (worst, lost) == (0, 1)
    counts = np.concatenate([b.counts for b in room.session.blocks()])
    assert (counts[:, 0] - counts[:, 8] == 1).all()


def test_10_many_halves(tmp_path):
    room = Room(tmp_path, "@10 loss 20", daisy=True, duration_s=60.0)
    room.record()
    worst, lost = room.misplaced()
    assert worst == 0
    assert lost > 0.2 * 50 * 125
    counts = np.concatenate([b.counts for b in room.session.blocks()])
    assert (counts[:, 0] - counts[:, 8] == 1).all()


@pytest.mark.parametrize("fault", ["delete", "insert", "badstop", "badstart", "badid"])
def test_11_damaged_packets(tmp_path, fault):
    """Each is lost, or mended, and with it at most the next; what is not lost is at its place."""
    room = Room(tmp_path, *(f"@{20 + k} {fault} 1" for k in range(10)))
    outcome = room.record()
    counts = np.concatenate([b.counts for b in room.session.blocks()])
    assert outcome.lost_samples <= 20
    whole = (counts == counts[:, :1]).all(axis=1)
    assert (~whole).sum() <= 1  # an inserted byte may stand for one that looks like a packet
    assert room.misplaced()[0] == 0


def test_11_a_bad_link_is_told(tmp_path):
    room = Room(tmp_path, "@1 noise 2", duration_s=60.0)
    room.record()
    assert any(words.startswith("weak, ") and words.endswith("% of bytes damaged") for words in room.links)
    told_of(room, "of the bytes are damaged: bring board and dongle nearer to each other.")


def test_11_a_good_link_is_not(tmp_path):
    room = Room(tmp_path, duration_s=60.0)
    room.record()
    assert room.links == ["ok"]
    assert room.told == []


def test_12_text_inside_the_stream(tmp_path):
    room = Room(tmp_path, "@20 text Success: analog$$$")
    room.record()
    assert room.misplaced() == (0, 0)
    assert room.links == ["ok"]
    assert room.told == ["The board said: Success: analog$$$"]


def test_13_our_own_settings_begin_the_counter_anew():
    emulator = CytonEmulator(Numbers())
    board = CytonBoard(EmulatorLink(emulator))
    board.start()
    before = [board.read(0.2) for _ in range(20)]
    board.configure([ChannelSettings(1, gain=6)])
    after = [board.read(0.2) for _ in range(20)]
    assert board.statistics.events == ["Settings changed: the board's counter begins anew."]
    (first,) = [r for r in after if r.restarted]
    assert first.counters[0] == 0
    assert board.statistics.restarts == 1
    old = np.concatenate([r.counts for r in before])
    at = next(n for n, r in enumerate(after) if r is first)
    new = np.concatenate([r.counts for r in after[at:]])
    assert (old[:, 0] == old[:, 1]).all()
    assert (np.abs(new[:, 0] - new[:, 1] / 4) <= 1).all()  # a quarter of the gain from the first sample on
    assert new[0, 1] > old[-1, 1]


def test_15_a_stall_whose_samples_come_later(tmp_path):
    room = Room(tmp_path, "@20 stall 2.5")
    outcome = room.record()
    assert (outcome.lost_samples, room.misplaced()) == (0, (0, 0))
    assert any(words.startswith("late by") for words in room.links)
    assert room.links[-1] == "ok"
    assert room.told[-1].startswith("Signal delayed by 2.")
    assert room.told[-1].endswith("nothing lost.")
    assert outcome.rate_hz == pytest.approx(250.0, rel=5e-4)


@pytest.mark.parametrize("seconds", [2, 5, 12])
def test_16_a_stall_whose_samples_are_lost(tmp_path, seconds):
    """5 s are 1250 packets, of which the counter alone shows 226."""
    room = Room(tmp_path, f"@20 stall {seconds} lose")
    room.record()
    worst, lost = room.misplaced()
    assert worst == 0
    assert lost == pytest.approx(250 * seconds, abs=1)
    told_of(room, f"Lost {lost / 250:.1f} s.")


def test_21_a_computer_that_is_too_slow(tmp_path):
    """For 12 s nobody reads; the buffers hold most of it, and what they do not hold is counted."""
    room = Room(tmp_path, "@24 stall 1.6 lose")
    slept = []

    def sleep(status):
        if not slept and status.elapsed_s >= 20:
            slept.append(room.emulator.now_s)
            room.emulator.advance(room.emulator.now_s + 12.0)

    room.record(on_status=sleep)
    assert len(slept) == 1
    worst, lost = room.misplaced()
    assert worst == 0
    assert lost in (399, 400)
    told_of(room, "Computer too slow: lost 1.6 s.")


@pytest.mark.parametrize("rate_hz", [243.9, 251.3])
def test_22_a_clock_that_is_off(tmp_path, rate_hz):
    room = Room(tmp_path, "@0 batch 60", rate_hz=rate_hz, duration_s=80.0)
    outcome = room.record()
    assert outcome.lost_samples == 0
    assert outcome.rate_hz == pytest.approx(rate_hz, rel=2e-4)
    warned = any("The board samples at 243.9 Hz instead of 250" in line for line in room.told)
    assert warned == (rate_hz < 245)


def test_22_a_clock_that_drifts(tmp_path):
    room = Room(tmp_path, "@100 rate 248.9", rate_hz=251.3, duration_s=500.0)
    outcome = room.record()
    assert (outcome.lost_samples, room.misplaced()) == (0, (0, 0))
    assert outcome.rate_hz == pytest.approx(248.9, rel=3e-3)


@pytest.mark.parametrize("batch_ms", [60, 500])
def test_23_bursts(tmp_path, batch_ms):
    room = Room(tmp_path, f"@0 batch {batch_ms}", duration_s=60.0)
    outcome = room.record()
    assert (outcome.lost_samples, room.misplaced()) == (0, (0, 0))
    (line,) = [line for line in room.told if "bursts" in line]
    found = re.match(r"Samples come in bursts of (\d+) ms: set the adapter's latency timer to 1 ms \(echo 1 |", line)
    assert int(found[1]) == pytest.approx(batch_ms, rel=0.1)


@pytest.mark.parametrize(("code", "reason"), [(0x7FFFFF, "rail"), (-0x800000, "rail"), (0, "flat")])
def test_24_a_channel_at_the_rail_or_dead(code, reason):
    """Marked by channel, in the findings that every screen shows."""
    montage = default_montage(8)
    labels = montage.input_labels(8)
    signal = Signal(250.0, tuple(Input(label, 0.0223517) for label in labels))
    counts = np.random.default_rng(1).integers(-400, 400, (5000, 8)).astype(np.int32)
    counts[2000:4000, 2] = code
    analyzer = Analyzer(signal, montage)
    block = Block(0, counts, np.zeros(5000, np.bool_), np.zeros((5000, 0), np.int32), 20.0)
    found = [*analyzer.push(block).invalid, *analyzer.finish().invalid]
    (stretch,) = [i for i in found if i.reason == reason]
    assert stretch.channels == (labels[2],)
    assert stretch.start_s == pytest.approx(8.0, abs=1.1)
    assert stretch.end_s == pytest.approx(16.0, abs=1.1)


def test_28_a_stop_byte_that_changes(tmp_path):
    """Each packet's auxiliary bytes are read by its own stop byte, and the change is told."""
    room = Room(tmp_path, board=lambda emulator: CytonBoard(EmulatorLink(emulator)))
    sent = []

    def stamp(status):
        if not sent and status.elapsed_s >= 20:
            sent.append(room.board.send(Simple.TIME_STAMPS_ON))

    room.record(on_status=stamp)
    told_of(
        room, "The auxiliary channels carry the accelerometer, one axis at a time, and the board's clock from here on."
    )
    assert room.misplaced() == (0, 0)


def test_30_the_emulator_stops_for_ten_seconds_and_the_wall_clock_is_set(tmp_path):
    """A Pi without a clock chip: it starts in the past, and is told the time while it records; then it is suspended."""
    true = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
    room = Room(tmp_path, "@0 batch 60", "@150 stall 10 lose", rate_hz=250.6, duration_s=300.0)
    begun_s = room.emulator.now_s

    def wall_clock():
        past_s = room.emulator.now_s - begun_s
        return true + timedelta(seconds=past_s) - (timedelta(days=40) if past_s < 100 else timedelta())

    outcome = room.record(utc_now=wall_clock)
    worst, lost = room.misplaced()
    assert worst == 0
    assert lost == pytest.approx(2506, abs=1)
    assert outcome.estimated_samples == 0
    time = SampleTime(read_timeline(room.folder).clocks)
    (step,) = time.steps
    assert step.by_s == pytest.approx(40 * 86400)
    started_s = room.emulator.stream_begun_s - begun_s
    for sample in (0, 2_500, 20_000, 37_000, 45_000, 74_000):
        taken = true + timedelta(seconds=started_s + (sample + 1) / 250.6)
        assert abs((time.utc(sample) - taken).total_seconds()) < 0.005
