"""Movements a person means: smile, pucker, raised brow, closure, wink, smirk, clench, tic.

All are graded efforts: rise 60–300 ms, both sides within 25 ms where two-sided, amplitudes 30–250 µV, normal asymmetry of the person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.volleys.person import Muscle
from benchmarks.volleys.sheet import Sheet
from calibration.montage import Side, Site
from hfs_emg.events import Kind

_LID, _BROW, _CHEEK, _MOUTH, _CHIN, _JAW = (
    Site.ORBICULARIS_OCULI,
    Site.FRONTALIS,
    Site.ZYGOMATICUS,
    Site.ORBICULARIS_ORIS,
    Site.MENTALIS,
    Site.MASSETER,
)


@dataclass(frozen=True, slots=True)
class Movement:
    """Parts by site of both sides (one_sided: of one, with `leak` of the other's same site); median length, rise range, median µV."""

    parts: dict[Site, tuple[float, float]]
    length_s: tuple[float, float, float]
    rise_s: tuple[float, float]
    uv: tuple[float, float, float]
    one_sided: bool = False
    leak: dict[Site, tuple[float, float]] | None = None


MOVEMENTS = {
    "smile": Movement(
        {_CHEEK: (1, 1), _LID: (0.1, 0.4), _MOUTH: (0.15, 0.4)}, (1.5, 0.5, 4.0), (0.08, 0.3), (70, 30, 200)
    ),
    "pucker": Movement({_MOUTH: (1, 1), _CHIN: (0.4, 0.9)}, (1.0, 0.4, 3.0), (0.06, 0.25), (70, 30, 220)),
    "brow": Movement({_BROW: (1, 1)}, (1.0, 0.3, 3.0), (0.06, 0.25), (70, 30, 180)),
    "closure": Movement(
        {_LID: (1, 1), _BROW: (0.03, 0.12), _CHEEK: (0.05, 0.25)}, (0.8, 0.25, 4.0), (0.03, 0.12), (90, 30, 240)
    ),
    "frown": Movement({_LID: (0.3, 0.6), _BROW: (0.5, 0.9)}, (0.9, 0.3, 2.0), (0.06, 0.25), (50, 30, 120)),
    "wink": Movement(
        {_LID: (1, 1), _CHEEK: (0.35, 0.6), _MOUTH: (0.05, 0.15)},
        (0.35, 0.15, 0.8),
        (0.05, 0.15),
        (80, 30, 200),
        one_sided=True,
        leak={_LID: (0.1, 0.4)},
    ),
    "smirk": Movement(
        {_CHEEK: (1, 1), _MOUTH: (0.2, 0.5), _LID: (0.03, 0.12)},
        (0.9, 0.3, 2.0),
        (0.08, 0.3),
        (70, 30, 170),
        one_sided=True,
        leak={_CHEEK: (0.02, 0.1)},
    ),
    "clench": Movement({_JAW: (1, 1), _CHIN: (0.1, 0.3)}, (1.2, 0.5, 3.0), (0.1, 0.3), (130, 60, 280)),
    "tic": Movement(
        {_LID: (1, 1), _CHEEK: (0.4, 0.4), _BROW: (0.2, 0.2)}, (0.16, 0.1, 0.25), (0.02, 0.06), (60, 40, 90)
    ),
}


def movement(sheet: Sheet, name: str, start_s: float, *, side: Side | None = None, scale: float = 1.0) -> float:
    """Do one; returns its end. side: that of a one-sided one, else drawn."""
    rng, face, what = sheet.rng, sheet.face, MOVEMENTS[name]
    median, low, high = what.length_s
    length = float(np.clip(rng.lognormal(np.log(median), 0.45), low, high))
    rise = min(float(rng.uniform(*what.rise_s)), length / 2.5)
    usual, least, most = what.uv
    uv = scale * float(np.clip(rng.lognormal(np.log(usual), 0.35), least, most))
    acting = (side or (Side.LEFT if rng.random() < 0.5 else Side.RIGHT),) if what.one_sided else tuple(Side)
    lags = {s: float(rng.uniform(0, 0.022)) for s in Side}
    for site, span in what.parts.items():
        part = uv * rng.uniform(*span)
        for s in acting:
            muscle = Muscle(s, site)
            share = 1.0 if what.one_sided else face.share(muscle) * rng.lognormal(0, 0.08)
            sheet.effort(muscle, start_s + lags[s], length, rise, part * share)
        if what.leak and site in what.leak:
            other = Muscle(acting[0].other, site)
            sheet.effort(other, start_s + rng.uniform(0, 0.06), length, rise, part * rng.uniform(*what.leak[site]))
    sites = [s for s in (*what.parts, *((_CHEEK,) if _JAW in what.parts else ())) if s in face.sites()]
    if not what.one_sided:
        sheet.starts.append(start_s)
    if name in ("closure", "wink"):
        sheet.eye.append((start_s, 60.0, length + 0.2))
    span_s = (start_s + 0.1 * rise, start_s + length - 0.15 * rise)
    if sites:  # what no electrode lies on is no part of the truth
        sheet.note(Kind.VOLUNTARY, acting[0].value if what.one_sided else "both", span_s, sites, label=name)
    return start_s + length


def synkinetic_movement(sheet: Sheet, name: str, start_s: float, weak: Side, gain: float) -> float:
    """A two-sided movement whose weak side takes its lid (mouth, where the movement is a closure) along."""
    rng = sheet.rng
    end = movement(sheet, name, start_s)
    length = end - start_s
    unintended = (_CHEEK, _MOUTH, _CHIN) if name in ("closure", "brow") else (_LID, _BROW)
    lag = rng.uniform(0, 0.03)
    for site in unintended:
        sheet.effort(
            Muscle(weak, site), start_s + lag, length, min(0.15, length / 3), 70 * gain * rng.lognormal(0, 0.25)
        )
    seen = [s for s in unintended if s in sheet.face.sites()]
    if seen:
        sheet.note(Kind.SYNKINESIS, weak.value, (start_s + lag + 0.02, end - 0.02), seen, label=f"with_{name}")
    return end
