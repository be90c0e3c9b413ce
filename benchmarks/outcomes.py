"""What a trial gave: everything that is counted about one analysed recording whose truth is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from hfs_emg.evaluate import Found, score
from hfs_emg.events import Episode, Kind
from hfs_emg.intervals import Estimate
from hfs_emg.matching import match_one_to_one, partners
from hfs_emg.scores import KindScore, SpasmCounts
from hfs_emg.simulation.truth import TrueEpisode, Truth

AT_REST_S = 0.35
"""A spasm sets out from rest when nothing else moved in so long before its onset: a blink and its decay."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a recording is of. snr_db: median lid amplitude of the spasms over the channels' noise, None where it is not known."""

    phenotype: str
    seed: int
    has_spasm: bool
    rate_hz: float
    channels: int
    snr_db: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial gave. snr_db: median lid amplitude of the spasms over the channels' noise, None without spasms.

    onset_errors_s: found minus true. provisional_s and settled_s: from the true onset of a matched spasm until it was first
    shown as one (None: not before it was final) and until it was final. false_on and missed_as: what false and missed
    spasms were. true_spasms: also those that show at one site at most. alarms: confidence of each false spasm.
    """

    phenotype: str
    seed: int
    has_spasm: bool
    rate_hz: float
    channels: int
    duration_s: float
    valid_h: float
    snr_db: float | None
    true_spasms: int
    spasms: SpasmCounts
    f1: Estimate
    spasm_time_relative: float | None
    kinds: tuple[KindScore, ...]
    confusion: NDArray[np.int64]
    claims: NDArray[np.float64]
    """(bins, 3) found spasms per bin of confidence: how many, sum of their confidence, how many were right."""
    onset_errors_s: tuple[float, ...] = ()
    from_rest: tuple[bool, ...] = ()
    """Of each matched spasm: whether the rest of the face was at rest when it set out."""
    provisional_s: tuple[float | None, ...] = ()
    settled_s: tuple[float, ...] = ()
    false_on: Counter[str] = field(default_factory=Counter)
    missed_as: Counter[str] = field(default_factory=Counter)
    alarms: tuple[float, ...] = ()


def outcome_of(person: Person, truth: Truth, found: Found, episodes: Sequence[Episode]) -> Outcome:
    """Everything that is counted about one trial."""
    scores = score([(found, truth)])
    fates = Fates(truth, episodes)
    bins = [
        (b.episodes, b.episodes * (b.mean_confidence or 0.0), b.episodes * (b.share_right or 0.0))
        for b in scores.calibration.bins
    ]
    return Outcome(
        **asdict(person),
        duration_s=found.duration_s,
        valid_h=scores.valid_h,
        true_spasms=scores.spasms.true + scores.spasms.not_counted_true,
        spasms=scores.spasms,
        f1=scores.f1,
        spasm_time_relative=scores.spasm_time[0].relative,
        kinds=scores.kinds,
        confusion=np.array(scores.confusion.counts, np.int64),
        claims=np.array(bins),
        onset_errors_s=tuple(c.start_s - t.start_s for t, c in fates.pairs),
        from_rest=tuple(_from_rest(t, truth) for t, _ in fates.pairs),
        provisional_s=tuple(
            None if c.first_provisional_s is None else c.first_provisional_s - t.start_s for t, c in fates.pairs
        ),
        settled_s=tuple(c.settled_s - t.start_s for t, c in fates.pairs),
        false_on=fates.false_on(),
        missed_as=fates.missed_as(),
        alarms=tuple(c.confidence for c in fates.false),
    )


def _from_rest(spasm: TrueEpisode, truth: Truth) -> bool:
    return not any(
        e is not spasm and e.start_s <= spasm.start_s and e.end_s > spasm.start_s - AT_REST_S for e in truth.episodes
    )


class Fates:
    """What became of each spasm, by the rules of `hfs_emg.evaluate`."""

    def __init__(self, truth: Truth, episodes: Sequence[Episode]) -> None:
        self._truth, self._episodes = truth.episodes, episodes
        spasms = [e for e in truth.episodes if e.kind is Kind.SPASM]
        counted = [e for e in spasms if len(e.visible_sites) > 1]
        faint = [e for e in spasms if len(e.visible_sites) <= 1]
        faint += [e for e in truth.episodes if e.kind is Kind.TWITCH and e.label.startswith("spasm")]
        claims = [e for e in episodes if e.kind is Kind.SPASM]
        near = partners(counted, claims)
        same_side = [[j for j in js if claims[j].side == t.side] for t, js in zip(counted, near, strict=True)]
        matched = match_one_to_one(same_side)
        self.pairs = [(counted[i], claims[j]) for i, j in matched.items()]
        self.missed = [t for i, t in enumerate(counted) if i not in matched]
        rest = [c for j, c in enumerate(claims) if j not in set(matched.values())]
        excused = [any(faint[i].side == c.side for i in js) for c, js in zip(rest, partners(rest, faint), strict=True)]
        self.false = [c for c, free in zip(rest, excused, strict=True) if not free]

    def false_on(self) -> Counter[str]:
        """The finer label of what each false spasm lies on most."""
        return Counter(
            _what_it_was(claim, [self._truth[i] for i in near])
            for claim, near in zip(self.false, partners(self.false, self._truth), strict=True)
        )

    def missed_as(self) -> Counter[str]:
        """The kind of what was found where a spasm was missed."""
        return Counter(
            _what_was_found(true, [self._episodes[j] for j in near])
            for true, near in zip(self.missed, partners(self.missed, self._episodes), strict=True)
        )


def _what_it_was(claim: Episode, near: Sequence[TrueEpisode]) -> str:
    if not near:
        return "nothing"
    spasms = [t for t in near if t.kind is Kind.SPASM]
    if any(t.side == claim.side for t in spasms):
        return "a second piece of a spasm"
    return "a spasm of the other side" if spasms and near[0].kind is Kind.SPASM else near[0].label.replace("_", " ")


def _what_was_found(true: TrueEpisode, near: Sequence[Episode]) -> str:
    if not near:
        return "nothing"
    spasms = [e for e in near if e.kind is Kind.SPASM]
    if any(e.side == true.side for e in spasms):
        return "one episode with a neighbour"
    if spasms:
        return "spasm of the other side"
    return near[0].kind.value
