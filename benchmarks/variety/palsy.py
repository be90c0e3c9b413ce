"""Synkinesis after a palsy: on one side the mouth goes along with the lid, and the lid with the mouth.

It comes with nearly every movement (Neurophysiol Clin 2024;55:103019), 0–30 ms late; resting tone of that side is raised by half to
threefold (assumption). Gain from lid to mouth 0.15–0.8.
"""

from __future__ import annotations

from benchmarks.variety.day import Day
from benchmarks.variety.draws import Flanks, log_normal
from benchmarks.variety.person import MEN, OOC, OOR, ZYG
from calibration.montage import Site
from hfs_emg.events import Kind

_ALONG = 0.97
_PARTS = {ZYG: (0.7, 1.3), OOR: (0.5, 1.2), MEN: (0.4, 1.2)}


class Palsy:
    """The palsy a face has had; without one (`life.synkinesis` of 0) nothing goes along."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._strength = day.life.synkinesis
        self._gains: dict[Site, float] = {}
        if not self._strength:
            return
        rng = day.rng
        self._gains = {site: self._strength * rng.uniform(*span) for site, span in _PARTS.items()}
        tone_uv = day.person.tone_uv
        for place in tone_uv:
            if place[0] is day.life.side:
                tone_uv[place] *= rng.uniform(1.5, 3)

    def with_blink(self, start_s: float, length_s: float, microvolts: float) -> None:
        """The mouth goes along with a blink."""
        self._with_lid(start_s, length_s, microvolts, None)

    def with_closure(self, start_s: float, length_s: float, rise_s: float) -> None:
        """The mouth goes along with eyes that are shut on purpose."""
        self._with_lid(start_s, length_s, 60.0, rise_s)

    def _with_lid(self, start_s: float, length_s: float, microvolts: float, rise_s: float | None) -> None:
        """rise_s None: as abrupt as a blink."""
        rng, person, side = self._day.rng, self._day.person, self._day.life.side
        if not self._strength or rng.random() > _ALONG:
            return
        lag_s = rng.uniform(0, 0.03)
        for site, gain in self._gains.items():
            uv = microvolts * (gain * log_normal(rng, 1, 0.25))
            if rise_s is None:
                person.muscles[side, site].pulse(start_s + lag_s, length_s * 1.1, uv)
            else:
                person.push((side, site), start_s + lag_s, start_s + length_s + lag_s, Flanks(rise_s, 0.1), uv)
        end_s = start_s + lag_s + length_s + (0.02 if rise_s is None else 0.08)
        person.note(start_s + lag_s, end_s, Kind.SYNKINESIS, "oculo_oral", side, sites=list(self._gains))

    def with_mouth(self, start_s: float, length_s: float, microvolts: float) -> None:
        """The lid goes along with a smile or a pucker."""
        if not self._strength:
            return
        rng, person, side = self._day.rng, self._day.person, self._day.life.side
        lag_s = rng.uniform(0, 0.03)
        begin_s, end_s = start_s + lag_s, start_s + length_s + lag_s
        uv = microvolts * self._strength * log_normal(rng, 1, 0.25)
        person.push((side, OOC), begin_s, end_s, Flanks(0.12, 0.15), uv)
        person.note(begin_s, end_s, Kind.SYNKINESIS, "oro_ocular", side, sites=[OOC])
