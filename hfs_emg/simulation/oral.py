"""Chewing, speech, swallowing, yawning; and the chewing muscles' own spasm.

Chewing is masseter that electrodes over the cheek and temple see; speech is lips and chin of both sides, in syllables;
both leave the eyelids nearly quiet.
"""

from __future__ import annotations

import numpy as np

from hfs_emg.events import Kind
from hfs_emg.model import Side, Site
from hfs_emg.simulation.disorders import FacialMyokymia, Hemimasticatory
from hfs_emg.simulation.envelope import Envelope, burst
from hfs_emg.simulation.events import (
    Discharge,
    Drive,
    Happening,
    Random,
    around,
    chance,
    either_side,
    name_of,
    offset,
    spread,
)
from hfs_emg.simulation.settings import Meals, Speech

FRO, OOC, ZYG, OOR, MEN, MAS = Site


def chewing_bout(settings: Meals, start_s: float, end_s: float, rng: Random) -> Happening:
    """Cycles of 0.94–2.17 Hz from start_s to end_s; the working side keeps for the bout."""
    worker = Side(settings.working_side) if settings.working_side is not None else either_side(rng)
    cycle = 1.0 / (settings.cycle_hz * spread(rng, 1.0, 0.08))
    balance = float(np.clip(settings.balance * spread(rng, 1.0, 0.2), 0.0, 1.0))
    level = spread(rng, settings.amplitude_uv, 0.3)
    lips = rng.uniform(0.05, 0.25)
    discharges = []
    time = start_s
    while time < end_s:
        length = around(rng, 0.28, 0.18, 0.42)
        size = level * spread(rng, 1.0, 0.25)
        drives = []
        for side, strength in ((worker, 1.0), (worker.other, balance)):
            lag = rng.uniform(-0.02, 0.03)
            parts = ((MAS, 1.0), (ZYG, 0.06), (OOR, lips), (MEN, lips), (FRO, 0.02), (OOC, 0.01))
            drives += [Drive(side, site, size * strength * part * spread(rng, 1.0, 0.25), lag) for site, part in parts]
        envelope = burst(
            "bell" if chance(rng, 0.5) else "cosine", length, rng.uniform(0.04, 0.12), rng.uniform(0.03, 0.08)
        )
        discharges.append(Discharge(time, envelope, tuple(drives), offset(rng)))
        time += max(0.3, cycle * (1.0 + 0.1 * float(rng.standard_normal())))
    side_name = name_of(worker) if balance < 0.2 else "both"
    return Happening(Kind.ORAL, side_name, "chewing", tuple(discharges))


def speech_phrases(settings: Speech, asymmetry: float, start_s: float, end_s: float, rng: Random) -> list[Happening]:
    """Phrases of one to six seconds with breaths between, each one happening."""
    found = []
    time = start_s
    while time < end_s:
        stop = min(end_s, time + around(rng, 2.5, 1.0, 6.0))
        found.append(_phrase(settings, asymmetry, time, max(stop, time + 0.3), rng))
        time = stop + around(rng, 0.8, 0.55, 2.0)
    return found


def _phrase(settings: Speech, asymmetry: float, start_s: float, end_s: float, rng: Random) -> Happening:
    level = spread(rng, settings.amplitude_uv, 0.3)
    balance = float(np.clip(asymmetry * rng.standard_normal(), -0.3, 0.3))
    discharges = []
    time = start_s
    while time < end_s:
        size = level * spread(rng, 1.0, 0.45)
        parts = [(OOR, 1.0), (MEN, rng.uniform(0.4, 1.0)), (ZYG, rng.uniform(0.1, 0.5)), (OOC, rng.uniform(0.02, 0.08))]
        if chance(rng, 0.05):
            parts.append((FRO, rng.uniform(0.3, 1.0)))
        lag = rng.uniform(-0.008, 0.008)
        drives = tuple(
            Drive(side, site, size * part * strength * spread(rng, 1.0, 0.12), lag if side is Side.RIGHT else 0.0)
            for side, strength in ((Side.LEFT, 1.0 + balance), (Side.RIGHT, 1.0 - balance))
            for site, part in parts
        )
        envelope = burst("cosine", around(rng, 0.12, 0.05, 0.3), rng.uniform(0.02, 0.08), rng.uniform(0.02, 0.06))
        discharges.append(Discharge(time, envelope, drives, offset(rng)))
        time += max(0.1, spread(rng, 1.0 / settings.syllables_hz, 0.35))
    return Happening(Kind.ORAL, "both", "speech", tuple(discharges))


