"""Envelopes made by hand: what a face does, step by step, without a simulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from calibration.envelope import Envelope, StepClock
from calibration.estimate import Circumstances
from calibration.montage import Montage, default_montage
from calibration.procedure import Procedure
from calibration.tasks import Task
from hfs_emg.calibrating import Calibration, circumstances

CLOCK = StepClock(250.0, 12, 6)
MONTAGE: Montage = default_montage(8)
REST_UV = 1.0
FRO_L, OOC_L, ZYG_L, OOR_L, FRO_R, OOC_R, ZYG_R, OOR_R = range(8)
MOVES = {
    "gentle_closure": {OOC_L: 15, OOC_R: 15},
    "tight_closure": {OOC_L: 80, OOC_R: 100, ZYG_L: 30, ZYG_R: 30},
    "brow_raise": {FRO_L: 50, FRO_R: 50},
    "smile": {ZYG_L: 60, ZYG_R: 50, OOC_L: 15, OOC_R: 15, OOR_L: 20, OOR_R: 20},
    "pucker": {OOR_L: 60, OOR_R: 60},
    "wink_left": {OOC_L: 60, OOC_R: 15, ZYG_L: 20},
    "wink_right": {OOC_R: 60, OOC_L: 15, ZYG_R: 20},
}


class HandMade:
    """A face that does what the procedure asks for, and whatever a test puts in between. extra: step → µV by channel."""

    def __init__(self, procedure: Procedure, *, moves: dict | None = None, dead: int | None = None) -> None:
        self.procedure = procedure
        self.moves = MOVES if moves is None else MOVES | moves
        self.extra: dict[int, dict[int, float]] = {}
        self.cues: list[tuple[int, str]] = []
        self.at = 0
        self.rest_uv = np.full(8, REST_UV)
        self._rng = np.random.default_rng(1)
        self._bad = np.arange(8)[None] == dead
        self._cue = 0
        self._acts_until = 0
        self._act: dict[int, float] = {}

    def step(self) -> None:
        uv = self.rest_uv.copy()
        for channel, level in (self._act if self._cue and self.at < self._acts_until else {}).items():
            uv[channel] = level
        for channel, level in self.extra.get(self.at, {}).items():
            uv[channel] = max(uv[channel], level)
        wave = uv[:, None] * self._rng.standard_normal((8, CLOCK.samples))
        frames = (wave * wave).reshape(1, 8, CLOCK.frames, -1).mean(axis=3)
        products = (wave @ wave.T / CLOCK.samples)[None]
        self.procedure.push(Envelope(self.at, products, frames, self._bad))
        self.at += 1
        prompt = self.procedure.prompt
        if prompt.phase == "do" and prompt.cue != self._cue and prompt.task is not None:
            self._cue = prompt.cue
            self.obey(prompt.task, prompt.hold_s)

    def obey(self, task: Task, hold_s: float) -> None:
        self.cues.append((self.at, task.name))
        self._act = self.moves.get(task.name, {})
        self._acts_until = self.at + CLOCK.steps(hold_s)
        if task.name == "blinks":
            for k in range(4, 7):
                self.extra[self.at + k] = {OOC_L: 30.0, OOC_R: 36.0}

    def until(self, wanted, most: int = 20_000) -> None:
        for _ in range(most):
            if wanted(self.procedure):
                return
            self.step()
        raise AssertionError("it never came to that")

    def finish(self) -> None:
        self.until(lambda p: p.done)


def told_of(calibration: Calibration) -> Callable[[float | None], Circumstances]:
    """What `Calibration.run` asks for."""
    return circumstances(
        subject="S1",
        made_utc=datetime.now(UTC),
        software="test",
        simulated=True,
        sequence="quick",
        band_hz=calibration.band_hz,
    )
