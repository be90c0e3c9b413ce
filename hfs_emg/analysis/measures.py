"""Small measures that several features share, and what all atoms of an island share.

A mean is a sum over its length, as numpy's own, without the time that numpy takes to find that out for a hundred numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.atoms import Neighbourhood, SiteStates, runs

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MontageRows:
    """Channels of a montage: by side and of "both", those of the brows, those over the eyelids, those of the lower face."""

    own: Mapping[str, NDArray[np.int64]]
    brows: list[int]
    eyes: list[int]
    lower: list[int]


@dataclass(frozen=True, slots=True)
class Scene:
    """A neighbourhood as its atoms are measured in it: worked out once, read by each of them. All (channels, m) unless said.

    level: power over noise, 1 where bad. raw_level: the same, bad or not. amplitude: µV above the noise, of the envelope.
    outline: the same of the short envelope. root: µV of the short envelope. power (channels, m * hop): squared samples.
    By side or "both", (m,): loudest, the highest level, 0 where bad; one_sided, whether any site of it is. (m,), None without
    such channels: eyes_moving, lower_moving, whether one of them moves with its twin. movements: runs of any two-sided movement.
    """

    near: Neighbourhood
    states: SiteStates
    level: Floats
    raw_level: Floats
    amplitude: Floats
    outline: Floats
    root: Floats
    power: Floats
    loudest: Mapping[str, Floats]
    one_sided: Mapping[str, Flags]
    eyes_moving: Flags | None
    lower_moving: Flags | None
    movements: list[tuple[int, int]]

    @staticmethod
    def of(near: Neighbourhood, states: SiteStates, montage: MontageRows, apart: int) -> Scene:
        """The scene of a neighbourhood. Two-sided movements less than `apart` frames apart are one."""
        together = states.two_sided
        raw = near.envelope / near.floor
        clean = np.where(near.bad, near.floor, near.envelope)
        loud = np.where(near.bad, 0.0, raw)
        return Scene(
            near,
            states,
            level=clean / near.floor,
            raw_level=raw,
            amplitude=np.sqrt(np.maximum(clean - near.floor, 0.0)),
            outline=np.sqrt(np.maximum(near.short - near.floor, 0.0)),
            root=np.sqrt(near.short),
            power=near.wave * near.wave,
            loudest={name: loud[own].max(axis=0, initial=0.0) for name, own in montage.own.items()},
            one_sided={name: np.logical_or.reduce(states.one_sided[own]) for name, own in montage.own.items()},
            eyes_moving=np.logical_or.reduce(together[montage.eyes]) if montage.eyes else None,
            lower_moving=np.logical_or.reduce(together[montage.lower]) if montage.lower else None,
            movements=runs(np.logical_or.reduce(together), apart),
        )


def db(power: float) -> float:
    """Power ratio in dB, -60 at least."""
    return float(10 * np.log10(max(float(power), 1e-6)))


def mean(values: Floats) -> float:
    """Mean of (n,)."""
    return float(np.add.reduce(values)) / len(values)


def means(values: Floats) -> Floats:
    """Mean of each row of (rows, n)."""
    return np.asarray(np.add.reduce(values, axis=1) / values.shape[1])


def variation(values: Floats) -> float:
    """Standard deviation as a share of the mean."""
    middle = mean(values)
    apart = values - middle
    return math.sqrt(mean(apart * apart)) / max(middle, 1e-9)


def half_peak(power: Floats) -> int:
    """Index of the first value at half the amplitude of the peak. power (n,)."""
    return int((power >= 0.25 * power.max()).argmax())


def centred(values: Floats) -> tuple[Floats, float]:
    """(n,) about its mean, and the sum of its squares."""
    apart = values - mean(values)
    return apart, float(np.add.reduce(apart * apart))


def correlated(a: tuple[Floats, float], b: tuple[Floats, float]) -> float:
    """Pearson's r of two stretches as `centred` gives them; 0 where one of them does not vary."""
    scale = math.sqrt(a[1] * b[1])
    return float(np.add.reduce(a[0] * b[0])) / scale if scale > 1e-12 else 0.0


def correlation(a: Floats, b: Floats) -> float:
    """Pearson's r of two stretches of the same length; 0 where one of them does not vary."""
    return correlated(centred(a), centred(b))
