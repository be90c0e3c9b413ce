"""Writes down the truth about a plan: from happenings to episodes with limits, sites and form.

Levels are those of the envelopes behind the front end, not of one draw of the carrier: what is visible must not hang on
chance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hfs_emg.events import Invalid, Kind
from hfs_emg.model import Side, Signal, Site
from hfs_emg.simulation.anatomy import MUSCLE_INDEX, Face
from hfs_emg.simulation.envelope import Envelope
from hfs_emg.simulation.events import Discharge, Happening
from hfs_emg.simulation.plan import CHAPTER_S, Plan
from hfs_emg.simulation.truth import Place, TrueEpisode, Truth

Samples = NDArray[np.float64]

VISIBLE = 2.5
"""Peak 50 ms RMS, in units of the channel's quiet noise RMS, from which a site counts as visible."""
JOIN_S = 0.5
"""Happenings of one side and kind no further apart are one episode."""
FUSE_S = 0.02
"""Contractions no further apart are uninterrupted."""
TONIC_S = 1.0
_STEP_S = 0.002
_WINDOW = 25


@dataclass(frozen=True, slots=True)
class _Seen:
    """A happening as electrodes see it. held: intervals of contraction, seconds, uninterrupted ones made one."""

    happening: Happening
    start_s: float
    end_s: float
    sites: frozenset[Site]
    visible: frozenset[Site]
    held: tuple[tuple[float, float], ...]


class Witness:
    """Follows its own copy of a plan. rate_gain: what the front end leaves of a carrier's RMS at this rate."""

    def __init__(self, plan: Plan, face: Face, quiet_rms_uv: Samples, rate_gain: float) -> None:
        self._plan = plan
        self._face = face
        self._quiet_uv = quiet_rms_uv
        self._rate_gain = rate_gain
        self._seen: list[_Seen] = []
        self._invalid: list[Invalid] = []
        self._envelopes: dict[Envelope, tuple[Samples, float]] = {}
        self._labels = self._face.montage.input_labels(len(face.places))

    def truth(self, until_s: float, scenario: str, seed: int, signal: Signal) -> Truth:
        """All that starts before until_s, cut there."""
        while self._plan.planned_s < until_s + CHAPTER_S / 2:
            for happening in self._plan.chapter():
                if happening.kind is not None:
                    self._seen.append(self._look(happening))
                    self._note_invalid(happening)
        episodes = [e for e in _episodes(self._seen, until_s) if e.end_s > e.start_s]
        return Truth(
            schema="hfs-emg/truth/1",
            scenario=scenario,
            seed=seed,
            sample_rate_hz=signal.rate_hz,
            duration_s=until_s,
            montage=tuple(Place(c.label, c.side.value, c.site.value) for c in self._face.montage.channels),
            episodes=tuple(sorted(episodes, key=lambda e: (e.start_s, e.end_s, e.label))),
            invalid=tuple(
                Invalid(max(0.0, i.start_s), min(i.end_s, until_s), i.channels, i.reason)
                for i in sorted(self._invalid, key=lambda i: (i.start_s, i.end_s))
                if i.start_s < until_s and i.end_s > 0.0
            ),
        )

    def _note_invalid(self, happening: Happening) -> None:
        if happening.reason is None:
            return
        analysed = {c.input for c in self._face.montage.channels}
        channels = tuple(self._labels[i] for i in happening.inputs if i in analysed)
        if channels:
            all_of_them = len(channels) == len(analysed)
            self._invalid.append(
                Invalid(happening.start_s, happening.end_s, None if all_of_them else channels, happening.reason)
            )

    def _look(self, happening: Happening) -> _Seen:
        if not happening.discharges:
            return self._look_at_electrodes(happening)
        driven: set[Site] = set()
        visible: set[Site] = set()
        end_s = -np.inf
        for discharge in happening.discharges:
            values, peak = self._envelope(discharge.envelope)
            for site, number, lag_s, level in self._levels(discharge, happening):
                quiet = float(self._quiet_uv[number])
                driven.add(site)
                if level * peak >= VISIBLE * quiet:
                    visible.add(site)
                above = np.flatnonzero(values * level > quiet)
                if len(above):
                    end_s = max(end_s, discharge.start_s + lag_s + float(above[-1] + 1) * _STEP_S)
        held = [(d.start_s, d.start_s + d.envelope.core_s) for d in happening.discharges]
        start_s = happening.start_s
        if end_s <= start_s:
            end_s = happening.end_s
        return _Seen(happening, start_s, end_s, frozenset(driven), frozenset(visible), tuple(_fused(held)))

    def _look_at_electrodes(self, happening: Happening) -> _Seen:
        places = [self._face.places[i] for i in happening.inputs]
        sites = frozenset(
            place[1] for place in places if place is not None and self._face.montage.index(*place) is not None
        )
        return _Seen(happening, happening.start_s, happening.end_s, sites, sites, ())

    def _levels(self, discharge: Discharge, happening: Happening) -> Iterable[tuple[Site, int, float, float]]:
        """(site, input, lag, µV behind the front end) of the driven sites that count for this happening.

        Muscles without an electrode of their own (the masseter) are told by the electrodes that see them.
        """
        sides = (Side.LEFT, Side.RIGHT) if happening.side in ("both", None) else (Side(str(happening.side)),)
        for drive in discharge.drives:
            if drive.side not in sides:
                continue
            own = self._face.own_gain(drive.side, drive.site)
            if own is not None:
                yield drive.site, own[0], drive.lag_s, drive.level_uv * own[1] * self._rate_gain
            elif drive.site is Site.MASSETER:
                mixing = self._face.mixing[MUSCLE_INDEX[drive.side, drive.site]]
                for channel in self._face.montage.channels:
                    gain = float(mixing[channel.input])
                    if channel.side is drive.side and gain > 0.1:
                        yield channel.site, channel.input, drive.lag_s, drive.level_uv * gain * self._rate_gain

    def _envelope(self, envelope: Envelope) -> tuple[Samples, float]:
        """(values each 2 ms, peak 50 ms RMS); the last few are kept, for drives of a discharge share theirs."""
        known = self._envelopes.get(envelope)
        if known is None:
            values = envelope.at(np.arange(0.0, envelope.span_s, _STEP_S))
            padded = np.concatenate((np.zeros(_WINDOW), np.cumsum(values**2), np.full(_WINDOW, np.sum(values**2))))
            peak = float(np.sqrt(np.max(padded[_WINDOW:] - padded[:-_WINDOW]) / _WINDOW))
            if len(self._envelopes) > 8:
                self._envelopes.clear()
            known = self._envelopes[envelope] = (values, peak)
        return known


