"""What atoms are measured in: the neighbourhoods of some islands laid end to end, and what all atoms in them share, worked out once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from hfs_emg.analysis.activity import BOTH, SIDE_NUMBERS, Neighbourhood, SiteStates
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.stretches import Columns, Flags, Floats, counts_before, runs

_MOVEMENTS_APART_S = 0.06


class MontageRows:
    """Channels of a montage as masks. own (3, channels): of each side, and all; sites (sites, channels); eyes, brows, lower (channels,).

    sides (channels,): 0 left, 1 right. twins (channels,): a channel without one stands for itself; paired (channels,): whether it has.
    """

    def __init__(self, montage: Montage) -> None:
        channels = montage.channels
        self.sides = np.array([SIDE_NUMBERS[c.side.value] for c in channels], dtype=np.int64)
        self.own = np.stack([self.sides == 0, self.sides == 1, np.ones(len(channels), dtype=np.bool_)])
        self.sites = np.array([[c.site is site for c in channels] for site in Site], dtype=np.bool_)
        self.eyes = np.array([c.site is Site.ORBICULARIS_OCULI for c in channels], dtype=np.bool_)
        self.brows = np.array([c.site is Site.FRONTALIS for c in channels], dtype=np.bool_)
        self.lower = np.array([c.site.lower_face for c in channels], dtype=np.bool_)
        twins = [montage.twin(i) for i in range(len(channels))]
        self.paired = np.array([twin is not None for twin in twins], dtype=np.bool_)
        self.twins = np.array([i if twin is None else twin for i, twin in enumerate(twins)], dtype=np.int64)
        places = [(montage.index(s, Site.FRONTALIS), montage.index(s, Site.ORBICULARIS_OCULI)) for s in Side]
        self.brow_and_eye = [(b, e) for b, e in places if b is not None and e is not None]


@dataclass(frozen=True, slots=True)
class BurstTable:
    """Bursts of atoms as columns, (n,) each; as in `AtomTable`. channels: the one of each."""

    starts: Columns
    ends: Columns
    low: Columns
    high: Columns
    origin: Columns
    channels: Columns


@dataclass(frozen=True, slots=True)
class Scene:
    """The neighbourhoods of some islands end to end, with one column more, (channels, m) unless said; what atoms share is worked out once.

    level: power over noise, 1 where bad. raw_level: the same, bad or not. amplitude: µV above the noise, of the envelope.
    outline: the same of the short envelope. root: µV of the short envelope; side_root (2, m): summed over each side.
    wave, power (channels, m * hop): samples and their squares. gain (islands, channels).
    By side or "both" (3, m): loudest, the highest level, 0 where bad; lid_blink and lid, the envelope of the lids where both move,
    and as it is. Counts before a column: burst, two_sided (channels, m + 1); one_sided (3, m + 1): whether any site of the side is;
    moving (3, m + 1): whether one of the eyes (0), of the lower face (1) moves with its twin, whether both eyes show a slow potential (2).
    movements (2, k): starts and ends of runs of any two-sided movement.
    """

    starts: Columns
    ends: Columns
    bad: bool
    envelope: Floats
    short: Floats
    hop: Floats
    slow: Floats
    fast: Floats
    floor: Floats
    gain: Floats
    eye: Floats
    eye_wave: Floats
    wave: Floats
    power: Floats
    level: Floats
    raw_level: Floats
    amplitude: Floats
    outline: Floats
    root: Floats
    side_root: Floats
    loudest: Floats
    lid_blink: Floats
    lid: Floats
    burst: NDArray[np.int32]
    two_sided: NDArray[np.int32]
    one_sided: NDArray[np.int32]
    moving: NDArray[np.int32]
    movements: Columns


class SceneMaker:
    """Makes scenes for one montage."""

    def __init__(self, clock: FrameClock, montage: Montage) -> None:
        self._apart = clock.frames(_MOVEMENTS_APART_S)
        self.rows = MontageRows(montage)

    def scene(self, near: Neighbourhood, states: SiteStates) -> Scene:
        """The scene of some neighbourhoods."""
        rows, layout = self.rows, near.layout

        def joined(values: Floats, spare: float = 1.0) -> Floats:
            return np.concatenate([values, np.full((len(values), 1), spare)], axis=1)

        def flagged(flags: Flags) -> Flags:
            return np.concatenate([flags, np.zeros((len(flags), 1), dtype=np.bool_)], axis=1)

        envelope, short, floor, wave = (joined(each) for each in (near.envelope, near.short, near.floor, near.wave))
        bad = flagged(near.bad)
        spoiled = bool(bad.any())
        raw = envelope / floor
        clean = np.where(bad, floor, envelope) if spoiled else envelope
        loud = np.where(bad, 0.0, raw) if spoiled else raw
        root = np.sqrt(short)
        together = flagged(states.two_sided)
        blinking = np.where(together, envelope, 0.0)
        one_sided = flagged(states.one_sided)
        eye_potential = flagged(states.eye_potential[None])[0]
        return Scene(
            starts=layout.low,
            ends=layout.high,
            bad=spoiled,
            envelope=envelope,
            short=short,
            hop=joined(near.hop),
            slow=joined(near.slow),
            fast=joined(near.fast),
            floor=floor,
            gain=near.gain,
            eye=joined(near.eye[None], 0.0),
            eye_wave=joined(near.eye_wave),
            wave=wave,
            power=wave * wave,
            level=clean / floor if spoiled else raw,
            raw_level=raw,
            amplitude=np.sqrt(np.maximum(clean - floor, 0.0)),
            outline=np.sqrt(np.maximum(short - floor, 0.0)),
            root=root,
            side_root=np.stack([np.add.reduce(root[own], axis=0) for own in rows.own[:BOTH]]),
            loudest=_highest_by_side(loud, rows.own),
            lid_blink=_highest_by_side(blinking, rows.own & rows.eyes),
            lid=_highest_by_side(envelope, rows.own & rows.eyes),
            burst=counts_before(flagged(states.burst)),
            two_sided=counts_before(together),
            one_sided=counts_before(np.stack([one_sided[own].any(axis=0) for own in rows.own])),
            moving=counts_before(
                np.stack([together[rows.eyes].any(axis=0), together[rows.lower].any(axis=0), eye_potential])
            ),
            movements=self._movements(together, layout.low),
        )

    def _movements(self, together: Flags, low: Columns) -> Columns:
        where = np.logical_or.reduce(together, axis=0).nonzero()[0]
        return np.stack(runs(where, np.searchsorted(low, where, side="right"), self._apart)[:2])


def _highest_by_side(values: Floats, masks: Flags) -> Floats:
    """Of each side the highest channel: values (channels, m), masks (sides, channels) to (sides, m); 0 without a channel."""
    return np.stack([values[mask].max(axis=0, initial=0.0) for mask in masks])
