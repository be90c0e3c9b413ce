"""Ten blinks on request: how the two sides compare, which lags, and what else moves along.

Each blink is found by its orbicularis oculi between one request and the next; its level is the RMS above rest over its length. One blink's
lag is drowned by the noise of its two envelopes, so that all of them are correlated together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from calibration.envelope import Floats
from calibration.montage import Side, Site
from calibration.procedure import Observation
from calibration.quiet import RestLevels

_STRONG = 3.0
"""A blink's peak (24 ms) in multiples of the rest RMS."""
_LONGEST_S = 0.4
_EDGE = 0.1
"""Of the peak's power: where a blink begins and ends."""
ALIKE = math.log(2.0)
"""Of right over left in one blink, to the median of all: three times its scatter, 0.24 by the noise of 0.15 s of signal on either side."""
_REACH_S = 0.05
"""Within which one side may follow the other."""


@dataclass(frozen=True, slots=True)
class Blink:
    """One blink. cue: step of the request that it followed. levels_uv (channels,): RMS above rest over its length. likeness: how like the
    right eye's envelope is to the left one's, by frames of delay from −reach to +reach; None unless both eyes were seen.
    """

    cue: int
    levels_uv: Floats
    likeness: Floats | None


def find_blinks(seen: Observation, rest: RestLevels, within_s: float) -> list[Blink]:
    """The blink that follows each request, within within_s of it; requests that none followed are left out."""
    eyes = [i for side in Side if (i := seen.montage.index(side, Site.ORBICULARIS_OCULI)) is not None]
    found: list[Blink] = []
    for cue in seen.cues if eyes else ():
        part = seen.envelope.part(cue, cue + seen.clock.steps(within_s))
        if not len(part.products) or part.bad[:, eyes].any(axis=1).mean() > 0.3:
            continue
        frames = part.frames.transpose(1, 0, 2).reshape(part.frames.shape[1], -1)
        blink = _blink(cue, frames, eyes, rest, seen.clock.frame_s)
        if blink is not None:
            found.append(blink)
    return found


def alike(blinks: list[Blink], left: int, right: int) -> list[Blink]:
    """Blinks in which both eyes (channels) took part as in the others: where one did twice its part, a spasm came along.

    All of them when one eye mostly takes no part at all.
    """
    both = [b for b in blinks if min(b.levels_uv[left], b.levels_uv[right]) > 0]
    if 2 * len(both) <= len(blinks):
        return blinks
    logs = np.array([math.log(b.levels_uv[right] / b.levels_uv[left]) for b in both])
    near = np.abs(logs - np.median(logs)) <= ALIKE
    return [b for b, close in zip(both, near, strict=True) if close]


def common_lag_s(blinks: list[Blink], frame_s: float) -> float | None:
    """By how much the right eye follows the left over all blinks: peak of the summed likeness, between frames by a parabola."""
    scores = [b.likeness for b in blinks if b.likeness is not None]
    if not scores:
        return None
    score = np.sum(scores, axis=0)
    best = int(np.clip(np.argmax(score), 1, len(score) - 2))
    low, mid, high = score[best - 1 : best + 2]
    bend = low - 2 * mid + high
    return float((best - len(score) // 2 + (0.5 * (low - high) / bend if bend < 0 else 0.0)) * frame_s)


def _blink(cue: int, frames: Floats, eyes: list[int], rest: RestLevels, frame_s: float) -> Blink | None:
    """The strongest blink in these frames (channels, n)."""
    smooth = _smoothed(frames, 3)
    drive = (smooth[eyes] / rest.power[eyes, None]).max(axis=0)
    peak = int(np.argmax(drive))
    if drive[peak] < _STRONG**2:
        return None
    reach = int(_LONGEST_S / 2 / frame_s)
    low = drive < max(_EDGE * drive[peak], 2.0)
    before = np.flatnonzero(low[max(0, peak - reach) : peak])
    after = np.flatnonzero(low[peak : peak + reach])
    start = max(0, peak - reach) + (int(before[-1]) if len(before) else 0)
    end = min(peak + (int(after[0]) + 1 if len(after) else reach), frames.shape[1])
    power = frames[:, start:end].mean(axis=1) - rest.power
    both = len(eyes) == 2 and (smooth[eyes, start:end].max(axis=1) > _STRONG**2 * rest.power[eyes]).all()
    margin = round(_REACH_S / frame_s)
    shapes = _smoothed(frames, 7)[:, max(0, start - 2 * margin) : end + 2 * margin]
    likeness = _likeness(np.sqrt(shapes[eyes[0]]), np.sqrt(shapes[eyes[1]]), margin) if both else None
    return Blink(cue, np.sqrt(np.maximum(power, 0.0)), likeness)


def _smoothed(frames: Floats, width: int) -> Floats:
    """Mean over `width` neighbouring frames, an odd number."""
    half = width // 2
    padded = np.pad(frames, ((0, 0), (half, half)), mode="edge")
    n = frames.shape[1]
    return np.asarray(sum(padded[:, k : k + n] for k in range(width)) / width)


def _likeness(left: Floats, right: Floats, reach: int) -> Floats:
    """Correlation of both envelopes for each delay of the right one from −reach to reach."""
    a, b = left - left.mean(), right - right.mean()
    a, b = a / np.sqrt((a * a).sum()), b / np.sqrt((b * b).sum())
    padded = np.pad(b, reach)
    return np.array([(a * padded[s : s + len(a)]).sum() for s in range(2 * reach + 1)])