def _fused(bursts: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Intervals in order of time, those at most FUSE_S apart made one."""
    fused: list[tuple[float, float]] = []
    for start, end in sorted(bursts):
        if fused and start - fused[-1][1] <= FUSE_S:
            fused[-1] = (fused[-1][0], max(fused[-1][1], end))
        else:
            fused.append((start, end))
    return fused


_JOINED = frozenset({Kind.SPASM, Kind.TWITCH, Kind.BLINK, Kind.BLEPHAROSPASM})


def _episodes(seen: list[_Seen], until_s: float) -> Iterable[TrueEpisode]:
    """Happenings made episodes: those of one side and kind that follow within JOIN_S are one."""
    started = sorted((s for s in seen if s.start_s < until_s), key=lambda s: (s.start_s, s.end_s))
    groups: dict[tuple[str, str | None], list[_Seen]] = {}
    for one in started:
        family = _family(one.happening)
        if family is None:
            yield _episode([one], until_s)
            continue
        key = (family, one.happening.side)
        group = groups.get(key)
        if group is not None and one.start_s - max(g.end_s for g in group) <= JOIN_S:
            group.append(one)
        else:
            if group is not None:
                yield _episode(group, until_s)
            groups[key] = [one]
    for group in groups.values():
        yield _episode(group, until_s)


def _family(happening: Happening) -> str | None:
    """What may be joined with what; None for happenings that stand alone."""
    if happening.label.startswith("spasm"):
        return "spasm"
    if happening.label == "speech":
        return "speech"
    if happening.kind in _JOINED and happening.label != "facial_myokymia":
        return str(happening.kind)
    return None


def _episode(group: list[_Seen], until_s: float) -> TrueEpisode:
    kinds = {one.happening.kind for one in group}
    sites = frozenset().union(*(one.sites for one in group))
    kind = group[0].happening.kind
    if Kind.SPASM in kinds or (_family(group[0].happening) == "spasm" and len(sites) > 1):
        kind = Kind.SPASM
    assert kind is not None
    visible = frozenset().union(*(one.visible for one in group))
    longest = max((end - start for start, end in _fused(b for one in group for b in one.held)), default=0.0)
    form: Literal["clonic", "tonic"] | None = None
    if kind is Kind.SPASM:
        form = "tonic" if longest >= TONIC_S else "clonic"
    strongest = max(group, key=lambda one: one.end_s - one.start_s)
    return TrueEpisode(
        start_s=round(max(0.0, group[0].start_s), 4),
        end_s=round(min(until_s, max(one.end_s for one in group)), 4),
        kind=kind,
        side=group[0].happening.side,
        sites=tuple(site.value for site in Site if site in sites),
        visible_sites=tuple(site.value for site in Site if site in visible),
        form=form,
        label=strongest.happening.label,
    )
