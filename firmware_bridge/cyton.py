"""An OpenBCI Cyton, with or without Daisy, over its dongle: the built-in driver.

What resets what follows the firmware: `v`, `d`, `~n` and a power cycle bring all gains back to 24, and each start, and each setting made
while streaming, begins the packet ids at 0. Channel settings are made with the stream paused, so that every answer is seen and the
scale changes between two samples. A board that was switched off and on says its banner into the stream: it is set up again and started.
When no sample comes the dongle is asked why (`cyton_watch`), and a board that is there and does not stream is set up again, too.
"""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.amplifiers import in_words
from firmware_bridge.boards import (
    CYTON,
    CYTON_DAISY,
    DIGITAL_LABELS,
    PROG_BUTTON,
    BoardSpec,
    LinkStatistics,
    Reading,
    ads1299_microvolts_per_count,
)
from firmware_bridge.cyton_commands import (
    EOT,
    BoardMode,
    ChannelSettings,
    Command,
    LeadOff,
    SampleRate,
    Simple,
    encode_command,
    is_answered,
)
from firmware_bridge.cyton_handshake import ask, ask_twice, drain
from firmware_bridge.cyton_rate import NATIVE_HZ, meet
from firmware_bridge.cyton_stream import CytonStream
from firmware_bridge.cyton_watch import DongleSays, SilenceWatch
from firmware_bridge.errors import BoardError, BoardRefused, LinkLost
from firmware_bridge.links import ByteLink
from firmware_bridge.radio import RadioCode, encode_radio

_DEFAULTS_SETTLE_S = 0.2
_SAID = re.compile(rb"(OpenBCI V3)|System is (Up|Down)")
_TAIL_BYTES = 13
"""Of what came before, so that words cut in two are found."""
_BANNER_END_S = 2.0


