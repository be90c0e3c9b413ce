"""How well each electrode touches, told from the signal alone, once a second: good, fair or bad, with the remedy. No current, no scipy.

A second of samples is looked at by its spectrum: hum, noise in the EMG band between the hum's lines, the standing potential, the rails.
Muscle is louder than any noise, so noise is judged by the quietest seconds of the last twenty. Seconds lie at fixed samples. An electrode
whose noise grows over minutes is noticed while it still is a good one: what was calibrated at the beginning then no longer holds there.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Channel, Montage
from firmware_bridge.impedance import Impedance
from hfs_emg.model import Block, Signal

Floats = NDArray[np.float64]

BAND_HZ = (20.0, 110.0)
MAINS_HZ = (50.0, 60.0)
FAIR_NOISE_UV, BAD_NOISE_UV = 4.5, 15.0
"""RMS in the band at rest: gel 1–3 µV over 20–450 Hz, of which less than half lies in the band at 250 Hz; dry electrodes 3–12."""
QUIET_UV = 0.22
"""Less is the converter's own noise (0.14 µV): nothing is connected, or gel joins the pair."""
FAIR_HUM_UV, BAD_HUM_UV = 100.0, 600.0
"""Amplitude. Real recordings with poor contact show up to 600 µV, with good contact 1 to 60."""
FAIR_DRIFT_UV, BAD_DRIFT_UV = 3_000.0, 20_000.0
"""Change of the standing potential within a second."""
GROWN = 1.5
"""Times the noise of the beginning, and times what all electrodes together have grown: a face that tenses or falls asleep is no drift."""
_PERIOD_S = 300
"""Beginning and present, each: its quietest tenth is rest even of somebody who talks."""
_MEMORY_S = 20
_QUIETEST = 0.2
_AGREE_S = 3
"""A verdict is that of the middle one of so many seconds."""
_FIRST_S = 2
"""Not looked at: the first seconds after a board begins."""
_LEAST_S = 4
"""Fewer seconds than this give no verdict: a blink in one of two would be noise."""


class State(IntEnum):
    """From good to bad; UNKNOWN before anything was seen."""

    UNKNOWN = 0
    GOOD = 1
    FAIR = 2
    BAD = 3

    @property
    def word(self) -> str:
        """As people read it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Contact:
    """One channel's contact now. reason and remedy are empty while it is good."""

    channel: Channel
    state: State
    reason: str = ""
    remedy: str = ""

    @property
    def amiss(self) -> bool:
        """Fair or bad."""
        return self.state > State.GOOD

    @property
    def words(self) -> str:
        """`Right orbicularis oculi: dry or loose (6.2 µV of noise), press or re-gel`."""
        place = f"{self.channel.side.value} {self.channel.site.words}".capitalize()
        return f"{place}: {self.reason}, {self.remedy}" if self.reason else f"{place}: {self.state.word}"


@dataclass(frozen=True, slots=True)
class _Second:
    """(channels,) of one second: what was measured."""

    noise_uv: Floats
    hum_uv: Floats
    mean_uv: Floats
    railed: NDArray[np.bool_]
    flat: NDArray[np.bool_]


