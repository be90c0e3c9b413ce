"""What is wrong with a set-up, told from a calibration: each finding says how sure it is and what to do.

Evidence is compared with what good set-ups show; the figures are those of gel electrodes on simulated faces, see docs/calibration.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from calibration.envelope import Floats
from calibration.evidence import SAID_FROM, normal_ratio, probability
from calibration.procedure import Observation
from calibration.profile import CalibrationProfile, Caution, ChannelProfile
from calibration.quiet import RestLevels
from calibration.swaps import SAME_WEAR_S, swapped_sides, swapped_sites

ELECTRODE_USUAL = 0.02
"""How often an electrode pair is bad, by assumption."""
_OFTEN_BAD = 0.5
DRIFT = 1.4
"""Rest that changes by this factor within a sequence asks for a new baseline: impedance falls for the first 15 minutes of wear."""
DRIFT_AFTER_S = 90.0
"""Nothing drifts within a minute."""
MOVED_SD = {True: 0.25, False: 0.45}
"""Of the logarithm of a contraction's level from one profile to the next, in the same wear and in another (gains ± 40 %)."""
FLOOR_SD = {True: 0.3, False: 0.45}
_FAR = 2.6
"""Standard deviations from which a change is told: 1 of 100 by chance, among eight channels less than 1 of 10."""


def guards(
    seen: Observation,
    rest: RestLevels,
    profile: CalibrationProfile,
    last: CalibrationProfile | None,
    hum_uv: Floats | None = None,
) -> tuple[Caution, ...]:
    """All findings. last: the newest profile of the same subject and montage; hum_uv (channels,): mains amplitude, where known."""
    electrodes = bad_electrodes(seen, rest, profile, hum_uv)
    silent = frozenset(
        label for c in electrodes if c.guard in ("dead electrode", "bridged electrodes") for label in c.channels
    )
    found = [*electrodes, *swapped_sides(seen, rest, profile, last), *swapped_sites(profile, silent)]
    if last is not None and last.montage == profile.montage and last.rate_hz == profile.rate_hz:
        found += changes(profile, last, frozenset(label for c in found for label in c.channels))
    return (*found, *drift(seen, rest))


def bad_electrodes(
    seen: Observation, rest: RestLevels, profile: CalibrationProfile, hum_uv: Floats | None
) -> list[Caution]:
    """Pairs that are dead, bridged or dry."""
    floors = np.log(rest.uv)
    heard = np.array([max((level.uv for level in c.tasks.values()), default=math.nan) for c in profile.channels])
    bad_share = seen.envelope.bad.mean(axis=0)
    found = []
    for i, row in enumerate(profile.channels):
        others = np.delete(np.arange(len(floors)), i)
        label = row.channel.label
        place = f"{row.channel.side.value} {row.channel.site.words}".capitalize()
        if bad_share[i] > _OFTEN_BAD:
            words = f"{place}: no signal, at the rail or flat for {100 * bad_share[i]:.0f} % of the time"
            found.append(
                Caution("dead electrode", (label,), words, 0.99, "plug the lead in, replace lead or electrode")
            )
            continue
        floor = float(floors[i] - np.median(floors[others])) if len(others) else 0.0
        twin = seen.montage.twin(i)
        beside = heard[twin] if twin is not None else float(np.nanmedian(heard[others])) if len(others) else math.nan
        silence = _log_ratio(heard[i], beside)
        gone = normal_ratio(floor, (-1.6, 0.7), (0.0, 0.5)) + normal_ratio(silence, (-3.0, 0.8), (0.0, 0.6))
        if (sureness := probability(gone, ELECTRODE_USUAL)) > SAID_FROM:
            trace = heard[i] > 3 * rest.uv[i]
            guard = "bridged electrodes" if trace else "dead electrode"
            words = (
                f"{place}: only a trace of the muscle and hardly any noise, as when gel or sweat joins the pair"
                if trace
                else f"{place}: neither muscle nor noise, as with a broken lead"
            )
            remedy = (
                "wipe the skin between the two electrodes" if trace else "plug the lead in, replace lead or electrode"
            )
            found.append(Caution(guard, (label,), words, sureness, remedy))
            continue
        noisy = normal_ratio(floor, (1.7, 0.6), (0.0, 0.5))
        if hum_uv is not None and len(others):
            noisy += normal_ratio(
                _log_ratio(hum_uv[i], float(np.median(hum_uv[others]))), (2.0, 1.2), (0.0, 0.9), most=3.0
            )
        noisy += normal_ratio(math.log(rest.uv[i]), (math.log(5.0), 0.6), (math.log(1.0), 0.6), most=3.0)
        if (sureness := probability(noisy, ELECTRODE_USUAL)) > SAID_FROM:
            words = f"{place}: {rest.uv[i]:.1f} µV of noise at rest, as of a dry or loose electrode"
            found.append(
                Caution("dry electrode", (label,), words, sureness, "press both electrodes, clean the skin, re-gel")
            )
    return found


