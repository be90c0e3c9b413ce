"""Leads on the wrong place: left for right, or one site for another.

Winks tell sides: the eyelid that is asked for moves, the other one takes 10–40 % part. Without winks only the profile of the same wear can
tell, by what is this person's and these electrodes' own: how the two sides differ at each site. Sites are told by which channel answers
which task.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np

from calibration.envelope import Floats
from calibration.evidence import SAID_FROM, probability
from calibration.montage import Side, Site
from calibration.procedure import Observation
from calibration.profile import CalibrationProfile, Caution
from calibration.quiet import RestLevels

USUAL = 0.03
"""How often leads are exchanged: an assumption; a technician's slip in some thirty set-ups."""
WINK_RATIO, WINK_SD = 2.6, 1.1
"""Logarithm of (right/left in a right wink) / (the same in a left wink), and its scatter over people: the other lid takes 10–40 % part."""
DIFFERENCE_SD = 0.17
"""Of the logarithm of right over left, from one sequence to the next in the same wear: strength and measurement."""
SAME_WEAR_S = 4 * 3600.0
"""Later than this the electrodes may have been put on anew, and their gains say nothing of which lead is which."""
_MOST = 5.0
"""What one figure can count for: a side that grew weak must not turn a face round."""

_TEMPLATE: dict[str, dict[Site, float]] = {
    "brow_raise": {
        Site.FRONTALIS: 1.0, Site.ORBICULARIS_OCULI: 0.13, Site.ZYGOMATICUS: 0.04, Site.ORBICULARIS_ORIS: 0.03,
    },
    "tight_closure": {
        Site.FRONTALIS: 0.18, Site.ORBICULARIS_OCULI: 1.0, Site.ZYGOMATICUS: 0.38, Site.ORBICULARIS_ORIS: 0.13,
    },
    "smile": {
        Site.FRONTALIS: 0.06, Site.ORBICULARIS_OCULI: 0.3, Site.ZYGOMATICUS: 1.0, Site.ORBICULARIS_ORIS: 0.36,
    },
    "pucker": {
        Site.FRONTALIS: 0.04, Site.ORBICULARIS_OCULI: 0.06, Site.ZYGOMATICUS: 0.18, Site.ORBICULARIS_ORIS: 1.0,
    },
}  # fmt: skip
"""What each site shows of a task, relative to the leading one: co-activation and crosstalk of an ordinary face."""
_TEMPLATE_SD = 0.75
_SWAPPED_SITES_USUAL = 0.02


def swapped_sides(
    seen: Observation, rest: RestLevels, profile: CalibrationProfile, last: CalibrationProfile | None
) -> list[Caution]:
    """Whether left leads lie on the right, from winks and from the last profile."""
    by_winks = wink_evidence(seen, rest)
    by_last = mirror_evidence(profile, last) if last is not None else None
    if by_winks is None and by_last is None:
        return []
    sureness = probability((by_winks or 0.0) + (by_last or 0.0), USUAL)
    if sureness < SAID_FROM:
        return []
    told = " and ".join(
        word
        for word, evidence in (("the winks", by_winks), ("the profile of before", by_last))
        if evidence is not None and evidence > 0
    )
    return [
        Caution(
            "swapped sides",
            tuple(c.label for c in seen.montage.channels),
            f"Left and right leads seem to be exchanged, by {told}",
            sureness,
            "follow each lead from its electrode to its input, exchange them or correct the montage, and calibrate again",
        )
    ]


def wink_evidence(seen: Observation, rest: RestLevels) -> float | None:
    """Log-likelihood ratio of exchanged against right sides; None without winks or without both eyelids."""
    eyes = [seen.montage.index(side, Site.ORBICULARIS_OCULI) for side in Side]
    left, right = eyes
    if left is None or right is None:
        return None
    ratios = {}
    for side in Side:
        level = _all_attempts(seen, rest, f"wink_{side.value}")
        if level is not None:
            ratios[side] = float(np.log(level[right] / level[left]))
    if not ratios:
        return None
    if len(ratios) == 1:
        ((side, ratio),) = ratios.items()
        half = ratio if side is Side.RIGHT else -ratio
        # Without the other wink the two electrodes' gains are part of the ratio.
        return float(np.clip(-2 * half * (WINK_RATIO / 2) / (WINK_SD**2 / 2 + 0.2), -8.0, 8.0))
    turn = ratios[Side.RIGHT] - ratios[Side.LEFT]
    return float(np.clip(-2 * turn * WINK_RATIO / WINK_SD**2, -12.0, 12.0))


