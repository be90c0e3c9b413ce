"""An OpenBCI Cyton with its dongle, as the computer's port sees it; stepped by time, in no hurry and with no thread.

`receive` takes what the computer writes, `advance` lets time pass, `take` gives what the dongle sends. ADC sample k of the source is
taken (k + 1) / rate seconds after the first `b`. A setting made while streaming stops the converter for 20 ms of work and
starts it again with id 0, as the firmware does. With a Daisy each packet is the mean of two ADC samples, cut towards zero.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.cyton_commands import CommandReader
from firmware_bridge.cyton_wire import STOP_ACCEL_TIME_SET, encode_packets
from firmware_bridge.emulator_aux import auxiliary_bytes
from firmware_bridge.emulator_board import MULTIBYTE_TIMEOUT, MULTIBYTE_TIMEOUT_S, Answer, BoardFirmware, StreamEffect
from firmware_bridge.emulator_dongle import Dongle
from firmware_bridge.emulator_signal import converted
from firmware_bridge.emulator_wire import EmulatorWire
from firmware_bridge.faults import FAULTS, Fault, Faults, Where
from firmware_bridge.radio import RadioCommand
from firmware_bridge.sources import CountSource

RADIO_S = 0.01
"""From the computer's write to the board's reading of it."""

_CHUNK_SAMPLES = 64
"""The source is asked for this many samples at once, so that it may compute in bulk."""


class CytonEmulator:
    """The board's side of the wire.

    rate_hz is the converter's true rate, nominal_rate_hz the one it says; reset_s what `v` takes; electrode_ohm the impedance that a
    lead-off current meets. Its clock starts at 0 and only `advance` moves it.
    """

    def __init__(
        self,
        source: CountSource,
        *,
        daisy: bool = False,
        rate_hz: float = 250.0,
        nominal_rate_hz: float = 250.0,
        reset_s: float = 1.06,
        faults: Faults | None = None,
        electrode_ohm: float = 10_000.0,
    ) -> None:
        self.faults = faults if faults is not None else Faults()
        self.unplugged = False
        self._source = source
        self._has_daisy = daisy
        self._nominal_hz = nominal_rate_hz
        self._reset_s = reset_s
        self._electrode_ohm = electrode_ohm
        self._now_s = 0.0
        self._boot_s = 0.0
        self._firmware = self._booted()
        self._front = self._firmware.front_end(electrode_ohm)
        self._reader = CommandReader()
        self._inbox: deque[tuple[float, str]] = deque()  # when the board may read it, character
        self._outbox: deque[tuple[float, bytes]] = deque()  # answers on their way, in order of time
        self._busy_until_s = 0.0
        self._multibyte_since_s = 0.0
        self._powered = True
        self._in_range = True
        self._dongle = Dongle()
        self._wire = EmulatorWire(self.faults.random)
        # The converter's clock: sample `_anchor` lies at `_anchor_s`.
        self._rate_hz = rate_hz
        self._first_start_s: float | None = None
        self._anchor = 0
        self._anchor_s = 0.0
        self._streaming = False
        self._next_sample = 0
        self._next_id = 0
        self._chunk: NDArray[np.int32] = np.zeros((0, 16 if daisy else 8), np.int32)
        self._chunk_start = 0
        self._last_raw: NDArray[np.int32] = np.zeros((1, 16), np.int32)

    @property
    def now_s(self) -> float:
        """Seconds since the emulator was made."""
        return self._now_s

    @property
    def streaming(self) -> bool:
        """Whether the converter runs."""
        return self._streaming

    @property
    def ready(self) -> bool:
        """Whether `take` would give something."""
        return self._wire.ready

    def receive(self, data: bytes) -> None:
        """Bytes that the computer writes now."""
        if self.unplugged:
            return
        for part in self._dongle.split(data):
            if isinstance(part, RadioCommand):
                reply, after_s = self._dongle.obey(part, board_heard=self._heard)
                self._answer_later(self._now_s + after_s, reply)
            else:
                self._to_board(part)

    def take(self) -> bytes:
        """What the dongle has sent since the last call."""
        return self._wire.take()

    def next_event_s(self) -> float:
        """When something happens next if nobody writes; infinite when nothing will."""
        moments = [self._wire.next_s(), self._next_command_s(), self._next_timeout_s()]
        if self._outbox:
            moments.append(self._outbox[0][0])
        if self._streaming:
            moments.append(self._sample_s(self._next_sample))
        scripted = self.faults.next_s()
        if scripted is not None and self._first_start_s is not None:
            moments.append(self._first_start_s + scripted)
        return max(self._now_s, min(moments))

    def advance(self, to_s: float) -> None:
        """Let time pass until to_s; a time that is over does nothing."""
        while True:
            for fault in self.faults.due(self._stream_s()):
                self._befall(fault)
            moment = min(self._next_command_s(), self._next_timeout_s())
            if self._outbox:
                moment = min(moment, self._outbox[0][0])
            scripted = self.faults.next_s()
            if scripted is not None and self._first_start_s is not None:
                moment = min(moment, self._first_start_s + scripted)
            if moment > to_s:
                break
            self._stream_until(moment)
            self._happen()
        self._stream_until(to_s)
        self._wire.release(self._now_s)

    # Time

    def _stream_s(self) -> float | None:
        return None if self._first_start_s is None else self._now_s - self._first_start_s

    def _sample_s(self, sample: int) -> float:
        return self._anchor_s + (sample - self._anchor) / self._rate_hz

    def _first_sample_after(self, time_s: float) -> int:
        return max(self._next_sample, self._anchor + math.floor((time_s - self._anchor_s) * self._rate_hz + 1e-6) + 1)

    def _next_command_s(self) -> float:
        return max(self._inbox[0][0], self._busy_until_s) if self._inbox else math.inf

    def _next_timeout_s(self) -> float:
        return self._multibyte_since_s + MULTIBYTE_TIMEOUT_S if self._reader.pending else math.inf

    # Commands

    @property
    def _heard(self) -> bool:
        return self._powered and self._in_range and self._dongle.on_board_channel and self._firmware.mode != "BLE"

    def _booted(self) -> BoardFirmware:
        return BoardFirmware(daisy=self._has_daisy, nominal_rate_hz=self._nominal_hz, reset_s=self._reset_s)

    def _to_board(self, data: bytes) -> None:
        refusal = self._dongle.refusal(data, board_heard=self._heard)
        if refusal is not None:
            text, after_s = refusal
            if not (self._outbox and self._outbox[-1][1] == text):
                self._answer_later(self._now_s + after_s, text)
            return
        if b"<" in data:
            # The dongle marks the moment at which it sends the request for time stamps.
            self._answer_later(self._now_s, b",")
        due_s = self._now_s + RADIO_S
        self._inbox.extend((due_s, character) for character in data.decode("latin-1"))

    def _happen(self) -> None:
        """All that is due now: answers out, a time-out, one character of a command."""
        now = self._now_s
        while self._outbox and self._outbox[0][0] <= now:
            self._wire.send_text(now, self._outbox.popleft()[1])
        if self._next_command_s() <= now:
            _, character = self._inbox.popleft()
            if not self._reader.pending:
                self._multibyte_since_s = now
            command = self._reader.feed(character)
            if command is not None:
                self._carry_out(self._firmware.obey(command, streaming=self._streaming))
        elif self._next_timeout_s() <= now:
            self._reader.cancel()
            if not self._streaming:
                self._answer_later(now, MULTIBYTE_TIMEOUT.encode("ascii"))

    def _carry_out(self, answer: Answer) -> None:
        now = self._now_s
        done_s = now + answer.busy_s
        self._busy_until_s = done_s
        self._answer_later(now, answer.before.encode("ascii"))
        self._answer_later(done_s, answer.after.encode("ascii"))
        self._front = self._firmware.front_end(self._electrode_ohm)
        if answer.stream is StreamEffect.STOP:
            self._streaming = False
        elif answer.stream is StreamEffect.START or (answer.stream is StreamEffect.RESTART and self._streaming):
            self._start(done_s)

    def _start(self, at_s: float) -> None:
        if self._first_start_s is None:
            self._first_start_s = at_s
            self._anchor_s = at_s + 1 / self._rate_hz
        self._streaming = True
        self._next_id = 0
        self._next_sample = self._first_sample_after(at_s)

    def _answer_later(self, time_s: float, text: bytes) -> None:
        if not text:
            return
        self._outbox.append((time_s, text))
        if len(self._outbox) > 1 and self._outbox[-2][0] > time_s:
            self._outbox = deque(sorted(self._outbox, key=lambda one: one[0]))

    # Faults

    def _befall(self, fault: Fault) -> None:
        if FAULTS[fault.name].where is not Where.BOARD:
            self._wire.befall(fault, self._now_s)
            return
        match fault.name:
            case "poweroff":
                self._powered = self._streaming = False
                self._inbox.clear()
                self._outbox.clear()
                self._reader.cancel()
            case "poweron" if not self._powered:
                self._powered = True
                self._boot_s = self._now_s
                self._firmware = self._booted()
                self._front = self._firmware.front_end(self._electrode_ohm)
                self._busy_until_s = self._now_s + self._reset_s
                self._answer_later(self._busy_until_s, self._firmware.banner().encode("ascii"))
            case "radiodown":
                self._in_range = False
            case "radioup":
                self._in_range = True
            case "rate":
                # The clock goes on from the sample that is due next.
                self._anchor_s = self._sample_s(self._next_sample)
                self._anchor = self._next_sample
                self._rate_hz = fault.number
            case "unplug":
                self.unplugged = True

    # Samples

    def _stream_until(self, to_s: float) -> None:
        """All packets up to to_s."""
        if to_s <= self._now_s:
            return
        if self._streaming:
            n = self._first_sample_after(to_s) - self._next_sample
            while n > 0:
                step = min(n, 4096)
                self._emit(step)
                n -= step
        self._now_s = to_s

    def _emit(self, n: int) -> None:
        start, ids = self._next_sample, (self._next_id + np.arange(n)) & 0xFF
        counts = converted(self._raw(start, n)[:, : len(self._front.settings)], start, self._front)
        counts = self._averaged(counts, ids) if self._firmware.daisy else counts
        times_s = self._anchor_s + (np.arange(start, start + n) - self._anchor) / self._rate_hz
        stops = np.full(n, self._firmware.stop_byte, np.uint8)
        if self._firmware.first_stamp:
            self._firmware.first_stamp = False
            stops[1:] = self._firmware.stop_byte
        board_ms = (times_s - self._boot_s) * 1000 if stops[0] >= STOP_ACCEL_TIME_SET else None
        every = max(1, round(self._nominal_hz / 25))
        firmware = self._firmware
        aux = auxiliary_bytes(ids, start, firmware.mode, marker=firmware.marker, board_ms=board_ms, every=every)
        self._firmware.marker = 0
        block = encode_packets(ids, counts, aux, stops)
        self._next_sample += n
        self._next_id = (self._next_id + n) & 0xFF
        if self._heard:
            self._wire.send_packets(times_s, block)

    def _averaged(self, counts: NDArray[np.int32], ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """Means of each sample and the one before it, of the Daisy's channels for even ids, else of the board's."""
        total = counts + np.concatenate((self._last_raw, counts[:-1]))
        self._last_raw = counts[-1:]
        means = (total + (total < 0)) >> 1  # C's division cuts towards zero
        return np.where((ids % 2 == 0)[:, np.newaxis], means[:, 8:], means[:, :8])

    def _raw(self, start: int, n: int) -> NDArray[np.int32]:
        """The source's counts of samples start…start+n, read ahead by chunks."""
        held_end = self._chunk_start + len(self._chunk)
        if start + n > held_end:
            begin = max(start, held_end)
            more = self._source.read(begin, max(_CHUNK_SAMPLES, start + n - begin))
            kept = self._chunk[start - self._chunk_start :] if start < held_end else more[:0]
            self._chunk = np.concatenate((kept, more))
            self._chunk_start = start
        offset = start - self._chunk_start
        return self._chunk[offset : offset + n]
