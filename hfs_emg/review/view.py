"""What one reader's verdicts make of the episodes: a pure function of both.

Rule: detector and reader stay apart. An event keeps the detector's confidence and reason; its state says what a reader did. A reader sees
the detector's episodes and the own verdicts, nobody else's, so a second reader is blind unless told otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from calibration.montage import Site
from hfs_emg.errors import RequestError
from hfs_emg.events import KINDS, Burst, Episode, Kind, SideName
from hfs_emg.review.verdicts import LONGEST_NOTE, MOST_EVENTS, Action, Verdict

State = Literal["undecided", "confirmed", "relabelled", "added", "rejected", "disputed"]
TONIC_S = 1.0
"""An uninterrupted burst of this length makes a spasm tonic, as the detector has it."""
_CODES = {site.value: site.code for site in Site}
LEAST_S = 0.02
"""No event is shorter: the least burst of the detector."""


@dataclass(frozen=True, slots=True)
class Event:
    """An episode and what became of it. of: keys of the events it was made from; adjusted: a reader moved its edges."""

    key: str
    episode: Episode
    state: State = "undecided"
    adjusted: bool = False
    of: tuple[str, ...] = ()

    @property
    def judged(self) -> bool:
        """A reader has said what it is."""
        return self.state not in ("undecided", "disputed")

    @property
    def named(self) -> Kind | None:
        """What it counts as; None: there is no such event."""
        return None if self.state == "rejected" else Kind.UNSURE if self.state == "disputed" else self.episode.kind

    def counts(self, threshold: float = 0.0) -> bool:
        """As a spasm: said by a reader, or by the detector with at least this confidence."""
        named = self.named
        return (
            named is not None and KINDS[named].counts_as_spasm and (self.judged or self.episode.confidence >= threshold)
        )


@dataclass(frozen=True, slots=True)
class View:
    """Events in order of time, and the verdicts of this reader that stand. notes: verdicts that do not fit and are passed over."""

    events: tuple[Event, ...]
    standing: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()

    def event(self, key: str) -> Event:
        """By its key. Raises RequestError when there is none."""
        for event in self.events:
            if event.key == key:
                return event
        raise RequestError(
            f"There is no event '{key}' (any more): it may have been split, merged or undone. Load the list anew."
        )

    @property
    def judged(self) -> int:
        """How many events a reader has judged."""
        return sum(event.judged for event in self.events)


def base_view(episodes: Iterable[Episode]) -> View:
    """Nobody has said anything."""
    return View(_in_order(Event(str(episode.id), episode) for episode in episodes))


def view_of(episodes: Iterable[Episode], verdicts: Sequence[Verdict]) -> View:
    """The view of one reader, whose verdicts these are, in order. One that does not fit is passed over and told."""
    base = base_view(episodes)
    standing, notes = _standing(verdicts)
    events = {event.key: event for event in base.events}
    kept: list[Verdict] = []
    for verdict in standing:
        try:
            _apply(events, verdict)
            kept.append(verdict)
        except RequestError as error:
            notes.append(f"Verdict {verdict.number} of {verdict.reader} is passed over: {error}")
    return View(_in_order(events.values()), tuple(kept), tuple(notes))


def with_verdict(view: View, verdict: Verdict) -> View:
    """The view after one more verdict, not an undo. Raises RequestError for one that does not fit."""
    events = {event.key: event for event in view.events}
    _apply(events, verdict)
    return replace(view, events=_in_order(events.values()), standing=(*view.standing, verdict))


def _standing(verdicts: Sequence[Verdict]) -> tuple[list[Verdict], list[str]]:
    """Those that no undo took back."""
    stack: list[Verdict] = []
    notes: list[str] = []
    for verdict in verdicts:
        if verdict.action is not Action.UNDO:
            stack.append(verdict)
        elif stack:
            stack.pop()
        else:
            notes.append(f"Verdict {verdict.number} of {verdict.reader} takes back nothing.")
    return stack, notes


def _in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=lambda e: (e.episode.start_s, e.episode.end_s, e.key)))


def _apply(events: dict[str, Event], verdict: Verdict) -> None:
    """Change the table of events, or raise RequestError and leave it as it was."""
    if len(verdict.note) > LONGEST_NOTE or len(verdict.events) > MOST_EVENTS:
        raise RequestError(f"A note has at most {LONGEST_NOTE} characters and a verdict at most {MOST_EVENTS} events.")
    chosen = []
    for key in dict.fromkeys(verdict.events):
        if key not in events:
            raise RequestError(f"there is no event '{key}' (any more)")
        chosen.append(events[key])
    if verdict.action is Action.ADD:
        made = [_added(verdict)]
    elif not chosen:
        raise RequestError(f"'{verdict.action.value}' needs an event: give its number.")
    else:
        made = _JUDGED[verdict.action](verdict, chosen)
    for event in chosen:
        del events[event.key]
    events.update((event.key, event) for event in made)


def _confirm(_: Verdict, chosen: list[Event]) -> list[Event]:
    return [replace(event, state="added" if event.state == "added" else "confirmed") for event in chosen]


def _reject(_: Verdict, chosen: list[Event]) -> list[Event]:
    return [replace(event, state="rejected") for event in chosen]


def _relabel(verdict: Verdict, chosen: list[Event]) -> list[Event]:
    if verdict.kind is None:
        raise RequestError("a new label needs a kind")
    return [
        replace(event, episode=_named(event.episode, verdict.kind, verdict.side), state="relabelled")
        for event in chosen
    ]


def _adjust(verdict: Verdict, chosen: list[Event]) -> list[Event]:
    (event,) = _exactly_one(chosen, "edges")
    start_s, end_s = _span(verdict.start_s, verdict.end_s)
    return [replace(event, episode=_cut(event.episode, start_s, end_s), adjusted=True)]


def _split(verdict: Verdict, chosen: list[Event]) -> list[Event]:
    (event,) = _exactly_one(chosen, "a split")
    episode, at_s = event.episode, verdict.at_s
    if at_s is None or not episode.start_s + LEAST_S <= at_s <= episode.end_s - LEAST_S:
        raise RequestError(
            f"the place of a split lies within the event, {episode.start_s:.2f} to {episode.end_s:.2f} s"
        )
    spans = ((episode.start_s, at_s), (at_s, episode.end_s))
    return [
        replace(event, key=f"{_name(verdict)}{letter}", episode=_cut(episode, *span), adjusted=True, of=(event.key,))
        for letter, span in zip("ab", spans, strict=True)
    ]


def _merge(verdict: Verdict, chosen: list[Event]) -> list[Event]:
    if len(chosen) < 2:
        raise RequestError("a merge needs two events or more")
    surest = max((event.episode for event in chosen), key=lambda e: e.confidence)
    sides = {event.episode.side for event in chosen}
    side = verdict.side if verdict.side is not None else surest.side
    if verdict.side is None and len(sides) > 1:
        raise RequestError("events of different sides are merged only when a side is said")
    bursts = sorted((b for event in chosen for b in event.episode.bursts), key=lambda b: (b.start_s, b.channel))
    whole = msgspec.structs.replace(
        surest,
        start_s=min(event.episode.start_s for event in chosen),
        end_s=max(event.episode.end_s for event in chosen),
        sites=tuple(dict.fromkeys(site for event in chosen for site in event.episode.sites)),
        bursts=tuple(bursts),
    )
    named = _named(whole, verdict.kind or surest.kind, side)
    return [Event(_name(verdict), named, "confirmed", adjusted=True, of=tuple(event.key for event in chosen))]


_JUDGED = {
    Action.CONFIRM: _confirm,
    Action.REJECT: _reject,
    Action.RELABEL: _relabel,
    Action.ADJUST: _adjust,
    Action.SPLIT: _split,
    Action.MERGE: _merge,
}


def _added(verdict: Verdict) -> Event:
    start_s, end_s = _span(verdict.start_s, verdict.end_s)
    if verdict.kind is None:
        raise RequestError("what is added needs a kind")
    if KINDS[verdict.kind].counts_as_spasm and verdict.side not in ("left", "right"):
        raise RequestError("a spasm is of one side: say which")
    if not set(verdict.sites) <= set(_CODES):
        raise RequestError(f"a site is one of {', '.join(_CODES)}")
    episode = Episode(
        id=0,
        start_s=start_s,
        end_s=end_s,
        kind=verdict.kind,
        side=verdict.side,
        sites=verdict.sites,
        form=None,
        confidence=1.0,
        reason=f"Added by reader {verdict.reader}.",
        bursts=(),
        first_provisional_s=None,
        settled_s=end_s,
    )
    return Event(_name(verdict), episode, "added")


def _named(episode: Episode, kind: Kind, side: SideName | None) -> Episode:
    """The episode under another kind, its form told anew from its bursts."""
    side = side if side is not None else episode.side
    if KINDS[kind].counts_as_spasm and side not in ("left", "right"):
        raise RequestError("a spasm is of one side: say which")
    return _formed(msgspec.structs.replace(episode, kind=kind, side=side))


def _formed(episode: Episode) -> Episode:
    if not KINDS[episode.kind].counts_as_spasm or not episode.bursts:
        return msgspec.structs.replace(episode, form=None)
    longest = max(b.end_s - b.start_s for b in episode.bursts)
    return msgspec.structs.replace(episode, form="tonic" if longest >= TONIC_S else "clonic")


def _cut(episode: Episode, start_s: float, end_s: float) -> Episode:
    """The episode between other edges: bursts outside go, those across are cut; sites are those with a burst left, if any."""
    inside = [b for b in episode.bursts if b.end_s > start_s and b.start_s < end_s]
    bursts = tuple(Burst(b.channel, max(b.start_s, start_s), min(b.end_s, end_s), b.peak_uv) for b in inside)
    codes = {b.channel[-3:] for b in bursts}
    sites = tuple(site for site in episode.sites if _CODES.get(site) in codes) or episode.sites
    return _formed(msgspec.structs.replace(episode, start_s=start_s, end_s=end_s, bursts=bursts, sites=sites))


def _span(start_s: float | None, end_s: float | None) -> tuple[float, float]:
    if start_s is None or end_s is None or not (math.isfinite(start_s) and math.isfinite(end_s)):
        raise RequestError("edges are two times in seconds")
    if start_s < 0 or end_s - start_s < LEAST_S:
        raise RequestError(f"the end lies at least {LEAST_S:g} s after the start, and nothing begins before 0")
    return start_s, end_s


def _exactly_one(chosen: list[Event], what: str) -> list[Event]:
    if len(chosen) != 1:
        raise RequestError(f"{what} belong to one event at a time")
    return chosen


def _name(verdict: Verdict) -> str:
    return f"{verdict.reader}-{verdict.number}"