class CytonBoard:
    """A `Board` on any `ByteLink`; it owns the link from now on.

    daisy: None takes the board as it is; True asks for the second eight channels, False leaves them out. spec replaces what is said
    of the board, for a simulation that runs at another rate. notes: events from before it was met.

    Raises NotAnOpenBCI, BoardOff, BoardRefused or LinkLost; the link is then still the caller's to close.
    """

    def __init__(
        self,
        link: ByteLink,
        *,
        daisy: bool | None = None,
        spec: BoardSpec | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self._link = link
        self._closed = False
        self._streaming = False
        self._touched = False
        self._modes: dict[str, Command] = {}
        # A Daisy halves the rate on the wire.
        self._native_hz = NATIVE_HZ if spec is None else round(spec.rate_hz * spec.exg_channels / 8)
        greeting = meet(link, self._native_hz)
        if daisy and not greeting.daisy:
            raise BoardRefused(
                "Daisy not detected: the board has 8 channels; seat the Daisy on it and switch it on again, or leave daisy=1 out."
            )
        self._without_daisy = greeting.daisy and daisy is False
        if self._without_daisy:
            self._ask(
                Simple.DAISY_OFF, "removed", "Board did not leave its Daisy out: switch it off and on, and try again."
            )
        paired = greeting.daisy and not self._without_daisy
        self._paired = paired
        self._spec = spec or (CYTON_DAISY if paired else CYTON)
        channels = 16 if paired else 8
        if self._spec.exg_channels != channels:
            raise BoardRefused(
                f"The board has {channels} channels, {self._spec.exg_channels} are asked for: choose the board that is there."
            )
        self._settings = {n: ChannelSettings(n) for n in range(1, channels + 1)}
        self._description = {"board": self._spec.title, "firmware": greeting.firmware, **greeting.identities}
        self._statistics = LinkStatistics()
        self._notes = [*notes, *greeting.notes]
        self._stream = CytonStream(self._statistics, paired=paired)
        self._ready: deque[Reading] = deque()
        self._tail = b""
        self._watch = SilenceWatch(link.now_s())

    @property
    def spec(self) -> BoardSpec:
        """What is fixed for this kind of board."""
        return self._spec

    @property
    def microvolts_per_count(self) -> NDArray[np.float64]:
        """(exg_channels,) at the gains now set."""
        return np.array([ads1299_microvolts_per_count(s.gain) for s in self._settings.values()])

    @property
    def settings(self) -> tuple[ChannelSettings, ...]:
        """All channels as they are set now."""
        return tuple(self._settings.values())

    @property
    def statistics(self) -> LinkStatistics:
        """Counted since `start`."""
        return self._statistics

    @property
    def description(self) -> dict[str, str]:
        """Board, firmware version, ids of its chips; reference and gain once they were set."""
        return self._description | (in_words(self._settings.values()) if self._touched else {})

    def now_s(self) -> float:
        """The link's clock."""
        return self._link.now_s()

    def configure(self, settings: Sequence[ChannelSettings]) -> None:
        """Set channels, each answer verified; a running stream pauses and goes on with ids from 0.

        Raises BoardRefused when the board does not take one, or has no such channel; those before it are set.
        """
        for wanted in settings:
            if wanted.channel not in self._settings:
                raise BoardRefused(
                    f"The board has no channel {wanted.channel}: settings are for channels 1 to {len(self._settings)}."
                )
        with self._paused():
            for wanted in settings:
                self._set(wanted)

    def read_button(self) -> None:
        """Have the digital pins sent instead of the accelerometer, the push button among them; before `start`. Raises BoardRefused."""
        self.send(BoardMode("digital"))
        self._spec = replace(self._spec, aux_labels=DIGITAL_LABELS, button=PROG_BUTTON)

    def lead_off(self, wanted: LeadOff) -> None:
        """Switch a channel's lead-off current. Raises BoardRefused."""
        with self._paused():
            self._touched = True
            refusal = f"Board did not accept lead-off for channel {wanted.channel}: check its battery, and try again."
            self._ask(wanted, f"Lead off set for {wanted.channel}", refusal)

    def send(self, command: Command) -> str | None:
        """Any command of the language that leaves the scale alone; the reply, or None for one without or while streaming.

        Raises BoardRefused when an answer is due and none comes, or it is a failure; ValueError for a command that `configure`,
        `start` and `stop` are for.
        """
        if isinstance(command, ChannelSettings | SampleRate) or command in (Simple.RESET, Simple.START, Simple.STOP):
            raise ValueError(f"{command} has a method of its own: use configure, start or stop.")
        self._touched = True
        if isinstance(command, BoardMode):
            self._modes["mode"] = command
        elif command in (Simple.TIME_STAMPS_ON, Simple.TIME_STAMPS_OFF):
            self._modes["stamps"] = command
        if command is Simple.DEFAULTS:
            with self._paused():
                self._restore_defaults()
            return None
        if self._streaming:
            self._link.write(encode_command(command))
            self._stream.expect_restart(self._link.now_s())
            return None
        if not is_answered(command):
            return ask(self._link, encode_command(command), 0.3)
        return self._ask(command, "", "Board did not answer a command: check its battery, and try again.")

    def start(self) -> None:
        """Begin streaming. Raises LinkLost."""
        if self._streaming:
            return
        self._statistics = LinkStatistics(events=self._notes)
        self._notes = []
        self._stream = CytonStream(self._statistics, paired=self._paired, after=self._stream)
        self._ready.clear()
        self._watch = SilenceWatch(self._link.now_s())
        self._begin()

    def read(self, timeout_s: float) -> Reading | None:
        """The samples that have come, waiting up to timeout_s for the first; None when none came. Raises LinkLost."""
        until_s = self._link.now_s() + timeout_s
        while not self._ready:
            now_s = self._link.now_s()
            if self._streaming and now_s >= self._watch.due_s:
                self._link.write(encode_radio(RadioCode.SYSTEM_STATUS))
                self._watch.asked(now_s)
            wake_s = min(until_s, self._watch.due_s) if self._streaming else until_s
            data = self._link.read(max(0.0, wake_s - now_s))
            if data:
                self._statistics.bytes_read += len(data)
                self._take(data)
            self._statistics.trouble = self._watch.trouble(self._link.now_s())
            if now_s >= until_s or (not data and self._link.now_s() >= until_s):
                break
        return self._ready.popleft() if self._ready else None

    def stop(self) -> None:
        """End streaming; samples still on the way are dropped."""
        with contextlib.suppress(LinkLost):
            self._halt()
        self._streaming = False
        self._ready.clear()

    def close(self) -> None:
        """Stop, bring the board's settings and lead-off back to default, give the link back."""
        if self._closed:
            return
        self._closed = True
        if self._streaming:
            self.stop()
        try:
            if self._touched:
                with contextlib.suppress(LinkLost, BoardRefused):
                    self._restore_defaults()
                    if "mode" in self._modes:
                        self.send(BoardMode("default"))
        finally:
            self._link.close()

    # Streaming

    def _begin(self) -> None:
        self._link.write(encode_command(Simple.START))
        self._tail = b""
        self._streaming = True

    def _halt(self) -> None:
        if self._streaming:
            self._link.write(encode_command(Simple.STOP))
            self._streaming = False
        drain(self._link)

    @contextlib.contextmanager
    def _paused(self) -> Iterator[None]:
        """Stop a running stream for a while; what came before is kept, and ids begin anew after it."""
        running = self._streaming
        if running:
            self._link.write(encode_command(Simple.STOP))
            self._streaming = False
            self._take(drain(self._link))
            if self._streaming:  # the board came back from a power cut just now
                self._halt()
        try:
            yield
        finally:
            if running:
                self._statistics.events.append("Settings changed: the board's counter begins anew.")
                self._stream = CytonStream(self._statistics, paired=self._paired, after=self._stream)
                self._begin()

    def _take(self, data: bytes) -> None:
        """Decode bytes into readings; a banner among them means that the board was off."""
        joined = self._tail + data
        before = len(self._tail)
        self._tail = joined[-_TAIL_BYTES:]
        said = [match for match in _SAID.finditer(joined) if match.end() > before]
        banner = next((match.start() for match in said if match[1]), None)
        now_s = self._link.now_s()
        readings = self._stream.push(data if banner is None else data[: max(0, banner - before)], now_s)
        self._ready.extend(readings)
        if readings:
            self._hear(now_s)
        if banner is not None:
            self._await_end(joined[banner:])
            self._come_back(reset=False)
        elif any(self._watch.answered(DongleSays[m[2].decode().upper()], now_s) for m in said):
            self._come_back(reset=True)

    def _hear(self, now_s: float) -> None:
        """Samples came; a silence that ends with them is told."""
        silent_s = self._watch.heard(now_s)
        if silent_s is not None:
            self._statistics.events.append(f"Reconnected: samples come again after {silent_s:.0f} s.")

    def _await_end(self, banner: bytes) -> None:
        until_s = self._link.now_s() + _BANNER_END_S
        while EOT not in banner and (left_s := until_s - self._link.now_s()) > 0:
            banner += self._link.read(left_s)

    def _come_back(self, *, reset: bool) -> None:
        """Set the board up as it was before it lost its power or its stream, and start it; when it does not obey, later again."""
        try:
            self._set_up_again(reset=reset)
        except BoardError as refused:
            self._streaming = True
            self._watch.failed(self._link.now_s())
            self._statistics.events.append(f"The board could not be set up again yet: {refused}")

    def _set_up_again(self, *, reset: bool) -> None:
        """Settings, each answer verified, then the stream. Raises BoardError; the settings wanted are kept."""
        # When the banner waited unread while the board was started, it streams now at its defaults, and would not answer.
        self._halt()
        if reset:  # what it lost with its stream is not known
            meet(self._link, self._native_hz)
        kept = [s for s in self._settings.values() if s != ChannelSettings(s.channel)]
        if self._without_daisy:
            self._ask(Simple.DAISY_OFF, "removed", "Board did not leave its Daisy out: switch it off and on.")
        for mode in self._modes.values():
            self._ask(mode, "", "Board did not take its mode again: switch it off and on.")
        for wanted in kept:
            self._set(wanted)
        what = "was there and did not stream" if reset else "was switched off and on"
        self._statistics.events.append(f"The board {what}; settings re-applied.")
        self._stream = CytonStream(self._statistics, paired=self._paired, after=self._stream)
        self._begin()

    # Settings

    def _set(self, wanted: ChannelSettings) -> None:
        self._touched = True
        refusal = f"Board did not accept settings for channel {wanted.channel}: check its battery and distance, and try again."
        self._ask(wanted, f"Channel set for {wanted.channel}", refusal)
        self._settings[wanted.channel] = wanted
        # SRB1 is one switch for the eight channels of a converter.
        for n in range(1, 9) if wanted.channel <= 8 else range(9, 17):
            self._settings[n] = replace(self._settings[n], srb1=wanted.srb1)

    def _restore_defaults(self) -> None:
        refusal = "Board did not go back to its defaults: switch it off and on, and try again."
        self._ask(Simple.DEFAULTS, "default", refusal)
        # The board answers before it does the work.
        drain(self._link, _DEFAULTS_SETTLE_S, 2 * _DEFAULTS_SETTLE_S)
        self._settings = {n: ChannelSettings(n) for n in self._settings}

    def _ask(self, command: Command, wanted: str, refusal: str) -> str:
        """The answer to a command, in which `wanted` stands. Raises BoardRefused(refusal)."""
        reply = ask_twice(self._link, encode_command(command), wanted)
        if reply is None:
            raise BoardRefused(refusal)
        return reply
