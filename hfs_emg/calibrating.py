"""A calibration over a board, live: readings → blocks → envelope → procedure → guards → profile.

What is to be shown goes to a listener, keys come in between two readings, and a simulated patient hears each request. Nothing is written
here: an interrupted calibration leaves the profiles that were there as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calibration.estimate import Circumstances, profile_of, rest_of
from calibration.guards import guards
from calibration.montage import Montage
from calibration.procedure import Observation, Procedure, Prompt
from calibration.profile import CalibrationProfile
from calibration.tasks import Task
from firmware_bridge.boards import Board
from firmware_bridge.errors import LinkLost
from hfs_emg.acquisition import Acquisition
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.boards import signal_of
from hfs_emg.contact import Contact, ContactWatch, State
from hfs_emg.envelopes import EnvelopeStream
from hfs_emg.model import Block
from hfs_emg.simulation.wish import Wish

READ_TIMEOUT_S = 0.2
SILENT_LIMIT_S = 10.0
"""A board that says nothing for so long ends the calibration."""
LOOKED_AT_S = 10.0


class Follower(Protocol):
    """Somebody who hears requests without a screen: a simulated patient."""

    def follow(self, wish: Wish) -> None:
        """Asked for something now."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A sequence that is through."""

    profile: CalibrationProfile
    observation: Observation


class Calibration:
    """One sequence over one board, which stays the caller's to close.

    on_prompt: called with the prompt whenever samples came; it may call `procedure`'s pause, resume, skip and cannot, and `stop`.
    Raises RequestError, MontageError for what does not fit the board.
    """

    def __init__(
        self,
        board: Board,
        montage: Montage,
        tasks: Sequence[Task],
        settings: AnalysisSettings,
        *,
        patient: Follower | None = None,
        on_prompt: Callable[[Calibration, Prompt], None] = lambda _calibration, _prompt: None,
    ) -> None:
        self._board = board
        signal = signal_of(board, montage)
        self._stream = EnvelopeStream(signal, montage, settings)
        self._watch = ContactWatch(signal, montage)
        self._hum: list[NDArray[np.float64]] = []
        self._told: dict[str, State] = {}
        self._news: list[str] = []
        self._acquisition = Acquisition(board.spec)
        self.procedure = Procedure(tasks, montage, self._stream.clock)
        self._patient = patient
        self._on_prompt = on_prompt
        self._cue = 0
        self._stopping = False

    @property
    def band_hz(self) -> tuple[float, float]:
        """The band in which levels are measured."""
        return self._stream.band_hz

    def stop(self) -> None:
        """Leave the sequence."""
        self._stopping = True

    def take_news(self) -> list[str]:
        """What went wrong with an electrode since the last call, in words."""
        news, self._news = self._news, []
        return news

    def run(
        self, told: Callable[[float | None], Circumstances], last: CalibrationProfile | None = None
    ) -> Calibrated | None:
        """Guide through all tasks. None when it was stopped before the end. Raises LinkLost, BoardRefused, NotMeasured.

        told: gives what the profile says beside its numbers, with the mains frequency found. last: the profile to compare with.
        """
        self._board.start()
        try:
            for block in blocks_of(self._board, self._acquisition, lambda: self.procedure.done or self._stopping):
                self._take(block)
                self._tell()
        finally:
            self._board.stop()
        if not self.procedure.done:
            return None
        seen = self.procedure.observation()
        profile = profile_of(seen, told(self._stream.mains_hz))
        rest = rest_of(seen)
        if rest is not None:
            hum = np.median(self._hum, axis=0) if self._hum else None
            profile = replace(profile, cautions=guards(seen, rest, profile, last, hum))
        return Calibrated(profile, seen)

    def _take(self, block: Block) -> None:
        steps = self._stream.push(block)
        if steps is not None and not self.procedure.done:
            self.procedure.push(steps)
        if self._watch.push(block):
            self._hum.append(self._watch.hum_uv)
            for contact in self._watch.contacts:
                # Once as fair, once as bad: a verdict that wavers must not fill the screen while somebody smiles.
                if contact.amiss and contact.state > self._told.get(contact.channel.label, State.GOOD):
                    self._told[contact.channel.label] = contact.state
                    self._news.append(contact.words)

    def _tell(self) -> None:
        prompt = self.procedure.prompt
        if prompt.phase == "do" and prompt.cue != self._cue and prompt.task is not None:
            self._cue = prompt.cue
            if self._patient is not None:
                self._patient.follow(Wish(prompt.task.name, prompt.hold_s))
        self._on_prompt(self, prompt)


def blocks_of(board: Board, acquisition: Acquisition, ended: Callable[[], bool]) -> Iterator[Block]:
    """Blocks of a board that streams, until `ended`, which is asked after each reading. Raises LinkLost when nothing comes for long."""
    heard_s = board.now_s()
    while not ended():
        reading = board.read(READ_TIMEOUT_S)
        if reading is None:
            if board.now_s() - heard_s > SILENT_LIMIT_S:
                raise LinkLost("The board has fallen silent: check its battery and range, and begin again.")
            continue
        heard_s = board.now_s()
        yield from acquisition.push(reading)


def contact_by_signal(board: Board, montage: Montage) -> tuple[Contact, ...]:
    """The contact of each channel after ten seconds of signal. Raises LinkLost."""
    watch = ContactWatch(signal_of(board, montage), montage)
    acquisition = Acquisition(board.spec)
    enough = LOOKED_AT_S * board.spec.rate_hz
    board.start()
    try:
        for block in blocks_of(board, acquisition, lambda: acquisition.statistics.samples >= enough):
            watch.push(block)
    finally:
        board.stop()
    return watch.contacts


def circumstances(
    *, subject: str, made_utc: datetime, software: str, simulated: bool, sequence: str, band_hz: tuple[float, float]
) -> Callable[[float | None], Circumstances]:
    """What `Calibration.run` asks for, all but the mains frequency."""
    return lambda mains_hz: Circumstances(subject, made_utc, software, simulated, sequence, band_hz, mains_hz)
