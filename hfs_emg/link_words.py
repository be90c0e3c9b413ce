"""What a user should know of the link, in words: what it does now, and what happened, each once. No clock of its own.

Short losses show in the figures; from a second on they are told, with their cause where it is known: the link, the board's counter that
began anew (the number is then an estimate), or this computer, when it did not come back to the board in time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from firmware_bridge.boards import LinkStatistics
from hfs_emg.model import Block
from hfs_emg.sample_clock import SampleClock

SILENT_AFTER_S = 2.0
WARN_AFTER_S = 0.5
TOLD_FROM_S = 1.0
DAMAGED_SHARE = 0.001
RATE_TOLERANCE = 0.02
BURST_S = 0.05
"""Wake-ups of up to 40 ms are our own; an FTDI adapter at its usual setting delivers each 60 ms."""

_BURSTS_SEEN = 50
_SLOW_S = 1.0
_EXCUSE_S = 5.0
_DAMAGE_EACH_BYTES = 8250 * 20
LATENCY_REMEDY = (
    "set the adapter's latency timer to 1 ms "
    "(echo 1 | sudo tee /sys/bus/usb-serial/devices/ttyUSB0/latency_timer, with the name of your port)"
)


class LinkWords:
    """Follows a link through one session, or several that follow one another. nominal_hz: of the board."""

    def __init__(self, nominal_hz: float) -> None:
        self._nominal_hz = nominal_hz
        self._events: list[str] = []
        self._last_s: float | None = None
        self._returned_s: float | None = None
        self._slow_until_s = -1.0
        self._delay_s = 0.0
        self._bursts: deque[float] = deque(maxlen=_BURSTS_SEEN)
        self._estimated = 0
        self._board_said = 0
        self._damage = (0, 0)
        self._damaged_share = 0.0
        self._told: set[str] = set()

    def take_events(self) -> list[str]:
        """What is to be told since the last call, in order."""
        events, self._events = self._events, []
        return events

    def reading_begins(self, now_s: float) -> None:
        """The board is about to be read."""
        if self._returned_s is not None and now_s - self._returned_s > _SLOW_S:
            self._slow_until_s = now_s + _EXCUSE_S

    def reading_ended(self, now_s: float) -> None:
        """The board was read."""
        self._returned_s = now_s

    def arrived(self, arrival_s: float) -> None:
        """Samples came at that time."""
        if self._last_s is not None:
            pause_s = arrival_s - self._last_s
            if pause_s > TOLD_FROM_S:
                self._delay_s = pause_s
            elif pause_s > 0:
                self._bursts.append(pause_s)
        self._last_s = arrival_s
        if len(self._bursts) == _BURSTS_SEEN and (burst_s := sum(self._bursts) / _BURSTS_SEEN) > BURST_S:
            self._tell_once("bursts", f"Samples come in bursts of {1000 * burst_s:.0f} ms: {LATENCY_REMEDY}.")

    def taken(self, blocks: Sequence[Block], estimated_samples: int) -> None:
        """What became of it: blocks, and how many lost samples were estimated so far."""
        if not blocks:
            return
        lost_s = sum(int(block.lost.sum()) for block in blocks) / self._nominal_hz
        estimated, self._estimated = estimated_samples > self._estimated, estimated_samples
        if lost_s >= TOLD_FROM_S:
            by_us = self._last_s is not None and self._last_s <= self._slow_until_s
            words = f"Computer too slow: lost {lost_s:.1f} s" if by_us else f"Lost {lost_s:.1f} s"
            self._events.append(f"{words}{' (an estimate: the counter began anew)' if estimated else ''}.")
        elif self._delay_s:
            self._events.append(f"Signal delayed by {self._delay_s:.1f} s, nothing lost.")
        self._delay_s = 0.0

    def look(self, statistics: LinkStatistics, clock: SampleClock) -> None:
        """Take up what the board says, then judge the wire's figures and the rate."""
        self._events[:0] = statistics.events[self._board_said :]
        self._board_said = len(statistics.events)
        read, skipped = self._damage
        if statistics.bytes_read - read >= _DAMAGE_EACH_BYTES:
            self._damaged_share = (statistics.bytes_skipped - skipped) / (statistics.bytes_read - read)
            self._damage = (statistics.bytes_read, statistics.bytes_skipped)
            if self._damaged_share > DAMAGED_SHARE:
                share = f"{100 * self._damaged_share:.1f} %"
                self._tell_once(
                    "damage", f"{share} of the bytes are damaged: bring board and dongle nearer to each other."
                )
        if clock.fitted and abs(clock.rate_hz / self._nominal_hz - 1) > RATE_TOLERANCE:
            self._tell_once(
                "rate",
                f"The board samples at {clock.rate_hz:.1f} Hz instead of {self._nominal_hz:g}: "
                "times are right all the same; have its oscillator checked.",
            )

    def now(self, now_s: float, statistics: LinkStatistics) -> str:
        """The link in a few words."""
        silent_s = 0.0 if self._last_s is None else now_s - self._last_s
        if statistics.trouble is not None:
            return f"lost for {silent_s:.0f} s. {statistics.trouble}"
        if silent_s > SILENT_AFTER_S:
            return f"no signal for {silent_s:.0f} s: battery? range?"
        if silent_s > WARN_AFTER_S:
            return f"late by {silent_s:.1f} s"
        if self._damaged_share > DAMAGED_SHARE:
            return f"weak, {100 * self._damaged_share:.1f} % of bytes damaged"
        return "ok"

    def _tell_once(self, key: str, words: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self._events.append(words)
