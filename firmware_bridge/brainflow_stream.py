"""A prepared BrainFlow session as a Board: started, read, stopped, closed.

BrainFlow's reading thread takes a whole core once the dongle is gone and raises nothing, so a hang-up is looked for whenever no
row came, and the session is released at once. Between two looks at BrainFlow's buffer lies a nap: nothing here polls busily.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.amplifiers import in_words
from firmware_bridge.boards import BoardSpec, LinkStatistics, Reading, ads1299_microvolts_per_count
from firmware_bridge.brainflow_kinds import DEFAULT_GAIN
from firmware_bridge.brainflow_rows import RowLayout, RowReader, Rows
from firmware_bridge.cyton_commands import ChannelSettings, encode_command
from firmware_bridge.errors import BoardOff, BoardRefused, BridgeError, LinkLost, PlayedOut

_NAP_S = 0.02
"""Between two looks at BrainFlow's buffer: five samples of a Cyton, and far below 1 % of a core."""

_NOT_HEARD = "Communications timeout"


class RowSource(Protocol):
    """What the board needs of a BrainFlow session; tests put their own rows behind it."""

    def start(self) -> None:
        """Begin streaming."""

    def rows(self) -> Rows:
        """(lines, n): what came since the last call."""

    def command(self, text: str) -> str:
        """Send a command and return the answer."""

    def stop(self) -> None:
        """End streaming."""

    def release(self) -> None:
        """Give everything back."""


class Wire(Protocol):
    """What the board needs to know of the port that BrainFlow holds."""

    def gone(self) -> bool:
        """Unplugged, or the other end closed."""

    def drain(self) -> None:
        """Throw away what is on the way."""

    def close(self) -> None:
        """Let the port go."""


