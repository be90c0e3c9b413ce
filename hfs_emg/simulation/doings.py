"""What fills a person's minutes: talking, eating, stirring in sleep, and the oral happenings that these are made of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hfs_emg.simulation import activity, oral
from hfs_emg.simulation.activity import Recent, steady_times
from hfs_emg.simulation.events import Happening, Random
from hfs_emg.simulation.scenario import Scenario


class Doings:
    """Speech, meals and arousals, and the oral happenings that they are made of."""

    def __init__(self, scenario: Scenario, rng: Random) -> None:
        self._scenario = scenario
        self._rng = rng
        self._speech = activity.speech_bouts(scenario.speech, rng)
        self._meals = activity.meal_bouts(scenario.meals, rng)
        self._arousals = activity.arousals(scenario.sleep, rng)
        self.speaking, self.eating, self.aroused = Recent(), Recent(), Recent()
        meals = scenario.meals
        self._swallows = Clock(meals.swallows_per_min / 60.0, rng)
        self._yawns = Clock(meals.yawns_per_hour / 3600.0, rng)

    def asleep(self, time_s: float) -> bool:
        """True between a sleeper's arousals."""
        return self._scenario.sleep is not None and not self.aroused.covers(time_s)

    def until(self, start_s: float, end_s: float) -> list[Happening]:
        """What starts before end_s and was not handed out yet."""
        rng, scenario = self._rng, self._scenario
        found: list[Happening] = []
        if self._arousals is not None:
            self.aroused.add(self._arousals.until(end_s), start_s)
        if self._meals is not None:
            meals = self._meals.until(end_s)
            self.eating.add(meals, start_s)
            found += [oral.chewing_bout(scenario.meals, m.start_s, m.end_s, rng) for m in meals]
        if self._speech is not None:
            talks = tuple(t for t in self._speech.until(end_s) if not self.eating.touches(t.start_s, t.end_s))
            self.speaking.add(talks, start_s)
            for talk in talks:
                found += oral.speech_phrases(
                    scenario.speech, scenario.anatomy.movement_asymmetry, talk.start_s, talk.end_s, rng
                )
        free = [
            t
            for t in self._swallows.until(end_s)
            if not self.speaking.covers(t, 0.5) and not self.eating.covers(t, 0.5)
        ]
        found += [oral.swallow(t, rng) for t in free]
        found += [
            oral.yawn(t, rng) for t in self._yawns.until(end_s) if not (self.speaking.covers(t, 7.0) or self.asleep(t))
        ]
        return found


class Clock:
    """A Poisson process asked chapter by chapter; a rate of 0 never ticks."""

    def __init__(self, rate_hz: float, rng: Random) -> None:
        self._times = steady_times(rate_hz, rng) if rate_hz > 0.0 else None
        self._next_s = next(self._times) if self._times is not None else np.inf

    def until(self, end_s: float) -> Iterator[float]:
        """Ticks before end_s that were not handed out yet."""
        while self._times is not None and self._next_s < end_s:
            yield self._next_s
            self._next_s = next(self._times)
