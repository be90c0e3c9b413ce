"""One simulated person under stated conditions, analysed and scored: what `make accuracy` does many times.

A trial is a pure function of the subject and the conditions, so that trials run in any order, in any number of processes.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.calibration_trials import attentive, calibrate
from benchmarks.outcomes import Outcome, Person, outcome_of
from benchmarks.subjects import DrawnSubject
from calibration.profile import CalibrationProfile
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.burden import Burden
from hfs_emg.evaluate import Found
from hfs_emg.model import Block
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.phenotypes import PHENOTYPES
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.subjects import draw_subject

STEP_SAMPLES = 15_000
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
    person = Person(
        subject.phenotype,
        subject.seed,
        PHENOTYPES[subject.phenotype].has_spasm,
        rate_hz,
        channels,
        _snr_db(scenario, face),
    )
    return outcome_of(person, face.truth(subject.duration_s), found, burden.episodes)


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


def _snr_db(scenario: Scenario, face: SimulatedFace) -> float | None:
    """Of the person: how loud spasms are at the lid against the median channel's noise from 20 Hz up."""
    if not scenario.spasms:
        return None
    level_uv = float(np.mean([s.amplitude_uv * s.lid for s in scenario.spasms])) * scenario.anatomy.amplitude
    return float(20 * np.log10(level_uv / np.median(face.quiet_rms_uv)))
