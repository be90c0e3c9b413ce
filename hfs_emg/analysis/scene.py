"""What atoms are measured in: the neighbourhoods of some islands laid end to end, and the atoms found in them as columns.

An hour holds tens of thousands of atoms, and measuring one costs some hundred calls of numpy whether it is one or fifty. So all
atoms of the islands that ripen together are measured together. Which these are depends on how the stream was cut, and must
not show: see `stretches`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from hfs_emg.analysis.atoms import Atom, Neighbourhood, SiteStates, runs
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.stretches import Columns, Flags, Floats, counts_before
from hfs_emg.events import SideName

BOTH = 2
"""Sides by number: 0 left, 1 right, 2 both."""
SIDE_NAMES: tuple[SideName, ...] = ("left", "right", "both")
SIDE_NUMBERS = {name: number for number, name in enumerate(SIDE_NAMES)}
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
class AtomTable:
    """Atoms as columns, (n,) each, by start. starts, ends: columns of the scene. low, high: columns of the neighbourhood they are in.

    origin: frame of the stream less column. sides: by number. channels (n, channels): which take part. stretch: length of the unbroken
    activity; into: how far in the atom begins, frames. island: which of the scene's. start_s, end_s: seconds of the stream.
    """

    starts: Columns
    ends: Columns
    low: Columns
    high: Columns
    origin: Columns
    sides: Columns
    channels: Flags
    stretch: Columns
    into: Columns
    island: Columns
    start_s: Floats
    end_s: Floats

    def __len__(self) -> int:
        return len(self.starts)

    def by_island(self) -> list[slice]:
        """The rows of each island that has atoms."""
        edges = np.flatnonzero(np.diff(self.island, prepend=-1, append=-1)).tolist()
        return [slice(*own) for own in pairwise(edges)]

    def of(self, which: Flags | Columns) -> AtomTable:
        """Some of them."""
        return AtomTable(*(getattr(self, name)[which] for name in self.__slots__))


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
    """Makes scenes and tables of atoms for one montage."""

    def __init__(self, clock: FrameClock, montage: Montage) -> None:
        self._clock = clock
        self._apart = clock.frames(_MOVEMENTS_APART_S)
        self.rows = MontageRows(montage)

    def scene(self, nears: Sequence[Neighbourhood], states: Sequence[SiteStates]) -> Scene:
        """The scene of some neighbourhoods, in their order."""
        rows = self.rows
        stops = np.cumsum([near.envelope.shape[1] for near in nears])
        starts = np.concatenate([[0], stops[:-1]])

        def joined(name: str) -> Floats:
            parts = [getattr(near, name) for near in nears]
            return np.concatenate([*parts, np.ones((len(parts[0]), 1))], axis=1)

        def flagged(name: str) -> Flags:
            parts = [getattr(state, name) for state in states]
            return np.concatenate([*parts, np.zeros((*parts[0].shape[:-1], 1), dtype=np.bool_)], axis=-1)

        envelope, short, floor, wave = (joined(name) for name in ("envelope", "short", "floor", "wave"))
        bad = np.concatenate([*(near.bad for near in nears), np.zeros((len(floor), 1), dtype=np.bool_)], axis=1)
        spoiled = bool(bad.any())
        raw = envelope / floor
        clean = np.where(bad, floor, envelope) if spoiled else envelope
        loud = np.where(bad, 0.0, raw) if spoiled else raw
        root = np.sqrt(short)
        together = flagged("two_sided")
        blinking = np.where(together, envelope, 0.0)
        one_sided = flagged("one_sided")
        eye_potential = np.concatenate([*(state.eye_potential for state in states), np.zeros(1, dtype=np.bool_)])
        return Scene(
            starts=starts,
            ends=stops,
            bad=spoiled,
            envelope=envelope,
            short=short,
            hop=joined("hop"),
            slow=joined("slow"),
            fast=joined("fast"),
            floor=floor,
            gain=np.stack([near.gain for near in nears]),
            eye=np.concatenate([*(near.eye for near in nears), np.zeros(1)])[None, :],
            eye_wave=joined("eye_wave"),
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
            burst=counts_before(flagged("burst")),
            two_sided=counts_before(together),
            one_sided=counts_before(np.stack([one_sided[own].any(axis=0) for own in rows.own])),
            moving=counts_before(
                np.stack([together[rows.eyes].any(axis=0), together[rows.lower].any(axis=0), eye_potential])
            ),
            movements=self._movements(together, starts, stops),
        )

    def _movements(self, together: Flags, starts: Columns, stops: Columns) -> Columns:
        anything = np.asarray(together.any(axis=0))
        found: list[tuple[int, int]] = []
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
            found += [(start + a, start + b) for a, b in runs(anything[start:stop], self._apart)]
        return np.array(found, dtype=np.int64).reshape(-1, 2).T

    def table(self, nears: Sequence[Neighbourhood], atoms: Sequence[Sequence[Atom]]) -> AtomTable:
        """The atoms of some neighbourhoods, those of each in their order."""
        lengths = np.array([near.envelope.shape[1] for near in nears])
        stops = np.cumsum(lengths)
        each = [
            (a.start, a.end, SIDE_NUMBERS[a.side], a.stretch[1] - a.stretch[0], a.start - a.stretch[0], i)
            for i, mine in enumerate(atoms)
            for a in mine
        ]
        start, end, sides, stretch, into, island = np.array(each, dtype=np.int64).reshape(-1, 6).T
        channels = np.zeros((len(each), len(self.rows.sides)), dtype=np.bool_)
        for i, atom in enumerate(a for mine in atoms for a in mine):
            channels[i, list(atom.channels)] = True
        high = stops[island]
        low = high - lengths[island]
        first = np.array([near.first for near in nears], dtype=np.int64)[island]
        start_s, end_s = (self._clock.seconds_of(first + at) for at in (start, end))
        places = low + start, low + end, low, high, first - low
        return AtomTable(*places, sides, channels, stretch, into, island, start_s, end_s)


def _highest_by_side(values: Floats, masks: Flags) -> Floats:
    """Of each side the highest channel: values (channels, m), masks (sides, channels) to (sides, m); 0 without a channel."""
    return np.stack([values[mask].max(axis=0, initial=0.0) for mask in masks])
