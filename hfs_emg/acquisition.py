"""Readings become blocks: every sample has its index, every lost one is filled with the last value and marked.

Rule: the counter says how many samples are missing modulo its length, arrival time says how often it went round. A sample that comes
late may have waited in a buffer, so before a round is counted the samples behind it are awaited for up to 0.25 s of arrival: when
they catch up nothing was lost. A sample cannot come early, so a counter that says it did began anew (the clock then tells the loss) or is
damaged (one counter out of step, followed by the one that was due after it).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import BoardSpec, Counts, Reading
from hfs_emg.model import Block
from hfs_emg.sample_clock import SampleClock

LONGEST_FILL = 15_000
"""Samples of one block of filling; the blocks of one gap share their memory."""

_AWAIT_S = 0.25
_EARLY_S = 0.05
_RESTART_S = 0.03
"""Interruptions by a restart up to this long cannot be told from the link's own jitter and count as none."""
_SILENCE_S = 0.5
"""Without a counter, silence that nothing makes up for counts as loss from here on."""


@dataclass(slots=True)
class AcquisitionStatistics:
    """Counted since the beginning. samples: all, filled ones included. damaged_counters: counters out of step, no loss.

    estimated_samples: those of the lost ones whose number the clock alone told, because a counter began anew or there is none.
    """

    samples: int = 0
    lost_samples: int = 0
    gaps: int = 0
    restarts: int = 0
    damaged_counters: int = 0
    estimated_samples: int = 0


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What lies before a sample. calm: position before which late samples are explained."""

    lost: int
    calm: int
    restarted: bool = False


class Acquisition:
    """Makes contiguous blocks of one board's readings. `clock` is the sample clock fitted along the way."""

    def __init__(self, spec: BoardSpec) -> None:
        self.clock = SampleClock(spec.rate_hz)
        self.statistics = AcquisitionStatistics()
        self._modulus = spec.counter_modulus
        self._step = spec.counter_step
        self._round = 0 if spec.counter_modulus is None else spec.counter_modulus // spec.counter_step
        self._patience_s = self._round / spec.rate_hz / 2 if self._round else _SILENCE_S
        self._held: Reading | None = None
        self._restart_due = False
        self._counter: int | None = None
        self._last: tuple[Counts, Counts] | None = None

    def push(self, reading: Reading) -> list[Block]:
        """The blocks that this reading completes, in order; none while it is not clear what was lost before it."""
        if not len(reading.counts):
            self._restart_due |= reading.restarted
            return []
        if self._restart_due:
            reading, self._restart_due = replace(reading, restarted=True), False
        if self._held is None and self._plain(reading):
            return [self._run(reading, 0, len(reading.counts))]
        blocks: list[Block] = []
        if self._held is not None:
            held, self._held = self._held, None
            if reading.restarted:
                blocks = self._take(held, final=True)
            else:
                reading = _joined(held, reading)
        return blocks + self._take(reading, final=False)

    def fill_to(self, sample: int) -> list[Block]:
        """Lost samples up to index `sample`, for a recording that ends while nothing comes. Call it after `finish`."""
        lost = sample - self.statistics.samples
        self.statistics.estimated_samples += max(0, lost)
        return self._fill(lost, self.clock.expected_arrival_s(sample)) if self.clock.started else []

    def finish(self) -> list[Block]:
        """The blocks of what was held back; call it once the last reading was pushed."""
        held, self._held = self._held, None
        return [] if held is None else self._take(held, final=True)

    def _plain(self, reading: Reading) -> bool:
        """True for the common case, cheaply: every counter in step and no sample later than patience allows."""
        count = len(reading.counts)
        if self._last is None or reading.restarted:
            return False
        if self._modulus is not None and self._counter is not None:
            due = (self._counter + self._step * np.arange(1, count + 1)) % self._modulus
            if not np.array_equal(due, reading.counters):
                return False
        due_s = self.clock.expected_arrival_s(self.statistics.samples)
        return float(reading.arrival_s[-1]) - due_s <= self._patience_s

    def _take(self, reading: Reading, *, final: bool) -> list[Block]:
        reading = self._mended(reading)
        total = len(reading.counts)
        usable = total if final or not self._doubtful_end(reading) else total - 1
        blocks: list[Block] = []
        at = calm = 0
        while at < usable:
            odd = self._first_odd(reading, at, usable, calm)
            if odd > at:
                blocks.append(self._run(reading, at, odd))
            at = odd
            if at == usable:
                break
            verdict = self._judge(reading, at, final=final)
            if verdict is None:
                self._held = _part(reading, at)
                return blocks
            self.statistics.restarts += verdict.restarted
            if verdict.restarted or self._modulus is None:
                self.statistics.estimated_samples += verdict.lost
            if verdict.restarted:
                self.clock.interrupt()
            blocks += self._fill(verdict.lost, float(reading.arrival_s[at]))
            blocks.append(self._run(reading, at, at + 1))
            at, calm = at + 1, verdict.calm
        if usable < total:
            self._held = _part(reading, usable)
        return blocks

    def _mended(self, reading: Reading) -> Reading:
        """The reading with single damaged counters put right: one out of step, the next as if it had not been."""
        if self._modulus is None:
            return reading
        before = [] if self._counter is None or reading.restarted else [self._counter]
        counters = np.array([*before, *reading.counters], np.int64)
        wrong = (np.diff(counters) - self._step) % self._modulus != 0
        skips = (counters[2:] - counters[:-2] - 2 * self._step) % self._modulus == 0
        damaged = np.flatnonzero(wrong[:-1] & skips) + 1
        if not len(damaged):
            return reading
        self.statistics.damaged_counters += len(damaged)
        counters[damaged] = (counters[damaged - 1] + self._step) % self._modulus
        return replace(reading, counters=counters[len(before) :])

    def _doubtful_end(self, reading: Reading) -> bool:
        """True when the last counter is out of step, so that only the next one can tell whether it is damaged."""
        counters = reading.counters
        if self._modulus is None or (len(counters) < 2 and (self._counter is None or reading.restarted)):
            return False
        before = counters[-2] if len(counters) > 1 else self._counter
        return bool((counters[-1] - before - self._step) % self._modulus != 0)

    def _first_odd(self, reading: Reading, at: int, end: int, calm: int) -> int:
        """The first sample from `at` on that is out of step, later than patience allows, or behind a restart; else `end`."""
        if self._last is None:
            at += 1
            before = int(reading.counters[at - 1])
        elif reading.restarted and at == 0:
            return 0
        else:
            before = self._counter or 0
        odd = np.zeros(end - at, np.bool_)
        if self._modulus is not None and end > at:
            steps = np.diff(reading.counters[at:end], prepend=before)
            odd = steps % self._modulus != self._step
        if self.clock.started:
            indices = np.arange(self.statistics.samples, self.statistics.samples + end - at)
            late = reading.arrival_s[at:end] - self.clock.expected_arrivals_s(indices) > self._patience_s
            late[: max(0, calm - at)] = False
            odd |= late
        found = np.flatnonzero(odd)
        return at + int(found[0]) if len(found) else end

    def _judge(self, reading: Reading, at: int, *, final: bool) -> _Verdict | None:
        """How many samples are missing before sample `at`; None while later samples have to tell."""
        arrival_s = reading.arrival_s[at:]
        silences = np.flatnonzero(np.diff(arrival_s) > self._patience_s)
        if len(silences):
            arrival_s = arrival_s[: silences[0] + 1]
        restarted = reading.restarted and at == 0
        missing = self._missing(reading.counters[at : at + len(arrival_s)], restarted=restarted)
        indices = self.statistics.samples + np.arange(len(arrival_s)) + np.cumsum(missing)
        excess_s = arrival_s - self.clock.expected_arrivals_s(indices)
        most_punctual = int(np.argmin(excess_s))
        least_s = float(excess_s[most_punctual])
        calm = at + most_punctual + 1
        enough = final or len(silences) > 0 or arrival_s[-1] - arrival_s[0] >= _AWAIT_S
        known = int(missing[0])
        if self._round and not restarted:
            if known and least_s < -_EARLY_S:
                restarted = True
                least_s += known / self.clock.rate_hz
            elif least_s <= self._patience_s:
                return _Verdict(known, calm)
            elif not enough:
                return None
            else:
                later = np.flatnonzero(missing[1:])
                if not known and len(later):  # a full buffer lost its end: the rounds belong to the gap behind it
                    return _Verdict(0, at + 1 + int(later[0]))
                rounds = round(least_s * self.clock.rate_hz / self._round)
                return _Verdict(known + rounds * self._round, calm)
        if least_s <= (_RESTART_S if restarted else self._patience_s):
            return _Verdict(0, calm, restarted)
        if not enough:
            return None
        return _Verdict(round(least_s * self.clock.rate_hz), calm, restarted)

    def _missing(self, counters: NDArray[np.int64], *, restarted: bool) -> NDArray[np.int64]:
        """Samples missing before each of these by the counter alone."""
        if self._modulus is None:
            return np.zeros(len(counters), np.int64)
        steps = np.diff(counters, prepend=self._counter or 0) % self._modulus
        missing: NDArray[np.int64] = (steps // self._step - 1) % self._round
        if restarted:
            missing[0] = 0
        return missing

    def _run(self, reading: Reading, start: int, end: int) -> Block:
        counts = np.ascontiguousarray(reading.counts[start:end], np.int32)
        aux = np.ascontiguousarray(reading.aux[start:end], np.int32)
        first = self.statistics.samples
        self.clock.observe(first, reading.arrival_s[start:end])
        self._counter = int(reading.counters[end - 1])
        self._last = counts[-1].copy(), aux[-1].copy()
        self.statistics.samples += end - start
        return Block(first, counts, np.zeros(end - start, np.bool_), aux, float(reading.arrival_s[end - 1]))

    def _fill(self, lost: int, arrival_s: float) -> list[Block]:
        if lost <= 0 or self._last is None:
            return []
        self.statistics.lost_samples += lost
        self.statistics.gaps += 1
        size = min(lost, LONGEST_FILL)
        counts, aux = (np.repeat(values[np.newaxis], size, axis=0) for values in self._last)
        mask = np.ones(size, np.bool_)
        for shared in (counts, aux, mask):
            shared.setflags(write=False)
        blocks = []
        for done in range(0, lost, size):
            part = slice(0, min(size, lost - done))
            blocks.append(Block(self.statistics.samples, counts[part], mask[part], aux[part], arrival_s))
            self.statistics.samples += part.stop
        return blocks


def _part(reading: Reading, start: int) -> Reading:
    """What comes from sample `start` on."""
    return Reading(
        reading.counts[start:],
        reading.counters[start:],
        reading.arrival_s[start:],
        reading.aux[start:],
        restarted=reading.restarted and start == 0,
    )


def _joined(first: Reading, second: Reading) -> Reading:
    return Reading(
        np.concatenate([first.counts, second.counts]),
        np.concatenate([first.counters, second.counters]),
        np.concatenate([first.arrival_s, second.arrival_s]),
        np.concatenate([first.aux, second.aux]),
        restarted=first.restarted,
    )
