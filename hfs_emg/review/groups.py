"""Events that look alike, to be judged together: of one kind and side, with a like pattern of amplitudes, duration and sites.

Rule: groups are told from the events alone and do not depend on their order in the file. Numpy only, so that review starts at once.
Leader clustering (Hartigan, Clustering Algorithms, 1975, chapter 3): the surest event opens the first group; each further event joins the
nearest group whose first member is near enough, else it opens one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage
from hfs_emg.events import Episode, Kind
from hfs_emg.review.view import Event

REACH = 1.0
"""Distance within which events are alike: all amplitudes alike and one 2.7 times as long, or one site 2.7 times as strong."""
FAINT_UV = 2.0
"""An amplitude below this is that of a quiet site."""
ASKED: frozenset[Kind] = frozenset((Kind.SPASM, Kind.TWITCH, Kind.SYNKINESIS, Kind.UNSURE))
"""Kinds a reader is asked about: what counts, and what might. The others are a keystroke away."""


def is_asked(episode: Episode) -> bool:
    """Whether a reader is asked about an episode: of what is unsure, what one side did by itself, for it may be a spasm."""
    return episode.kind in ASKED and (episode.kind is not Kind.UNSURE or episode.side in ("left", "right"))


@dataclass(frozen=True, slots=True)
class Group:
    """Events that are alike, the least certain first. prototype: the member in the middle."""

    kind: Kind
    side: str | None
    prototype: str
    keys: tuple[str, ...]
    certainty: float
    """Median confidence of its members."""


def group_events(events: Sequence[Event], montage: Montage) -> tuple[Group, ...]:
    """Groups of what is there and asked about, the least certain group first."""
    classes: dict[tuple[Kind, str | None], list[Event]] = {}
    for event in sorted(events, key=lambda e: (-e.episode.confidence, e.episode.start_s, e.key)):
        if is_asked(event.episode):
            classes.setdefault((event.episode.kind, event.episode.side), []).append(event)
    groups = [group for name, members in classes.items() for group in _groups_of(name, members, montage)]
    return tuple(sorted(groups, key=lambda g: (g.certainty, g.keys)))


def pattern(event: Event, montage: Montage) -> NDArray[np.float64]:
    """(channels + 1,) log peak of each channel against the event's strongest, and log duration."""
    peaks = dict.fromkeys((channel.label for channel in montage.channels), FAINT_UV)
    for burst in event.episode.bursts:
        if burst.channel in peaks:
            peaks[burst.channel] = max(peaks[burst.channel], burst.peak_uv)
    levels = np.log(np.array(list(peaks.values()), np.float64))
    duration = np.log(max(event.episode.end_s - event.episode.start_s, 0.02))
    return np.append(levels - levels.max(initial=0.0), duration)


def _groups_of(name: tuple[Kind, str | None], members: Sequence[Event], montage: Montage) -> list[Group]:
    """members: the surest first."""
    patterns = np.array([pattern(event, montage) for event in members])
    leaders: list[int] = []
    of: list[list[int]] = []
    for i, mine in enumerate(patterns):
        away = np.sqrt(((patterns[leaders] - mine) ** 2).sum(axis=1)) if leaders else np.empty(0)
        nearest = int(away.argmin()) if len(away) else -1
        if nearest >= 0 and away[nearest] <= REACH:
            of[nearest].append(i)
        else:
            leaders.append(i)
            of.append([i])
    return [_group(name, [members[i] for i in inside], patterns[inside]) for inside in of]


def _group(name: tuple[Kind, str | None], members: Sequence[Event], patterns: NDArray[np.float64]) -> Group:
    middle = int(((patterns - np.median(patterns, axis=0)) ** 2).sum(axis=1).argmin())
    ordered = sorted(members, key=lambda e: (e.episode.confidence, e.episode.start_s, e.key))
    certainty = float(np.median([e.episode.confidence for e in members]))
    return Group(name[0], name[1], members[middle].key, tuple(e.key for e in ordered), certainty)
