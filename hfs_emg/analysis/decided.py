"""An atom with what was decided about it: what episodes are made of."""

from __future__ import annotations

from dataclasses import dataclass

from hfs_emg.analysis.classify import Decision
from hfs_emg.events import SideName


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
    """Longest stretch of one channel without a valley."""
