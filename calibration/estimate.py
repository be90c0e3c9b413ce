"""From what a sequence saw to a profile: levels, thresholds, symmetry, crosstalk, synkinesis. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from calibration.blinks import alike, common_lag_s, find_blinks
from calibration.crosstalk import Crosstalk, crosstalk
from calibration.envelope import Floats
from calibration.errors import NotMeasured
from calibration.montage import Montage, Side, Site
from calibration.procedure import BEST_S, Observation, TaskResult
from calibration.profile import (
    BlinkProfile,
    CalibrationProfile,
    ChannelProfile,
    Level,
    Synkinesis,
    TaskRecord,
)
from calibration.quiet import RestLevels, rest_levels
from calibration.repetitions import best_power

ON_SPREADS, OFF_SPREADS = 5.0, 2.5
"""Thresholds above rest in spreads of the 50 ms RMS: on at 4–6, off at 2–3 (Hodges & Bui 1996 and after)."""
_SEEN = 3.0
"""A side takes part in a blink, or moves along, from this multiple of its rest RMS on."""
_FEWEST_BLINKS = 3


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a profile says beside its numbers. made_utc timezone-aware."""

    subject: str
    made_utc: datetime
    software: str
    simulated: bool
    sequence: str
    band_hz: tuple[float, float]
    mains_hz: float | None


def profile_of(seen: Observation, told: Circumstances) -> CalibrationProfile:
    """The profile of a sequence. Raises NotMeasured when the face was never at rest: nothing has a scale then."""
    rest = rest_of(seen)
    if rest is None:
        raise NotMeasured(
            "The face was not at rest long enough, and all levels are measured against rest: calibrate again in a calm moment, or see to "
            "the electrodes first."
        )
    levels = {r.task.name: task_levels(seen, r, rest) for r in seen.results}
    across = crosstalk(seen.envelope, repetition_of_steps(seen), rest, seen.clock.step_s)
    return CalibrationProfile(
        subject=told.subject,
        made_utc=told.made_utc,
        software=told.software,
        simulated=told.simulated,
        sequence=told.sequence,
        rate_hz=seen.clock.rate_hz,
        band_hz=told.band_hz,
        mains_hz=told.mains_hz,
        channels=tuple(_channel(seen.montage, i, rest, levels) for i in range(len(seen.montage.channels))),
        blinks=_blinks(seen, rest),
        crosstalk=across.matrix,
        crosstalk_sd=across.sd,
        synkinesis=_synkinesis(seen, rest, across),
        tasks=tuple(_record(r) for r in seen.results),
        cautions=(),
    )


def rest_of(seen: Observation) -> RestLevels | None:
    """Rest over the part that was asked for it, None when it never was quiet."""
    result = seen.result("rest")
    if result is None or not result.counted:
        return None
    last = result.counted[-1]
    found = rest_levels(seen.envelope.part(last.start, last.end))
    return None if found is None else replace(found, power=found.power.copy())


def repetition_of_steps(seen: Observation) -> NDArray[np.int64]:
    """(steps,): number of the repetition that a step belongs to, −1 where nothing was asked for or something spoiled it."""
    groups = np.full(len(seen.envelope.products), -1, np.int64)
    number = 0
    for result in seen.results:
        for r in result.repetitions:
            if result.task.kind == "hold" and r.outcome in ("accepted", "one_side", "wrong_side", "both_sides"):
                groups[r.start : r.end] = np.where(r.clean, number, -1)
                number += 1
            elif result.task.kind == "free":
                # Seconds stand for repetitions in what has none.
                groups[r.start : r.end] = number + np.arange(r.end - r.start) // seen.clock.steps(1.0)
                number = int(groups.max(initial=number)) + 1
    return groups


