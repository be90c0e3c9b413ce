"""What an episode is called, and how sure that is: its atoms' decisions together, and what is too doubtful to be named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from hfs_emg.analysis.classify import Decision
from hfs_emg.analysis.decided import DecidedAtom
from hfs_emg.analysis.kinds import CLASSES, SPASM, TWITCH
from hfs_emg.events import KINDS, Kind

_UNDECIDED = "The evidence does not decide ({} {:.0f} %). "
_NOT_YET = "Not clear enough to be named ({} {:.0f} %). "
_AWAY = "One site moves, not the eyelid, and no clear spasm of this side was seen before (twitch {:.0f} %). "
SPASM_FROM = 0.6
"""Below this probability of a spasm the episode is `unsure`: at 0.5 every second one of the doubtful would be false, and F1 is the same."""
FIRST_FROM = 0.8
CLEAR_SPASM = 0.9
"""A spasm must be the more probable (FIRST_FROM) until its side has shown a clear one (CLEAR_SPASM): a face that winks or talks and never
has a spasm makes many doubtful ones, and a face with spasms makes clear ones soon (decision 23).
"""
NAMED_FROM: dict[str, float] = {Kind.BLEPHAROSPASM: 0.55, Kind.VOLUNTARY: 0.45, Kind.ORAL: 0.55}
"""Below this probability the episode is `unsure`: decision 20."""
ONE_SITE_FROM = 0.8
"""Where the second site stays below its threshold, the spasm must be this probable: the face's other spasms have shown it by then. On 312
tuning faces F1 was 0.934 at 0.95, 0.937 at 0.8 and at 0.6, with as many false spasms on faces without at 0.8 as at 0.95, more below."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Kind, probability, and the sentence: all of it, or what stands before the reason of a decision for a kind."""

    kind: Kind
    confidence: float
    words: str
    because: tuple[Decision, str] | None = None


class Verdicts:
    """Those of one stream: what a side has shown counts for what comes after it."""

    def __init__(self, montage: Montage) -> None:
        self._montage = montage
        self._clear: set[str] = set()
        """Sides that have shown a clear spasm."""
        self._can_be_spasm = {s.value: self._pairs(s) >= 2 for s in Side}
        self._lids = {i for i, c in enumerate(montage.channels) if c.site is Site.ORBICULARIS_OCULI}

    def _pairs(self, side: Side) -> int:
        return sum(self._montage.twin(i) is not None for i in self._montage.on(side))

    def of_movement(self, kind: str, atoms: Sequence[DecidedAtom]) -> Verdict:
        """On an episode of any kind but spasm and twitch."""
        table, mean = _evidence(atoms)
        index = CLASSES.index(kind)
        because = atoms[int(np.argmax(table[:, index]))].decision, kind
        sure = _pooled(table[:, index], mean[index])
        if sure >= NAMED_FROM.get(kind, 0.0):
            return Verdict(Kind(kind), sure, "", because)
        return Verdict(Kind.UNSURE, 1 - sure, _UNDECIDED.format(KINDS[Kind(kind)].title, 100 * sure), because)

    def of_one_side(self, side: str, atoms: Sequence[DecidedAtom]) -> Verdict:
        """On what one side does by itself: spasm, twitch, or too doubtful for either."""
        table, mean = _evidence(atoms)
        spasm = _pooled(table[:, SPASM], mean[SPASM])
        best = atoms[int(np.argmax(table[:, SPASM]))].decision
        sites = {c for a in atoms for c in a.channels}
        spasm_atoms = any(a.decision.kind == Kind.SPASM and len(a.channels) >= 2 for a in atoms)
        twitch = float(mean[TWITCH])
        enough = SPASM_FROM if side in self._clear else FIRST_FROM
        if not (spasm_atoms and len(sites) >= 2):
            enough = max(enough, ONE_SITE_FROM)
        if spasm >= enough:
            if self._can_be_spasm[side]:
                if spasm >= CLEAR_SPASM:
                    self._clear.add(side)
                return Verdict(Kind.SPASM, spasm, "", (best, Kind.SPASM))
            return Verdict(Kind.UNSURE, 1 - spasm, self._why_not(side))
        if twitch >= max(spasm, 1 - twitch - spasm) or (len(sites) == 1 and twitch + spasm >= 0.5):
            sure = min(1.0, twitch + (spasm if len(sites) == 1 else 0.0))
            if self._can_twitch(side, sites):
                return Verdict(Kind.TWITCH, sure, "", (best, Kind.TWITCH))
            return Verdict(Kind.UNSURE, 1 - sure, _AWAY.format(100 * sure), (best, Kind.TWITCH))
        words = _UNDECIDED if spasm < SPASM_FROM else _NOT_YET
        return Verdict(Kind.UNSURE, 1 - max(spasm, twitch), words.format("spasm", 100 * spasm), (best, Kind.SPASM))

    def _can_twitch(self, side: str, channels: set[int]) -> bool:
        """Hemifacial spasm sets in at the eyelid, and so does benign myokymia: where something else moves alone, it is more often a
        syllable, a bite or the tone of an old palsy, unless the side has shown what it does (decision 25).
        """
        seen = self._lids.intersection(self._montage.on(Side(side)))
        return not seen or bool(seen & channels) or side in self._clear

    def _why_not(self, side: str) -> str:
        if not self._montage.on(Side(side).other):
            return "One-sidedness cannot be seen: the other side has no electrode."
        return "A spasm cannot be told: a second site with its twin on the other side is missing."


def _evidence(atoms: Sequence[DecidedAtom]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(atoms, classes) probabilities, and their mean by the atoms' weights, (classes,)."""
    weights = np.array([a.weight for a in atoms])
    table = np.stack([a.decision.probability for a in atoms])
    return table, np.asarray((table * weights[:, None]).sum(axis=0) / weights.sum())


def _pooled(each: NDArray[np.float64], mean: float) -> float:
    """Between the strongest evidence and the weighted mean: one good look counts, doubtful company lowers it."""
    return float(0.5 * (each.max() + mean))
