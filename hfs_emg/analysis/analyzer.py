"""The analyser: blocks in, findings out. Live, replay, review and report call this one, block by block, forward only.

Its law: how the signal is cut into blocks must not show in the findings, bit for bit. It holds because every stage works
on positions fixed by sample index: filters carry their state, frames and seconds lie at fixed samples, and everything
found in an island of activity is a pure function of the frames around it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from calibration.profile import CalibrationProfile
from hfs_emg.analysis.activity import AtomTable
from hfs_emg.analysis.atoms import BEFORE_S, AtomFinder
from hfs_emg.analysis.bursts import BurstFinder
from hfs_emg.analysis.classify import DEFAULT_MODEL, Classifier, Decision
from hfs_emg.analysis.conditioning import Conditioner
from hfs_emg.analysis.context import Context, Looked
from hfs_emg.analysis.episodes import RAIL_REASON, SWING_REASON, DecidedAtom, EpisodeBuilder
from hfs_emg.analysis.features import FeatureMaker
from hfs_emg.analysis.frames import FrameClock, FrameStream
from hfs_emg.analysis.history import History
from hfs_emg.analysis.hum import jumps
from hfs_emg.analysis.invalid import InvalidRuns
from hfs_emg.analysis.islands import LOOK_AHEAD_S, Island, IslandFinder
from hfs_emg.analysis.known import known_of
from hfs_emg.analysis.levels import LevelLog
from hfs_emg.analysis.provisional import TICK_S, Provisional
from hfs_emg.analysis.quality import SampleQuality
from hfs_emg.analysis.scene import SceneMaker
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.analysis.swings import CONFIDENCE, SwingFinder
from hfs_emg.analysis.unmixing import Unmixing
from hfs_emg.events import Episode, Findings, InProgress, Invalid, Kind
from hfs_emg.model import Block, Signal, joined

RAIL_MARGIN = 0.001
"""Codes within this share of the range from its end count as rail."""
TOGETHER_FRAMES = 8000
TOGETHER_ISLANDS = 64
"""So much is looked at together: enough that numpy's calls cost little, and little enough to stay in a processor's cache."""


class Analyzer:
    """Analyses one stream of one montage. A new stream is a new object. Raises RequestError when the settings do not fit the rate."""

    def __init__(
        self,
        signal: Signal,
        montage: Montage,
        settings: AnalysisSettings | None = None,
        model: bytes | None = None,
        profile: CalibrationProfile | None = None,
    ) -> None:
        """model: a model file's content, None for the program's own. profile: this face's calibration, used unless the
        settings say otherwise; None to learn it all from the stream.
        """
        settings = settings or AnalysisSettings()
        self.montage = montage
        self.signal = signal
        inputs = [signal.inputs[c.input] for c in montage.channels]
        self._inputs = np.array([c.input for c in montage.channels])
        self._scale = np.array([i.microvolts_per_count for i in inputs])[:, None]
        spans = [(i.count_min, i.count_max, max(1, int(RAIL_MARGIN * (i.count_max - i.count_min)))) for i in inputs]
        self.clock = FrameClock.at(signal.rate_hz)
        channels = len(inputs)
        self._quality = SampleQuality(signal.rate_hz, np.array([(low + m, high - m) for low, high, m in spans]))
        labels = tuple(c.label for c in montage.channels)
        self._invalid = InvalidRuns(signal.rate_hz, labels)
        self._labels = labels
        second = self.clock.second * self.clock.hop
        self._conditioner = Conditioner(signal.rate_hz, channels, second, settings)
        self._frames = FrameStream(self.clock, channels)
        self._off_skin = InvalidRuns(signal.rate_hz / second, labels)
        eyes = tuple(i for i, c in enumerate(montage.channels) if c.site is Site.ORBICULARIS_OCULI)
        twins = [(i, montage.twin(i)) for i in montage.on(Side.LEFT)]
        pairs = tuple((i, twin) for i, twin in twins if twin is not None)
        used = profile if settings.use_profile else None
        known = None if used is None else known_of(used, montage, signal.rate_hz)
        self._unmixing = None
        if known is not None:
            self._unmixing = Unmixing(known.crosstalk, known.across, known.rest_power, signal.rate_hz)
        self._levels = LevelLog(self.clock, channels, settings, eyes, pairs, known=known)
        self._finder = IslandFinder(self.clock)
        self._atoms = AtomFinder(self.clock, montage, settings)
        self._scenes = SceneMaker(self.clock, montage)
        self._features = FeatureMaker(self.clock, self._scenes.rows)
        self._classifier = Classifier(DEFAULT_MODEL.read_bytes() if model is None else model)
        self._bursts = BurstFinder(self.clock, self._scenes.rows)
        self._history = History(self._scenes.rows.eyes, self._scenes.rows.lower)
        self._context = Context()
        self._builder = EpisodeBuilder(self.clock, montage, settings, self._classifier)
        self._swings = SwingFinder(self.clock, montage)
        self._rails: deque[DecidedAtom] = deque()
        self._known_at = 0
        self._island_at = 0
        self._samples = 0
        self._hum: list[Invalid] = []
        self._tick = max(1, self.clock.frames(TICK_S))
        self._waiting: list[Block] = []
        self._looked_until = 0
        self._in_progress: tuple[InProgress, ...] = ()
        self._provisional = Provisional(self.clock, montage, self._levels, self._atoms)

    def push(self, block: Block) -> Findings:
        """The next samples. Returns what they settled. They are worked on together, once in a tick: nothing new is looked for before."""
        if block.start != self._samples:
            raise ValueError(f"block starts at sample {block.start}, expected {self._samples}")
        tick = self._tick * self.clock.hop
        early = self._samples // tick == block.end // tick
        self._samples = block.end
        self._waiting.append(block)
        return self._findings([], [], self._in_progress) if early else self._work()

    def _work(self) -> Findings:
        """On all that waits."""
        block, self._waiting = joined(self._waiting), []
        counts = np.ascontiguousarray(block.counts[:, self._inputs].T).astype(np.int64)
        verdict = self._quality.push(counts, block.lost)
        conditioned = self._conditioner.push(counts * self._scale, block.lost)
        if self._unmixing is not None:
            self._unmixing.take_off(conditioned, verdict == 0)
        power, bad, slow = self._frames.push(conditioned, verdict > 0)
        self._levels.push(conditioned, power, bad, slow)
        if bad.shape[1]:
            self._swings.push(power[1], bad, self._levels.slow_floors(bad.shape[1]))
        invalid = self._note_invalid(*self._invalid.push(verdict))
        off_skin = self._levels.seconds.take_off_skin()
        if off_skin is not None:
            invalid += self._off_skin.push(off_skin)[0]
        until = self._levels.end_at(self._tick)
        if until <= self._looked_until:
            return self._findings([], invalid, self._in_progress)
        self._looked_until = until
        episodes = self._work_off(self._finder.find(*self._levels.activity(self._finder.frontier, until)))
        self._levels.forget_before(self._finder.frontier)
        self._in_progress = self._provisional.at(until, self._finder.open)
        return self._findings(episodes, invalid, self._in_progress)

    def still_invalid(self) -> list[Invalid]:
        """Stretches that have begun and not ended: for a live view."""
        return self._invalid.still() + self._off_skin.still()

    def finish(self) -> Findings:
        """The end of the stream: everything still open is settled."""
        invalid = list(self._work().invalid) if self._waiting else []  # less than a tick: nothing else is settled in it
        invalid += self._note_invalid(*self._invalid.finish())
        invalid += self._off_skin.finish()[0]
        activity = self._levels.activity(self._finder.frontier, self._levels.end)
        episodes = self._work_off(self._finder.flush(*activity))
        while self._rails:
            self._builder.add_alone(self._rails.popleft(), RAIL_REASON, 1.0)
        self._swings.finish()
        self._note_swings(self._levels.end)
        far = self._levels.end + 1_000_000
        self._builder.settle(far, self._known_at, self._island_at)
        episodes += self._builder.settled()
        last = self._samples / self.signal.rate_hz
        return self._findings([_not_after(e, last) for e in episodes], invalid, ())

    def _findings(
        self, episodes: list[Episode], invalid: list[Invalid], in_progress: tuple[InProgress, ...]
    ) -> Findings:
        invalid += self._hum
        self._hum = []
        moved = (e for e in episodes if e.kind is Kind.ARTEFACT and e.reason != RAIL_REASON)
        invalid.extend(self._artefact_stretch(e) for e in moved)
        return Findings(tuple(episodes), tuple(invalid), in_progress, self.clock.seconds(self._finder.frontier))

    def _artefact_stretch(self, episode: Episode) -> Invalid:
        labels = tuple(label for label in self._labels if any(b.channel == label for b in episode.bursts))
        brief = episode.end_s - episode.start_s < 0.15
        return Invalid(
            episode.start_s,
            episode.end_s,
            None if len(labels) == len(self._labels) else labels,
            "pop" if brief else "motion",
        )

    def _note_invalid(self, stretches: list[Invalid], rails: list[tuple[int, int, int]]) -> list[Invalid]:
        for channel, start, end in rails:
            first, last = start // self.clock.hop, -(-end // self.clock.hop)
            where = (start / self.signal.rate_hz, end / self.signal.rate_hz)
            self._rails.append(_known_by_itself(first, last, (channel,), ((channel, *where, 0.0),), where))
        return stretches

    def _work_off(self, islands: list[Island]) -> list[Episode]:
        episodes: list[Episode] = []
        for together in _batches(islands):
            for island, atoms in zip(together, self._decide(together), strict=True):
                self._settle(island.first)
                for atom in atoms:
                    self._swings.cover(atom.first, atom.end)
                    self._builder.add(atom)
                self._known_at = island.end + self.clock.frames(LOOK_AHEAD_S)
                self._island_at = island.first
            episodes += self._builder.settled()
        self._settle(self._finder.frontier)
        return episodes + self._builder.settled()

    def _settle(self, frontier: int) -> None:
        while self._rails and self._rails[0].end <= frontier:
            self._builder.add_alone(self._rails.popleft(), RAIL_REASON, 1.0)
        self._note_swings(frontier)
        self._builder.settle(frontier, self._known_at, self._island_at)

    def _note_swings(self, frontier: int) -> None:
        for swing in self._swings.ripe(frontier):
            where = (self.clock.seconds(swing.first), self.clock.seconds(swing.end))
            bursts = tuple((c, *where, peak) for c, peak in zip(swing.channels, swing.peaks_uv, strict=True))
            atom = _known_by_itself(swing.first, swing.end, swing.channels, bursts, where)
            self._builder.add_alone(atom, SWING_REASON.format(uv=max(swing.peaks_uv)), CONFIDENCE)

    def _decide(self, islands: list[Island]) -> list[list[DecidedAtom]]:
        """What is decided in some islands, island by island. All their atoms are measured together."""
        before, after = self.clock.frames(BEFORE_S), self.clock.frames(LOOK_AHEAD_S)
        near = self._levels.neighbourhood([(island.first, island.end) for island in islands], before, after)
        states = self._atoms.states(near)
        table = self._atoms.atoms(near, states)
        if not len(table):
            return [[] for _ in islands]
        scene = self._scenes.scene(near, states)
        hum_hz = self._levels.seconds.hum_hz((table.origin + table.starts).tolist())
        hum = jumps(scene.wave, table, hum_hz, self.clock)
        if hum.any():
            self._note_hum(table.of(hum))
            table = table.of(~hum)
        if not len(table):
            return [[] for _ in islands]
        values, patterns = self._features.measure(scene, table, self._history)
        decisions = self._judge(table, values, patterns)
        striking = self._provisional.first_striking(near, states, table)
        found: list[list[DecidedAtom]] = [[] for _ in islands]
        for island, atom in self._bursts.decided(scene, states, table, decisions, striking):
            found[island].append(atom)
        return found

    def _judge(self, atoms: AtomTable, values: NDArray[np.float64], patterns: NDArray[np.float64]) -> list[Decision]:
        """The atoms of some islands: each by itself first, then all of an island in their context.

        values (n, features), patterns (n, sites).
        """
        looks = self._classifier.look(values)
        times = np.stack([atoms.start_s, atoms.end_s], axis=1)
        context = self._context.measure(Looked(times, atoms.sides, looks, patterns), atoms.by_island())
        return self._classifier.decide(np.hstack([values, context]), looks)

    def _note_hum(self, atoms: AtomTable) -> None:
        """Atoms that are a jump of the mains."""
        for i, channels in enumerate(atoms.channels):
            labels = None if channels.all() else tuple(self._labels[c] for c in channels.nonzero()[0])
            self._hum.append(Invalid(float(atoms.start_s[i]), float(atoms.end_s[i]), labels, "mains"))
            self._swings.cover(int(atoms.origin[i] + atoms.starts[i]), int(atoms.origin[i] + atoms.ends[i]))


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


def _known_by_itself(
    first: int,
    end: int,
    channels: tuple[int, ...],
    bursts: tuple[tuple[int, float, float, float], ...],
    where: tuple[float, float],
) -> DecidedAtom:
    """What needs no decision, as an atom."""
    nothing = np.zeros(1)
    return DecidedAtom("both", first, end, channels, bursts, where, Decision(nothing, nothing, nothing), 1.0, None, 0.0)


def _not_after(episode: Episode, last_s: float) -> Episode:
    """At the end of the stream a decision cannot be later than its last sample."""
    if episode.settled_s <= last_s:
        return episode
    return Episode(**{f: getattr(episode, f) for f in episode.__struct_fields__} | {"settled_s": last_s})
