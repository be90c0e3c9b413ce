"""Which true event an atom belongs to. Used only to make training examples; scoring of findings is `hfs_emg.evaluate`'s."""

from __future__ import annotations

from collections.abc import Sequence

from hfs_emg.analysis.kinds import NONE, ONE_SIDED_ONLY
from hfs_emg.simulation.truth import TrueEpisode

_EDGE_S = 0.03


def label_atom(start_s: float, end_s: float, side: str, sites: Sequence[str], truth: Sequence[TrueEpisode]) -> str:
    """The kind of the true episode that explains an atom best, or NONE.

    Shorter true episodes win over longer ones around them (a blink within speech is a blink), one-sided ones over
    two-sided ones for a one-sided atom, and a site that the event does not drive explains nothing.
    """
    best, label = 0.0, NONE
    for event in truth:
        overlap = min(end_s, event.end_s + _EDGE_S) - max(start_s, event.start_s - _EDGE_S)
        if overlap <= 0:
            continue
        length = max(0.02, min(end_s - start_s, event.end_s - event.start_s))
        share = min(1.0, overlap / length)
        if share < 0.3:
            continue
        one_sided = event.side in ("left", "right")
        if one_sided and event.side != side and not (side == "both" and event.kind not in ONE_SIDED_ONLY):
            continue
        common = set(sites) & set(event.sites)
        if event.side is not None and not common:
            continue
        cover = min(1.0, overlap / max(0.02, end_s - start_s))
        worth = cover * (1.6 if one_sided and event.side == side else 1.0) / (0.3 + event.end_s - event.start_s) ** 0.15
        if event.side is not None:
            worth *= 0.5 + 0.5 * len(common) / len(sites)
        if worth > best:
            best, label = worth, event.kind.value
    return label
