"""Cytons to open: the emulated one, and a link whose other end answers from a list."""

from __future__ import annotations

import numpy as np

from firmware_bridge.boards import Board, Reading
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Faults
from firmware_bridge.links import EmulatorLink
from firmware_bridge.sources import CountingSource


def opened(
    *script: str, daisy: bool = False, ask_daisy: bool | None = None, **kwargs: float
) -> tuple[CytonBoard, CytonEmulator]:
    emulator = CytonEmulator(CountingSource(16 if daisy else 8), daisy=daisy, faults=Faults(script), **kwargs)
    return CytonBoard(EmulatorLink(emulator), daisy=ask_daisy), emulator


def read_for(board: Board, seconds: float) -> list[Reading]:
    until_s = board.now_s() + seconds
    readings = []
    while board.now_s() < until_s:
        reading = board.read(0.1)
        if reading is not None:
            readings.append(reading)
    return readings


def counters(readings: list[Reading]) -> np.ndarray:
    return np.concatenate([r.counters for r in readings])


def counts(readings: list[Reading]) -> np.ndarray:
    return np.concatenate([r.counts for r in readings])


class ScriptedLink:
    """A link whose other end answers each write from a list; anything else is silence. Time passes as it is read."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.written: list[bytes] = []
        self.closed = False
        self._pending = b""
        self._now_s = 0.0

    def read(self, timeout_s: float) -> bytes:
        data, self._pending = self._pending, b""
        self._now_s += 0.01 if data else timeout_s
        return data

    def write(self, data: bytes) -> None:
        self.written.append(data)
        if self.answers:
            self._pending += self.answers.pop(0)

    def close(self) -> None:
        self.closed = True

    def now_s(self) -> float:
        return self._now_s


BANNER = (
    b"OpenBCI V3 8-16 channel\r\nOn Board ADS1299 Device ID: 0x3E\r\nLIS3DH Device ID: 0x33\r\nFirmware: v3.1.2\r\n$$$"
)

MET = (b"", BANNER, b"v3.1.5$$$", b"Success: Sample rate is 250Hz$$$")
"""The answers to `s`, `v`, `V` and `~~`."""
