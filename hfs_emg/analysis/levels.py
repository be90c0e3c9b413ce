"""The sliding record of power, envelope, noise floor and wave that islands are found in and looked at."""

from __future__ import annotations

import numpy as np

from hfs_emg.analysis.atoms import BEFORE_S, EYE_OFF, EYE_ON, Activity, Neighbourhood
from hfs_emg.analysis.conditioning import Conditioned
from hfs_emg.analysis.frames import Flags, Floats, FrameClock, SlidingArray, moving_mean
from hfs_emg.analysis.hum import LONGEST_S, HumFit, trusted
from hfs_emg.analysis.known import Known
from hfs_emg.analysis.mains import MainsSecond
from hfs_emg.analysis.seconds import SecondLog
from hfs_emg.analysis.settings import AnalysisSettings

SHORT_FRAMES = 3
_EMG, _SLOW, _FAST = range(3)


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
        self._channels = channels
        self._on = settings.on_factor**2
        self._off = settings.off_factor**2
        self._eyes = list(eyes) if len(eyes) == 2 else []
        self.seconds = SecondLog(clock, channels, self._eyes, list(pairs), known)
        """What is renewed once a second."""
        self._hum = HumFit(clock.rate_hz)
        self._mains: list[MainsSecond] = []
        self._power = SlidingArray(3 * channels, np.float64)
        """Of frames: first the rows of the EMG, then those of the slow and of the fast view."""
        self._bad = SlidingArray(channels, np.bool_)
        self._waves = SlidingArray(2 * channels, np.float64)
        """Samples of the EMG band: first with its hum, then without."""
        self._windowed = [*range(channels), *(channels + eye for eye in self._eyes)]
        """Rows of power that are averaged over a window: the EMG, and the slow view of the lids."""
        self._envelope = SlidingArray(channels, np.float64)
        self._waiting: Floats = np.zeros((len(self._windowed), 0))
        """Averages of the newest frames, until those after them have come."""
        self._eye = SlidingArray(1, np.float64)
        """Power of the eye potential over its noise, of the eye that shows less of it."""
        self._eye_wave = SlidingArray(len(self._eyes), np.float64)
        """The slow view of both lids, once a frame."""
        self._activity = SlidingArray(2, np.bool_)

    @property
    def end(self) -> int:
        """Absolute index after the last frame that islands are sought in."""
        return self._envelope.end

    def push(self, conditioned: Conditioned, power: Floats, bad: Flags, slow: Floats) -> None:
        """Frames as `FrameStream` gives them, and the samples they came from."""
        waves = conditioned.waves[:2]
        self._waves.append(waves.reshape(2 * self._channels, waves.shape[2]))
        self._mains += conditioned.mains
        start = self._power.end
        if not power.shape[2]:
            return
        self._power.append(power.reshape(3 * self._channels, power.shape[2]))
        self._bad.append(bad)
        self._turn_seconds()
        self._eye_wave.append(slow[self._eyes])
        self._average(start, self._power.end)

    def _turn_seconds(self) -> None:
        start, second = self.seconds.end, self._clock.second
        count = (self._power.end - start) // second
        if count:
            end = start + count * second
            power = self._power.read(start, end)[: 2 * self._channels]
            mains, self._mains = self._mains[:count], self._mains[count:]
            self.seconds.push(power[: self._channels], power[self._channels :], self._bad.read(start, end), mains)

    def _average(self, start: int, end: int) -> None:
        """The envelope and the eye potential, as far as frames start…end complete them. Before the first frame there is nothing: its own
        power stands in.
        """
        window = self._clock.window
        first = start - window + 1
        power = self._power.read(max(first, 0), end)[self._windowed]
        if first < 0:
            power = np.concatenate([power[:, :1].repeat(-first, axis=1), power], axis=1)
        means = np.concatenate([self._waiting, moving_mean(power, window)], axis=1)
        ahead = window - window // 2
        count = max(0, means.shape[1] - ahead)
        self._waiting = means[:, count:].copy()
        if count:
            # The envelope lies around its frame, the eye potential before it.
            self._look(means[: self._channels, ahead - 1 : ahead - 1 + count], means[self._channels :, :count])

    def _look(self, envelope: Floats, lids: Floats) -> None:
        """What the next frames show; envelope (channels, n), lids (0 or 2, n): mean power of their slow view."""
        n = envelope.shape[1]
        self._envelope.append(envelope)
        start, end = self._envelope.end - n, self._envelope.end
        floors = self.seconds.spread(slice(self.seconds.emg.start, self.seconds.lids.stop), start, end)
        bad = self._bad_in(start, end)
        spoiled = bool(bad.any())
        level = envelope / floors[: self._channels]
        if spoiled:
            level[bad] = 0.0
        loudest = np.maximum.reduce(level, axis=0)
        eye = self._eye.room(n)[0]
        if self._eyes:
            level = lids / floors[self._channels :]
            if spoiled:
                level[bad[self._eyes]] = 0.0
            np.minimum.reduce(level, axis=0, out=eye)
        else:
            eye[:] = 0.0
        support, seed = self._activity.room(n)
        np.logical_or(loudest >= self._off, eye >= EYE_OFF, out=support)
        np.logical_or(loudest >= self._on, eye >= EYE_ON, out=seed)

    def _bad_in(self, start: int, end: int) -> Flags:
        """Frames that count for nothing, also because an electrode is off the skin. Not a copy."""
        bad: Flags = self._bad.read(start, end)
        off_skin = self.seconds.off_skin(start, end)
        return bad if off_skin is None else bad | off_skin

    def _view(self, which: int, start: int, end: int) -> Floats:
        """Power of frames start…end in one of the three views. Not a copy."""
        first = which * self._channels
        found: Floats = self._power.read(start, end)[first : first + self._channels]
        return found

    def _floor(self, start: int, end: int) -> Floats:
        """Noise power of frames start…end, (channels, end - start)."""
        found = self.seconds.spread(self.seconds.emg, start, end)
        return found if found.shape[1] == end - start else found.repeat(end - start, axis=1)

    def _gain(self, frame: int) -> Floats:
        return self.seconds.columns(self.seconds.gains, frame, frame + 1)[:, 0].copy()

    def slow_floors(self, newest: int) -> Floats:
        """Resting power of the slow view in the seconds that the newest frames lie in, one column each, inf before it is known."""
        return self.seconds.columns(self.seconds.swings, self._power.end - newest, self._power.end)

    def _short(self, start: int, end: int) -> Floats:
        """Mean power of each frame and its two neighbours."""
        hop = self._view(_EMG, max(start - 1, 0), end + 1)
        if start == 0:
            hop = np.concatenate([hop[:, :1], hop], axis=1)
        return moving_mean(hop, SHORT_FRAMES)

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

        samples = self._clock.hop
        hop, slow, fast = (np.ascontiguousarray(self._view(which, start, stop)) for which in (_EMG, _SLOW, _FAST))
        near = Neighbourhood(
            first=start,
            start=first - start,
            end=end - start,
            envelope=self._envelope.read(start, stop).copy(),
            short=self._short(start, stop),
            hop=hop,
            slow=slow,
            fast=fast,
            floor=self._floor(start, stop),
            gain=self._gain(first),
            bad=np.ascontiguousarray(self._bad_in(start, stop)),
            eye=self._eye.read(start, stop)[0].copy(),
            eye_wave=self._eye_wave.read(start, stop).copy(),
            wave=np.ascontiguousarray(self._waves.read(start * samples, stop * samples)[self._channels :]),
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
            floor=self._floor(start, stop),
            gain=self._gain(first),
            bad=self._bad_in(start, stop),
            eye=self._eye.read(start, stop)[0],
        )
        self._take_hum_off(near, stop, first)
        return near

    def _take_hum_off(self, near: Activity, stop: int, at: int) -> None:
        """Wave and power without the ringing of the notches, where a fit of the hum allows it; the lines are those at a frame."""
        lines = self.seconds.lines_hz(at)
        if not lines or stop - near.first > self._clock.frames(LONGEST_S):
            return
        hop, pad, half = self._clock.hop, self._clock.window, self._clock.window // 2
        start, end = max(near.first - pad, 0), stop + pad - half  # both are held whenever the neighbourhood itself is
        band = self._waves.read(start * hop, end * hop)[: self._channels]
        before, after = near.first - start, end - stop
        around = _widened(np.maximum(near.envelope, near.floor), before, after)
        cleaned = self._hum.without(band, around.repeat(hop, axis=1), lines)
        squares = cleaned * cleaned
        power = squares[:, ::hop].copy()
        for k in range(1, hop):
            power += squares[:, k::hop]
        power /= hop
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
        for log in (self._eye, self._eye_wave, self._power, self._bad, self._envelope, self._activity):
            log.drop_before(keep)
        self._waves.drop_before(keep * self._clock.hop)
        self.seconds.forget_before(keep)


def _widened(values: Floats, before: int, after: int) -> Floats:
    """values (rows, n) with so many copies of the first column before and of the last one after."""
    edges = values[:, :1].repeat(before, axis=1), values[:, -1:].repeat(after, axis=1)
    return np.concatenate([edges[0], values, edges[1]], axis=1)
