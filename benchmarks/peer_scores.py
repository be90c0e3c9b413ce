"""What of a truth one channel can show, how bursts found there are counted, and the plain rules that make spasms of bursts.

A true burst of a channel is a true episode of any muscle whose visible sites hold the channel's site and whose side is the channel's
or both. An episode says nothing about the pauses inside it, so on either hand bursts of a channel less than 0.5 s apart are made one
before they are matched, one to one, by the rules of `hfs_emg.matching`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.peer_detectors import Spans
from hfs_emg.evaluate import Found, FoundEpisode
from hfs_emg.events import Kind, SideName
from hfs_emg.matching import match_one_to_one, partners
from hfs_emg.model import Channel, Montage
from hfs_emg.simulation.truth import Truth

JOIN_S = 0.5
"""As the truth joins happenings of one side and kind."""
SHORTEST_S = 0.025
"""What is shorter is no burst."""
PAUSE_S = 0.08
"""What pauses no longer than this is one burst."""
TOUCHING_S = 1e-9
SIDES: tuple[SideName, SideName] = ("left", "right")


@dataclass(frozen=True, slots=True)
class Span:
    """An interval, as `hfs_emg.matching` wants it."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class ChannelCounts:
    """Of one channel; onset errors are found minus true, seconds."""

    true: int
    found: int
    matched: int
    onset_errors_s: tuple[float, ...]


def joined(spans: Iterable[tuple[float, float]], apart_s: float) -> Spans:
    """In order of time, those less than apart_s apart made one."""
    made: Spans = []
    for start, end in sorted(spans):
        if made and start - made[-1][1] < apart_s:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((start, end))
    return made


def true_bursts(truth: Truth, channel: Channel) -> Spans:
    """What this channel can show, not joined."""
    return [
        (e.start_s, e.end_s)
        for e in truth.episodes
        if e.kind is not Kind.ARTEFACT
        and channel.site.value in e.visible_sites
        and e.side in (channel.side.value, "both")
    ]


def counted(true: Spans, found: Spans) -> ChannelCounts:
    """Both joined, then matched one to one, as many as possible."""
    real = [Span(*s) for s in joined(true, JOIN_S)]
    claims = [Span(*s) for s in joined(found, JOIN_S)]
    pairs = match_one_to_one(partners(real, claims))
    errors = tuple(claims[j].start_s - real[i].start_s for i, j in pairs.items())
    return ChannelCounts(len(real), len(claims), len(pairs), errors)


Spasm = tuple[float, float, SideName]
Rule = Callable[[Montage, Sequence[Spans]], list[Spasm]]


def while_one_sided(montage: Montage, bursts: Sequence[Spans]) -> list[Spasm]:
    """A spasm is while two sites or more of one side are active and none of the other is. bursts: of each channel."""
    steps: list[tuple[float, int, int]] = []
    for channel, spans in zip(montage.channels, bursts, strict=True):
        for start, end in joined(spans, 0.0):
            steps += [(start, SIDES.index(channel.side.value), 1), (end, SIDES.index(channel.side.value), -1)]
    steps.sort()
    active = [0, 0]
    alone: tuple[Spans, Spans] = ([], [])
    for (at, side, step), (until, _, _) in pairwise(steps):
        active[side] += step
        for mine in (0, 1):
            if active[mine] >= 2 and active[1 - mine] == 0 and until > at:
                alone[mine].append((at, until))
    return _spasms([lasting(joined(spans, TOUCHING_S)) for spans in alone])


def all_one_sided(montage: Montage, bursts: Sequence[Spans]) -> list[Spasm]:
    """A spasm is a chain of overlapping bursts that shows two sites or more of one side and none of the other."""
    every = sorted(
        (start, end, channel)
        for channel, spans in zip(range(len(montage.channels)), bursts, strict=True)
        for start, end in lasting(joined(spans, PAUSE_S))
    )
    alone: tuple[Spans, Spans] = ([], [])
    for start, end in joined(((start, end) for start, end, _ in every), TOUCHING_S):
        seen = {channel for a, _, channel in every if start <= a < end}
        sides = {montage.channels[channel].side.value for channel in seen}
        if len(seen) >= 2 and len(sides) == 1:
            alone[SIDES.index(sides.pop())].append((start, end))
    return _spasms(alone)


RULES: dict[str, Rule] = {"while": while_one_sided, "all": all_one_sided}


def lasting(spans: Spans) -> Spans:
    """Without what is too short for a burst."""
    return [(start, end) for start, end in spans if end - start >= SHORTEST_S]


def _spasms(of_sides: Sequence[Spans]) -> list[Spasm]:
    """Those of a side less than 0.5 s apart made one, as they are in the truth."""
    return sorted((a, b, name) for name, spans in zip(SIDES, of_sides, strict=True) for a, b in joined(spans, JOIN_S))


def found_spasms(rule: Rule, duration_s: float, montage: Montage, bursts: Sequence[Spans]) -> Found:
    """For `hfs_emg.evaluate`. Peers know no invalid time: all of it counts as valid."""
    episodes = tuple(FoundEpisode(a, b, Kind.SPASM, side, 1.0) for a, b, side in rule(montage, bursts))
    return Found("peer", duration_s, duration_s, episodes)