def mirror_evidence(profile: CalibrationProfile, last: CalibrationProfile) -> float | None:
    """Log-likelihood ratio of mirrored against unchanged differences of the sides; None in another wear, or when nothing compares."""
    apart_s = abs((profile.made_utc - last.made_utc).total_seconds())
    if apart_s > SAME_WEAR_S or last.montage != profile.montage:
        return None
    now, before = side_differences(profile), side_differences(last)
    shared = sorted(now.keys() & before.keys())
    if not shared:
        return None
    terms = [-2 * now[name] * before[name] / (2 * DIFFERENCE_SD**2) for name in shared]
    return float(np.clip(np.clip(terms, -_MOST, _MOST).sum(), -12.0, 12.0))


def side_differences(profile: CalibrationProfile) -> dict[str, float]:
    """Logarithms of right over left: rest and each task's level at each site, and blinks."""
    found: dict[str, float] = {}
    for site in Site:
        left, right = (profile.montage.index(side, site) for side in Side)
        if left is None or right is None:
            continue
        a, b = profile.channels[left], profile.channels[right]
        found[f"rest {site}"] = float(np.log(b.rest_uv / a.rest_uv))
        for task in ("tight_closure", "brow_raise", "smile", "pucker"):
            # Only of the site that the task is about: what others show of it is the same electrodes once more.
            if task in a.tasks and task in b.tasks and a.reference is a.tasks[task]:
                low = min(a.tasks[task].uv / a.rest_uv, b.tasks[task].uv / b.rest_uv)
                if low > 1.0:
                    found[f"{task} {site}"] = float(np.log(b.tasks[task].uv / a.tasks[task].uv))
    return found


def swapped_sites(profile: CalibrationProfile, silent: frozenset[str]) -> list[Caution]:
    """Whether leads of one side lie on each other's sites. silent: labels of channels that show nothing, left out."""
    found = []
    for side in Side:
        sites = [
            site
            for site in _TEMPLATE["smile"]
            if (i := profile.montage.index(side, site)) is not None and profile.channels[i].channel.label not in silent
        ]
        answers = _answers(profile, side, sites)
        if len(sites) < 2 or len(answers) < 2:
            continue
        scores = {order: _score(answers, sites, order) for order in permutations(range(len(sites)))}
        own = tuple(range(len(sites)))
        best = max(scores, key=lambda order: scores[order])
        if best == own:
            continue
        sureness = probability(scores[best] - scores[own], _SWAPPED_SITES_USUAL)
        if sureness < SAID_FROM:
            continue
        moved = [i for i in own if best[i] != i]
        labels = tuple(
            profile.channels[j].channel.label for i in moved if (j := profile.montage.index(side, sites[i])) is not None
        )
        names = " and ".join(sites[i].words for i in moved)
        found.append(
            Caution(
                "swapped sites",
                labels,
                f"On the {side.value} side the leads of {names} seem to be exchanged",
                sureness,
                "follow these leads from electrode to input, exchange them or correct the montage, and calibrate again",
            )
        )
    return found


def _answers(profile: CalibrationProfile, side: Side, sites: list[Site]) -> dict[str, Floats]:
    """Logarithm of what each site's channel shows of each task."""
    found = {}
    for task in _TEMPLATE:
        levels = []
        for site in sites:
            i = profile.montage.index(side, site)
            row = profile.channels[i] if i is not None else None
            if row is None or task not in row.tasks:
                break
            levels.append(max(row.tasks[task].uv, 0.5 * row.rest_uv))
        if len(levels) == len(sites):
            found[task] = np.log(np.array(levels))
    return found


def _score(answers: dict[str, Floats], sites: list[Site], order: tuple[int, ...]) -> float:
    """Log-likelihood that the lead of site order[i] lies on site i's channel; each channel's gain and each task's strength are free."""
    rows = np.array([answers[task][list(order)] for task in answers])
    expected = np.log(np.array([[_TEMPLATE[task][site] for site in sites] for task in answers]))
    off = rows - expected
    off = off - np.median(off, axis=1, keepdims=True)
    return float(-0.5 * np.minimum((off / _TEMPLATE_SD) ** 2, 6.0).sum())


def _all_attempts(seen: Observation, rest: RestLevels, name: str) -> Floats | None:
    """(channels,) RMS above rest over every attempt at a task in which something moved."""
    result = seen.result(name)
    wanted = ("accepted", "wrong_side", "both_sides")
    tries = [] if result is None else [r for r in result.repetitions if r.outcome in wanted and r.clean.any()]
    if not tries:
        return None
    levels = [
        np.sqrt(
            np.maximum(seen.envelope.part(r.start, r.end).power[r.clean].mean(axis=0) - rest.power, 0.1 * rest.power)
        )
        for r in tries
    ]
    return np.asarray(np.median(levels, axis=0))
