"""What the person is doing: silent, speaking, eating; and the slow clusters in which spasms come.

Both are processes that run forward in time and are asked for the stretches of one chapter after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hfs_emg.simulation.events import Random, around
from hfs_emg.simulation.settings import Meals, Sleep, Speech


@dataclass(frozen=True, slots=True)
class Stretch:
    """From start_s to end_s the person is speaking, eating or aroused from sleep."""

    start_s: float
    end_s: float


class Bouts:
    """Alternation of pauses and bouts, as stretches whose start lies in the chapter asked for."""

    def __init__(self, bout: tuple[float, float, float], pause_s: float, rng: Random) -> None:
        self._bout = bout
        self._pause_s = pause_s
        self._rng = rng
        self._next_s = rng.exponential(pause_s) * 0.5

    def until(self, end_s: float) -> tuple[Stretch, ...]:
        """Stretches that start before end_s and were not handed out yet."""
        found = []
        while self._next_s < end_s:
            stretch = Stretch(self._next_s, self._next_s + around(self._rng, *self._bout))
            self._next_s = stretch.end_s + max(1.0, self._rng.gamma(1.5, self._pause_s / 1.5))
            found.append(stretch)
        return tuple(found)


def speech_bouts(speech: Speech, rng: Random) -> Bouts | None:
    """When the person talks; None for the silent."""
    if speech.bout_s <= 0.0:
        return None
    return Bouts((speech.bout_s, speech.bout_s / 3, speech.bout_s * 2.5), speech.pause_s, rng)


def meal_bouts(meals: Meals, rng: Random) -> Bouts | None:
    """When the person chews; None for those who do not eat."""
    if meals.bout_s <= 0.0:
        return None
    return Bouts((meals.bout_s, max(2.5, meals.bout_s / 4), min(40.0, meals.bout_s * 2.7)), meals.pause_s, rng)


def arousals(sleep: Sleep | None, rng: Random) -> Bouts | None:
    """When a sleeper stirs; None for those awake."""
    if sleep is None or sleep.arousals_per_hour <= 0.0:
        return None
    return Bouts((sleep.arousal_s, sleep.arousal_s / 3, sleep.arousal_s * 3), 3600.0 / sleep.arousals_per_hour, rng)


class Recent:
    """The stretches of the last minutes, to ask whether something is going on at a time."""

    def __init__(self) -> None:
        self._stretches: list[Stretch] = []

    def add(self, stretches: tuple[Stretch, ...], now_s: float) -> None:
        """Take new stretches in; forget those that ended two minutes before now_s."""
        self._stretches = [s for s in self._stretches if s.end_s > now_s - 120.0] + list(stretches)

    def covers(self, time_s: float, margin_s: float = 0.0) -> bool:
        """True when a stretch, widened by margin_s on both sides, holds time_s."""
        return any(s.start_s - margin_s <= time_s < s.end_s + margin_s for s in self._stretches)

    def touches(self, start_s: float, end_s: float) -> bool:
        """True when a stretch overlaps start_s to end_s."""
        return any(s.start_s < end_s and start_s < s.end_s for s in self._stretches)


class ClusteredTimes:
    """Event times at a mean rate, irregular and bunched: a rate that is high for 5–60 s and low between.

    clustering 0 gives gamma intervals with a coefficient of variation of 0.75; 1 puts nearly all events into the busy
    state.
    """

    def __init__(self, clustering: float, rng: Random) -> None:
        self._rng = rng
        self._busy = bool(rng.random() < 0.4)
        self._busy_share = 0.35
        self._factor_busy = 1.0 + clustering * (1.0 / self._busy_share - 1.0) * 0.95
        self._factor_calm = (1.0 - self._busy_share * self._factor_busy) / (1.0 - self._busy_share)
        self._state_until_s = self._state_length()
        self._owed = float(rng.gamma(1.8, 1.0 / 1.8))
        self._now_s = 0.0

    def _state_length(self) -> float:
        mean = 25.0 if self._busy else 25.0 * (1.0 - self._busy_share) / self._busy_share
        return float(np.clip(self._rng.exponential(mean), 5.0, 6 * mean))

    def until(self, end_s: float, rate_hz: float) -> Iterator[float]:
        """Times up to end_s at rate_hz events per second, taken up where the last call ended."""
        while self._now_s < end_s:
            stop = min(end_s, self._state_until_s)
            rate = rate_hz * (self._factor_busy if self._busy else self._factor_calm)
            while rate > 0.0 and self._owed <= rate * (stop - self._now_s):
                self._now_s += self._owed / rate
                self._owed = float(self._rng.gamma(1.8, 1.0 / 1.8))
                yield self._now_s
            self._owed -= rate * (stop - self._now_s)
            self._now_s = stop
            if stop >= self._state_until_s:
                self._busy = not self._busy
                self._state_until_s = stop + self._state_length()


def steady_times(rate_hz: float, rng: Random) -> Iterator[float]:
    """Times of a Poisson process, for ever; rate_hz is above 0."""
    time = 0.0
    while True:
        time += float(rng.exponential(1.0 / rate_hz))
        yield time
