"""The sliding record of power, envelope, noise floor and wave that islands are found in and looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.analysis.atoms import BEFORE_S, EYE_OFF, EYE_ON, Activity, Neighbourhood
from hfs_emg.analysis.balance import PairBalance
from hfs_emg.analysis.conditioning import Conditioned
from hfs_emg.analysis.frames import Flags, Floats, FrameClock, SlidingArray, moving_mean
from hfs_emg.analysis.hum import LONGEST_S, trusted, without_hum
from hfs_emg.analysis.known import Known
from hfs_emg.analysis.mains import MainsSecond
from hfs_emg.analysis.noise import SLOW_WINDOWS, NoiseFloor
from hfs_emg.analysis.quality import REASONS
from hfs_emg.analysis.settings import AnalysisSettings

SHORT_FRAMES = 3
_EMG, _SLOW, _FAST = range(3)
LEAD_OFF_MAINS_UV = 2000.0
"""Hum of this amplitude means that no skin is behind the electrode: real recordings with poor contact show up to 600 µV."""
LEAD_OFF_NOISE_UV = 60.0
"""So does resting noise above this: dry electrodes stay below 12 µV RMS."""


class LevelLog:
    """Frames in; envelope, floor and activity by absolute frame index out. `end`: frames whose envelope is complete."""

    def __init__(
        self,
        clock: FrameClock,
        channels: int,
        settings: AnalysisSettings,
        eyes: tuple[int, ...] = (),
        pairs: tuple[tuple[int, int], ...] = (),
        *,
        known: Known | None = None,
    ) -> None:
        """`eyes`: the channels over both eyelids; with two of them a blink is also seen by its eye potential.
        `pairs`: left and right channel of each site that both sides have. `known`: from a calibration.
        """
        self._clock = clock
        self._on = settings.on_factor**2
        self._off = settings.off_factor**2
        self._power = SlidingArray(3 * channels, np.float64)
        """Of frames: first the rows of the EMG, then those of the slow and of the fast view."""
        self._bad = SlidingArray(channels, np.bool_)
        self._wave = SlidingArray(channels, np.float64)
        self._band = SlidingArray(channels, np.float64)
        """The wave before hum was notched out."""
        self._lines: dict[int, tuple[float, ...]] = {}
        """Lines that are notched, by the second in which they are; seconds without any are left out."""
        self._envelope = SlidingArray(channels, np.float64)
        self._short = SlidingArray(channels, np.float64)
        self._floor = SlidingArray(channels, np.float64)
        self._activity = SlidingArray(2, np.bool_)
        self._noise = NoiseFloor(channels)
        if known is not None:
            self._noise.lend(known.rest_power)
        self._balance = PairBalance(channels, list(pairs))
        self._gain = SlidingArray(channels, np.float64)
        self._eyes = list(eyes) if len(eyes) == 2 else []
        self._eye_noise = NoiseFloor(len(self._eyes), SLOW_WINDOWS)
        self._eye_floor = SlidingArray(len(self._eyes), np.float64)
        self._eye = SlidingArray(1, np.float64)
        self._eye_wave = SlidingArray(len(self._eyes), np.float64)
        self._seconds = 0
        self._mains: list[MainsSecond] = []
        self._hum = SlidingArray(1, np.float64)
        self._off_skin = np.zeros(channels, dtype=np.bool_)
        self._off_skin_seconds = [self._off_skin]
        self._channels = channels

    @property
    def end(self) -> int:
        """Absolute index after the last frame that islands are sought in."""
        return self._envelope.end

    def push(self, conditioned: Conditioned, power: Floats, bad: Flags, slow: Floats) -> None:
        """Frames as `FrameStream` gives them, and the samples they came from."""
        self._wave.append(conditioned.emg)
        self._band.append(conditioned.band)
        self._eye_wave.append(slow[self._eyes])
        self._mains += conditioned.mains
        self._power.append(power.reshape(3 * self._channels, power.shape[2]))
        while self._bad.end < self._power.end:
            turn = (self._seconds + 1) * self._clock.second
            done = self._power.end - self._bad.end
            take = min(turn - self._bad.end, done)
            self._bad.append(bad[:, bad.shape[1] - done :][:, :take] | self._off_skin[:, None])
            self._floor.append(self._noise.power[:, None], take)
            self._gain.append(self._balance.gain[:, None], take)
            self._eye_floor.append(self._eye_noise.power[:, None], take)
            if self._bad.end == turn:
                self._turn_second()
        self._complete()

    def _view(self, which: int, start: int, end: int, rows: list[int] | None = None) -> Floats:
        """Power of frames start…end in one of the three views: of all channels (not a copy), or of some."""
        first = which * self._channels
        found: Floats = self._power.read(start, end)[first : first + self._channels]
        return found if rows is None else found[rows]

    def _turn_second(self) -> None:
        start = self._seconds * self._clock.second
        self._seconds += 1
        width = self._clock.window
        whole = self._clock.second // width * width
        frames = self._view(_EMG, start, start + whole)
        bad = self._bad.read(start, start + whole)
        if self._seconds == 2:
            # The start is deaf for two seconds; the filters have settled in the first, and the noise is learnt from the second.
            bad = np.zeros_like(bad)
        off_before = self._off_skin
        windows, spoiled = _windows(frames, bad, width)
        self._noise.push_second(windows, spoiled & ~off_before[:, None])
        if self._seconds > 3:
            self._balance.push_second(windows, spoiled, self._noise.power)
        if self._eyes:
            span = whole // (2 * width) * 2 * width
            slow = self._view(_SLOW, start, start + span, self._eyes)
            self._eye_noise.push_second(*_windows(slow, bad[self._eyes, :span], 2 * width))
        mains = self._mains.pop(0)
        if mains.lines_hz:
            self._lines[self._seconds] = mains.lines_hz
        self._hum.append(np.full((1, self._clock.second), mains.hz))
        self._off_skin = (mains.amplitude_uv > LEAD_OFF_MAINS_UV) | (self._noise.power > LEAD_OFF_NOISE_UV**2)
        self._off_skin_seconds.append(self._off_skin)

    def take_off_skin(self) -> NDArray[np.int8]:
        """Verdicts (channels, n) of `REASONS` for the seconds that have begun since this was last asked."""
        seconds, self._off_skin_seconds = self._off_skin_seconds, []
        if not seconds:
            return np.zeros((self._channels, 0), dtype=np.int8)
        flags = np.array(seconds, dtype=np.int8).reshape(len(seconds), self._channels).T
        return flags * np.int8(1 + REASONS.index("lead_off"))

    def _complete(self) -> None:
        """Envelopes of the frames that now have enough neighbours. Before the first frame there is nothing: its own power stands in."""
        half = self._clock.window // 2
        ready = self._power.end - (self._clock.window - half)
        start = self._envelope.end
        if ready <= start:
            return
        first = start - half
        hop = self._view(_EMG, max(first, 0), ready + self._clock.window - half)
        if first < 0:
            hop = np.concatenate([np.repeat(hop[:, :1], -first, axis=1), hop], axis=1)
        envelope = moving_mean(hop, self._clock.window)[:, : ready - start]
        around = hop[:, half - 1 :]
        short = moving_mean(around, SHORT_FRAMES)[:, : ready - start]
        self._envelope.append(envelope)
        self._short.append(short)
        level = np.where(self._bad.read(start, ready), 0.0, envelope / self._floor.read(start, ready))
        eye = self._eye_level(start, ready)
        self._eye.append(eye[None, :])
        support = (level >= self._off).any(axis=0) | (eye >= EYE_OFF)
        self._activity.append(np.stack([support, (level >= self._on).any(axis=0) | (eye >= EYE_ON)]))

    def _eye_level(self, start: int, ready: int) -> Floats:
        """Power of the eye potential over its noise, of the eye that shows less of it."""
        if not self._eyes:
            return np.zeros(ready - start)
        first = start - self._clock.window
        slow = self._view(_SLOW, max(first, 0), ready, self._eyes)
        if first < 0:
            slow = np.concatenate([np.repeat(slow[:, :1], -first, axis=1), slow], axis=1)
        smooth = moving_mean(slow, self._clock.window)[:, 1:]
        floor = self._eye_floor.read(start, ready)
        level = np.where(self._bad.read(start, ready)[self._eyes], 0.0, smooth / floor)
        return np.asarray(level.min(axis=0))

    def hum_hz(self, frame: int) -> float:
        """Mains frequency, as sampled, in the second before a frame: whole, and not yet changed by what begins there."""
        at = frame - self._clock.second
        return float(self._hum.read(at, at + 1)[0, 0]) if at >= 0 else 0.0

    def end_at(self, tick: int) -> int:
        """What `end` was when the number of frames was last a multiple of `tick`."""
        return max(0, self._power.end // tick * tick - (self._clock.window - self._clock.window // 2))

    def activity(self, start: int, end: int) -> tuple[Flags, Flags]:
        """Support and seed flags of the frames start…end."""
        flags = self._activity.read(start, end)
        return flags[0], flags[1]

    def above_on(self, near: Activity) -> Flags:
        """Where a channel is above its on-threshold."""
        return np.asarray(~near.bad & (near.envelope >= self._on * near.floor))

    def neighbourhood(self, first: int, end: int, before: int, after: int) -> Neighbourhood:
        """Copies of frames first - before … end + after, as far as they are held."""
        start = max(first - before, self._envelope.start)
        stop = min(end + after, self._envelope.end)

        def take(log: SlidingArray) -> NDArray[np.float64]:
            return np.ascontiguousarray(log.read(start, stop))

        samples = self._clock.hop
        hop, slow, fast = (np.ascontiguousarray(self._view(which, start, stop)) for which in (_EMG, _SLOW, _FAST))
        near = Neighbourhood(
            first=start,
            start=first - start,
            end=end - start,
            envelope=take(self._envelope),
            short=take(self._short),
            hop=hop,
            slow=slow,
            fast=fast,
            floor=take(self._floor),
            gain=self._gain.read(first, first + 1)[:, 0].copy(),
            bad=np.ascontiguousarray(self._bad.read(start, stop)),
            eye=take(self._eye)[0],
            eye_wave=take(self._eye_wave),
            wave=np.ascontiguousarray(self._wave.read(start * samples, stop * samples)),
        )
        self._take_hum_off(near, stop, first)
        return near

    def glance(self, first: int, end: int, before: int, after: int) -> Activity:
        """The same without what only measuring needs. It is to be used at once: it shows the log itself, not a copy."""
        start = max(first - before, self._envelope.start)
        stop = min(end + after, self._envelope.end)
        near = Activity(
            first=start,
            start=first - start,
            end=end - start,
            envelope=self._envelope.read(start, stop).copy(),
            floor=self._floor.read(start, stop),
            gain=self._gain.read(first, first + 1)[:, 0],
            bad=self._bad.read(start, stop),
            eye=self._eye.read(start, stop)[0],
        )
        self._take_hum_off(near, stop, first)
        return near

    def _take_hum_off(self, near: Activity, stop: int, at: int) -> None:
        """Wave and power without the ringing of the notches, where a fit of the hum allows it; the lines are those at a frame."""
        lines = self._lines.get(at // self._clock.second, ())
        if not lines or stop - near.first > self._clock.frames(LONGEST_S):
            return
        hop, pad, half = self._clock.hop, self._clock.window, self._clock.window // 2
        start, end = max(near.first - pad, 0), stop + pad - half  # both are held whenever the neighbourhood itself is
        band = self._band.read(start * hop, end * hop)
        before, after = near.first - start, end - stop
        around = _widened(np.maximum(near.envelope, near.floor), before, after)
        cleaned = without_hum(band, np.repeat(around, hop, axis=1), lines, self._clock.rate_hz)
        power = np.add.reduce((cleaned * cleaned).reshape(len(cleaned), end - start, hop), axis=2) / hop
        good = trusted(power, near.floor.mean(axis=1)) & ~near.bad.any(axis=1)
        if not good.any():
            return
        padded = _widened(power[good], half, half)
        inside = slice(before, before + stop - near.first)
        near.envelope[good] = moving_mean(padded, self._clock.window)[:, inside]
        if not isinstance(near, Neighbourhood):
            return
        near.short[good] = moving_mean(padded[:, half - 1 :], SHORT_FRAMES)[:, inside]
        near.hop[good] = power[good, inside]
        near.wave[good] = cleaned[good, before * hop : (before + stop - near.first) * hop]

    def forget_before(self, frame: int) -> None:
        """Drop what no decision can need any more."""
        keep = frame - self._clock.frames(BEFORE_S) - 2 * self._clock.window - self._clock.second
        if keep - self._power.start < 4096:
            return
        for log in (
            self._eye,
            self._eye_floor,
            self._eye_wave,
            self._hum,
            self._power,
            self._bad,
            self._envelope,
            self._short,
            self._floor,
            self._gain,
            self._activity,
        ):
            log.drop_before(keep)
        for samples in (self._wave, self._band):
            samples.drop_before(keep * self._clock.hop)
        for second in [s for s in self._lines if (s + 1) * self._clock.second < keep]:
            del self._lines[second]


def _widened(values: Floats, before: int, after: int) -> Floats:
    """values (rows, n) with so many copies of the first column before and of the last one after."""
    edges = values[:, :1].repeat(before, axis=1), values[:, -1:].repeat(after, axis=1)
    return np.concatenate([edges[0], values, edges[1]], axis=1)


def _windows(power: Floats, bad: Flags, width: int) -> tuple[Floats, Flags]:
    """Neighbouring windows of `width` frames: mean power, and whether one of them is bad."""
    shape = (len(power), power.shape[1] // width, width)
    spoiled = np.zeros(shape[:2], dtype=np.bool_)
    if bad.any():
        spoiled |= bad.reshape(shape).any(axis=2)
    return np.add.reduce(power.reshape(shape), axis=2) / width, spoiled
