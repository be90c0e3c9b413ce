"""What a person does in a quarter of an hour: occupations one after the other, each as often as the plan says."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks.strangers.mouth import chewing, speech, swallow, yawn
from benchmarks.strangers.movements import MOVEMENTS, movement, synkinetic_movement
from benchmarks.strangers.sheet import Sheet
from calibration.montage import Side

QUIET: Mapping[str, float] = {"smile": 0.3, "swallow": 0.4, "brow": 0.15, "speech": 0.1, "frown": 0.1}
"""Occupations a minute of somebody who watches a film."""


def day(
    sheet: Sheet,
    plan: Mapping[str, float],
    *,
    speech_s: tuple[float, float] = (6, 30),
    weak: tuple[Side, float] | None = None,
    chewing_bias: float | None = None,
    wink_side: Side | None = None,
) -> None:
    """Fill the recording. plan: occupations a minute of free time. weak: a side with synkinesis, and its gain."""
    rng = sheet.rng
    names, rates = list(plan), np.array(list(plan.values()), np.float64)
    if not rates.sum():
        return
    t = float(rng.exponential(60 / rates.sum()))
    while t < sheet.duration_s - 10:
        name = str(rng.choice(names, p=rates / rates.sum()))
        t = _occupy(sheet, name, t, speech_s, weak, chewing_bias, wink_side)
        t += 0.6 + float(rng.exponential(60 / rates.sum()))


def _occupy(
    sheet: Sheet,
    name: str,
    t: float,
    speech_s: tuple[float, float],
    weak: tuple[Side, float] | None,
    chewing_bias: float | None,
    wink_side: Side | None,
) -> float:
    rng = sheet.rng
    left_s = sheet.duration_s - 4 - t
    if name == "speech":
        return speech(sheet, t, min(left_s, float(rng.uniform(*speech_s))))
    if name == "chewing":
        length = float(np.clip(rng.lognormal(np.log(13), 0.7), 3, 35))
        return chewing(sheet, t, min(left_s, length), bias=chewing_bias)
    if name == "swallow":
        return swallow(sheet, t)
    if name == "yawn":
        return yawn(sheet, t)
    if weak is not None and not MOVEMENTS[name].one_sided:
        return synkinetic_movement(sheet, name, t, *weak)
    return movement(sheet, name, t, side=wink_side)
