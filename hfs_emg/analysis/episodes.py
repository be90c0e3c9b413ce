"""Decided atoms to episodes: what belongs to one happening, and when it can no longer change.

Atoms of one kind and side at most `episode_gap_s` apart are one episode; one-sided leftovers of a two-sided movement
join it. An episode is settled when nothing found later can begin within that gap of its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Site
from hfs_emg.analysis.classify import Classifier
from hfs_emg.analysis.decided import DecidedAtom
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.islands import QUIET_S
from hfs_emg.analysis.kinds import NONE, SPASM, TWITCH
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.analysis.verdicts import Verdict, Verdicts
from hfs_emg.events import Burst, Episode, Kind, SideName

_ALONE = "alone"
_FRAGMENT_S = 0.6
_NEAR_S = 0.15
"""What one site does by itself this close to a spasm belongs to it."""
RAIL_REASON = "An input at the end of its range: loose or saturated electrode."
SWING_REASON = "A slow swing of {uv:.0f} µV where no muscle moved: electrode or cable."
CLEAR_FROM = 0.3
"""Probability of spasm or twitch, at the first look, from which an atom may begin an episode."""
_SITE_NAMES = [site.value for site in Site]
_MOVE = "move"
"""Group of what one side does by itself: spasm and twitch, told apart when the episode is whole."""


@dataclass(slots=True)
class _Open:
    group: str
    side: SideName
    first: int
    end: int
    begins_s: float
    ends_s: float
    """Onset and offset as looked up in the signal."""
    frames: int
    """Of all atoms together."""
    atoms: list[DecidedAtom]
    reason: str = ""
    """Of what is known by itself, and how sure that is."""
    confidence: float = 1.0

    @staticmethod
    def of(group: str, side: SideName, atom: DecidedAtom, reason: str = "", confidence: float = 1.0) -> _Open:
        """One atom by itself."""
        length = atom.end - atom.first
        return _Open(group, side, atom.first, atom.end, *atom.edges_s, length, [atom], reason, confidence)

    def take(self, other: _Open) -> None:
        """Make another's atoms one's own."""
        self.atoms += other.atoms
        self.first, self.end = min(self.first, other.first), max(self.end, other.end)
        self.begins_s, self.ends_s = min(self.begins_s, other.begins_s), max(self.ends_s, other.ends_s)
        self.frames += other.frames


class EpisodeBuilder:
    """Atoms in, settled episodes out, in an order that does not depend on when they were asked for."""

    def __init__(self, clock: FrameClock, montage: Montage, settings: AnalysisSettings, classifier: Classifier) -> None:
        self._clock = clock
        self._montage = montage
        self._classifier = classifier
        self._gap = clock.frames(settings.episode_gap_s)
        self._gap_s = settings.episode_gap_s
        self._quiet = clock.frames(QUIET_S)
        self._tonic_s = settings.tonic_s
        self._fragment_frames = clock.frames(_FRAGMENT_S)
        self._near = clock.frames(_NEAR_S)
        self._open: list[_Open] = []
        self._closed: list[tuple[_Open, float]] = []
        """Episodes with the second in which they were settled."""
        self._labels = [c.label for c in montage.channels]
        self._sites = [c.site.value for c in montage.channels]
        self._next_id = 1
        self._verdicts = Verdicts(montage)

    def add(self, atom: DecidedAtom) -> None:
        """Atoms come in order of their islands."""
        kind = atom.decision.kind
        if kind == NONE:
            return
        group, side = _group(kind, atom.side)
        new = _Open.of(group, side, atom)
        for episode in self._open:
            if self._belong(episode, new):
                episode.take(new)
                new = episode
                break
        else:
            self._open.append(new)
        if new.side == "both":
            for fragment in [e for e in self._open if e is not new and self._belong(new, e)]:
                new.take(fragment)
                self._open.remove(fragment)

    def _belong(self, whole: _Open, part: _Open) -> bool:
        """Whether a part is of the same happening: same group and side, or a one-sided leftover of a two-sided movement.

        A leftover is brief; what one side does for long is an action of that side.
        """
        near = part.first - whole.end <= self._gap and whole.first - part.end <= self._gap
        if near and whole.group == part.group == _MOVE and whole.side == part.side:
            # Frames are active a little before and after what moved; between two spasms that little decides.
            near = part.begins_s - whole.ends_s <= self._gap_s and whole.begins_s - part.ends_s <= self._gap_s
        if not near or whole.group != part.group:
            return False
        return whole.side == part.side or (whole.side == "both" and part.frames <= self._fragment_frames)

    def add_alone(self, atom: DecidedAtom, reason: str, confidence: float) -> None:
        """An artefact that is known by itself and joins nothing: a channel at its rail, a slow swing."""
        self._open.append(_Open.of(_ALONE, "both", atom, reason, confidence))

    def settle(self, frontier: int, known_at: int, island_at: int) -> None:
        """Close the episodes that end more than the gap before `frontier`; `settled` hands them on.

        `known_at`: frame that had to arrive so that the last island could be decided; `island_at`: where that island
        began. Both are properties of the signal, so that `settled_s` does not depend on the cutting.
        """
        done = [e for e in self._open if e.end + self._gap < frontier]
        if not done:
            return
        self._open = [e for e in self._open if e.end + self._gap >= frontier]
        done.sort(key=lambda e: (e.end, e.first, e.group, e.side))
        for e in done:
            closes = e.end + self._gap + self._quiet
            settled = max(closes, known_at) if island_at < closes else closes
            self._closed.append((e, self._clock.seconds(settled)))

    def settled(self) -> list[Episode]:
        """The episodes closed since this was last asked. Their sentences are found together: one look into the model for all."""
        closed, self._closed = self._closed, []
        judged = [self._judge(e) for e, _ in closed]
        asked = [each.because for each in judged if each.because is not None]
        reasons = iter(self._classifier.explain([decision for decision, _ in asked], [kind for _, kind in asked]))
        episodes = []
        for (e, settled_s), each in zip(closed, judged, strict=True):
            said = each.words
            if each.because is not None:
                reason = next(reasons)
                said += reason[:1].upper() + reason[1:] + "."
            episodes.append(self._finish(e, each, said, settled_s))
        return episodes

    def _judge(self, e: _Open) -> Verdict:
        if e.group == _ALONE:
            return Verdict(Kind.ARTEFACT, e.confidence, e.reason)
        if e.group == _MOVE:
            return self._verdicts.of_one_side(e.side, e.atoms)
        return self._verdicts.of_movement(e.group, e.atoms)

    def _finish(self, e: _Open, judged: Verdict, said: str, settled_s: float) -> Episode:
        kind, confidence = judged.kind, judged.confidence
        atoms = _core(e.atoms, self._near) if kind is Kind.SPASM else e.atoms
        bursts = _joined(burst for atom in atoms for burst in atom.bursts)
        start = min(a.edges_s[0] for a in atoms)
        end = max(a.edges_s[1] for a in atoms)
        bursts = [(c, max(s, start), min(t, end), p) for c, s, t, p in bursts if s < end and t > start]
        moved = {self._sites[c] for atom in atoms for c in atom.channels}
        form: Literal["clonic", "tonic"] | None = None
        if kind is Kind.SPASM:
            form = "tonic" if max(a.uninterrupted_s for a in atoms) >= self._tonic_s else "clonic"
        side: SideName | None = e.side
        if kind is Kind.ARTEFACT:
            side = None
        shown = [a.shown_s for a in e.atoms if a.shown_s is not None and a.decision.kind == Kind.SPASM]
        episode = Episode(
            id=self._next_id,
            start_s=start,
            end_s=end,
            kind=kind,
            side=side,
            sites=tuple(name for name in _SITE_NAMES if name in moved),
            form=form,
            confidence=round(confidence, 3),
            reason=said,
            bursts=tuple(Burst(self._labels[c], s, t, round(p, 2)) for c, s, t, p in bursts),
            first_provisional_s=min(shown) if shown and kind is Kind.SPASM else None,
            settled_s=settled_s,
        )
        self._next_id += 1
        return episode


def _group(kind: str, side: SideName) -> tuple[str, SideName]:
    if kind in (Kind.SPASM, Kind.TWITCH):
        return _MOVE, side
    if kind in (Kind.SYNKINESIS, Kind.VOLUNTARY, Kind.ORAL):
        return kind, side
    return kind, "both"


def _core(atoms: list[DecidedAtom], near: int) -> list[DecidedAtom]:
    """The atoms that are a spasm or a twitch more probably than not, and those that touch a spasm: others of the group do not move its
    edges.

    It begins with the first that looks like one by itself: what is called a spasm for its neighbours' sake alone may be the blink
    or the syllable just before.
    """
    sure = [a for a in atoms if a.decision.kind == Kind.SPASM]
    core = [
        a
        for a in atoms
        if _ectopic(a.decision.probability) >= 0.5
        or any(a.first - s.end <= near and s.first - a.end <= near for s in sure)
    ]
    clear = [a.first for a in core if _ectopic(a.decision.alone) >= CLEAR_FROM]
    return [a for a in core if a.first >= min(clear)] if clear else core


def _ectopic(probability: NDArray[np.float64]) -> float:
    """That of a spasm or a twitch."""
    return float(probability[SPASM] + probability[TWITCH])


def _joined(bursts: Iterable[tuple[int, float, float, float]]) -> list[tuple[int, float, float, float]]:
    """Bursts of one channel that touch or overlap become one; by start, then channel."""
    by_channel: dict[int, list[tuple[float, float, float]]] = {}
    for channel, start, end, peak in bursts:
        by_channel.setdefault(channel, []).append((start, end, peak))
    joined: list[tuple[int, float, float, float]] = []
    for channel, pieces in by_channel.items():
        pieces.sort()
        start, end, peak = pieces[0]
        for s, t, p in pieces[1:]:
            if s <= end + 0.02:
                end, peak = max(end, t), max(peak, p)
            else:
                joined.append((channel, start, end, peak))
                start, end, peak = s, t, p
        joined.append((channel, start, end, peak))
    return sorted(joined, key=lambda b: (b[1], b[0]))
