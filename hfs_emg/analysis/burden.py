"""What the spasms of a recording add up to, per side: counts and times over valid time.

A side's time is valid while at least two of its sites (its only one, where there is but one) and one of the other side can be believed.
Spasm time is the union of spasm episodes from onset to offset; active time the union of their bursts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from calibration.montage import Montage, Side, Site
from hfs_emg.analysis.episode_log import EpisodeLog
from hfs_emg.events import KINDS, Episode, Findings, Invalid

Span = tuple[float, float]

LEAST_SPREAD_S = 0.025
"""No order of spread is told for differences below this: the timing of a burst at 250 Hz is no finer."""
LEAST_SPREADS = 5


class SideBurden(msgspec.Struct, frozen=True):
    """One side. sites: in how many spasms each site took part. first_site: where spasms begin, when that can honestly be told."""

    spasms: int
    spasms_per_min: float | None
    spasm_time_s: float
    active_time_s: float
    clonic: int
    tonic: int
    longest_s: float
    valid_s: float
    sites: dict[str, int]
    first_site: str | None


class Burden:
    """Adds up findings of one stream."""

    def __init__(self, montage: Montage) -> None:
        self._montage = montage
        self._log = EpisodeLog()
        self._counts = dict.fromkeys((side.value for side in Side), 0)
        self.invalid: list[Invalid] = []

    @property
    def episodes(self) -> list[Episode]:
        """All of them, in the order in which they were settled."""
        return list(self._log)

    def add(self, findings: Findings) -> None:
        """Take what was settled."""
        self._log.extend(findings.episodes)
        self.invalid += findings.invalid
        for episode in findings.episodes:
            if KINDS[episode.kind].counts_as_spasm and episode.side in self._counts:
                self._counts[episode.side] += 1

    def count(self, side: Side) -> int:
        """Spasms of a side so far."""
        return self._counts[side.value]

    def valid_s(self, duration_s: float, still: Sequence[Invalid] = ()) -> float:
        """Time during which every side of the montage can be believed. `still`: stretches that have not ended."""
        spans = [span for side in Side if self._montage.on(side) for span in self._doubtful(side, still)]
        return max(0.0, duration_s - measure(union(spans)))

    def side(self, side: Side, duration_s: float) -> SideBurden:
        """The burden of one side over a recording of this length."""
        spasms = [e for e in self._log if KINDS[e.kind].counts_as_spasm and e.side == side]
        return summed(spasms, self.side_valid_s(side, duration_s))

    def side_valid_s(self, side: Side, duration_s: float) -> float:
        """Time during which this side, and something of the other, can be believed; 0 for a side without electrodes."""
        if not self._montage.on(side):
            return 0.0
        return max(0.0, duration_s - measure(union(self._doubtful(side, ()))))

    def _doubtful(self, side: Side, still: Sequence[Invalid]) -> list[Span]:
        """Spans in which too few channels of a side, or none of the other, can be believed."""
        labels = {c.label: c.side for c in self._montage.channels}
        needed = {s: min(2 if s is side else 1, len(self._montage.on(s))) for s in Side}
        edges: list[tuple[float, int, Side]] = []
        for channel, owner in labels.items():
            mine = (i for i in (*self.invalid, *still) if i.channels is None or channel in i.channels)
            for start, end in union((i.start_s, i.end_s) for i in mine):
                edges += [(start, -1, owner), (end, 1, owner)]
        edges.sort(key=lambda e: (e[0], e[1]))
        alive = {s: len(self._montage.on(s)) for s in Side}
        spans: list[Span] = []
        since: float | None = None
        for at, change, owner in edges:
            alive[owner] += change
            enough = all(alive[s] >= needed[s] for s in Side)
            if not enough and since is None:
                since = at
            elif enough and since is not None:
                spans.append((since, at))
                since = None
        return spans


def summed(spasms: Sequence[Episode], valid_s: float) -> SideBurden:
    """What these spasms of one side add up to over so much valid time."""
    sites: dict[str, int] = {}
    for episode in spasms:
        for site in episode.sites:
            sites[site] = sites.get(site, 0) + 1
    return SideBurden(
        spasms=len(spasms),
        spasms_per_min=round(len(spasms) / (valid_s / 60), 3) if valid_s > 0 else None,
        spasm_time_s=round(measure(union((e.start_s, e.end_s) for e in spasms)), 3),
        active_time_s=round(measure(union((b.start_s, b.end_s) for e in spasms for b in e.bursts)), 3),
        clonic=sum(e.form == "clonic" for e in spasms),
        tonic=sum(e.form == "tonic" for e in spasms),
        longest_s=round(max((e.end_s - e.start_s for e in spasms), default=0.0), 3),
        valid_s=round(valid_s, 3),
        sites=sites,
        first_site=_first_site(spasms),
    )


def union(spans: Iterable[Span]) -> list[Span]:
    """Spans joined where they overlap or touch, in order."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def measure(spans: Iterable[Span]) -> float:
    """Summed length of spans that do not overlap."""
    return sum(end - start for start, end in spans)


def _first_site(spasms: Sequence[Episode]) -> str | None:
    """The site that leads the eyelid, or that the eyelid leads: told only when most spasms agree and by more than the timing can err."""
    leads = []
    for episode in spasms:
        starts: dict[str, float] = {}
        for burst in episode.bursts:
            starts.setdefault(burst.channel[-3:], burst.start_s)
        lower = [t for code, t in starts.items() if code in (Site.ZYGOMATICUS.code, Site.ORBICULARIS_ORIS.code)]
        if Site.ORBICULARIS_OCULI.code in starts and lower:
            leads.append(min(lower) - starts[Site.ORBICULARIS_OCULI.code])
    if len(leads) < LEAST_SPREADS:
        return None
    low, middle, high = np.quantile(np.array(leads), [0.25, 0.5, 0.75])
    if low > 0 and middle >= LEAST_SPREAD_S:
        return Site.ORBICULARIS_OCULI.value
    if high < 0 and middle <= -LEAST_SPREAD_S:
        return "lower_face"
    return None
