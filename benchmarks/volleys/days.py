"""What a person does in a quarter of an hour: occupations one after the other, each as often as the plan says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.volleys.mouth import chewing, speech, swallow, yawn
from benchmarks.volleys.movements import MOVEMENTS, movement, synkinetic_movement
from benchmarks.volleys.sheet import Sheet
from calibration.montage import Side

QUIET: Mapping[str, float] = {"smile": 0.3, "swallow": 0.4, "brow": 0.15, "speech": 0.2, "frown": 0.1}
"""Occupations a minute of somebody who watches a film."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How a person does things. weak: a side with synkinesis, and its gain; chewing_bias: see `chewing`, on the affected side."""

    speech_s: tuple[float, float] = (6, 30)
    weak: tuple[Side, float] | None = None
    chewing_bias: float | None = None
    wink_side: Side | None = None


def day(sheet: Sheet, plan: Mapping[str, float], ways: Ways = Ways()) -> None:
    """Fill the recording. plan: occupations a minute of free time."""
    rng = sheet.rng
    names, rates = list(plan), np.array(list(plan.values()), np.float64)
    t = float(rng.exponential(60 / rates.sum()))
    while t < sheet.duration_s - 10:
        t = _occupy(sheet, str(rng.choice(names, p=rates / rates.sum())), t, ways)
        t += 0.6 + float(rng.exponential(60 / rates.sum()))


def _occupy(sheet: Sheet, name: str, t: float, ways: Ways) -> float:
    rng = sheet.rng
    left_s = sheet.duration_s - 4 - t
    if name == "speech":
        return speech(sheet, t, min(left_s, float(rng.uniform(*ways.speech_s))))
    if name == "chewing":
        length = float(np.clip(rng.lognormal(np.log(13), 0.7), 3, 35))
        return chewing(sheet, t, min(left_s, length), bias=ways.chewing_bias)
    if name == "swallow":
        return swallow(sheet, t)
    if name == "yawn":
        return yawn(sheet, t)
    if ways.weak is not None and not MOVEMENTS[name].one_sided:
        return synkinetic_movement(sheet, name, t, *ways.weak)
    return movement(sheet, name, t, side=ways.wink_side)
