"""One simulated person under stated conditions, analysed and scored: what `make accuracy` does many times.

A trial is a pure function of the subject and the conditions, so that trials run in any order, in any number of processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.calibration_trials import attentive, calibrate
from benchmarks.subjects import DrawnSubject
from calibration.profile import CalibrationProfile
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.burden import Burden
from hfs_emg.evaluate import Found, score
from hfs_emg.events import Episode, Kind
from hfs_emg.intervals import Estimate
from hfs_emg.matching import match_one_to_one, partners
from hfs_emg.model import Block
from hfs_emg.scores import KindScore, SpasmCounts
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.phenotypes import PHENOTYPES
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.subjects import draw_subject
from hfs_emg.simulation.truth import TrueEpisode, Truth

STEP_SAMPLES = 15_000
AT_REST_S = 0.35
"""A spasm sets out from rest when nothing else moved in so long before its onset: a blink and its decay."""
LOSS_LENGTH_S = 0.04
"""Mean length of a drop-out: a radio that is shadowed loses several packets in a row."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is changed about a drawn person; None: as drawn. Happenings stay the same, because they hang on the seed alone."""

    noise_factor: float | None = None
    """On electrode noise and resting tone."""
    crosstalk_across: float | None = None
    crosstalk_along: float | None = None
    mains_uv: float | None = None
    loss: float = 0.0
    """Share of samples lost, in drop-outs (Gilbert, Bell Syst. Tech. J. 39:1253, 1960)."""
    rate_hz: float | None = None
    channels: int | None = None
    calibrated: bool = False
    """Analysed with the profile of a calibration of the same person just before."""

    def applied(self, scenario: Scenario) -> Scenario:
        """The person under these conditions."""
        noise, anatomy, mains = scenario.noise, scenario.anatomy, scenario.mains
        if self.noise_factor is not None:
            noise = msgspec.structs.replace(
                noise, electrode_uv=self.noise_factor * noise.electrode_uv, tone_uv=self.noise_factor * noise.tone_uv
            )
        if self.crosstalk_across is not None:
            anatomy = msgspec.structs.replace(anatomy, crosstalk_across=self.crosstalk_across)
        if self.crosstalk_along is not None:
            anatomy = msgspec.structs.replace(anatomy, crosstalk_along=self.crosstalk_along)
        if self.mains_uv is not None:
            mains = msgspec.structs.replace(mains, level_uv=self.mains_uv)
        return msgspec.structs.replace(scenario, noise=noise, anatomy=anatomy, mains=mains)


AS_DRAWN = Conditions()


@dataclass(frozen=True, slots=True)
class Trial:
    """One person under one set of conditions."""

    subject: DrawnSubject
    conditions: Conditions = AS_DRAWN


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


def run_trial(trial: Trial, model: bytes | None = None) -> Outcome:
    """Simulate, analyse by a model file's content (None: the program's own), score."""
    subject, conditions = trial.subject, trial.conditions
    scenario = conditions.applied(draw_subject(subject.seed, subject.phenotype, subject.leaky))
    rate_hz = conditions.rate_hz or scenario.suggested_rate_hz
    channels = conditions.channels or scenario.suggested_channels
    face = SimulatedFace(scenario, seed=subject.seed, rate_hz=rate_hz, channels=channels)
    profile = None
    if conditions.calibrated:
        sitting = calibrate(attentive(scenario), "full", seed=subject.seed, rate_hz=rate_hz, channels=channels)
        profile = sitting.profile
    burden = analysed(face, subject.duration_s, conditions.loss, model, profile)
    found = Found(
        f"{subject.phenotype}-{subject.seed}",
        subject.duration_s,
        burden.valid_s(subject.duration_s),
        tuple(burden.episodes),
    )
    return outcome_of(subject, scenario, face, found, burden.episodes)


def outcome_of(
    subject: DrawnSubject, scenario: Scenario, face: SimulatedFace, found: Found, episodes: Sequence[Episode]
) -> Outcome:
    """Everything that is counted about one trial."""
    truth = face.truth(subject.duration_s)
    scores = score([(found, truth)])
    fates = Fates(truth, episodes)
    bins = [
        (b.episodes, b.episodes * (b.mean_confidence or 0.0), b.episodes * (b.share_right or 0.0))
        for b in scores.calibration.bins
    ]
    return Outcome(
        phenotype=subject.phenotype,
        seed=subject.seed,
        has_spasm=PHENOTYPES[subject.phenotype].has_spasm,
        rate_hz=face.signal.rate_hz,
        channels=len(face.signal.inputs),
        duration_s=subject.duration_s,
        valid_h=scores.valid_h,
        snr_db=_snr_db(scenario, face),
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


def analysed(
    face: SimulatedFace,
    duration_s: float,
    loss: float = 0.0,
    model: bytes | None = None,
    profile: CalibrationProfile | None = None,
) -> Burden:
    """The face's signal through the analyser; what is lost is filled with the last value, as acquisition does."""
    rate = face.signal.rate_hz
    samples = int(duration_s * rate)
    lost = drop_outs(samples, loss, LOSS_LENGTH_S * rate, face.seed)
    analyzer, burden = Analyzer(face.signal, face.montage, model=model, profile=profile), Burden(face.montage)
    before = np.zeros((1, len(face.signal.inputs)), np.int32)
    for start in range(0, samples, STEP_SAMPLES):
        n = min(STEP_SAMPLES, samples - start)
        gone = lost[start : start + n]
        counts = np.concatenate([before, face.read(start, n)])
        kept = np.maximum.accumulate(np.where(np.concatenate([[False], gone]), 0, np.arange(n + 1)))
        counts = counts[kept]
        before = counts[-1:]
        burden.add(analyzer.push(Block(start, counts[1:], gone, np.zeros((n, 0), np.int32))))
    burden.add(analyzer.finish())
    return burden


def drop_outs(samples: int, share: float, length: float, seed: int) -> NDArray[np.bool_]:
    """Gilbert's two states: this share of samples is lost, in runs of this mean length. The first one never is."""
    lost = np.zeros(samples, np.bool_)
    if share <= 0:
        return lost
    rng = np.random.default_rng((seed, 1253))
    length = max(1.0, length)
    kept_length = length * (1 - share) / share
    at = int(rng.geometric(min(1.0, 1 / kept_length)))
    while at < samples:
        run = int(rng.geometric(1 / length))
        lost[at : at + run] = True
        at += run + int(rng.geometric(min(1.0, 1 / kept_length)))
    return lost


def _from_rest(spasm: TrueEpisode, truth: Truth) -> bool:
    return not any(
        e is not spasm and e.start_s <= spasm.start_s and e.end_s > spasm.start_s - AT_REST_S for e in truth.episodes
    )


def _snr_db(scenario: Scenario, face: SimulatedFace) -> float | None:
    """Of the person: how loud spasms are at the lid against the median channel's noise from 20 Hz up."""
    if not scenario.spasms:
        return None
    level_uv = float(np.mean([s.amplitude_uv * s.lid for s in scenario.spasms])) * scenario.anatomy.amplitude
    return float(20 * np.log10(level_uv / np.median(face.quiet_rms_uv)))


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
