"""One face: its muscles, how unlike its sides are, how tissue carries one muscle to the electrodes of others, its resting tone.

Asymmetry of healthy faces: Kim 2018 (12 % between sides). Crosstalk: masseter into the cheek 10–50 %, neighbours of a side 5–26 %,
the other side 1–10 %, most near the midline (assumptions within what Rantanen 2016 and Sato and Kochiyama 2023 describe); what
comes from afar has gone through a low-pass, because fat and skin blur it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.signal import butter, lfilter, sosfilt

from benchmarks.variety.draws import Flanks, Floats, activation, log_normal
from benchmarks.variety.units import DRIVE_HZ, LAYERS, Layer, Muscle
from calibration.montage import Side, Site
from hfs_emg.events import Kind

Place = tuple[Side, Site]
Own = dict[Layer, dict[Place, Floats]]
"""Each muscle's own signal, (samples,) µV, by what fired; muscles that were still are absent."""

FRO, OOC, ZYG = Site.FRONTALIS, Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS
OOR, MEN, MAS = Site.ORBICULARIS_ORIS, Site.MENTALIS, Site.MASSETER
SIDES = (Side.LEFT, Side.RIGHT)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened. side None: both; bursts: (start_s, end_s) of each uninterrupted one of a spasm."""

    start_s: float
    end_s: float
    kind: Kind
    side: Side | None
    sites: tuple[Site, ...]
    label: str
    bursts: tuple[tuple[float, float], ...] = ()


class Person:
    """Anatomy of one face, and what its muscles are told to do. fs: samples a second of the inner grid."""

    def __init__(self, rng: Generator, fs: float, duration_s: float) -> None:
        self._rng, self._fs, self.duration_s = rng, fs, duration_s
        self.muscles = {(side, site): Muscle(rng, site, fs) for side in SIDES for site in Site}
        self._asymmetry = {site: float(np.clip(rng.normal(0, 0.12), -0.28, 0.28)) for site in Site}
        self._near = self._draw_neighbours()
        self._across = {
            FRO: rng.uniform(0.01, 0.05),
            OOC: rng.uniform(0.01, 0.035),
            ZYG: rng.uniform(0.01, 0.03),
            OOR: rng.uniform(0.012, 0.05),
            MEN: rng.uniform(0.05, 0.1),
            MAS: rng.uniform(0.01, 0.02),
        }
        self._conductor_hz = rng.uniform(60, 160)
        self.tone_uv = {place: log_normal(rng, 0.7, 0.4, 0.2, 2.0) for place in self.muscles}
        self.happenings: list[Happening] = []

    def _draw_neighbours(self) -> dict[tuple[Side, Site, Site], float]:
        """Share of the second muscle's electrode that the first one adds, on each side."""
        rng, near = self._rng, {}
        for side in SIDES:
            for one, other in ((FRO, OOC), (OOC, ZYG), (ZYG, OOR), (OOR, MEN)):
                share = rng.uniform(0.07, 0.26)
                near[side, one, other] = share * rng.uniform(0.6, 1)
                near[side, other, one] = share * rng.uniform(0.6, 1)
            near[side, MAS, ZYG] = rng.uniform(0.10, 0.50)
            near[side, MAS, OOC] = rng.uniform(0.02, 0.14)
            near[side, MAS, OOR] = rng.uniform(0.05, 0.2)
            near[side, MAS, FRO] = rng.uniform(0.05, 0.25)
            near[side, OOC, OOR] = rng.uniform(0.005, 0.03)
            near[side, FRO, ZYG] = rng.uniform(0.002, 0.02)
        return near

    def gain(self, side: Side, site: Site) -> float:
        """How loud this side's muscle is at its electrode, against the mean of both sides."""
        return 1 + sign(side) * self._asymmetry[site]

    def push(
        self,
        place: Place,
        start_s: float,
        end_s: float,
        flanks: Flanks,
        microvolts: float,
        *,
        steadiness: Floats | None = None,
    ) -> None:
        """Drive a muscle to µV RMS for a while; steadiness: gains, spread evenly over it."""
        first = int(max(0, start_s) * DRIVE_HZ)
        after = int(min(self.duration_s, end_s + 2.2 * flanks.decay_s) * DRIVE_HZ)
        if after <= first:
            return
        t = np.arange(first, after) / DRIVE_HZ
        drive_uv = activation(t, start_s, end_s, flanks) * microvolts
        if steadiness is not None and after - first > 50:
            drive_uv = drive_uv * np.interp(
                t, np.linspace(start_s, end_s + flanks.decay_s, len(steadiness)), steadiness
            )
        self.muscles[place].want(int(self.duration_s * DRIVE_HZ) + 1, first, drive_uv)

    def note(
        self,
        start_s: float,
        end_s: float,
        kind: Kind,
        label: str,
        side: Side | None,
        *,
        sites: Sequence[Site],
        bursts: Sequence[tuple[float, float]] = (),
    ) -> None:
        """Write down what happened; it ends with the recording at the latest."""
        end_s = float(min(end_s, self.duration_s))
        self.happenings.append(Happening(float(start_s), end_s, kind, side, tuple(sites), label, tuple(bursts)))

    def signals(self) -> Own:
        """What every muscle gives at its own electrode, without its tone."""
        samples = round(self.duration_s * self._fs)
        own: Own = {"movement": {}, "spasm": {}}
        for place, muscle in self.muscles.items():
            muscle.fire_drive()
            for layer in LAYERS:
                if muscle.fired(layer):
                    own[layer][place] = muscle.render(layer, samples)
        return own

    def tone(self, place: Place, samples: int) -> Floats:
        """(samples,) µV of resting tone: coloured noise whose strength wanders by the third of a second."""
        rng, fs = self._rng, self._fs
        x = rng.standard_normal(samples).astype(np.float32)
        band = butter(1, [25, min(180, fs * 0.4)], "band", fs=fs, output="sos").astype(np.float32)
        x = sosfilt(band, x)
        knots = max(4, int(samples / fs / 3))
        at = np.linspace(0, samples, knots)
        slow = np.interp(np.arange(samples), at, np.exp(0.35 * rng.standard_normal(knots)))
        return np.asarray(x / x.std() * slow * self.tone_uv[place])

    def at_electrodes(self, own: Own, places: Sequence[Place], samples: int) -> Floats:
        """(places, samples) µV that each pair hears: its own muscle, its neighbours and the other side, and tone."""
        total = {}
        for place in self.muscles:
            parts = [own[layer][place] for layer in LAYERS if place in own[layer]]
            if parts:
                total[place] = np.sum(parts, axis=0)
        a = np.exp(-2 * np.pi * self._conductor_hz / self._fs)
        far = {place: lfilter([1 - a], [1, -a], signal) for place, signal in total.items()}
        rows = []
        for side, site in places:
            heard = total.get((side, site), np.zeros(samples)).copy()
            for (where, source, target), share in self._near.items():
                if where is side and target is site and (side, source) in far:
                    heard += share * far[side, source]
            if (side.other, site) in far:
                heard += self._across[site] * far[side.other, site]
            heard += self.tone((side, site), samples)
            rows.append(heard)
        return np.array(rows)


def sign(side: Side) -> int:
    """1 for the left, −1 for the right."""
    return 1 if side is Side.LEFT else -1
