"""Hemifacial spasm: isolated bursts, clonic runs, tonic contractions, and tails that ride on a blink.

One ectopic focus drives several muscles of one side: common onsets with a lag of milliseconds, rises of 5–25 ms,
irregular repetition. Bursts, intervals and lengths are log-normal. A spasm that drives a single site is a twitch in our
words.
"""

from __future__ import annotations

import numpy as np

from hfs_emg.events import Kind
from hfs_emg.model import Side, Site
from hfs_emg.simulation.anatomy import Face
from hfs_emg.simulation.disorders import Spasms
from hfs_emg.simulation.envelope import Envelope, burst
from hfs_emg.simulation.events import Discharge, Drive, Happening, Random, around, chance, offset, spread
from hfs_emg.simulation.scenario import Scenario


class SpasmMaker:
    """Makes spasms of one side for one face."""

    def __init__(self, settings: Spasms, scenario: Scenario, face: Face, rng: Random) -> None:
        self.settings = settings
        self.side = Side(settings.side)
        self._rng = rng
        self._shape = scenario.carrier.spasm_shape
        self._blink_uv = scenario.blinks.amplitude_uv
        self._asleep = scenario.sleep is not None
        self._montage_sites = frozenset(c.site for c in face.montage.channels if c.side is self.side)
        self._lags_s = {site: 0.001 * settings.lag_ms + face.spasm_lags_s[i] for i, site in enumerate(Site)}
        self._lags_s[Site.ORBICULARIS_OCULI] = 0.0
        self._browed = chance(rng, settings.brow_probability)

    def spasm(self, at_s: float, circumstance: str = "") -> Happening:
        """A spasm of a form drawn by the settings' weights. circumstance, such as `during_speech`, ends up in the
        label."""
        s, rng = self.settings, self._rng
        weights = np.array([s.isolated, s.grouped, s.tonic])
        form = ("isolated", "grouped", "tonic")[int(rng.choice(3, p=weights / weights.sum()))]
        level = spread(rng, s.amplitude_uv, s.amplitude_spread) * (rng.uniform(0.5, 1.0) if self._asleep else 1.0)
        gains = self._gains()
        if form == "isolated":
            discharges = self._bursts(at_s, 1, level, gains)
        elif form == "grouped":
            count = int(np.clip(round(spread(rng, s.bursts_per_run, 0.5)), 2, 25))
            discharges = self._bursts(at_s, count, level, gains)
        else:
            discharges = self._tonic(at_s, level * rng.uniform(0.9, 1.8), gains)
        return self._happening(discharges, f"spasm_{circumstance or form}")

    def tail(self, blink_onset_s: float, blink_end_s: float, blink_uv: float) -> Happening:
        """The one-sided tail of a blink: 80–400 ms, one to four bursts, from about where the blink ends."""
        rng = self._rng
        at_s = max(blink_onset_s + 0.06, blink_end_s + rng.uniform(-0.03, 0.12))
        level = blink_uv * float(np.clip(spread(rng, self.settings.blink_tail, 0.4), 0.25, 1.8))
        if chance(rng, 0.55):
            envelope = burst(self._shape, rng.uniform(0.08, 0.4), self._rise_s(), rng.uniform(0.02, 0.05))
            discharges = self._contraction(at_s, envelope, level, self._gains())
        else:
            discharges = self._bursts(at_s, int(rng.integers(2, 5)), level, self._gains())
        return self._happening(discharges, "spasm_blink_triggered")

    def _happening(self, discharges: list[Discharge], label: str) -> Happening:
        driven = {v.site for d in discharges for v in d.drives} & self._montage_sites
        kind = Kind.SPASM if len(driven) > 1 else Kind.TWITCH
        return Happening(kind, self.side.value, label, tuple(discharges))

    def _gains(self) -> dict[Site, float]:
        """Strength of each muscle in this spasm, relative to a full lid."""
        s, rng = self.settings, self._rng
        gains = {Site.ORBICULARIS_OCULI: s.lid}
        if chance(rng, s.lid_only):
            return gains
        brow = s.brow if chance(rng, 0.92 if self._browed else 0.08) else 0.0
        for site, gain in (
            (Site.ZYGOMATICUS, s.cheek),
            (Site.ORBICULARIS_ORIS, s.mouth),
            (Site.MENTALIS, 0.9 * s.mouth),
            (Site.FRONTALIS, brow),
        ):
            if gain > 0.0:
                gains[site] = float(np.clip(spread(rng, gain, 0.3), 0.0, 1.6))
        return {site: gain for site, gain in gains.items() if gain > 0.0}

    def _rise_s(self) -> float:
        median = 0.001 * self.settings.rise_ms
        return around(self._rng, median, median / 2.2, median * 2.2)

    def _bursts(self, at_s: float, count: int, level: float, gains: dict[Site, float]) -> list[Discharge]:
        s, rng = self.settings, self._rng
        irregularity = rng.uniform(0.3, 0.6)
        crescendo = chance(rng, 0.3)
        found: list[Discharge] = []
        for number in range(count):
            size = (
                level
                * spread(rng, 1.0, 0.28)
                * (0.4 + 0.8 * number / max(1, count - 1) if crescendo and count > 2 else 1.0)
            )
            length = around(rng, 0.001 * s.burst_ms, 0.00038 * s.burst_ms, 0.0027 * s.burst_ms)
            envelope = burst(self._shape, length, self._rise_s(), rng.uniform(0.015, 0.06))
            found += self._contraction(at_s, envelope, size, gains)
            at_s += max(0.4 * length + 0.02, min(0.5, spread(rng, 0.001 * s.gap_ms, irregularity)))
        return found

    def _tonic(self, at_s: float, level: float, gains: dict[Site, float]) -> list[Discharge]:
        rng = self._rng
        found: list[Discharge] = []
        if chance(rng, 0.5):
            run = self._bursts(at_s, int(rng.integers(2, 7)), level, gains)
            found += run
            at_s = run[-1].start_s + rng.uniform(0.04, 0.12)
        length = float(np.clip(spread(rng, self.settings.tonic_s, 0.6), 1.1, 75.0))
        envelope = Envelope(
            "trapezoid",
            rise_s=rng.uniform(0.015, 0.09),
            plateau_s=length,
            decay_s=rng.uniform(0.03, 0.15),
            depth=rng.uniform(0.2, 0.6),
            rhythm_hz=rng.uniform(5.0, 15.0),
            phase=rng.uniform(0.0, 6.28),
            fade=rng.uniform(0.0, 0.3),
        )
        return found + self._contraction(at_s, envelope, level, gains)

    def _contraction(self, at_s: float, envelope: Envelope, level: float, gains: dict[Site, float]) -> list[Discharge]:
        """Upper and lower face together; the lower one has its own length, for no two branches end at the same time."""
        rng = self._rng
        common = offset(rng)
        found = []
        lower_plateau = envelope.plateau_s * spread(rng, 1.0, 0.12)
        for lower in (False, True):
            drives = tuple(
                Drive(self.side, site, level * gain * spread(rng, 1.0, 0.15), self._lag_s(site))
                for site, gain in gains.items()
                if site.lower_face is lower
            )
            if drives:
                own = _with_plateau(envelope, lower_plateau) if lower else envelope
                found.append(Discharge(at_s, own, drives, common, ectopic=True))
        return found

    def _lag_s(self, site: Site) -> float:
        if site is Site.ORBICULARIS_OCULI:
            return 0.0
        return float(np.clip(self._lags_s[site] + 0.003 * self._rng.standard_normal(), -0.008, 0.016))


def _with_plateau(envelope: Envelope, plateau_s: float) -> Envelope:
    return Envelope(
        envelope.shape,
        envelope.rise_s,
        plateau_s,
        envelope.decay_s,
        envelope.depth,
        envelope.rhythm_hz,
        envelope.phase,
        envelope.fade,
    )
