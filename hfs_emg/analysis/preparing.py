"""The analyser's first half: samples in, islands out, each with the frames around it that a decision may use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from calibration.montage import Montage, Side, Site
from calibration.profile import CalibrationProfile
from hfs_emg.analysis.atoms import BEFORE_S
from hfs_emg.analysis.conditioning import Conditioner
from hfs_emg.analysis.examining import Examiner
from hfs_emg.analysis.frames import FrameClock, FrameStream
from hfs_emg.analysis.invalid import InvalidRuns
from hfs_emg.analysis.islands import LOOK_AHEAD_S, Island, IslandFinder
from hfs_emg.analysis.known import known_of
from hfs_emg.analysis.levels import LevelLog
from hfs_emg.analysis.prepared import Decides, Prepared
from hfs_emg.analysis.provisional import TICK_S, Provisional
from hfs_emg.analysis.quality import SampleQuality
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.analysis.swings import SwingFinder
from hfs_emg.analysis.unmixing import Unmixing
from hfs_emg.events import InProgress, Invalid
from hfs_emg.model import Block, Signal, joined

RAIL_MARGIN = 0.001
"""Codes within this share of the range from its end count as rail."""
TOGETHER_FRAMES = 8000
TOGETHER_ISLANDS = 64
"""So much is looked at together: enough that numpy's calls cost little, and little enough to stay in a processor's cache."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What is known without a decision: stretches that count for nothing, and the state after the push."""

    invalid: list[Invalid]
    in_progress: tuple[InProgress, ...]