def changes(profile: CalibrationProfile, last: CalibrationProfile, explained: frozenset[str]) -> list[Caution]:
    """Electrodes that see much more or less than last time, and noise that changed; channels already explained are left out."""
    same_wear = abs((profile.made_utc - last.made_utc).total_seconds()) <= SAME_WEAR_S
    found = []
    rows: tuple[tuple[str, Callable[[ChannelProfile], float | None], float, str, str], ...] = (
        (
            "moved electrode",
            lambda c: None if c.reference is None else c.reference.uv,
            MOVED_SD[same_wear],
            "{place}: sees {times:.2g} times the contraction of the last profile",
            "look whether the electrode sits where it sat; press or replace it",
        ),
        (
            "changed noise floor",
            lambda c: c.rest_uv,
            FLOOR_SD[same_wear],
            "{place}: {times:.2g} times the noise at rest of the last profile",
            "check this electrode's contact, and whether mains equipment was switched on nearby",
        ),
    )
    for guard, figure, sd, words, remedy in rows:
        logs = np.array(
            [_log_ratio(figure(c), figure(d)) for c, d in zip(profile.channels, last.channels, strict=True)]
        )
        known = np.isfinite(logs)
        if known.sum() < 2:
            continue
        # All channels together: another strength, another day. One channel alone: an electrode.
        common = float(np.median(logs[known]))
        for i in np.flatnonzero(known):
            off = float(logs[i] - common)
            row = profile.channels[i]
            if abs(off) < _FAR * sd or row.channel.label in explained:
                continue
            sureness = probability(0.5 * (off / sd) ** 2 - 2.0, ELECTRODE_USUAL)
            if sureness > SAID_FROM:
                place = f"{row.channel.side.value} {row.channel.site.words}".capitalize()
                told = words.format(place=place, times=math.exp(logs[i]))
                found.append(Caution(guard, (row.channel.label,), told, sureness, remedy))
    return found


def drift(seen: Observation, rest: RestLevels) -> list[Caution]:
    """Rest before the later repetitions against the rest of the beginning."""
    before = [r for result in seen.results if result.task.kind == "hold" for r in result.repetitions]
    late = before[len(before) // 2 :]
    length = seen.clock.steps(1.2)
    parts = [seen.envelope.part(max(0, r.start - length), r.start) for r in late]
    power = np.concatenate([p.power[~p.bad.any(axis=1)] for p in parts]) if parts else np.zeros((0, len(rest.power)))
    calm = seen.result("rest")
    if len(power) < 20 or calm is None or not calm.counted or not late:
        return []
    if (late[-1].start - calm.counted[-1].end) * seen.clock.step_s < DRIFT_AFTER_S:
        return []
    at_rest = seen.envelope.part(calm.counted[-1].start, calm.counted[-1].end).power[rest.quiet]
    # The quieter steps of both: between tasks there are spasms and blinks, and muscles that are not wholly relaxed.
    times = np.sqrt(np.quantile(power, 0.25, axis=0) / np.quantile(at_rest, 0.25, axis=0))
    far = np.flatnonzero(np.abs(np.log(times)) > math.log(DRIFT))
    if not len(far):
        return []
    worst = far[np.argmax(np.abs(np.log(times[far])))]
    labels = tuple(seen.montage.channels[i].label for i in far)
    sureness = probability(normal_ratio(abs(math.log(times[worst])), (0.6, 0.25), (0.0, 0.15)), 0.1)
    if sureness < SAID_FROM:
        return []
    words = f"Rest changed to {times[worst]:.2g} times its level within this sequence at {', '.join(labels)}"
    return [
        Caution(
            "drift",
            labels,
            words,
            sureness,
            "wait until the electrodes have been on for 15 minutes, then calibrate again for a new baseline",
        )
    ]


def _log_ratio(a: float | None, b: float | None) -> float:
    """nan when one of them is not there."""
    if a is None or b is None or not (a > 0 and b > 0):
        return math.nan if a is None or b is None or not b > 0 else math.log(1e-3)
    return math.log(a / b)
