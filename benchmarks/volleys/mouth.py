"""Speech, meals, swallowing, yawning.

Syllables at 3–6 /s of 50–300 ms at mouth and chin, a third at the cheek, both sides alike but for the person's asymmetry and a
little of each syllable's own (Wohlert and Goffman 1994). Chewing at the person's own 0.94–2.17 Hz (Po 2011): the masseter, of
which cheek, temple and lid electrodes see a part, works more on one side, and the sides change.
"""

from __future__ import annotations

import numpy as np

from benchmarks.volleys.person import Muscle
from benchmarks.volleys.sheet import JOINED_S, Sheet
from calibration.montage import Side, Site
from hfs_emg.events import Kind

_SYLLABLE = {
    Site.ORBICULARIS_ORIS: 1.0,
    Site.MENTALIS: 1.0,
    Site.ZYGOMATICUS: 0.3,
    Site.ORBICULARIS_OCULI: 0.05,
    Site.MASSETER: 0.3,
}
_SPOKEN_AT = (Site.ZYGOMATICUS, Site.ORBICULARIS_ORIS, Site.MENTALIS)


def speech(sheet: Sheet, start_s: float, length_s: float, uv: float = 25.0) -> float:
    """Phrases of 1–6 s with pauses; those less than half a second apart are one episode. Returns the end."""
    rng = sheet.rng
    t, phrase_start, phrase_end = start_s, start_s, start_s
    while t < start_s + length_s:
        stop = t + rng.uniform(1, 6)
        sheet.starts.append(t)
        while t < stop:
            phrase_end = _syllable(sheet, t, uv)
            t += max(0.08, rng.gamma(8, 1 / 8 / rng.uniform(3.5, 5.5)))
        pause = float(np.clip(rng.lognormal(np.log(0.5), 0.5), 0.2, 1.5))
        t = max(t, phrase_end) + pause
        if t - phrase_end >= JOINED_S or t >= start_s + length_s:
            _note_oral(sheet, phrase_start, phrase_end, "speech")
            phrase_start = t
    sheet.talking.append((start_s, t))
    return t


def _syllable(sheet: Sheet, start_s: float, uv: float) -> float:
    rng, face = sheet.rng, sheet.face
    length = float(np.clip(rng.lognormal(np.log(0.13), 0.35), 0.05, 0.3))
    level = float(np.clip(uv * rng.lognormal(0, 0.5), 6, 80))
    rise = float(np.clip(rng.uniform(0.02, 0.08), 0.01, length / 2.2))
    rounded = rng.uniform(0.3, 1.0)  # lips or chin or cheek: each sound its own mix
    for site, part in _SYLLABLE.items():
        here = part * (rounded if site is Site.ORBICULARIS_ORIS else rng.uniform(0.3, 1.2))
        for side in Side:
            muscle = Muscle(side, site)
            lag = rng.uniform(0, 0.006)
            sheet.effort(
                muscle, start_s + lag, length, rise, level * here * face.share(muscle) * rng.lognormal(0, 0.06)
            )
    return start_s + length


def chewing(sheet: Sheet, start_s: float, length_s: float, uv: float = 130.0, bias: float | None = None) -> float:
    """A bout. bias: (working − other) / sum of the masseters; drawn from 0.1–0.35 where none is given. Returns the end."""
    rng, face = sheet.rng, sheet.face
    side = face.affected if bias is not None else (Side.LEFT if rng.random() < 0.5 else Side.RIGHT)
    lean = bias if bias is not None else rng.uniform(0.1, 0.35)
    t, end, cycles = start_s, start_s, 0
    while t < start_s + length_s:
        length = float(np.clip(rng.lognormal(np.log(0.28), 0.12), 0.18, 0.42))
        rise = rng.uniform(0.04, 0.12)
        level = uv * rng.lognormal(0, 0.2)
        for s in Side:
            part = (1 + lean if s is side else 1 - lean) * rng.lognormal(0, 0.1)
            sheet.effort(Muscle(s, Site.MASSETER), t + rng.uniform(0, 0.02), length, rise, level * part)
            for site, share in ((Site.ORBICULARIS_ORIS, 0.12), (Site.MENTALIS, 0.1), (Site.ZYGOMATICUS, 0.06)):
                lips = level * share * face.share(Muscle(s, site)) * rng.lognormal(0, 0.25)
                sheet.effort(Muscle(s, site), t + length * 0.6, 0.3, 0.1, lips)
        end = t + length + 0.1
        cycles += 1
        t += rng.gamma(60, 1 / 60 / face.chewing_hz)
        if bias is None and rng.random() < 0.06:
            side = side.other
    if cycles:
        _note_oral(sheet, start_s, end, "chewing")
    return max(t, end)


def swallow(sheet: Sheet, start_s: float) -> float:
    """Chin and lips, 0.5–1.5 s."""
    return _slow(
        sheet, start_s, (0.5, 1.5), {Site.MENTALIS: 1.0, Site.ORBICULARIS_ORIS: 0.7, Site.MASSETER: 0.3}, "swallow"
    )


def yawn(sheet: Sheet, start_s: float) -> float:
    """4–7 s: the lower face stretches, the lids close."""
    parts = {Site.MENTALIS: 0.8, Site.ORBICULARIS_ORIS: 0.6, Site.ZYGOMATICUS: 0.7, Site.ORBICULARIS_OCULI: 0.6}
    return _slow(sheet, start_s, (4.0, 7.0), {**parts, Site.FRONTALIS: 0.3}, "yawn")


def _slow(sheet: Sheet, start_s: float, length: tuple[float, float], parts: dict[Site, float], label: str) -> float:
    rng, face = sheet.rng, sheet.face
    length_s = float(rng.uniform(*length))
    uv = 40 * rng.lognormal(0, 0.3)
    for site, part in parts.items():
        for side in Side:
            muscle = Muscle(side, site)
            lag = rng.uniform(0, 0.02)
            sheet.effort(muscle, start_s + lag, length_s, length_s / 5, uv * part * face.share(muscle))
    _note_oral(sheet, start_s + 0.1, start_s + length_s - 0.1, label)
    return start_s + length_s


def _note_oral(sheet: Sheet, start_s: float, end_s: float, label: str) -> None:
    sites = [s for s in _SPOKEN_AT if s in sheet.face.sites()] or list(sheet.face.sites())
    sheet.note(Kind.ORAL, "both", (start_s, end_s), sites, label=label)
