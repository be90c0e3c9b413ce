"""The sliding record of power, envelope, noise floor and wave that islands are found in and looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hfs_emg.analysis.activity import Activity, Layout, Neighbourhood
from hfs_emg.analysis.atoms import BEFORE_S, EYE_OFF, EYE_ON
from hfs_emg.analysis.conditioning import Conditioned
from hfs_emg.analysis.frames import SHORT_FRAMES, Flags, Floats, FrameClock, SlidingArray, moving_mean
from hfs_emg.analysis.hum import LONGEST_S
from hfs_emg.analysis.known import Known
from hfs_emg.analysis.mains import MainsSecond
from hfs_emg.analysis.ringing import HumRemover, Ringing
from hfs_emg.analysis.seconds import SecondLog
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.analysis.stretches import narrowed

_EMG, _SLOW, _FAST = range(3)
Span = tuple[int, int]
"""Frames of the stream, half open."""
Room = Callable[[int, int], Floats]
"""Makes an array of so many rows and columns, to be filled."""


def _room(rows: int, columns: int) -> Floats:
    return np.empty((rows, columns))


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
        self._hum = HumRemover(clock)
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
        spoiled = np.count_nonzero(bad) > 0
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

    def slow_floors(self, newest: int) -> Floats:
        """Resting power of the slow view in the seconds that the newest frames lie in, one column each, inf before it is known."""
        return self.seconds.columns(self.seconds.swings, self._power.end - newest, self._power.end)

    def _short(self, spans: Sequence[Span], out: Floats) -> Floats:
        """Mean power of each frame and its two neighbours."""
        beside = SHORT_FRAMES // 2
        rows = slice(_EMG * self._channels, (_EMG + 1) * self._channels)
        parts: list[Floats] = []
        for start, stop in spans:
            power = self._power.read(max(start - beside, 0), stop + beside)[rows]
            if start == 0:
                parts.append(power[:, :1].repeat(beside, axis=1))
            parts.append(power)
        means = moving_mean(np.concatenate(parts, axis=1), SHORT_FRAMES)
        out[:] = narrowed(means, [stop - start for start, stop in spans], 2 * beside)
        return out

    def end_at(self, tick: int) -> int:
        """What `end` was when the number of frames was last a multiple of `tick`."""
        return max(0, self._power.end // tick * tick - (self._clock.window - self._clock.window // 2))

    def activity(self, start: int, end: int) -> tuple[Flags, Flags]:
        """Support and seed flags of the frames start…end."""
        flags = self._activity.read(start, end)
        return flags[0], flags[1]

    def neighbourhood(self, stretches: Sequence[Span], before: int, after: int, room: Room = _room) -> Neighbourhood:
        """Copies of frames first - before … end + after of each stretch (first, end), as far as they are held. room: for what is large."""
        spans = [self._held(first - before, end + after) for first, end in stretches]
        hop = self._clock.hop
        columns = sum(stop - start for start, stop in spans)
        power = _laid(self._power, spans, room(3 * self._channels, columns))
        views = power.reshape(3, self._channels, power.shape[1])
        waves = [self._waves.read(start * hop, stop * hop)[self._channels :] for start, stop in spans]
        seen = self._seen(stretches, spans, room(self._channels, columns))
        near = Neighbourhood(
            **{name: getattr(seen, name) for name in Activity.__slots__},
            short=self._short(spans, room(self._channels, columns)),
            hop=views[_EMG],
            slow=views[_SLOW],
            fast=views[_FAST],
            eye_wave=_laid(self._eye_wave, spans),
            wave=np.concatenate(waves, axis=1, out=room(self._channels, columns * hop)),
            hum_hz=self.seconds.laid(self.seconds.hum, spans)[0],
        )
        self._take_hum_off(near, stretches, spans)
        return near

    def glance(self, stretches: Sequence[tuple[int, int, int]], before: int) -> Activity:
        """The same without what only measuring needs, of stretches that each say how many frames after them count."""
        spans = [self._held(first - before, end + after) for first, end, after in stretches]
        alone = [(first, end) for first, end, _ in stretches]
        near = self._seen(alone, spans)
        self._take_hum_off(near, alone, spans)
        return near

    def _held(self, start: int, stop: int) -> Span:
        return max(start, self._envelope.start), min(stop, self._envelope.end)

    def _seen(self, stretches: Sequence[Span], spans: Sequence[Span], envelope: Floats | None = None) -> Activity:
        """Some stretches with the frames around them that the spans say."""
        bad = [self._bad_in(*span) for span in spans]
        return Activity(
            layout=Layout(stretches, spans),
            envelope=_laid(self._envelope, spans, envelope),
            floor=self.seconds.laid(self.seconds.emg, spans),
            gain=self.seconds.at(self.seconds.gains, [first for first, _ in stretches]),
            bad=np.concatenate(bad, axis=1),
            eye=_laid(self._eye, spans)[0],
        )

    def _take_hum_off(self, near: Activity, stretches: Sequence[Span], spans: Sequence[Span]) -> None:
        """Wave and power without the ringing of the notches, where a fit of the hum allows it; the lines are those with which a stretch
        begins.
        """
        hop, longest = self._clock.hop, self._clock.frames(LONGEST_S)
        ringing = []
        for (first, _), (start, stop), columns in zip(stretches, spans, near.layout.spans, strict=True):
            lines = self.seconds.lines_hz(first)
            if not lines or stop - start > longest:
                continue
            # The frames around are held whenever the neighbourhood itself is.
            begin, end = max(start - self._hum.lead, 0), stop + self._hum.lag
            band = self._waves.read(begin * hop, end * hop)[: self._channels]
            ringing.append(Ringing(columns, band, start - begin, end - stop, lines))
        if ringing:
            self._hum.take_off(near, ringing)

    def forget_before(self, frame: int) -> None:
        """Drop what no decision can need any more."""
        keep = frame - self._clock.frames(BEFORE_S) - 2 * self._clock.window - self._clock.second
        if keep - self._power.start < 4096:
            return
        for log in (self._eye, self._eye_wave, self._power, self._bad, self._envelope, self._activity):
            log.drop_before(keep)
        self._waves.drop_before(keep * self._clock.hop)
        self.seconds.forget_before(keep)


def _laid(log: SlidingArray, spans: Sequence[Span], out: Floats | None = None) -> Floats:
    """Copies of spans of a log, end to end."""
    return np.concatenate([log.read(start, stop) for start, stop in spans], axis=1, out=out)