class Preparer:
    """Prepares one stream. Raises RequestError when the settings do not fit the rate."""

    def __init__(
        self, signal: Signal, montage: Montage, settings: AnalysisSettings, profile: CalibrationProfile | None
    ) -> None:
        inputs = [signal.inputs[c.input] for c in montage.channels]
        self._inputs = np.array([c.input for c in montage.channels])
        self._scale = np.array([i.microvolts_per_count for i in inputs])[:, None]
        spans = [(i.count_min, i.count_max, max(1, int(RAIL_MARGIN * (i.count_max - i.count_min)))) for i in inputs]
        self.clock = clock = FrameClock.at(signal.rate_hz)
        channels = len(inputs)
        self._quality = SampleQuality(signal.rate_hz, np.array([(low + m, high - m) for low, high, m in spans]))
        labels = tuple(c.label for c in montage.channels)
        self._invalid = InvalidRuns(signal.rate_hz, labels)
        second = clock.second * clock.hop
        self._conditioner = Conditioner(signal.rate_hz, channels, second, settings)
        self._frames = FrameStream(clock, channels)
        self._off_skin = InvalidRuns(signal.rate_hz / second, labels)
        eyes = tuple(i for i, c in enumerate(montage.channels) if c.site is Site.ORBICULARIS_OCULI)
        twins = [(i, montage.twin(i)) for i in montage.on(Side.LEFT)]
        pairs = tuple((i, twin) for i, twin in twins if twin is not None)
        used = profile if settings.use_profile else None
        known = None if used is None else known_of(used, montage, signal.rate_hz)
        self._unmixing = None
        if known is not None:
            self._unmixing = Unmixing(known.crosstalk, known.across, known.rest_power, signal.rate_hz)
        self.levels = LevelLog(clock, channels, settings, eyes, pairs, known=known)
        self._finder = IslandFinder(clock)
        self._around = clock.frames(BEFORE_S), clock.frames(LOOK_AHEAD_S)
        self._swings = SwingFinder(clock, montage)
        self._rails: list[tuple[int, int, int]] = []
        self._samples = 0
        self._tick = max(1, clock.frames(TICK_S))
        self._waiting: list[Block] = []
        self._looked_until = 0
        self._in_progress: tuple[InProgress, ...] = ()
        self._examiner = examiner = Examiner(clock, montage, settings)
        self._provisional = Provisional(clock, montage, self.levels, examiner.atoms, examiner.striking)

    def push(self, block: Block, to: Decides) -> Noticed:
        """The next samples. They are worked on together, once in a tick: nothing new is looked for before."""
        if block.start != self._samples:
            raise ValueError(f"block starts at sample {block.start}, expected {self._samples}")
        tick = self._tick * self.clock.hop
        early = self._samples // tick == block.end // tick
        self._samples = block.end
        self._waiting.append(block)
        return Noticed([], self._in_progress) if early else self._work(to)

    def still_invalid(self) -> list[Invalid]:
        """Stretches that have begun and not ended: for a live view."""
        return self._invalid.still() + self._off_skin.still()

    def finish(self, to: Decides) -> Noticed:
        """The end of the stream: what is open is handed on, and a last piece after it."""
        invalid = self._work(to).invalid if self._waiting else []  # less than a tick: no island ripens in it
        invalid += self._note(*self._invalid.finish())
        invalid += self._off_skin.finish()[0]
        islands = self._finder.flush(*self.levels.activity(self._finder.frontier, self.levels.end))
        self._hand_on(islands, to, self._samples)
        self._swings.finish()
        self._hand_over([], to, self.levels.end, self._samples, last=True)
        return Noticed(invalid, ())

    def _work(self, to: Decides) -> Noticed:
        """On all that waits."""
        block, self._waiting = joined(self._waiting), []
        counts = np.ascontiguousarray(block.counts[:, self._inputs].T).astype(np.int64)
        verdict = self._quality.push(counts, block.lost)
        conditioned = self._conditioner.push(counts * self._scale, block.lost)
        if self._unmixing is not None:
            self._unmixing.take_off(conditioned, verdict == 0)
        power, bad, slow = self._frames.push(conditioned, verdict > 0)
        self.levels.push(conditioned, power, bad, slow)
        if bad.shape[1]:
            self._swings.push(power[1], bad, self.levels.slow_floors(bad.shape[1]))
        invalid = self._note(*self._invalid.push(verdict))
        off_skin = self.levels.seconds.take_off_skin()
        if off_skin is not None:
            invalid += self._off_skin.push(off_skin)[0]
        until = self.levels.end_at(self._tick)
        if until > self._looked_until:
            self._looked_until = until
            islands = self._finder.find(*self.levels.activity(self._finder.frontier, until))
            self._hand_on(islands, to)
            self.levels.forget_before(self._finder.frontier)
            self._in_progress = self._provisional.at(until, self._finder.open)
        return Noticed(invalid, self._in_progress)

    def _note(self, stretches: list[Invalid], rails: list[tuple[int, int, int]]) -> list[Invalid]:
        self._rails += rails
        return stretches

    def _hand_on(self, islands: list[Island], to: Decides, samples: int | None = None) -> None:
        """All of them, in pieces."""
        groups = list(_batches(islands)) or [[]]
        frontiers = [*(group[0].first for group in groups[1:]), self._finder.frontier]
        for group, frontier in zip(groups, frontiers, strict=True):
            self._hand_over(group, to, frontier, samples)

    def _hand_over(
        self, islands: list[Island], to: Decides, frontier: int, samples: int | None, *, last: bool = False
    ) -> None:
        """One piece."""
        where = tuple((island.first, island.end) for island in islands)
        rails, self._rails = tuple(self._rails), []
        swings, swings_from = self._swings.found()
        near = examined = jumps = None
        if where and to.busy():
            examined, jumps = self._examiner.examine(self.levels.neighbourhood(where, *self._around))
        elif where:
            near = self.levels.neighbourhood(where, *self._around, to.room)
        to.take(Prepared(where, near, examined, jumps, rails, swings, swings_from, frontier, samples, last))


def _batches(islands: list[Island]) -> Iterator[list[Island]]:
    """Islands in groups, so that what is held of a long recording that comes at once does not grow with it."""
    together: list[Island] = []
    frames = 0
    for island in islands:
        together.append(island)
        frames += island.end - island.first
        if frames >= TOGETHER_FRAMES or len(together) >= TOGETHER_ISLANDS:
            yield together
            together, frames = [], 0
    if together:
        yield together
