"""A board that survives its link: unplugged, or silent for too long, it is opened again until it is there, and its stream goes on.

`HealingBoard` is a `Board` around the one that is there now. While there is none, `read` gives nothing and says in
`statistics.trouble` why; attempts follow one another ever more slowly, 1 to 10 s, and no call lasts longer than its time-out. The board
that comes back must be what it was, its settings made again by whoever opens it; its first reading says `restarted`, because opening
a board begins its counter anew. Here is no clock and no thread: `Attempt`, `clock` and `nap` are given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import Board, BoardSpec, LinkStatistics, Reading
from firmware_bridge.errors import BridgeError, LinkLost, PlayedOut, PortNotFound

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 10.0
_LOOK_S = 0.2
"""How often an attempt that is under way is looked at."""

_AWAKE_S = 1.0
"""Of the time between two looks this much counts as silence: more passes only in sleep."""

UNPLUGGED = "Dongle unplugged: plug it back in, the recording is kept."


class Attempt(Protocol):
    """One try at opening the board, which may take its time."""

    def result(self) -> Board | BridgeError | None:
        """The board, or why it could not be opened; None while it is being tried."""

    def abandon(self) -> None:
        """Nobody wants it any more: a board that is opened all the same is closed."""


class HealingBoard:
    """A `Board` around `board`, which is open, and those that come after it.

    begin: starts an attempt to open it again, closing first the one it is given. silent_limit_s: silence after which it is opened anew;
    only when not even a byte came, for a board that counts them.
    """

    def __init__(
        self,
        board: Board,
        begin: Callable[[Board | None], Attempt],
        *,
        clock: Callable[[], float],
        nap: Callable[[float], None],
        silent_limit_s: float = 30.0,
    ) -> None:
        self._board: Board | None = board
        self._begin = begin
        self._clock = clock
        self._nap = nap
        self._silent_limit_s = silent_limit_s
        self._spec = board.spec
        self._scale = board.microvolts_per_count.copy()
        self._description = dict(board.description)
        self._attempt: Attempt | None = None
        self._attempt_due_s = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._away_since_s = 0.0
        self._streaming = False
        self._restarted = False
        self._samples_seen = False
        self._heard_s = 0.0
        self._looked_s = 0.0
        self._silent_s = 0.0
        self._bytes_seen = 0
        self._statistics = LinkStatistics()
        self._counted = LinkStatistics()
        self._events_counted = 0
        self._told: str | None = None

    @property
    def there(self) -> Board | None:
        """The board that is open now, for what is done between two streams; None while there is none."""
        return self._board

    @property
    def spec(self) -> BoardSpec:
        """The same whichever board is there."""
        return self._spec

    @property
    def microvolts_per_count(self) -> NDArray[np.float64]:
        """(exg_channels,) at the gains that were set when it was opened first."""
        return self._scale.copy()

    @property
    def statistics(self) -> LinkStatistics:
        """Counted since `start`, over all the boards that were there."""
        return self._statistics

    @property
    def description(self) -> dict[str, str]:
        """What the first board said of itself."""
        return dict(self._description)

    def now_s(self) -> float:
        """The clock of arrival times."""
        return self._clock()

    def start(self) -> None:
        """Begin streaming, at once or when the board is there again. Raises BoardRefused, or LinkLost for good."""
        if self._streaming:
            return
        self._statistics = LinkStatistics()
        self._samples_seen = self._restarted = False
        self._heard_s = self._looked_s = self._clock()
        self._silent_s = 0.0
        if self._board is not None:
            self._board.start()
            self._counted, self._events_counted = LinkStatistics(), 0
            self._bytes_seen = 0
        self._streaming = True

    def read(self, timeout_s: float) -> Reading | None:
        """The samples that have come; None when none came, also while the board is away. Raises PlayedOut only."""
        if self._board is None:
            self._look_for_it(timeout_s)
            return None
        try:
            reading = self._board.read(timeout_s)
        except PlayedOut:
            raise
        except LinkLost:
            self._lose(UNPLUGGED)
            return None
        except BridgeError as error:
            self._lose(str(error))
            return None
        self._count()
        if reading is None:
            self._check_silence()
            return None
        return self._passed_on(reading)

    def stop(self) -> None:
        """End streaming."""
        self._streaming = False
        if self._board is not None:
            self._board.stop()
            self._count()

    def close(self) -> None:
        """Give the port back, or stop looking for it. May be called twice."""
        self._streaming = False
        if self._attempt is not None:
            self._attempt.abandon()
            self._attempt = None
        board, self._board = self._board, None
        if board is not None:
            board.close()

    # While it is there

    def _passed_on(self, reading: Reading) -> Reading:
        self._heard_s = self._looked_s = float(reading.arrival_s[-1])
        self._silent_s = 0.0
        self._samples_seen = True
        if self._restarted:
            self._restarted = False
            if not reading.restarted:
                self._statistics.restarts += 1
                reading = replace(reading, restarted=True)
        return reading

    def _count(self) -> None:
        """Add what the board has counted since it was looked at last."""
        board = self._board
        if board is None:
            return
        now, before, total = board.statistics, self._counted, self._statistics
        # Field by field: this is done with every read.
        total.samples += now.samples - before.samples
        total.bytes_read += now.bytes_read - before.bytes_read
        total.bytes_skipped += now.bytes_skipped - before.bytes_skipped
        total.bad_packets += now.bad_packets - before.bad_packets
        total.text_bytes += now.text_bytes - before.text_bytes
        total.restarts += now.restarts - before.restarts
        total.events += now.events[self._events_counted :]
        total.trouble = now.trouble
        self._counted = LinkStatistics(
            now.samples, now.bytes_read, now.bytes_skipped, now.bad_packets, now.text_bytes, now.restarts
        )
        self._events_counted = len(now.events)

    def _check_silence(self) -> None:
        """Open it anew when nothing at all came for too long, the time that the computer slept not counted."""
        now_s = self._clock()
        self._silent_s += min(now_s - self._looked_s, _AWAKE_S)
        self._looked_s = now_s
        if self._statistics.bytes_read != self._bytes_seen:
            self._bytes_seen = self._statistics.bytes_read
            self._silent_s = 0.0
        if self._silent_s > self._silent_limit_s:
            self._lose(
                f"Nothing has come for {self._silent_s:.0f} s: the board is opened anew; check its battery and distance."
            )

    # While it is away

    def _lose(self, why: str) -> None:
        now_s = self._clock()
        self._count()
        lost, self._board = self._board, None
        self._away_since_s = self._heard_s if self._samples_seen else now_s
        self._tell(why)
        self._pause_s = FIRST_PAUSE_S
        self._attempt = self._begin(lost)

    def _tell(self, why: str) -> None:
        self._statistics.trouble = why
        if why != self._told:
            self._told = why
            self._statistics.events.append(why)

    def _look_for_it(self, timeout_s: float) -> None:
        """Go on with what is under way, and wait a part of timeout_s."""
        until_s = self._clock() + timeout_s
        while True:
            now_s = self._clock()
            if self._attempt is None and now_s >= self._attempt_due_s:
                self._attempt = self._begin(None)
            if self._attempt is not None:
                self._take_up(self._attempt.result())
            wake_s = until_s if self._attempt is None else min(until_s, now_s + _LOOK_S)
            if self._attempt is None and self._board is None:
                wake_s = min(wake_s, max(self._attempt_due_s, now_s))
            if self._board is not None or self._clock() >= until_s:
                return
            self._nap(max(0.001, wake_s - self._clock()))

    def _take_up(self, result: Board | BridgeError | None) -> None:
        """The end of an attempt: a board that is as it was, or the next attempt later."""
        if result is None:
            return
        self._attempt = None
        if isinstance(result, BridgeError):
            self._fail(result)
            return
        changed = self._change_in(result)
        if changed is None:
            try:
                if self._streaming:
                    result.start()
            except BridgeError as error:
                result.close()
                self._fail(error)
                return
            self._come_back(result)
        else:
            result.close()
            self._fail(BridgeError(changed))

    def _fail(self, error: BridgeError) -> None:
        if not isinstance(error, PortNotFound):
            self._tell(str(error))
            self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)
        # A port that is not there costs nothing to look for, and should be found at once.
        self._attempt_due_s = self._clock() + self._pause_s

    def _come_back(self, board: Board) -> None:
        now_s = self._clock()
        self._board = board
        self._counted, self._events_counted = LinkStatistics(), 0
        self._bytes_seen = self._statistics.bytes_read
        self._restarted = self._samples_seen
        self._statistics.trouble = None
        self._statistics.events.append(f"Reconnected after {now_s - self._away_since_s:.0f} s; settings re-applied.")
        self._told = None
        self._heard_s = self._looked_s = now_s
        self._silent_s = 0.0

    def _change_in(self, board: Board) -> str | None:
        """Why a board that came back cannot go on where the other one was, in one sentence."""
        if board.spec != self._spec:
            return f"The board that is there now is another one ({board.spec.title}): put the {self._spec.title} back."
        if not np.array_equal(board.microvolts_per_count, self._scale):
            return "The board that is there now has other gains than before: switch it off and on."
        return None
