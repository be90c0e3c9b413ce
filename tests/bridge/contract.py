"""What every Board keeps, as checks on any board: the native driver, BrainFlow's, a simulated one.

A `Subject` is an open board with what is known of the other end of its wire. The checks are plain functions that assert; those
of STRETCH look at a stretch of signal read once, those of USE start and stop the board, UNPLUG comes last.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware_bridge.boards import Board, Reading
from firmware_bridge.cyton_commands import ChannelSettings
from firmware_bridge.errors import LinkLost


class NumberedSource:
    """Counts of which the first channel numbers the samples and the others use the whole range, rails included.

    As a board's source it is read by sample number; a test finds out from the first channel which samples have arrived.
    """

    def __init__(self, channels):
        self._channels = np.arange(1, channels)

    def read(self, start, n):
        return self.at(np.arange(start, start + n))

    def at(self, samples):
        """(len(samples), channels) counts."""
        samples = np.asarray(samples, dtype=np.int64)
        mixed = (samples[:, None] * 2654435761 + self._channels * 40503) % 2**32
        mixed = ((mixed ^ (mixed >> 15)) * 2246822519) % 2**32
        wild = (mixed >> 8) - 2**23
        wild[mixed % 31 == 0] = 2**23 - 1
        wild[mixed % 31 == 1] = -(2**23)
        return np.column_stack([samples, wild]).astype(np.int32)


@dataclass
class Sent:
    """Which counts a board must show, given those of its first channel; rows_apart: ADC samples from one row to the next."""

    source: NumberedSource
    rows_apart: int = 1

    def rows(self, first_channel):
        """(n, channels) as an 8-channel board sends them: the samples themselves."""
        return self.source.at(first_channel)


class SentByDaisy(Sent):
    """Halves of a Daisy row are means of two ADC samples, cut towards zero: 9–16 one sample earlier than 1–8."""

    def rows(self, first_channel):
        later = np.asarray(first_channel, dtype=np.int64) + 1  # the mean of n−1 and n is cut to n−1
        board = self._mean(later)[:, :8]
        daisy = self._mean(later - 1)[:, 8:]
        return np.hstack([board, daisy])

    def _mean(self, last):
        both = self.source.at(last).astype(np.int64) + self.source.at(last - 1)
        return (np.sign(both) * (np.abs(both) // 2)).astype(np.int32)


@dataclass
class Subject:
    """An open board. sent: what its counts must be, if anybody knows. unplug: pulls the dongle.

    before: what the process had running and open before the board, and what serves it, was there.
    """

    board: Board
    sent: Sent | None = None
    unplug: Callable[[], None] | None = None
    configurable: bool = False
    virtual_time: bool = False
    before: tuple[int, int] = (0, 0)


def stretch(board, samples=60):
    """At least so many samples from the start of a stream, as readings; the stream is stopped afterwards."""
    board.start()
    readings = collect(board, samples)
    board.stop()
    return readings


def collect(board, samples):
    readings, found, empty = [], 0, 0
    while found < samples:
        reading = board.read(1.0)
        if reading is None:
            empty += 1
            assert empty < 5, f"only {found} samples came in 5 s"
            continue
        readings.append(reading)
        found += len(reading.counts)
    return readings


def joined(readings):
    """One reading of many."""
    return Reading(
        *(np.concatenate([getattr(r, name) for r in readings]) for name in ("counts", "counters", "arrival_s", "aux")),
        restarted=any(r.restarted for r in readings),
    )


def running():
    """Threads and open files of this process, those of libraries included."""
    return tuple(sum(1 for _ in Path("/proc/self", what).iterdir()) for what in ("task", "fd"))


def settles_at(before):
    """Whether no more threads and files than before are left, soon: a thread that was joined leaves /proc a moment later."""
    for _ in range(50):
        if all(now <= then for now, then in zip(running(), before, strict=True)):
            return True
        time.sleep(0.02)
    return False


# On a stretch read once


def spec_is_sane(subject, readings):
    spec = subject.board.spec
    assert spec.name
    assert spec.title
    assert spec.rate_hz > 0
    assert spec.exg_channels > 0
    assert spec.count_min < 0 < spec.count_max
    assert spec.counter_modulus is None or spec.counter_modulus % spec.counter_step == 0
    scale = subject.board.microvolts_per_count
    assert scale.shape == (spec.exg_channels,)
    assert scale.dtype == np.float64
    assert (scale > 0).all()


def description_names_no_port(subject, readings):
    for name, value in subject.board.description.items():
        assert isinstance(name, str)
        assert isinstance(value, str)
        assert "/dev/" not in value


def readings_have_their_shapes(subject, readings):
    spec = subject.board.spec
    for reading in readings:
        n = len(reading.counts)
        assert n > 0
        assert reading.counts.shape == (n, spec.exg_channels)
        assert reading.counts.dtype == np.int32
        assert reading.counts.flags.c_contiguous
        assert (reading.counters.shape, reading.counters.dtype) == ((n,), np.int64)
        assert (reading.arrival_s.shape, reading.arrival_s.dtype) == ((n,), np.float64)
        assert reading.aux.shape == (n, len(spec.aux_labels))
        assert reading.aux.dtype == np.int32


def counts_stay_between_the_rails(subject, readings):
    spec, counts = subject.board.spec, joined(readings).counts
    assert counts.min() >= spec.count_min
    assert counts.max() <= spec.count_max


def counters_go_up_by_their_step(subject, readings):
    spec = subject.board.spec
    if spec.counter_modulus is not None:
        steps = np.diff(joined(readings).counters) % spec.counter_modulus
        assert set(steps.tolist()) == {spec.counter_step}


def nothing_restarts_by_itself(subject, readings):
    assert not any(reading.restarted for reading in readings)


def arrival_never_goes_back(subject, readings):
    arrival_s = joined(readings).arrival_s
    assert (np.diff(arrival_s) >= 0).all()
    assert arrival_s[-1] <= subject.board.now_s()


def arrival_follows_the_rate(subject, readings):
    """Where time is virtual; a busy computer delivers when it can."""
    if subject.virtual_time:
        arrival_s = joined(readings).arrival_s
        expected_s = (len(arrival_s) - 1) / subject.board.spec.rate_hz
        assert abs(arrival_s[-1] - arrival_s[0] - expected_s) < 0.1


def counts_are_what_was_sent(subject, readings):
    if subject.sent is not None:
        counts = joined(readings).counts
        assert set(np.diff(counts[:, 0]).tolist()) == {subject.sent.rows_apart}
        assert np.array_equal(counts, subject.sent.rows(counts[:, 0]))


def samples_are_counted(subject, readings):
    assert subject.board.statistics.samples >= len(joined(readings).counts)


STRETCH = (
    spec_is_sane,
    description_names_no_port,
    readings_have_their_shapes,
    counts_stay_between_the_rails,
    counters_go_up_by_their_step,
    nothing_restarts_by_itself,
    arrival_never_goes_back,
    arrival_follows_the_rate,
    counts_are_what_was_sent,
    samples_are_counted,
)


# Each of these starts and stops the board


def stopped_it_starts_again_with_fresh_samples(subject):
    first, second = joined(stretch(subject.board, 20)), joined(stretch(subject.board, 20))
    assert second.arrival_s[0] >= first.arrival_s[-1]
    counters_go_up_by_their_step(subject, [second])
    counts_are_what_was_sent(subject, [second])
    if subject.sent is not None:
        assert second.counts[0, 0] > first.counts[-1, 0]


def reading_times_out_with_none(subject):
    subject.board.start()
    assert any(subject.board.read(0.0) is None for _ in range(1000))
    subject.board.stop()


def microvolts_are_right_after_the_gain_was_changed(subject):
    if not subject.configurable:
        return
    board, channel = subject.board, 3
    before = board.microvolts_per_count
    board.configure([ChannelSettings(channel, gain=6)])
    scale = board.microvolts_per_count
    changed = np.flatnonzero(scale != before).tolist()
    assert changed == [channel - 1]
    assert scale[channel - 1] == 4 * before[channel - 1]
    found = joined(stretch(board, 20)).counts
    sent = subject.sent.rows(found[:, 0])
    assert np.array_equal(np.delete(found, channel - 1, axis=1), np.delete(sent, channel - 1, axis=1))
    # A mean of rounded codes is one code off the rounded mean at most; a wrong gain would be off by thousands.
    off_uv = found[:, channel - 1] * scale[channel - 1] - sent[:, channel - 1] * before[channel - 1]
    assert np.abs(off_uv).max() <= 1.5 * scale[channel - 1]
    assert np.abs(found[:, channel - 1] * scale[channel - 1]).max() > 1000


USE = (
    stopped_it_starts_again_with_fresh_samples,
    reading_times_out_with_none,
    microvolts_are_right_after_the_gain_was_changed,
)


# The end


def unplugged_it_says_link_lost(subject):
    """Within a bounded number of reads, what came before handed over first; and then nothing raises any more but reading."""
    board = subject.board
    if subject.unplug is None:
        return
    board.start()
    collect(board, 5)
    subject.unplug()
    lost = None
    for _ in range(100):
        try:
            board.read(0.1)
        except LinkLost as error:
            lost = error
            break
    assert lost is not None, "100 reads after the dongle was unplugged none had raised LinkLost"
    assert str(lost)
    # Before anybody closes it: a library's thread that reads from a hung-up port takes a whole core.
    assert settles_at((subject.before[0], running()[1])), f"{running()[0]} threads still run"
    board.stop()


def closed_twice_it_leaves_nothing_running(subject):
    subject.board.close()
    subject.board.close()
    assert settles_at(subject.before), f"threads and files: {running()}, before the board was opened {subject.before}"


LAST = (unplugged_it_says_link_lost, closed_twice_it_leaves_nothing_running)