class ContactWatch:
    """Follows one stream of one montage. Push blocks in order; `contacts` is renewed with each whole second."""

    def __init__(self, signal: Signal, montage: Montage) -> None:
        inputs = [signal.inputs[c.input] for c in montage.channels]
        self._channels = montage.channels
        self._inputs = [c.input for c in montage.channels]
        self._scale = np.array([i.microvolts_per_count for i in inputs])
        margin = [max(1, int(0.001 * (i.count_max - i.count_min))) for i in inputs]
        self._low = np.array([i.count_min + m for i, m in zip(inputs, margin, strict=True)])
        self._high = np.array([i.count_max - m for i, m in zip(inputs, margin, strict=True)])
        self._length = max(8, round(signal.rate_hz))
        hz = np.fft.rfftfreq(self._length, 1.0 / signal.rate_hz)
        top = min(BAND_HZ[1], 0.45 * signal.rate_hz)
        harmonics = np.array([n * base for base in MAINS_HZ for n in range(1, 4)])
        folded = np.abs(harmonics - signal.rate_hz * np.round(harmonics / signal.rate_hz))
        lines = (np.abs(hz[:, None] - folded[None, :]) < 3.5).any(axis=1)
        self._band = (hz >= BAND_HZ[0]) & (hz <= top) & ~lines
        self._width_share = float(((hz >= BAND_HZ[0]) & (hz <= top)).sum() / max(1, self._band.sum()))
        self._lines = [np.abs(hz - base) < 1.5 for base in MAINS_HZ]
        self._window = np.hanning(self._length + 1)[:-1]
        self._held = np.zeros((self._length, len(inputs)), np.int64)
        self._lost = np.zeros(self._length, np.bool_)
        self._filled = 0
        self._seconds = 0
        self._memory: deque[Floats] = deque(maxlen=_MEMORY_S)
        self._recent: deque[tuple[Contact, ...]] = deque(maxlen=_AGREE_S)
        self._last_mean: Floats | None = None
        self._period: deque[Floats] = deque(maxlen=_PERIOD_S)
        self._beginning_uv: Floats | None = None
        self._grown: Floats = np.ones(len(inputs))
        self.contacts: tuple[Contact, ...] = tuple(Contact(c, State.UNKNOWN) for c in self._channels)
        self.hum_uv: Floats = np.zeros(len(inputs))
        """Amplitude of the mains in the last second, by channel."""

    @property
    def worst(self) -> Contact | None:
        """The worst channel, the first of several; None while all are good or nothing is known."""
        worst = max(self.contacts, key=lambda c: c.state)
        return worst if worst.state > State.GOOD else None

    @property
    def known(self) -> bool:
        """Whether there is a verdict."""
        return any(c.state is not State.UNKNOWN for c in self.contacts)

    def push(self, block: Block) -> bool:
        """The next samples; True when the verdict was renewed."""
        renewed = False
        done, n = 0, len(block.counts)
        while done < n:
            take = min(self._length - self._filled, n - done)
            self._held[self._filled : self._filled + take] = block.counts[done : done + take, self._inputs]
            self._lost[self._filled : self._filled + take] = block.lost[done : done + take]
            self._filled += take
            done += take
            if self._filled == self._length:
                self._filled = 0
                self._seconds += 1
                renewed |= self._look()
        return renewed

    def _look(self) -> bool:
        """Judge the second that is held. One with losses in it says nothing."""
        if self._lost.any() or self._seconds <= _FIRST_S:
            self._last_mean = None
            return False
        second = self._measure()
        self.hum_uv = second.hum_uv
        self._memory.append(second.noise_uv)
        self._follow_growth(second.noise_uv)
        noise = np.quantile(np.array(self._memory), _QUIETEST, axis=0)
        drift = np.zeros(len(noise)) if self._last_mean is None else np.abs(second.mean_uv - self._last_mean)
        self._last_mean = second.mean_uv
        self._recent.append(
            tuple(self._judge(i, second, float(noise[i]), float(drift[i])) for i in range(len(self._channels)))
        )
        if len(self._memory) < _LEAST_S:
            return False
        columns = zip(*self._recent, strict=True)
        self.contacts = tuple(sorted(column, key=lambda c: c.state)[len(column) // 2] for column in columns)
        return True

    def _follow_growth(self, noise_uv: Floats) -> None:
        """How far each channel's noise has grown since the beginning, beyond what it has at all of them; looked at every ten seconds."""
        self._period.append(noise_uv)
        if len(self._period) < _PERIOD_S or self._seconds % 10:
            return
        present_uv = np.quantile(np.array(self._period), 0.1, axis=0)
        if self._beginning_uv is None:
            self._beginning_uv = np.maximum(present_uv, QUIET_UV)
        grown = present_uv / self._beginning_uv
        self._grown = np.minimum(grown, grown / max(float(np.median(grown)), 1e-6))

    def _measure(self) -> _Second:
        counts = self._held
        uv = counts * self._scale
        mean = uv.mean(axis=0)
        power = np.abs(np.fft.rfft((uv - mean) * self._window[:, None], axis=0)) ** 2
        # Power of a band in µV²: both halves of the spectrum, over the window's own power.
        to_power = 2.0 / (self._length * float((self._window**2).sum()))
        noise = np.sqrt(power[self._band].sum(axis=0) * to_power * self._width_share)
        hum = np.max([np.sqrt(2 * power[line].sum(axis=0) * to_power) for line in self._lines], axis=0)
        railed = np.asarray(((counts <= self._low) | (counts >= self._high)).any(axis=0), np.bool_)
        still = np.asarray((np.diff(counts, axis=0) == 0).mean(axis=0) > 0.9, np.bool_)
        return _Second(noise, hum, mean, railed, still)

    def _judge(self, i: int, second: _Second, noise_uv: float, drift_uv: float) -> Contact:
        hum_uv = float(second.hum_uv[i])
        rows = (
            (second.railed[i], State.BAD, "at the rail", "plug the lead in, press or replace the electrode"),
            (second.flat[i], State.BAD, "no signal at all", "plug the lead in, replace lead or electrode"),
            (hum_uv > BAD_HUM_UV, State.BAD, f"off or dry ({hum_uv:.0f} µV of hum)", "press or re-gel"),
            (noise_uv > BAD_NOISE_UV, State.BAD, f"loose ({noise_uv:.0f} µV of noise)", "press or re-gel"),
            (
                drift_uv > BAD_DRIFT_UV,
                State.BAD,
                f"moving ({drift_uv / 1000:.0f} mV a second)",
                "fix electrode and cable",
            ),
            (noise_uv > FAIR_NOISE_UV, State.FAIR, f"dry or loose ({noise_uv:.1f} µV of noise)", "press or re-gel"),
            (hum_uv > FAIR_HUM_UV, State.FAIR, f"hum of {hum_uv:.0f} µV", "re-gel, keep cables away from mains leads"),
            (noise_uv < QUIET_UV, State.FAIR, "too quiet for skin", "wipe gel from between the pair, check the lead"),
            (
                self._grown[i] > GROWN,
                State.FAIR,
                f"{self._grown[i]:.1f} times the noise of the beginning",
                "press or re-gel, then calibrate again for a new baseline",
            ),
            (drift_uv > FAIR_DRIFT_UV, State.FAIR, f"drifting ({drift_uv / 1000:.1f} mV a second)", "fix the cable"),
        )
        for found, state, reason, remedy in rows:
            if found:
                return Contact(self._channels[i], state, reason, remedy)
        return Contact(self._channels[i], State.GOOD)


GOOD_KOHM, FAIR_KOHM = 30.0, 100.0
"""Of an electrode's impedance: under 10 kΩ is the aim, 10–30 are realistic with today's inputs (AASM custom, Biomch-L)."""


def impedance_state(found: Impedance | None) -> State:
    """The verdict on a measured impedance; nothing measured, or no steady tone, is bad."""
    if found is None or not found.steady or found.kohm > FAIR_KOHM:
        return State.BAD
    return State.GOOD if found.kohm <= GOOD_KOHM else State.FAIR
