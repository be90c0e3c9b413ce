"""One calibration of one simulated person, in virtual time and without a wire: what was found, and what the simulation had put in.

The person follows the prompts; electrodes are as a trial wants them. Truth is what the muscles that were asked for give at each electrode
by themselves (no noise, no spasm, no blink of its own accord), in the same band with the same hum notched out, by the same definition of a
level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
from numpy.typing import NDArray

from calibration.blinks import alike, find_blinks
from calibration.envelope import Envelope
from calibration.estimate import Circumstances, profile_of, rest_of
from calibration.guards import guards
from calibration.montage import Montage, Side, Site
from calibration.procedure import BEST_S, Observation, Procedure
from calibration.profile import CalibrationProfile
from calibration.quiet import RestLevels
from calibration.repetitions import best_power
from calibration.tasks import sequence
from hfs_emg.contact import ContactWatch
from hfs_emg.envelopes import EnvelopeStream
from hfs_emg.model import Block
from hfs_emg.simulation.anatomy import MUSCLE_INDEX
from hfs_emg.simulation.background import Background
from hfs_emg.simulation.cooperation import Cooperation, ElectrodeFault
from hfs_emg.simulation.cooperative import SITTING_S, CooperativeFace, requested
from hfs_emg.simulation.front_end import MICROVOLTS_PER_COUNT
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.settings import Electrodes, Expressions, Meals, Speech
from hfs_emg.simulation.subjects import draw_subject
from hfs_emg.simulation.wish import Wish

MORNING = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
BLOCK = 48
SIDES_EXCHANGED = ((1, 5), (2, 6), (3, 7), (4, 8))
PHENOTYPES = ("rest", "moderate", "rest", "early", "rest", "blink-triggered", "rest", "synkinesis", "rest", "moderate")
MOST_GEL_UV = 3.0
"""Electrodes with gel show 1–3 µV over 20–450 Hz; more is a dry electrode."""


@dataclass(frozen=True, slots=True)
class Found:
    """One calibration."""

    face: CooperativeFace
    profile: CalibrationProfile
    observation: Observation
    rest: RestLevels


def person(seed: int, cooperation: Cooperation | None = None) -> Scenario:
    """The person of a seed who cooperates, all electrodes in order: half healthy, half with spasms or synkinesis."""
    drawn = draw_subject(seed, PHENOTYPES[seed % len(PHENOTYPES)])
    noise = msgspec.structs.replace(
        drawn.noise, electrode_uv=min(drawn.noise.electrode_uv, MOST_GEL_UV), spread=min(drawn.noise.spread, 0.3)
    )
    return attentive(msgspec.structs.replace(drawn, noise=noise), cooperation)


def attentive(scenario: Scenario, cooperation: Cooperation | None = None) -> Scenario:
    """The same person while being calibrated: does what is asked and nothing else on purpose, electrodes fresh."""
    return msgspec.structs.replace(
        scenario,
        expressions=Expressions(amplitude=scenario.expressions.amplitude),
        speech=Speech(),
        meals=Meals(),
        electrodes=Electrodes(ecg_uv=scenario.electrodes.ecg_uv),
        sleep=None,
        cooperation=cooperation or Cooperation(),
    )


def with_fault(scenario: Scenario, kind: str, number: int) -> Scenario:
    """The same person with one pair of electrodes bad."""
    fault = ElectrodeFault(input=number, kind=kind)  # type: ignore[arg-type]
    return msgspec.structs.replace(scenario, cooperation=Cooperation(electrodes=(fault,)))


def calibrate(
    scenario: Scenario,
    length: str = "full",
    *,
    seed: int = 0,
    rate_hz: float = 250.0,
    channels: int = 8,
    reading: bool = False,
    last: CalibrationProfile | None = None,
    sitting: int = 0,
) -> Found:
    """Guide this person through a sequence. sitting: the same wear so many quarters of an hour later; last: the profile to compare with."""
    face = CooperativeFace(scenario, seed=seed, rate_hz=rate_hz, channels=channels, sitting=sitting)
    montage = face.base.montage
    stream, watch = EnvelopeStream(face.signal, montage), ContactWatch(face.signal, montage)
    procedure = Procedure(sequence(length, reading=reading), montage, stream.clock)
    hum: list[NDArray[np.float64]] = []
    at, cue = 0, 0
    while not procedure.done:
        block = _block(at, face.read(at, BLOCK))
        at = block.end
        steps = stream.push(block)
        if steps is not None:
            procedure.push(steps)
        if watch.push(block):
            hum.append(watch.hum_uv)
        prompt = procedure.prompt
        if prompt.phase == "do" and prompt.cue != cue and prompt.task is not None:
            cue = prompt.cue
            face.follow(Wish(prompt.task.name, prompt.hold_s))
    seen = procedure.observation()
    told = Circumstances(
        "S1",
        MORNING + timedelta(seconds=sitting * SITTING_S),
        "benchmark",
        True,
        length,
        stream.band_hz,
        stream.mains_hz,
    )
    profile, rest = profile_of(seen, told), rest_of(seen)
    assert rest is not None
    cautions = guards(seen, rest, profile, last, np.median(hum, axis=0))
    return Found(face, replace(profile, cautions=cautions), seen, rest)


def _block(start: int, counts: NDArray[np.int32]) -> Block:
    n = len(counts)
    return Block(start, counts, np.zeros(n, np.bool_), np.zeros((n, 0), np.int32))


# Truth


def true_observation(found: Found) -> Observation:
    """What the same repetitions would have shown of the muscles alone."""
    face, seen = found.face, found.observation
    samples = len(seen.envelope.products) * seen.clock.samples
    waves = [wave for doing in face.doings for wave in face.waves_of(doing)]
    microvolts = requested(waves, 0, samples, len(face.signal.inputs)) + _hum(face, samples)
    return replace(seen, envelope=_through_the_band(found, microvolts))


def true_rest_uv(found: Found, seconds: int = 60) -> NDArray[np.float64]:
    """(channels,) RMS in the band of electrode noise and resting tone alone."""
    face, rate = found.face, found.face.signal.rate_hz
    length = int(10 * rate)
    background = Background(face.scenario, face.base.anatomy, rate, length, face.base.seed)
    noise = np.concatenate([background.noise(k) for k in range(seconds // 10)], axis=1).T
    settled = round(6.0 / found.observation.clock.step_s)
    return np.asarray(np.sqrt(_through_the_band(found, noise + _hum(face, len(noise))).power[settled:].mean(axis=0)))


def _hum(face: CooperativeFace, samples: int) -> NDArray[np.float64]:
    """(samples, inputs): the mains alone, so that the same lines are notched."""
    return face.base.hum(0, samples)


def _through_the_band(found: Found, microvolts: NDArray[np.float64]) -> Envelope:
    stream = EnvelopeStream(found.face.signal, found.observation.montage)
    steps = stream.push(_block(0, np.rint(microvolts / MICROVOLTS_PER_COUNT).astype(np.int32)))
    assert steps is not None
    return steps


def true_levels(alone: Observation) -> list[dict[str, float]]:
    """By channel: the level of each task over the repetitions that counted."""
    steps = alone.clock.steps(BEST_S)
    levels: list[dict[str, float]] = [{} for _ in alone.montage.channels]
    for result in alone.results:
        if result.task.kind != "hold" or not result.counted:
            continue
        best = [
            np.sqrt(best_power((p := alone.envelope.part(r.start, r.end).power), np.ones(len(p), np.bool_), steps))
            for r in result.counted
        ]
        for i, level in enumerate(np.median(best, axis=0)):
            levels[i][result.task.name] = float(level)
    return levels


def true_blink_ratio(found: Found, alone: Observation) -> float | None:
    """Right over left of the eyelids' muscles in the blinks that were asked for and counted."""
    result = alone.result("blinks")
    left, right = (alone.montage.index(side, Site.ORBICULARIS_OCULI) for side in Side)
    if result is None or left is None or right is None:
        return None
    seen = find_blinks(found.observation, found.rest, result.task.hold_s)
    counted = {b.cue for b in alike(seen, left, right)}
    blinks = find_blinks(alone, replace(found.rest, power=found.rest.power * 1e-2), result.task.hold_s)
    ratios = [math.log(b.levels_uv[right] / b.levels_uv[left]) for b in blinks if b.cue in counted]
    return float(np.exp(np.mean(ratios))) if ratios else None


def true_crosstalk(face: CooperativeFace, montage: Montage) -> NDArray[np.float64]:
    """(channels, channels): as `calibration.crosstalk` defines it, from the face's own mixing."""
    mixing = face.base.anatomy.mixing
    rows = [MUSCLE_INDEX[c.side, c.site] for c in montage.channels]
    inputs = [c.input for c in montage.channels]
    own: Sequence[float] = [mixing[m, i] for m, i in zip(rows, inputs, strict=True)]
    return np.asarray(mixing[np.ix_(rows, inputs)] / np.array(own)[:, None])
