"""From an emulated board's radio to the computer's port: what comes out, and when.

Packets and text go in with the time at which they leave the board; bytes come out when they may. Faults of packets and of the
wire (see `faults`) happen here. Without any, a stretch of packets passes through in one piece.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.cyton_wire import PACKET_BYTES
from firmware_bridge.faults import FAULTS, Fault, Where, damage, random_damage


class EmulatorWire:
    """The dongle's side of the port."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._out = bytearray()
        self._held: deque[tuple[float, bytes]] = deque()  # release time, bytes; times never fall
        self._hits: dict[str, int] = {}  # fault → packets still to be hit
        self._batch_s = 0.0
        self._stall_until_s = -math.inf
        self._stall_loses = False
        self._loss = 0.0
        self._noise = 0.0

    def take(self) -> bytes:
        """All that has come out."""
        out = bytes(self._out)
        self._out.clear()
        return out

    @property
    def ready(self) -> bool:
        """Whether something has come out and is not taken."""
        return bool(self._out)

    def next_s(self) -> float:
        """When held bytes come out next; infinite without any."""
        return self._held[0][0] if self._held else math.inf

    def release(self, now_s: float) -> None:
        """Let out what is due."""
        while self._held and self._held[0][0] <= now_s + 1e-9:
            self._out += self._held.popleft()[1]

    def cut(self) -> None:
        """The dongle is pulled: what it still held is lost; what has come out is with the computer."""
        self._held.clear()

    def send_packets(self, times_s: NDArray[np.float64], block: bytes) -> None:
        """Whole packets with the time of each, in order."""
        if not (self._hits or self._batch_s or self._held or self._loss or self._noise) and (
            times_s[0] >= self._stall_until_s
        ):
            self._out += block
            return
        for n, time_s in enumerate(times_s.tolist()):
            self._send(time_s, self._hit(block[n * PACKET_BYTES : (n + 1) * PACKET_BYTES]))

    def send_text(self, time_s: float, text: bytes) -> None:
        """An answer, or text in the stream."""
        self._send(time_s, text)

    def befall(self, fault: Fault, now_s: float) -> None:
        """Begin a fault of packets or wire."""
        if FAULTS[fault.name].where is Where.PACKET:
            self._hits[fault.name] = self._hits.get(fault.name, 0) + round(fault.number)
            return
        match fault.name:
            case "text":
                self._send(now_s, fault.text.encode("ascii", "replace"))
            case "stall":
                self._stall_until_s = now_s + fault.number
                self._stall_loses = fault.lose
            case "batch":
                self._batch_s = fault.number / 1000
            case "loss":
                self._loss = fault.number / 100
            case "noise":
                self._noise = fault.number / 100

    def _hit(self, packet: bytes) -> bytes:
        for name in tuple(self._hits):
            self._hits[name] -= 1
            if self._hits[name] <= 0:
                del self._hits[name]
            packet = damage(packet, name, self._random) if packet else packet
        if self._loss and self._random.random() < self._loss:
            return b""
        if self._noise and packet and self._random.random() < self._noise:
            return damage(packet, random_damage(self._random), self._random)
        return packet

    def _send(self, time_s: float, data: bytes) -> None:
        if not data:
            return
        release_s = time_s
        if time_s < self._stall_until_s:
            if self._stall_loses:
                return
            release_s = self._stall_until_s
        if self._batch_s:
            release_s = math.ceil(release_s / self._batch_s - 1e-9) * self._batch_s
        if self._held:
            release_s = max(release_s, self._held[-1][0])
        if release_s <= time_s and not self._held:
            self._out += data
        else:
            self._held.append((release_s, data))
