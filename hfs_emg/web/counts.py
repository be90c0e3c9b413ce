"""What a live page counts, per side: spasms, spasms per valid minute, time in spasm. It takes the same time after a day as after a minute.

Spasm time is the union of a side's spasms, of which one begins no earlier than the one before it; valid time is the monitor's, during which
both sides can be believed. The summary at the end counts each side's own valid time.
"""

from __future__ import annotations

from calibration.montage import Montage, Side
from hfs_emg.events import KINDS, Findings
from hfs_emg.outcome import Status

LEAST_VALID_S = 3.0
"""A rate over less would jump about."""


class SideCounts:
    """Adds up the findings of one session. montage: sides without a channel are told as such."""

    def __init__(self, montage: Montage | None = None) -> None:
        self._montage = montage
        self._spasms = dict.fromkeys(Side, 0)
        self._spasm_s = dict.fromkeys(Side, 0.0)
        self._until_s = dict.fromkeys(Side, 0.0)

    def add(self, findings: Findings) -> None:
        """Take what was settled."""
        for episode in findings.episodes:
            if KINDS[episode.kind].counts_as_spasm and episode.side in ("left", "right"):
                side = Side(episode.side)
                self._spasms[side] += 1
                self._spasm_s[side] += max(0.0, episode.end_s - max(episode.start_s, self._until_s[side]))
                self._until_s[side] = max(self._until_s[side], episode.end_s)

    def of(self, side: Side, status: Status) -> dict[str, object] | None:
        """One side now; None for a side without electrodes."""
        return self.told(side, status.valid_share * max(0.0, status.elapsed_s - status.analysis_behind_s))

    def told(self, side: Side, valid_s: float | None) -> dict[str, object] | None:
        """One side over so much valid time, None where that is not known; None for a side without electrodes."""
        if self._montage is None or not self._montage.on(side):
            return None
        spasms = self._spasms[side]
        return {
            "spasms": spasms,
            "per_min": round(spasms / (valid_s / 60), 2) if valid_s is not None and valid_s > LEAST_VALID_S else None,
            "time_s": round(self._spasm_s[side], 1),
        }