class BrainFlowBoard:
    """A Board over a prepared BrainFlow session. wire: the serial port, for boards that have one that is ours to watch.

    rows_in_file: how many rows a recording has; after the last of them `read` raises LinkLost.
    """

    def __init__(
        self,
        spec: BoardSpec,
        layout: RowLayout,
        microvolts_per_count: NDArray[np.float64],
        session: RowSource,
        description: dict[str, str],
        *,
        wire: Wire | None = None,
        rows_in_file: int | None = None,
        clock: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        unix_clock: Callable[[], float] = time.time,
        nap: Callable[[float], None] = time.sleep,
    ) -> None:
        self._spec = spec
        self._layout = layout
        self._microvolts_per_count = microvolts_per_count
        self._session: RowSource | None = session
        self._description = description
        self._wire = wire
        self._rows_in_file = rows_in_file
        self._clock = clock
        self._unix_clock = unix_clock
        self._nap = nap
        self._statistics = LinkStatistics()
        self._reader: RowReader | None = None
        self._waiting: deque[Reading] = deque()
        self._rows_fetched = 0
        self._looked_s = -math.inf
        self._settings: dict[int, ChannelSettings] = {}
        self._to_be_made = False
        self._lost: LinkLost | None = None

    @property
    def spec(self) -> BoardSpec:
        """From BrainFlow's descriptor of the board."""
        return self._spec

    @property
    def microvolts_per_count(self) -> NDArray[np.float64]:
        """(exg_channels,) at the gains now set."""
        return self._microvolts_per_count.copy()

    @property
    def statistics(self) -> LinkStatistics:
        """Counted since `start`. BrainFlow keeps the bytes to itself: only samples, restarts and rows thrown away are known."""
        return self._statistics

    @property
    def description(self) -> dict[str, str]:
        """The board, BrainFlow's version, how the counts came about; firmware where the board says it, reference and gain once set."""
        return self._description | (in_words(self._settings.values()) if self._settings else {})

    def now_s(self) -> float:
        """CLOCK_BOOTTIME."""
        return self._clock()

    def configure(self, settings: Sequence[ChannelSettings]) -> None:
        """Set channels, each answer verified, between `stop` and `start` only; BrainFlow takes a second for them together.

        Raises BoardRefused when the board cannot, or does not, and BoardOff when it is not heard; all its channels are then at their
        defaults.
        """
        session = self._open_session()
        if self._wire is None:
            raise BoardRefused(
                f"Channel settings of {self._spec.title} cannot be changed through BrainFlow: leave them out."
            )
        if self._reader is not None:
            raise BoardRefused(
                "Channel settings cannot be changed through BrainFlow while the board streams: stop it first."
            )
        beyond = [setting.channel for setting in settings if setting.channel > self._spec.exg_channels]
        if beyond:
            raise BoardRefused(f"Channel {beyond[0]} does not exist: {self._spec.title} has {self._spec.exg_channels}.")
        self._check_wire()
        self._settings |= {setting.channel: setting for setting in settings}
        try:
            self._make(session, list(self._settings.values() if self._to_be_made else settings))
        except BridgeError:
            self._settings.clear()
            raise

    def start(self) -> None:
        """Begin streaming; channel settings are made anew, because the board may have lost its power since, and nothing tells.

        Raises BoardRefused, BoardOff when it is not heard, or LinkLost when the port is gone.
        """
        session = self._open_session()
        if self._reader is not None:
            return
        self._check_wire()
        if self._wire is not None:
            self._wire.drain()
        if self._to_be_made:
            self._make(session, list(self._settings.values()))
        self._statistics = LinkStatistics()
        self._waiting.clear()
        self._rows_fetched = 0
        started_s = self._clock()
        session.start()
        self._to_be_made = bool(self._settings)
        scale = self._microvolts_per_count.copy()
        self._reader = RowReader(self._spec, self._layout, scale, self._statistics, started_s)

    def read(self, timeout_s: float) -> Reading | None:
        """The samples that have come, waiting up to timeout_s for the first; None when none came.

        Raises LinkLost when the dongle is unplugged, the other end closed, or a recording has been played to its end.
        """
        session = self._open_session()
        if self._reader is None:
            raise BoardRefused("The board does not stream: start it before reading.")
        until_s = self._clock() + timeout_s
        while not self._waiting:
            # Looking again right after the last look would wake up for a sample or none.
            pause_s = min(self._looked_s + _NAP_S, until_s) - self._clock()
            if pause_s > 0:
                self._nap(pause_s)
            self._look(session, self._reader)
            if not self._waiting and self._clock() >= until_s:
                return None
        return self._waiting.popleft()

    def stop(self) -> None:
        """End streaming; samples still on the way are dropped. Never raises for a link that is gone."""
        if self._session is None or self._reader is None:
            return
        self._reader = None
        try:
            self._session.stop()
        except BridgeError as error:
            self._statistics.events.append(str(error))
        else:
            if self._wire is not None:
                self._wire.drain()

    def close(self) -> None:
        """Give the board and its port back. May be called twice."""
        self.stop()
        self._release()

    def _look(self, session: RowSource, reader: RowReader) -> None:
        """Take what BrainFlow has; when it has nothing, see whether there can be more."""
        rows = session.rows()
        self._looked_s = self._clock()
        if rows.shape[1]:
            self._rows_fetched += rows.shape[1]
            self._waiting.extend(reader.readings(rows, self._looked_s, self._unix_clock()))
            return
        self._check_wire()
        if self._rows_in_file is not None and self._rows_fetched >= self._rows_in_file:
            words = (
                f"The recording has been played to its end ({self._rows_in_file} rows): open it again to play it again."
            )
            self._lose(PlayedOut(words))

    def _open_session(self) -> RowSource:
        if self._lost is not None:
            raise self._lost
        if self._session is None:
            raise BoardRefused("The board is closed: open it again.")
        return self._session

    def _check_wire(self) -> None:
        if self._wire is not None and self._wire.gone():
            self._lose(LinkLost("Dongle unplugged: plug it back in and open the board again; what was read is kept."))

    def _lose(self, lost: LinkLost) -> None:
        self._lost = lost
        self._release()
        raise lost

    def _release(self) -> None:
        session, self._session, self._reader = self._session, None, None
        wire, self._wire = self._wire, None
        if session is not None:
            try:
                session.release()
            except BridgeError as error:
                self._statistics.events.append(str(error))
        if wire is not None:
            wire.close()

    def _make(self, session: RowSource, settings: list[ChannelSettings]) -> None:
        """All settings in one command, what is not confirmed once more. BrainFlow takes the new gains for its rows at once."""
        if self._wire is not None:
            self._wire.drain()
        missing, answer = settings, ""
        for _ in range(2):
            if missing and _NOT_HEARD not in answer:
                answer = session.command("".join(encode_command(setting).decode("ascii") for setting in missing))
                missing = [s for s in missing if f"Success: Channel set for {s.channel}$$$" not in answer]
        if missing:
            self._restore_defaults(session)
            raise _refusal(missing[0].channel, answer)
        for setting in settings:
            self._microvolts_per_count[setting.channel - 1] = ads1299_microvolts_per_count(setting.gain)
        self._to_be_made = False

    def _restore_defaults(self, session: RowSource) -> None:
        """`d` alone puts the board and BrainFlow's own gain table back together."""
        session.command("d")
        self._microvolts_per_count[:] = ads1299_microvolts_per_count(DEFAULT_GAIN)


def _refusal(channel: int, answer: str) -> BoardOff | BoardRefused:
    if _NOT_HEARD in answer:
        return BoardOff("Dongle works, but the board is not heard: switch it on (PC position) and check its battery.")
    said = f"it said {answer.strip()!r}" if answer.strip() else "it said nothing"
    return BoardRefused(
        f"Board did not accept settings for channel {channel} ({said}): all channels are at their defaults; try again."
    )
