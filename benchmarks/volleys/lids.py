"""What both lids do: blinks, blepharospasm; and what follows a blink or a movement in a face with miswired nerves.

A blink is a short synchronous recruitment of both lids from one brain stem: they share the envelope, not the discharges. Intervals
are log-normal and skewed (IOVS 2011), rates by occupation (Doughty 2001); 7 % are doublets.
"""

from __future__ import annotations

import numpy as np

from benchmarks.volleys.person import Muscle
from benchmarks.volleys.sheet import Firing, Sheet
from calibration.montage import Side, Site
from hfs_emg.events import Kind

BLINKING = Firing(110, 0.005, 0.55)
_LIDS = tuple(Muscle(side, Site.ORBICULARIS_OCULI) for side in Side)


def blinks(sheet: Sheet, per_min: float, *, eye_uv: float = 60.0, talking_factor: float = 1.4) -> None:
    """Spontaneous blinks of a whole recording. eye_uv: potential of the eyeball and lid at the lid's electrodes."""
    rng = sheet.rng
    t = rng.exponential(3)
    shut = [(h.start_s, h.end_s) for h in sheet.happenings if h.kind is Kind.BLEPHAROSPASM]
    while t < sheet.duration_s - 1:
        t = next((b + 0.4 for a, b in shut if a - 0.4 < t < b + 0.3), t)
        quick = talking_factor if any(a < t < b for a, b in sheet.talking) else 1.0
        interval = 60 / (per_min * quick)
        end = blink(sheet, t, eye_uv=eye_uv)
        if rng.random() < 0.07:
            end = blink(sheet, end + rng.uniform(0.12, 0.3), eye_uv=eye_uv)
        t = end + 0.25 + rng.lognormal(np.log(interval) - 0.32, 0.8)


def blink(sheet: Sheet, start_s: float, *, eye_uv: float, scale: float = 1.0) -> float:
    """One blink of both lids; returns its end."""
    rng, face = sheet.rng, sheet.face
    uv = scale * face.blink_uv * rng.lognormal(0, 0.3)
    length = float(np.clip(face.blink_s * rng.lognormal(0, 0.2), 0.05, 0.13))
    envelope_times = np.arange(0, length, 1 / BLINKING.rate_hz)
    rise = rng.uniform(0.01, 0.025)
    envelope = np.minimum(1, 0.3 + 0.7 * envelope_times / rise) * np.exp(
        -np.maximum(0, envelope_times - 0.6 * length) / 0.03
    )
    first, last = np.inf, 0.0
    for lid in _LIDS:
        times = start_s + envelope_times + rng.normal(0, 0.0015) + rng.normal(0, 0.002, len(envelope_times))
        sheet.volley("own", lid, times, uv * face.share(lid) * rng.lognormal(0, 0.08) * envelope, BLINKING)
        first, last = min(first, float(times.min())), max(last, float(times.max()))
    sheet.note(Kind.BLINK, "both", (first, last + 0.004), (Site.ORBICULARIS_OCULI,), label="blink")
    sheet.blinks.append((first, last + 0.004, uv))
    sheet.eye.append((first, eye_uv * rng.lognormal(0, 0.25), rng.uniform(0.2, 0.35)))
    return last


def blepharospasm(sheet: Sheet, per_min: float, uv: float) -> None:
    """Runs of closely spaced bursts of both lids, 0.5–20 s, 3–8 bursts a second; the brows in half of them."""
    rng = sheet.rng
    t = rng.exponential(20)
    while t < sheet.duration_s - 25:
        length = float(np.clip(rng.lognormal(np.log(2.5), 0.8), 0.5, 20))
        rate, brows, level = rng.uniform(3, 8), rng.random() < 0.5, uv * rng.lognormal(0, 0.35)
        at, first, last = t, t, t
        while at < t + length:
            burst = float(np.clip(rng.lognormal(np.log(0.15), 0.3), 0.06, 0.4))
            times = at + np.arange(0, burst, 1 / BLINKING.rate_hz)
            for side in Side:
                for site in (Site.ORBICULARIS_OCULI, *((Site.FRONTALIS,) if brows else ())):
                    muscle = Muscle(side, site)
                    part = sheet.face.share(muscle) * (1 if site is Site.ORBICULARIS_OCULI else 0.35)
                    lift = level * part * rng.lognormal(0, 0.12)
                    sheet.volley("own", muscle, times + rng.normal(0, 0.003), np.full(len(times), lift), BLINKING)
            last = float(times[-1]) + 0.006
            at += max(burst + 0.02, rng.gamma(9, 1 / 9 / rate))
        sites = [Site.ORBICULARIS_OCULI] + ([Site.FRONTALIS] if brows and Site.FRONTALIS in sheet.face.sites() else [])
        sheet.note(Kind.BLEPHAROSPASM, "both", (first, last), sites, label="blepharospasm")
        sheet.eye.append((first, 80.0, length + 0.3))
        t = last + rng.exponential(60 / per_min)


def myokymia(sheet: Sheet, side: Side, uv: float, bouts_per_hour: float) -> None:
    """The lower lid of one side quivers: groups at 3–8 Hz, regular, of few units that do not fire together."""
    rng = sheet.rng
    lid = Muscle(side, Site.ORBICULARIS_OCULI)
    way = Firing(55, 0.006, 0.15)
    t = rng.exponential(60)
    while t < sheet.duration_s - 20:
        length = float(np.clip(rng.lognormal(np.log(35), 0.9), 5, 300))
        rate, spread = rng.uniform(3, 8), rng.uniform(0.1, 0.3)
        beats = t + np.cumsum(rng.gamma(1 / spread**2, spread**2 / rate, int(length * rate) + 1))
        beats = beats[beats < sheet.duration_s - 1]
        level = uv * rng.lognormal(0, 0.3)
        for beat in beats:
            times = beat + np.arange(0, rng.uniform(0.02, 0.06), 1 / way.rate_hz)
            sheet.volley("ectopic", lid, times, level * rng.lognormal(0, 0.2, len(times)), way)
        if len(beats) > 1:
            span = (float(beats[0]), float(beats[-1]) + 0.04)
            sheet.note(Kind.TWITCH, side.value, span, (Site.ORBICULARIS_OCULI,), label="lid_myokymia")
        t = t + length + rng.exponential(3600 / bouts_per_hour)


def synkinesis_of_blinks(sheet: Sheet, side: Side, gain: float, share: float = 0.97) -> None:
    """The lower face of one side moves with nearly every blink, 0–30 ms after the lid."""
    rng = sheet.rng
    sites = (Site.ZYGOMATICUS, Site.ORBICULARIS_ORIS, Site.MENTALIS)
    for first, last, uv in sheet.blinks:
        if rng.random() > share:
            continue
        lag = rng.uniform(0, 0.03)
        times = np.arange(first, last, 1 / BLINKING.rate_hz) + lag
        for site in sites:
            level = uv * gain * rng.lognormal(0, 0.25)
            sheet.volley("own", Muscle(side, site), times, np.full(len(times), level), BLINKING)
        seen = [s for s in sites if s in sheet.face.sites()]
        sheet.note(Kind.SYNKINESIS, side.value, (float(times[0]), float(times[-1]) + 0.006), seen, label="oculo_oral")
