"""An atom with what was decided about it: what episodes are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hfs_emg.analysis.activity import SIDE_NAMES
from hfs_emg.analysis.classify import Decision
from hfs_emg.analysis.examining import Examined
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.kinds import NONE
from hfs_emg.events import SideName

SHOWN_AFTER_FRAMES = 6
"""A provisional kind needs so many frames beyond the one it is about: half the envelope's window and the smoothing."""


@dataclass(frozen=True, slots=True)
class DecidedAtom:
    """An atom with its decision. Frames are absolute; channels are indices into the montage."""

    side: SideName
    first: int
    end: int
    channels: tuple[int, ...]
    bursts: tuple[tuple[int, float, float, float], ...]
    """(channel, start_s, end_s, peak_uv)"""
    edges_s: tuple[float, float]
    """Where it begins and ends, all its channels together."""
    decision: Decision
    weight: float
    shown_s: float | None
    """When it first looked like a spasm."""
    uninterrupted_s: float
    """Longest stretch of one channel without a valley; 0 of two-sided atoms, of which nobody asks."""


def decided(examined: Examined, decisions: Sequence[Decision], clock: FrameClock) -> list[tuple[int, DecidedAtom]]:
    """The atoms that are something, each with the number of its island. decisions: of each atom."""
    atoms, traces = examined.atoms, examined.traces
    each = (traces.channels, traces.onsets, traces.offsets, traces.peaks)
    bursts = list(zip(*(column.tolist() for column in each), strict=True))
    row, channel = atoms.channels.nonzero()
    channels, owned = channel.tolist(), np.searchsorted(row, np.arange(len(atoms) + 1)).tolist()
    first = atoms.origin + atoms.starts
    columns = (
        atoms.island,
        atoms.sides,
        first,
        atoms.ends - atoms.starts,
        traces.begins,
        traces.ends,
        examined.striking,
        clock.seconds_of(first + examined.striking + SHOWN_AFTER_FRAMES),
        traces.whole_s,
    )
    return [
        (
            island,
            DecidedAtom(
                SIDE_NAMES[side],
                at,
                at + length,
                tuple(channels[a:b]),
                tuple(bursts[c:d]),
                (begin, end),
                decision,
                float(length),
                shown_s if struck >= 0 else None,
                whole_s,
            ),
        )
        for decision, (a, b), (c, d), (island, side, at, length, begin, end, struck, shown_s, whole_s) in zip(
            decisions,
            pairwise(owned),
            pairwise(traces.first.tolist()),
            zip(*(x.tolist() for x in columns), strict=True),
            strict=True,
        )
        if decision.kind != NONE
    ]