def swallow(at_s: float, rng: Random) -> Happening:
    """Half a second to one and a half: chin and lips close."""
    envelope = burst("cosine", around(rng, 0.9, 0.5, 1.5), rng.uniform(0.08, 0.2), rng.uniform(0.06, 0.15))
    level = around(rng, 35.0, 15.0, 80.0)
    parts = ((MEN, 1.0), (OOR, 0.8), (MAS, 0.4), (ZYG, 0.1))
    return Happening(
        Kind.ORAL, "both", "swallow", (Discharge(at_s, envelope, _both_sides(level, parts, rng), offset(rng)),)
    )


def yawn(at_s: float, rng: Random) -> Happening:
    """Four to seven seconds: the mouth wide, the eyes pressed shut near the end."""
    length = rng.uniform(4.0, 7.0)
    level = around(rng, 40.0, 20.0, 80.0)
    mouth = Envelope("cosine", 0.8, length - 2.0, 0.35, depth=0.2, rhythm_hz=1.3)
    eyes = Envelope("cosine", 0.5, 0.4 * length - 0.8, 0.3)
    discharges = (
        Discharge(at_s, mouth, _both_sides(level, ((OOR, 0.6), (MEN, 1.0), (ZYG, 0.5), (MAS, 0.4)), rng), offset(rng)),
        Discharge(at_s + 0.45 * length, eyes, _both_sides(level, ((OOC, 0.9), (FRO, 0.3)), rng), offset(rng)),
    )
    return Happening(Kind.ORAL, "both", "yawn", discharges)


def _both_sides(level: float, parts: tuple[tuple[Site, float], ...], rng: Random) -> tuple[Drive, ...]:
    return tuple(
        Drive(side, site, level * part * spread(rng, 1.0, 0.15), rng.uniform(0.0, 0.02))
        for side in Side
        for site, part in parts
    )


def hemimasticatory_spasm(settings: Hemimasticatory, at_s: float, rng: Random) -> Happening:
    """Bursts, or a cramp, of one masseter: abrupt as a facial spasm, but no facial-nerve muscle takes part."""
    drive = (Drive(Side(settings.side), MAS, spread(rng, settings.amplitude_uv, 0.4)),)
    if chance(rng, settings.cramp_share):
        envelope = Envelope(
            "trapezoid",
            rng.uniform(0.01, 0.03),
            around(rng, 4.0, 1.0, 20.0),
            0.06,
            depth=0.4,
            rhythm_hz=rng.uniform(5, 12),
        )
        discharges = [Discharge(at_s, envelope, drive, offset(rng), ectopic=True)]
    else:
        discharges = []
        for _ in range(int(rng.integers(1, 9))):
            envelope = burst(
                "trapezoid", around(rng, 0.08, 0.03, 0.2), rng.uniform(0.01, 0.03), rng.uniform(0.02, 0.05)
            )
            discharges.append(Discharge(at_s, envelope, drive, offset(rng), ectopic=True))
            at_s += max(0.06, spread(rng, 0.14, 0.45))
    return Happening(Kind.UNSURE, settings.side, "hemimasticatory", tuple(discharges))


def facial_myokymia_groups(settings: FacialMyokymia, start_s: float, end_s: float, rng: Random) -> list[Happening]:
    """A stretch of undulating groups, one happening per muscle, for each has its own rhythm."""
    found = []
    for name in settings.sites:
        site = Site(name)
        rhythm = settings.rhythm_hz * rng.uniform(0.8, 1.25)
        level = spread(rng, settings.amplitude_uv, 0.3)
        discharges = []
        time = start_s + rng.uniform(0.0, 1.0 / rhythm)
        while time < end_s:
            length = min(around(rng, 0.12, 0.06, 0.3), 0.75 / rhythm)
            envelope = burst("bell", length, rng.uniform(0.015, 0.06), 0.03)
            envelope = Envelope(
                "bell",
                envelope.rise_s,
                envelope.plateau_s,
                envelope.decay_s,
                depth=0.7,
                rhythm_hz=rng.uniform(30.0, 60.0),
            )
            drive = Drive(Side(settings.side), site, level * spread(rng, 1.0, 0.2))
            discharges.append(Discharge(time, envelope, (drive,), offset(rng)))
            time += max(0.06, (1.0 + rng.uniform(0.1, 0.22) * float(rng.standard_normal())) / rhythm)
        if discharges:
            found.append(Happening(Kind.TWITCH, settings.side, "facial_myokymia", tuple(discharges)))
    return found
