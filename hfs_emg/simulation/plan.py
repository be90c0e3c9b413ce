"""The order of events in one face: who moves when, chapter by chapter, for ever.

A plan knows nothing of samples. It runs forward in chapters of a minute at fixed times and hands out all happenings
that start in them, so that what happens does not depend on how it is asked. Couplings live here: blinks that set off a
spasm, movements that a face after palsy follows with others, speech that makes blinks and spasms more frequent, a
sleeper's arousals, two sides never in spasm together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hfs_emg.events import Kind
from hfs_emg.model import Side
from hfs_emg.simulation import movements, oral
from hfs_emg.simulation.activity import ClusteredTimes, Recent, Stretch
from hfs_emg.simulation.anatomy import Face
from hfs_emg.simulation.confounders import Confounders
from hfs_emg.simulation.doings import Clock, Doings
from hfs_emg.simulation.events import Happening, Random, chance, stream
from hfs_emg.simulation.eyelids import BlepharospasmMaker, BlinkMaker, eyelid_myokymia_bout
from hfs_emg.simulation.movements import MOVEMENTS, MovementMaker, with_synkinesis, with_weak_lid
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.spasms import SpasmMaker

CHAPTER_S = 60.0
_ONE_AFTER_THE_OTHER_S = 0.8
"""Between the end of one side's spasm and the start of the other side's."""
_CLOSED = frozenset({"wink", "tight_closure", "gentle_closure", "yawn", "blepharospasm"})


class Plan:
    """All happenings of one face in the order of chapters. Within a chapter they are grouped by what makes them."""

    def __init__(self, scenario: Scenario, face: Face, seed: int) -> None:
        streams = iter(stream(seed, scenario.name, 11).spawn(16))
        self._scenario = scenario
        self._planned_s = 0.0
        self._doings = Doings(scenario, next(streams))
        self._blinks = _Blinks(scenario, face, next(streams))
        self._moves = _Moves(scenario, next(streams))
        self._others = _Others(scenario, face, next(streams))
        self._spasms = _SpasmSides(scenario, face, next(streams))
        self._confounders = Confounders(scenario, face, next(streams))
        self._synkinesis_rng = next(streams)

    @property
    def planned_s(self) -> float:
        """Everything that starts before this time was handed out."""
        return self._planned_s

    def chapter(self) -> list[Happening]:
        """All happenings of the next minute."""
        start_s, end_s = self._planned_s, self._planned_s + CHAPTER_S
        oral_ones = self._doings.until(start_s, end_s)
        moves = self._follow(self._moves.until(end_s, self._doings))
        others = list(self._others.until(end_s))
        closed = Recent()
        closed.add(
            tuple(Stretch(h.start_s, h.end_s) for h in moves + others + oral_ones if h.label in _CLOSED), start_s
        )
        blinks = self._follow(self._blinks.until(end_s, self._doings, closed))
        spasms = self._spasms.until(start_s, end_s, self._doings, blinks, moves)
        self._planned_s = end_s
        return oral_ones + moves + others + blinks + spasms + list(self._confounders.until(end_s))

    def _follow(self, happenings: list[Happening]) -> list[Happening]:
        """Movements as this face makes them: followed by synkinesis, weaker where a lid was treated."""
        settings = self._scenario.synkinesis
        if settings is not None:
            happenings = [part for h in happenings for part in with_synkinesis(h, settings, self._synkinesis_rng)]
        for spasms in self._scenario.spasms:
            if spasms.lid < 1.0:
                strength = 0.3 + 0.7 * spasms.lid
                happenings = [with_weak_lid(h, Side(spasms.side), strength) for h in happenings]
        return happenings


class _Moves:
    """Voluntary movements, one at a time."""

    def __init__(self, scenario: Scenario, rng: Random) -> None:
        rates = scenario.expressions
        self._maker = MovementMaker(scenario, rng)
        self._clocks = {name: Clock(getattr(rates, name) / 60.0, rng) for name in MOVEMENTS}
        self._busy_until_s = 0.5

    def until(self, end_s: float, doings: Doings) -> list[Happening]:
        due = sorted((t, name) for name, clock in self._clocks.items() for t in clock.until(end_s))
        found = []
        for time, name in due:
            if time < self._busy_until_s or doings.asleep(time):
                continue
            movement = self._maker.make(name, time)
            self._busy_until_s = movement.end_s + 0.7
            found.append(movement)
        return found


class _Blinks:
    """Spontaneous and voluntary blinks of someone awake with open eyes."""

    def __init__(self, scenario: Scenario, face: Face, rng: Random) -> None:
        self._settings = scenario.blinks
        self._maker = BlinkMaker(scenario, face, rng)
        self._voluntary = Clock(scenario.blinks.voluntary_per_min / 60.0, rng)
        rate = scenario.blinks.rate_per_min
        self._next_s = 0.3 + self._maker.interval_s(rate) * rng.uniform(0.0, 1.0) if rate > 0.0 else np.inf

    def until(self, end_s: float, doings: Doings, closed: Recent) -> list[Happening]:
        found = []
        while self._next_s < end_s:
            time = self._next_s
            if not doings.asleep(time) and not closed.covers(time, 0.15):
                found.append(self._maker.spontaneous(time))
            factor = self._settings.speech_factor if doings.speaking.covers(time) else 1.0
            self._next_s += self._maker.interval_s(self._settings.rate_per_min * factor)
        taken = Recent()
        taken.add(tuple(Stretch(h.start_s, h.end_s) for h in found), 0.0)
        for time in self._voluntary.until(end_s):
            if not (doings.asleep(time) or closed.covers(time, 0.3) or taken.covers(time, 0.7)):
                found.append(self._maker.voluntary(time))  # noqa: PERF401 - the maker draws, so order matters
        return found


class _Others:
    """Disorders other than hemifacial spasm."""

    def __init__(self, scenario: Scenario, face: Face, rng: Random) -> None:
        self._scenario = scenario
        self._rng = rng
        closing = scenario.blepharospasm
        self._closing = BlepharospasmMaker(closing, scenario, face, rng) if closing is not None else None
        self._closing_times = ClusteredTimes(0.3, rng)
        self._closed_until_s = 0.0
        lid, chewing, pull, tic = (
            scenario.eyelid_myokymia,
            scenario.hemimasticatory,
            scenario.functional_tonic,
            scenario.tic,
        )
        self._lid = Clock(lid.bouts_per_hour / 3600.0 if lid is not None else 0.0, rng)
        self._chewing = Clock(chewing.rate_per_min / 60.0 if chewing is not None else 0.0, rng)
        self._pull = Clock(pull.rate_per_min / 60.0 if pull is not None else 0.0, rng)
        self._tic_times = ClusteredTimes(0.7, rng)
        self._tic_hz = tic.rate_per_min / 60.0 if tic is not None else 0.0
        self._myokymia_from_s = 0.5

    def until(self, end_s: float) -> Iterator[Happening]:
        scenario, rng = self._scenario, self._rng
        if self._closing is not None:
            for time in self._closing_times.until(end_s, self._closing.settings.runs_per_min / 60.0):
                if time >= self._closed_until_s:
                    run = self._closing.run(time)
                    self._closed_until_s = run.end_s + 0.7
                    yield run
        if scenario.eyelid_myokymia is not None:
            yield from _apart(eyelid_myokymia_bout(scenario.eyelid_myokymia, t, rng) for t in self._lid.until(end_s))
        if scenario.hemimasticatory is not None:
            yield from _apart(
                oral.hemimasticatory_spasm(scenario.hemimasticatory, t, rng) for t in self._chewing.until(end_s)
            )
        if scenario.functional_tonic is not None:
            yield from _apart(
                movements.functional_pull(scenario.functional_tonic, t, rng) for t in self._pull.until(end_s)
            )
        if scenario.tic is not None:
            for time in self._tic_times.until(end_s, self._tic_hz):
                yield movements.tic(scenario.tic, time, rng)
        if scenario.facial_myokymia is not None:
            while self._myokymia_from_s < end_s:
                length = float(rng.uniform(8.0, 45.0))
                yield from oral.facial_myokymia_groups(
                    scenario.facial_myokymia, self._myokymia_from_s, self._myokymia_from_s + length, rng
                )
                self._myokymia_from_s += length + float(rng.uniform(1.0, 6.0))


def _apart(happenings: Iterator[Happening]) -> Iterator[Happening]:
    """Leave out what would start before the one before it has ended."""
    busy_until_s = 0.0
    for happening in happenings:
        if happening.start_s > busy_until_s + 0.7:
            busy_until_s = happening.end_s
            yield happening


class _SpasmSides:
    """Spasms of one side or both: spontaneous, on blinks, with movements; never both sides together."""

    def __init__(self, scenario: Scenario, face: Face, rng: Random) -> None:
        self._makers = [
            (SpasmMaker(s, scenario, face, rng), ClusteredTimes(s.clustering, rng)) for s in scenario.spasms
        ]
        self._scenario = scenario
        self._rng = rng
        self._busy_until_s = dict.fromkeys(Side, 0.0)

    def until(
        self, start_s: float, end_s: float, doings: Doings, blinks: list[Happening], moves: list[Happening]
    ) -> list[Happening]:
        wanted: list[Happening] = []
        for maker, times in self._makers:
            wanted += self._spontaneous(maker, times, start_s, end_s, doings)
            wanted += self._coupled(maker, blinks, moves)
        found = []
        for spasm in sorted(wanted, key=lambda h: h.start_s):
            side = Side(str(spasm.side))
            if (
                spasm.start_s > self._busy_until_s[side] + 0.05
                and spasm.start_s > self._busy_until_s[side.other] + _ONE_AFTER_THE_OTHER_S
            ):
                self._busy_until_s[side] = spasm.end_s
                found.append(spasm)
        return found

    def _spontaneous(
        self, maker: SpasmMaker, times: ClusteredTimes, start_s: float, end_s: float, doings: Doings
    ) -> Iterator[Happening]:
        s = maker.settings
        step_s = 5.0
        for number in range(round((end_s - start_s) / step_s)):
            now_s = start_s + number * step_s
            rate = s.rate_per_min / 60.0
            if doings.speaking.covers(now_s + step_s / 2):
                rate *= s.speech_factor
            if self._scenario.sleep is not None:
                rate *= (
                    min(1.0, 3.0 * s.asleep_factor) if doings.aroused.covers(now_s + step_s / 2) else s.asleep_factor
                )
            for time in times.until(now_s + step_s, rate):
                yield maker.spasm(time, "during_speech" if doings.speaking.covers(time) else "")

    def _coupled(self, maker: SpasmMaker, blinks: list[Happening], moves: list[Happening]) -> Iterator[Happening]:
        s, rng = maker.settings, self._rng
        for blink in blinks:
            if blink.kind is Kind.BLINK and chance(rng, s.blink_triggered):
                strongest = max(v.level_uv for d in blink.discharges for v in d.drives)
                last = blink.discharges[-1]
                yield maker.tail(last.start_s, last.start_s + last.envelope.core_s, strongest)
        for move in moves:
            if move.side == "both" and chance(rng, s.movement_triggered):
                circumstance = f"during_{move.label}" if chance(rng, 0.6) else "after_movement"
                at_s = move.end_s + rng.uniform(0.05, 0.4)
                if circumstance != "after_movement":
                    at_s = rng.uniform(move.start_s + 0.2, max(move.start_s + 0.25, move.end_s))
                yield maker.spasm(at_s, circumstance)
