"""Decided atoms with their bursts, edges and valleys, as episodes are made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hfs_emg.analysis.atoms import Atom, runs
from hfs_emg.analysis.classify import Decision
from hfs_emg.analysis.edges import EdgeFinder
from hfs_emg.analysis.episodes import DecidedAtom
from hfs_emg.analysis.frames import FrameClock, moving_minimum
from hfs_emg.analysis.kinds import NONE
from hfs_emg.analysis.provisional import Striking
from hfs_emg.analysis.scene import BOTH, AtomTable, BurstTable, MontageRows, Scene
from hfs_emg.analysis.stretches import Floats, highest_of
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
        self,
        scene: Scene,
        table: AtomTable,
        atoms: Sequence[Atom],
        decisions: Sequence[Decision],
        striking: Sequence[Striking],
    ) -> list[list[DecidedAtom]]:
        """By island of the scene the atoms that are something. table, atoms, decisions: of the same; striking: by island."""
        found: list[list[DecidedAtom]] = [[] for _ in striking]
        kinds = [decision.kind for decision in decisions]
        chosen = [i for i, kind in enumerate(kinds) if kind != NONE]
        if not chosen:
            return found
        table = table.of(np.array(chosen))
        atoms = [atoms[i] for i in chosen]
        bursts = self._bursts(scene, table, atoms)
        edges = [(min(b[1] for b in mine), max(b[2] for b in mine)) for mine in bursts]
        one_sided = np.flatnonzero(table.sides != BOTH)
        if len(one_sided):
            own = self._edges.of_one_side(scene, table.of(one_sided))
            for i, begins, ends in zip(one_sided.tolist(), *(edge.tolist() for edge in own), strict=True):
                edges[i] = (begins, ends) if begins < ends else edges[i]
        first = (table.origin + table.starts).tolist()
        islands = table.island.tolist()
        for i, (atom, which) in enumerate(zip(atoms, chosen, strict=True)):
            decision, start, length = decisions[which], int(table.starts[i]), atom.end - atom.start
            found[islands[i]].append(
                DecidedAtom(
                    atom.side,
                    first[i],
                    first[i] + length,
                    atom.channels,
                    bursts[i],
                    edges[i],
                    decision,
                    float(length),
                    self._shown_s(atom, first[i], striking[islands[i]]),
                    self._uninterrupted_s(scene.envelope[:, start : start + length], atom, kinds[which]),
                )
            )
        return found

    def _bursts(
        self, scene: Scene, table: AtomTable, atoms: Sequence[Atom]
    ) -> list[tuple[tuple[int, float, float, float], ...]]:
        """The bursts of each atom, by channel: channel, start and end in seconds, peak in µV."""
        each = [
            (i, c, a, b)
            for i, atom in enumerate(atoms)
            for c in atom.channels
            for a, b in runs(atom.active[c], self._gap)
        ]
        owner, channels, begin, end = np.array(each, dtype=np.int64).T
        starts, ends, origin = table.starts[owner] + begin, table.starts[owner] + end, table.origin[owner]
        onset, offset = self._edges.of_bursts(
            scene, BurstTable(starts, ends, table.low[owner], table.high[owner], origin, channels)
        )
        seen = scene.burst[channels, ends] > scene.burst[channels, starts]
        clear = seen & (onset < offset)
        onset = np.where(clear, onset, self._clock.seconds_of(origin + starts))
        offset = np.where(clear, offset, self._clock.seconds_of(origin + ends))
        peak = np.sqrt(highest_of(scene.envelope, channels, starts, ends))
        columns = (onset.tolist(), offset.tolist(), peak.tolist())
        found: list[list[tuple[int, float, float, float]]] = [[] for _ in atoms]
        for (i, c, _, _), *values in zip(each, *columns, strict=True):
            found[i].append((c, values[0], values[1], values[2]))
        return [tuple(bursts) for bursts in found]

    def _shown_s(self, atom: Atom, first: int, striking: Striking) -> float | None:
        """When a one-sided atom first looked like a spasm."""
        if atom.side == "both":
            return None
        flags = striking[atom.side][atom.start : atom.end]
        at = int(flags.argmax())
        return self._clock.seconds(first + at + SHOWN_AFTER_FRAMES) if flags[at] else None

    def _uninterrupted_s(self, envelope: Floats, atom: Atom, kind: str) -> float:
        """Longest stretch of a channel in which the envelope never falls below a quarter of its highest nearby; of spasms and twitches."""
        if kind not in (Kind.SPASM, Kind.TWITCH):
            return 0.0
        reach = self._clock.frames(VALLEY_REACH_S)
        longest = 0
        for c in atom.channels:
            power = envelope[c]
            padded = np.concatenate([np.zeros(reach), power, np.zeros(reach)])
            highest = -moving_minimum(-padded[None, :], 2 * reach + 1)[0]
            on = atom.active[c] & (power >= VALLEY**2 * highest)
            longest = max([longest, *(end - start for start, end in runs(on, self._clock.frames(_VALLEY_GAP_S)))])
        return self._clock.seconds(longest)
