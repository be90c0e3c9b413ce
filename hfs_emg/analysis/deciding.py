"""The analyser's second half: islands in, episodes out."""

from __future__ import annotations

from collections import deque

import numpy as np

from calibration.montage import Montage
from hfs_emg.analysis.activity import AtomTable
from hfs_emg.analysis.classify import DEFAULT_MODEL, Classifier, Decision
from hfs_emg.analysis.context import Context, Looked
from hfs_emg.analysis.decided import DecidedAtom, decided
from hfs_emg.analysis.episodes import RAIL_REASON, SWING_REASON, EpisodeBuilder
from hfs_emg.analysis.examining import Examined, Examiner
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.history import History
from hfs_emg.analysis.islands import LOOK_AHEAD_S
from hfs_emg.analysis.measures import Measured
from hfs_emg.analysis.prepared import Decided, Prepared
from hfs_emg.analysis.scene import MontageRows
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.analysis.stretches import Floats
from hfs_emg.analysis.swings import CONFIDENCE, SwingLog
from hfs_emg.events import Episode, Invalid, Kind

_FAR = 1_000_000
"""Frames after the end of the stream: everything open is settled by then."""


class Decider:
    """Decides one stream."""

    def __init__(
        self, rate_hz: float, montage: Montage, settings: AnalysisSettings, model: bytes | None = None
    ) -> None:
        """model: a model file's content, None for the program's own."""
        self._rate_hz = rate_hz
        self._labels = tuple(c.label for c in montage.channels)
        self._clock = clock = FrameClock.at(rate_hz)
        self._examiner = Examiner(clock, montage, settings)
        self._classifier = Classifier(DEFAULT_MODEL.read_bytes() if model is None else model)
        rows = MontageRows(montage)
        self._history = History(rows.eyes, rows.lower)
        self._context = Context()
        self._builder = EpisodeBuilder(clock, montage, settings, self._classifier)
        self._look_ahead = clock.frames(LOOK_AHEAD_S)
        self._swings = SwingLog()
        self._rails: deque[DecidedAtom] = deque()
        self._known_at = 0
        self._island_at = 0
        self._frontier = 0
        self._episodes: list[Episode] = []
        self._invalid: list[Invalid] = []

    def room(self, rows: int, columns: int) -> Floats:
        """An array to be filled with what is large in the next piece."""
        return np.empty((rows, columns))

    def busy(self) -> bool:
        """What can be done here is done here."""
        return False

    def take(self, piece: Prepared) -> None:
        """The next piece. With the last one everything is settled."""
        self._rails.extend(map(self._rail, piece.rails))
        self._swings.expect(piece.swings, piece.swings_from)
        examined, jumps = piece.examined, piece.jumps
        if piece.near is not None:
            examined, jumps = self._examiner.examine(piece.near)
        if jumps is not None:
            self._note_jumps(jumps)
        for (first, end), atoms in zip(piece.islands, self._decide(examined, len(piece.islands)), strict=True):
            self._settle(first)
            for atom in atoms:
                self._swings.cover(atom.first, atom.end)
                self._builder.add(atom)
            self._known_at = end + self._look_ahead
            self._island_at = first
        if piece.last:
            while self._rails:
                self._builder.add_alone(self._rails.popleft(), RAIL_REASON, 1.0)
            self._note_swings(piece.frontier)
            self._builder.settle(piece.frontier + _FAR, self._known_at, self._island_at)
        else:
            self._settle(piece.frontier)
        self._frontier = piece.frontier
        episodes = self._builder.settled()
        if piece.samples is not None:
            episodes = [_not_after(e, piece.samples / self._rate_hz) for e in episodes]
        self._episodes += episodes

    def settled(self) -> Decided:
        """What was settled since this was last asked."""
        moved = (e for e in self._episodes if e.kind is Kind.ARTEFACT and e.reason != RAIL_REASON)
        invalid = (*self._invalid, *map(self._artefact_stretch, moved))
        decided = Decided(tuple(self._episodes), invalid, self._frontier)
        self._episodes, self._invalid = [], []
        return decided

    def _artefact_stretch(self, episode: Episode) -> Invalid:
        labels = tuple(label for label in self._labels if any(b.channel == label for b in episode.bursts))
        brief = episode.end_s - episode.start_s < 0.15
        return Invalid(
            episode.start_s,
            episode.end_s,
            None if len(labels) == len(self._labels) else labels,
            "pop" if brief else "motion",
        )

    def _rail(self, rail: tuple[int, int, int]) -> DecidedAtom:
        channel, start, end = rail
        first, last = start // self._clock.hop, -(-end // self._clock.hop)
        where = (start / self._rate_hz, end / self._rate_hz)
        return _known_by_itself(first, last, (channel,), ((channel, *where, 0.0),), where)

    def _settle(self, frontier: int) -> None:
        while self._rails and self._rails[0].end <= frontier:
            self._builder.add_alone(self._rails.popleft(), RAIL_REASON, 1.0)
        self._note_swings(frontier)
        self._builder.settle(frontier, self._known_at, self._island_at)

    def _note_swings(self, frontier: int) -> None:
        for swing in self._swings.ripe(frontier):
            where = (self._clock.seconds(swing.first), self._clock.seconds(swing.end))
            bursts = tuple((c, *where, peak) for c, peak in zip(swing.channels, swing.peaks_uv, strict=True))
            atom = _known_by_itself(swing.first, swing.end, swing.channels, bursts, where)
            self._builder.add_alone(atom, SWING_REASON.format(uv=max(swing.peaks_uv)), CONFIDENCE)

    def _decide(self, examined: Examined | None, islands: int) -> list[list[DecidedAtom]]:
        """What is decided in some islands, island by island."""
        found: list[list[DecidedAtom]] = [[] for _ in range(islands)]
        if examined is None:
            return found
        values = Measured(examined.values.copy())
        self._history.measure(values, examined.atoms)
        decisions = self._judge(examined.atoms, values.table, examined.patterns)
        for island, atom in decided(examined, decisions, self._clock):
            found[island].append(atom)
        return found

    def _judge(self, atoms: AtomTable, values: Floats, patterns: Floats) -> list[Decision]:
        """The atoms of some islands: each by itself first, then all of an island in their context.

        values (n, features), patterns (n, sites).
        """
        looks = self._classifier.look(values)
        times = np.stack([atoms.start_s, atoms.end_s], axis=1)
        context = self._context.measure(Looked(times, atoms.sides, looks, patterns), atoms.by_island())
        return self._classifier.decide(np.hstack([values, context]), looks)

    def _note_jumps(self, atoms: AtomTable) -> None:
        """Atoms that are a jump of the mains."""
        for i, channels in enumerate(atoms.channels):
            labels = None if channels.all() else tuple(self._labels[c] for c in channels.nonzero()[0])
            self._invalid.append(Invalid(float(atoms.start_s[i]), float(atoms.end_s[i]), labels, "mains"))
            self._swings.cover(int(atoms.origin[i] + atoms.starts[i]), int(atoms.origin[i] + atoms.ends[i]))


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
