"""Bursts, edges and valleys of atoms, as episodes are made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hfs_emg.analysis.activity import BOTH, AtomTable, SiteStates
from hfs_emg.analysis.edges import EdgeFinder
from hfs_emg.analysis.frames import FrameClock, moving_minimum
from hfs_emg.analysis.scene import BurstTable, MontageRows, Scene
from hfs_emg.analysis.stretches import Columns, Flags, Floats, Stretches, highest_of

EDGE_DELAY_S = 0.004
"""How late the filtered signal is: group delay of the EMG band at its centre, measured on simulated bursts."""
VALLEY = 0.25
"""Tonic contraction is modulated by 20–60 %, so its envelope stays above 0.4 of its peak; between clonic bursts it falls further."""
VALLEY_REACH_S = 0.25
_VALLEY_GAP_S = 0.04
_BURST_GAP_S = 0.07


@dataclass(frozen=True, slots=True)
class Traces:
    """What atoms left in the signal of each channel, (n,) each: begins, ends, s; whole_s: longest stretch of one channel in which the
    envelope never falls below a quarter of its highest nearby (0 for two-sided atoms, of which nobody asks).

    Their bursts, atom after atom, (k,) each: channel, onset and offset, s, and peak, µV; first (n + 1,): which is the first of each atom.
    """

    begins: Floats
    ends: Floats
    whole_s: Floats
    channels: Columns
    onsets: Floats
    offsets: Floats
    peaks: Floats
    first: Columns


class BurstFinder:
    """Finds the bursts of atoms in one stream."""

    def __init__(self, clock: FrameClock, rows: MontageRows) -> None:
        self._clock = clock
        self._edges = EdgeFinder(clock, rows, EDGE_DELAY_S)
        self._gap = clock.frames(_BURST_GAP_S)

    def traces(self, scene: Scene, states: SiteStates, table: AtomTable) -> Traces:
        """Those of all atoms of a table."""
        sites = _Sites.of(table, states)
        first, end, of = sites.laid.runs(sites.active, self._gap)
        owner, channels = sites.atoms[of], sites.channels[of]
        starts, ends, origin = sites.laid.columns[first], sites.laid.columns[end - 1] + 1, table.origin[owner]
        onsets, offsets = self._edges.of_bursts(
            scene, BurstTable(starts, ends, table.low[owner], table.high[owner], origin, channels)
        )
        seen = scene.burst[channels, ends] > scene.burst[channels, starts]
        clear = seen & (onsets < offsets)
        onsets = np.where(clear, onsets, self._clock.seconds_of(origin + starts))
        offsets = np.where(clear, offsets, self._clock.seconds_of(origin + ends))
        peaks = np.sqrt(highest_of(scene.envelope, channels, starts, ends))
        bounds = np.searchsorted(owner, np.arange(len(table) + 1))
        begins, ends_s = np.minimum.reduceat(onsets, bounds[:-1]), np.maximum.reduceat(offsets, bounds[:-1])
        one_sided = np.flatnonzero(table.sides != BOTH)
        if len(one_sided):
            own_begins, own_ends = self._edges.of_one_side(scene, table.of(one_sided))
            forward = own_begins < own_ends
            begins[one_sided[forward]], ends_s[one_sided[forward]] = own_begins[forward], own_ends[forward]
        whole_s = self._uninterrupted_s(scene, table, sites)
        return Traces(begins, ends_s, whole_s, channels, onsets, offsets, peaks, bounds)

    def _uninterrupted_s(self, scene: Scene, table: AtomTable, sites: _Sites) -> Floats:
        """As `Traces` has it."""
        found = np.zeros(len(table), dtype=np.int64)
        asked = (table.sides != BOTH)[sites.atoms]
        some = asked.nonzero()[0]
        if not len(some):
            return self._clock.seconds_of(found)
        reach = self._clock.frames(VALLEY_REACH_S)
        atoms = sites.atoms[some]
        cut = Stretches(table.starts[atoms], table.ends[atoms])
        power = cut.row(scene.envelope, sites.channels[some])
        active = sites.active[asked.repeat(sites.laid.lengths)]
        # With nothing on either side of each.
        place = np.arange(len(power)) + reach * (2 * cut.owner + 1)
        padded = np.zeros((1, len(power) + 2 * reach * len(some)))
        padded[0, place] = power
        highest = -moving_minimum(-padded, 2 * reach + 1)[0, place - reach]
        on = active & (power >= VALLEY**2 * highest)
        first, end, of = cut.runs(on, self._clock.frames(_VALLEY_GAP_S))
        np.maximum.at(found, atoms[of], end - first)
        return self._clock.seconds_of(found)


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
