"""The analyser: blocks in, findings out. Live, replay, review and report call this one, block by block, forward only.

Its law: how the signal is cut into blocks must not show in the findings, bit for bit. It holds because every stage works
on positions fixed by sample index: filters carry their state, frames and seconds lie at fixed samples, and everything
found in an island of activity is a pure function of the frames around it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from hfs_emg.analysis.atoms import BEFORE_S, Atom, AtomFinder, Neighbourhood, SiteStates, runs
from hfs_emg.analysis.classify import DEFAULT_MODEL, Classifier, Decision
from hfs_emg.analysis.conditioning import Conditioner
from hfs_emg.analysis.context import BOTH, Context, Looked
from hfs_emg.analysis.edges import EdgeFinder
from hfs_emg.analysis.episodes import RAIL_REASON, DecidedAtom, EpisodeBuilder
from hfs_emg.analysis.features import FeatureMaker
from hfs_emg.analysis.frames import FrameClock, FrameStream, moving_minimum
from hfs_emg.analysis.history import History, PastAtom
from hfs_emg.analysis.invalid import InvalidRuns
from hfs_emg.analysis.islands import LOOK_AHEAD_S, Island, IslandFinder
from hfs_emg.analysis.kinds import NONE
from hfs_emg.analysis.levels import LevelLog
from hfs_emg.analysis.provisional import Provisional, Striking
from hfs_emg.analysis.quality import SampleQuality
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.events import Episode, Findings, InProgress, Invalid, InvalidReason, Kind
from hfs_emg.model import Block, Signal

EDGE_DELAY_S = 0.004
"""How late the filtered signal is: group delay of the EMG band at its centre, measured on simulated bursts."""
HUM_SHARE = 0.55
"""Share of an atom's power at the mains frequency above which it is a jump of the hum; muscle has under a quarter there."""
HUM_LEAST_S = 0.05
HUM_WINDOW_S = 0.1
VALLEY = 0.25
"""Tonic contraction is modulated by 20–60 %, so its envelope stays above 0.4 of its peak; between clonic bursts it falls further."""
VALLEY_REACH_S = 0.25
RAIL_MARGIN = 0.001
"""Codes within this share of the range from its end count as rail."""
TICK_S = 0.04
"""Activity is looked for once in so many seconds of signal, at fixed frames: what is in progress does not depend on the cutting either."""
SHOWN_AFTER_FRAMES = 6
"""A provisional kind needs so many frames beyond the one it is about: half the envelope's window and the smoothing."""


SIDE_NUMBERS = {"left": 0, "right": 1, "both": BOTH}


@dataclass(frozen=True, slots=True)
class MeasuredAtom:
    """An atom, when and where it was, its features by themselves, and its amplitude by site."""

    atom: Atom
    past: PastAtom
    values: NDArray[np.float64]
    pattern: NDArray[np.float64]


