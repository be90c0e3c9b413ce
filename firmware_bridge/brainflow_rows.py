"""BrainFlow's rows back to readings: µV to exact ADC counts, unix stamps to arrival times, faulty rows out.

BrainFlow hands over a matrix of floats, one column per sample ("row" in its words). EXG values are µV = count × the width of one
count, in double precision, so that rounding gives every one of the 2²⁴ codes back at every gain. What BrainFlow does wrong
and can be seen in the rows is put right here, without input or output:

* Daisy, first row of a stream (counter 0): its averages mix in what was there before the start. Dropped.
* Daisy, halves of different rows: BrainFlow keeps the last even half and joins every odd half to it, under the even one's id
  (cyton_daisy.cpp, read_thread). A lost even half gives a row with the id of the row before; a lost odd and the even half
  after it give a row that looks whole. `_PairSieve` lets through only rows that cannot be of either kind, one row later.
* Counter back at 0 sooner than losses can explain: the board began anew. The reading that begins there says `restarted`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import BoardSpec, Counts, LinkStatistics, Reading

Rows = NDArray[np.float64]

_BURST_S = 0.15
"""How much later than it was sent a sample may come: USB bursts are 60 ms, with room for a busy computer."""


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Which lines of BrainFlow's matrix hold what. aux_bytes: the six raw bytes of a Cyton packet, or none.

    paired: rows are made of two packets (Daisy over the dongle). midway: a stream may begin in the middle of the board's own, because it
    comes from a recording or over the network.
    """

    exg: tuple[int, ...]
    counter: int
    timestamp: int
    aux_bytes: tuple[int, ...] = ()
    paired: bool = False
    midway: bool = False


def counts_of(microvolts: Rows, microvolts_per_count: NDArray[np.float64], spec: BoardSpec) -> Counts:
    """ADC codes (n, channels) int32 of µV (channels, n); beyond the rails, and not a number, is rail."""
    codes = np.rint(microvolts.T / microvolts_per_count)
    np.copyto(codes, spec.count_max, where=np.isnan(codes))
    return np.ascontiguousarray(np.clip(codes, spec.count_min, spec.count_max), dtype=np.int32)


