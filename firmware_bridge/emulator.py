"""An OpenBCI Cyton with its dongle, as the computer's port sees it; stepped by time, in no hurry and with no thread.

`receive` takes what the computer writes, `advance` lets time pass, `take` gives what the dongle sends. A command is read by the board
10 ms after it was written, and those after it wait until its work is done. A setting made while streaming stops the
converter for 20 ms of work and starts it again with id 0, as the firmware does.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from firmware_bridge.cyton_command_reader import CommandReader
from firmware_bridge.cyton_wire import STOP_ACCEL_TIME_SET, encode_packets
from firmware_bridge.emulator_aux import auxiliary_bytes
from firmware_bridge.emulator_board import MULTIBYTE_TIMEOUT, MULTIBYTE_TIMEOUT_S, Answer, BoardFirmware, StreamEffect
from firmware_bridge.emulator_converter import Converter
from firmware_bridge.emulator_dongle import Dongle
from firmware_bridge.emulator_impedance import Electrodes
from firmware_bridge.emulator_wire import EmulatorWire
from firmware_bridge.faults import FAULTS, Fault, Faults, Where
from firmware_bridge.radio import RadioCommand
from firmware_bridge.sources import CountSource

RADIO_S = 0.01
"""From the computer's write to the board's reading of it."""

_MOST_PACKETS = 4096
_ACCELEROMETER_HZ = 25


class CytonEmulator:
    """The board's side of the wire.

    rate_hz is the converter's true rate, nominal_rate_hz the one it says; reset_s what `v` takes; electrodes (or electrode_ohm, all
    alike) what a lead-off current meets. Its clock starts at 0 and only `advance` moves it.
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
        electrodes: Electrodes | None = None,
    ) -> None:
        self.faults = faults if faults is not None else Faults()
        self.unplugged = False
        self.plugs = 1
        self._has_daisy = daisy
        self._nominal_hz = nominal_rate_hz
        self._reset_s = reset_s
        self._electrodes = Electrodes.alike(electrode_ohm) if electrodes is None else electrodes
        self._now_s = 0.0
        self._boot_s = 0.0
        self._firmware = self._booted()
        self._front = self._firmware.front_end(self._electrodes)
        self._reader = CommandReader()
        self._inbox: deque[tuple[float, str]] = deque()  # when the board may read it, character
        self._outbox: deque[tuple[float, bytes]] = deque()  # answers on their way, in order of time
        self._busy_until_s = 0.0
        self._multibyte_since_s = 0.0
        self._powered = True
        self._in_range = True
        self._dongle = Dongle()
        self._wire = EmulatorWire(self.faults.random)
        self._converter = Converter(source, rate_hz)
        self._accelerometer_every = max(1, round(nominal_rate_hz / _ACCELEROMETER_HZ))

    @property
    def now_s(self) -> float:
        """Seconds since the emulator was made."""
        return self._now_s

    @property
    def stream_begun_s(self) -> float | None:
        """When the converter was started first."""
        return self._converter.first_start_s

    @property
    def streaming(self) -> bool:
        """Whether the converter runs."""
        return self._converter.running

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
        return max(self._now_s, min(self._next_happening_s(), self._wire.next_s(), self._converter.next_s))

    def next_output_s(self) -> float:
        """When something may come out next, if nobody writes: what the wire holds, it gives before any new sample."""
        held_s = self._wire.next_s()
        return self.next_event_s() if math.isinf(held_s) else max(self._now_s, min(self._next_happening_s(), held_s))

    def advance(self, to_s: float) -> None:
        """Let time pass until to_s; a time that is over does nothing."""
        while True:
            for fault in self.faults.due(self._stream_s()):
                self._befall(fault)
            moment = self._next_happening_s()
            if moment > to_s:
                break
            self._stream_until(moment)
            self._happen()
        self._stream_until(to_s)
        self._wire.release(self._now_s)

    # Time

    def _stream_s(self) -> float | None:
        begun_s = self._converter.first_start_s
        return None if begun_s is None else self._now_s - begun_s

    def _next_fault_s(self) -> float:
        scripted, begun_s = self.faults.next_s(), self._converter.first_start_s
        return math.inf if scripted is None or begun_s is None else begun_s + scripted

    def _next_happening_s(self) -> float:
        answer_s = self._outbox[0][0] if self._outbox else math.inf
        return min(self._next_command_s(), self._next_timeout_s(), self._next_fault_s(), answer_s)

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
                self._carry_out(self._firmware.obey(command, streaming=self._converter.running))
        elif self._next_timeout_s() <= now:
            self._reader.cancel()
            if not self._converter.running:
                self._answer_later(now, MULTIBYTE_TIMEOUT.encode("ascii"))

    def _carry_out(self, answer: Answer) -> None:
        now = self._now_s
        done_s = now + answer.busy_s
        self._busy_until_s = done_s
        self._answer_later(now, answer.before.encode("ascii"))
        self._answer_later(done_s, answer.after.encode("ascii"))
        self._front = self._firmware.front_end(self._electrodes)
        if answer.stream is StreamEffect.STOP:
            self._converter.running = False
        elif answer.stream is StreamEffect.START or (answer.stream is StreamEffect.RESTART and self._converter.running):
            self._converter.start(done_s)

    def _answer_later(self, time_s: float, text: bytes) -> None:
        if not text or self.unplugged:
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
                self._powered = self._converter.running = False
                self._inbox.clear()
                self._outbox.clear()
                self._reader.cancel()
            case "poweron" if not self._powered:
                self._powered = True
                self._boot_s = self._now_s
                self._firmware = self._booted()
                self._front = self._firmware.front_end(self._electrodes)
                self._busy_until_s = self._now_s + self._reset_s
                self._answer_later(self._busy_until_s, self._firmware.banner().encode("ascii"))
            case "radiodown":
                self._in_range = False
            case "radioup":
                self._in_range = True
            case "rate":
                self._converter.set_rate(fault.number)
            case "unplug":
                self.unplugged = True
                self._outbox.clear()
                self._wire.cut()
            case "replug" if self.unplugged:
                self.unplugged = False
                self.plugs += 1
                self._wire.take()  # a port that is opened anew is empty

    # Samples

    def _stream_until(self, to_s: float) -> None:
        """All packets up to to_s."""
        if to_s <= self._now_s:
            return
        n = self._converter.due(to_s)
        while n > 0:
            self._emit(min(n, _MOST_PACKETS))
            n -= _MOST_PACKETS
        self._now_s = to_s

    def _emit(self, n: int) -> None:
        firmware = self._firmware
        stretch = self._converter.take(n, self._front, daisy=firmware.daisy)
        stops = np.full(n, firmware.stop_byte, np.uint8)
        if firmware.first_stamp:
            firmware.first_stamp = False
            stops[1:] = firmware.stop_byte
        board_ms = (stretch.times_s - self._boot_s) * 1000 if stops[0] >= STOP_ACCEL_TIME_SET else None
        aux = auxiliary_bytes(
            stretch.ids,
            stretch.start,
            firmware.mode,
            marker=firmware.marker,
            board_ms=board_ms,
            every=self._accelerometer_every,
        )
        firmware.marker = 0
        if self._heard and not self.unplugged:
            self._wire.send_packets(stretch.times_s, encode_packets(stretch.ids, stretch.counts, aux, stops))
