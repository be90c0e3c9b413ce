"""Decided atoms with their bursts, edges and valleys, as episodes are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hfs_emg.analysis.activity import BOTH, SIDE_NAMES, AtomTable, SiteStates
from hfs_emg.analysis.classify import Decision
from hfs_emg.analysis.decided import DecidedAtom
from hfs_emg.analysis.edges import EdgeFinder
from hfs_emg.analysis.frames import FrameClock, moving_minimum
from hfs_emg.analysis.kinds import NONE
from hfs_emg.analysis.scene import BurstTable, MontageRows, Scene
from hfs_emg.analysis.stretches import Columns, Flags, Floats, Stretches, highest_of
from hfs_emg.events import Kind

EDGE_DELAY_S = 0.004
"""How late the filtered signal is: group delay of the EMG band at its centre, measured on simulated bursts."""
VALLEY = 0.25
"""Tonic contraction is modulated by 20–60 %, so its envelope stays above 0.4 of its peak; between clonic bursts it falls further."""
VALLEY_REACH_S = 0.25
_VALLEY_GAP_S = 0.04
_BURST_GAP_S = 0.07
SHOWN_AFTER_FRAMES = 6
"""A provisional kind needs so many frames beyond the one it is about: half the envelope's window and the smoothing."""


class BurstFinder:
    """Finds the bursts of atoms in one stream."""

    def __init__(self, clock: FrameClock, rows: MontageRows) -> None:
        self._clock = clock
        self._edges = EdgeFinder(clock, rows, EDGE_DELAY_S)
        self._gap = clock.frames(_BURST_GAP_S)

    def decided(
        self, scene: Scene, states: SiteStates, table: AtomTable, decisions: Sequence[Decision], striking: Columns
    ) -> list[tuple[int, DecidedAtom]]:
        """The atoms that are something, each with the number of its island. decisions, striking (n,): of the atoms of the table; striking
        as `Provisional.first_striking` gives it.
        """
        chosen = [i for i, decision in enumerate(decisions) if decision.kind != NONE]
        if not chosen:
            return []
        table, striking = table.of(np.array(chosen)), striking[chosen]
        sites = _Sites.of(table, states)
        bursts, begins, ends = self._bursts(scene, table, sites)
        one_sided = np.flatnonzero(table.sides != BOTH)
        if len(one_sided):
            own_begins, own_ends = self._edges.of_one_side(scene, table.of(one_sided))
            forward = own_begins < own_ends
            begins[one_sided[forward]], ends[one_sided[forward]] = own_begins[forward], own_ends[forward]
        first = table.origin + table.starts
        shown_s = self._clock.seconds_of(first + striking + SHOWN_AFTER_FRAMES).tolist()
        lengths = (table.ends - table.starts).tolist()
        kinds = [decisions[i].kind for i in chosen]
        whole_s = self._uninterrupted_s(scene, table, sites, [kind in (Kind.SPASM, Kind.TWITCH) for kind in kinds])
        channels = sites.by_atom(sites.channels.tolist())
        columns = (table.island, table.sides, first, begins, ends, striking)
        return [
            (
                island,
                DecidedAtom(
                    SIDE_NAMES[side],
                    at,
                    at + lengths[i],
                    tuple(channels[i]),
                    bursts[i],
                    (begin, end),
                    decisions[chosen[i]],
                    float(lengths[i]),
                    shown_s[i] if struck >= 0 else None,
                    whole_s[i],
                ),
            )
            for i, (island, side, at, begin, end, struck) in enumerate(zip(*(c.tolist() for c in columns), strict=True))
        ]

    def _bursts(
        self, scene: Scene, table: AtomTable, sites: _Sites
    ) -> tuple[list[tuple[tuple[int, float, float, float], ...]], Floats, Floats]:
        """The bursts of each atom, by channel: channel, start and end in seconds, peak in µV; and when its first begins and its last
        ends.
        """
        first, end, of = sites.laid.runs(sites.active, self._gap)
        owner, channels = sites.atoms[of], sites.channels[of]
        starts, ends, origin = sites.laid.columns[first], sites.laid.columns[end - 1] + 1, table.origin[owner]
        onset, offset = self._edges.of_bursts(
            scene, BurstTable(starts, ends, table.low[owner], table.high[owner], origin, channels)
        )
        seen = scene.burst[channels, ends] > scene.burst[channels, starts]
        clear = seen & (onset < offset)
        onset = np.where(clear, onset, self._clock.seconds_of(origin + starts))
        offset = np.where(clear, offset, self._clock.seconds_of(origin + ends))
        peak = np.sqrt(highest_of(scene.envelope, channels, starts, ends))
        each = list(zip(channels.tolist(), onset.tolist(), offset.tolist(), peak.tolist(), strict=True))
        begins = np.searchsorted(owner, np.arange(len(table) + 1))
        bursts = [tuple(each[a:b]) for a, b in pairwise(begins.tolist())]
        return bursts, np.minimum.reduceat(onset, begins[:-1]), np.maximum.reduceat(offset, begins[:-1])

    def _uninterrupted_s(self, scene: Scene, table: AtomTable, sites: _Sites, which: Sequence[bool]) -> list[float]:
        """Longest stretch of a channel in which the envelope never falls below a quarter of its highest nearby; 0 but for those asked."""
        found = np.zeros(len(table), dtype=np.int64)
        some = np.array(which)[sites.atoms].nonzero()[0]
        if not len(some):
            return [0.0] * len(table)
        reach = self._clock.frames(VALLEY_REACH_S)
        atoms = sites.atoms[some]
        cut = Stretches(table.starts[atoms], table.ends[atoms])
        power = cut.row(scene.envelope, sites.channels[some])
        active = sites.active[np.repeat(np.isin(np.arange(len(sites.atoms)), some), sites.laid.lengths)]
        # With nothing on either side of each.
        place = np.arange(len(power)) + reach * (2 * cut.owner + 1)
        padded = np.zeros((1, len(power) + 2 * reach * len(some)))
        padded[0, place] = power
        highest = -moving_minimum(-padded, 2 * reach + 1)[0, place - reach]
        on = active & (power >= VALLEY**2 * highest)
        first, end, of = cut.runs(on, self._clock.frames(_VALLEY_GAP_S))
        np.maximum.at(found, atoms[of], end - first)
        seconds: list[float] = self._clock.seconds_of(found).tolist()
        return seconds


@dataclass(frozen=True, slots=True)
class _Sites:
    """The channels of all atoms, atom after atom, (k,): of which atom each is, and which channel. laid: the atom's frames for each of
    them, end to end; active: where it takes part.
    """

    atoms: Columns
    channels: Columns
    laid: Stretches
    active: Flags

    @staticmethod
    def of(table: AtomTable, states: SiteStates) -> _Sites:
        atoms, channels = table.channels.nonzero()
        laid = Stretches(table.starts[atoms], table.ends[atoms])
        taking_part = np.concatenate([states.one_sided, states.together])
        rows = np.where(table.sides[atoms] == BOTH, channels + len(states.one_sided), channels)
        return _Sites(atoms, channels, laid, laid.row(taking_part, rows))

    def by_atom(self, each: list[int]) -> list[list[int]]:
        """What is said of each channel, atom by atom; every atom has one."""
        begins = [*np.flatnonzero(np.diff(self.atoms, prepend=-1)).tolist(), len(each)]
        return [each[a:b] for a, b in pairwise(begins)]
