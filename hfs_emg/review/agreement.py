"""How far two readers agree, and what their verdicts make together.

Agreement beyond chance: Cohen's kappa (Educ. Psychol. Meas. 20, 1960), its 95 % interval from 2000 resamplings of the table of pairs.
Events: F1 of the spasms of one reader against those of the other, of the same side and overlapping (`hfs_emg.matching`), with Wilson's
interval. An event that one reader has not judged is not compared.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from hfs_emg.events import KINDS, Kind
from hfs_emg.intervals import NOTHING, Estimate, wilson_f1
from hfs_emg.matching import match_one_to_one, partners
from hfs_emg.review.view import Event, View

NO_EVENT = "no event"
_RESAMPLES = 2000

Pair = tuple[Event | None, Event | None]


class Agreement(msgspec.Struct, frozen=True):
    """Two readers. compared: events that both judged; table: how often they said (first, second).

    kappa: over all kinds; kappa_spasm: spasm or not; spasm_f1: events matched one to one. A kappa is None where both only ever
    said the same one thing: then chance explains everything.
    """

    readers: tuple[str, str]
    compared: int
    kappa: Estimate
    kappa_spasm: Estimate
    spasm_f1: Estimate
    table: tuple[tuple[str, str, int], ...]


def agreement(readers: tuple[str, str], first: View, second: View) -> Agreement:
    """What the two say of the events that both judged; an event that only one has, the other passed over."""
    pairs = [pair for pair in pairs_of(first, second) if all(e is None or e.judged for e in pair)]
    said = [(_said(a), _said(b)) for a, b in pairs]
    spasms = [tuple(e is not None and e.counts() for e in pair) for pair in pairs]
    matched = sum(a and b for a, b in spasms)
    return Agreement(
        readers=readers,
        compared=len(pairs),
        kappa=kappa_interval(said),
        kappa_spasm=kappa_interval([(str(a), str(b)) for a, b in spasms]),
        spasm_f1=wilson_f1(matched, sum(b and not a for a, b in spasms), sum(a and not b for a, b in spasms)),
        table=tuple((a, b, n) for (a, b), n in sorted(Counter(said).items())),
    )


def pairs_of(first: View, second: View) -> list[Pair]:
    """Events of both views, side by side: the same untouched one, else those of one side that overlap most; None: has no partner."""
    others = {event.key: event for event in second.events}
    same = {event.key for event in first.events if event.key in others}
    pairs: list[Pair] = [(event, others[event.key]) for event in first.events if event.key in same]
    mine = [event for event in first.events if event.key not in same]
    theirs = [event for event in second.events if event.key not in same]
    near = partners([e.episode for e in mine], [e.episode for e in theirs])
    one_side = [
        [
            j
            for j in of
            if theirs[j].episode.side == mine[i].episode.side and (theirs[j].named is None) == (mine[i].named is None)
        ]
        for i, of in enumerate(near)
    ]
    found = match_one_to_one(one_side)
    taken = set(found.values())
    pairs += [(event, theirs[found[i]] if i in found else None) for i, event in enumerate(mine)]
    pairs += [(None, event) for j, event in enumerate(theirs) if j not in taken]
    return pairs


def merged(views: Sequence[View]) -> View:
    """What the readers say together: the first one's events; where another one judged otherwise, the event is disputed.

    A disputed event is `unsure` and does not count. An event that only one reader has is disputed too, once the others judged anything.
    """
    if not views:
        return View(())
    together = views[0]
    for other in views[1:]:
        if other.standing:
            together = _merged_pair(together, other)
    return together


def _merged_pair(first: View, second: View) -> View:
    events: list[Event] = []
    for a, b in pairs_of(first, second):
        one = a or b
        assert one is not None
        if a is None or b is None:
            remade = not one.judged and one.key in _remade(second if b is None else first)
            if one.judged and one.named is not None:
                events.append(replace(one, state="disputed"))
            elif not remade:
                events.append(one)
        elif not a.judged and a.state != "disputed":
            events.append(b if b.judged or b.of else a)
        elif not b.judged or a.state == "disputed" or _said(a) == _said(b):
            events.append(a)
        else:
            events.append(replace(a, state="disputed"))
    events.sort(key=lambda e: (e.episode.start_s, e.episode.end_s, e.key))
    return View(tuple(events), (*first.standing, *second.standing), (*first.notes, *second.notes))


def _remade(view: View) -> set[str]:
    """Keys of the events that this reader split or merged."""
    return {key for event in view.events for key in event.of}


def _said(event: Event | None) -> str:
    """Kind, and the side where it counts: left for right is no agreement."""
    if event is None or event.named is None:
        return NO_EVENT
    named = event.named
    return f"{named.value} {event.episode.side}" if KINDS[named].counts_as_spasm else Kind(named).value


def kappa(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """(…, k, k) counts to (…,) kappa; nan where chance alone would agree always."""
    total = table.sum(axis=(-1, -2))
    rows, columns = table.sum(axis=-1), table.sum(axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = np.trace(table, axis1=-2, axis2=-1) / total
        chance = (rows * columns).sum(axis=-1) / total**2
        return np.asarray(np.where(chance < 1, (seen - chance) / (1 - chance), np.nan))


def kappa_interval(said: Sequence[tuple[str, str]], seed: int = 1) -> Estimate:
    """Cohen's kappa of pairs of words with a 95 % interval."""
    words = sorted({word for pair in said for word in pair})
    if len(words) < 2:
        return NOTHING
    table = np.zeros((len(words), len(words)))
    for a, b in said:
        table[words.index(a), words.index(b)] += 1
    value = float(kappa(table))
    if math.isnan(value):
        return NOTHING
    drawn = np.random.default_rng(seed).multinomial(len(said), table.ravel() / len(said), _RESAMPLES)
    values = kappa(drawn.reshape(-1, *table.shape).astype(np.float64))
    values = values[~np.isnan(values)]
    if not len(values):
        return Estimate(value, None, None)
    low, high = np.percentile(values, [2.5, 97.5])
    return Estimate(value, min(float(low), value), max(float(high), value))