class Analyzer:
    """Analyses one stream of one montage. A new stream is a new object. Raises RequestError when the settings do not fit the rate."""

    def __init__(
        self, signal: Signal, montage: Montage, settings: AnalysisSettings | None = None, model: bytes | None = None
    ) -> None:
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
        self._levels = LevelLog(self.clock, channels, settings, eyes, pairs)
        self._finder = IslandFinder(self.clock)
        self._atoms = AtomFinder(self.clock, montage, settings)
        self._features = FeatureMaker(self.clock, montage)
        self._classifier = Classifier(DEFAULT_MODEL.read_bytes() if model is None else model)
        self._edges = EdgeFinder(signal.rate_hz, self.clock.hop, EDGE_DELAY_S)
        self._history = History()
        self._context = Context()
        self._builder = EpisodeBuilder(self.clock, montage, settings, self._classifier)
        self._rails: deque[DecidedAtom] = deque()
        self._known_at = 0
        self._island_at = 0
        self._samples = 0
        self._hum: list[Invalid] = []
        self._tick = max(1, self.clock.frames(TICK_S))
        self._looked_until = 0
        self._in_progress: tuple[InProgress, ...] = ()
        self._provisional = Provisional(self.clock, montage, self._levels, self._atoms)

    def push(self, block: Block) -> Findings:
        """The next samples. Returns what they settled."""
        if block.start != self._samples:
            raise ValueError(f"block starts at sample {block.start}, expected {self._samples}")
        self._samples = block.end
        counts = np.ascontiguousarray(block.counts[:, self._inputs].T).astype(np.int64)
        verdict = self._quality.push(counts, block.lost)
        conditioned = self._conditioner.push(counts * self._scale, block.lost)
        self._levels.push(conditioned, *self._frames.push(conditioned, verdict > 0))
        invalid = self._note_invalid(*self._invalid.push(verdict))
        invalid += self._off_skin.push(self._levels.take_off_skin())[0]
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
        invalid = self._note_invalid(*self._invalid.finish())
        invalid += self._off_skin.finish()[0]
        activity = self._levels.activity(self._finder.frontier, self._levels.end)
        episodes = self._work_off(self._finder.flush(*activity))
        while self._rails:
            self._builder.add_alone(self._rails.popleft())
        far = self._levels.end + 1_000_000
        episodes += self._builder.settle(far, self._known_at, self._island_at)
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
            nothing = np.zeros(1)
            self._rails.append(
                DecidedAtom(
                    "both",
                    first,
                    last,
                    (channel,),
                    ((channel, *where, 0.0),),
                    where,
                    Decision(nothing, nothing, nothing),
                    1.0,
                    None,
                    0.0,
                )
            )
        return stretches

    def _work_off(self, islands: list[Island]) -> list[Episode]:
        episodes: list[Episode] = []
        for island in islands:
            episodes += self._settle(island.first)
            self._decide(island)
            self._known_at = island.end + self.clock.frames(LOOK_AHEAD_S)
            self._island_at = island.first
        return episodes + self._settle(self._finder.frontier)

    def _settle(self, frontier: int) -> list[Episode]:
        while self._rails and self._rails[0].end <= frontier:
            self._builder.add_alone(self._rails.popleft())
        return self._builder.settle(frontier, self._known_at, self._island_at)

    def _decide(self, island: Island) -> None:
        before, after = self.clock.frames(BEFORE_S), self.clock.frames(LOOK_AHEAD_S)
        near = self._levels.neighbourhood(island.first, island.end, before, after)
        states = self._atoms.states(near)
        striking = self._provisional.striking(near, states)
        scene = self._features.scene(near, states)
        measured: list[MeasuredAtom] = []
        for atom in self._atoms.atoms(near, states):
            if self._is_hum(near, atom):
                self._hum.append(self._stretch(near, atom, "mains"))
                continue
            values = self._features.measure(scene, atom, self._history)
            measured.append(MeasuredAtom(atom, self._remember(near, atom), values, self._features.pattern(scene, atom)))
            self._history.add(measured[-1].past)
        self._history.close([m.past for m in measured])
        if not measured:
            return
        for m, decision in zip(measured, self._judge(measured), strict=True):
            if decision.kind != NONE:
                self._builder.add(self._decided(near, states, striking, m.atom, decision))

    def _judge(self, measured: list[MeasuredAtom]) -> list[Decision]:
        """The atoms of one island: each by itself first, then all in their context."""
        values = np.stack([m.values for m in measured])
        looks = self._classifier.look(values)
        times = np.array([(m.past.start_s, m.past.end_s) for m in measured])
        sides = np.array([SIDE_NUMBERS[m.past.side] for m in measured])
        patterns = np.stack([m.pattern for m in measured])
        context = self._context.measure(Looked(times, sides, looks, patterns))
        return self._classifier.decide(np.hstack([values, context]), looks)

    def _is_hum(self, near: Neighbourhood, atom: Atom) -> bool:
        """Whether an atom is a jump of the mains: most of its power at that one frequency, on the strongest channels."""
        hop = self.clock.hop
        wave = near.wave[list(atom.channels), atom.start * hop : atom.end * hop]
        if atom.end - atom.start < self.clock.frames(HUM_LEAST_S):
            return False
        turns = (
            2 * np.pi * self._levels.hum_hz(near.first + atom.start) / self.signal.rate_hz * np.arange(wave.shape[1])
        )
        # Window by window, because the phase of what a step of the hum leaves behind turns over.
        parts = max(1, round(wave.shape[1] / (HUM_WINDOW_S * self.signal.rate_hz)))
        length = wave.shape[1] // parts
        power = np.maximum((wave[:, : parts * length] ** 2).sum(axis=1), 1e-9)
        in_phase, across = (
            (wave * wheel)[:, : parts * length].reshape(len(wave), parts, length).sum(axis=2)
            for wheel in (np.cos(turns), np.sin(turns))
        )
        share = 2 * (in_phase**2 + across**2).sum(axis=1) / length / power
        return bool(np.median(share) > HUM_SHARE)

    def _stretch(self, near: Neighbourhood, atom: Atom, reason: InvalidReason) -> Invalid:
        labels = tuple(self._labels[c] for c in atom.channels)
        return Invalid(
            self.clock.seconds(near.first + atom.start),
            self.clock.seconds(near.first + atom.end),
            None if len(labels) == len(self._labels) else labels,
            reason,
        )

    def _remember(self, near: Neighbourhood, atom: Atom) -> PastAtom:
        return PastAtom(
            self.clock.seconds(near.first + atom.start),
            self.clock.seconds(near.first + atom.end),
            atom.side,
            any(c in self._features.eyes for c in atom.channels),
            any(c in self._features.lower for c in atom.channels),
        )

    def _decided(
        self, near: Neighbourhood, states: SiteStates, striking: Striking, atom: Atom, decision: Decision
    ) -> DecidedAtom:
        bursts = []
        for c in atom.channels:
            for start, end in runs(atom.active[c], self.clock.frames(0.07)):
                a, b = atom.start + start, atom.start + end
                floor = float(near.floor[c, a])
                seen = bool(states.burst[c, a:b].any())
                begins = self._edges.onset_s(near.wave[c], near.first, near.first + a, near.first + b, floor)
                ends = self._edges.offset_s(near.wave[c], near.first, near.first + b, near.first + a, floor)
                if ends <= begins or not seen:
                    begins, ends = self.clock.seconds(near.first + a), self.clock.seconds(near.first + b)
                bursts.append((c, begins, ends, float(np.sqrt(near.envelope[c, a:b].max()))))
        shown = None
        edges = (min(b[1] for b in bursts), max(b[2] for b in bursts))
        if atom.side != "both":
            begins, ends = self._edges.of_one_side(near, atom.start, atom.end, atom.channels, self._atoms.twins)
            edges = (begins, ends) if begins < ends else edges
            where = np.flatnonzero(striking[atom.side][atom.start : atom.end])
            if len(where):
                shown = self.clock.seconds(near.first + atom.start + int(where[0]) + SHOWN_AFTER_FRAMES)
        weight = float(atom.end - atom.start)
        return DecidedAtom(
            atom.side,
            near.first + atom.start,
            near.first + atom.end,
            atom.channels,
            tuple(bursts),
            edges,
            decision,
            weight,
            shown,
            self._uninterrupted_s(near, atom),
        )

    def _uninterrupted_s(self, near: Neighbourhood, atom: Atom) -> float:
        """Longest stretch of a channel in which the envelope never falls below a quarter of its highest nearby."""
        reach = self.clock.frames(VALLEY_REACH_S)
        longest = 0
        for c in atom.channels:
            power = near.envelope[c, atom.start : atom.end]
            padded = np.concatenate([np.zeros(reach), power, np.zeros(reach)])
            highest = -moving_minimum(-padded[None, :], 2 * reach + 1)[0]
            on = atom.active[c] & (power >= VALLEY**2 * highest)
            longest = max([longest, *(end - start for start, end in runs(on, self.clock.frames(0.04)))])
        return self.clock.seconds(longest)


def _not_after(episode: Episode, last_s: float) -> Episode:
    """At the end of the stream a decision cannot be later than its last sample."""
    if episode.settled_s <= last_s:
        return episode
    return Episode(**{f: getattr(episode, f) for f in episode.__struct_fields__} | {"settled_s": last_s})
