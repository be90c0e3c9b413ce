"""Reviewing by key: keys in, verdicts out. No terminal and no clock; a terminal, a page or a test stands in front of it.

A card is a group of events that look alike, judged with one key; opened, each of its members is a card of its own. Whoever presses keys
gives the verdicts to the session and shows the desk the view that came of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from calibration.montage import Montage
from hfs_emg.errors import RequestError
from hfs_emg.events import Kind
from hfs_emg.review.groups import Group, group_events, is_asked
from hfs_emg.review.verdicts import Action, Verdict
from hfs_emg.review.view import LEAST_S, Event, View

KEYS = {
    "c": "confirm",
    "r": "reject",
    "l": "relabel, then a kind's key",
    "o": "open the group, or close it",
    "n": "next",
    "p": "previous",
    "s": "split at its longest pause",
    "m": "merge with the next event of that side",
    "e": "edges: two times in seconds, then enter",
    "a": "add: start, end, kind, side, then enter",
    "u": "undo",
    "q": "quit",
}
KIND_KEYS = {
    "s": Kind.SPASM,
    "t": Kind.TWITCH,
    "b": Kind.BLINK,
    "k": Kind.BLEPHAROSPASM,
    "y": Kind.SYNKINESIS,
    "v": Kind.VOLUNTARY,
    "o": Kind.ORAL,
    "a": Kind.ARTEFACT,
    "x": Kind.UNSURE,
}
_BACK = "\x7f\b"
_LONGEST_LINE = 80


def draft(action: Action, *events: str, **more: object) -> Verdict:
    """A verdict without number, reader and date, which the session gives it."""
    return Verdict(number=0, reader="", utc="", action=action, events=events, **more)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Card:
    """What is asked at once. keys: of its events; prototype: the one that is shown."""

    keys: tuple[str, ...]
    prototype: str
    group: Group


class ReviewDesk:
    """Where a reader is, and what the next key means."""

    def __init__(self, view: View, montage: Montage) -> None:
        self._view = view
        self._groups = group_events(view.events, montage)
        self._opened: set[Group] = set()
        self._at = 0
        self._been: list[int] = []
        self._waits_for_kind = False
        self._line: tuple[str, str] | None = None
        self.message = ""
        self._cards = self._laid_out()
        if self.card is not None and not self._open_events(self.card):
            self._forward()

    @property
    def card(self) -> Card | None:
        """Where the reader is; None when there is nothing to ask."""
        return self._cards[self._at] if self._cards else None

    @property
    def typed(self) -> str | None:
        """The line that is being typed, with what it is for; None when keys are commands."""
        return None if self._line is None else f"{self._line[0]} {self._line[1]}"

    @property
    def left(self) -> int:
        """Events that are still to be judged."""
        return sum(e.state == "undecided" for e in self._view.events if is_asked(e.episode))

    def prototype(self) -> Event | None:
        """The event that the card shows."""
        if self.card is None:
            return None
        there = {e.key: e for e in self._view.events}
        return next((there[k] for k in (self.card.prototype, *self.card.keys) if k in there), None)

    def show(self, view: View) -> None:
        """The view after the verdicts of the last key."""
        self._view = view
        known = {key for group in self._groups for key in group.keys}
        made = [e for e in view.events if e.key not in known and e.state == "undecided" and is_asked(e.episode)]
        for event in made:  # halves of a split, which want to be judged as well
            group = Group(event.episode.kind, event.episode.side, event.key, (event.key,), event.episode.confidence)
            self._groups = (*self._groups, group)
        self._cards = self._laid_out()
        self._at = min(self._at, max(0, len(self._cards) - 1))

    def press(self, key: str) -> tuple[Verdict, ...]:
        """The verdicts that this key makes, most keys none. `message` says what a key could not do."""
        self.message = ""
        try:
            if self._line is not None:
                return self._type(key)
            if self._waits_for_kind:
                self._waits_for_kind = False
                return self._relabel(key)
            return self._command(key)
        except (RequestError, ValueError) as error:
            self.message = str(error)
            return ()

    def advance(self) -> None:
        """To the next card with something to judge, after a verdict was kept."""
        self._been.append(self._at)
        self._forward()

    def go_back(self) -> None:
        """To the card of the verdict that was undone."""
        if self._been:
            self._at = min(self._been.pop(), max(0, len(self._cards) - 1))

    def _command(self, key: str) -> tuple[Verdict, ...]:
        card = self.card
        if key == "u":
            return (draft(Action.UNDO),)
        if key in ("n", "p") and self._cards:
            self._at = (self._at + (1 if key == "n" else -1)) % len(self._cards)
        elif key == "a":
            self._line = ("add", "")
        elif card is None:
            return ()
        elif key == "c":
            return self._judge(Action.CONFIRM, card)
        elif key == "r":
            return self._judge(Action.REJECT, card)
        elif key == "l":
            self._waits_for_kind = True
        elif key == "o":
            self._open(card)
        elif key == "s":
            return (self._split(),)
        elif key == "m":
            return (self._merge(),)
        elif key == "e":
            self._line = ("edges", "")
        return ()

    def _judge(self, action: Action, card: Card, **more: object) -> tuple[Verdict, ...]:
        keys = self._open_events(card) or [k for k in card.keys if any(e.key == k for e in self._view.events)]
        return (draft(action, *keys, **more),) if keys else ()

    def _relabel(self, key: str) -> tuple[Verdict, ...]:
        if self.card is None or key not in KIND_KEYS:
            named = ", ".join(f"{k} {kind.value}" for k, kind in KIND_KEYS.items())
            raise RequestError(f"'{key}' is no kind's key: {named}.")
        return self._judge(Action.RELABEL, self.card, kind=KIND_KEYS[key])

    def _shown(self) -> Event:
        event = self.prototype()
        if event is None:
            raise RequestError("There is no event here.")
        return event

    def _split(self) -> Verdict:
        """In the middle of the longest time without a burst, else in the middle."""
        event = self._shown()
        pause, at_s, until = 0.0, (event.episode.start_s + event.episode.end_s) / 2, event.episode.start_s
        for burst in sorted(event.episode.bursts, key=lambda b: b.start_s):
            middle = (burst.start_s + until) / 2
            if (
                burst.start_s - until > pause
                and event.episode.start_s + LEAST_S < middle < event.episode.end_s - LEAST_S
            ):
                pause, at_s = burst.start_s - until, middle
            until = max(until, burst.end_s)
        return draft(Action.SPLIT, event.key, at_s=round(at_s, 4))

    def _merge(self) -> Verdict:
        event = self._shown()
        after = [
            e
            for e in self._view.events
            if e.episode.start_s > event.episode.start_s
            and e.episode.side == event.episode.side
            and e.named is not None
        ]
        if not after:
            raise RequestError("There is no later event of that side.")
        return draft(Action.MERGE, event.key, after[0].key)

    def _type(self, key: str) -> tuple[Verdict, ...]:
        assert self._line is not None
        what, text = self._line
        if key == "\x1b":
            self._line = None
        elif key in _BACK:
            self._line = (what, text[:-1])
        elif key in "\r\n":
            self._line = None
            return (self._add(text.split()) if what == "add" else self._edges(text.split()),)
        elif key.isprintable() and len(text) < _LONGEST_LINE:
            self._line = (what, text + key)
        return ()

    def _add(self, words: list[str]) -> Verdict:
        if len(words) != 4 or words[2] not in set(Kind) or words[3] not in ("left", "right", "both"):
            raise RequestError("Say start, end, kind and side, as in: 12.4 13.1 spasm left")
        return draft(Action.ADD, start_s=float(words[0]), end_s=float(words[1]), kind=Kind(words[2]), side=words[3])

    def _edges(self, words: list[str]) -> Verdict:
        if len(words) != 2:
            raise RequestError("Say start and end in seconds, as in: 12.4 13.1")
        return draft(Action.ADJUST, self._shown().key, start_s=float(words[0]), end_s=float(words[1]))

    def _open(self, card: Card) -> None:
        if card.group in self._opened:
            self._opened.remove(card.group)
        elif len(card.keys) > 1:
            self._opened.add(card.group)
        self._cards = self._laid_out()
        self._at = next(i for i, c in enumerate(self._cards) if c.group is card.group)

    def _laid_out(self) -> list[Card]:
        there = {e.key for e in self._view.events}
        cards: list[Card] = []
        for group in self._groups:
            keys = tuple(key for key in group.keys if key in there)
            if group in self._opened:
                cards += [Card((key,), key, group) for key in keys]
            elif keys:
                cards.append(Card(keys, group.prototype if group.prototype in keys else keys[0], group))
        return cards

    def _open_events(self, card: Card) -> list[str]:
        """Those that nobody has judged."""
        states = {e.key: e.state for e in self._view.events}
        return [key for key in card.keys if states.get(key) == "undecided"]

    def _forward(self) -> None:
        for step in range(1, len(self._cards) + 1):
            at = (self._at + step) % len(self._cards)
            if self._open_events(self._cards[at]):
                self._at = at
                return