def task_levels(seen: Observation, result: TaskResult, rest: RestLevels) -> list[Level | None]:
    """By channel: the level of one task, None where nothing counted."""
    if result.task.kind not in ("hold", "free") or not result.counted:
        return [None] * len(rest.power)
    steps = seen.clock.steps(BEST_S)
    best = []
    for r in result.counted:
        power = best_power(seen.envelope.part(r.start, r.end).power, r.clean, steps) - rest.power
        best.append(np.sqrt(np.maximum(power, 0.0)))
    return [_level(column[np.isfinite(column)]) for column in np.array(best).T]


def _level(repetitions: Floats) -> Level | None:
    if not len(repetitions):
        return None
    middle = float(np.median(repetitions))
    return Level(middle, float(1.4826 * np.median(np.abs(repetitions - middle))), len(repetitions))


def _channel(montage: Montage, i: int, rest: RestLevels, levels: dict[str, list[Level | None]]) -> ChannelProfile:
    uv, spread = float(rest.uv[i]), float(rest.spread_uv[i])
    tasks = {name: level for name, found in levels.items() if (level := found[i]) is not None}
    return ChannelProfile(montage.channels[i], uv, spread, uv + ON_SPREADS * spread, uv + OFF_SPREADS * spread, tasks)


def _blinks(seen: Observation, rest: RestLevels) -> BlinkProfile | None:
    result = seen.result("blinks")
    if result is None:
        return None
    found = find_blinks(seen, rest, result.task.hold_s)
    left_eye, right_eye = (seen.montage.index(side, Site.ORBICULARIS_OCULI) for side in Side)
    if left_eye is not None and right_eye is not None:
        found = alike(found, left_eye, right_eye)
    if len(found) < _FEWEST_BLINKS:
        return None
    levels = np.array([b.levels_uv for b in found])
    ratio, spread = {}, {}
    for site in Site:
        left, right = (seen.montage.index(side, site) for side in Side)
        if left is None or right is None:
            continue
        shown = (levels[:, [left, right]] > _SEEN * rest.uv[[left, right]]).all(axis=1)
        if shown.sum() >= _FEWEST_BLINKS:
            logs = np.log(levels[shown, right] / levels[shown, left])
            ratio[site] = float(np.exp(np.mean(logs)))
            spread[site] = float(1.4826 * np.median(np.abs(logs - np.median(logs))))
    return BlinkProfile(len(found), ratio, spread, common_lag_s(found, seen.clock.frame_s))


def _synkinesis(seen: Observation, rest: RestLevels, across: Crosstalk) -> tuple[Synkinesis, ...]:
    """Lower-face sites while the eyes close, the crosstalk of the eyelids taken off."""
    task = next((n for n in ("gentle_closure", "tight_closure") if (r := seen.result(n)) and r.counted), None)
    result = seen.result(task) if task is not None else None
    if task is None or result is None:
        return ()
    power = np.median(
        [seen.envelope.part(r.start, r.end).power[r.clean].mean(axis=0) for r in result.counted if r.clean.any()],
        axis=0,
    )
    over = np.maximum(power - rest.power, 0.0)
    found = []
    for site in Site:
        indices = [seen.montage.index(side, site) for side in Side]
        if not site.lower_face or None in indices:
            continue
        levels = []
        for side, i in zip(Side, indices, strict=True):
            eye = seen.montage.index(side, Site.ORBICULARIS_OCULI)
            arrives = 0.0 if eye is None or i is None else float(across.matrix[eye, i]) ** 2 * over[eye]
            levels.append(float(np.sqrt(max(float(over[i]) - arrives, 0.0))))
        stands_out = max(level / rest.uv[i] for level, i in zip(levels, indices, strict=True)) > _SEEN
        low = max(min(levels), 0.3 * min(float(rest.uv[i]) for i in indices if i is not None))
        found.append(Synkinesis(site, task, levels[0], levels[1], max(levels) / low if stands_out else None))
    return tuple(found)


def _record(result: TaskResult) -> TaskRecord:
    counted = len(result.counted)
    return TaskRecord(result.task.name, result.ending, counted, len(result.repetitions) - counted, result.moved)