class RowReader:
    """Makes readings of one stream's rows. A new stream is a new reader. started_s: the board clock when streaming began."""

    def __init__(
        self,
        spec: BoardSpec,
        layout: RowLayout,
        microvolts_per_count: NDArray[np.float64],
        statistics: LinkStatistics,
        started_s: float,
    ) -> None:
        self._spec = spec
        self._layout = layout
        self._microvolts_per_count = microvolts_per_count
        self._statistics = statistics
        self._fetched_s = started_s
        self._last_arrival_s = started_s
        self._last_counter: int | None = None
        self._restarting = False
        self._sieve = _PairSieve(spec, layout, statistics) if layout.paired else None

    def readings(self, rows: Rows, now_s: float, unix_s: float) -> Iterator[Reading]:
        """Readings of the rows (lines, n) fetched at now_s of the board's clock, when the computer's clock read unix_s.

        A reading ends where the counter begins anew.
        """
        arrival_s = self._arrivals(rows[self._layout.timestamp], now_s, unix_s)
        if self._sieve is not None:
            rows, arrival_s = self._sieve.push(rows, arrival_s)
        counters = _counters(rows, self._layout)
        kept: list[int] = []
        for i, counter in enumerate(counters.tolist()):
            if self._begins_anew(counter, arrival_s[i]):
                yield from self._reading(rows, counters, arrival_s, kept)
                kept = []
                self._restarting = True
                self._statistics.restarts += 1
            if self._keeps(counter):
                kept.append(i)
            self._last_counter = counter
            self._last_arrival_s = arrival_s[i]
        yield from self._reading(rows, counters, arrival_s, kept)

    def _arrivals(self, stamps: NDArray[np.float64], now_s: float, unix_s: float) -> NDArray[np.float64]:
        """When each row was parsed, in the board's clock; never going back.

        BrainFlow stamps a row with the computer's unix time when it parses it, which is milliseconds nearer the truth than the
        time of the fetch. But unix time jumps (a Pi sets its clock minutes after boot), so a stamp is used only as an age at
        the fetch, and the age only within what is certain: the row was not there at the fetch before, and is there now.
        A step of the clock can therefore move a stamp by no more than one fetch interval.
        """
        # fmax and fmin pass over a stamp that is no number
        age_s = np.fmin(np.fmax(unix_s - stamps, 0.0), max(now_s - self._fetched_s, 0.0))
        self._fetched_s = now_s
        return np.maximum.accumulate(np.maximum(now_s - age_s, self._last_arrival_s))

    def _begins_anew(self, counter: int, arrival_s: float) -> bool:
        modulus, step = self._spec.counter_modulus, self._spec.counter_step
        if modulus is None or counter != 0 or self._last_counter is None or self._last_counter == 0:
            return False
        steps_if_lost = -self._last_counter % modulus / step
        return steps_if_lost / self._spec.rate_hz > arrival_s - self._last_arrival_s + _BURST_S

    def _keeps(self, counter: int) -> bool:
        """Not the stale row with which a Daisy begins."""
        begins = self._restarting or (self._last_counter is None and not self._layout.midway)
        return not (self._layout.paired and begins and counter == 0)

    def _reading(
        self, rows: Rows, counters: NDArray[np.int64], arrival_s: NDArray[np.float64], kept: list[int]
    ) -> Iterator[Reading]:
        if not kept:
            return
        restarted, self._restarting = self._restarting, False
        self._statistics.samples += len(kept)
        yield Reading(
            counts=counts_of(rows[np.ix_(self._layout.exg, kept)], self._microvolts_per_count, self._spec),
            counters=counters[kept],
            arrival_s=arrival_s[kept],
            aux=self._aux(rows, kept),
            restarted=restarted,
        )

    def _aux(self, rows: Rows, kept: list[int]) -> Counts:
        """Three big-endian int16 of the six aux bytes, as the board sent them, (n, 3); (n, 0) for other boards."""
        if not self._layout.aux_bytes:
            return np.empty((len(kept), 0), dtype=np.int32)
        raw = np.rint(rows[np.ix_(self._layout.aux_bytes, kept)]).astype(np.uint8)
        return np.ascontiguousarray(raw.T).view(">i2").astype(np.int32)


class _PairSieve:
    """Daisy rows whose halves certainly belong together; the others are counted as bad packets.

    Every odd half that arrives makes a row. So when as many rows came under one id as the id of the next one is ahead, every
    odd half arrived, and the first of these rows is whole. With fewer, an odd half is missing and the row may hold another one's.
    The newest row therefore waits for its successor, 8 ms; the last one of a stream is not given out.
    """

    def __init__(self, spec: BoardSpec, layout: RowLayout, statistics: LinkStatistics) -> None:
        self._layout = layout
        self._step = spec.counter_step
        self._modulus = spec.counter_modulus or 256
        self._statistics = statistics
        self._held: tuple[Rows, NDArray[np.float64]] | None = None
        self._times = 1

    def push(self, rows: Rows, arrival_s: NDArray[np.float64]) -> tuple[Rows, NDArray[np.float64]]:
        """The rows (lines, n) that are certain now, and their arrival times."""
        if self._held is not None:
            rows = np.hstack([self._held[0], rows])
            arrival_s = np.concatenate([self._held[1], arrival_s])
        if not rows.shape[1]:
            return rows, arrival_s
        counters = _counters(rows, self._layout)
        certain: list[int] = []
        first = 0
        for i in range(1, len(counters)):
            ahead = int(counters[i] - counters[first]) % self._modulus
            if ahead == 0:
                self._times += 1
                continue
            whole = ahead == self._times * self._step
            if whole:
                certain.append(first)
            self._statistics.bad_packets += self._times - whole
            first, self._times = i, 1
        self._held = rows[:, first : first + 1], arrival_s[first : first + 1]
        return rows[:, certain], arrival_s[certain]


def _counters(rows: Rows, layout: RowLayout) -> NDArray[np.int64]:
    counters: NDArray[np.int64] = np.rint(rows[layout.counter]).astype(np.int64)
    return counters
