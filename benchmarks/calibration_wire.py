"""One simulated patient calibrated through the whole chain, in quick and in full: over memory and over a pseudo-terminal in virtual time,
over a pseudo-terminal in real time, and with the emulated board in a process of its own, as a dongle is.

What the simulation put in is told by asking the same person for the same things once more: what a patient does depends on what was asked
for, in which order, and on nothing else.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from benchmarks.calibration_figures import contractions, crosstalk, ratios, symmetries
from benchmarks.calibration_trials import (
    Found,
    true_blink_ratio,
    true_levels,
    true_observation,
    true_rest_uv,
)
from calibration.estimate import rest_of
from calibration.montage import Site, default_montage
from calibration.procedure import Observation
from calibration.tasks import sequence
from firmware_bridge.boards import CYTON, Board
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.links import ByteLink, EmulatorLink
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.boards import open_with_patient
from hfs_emg.calibrating import Calibration, Follower, circumstances
from hfs_emg.simulated_boards import emulated_cyton, face_of, simulated_board
from hfs_emg.simulation.cooperative import CooperativeFace
from hfs_emg.simulation.wish import Wish

SCENARIO = "cooperative-left"
MEMORY, THROUGH_PTY, REAL, PROCESS = "memory", "pty", "real", "process"
WAYS = {
    MEMORY: "`sim:` in virtual time, over memory",
    THROUGH_PTY: "`sim:` in virtual time, over a pseudo-terminal",
    REAL: "`sim:` in real time, over a pseudo-terminal",
    PROCESS: "`serial://` in real time, `hfs-emg emulate` in another process",
}
REAL_TIME = (REAL, PROCESS)


class WireResult(msgspec.Struct, frozen=True):
    """One calibration. took_s: by the clock on the wall. All else as of a subject."""

    way: str
    sequence: str
    took_s: float
    rest: list[float]
    contraction: list[float]
    symmetry: list[float]
    blinks: list[float]
    crosstalk: list[tuple[float, float, float]]


class PtyInVirtualTime:
    """An `EmulatorLink` whose every byte goes through a pseudo-terminal of the system, both ways."""

    def __init__(self, inner: EmulatorLink) -> None:
        self._inner = inner
        self._board, self._port = pty.openpty()
        tty.setraw(self._port)
        self.now_s = inner.now_s

    def read(self, timeout_s: float) -> bytes:
        """What the board sent, as the port gives it."""
        return _through(self._board, self._port, self._inner.read(timeout_s))

    def write(self, data: bytes) -> None:
        """To the board, as it reaches it."""
        self._inner.write(_through(self._port, self._board, data))

    def close(self) -> None:
        """Close both ends. May be called twice."""
        if self._board >= 0:
            os.close(self._board)
            os.close(self._port)
            self._board = self._port = -1
        self._inner.close()


def _through(into: int, out: int, data: bytes) -> bytes:
    """data after it went into one end and out of the other; in pieces, for a terminal's buffer is small."""
    came = bytearray()
    for start in range(0, len(data), 1024):
        piece = data[start : start + 1024]
        os.write(into, piece)
        while len(came) < start + len(piece):
            came += os.read(out, 4096)
    return bytes(came)


@dataclass(frozen=True, slots=True)
class Remembering:
    """A patient of whom every wish is kept."""

    patient: Follower
    wishes: list[Wish]

    def follow(self, wish: Wish) -> None:
        """Hand it on."""
        self.wishes.append(wish)
        self.patient.follow(wish)


@contextmanager
def opened(way: str) -> Iterator[tuple[Board, Follower]]:
    """The board and its patient, closed afterwards."""
    if way == PROCESS:
        command = [sys.executable, "-m", "hfs_emg", "emulate", "--scenario", SCENARIO]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as emulator:
            try:
                assert emulator.stdout is not None
                board, patient = open_with_patient(f"serial://{emulator.stdout.readline().strip()}")
                assert patient is not None
                with closing(board):
                    yield board, patient
            finally:
                emulator.terminate()
        return
    face = face_of(SCENARIO)
    assert isinstance(face, CooperativeFace)
    if way == THROUGH_PTY:
        link: ByteLink = PtyInVirtualTime(EmulatorLink(emulated_cyton(face)))
        board = CytonBoard(link, spec=replace(CYTON, simulated=True))
    else:
        board = simulated_board(face, real_time=way == REAL)
    with closing(board):
        yield board, face


def calibrated_over(way: str, length: str) -> WireResult:
    """One calibration, and how far it is from what was put in."""
    began_s = time.monotonic()
    wishes: list[Wish] = []
    with opened(way) as (board, patient):
        remembering = Remembering(patient, wishes)
        calibration = Calibration(board, default_montage(8), sequence(length), AnalysisSettings(), patient=remembering)
        told = circumstances(
            subject="S1",
            made_utc=datetime.now(UTC),
            software="benchmark",
            simulated=True,
            sequence=length,
            band_hz=calibration.band_hz,
        )
        through = calibration.run(told)
    took_s = time.monotonic() - began_s
    assert through is not None
    rest = rest_of(through.observation)
    assert rest is not None
    found = Found(asked_again(wishes, through.observation), through.profile, through.observation, rest)
    alone = true_observation(found)
    levels = true_levels(alone)
    return WireResult(
        way,
        length,
        round(took_s, 1),
        ratios([c.rest_uv for c in found.profile.channels], true_rest_uv(found).tolist()),
        contractions(found, levels),
        symmetries(found, levels),
        ratios([found.profile.blink_ratio(Site.ORBICULARIS_OCULI)], [true_blink_ratio(found, alone)]),
        crosstalk(found),
    )


def asked_again(wishes: list[Wish], seen: Observation) -> CooperativeFace:
    """The same person, asked for the same things at the same moments of the sequence."""
    face = face_of(SCENARIO)
    assert isinstance(face, CooperativeFace)
    begun = [r.start for result in seen.results if result.task.kind != "blinks" for r in result.repetitions]
    at = 0
    for step, wish in zip(sorted([*begun, *seen.cues]), wishes, strict=True):
        face.read(at, max(1, step * seen.clock.samples - at))
        at = max(at + 1, step * seen.clock.samples)
        face.follow(wish)
    face.read(at, 1)
    return face
