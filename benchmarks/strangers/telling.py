"""The truth of a face, from what happened on it and what of it the electrodes could see.

Spasms of one side no more than 500 ms apart become one. A site is visible where the peak 50 ms RMS of the noiseless muscle signal at its
pair is at least 2.5 times the pair's quiet noise; for spasms, of what the spasm alone gives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.strangers.accidents import Accident
from benchmarks.strangers.converter import decimated
from benchmarks.strangers.spasms import LONGEST_GAP_S
from benchmarks.strangers.stage import Happening, Stage
from calibration.montage import Montage
from hfs_emg.events import Invalid, Kind
from hfs_emg.simulation.truth import Place, TrueEpisode, Truth

VISIBLE = 2.5
WINDOW_S = 0.05


@dataclass(frozen=True, slots=True)
class Muscles:
    """(channels, samples) µV that muscles alone give at each pair: all, and spasms only."""

    rate_hz: float
    whole: NDArray[np.float32]
    spastic: NDArray[np.float32]

    def at_output(self, rate_hz: float) -> Peaks:
        """As the converter passes it on."""
        factor = round(self.rate_hz / rate_hz)
        return Peaks(rate_hz, _running(self.whole, factor, rate_hz), _running(self.spastic, factor, rate_hz))


@dataclass(frozen=True, slots=True)
class Peaks:
    """(channels, samples) RMS over 50 ms, at the output rate."""

    rate_hz: float
    whole: NDArray[np.float32]
    spastic: NDArray[np.float32]


def _running(signals: NDArray[np.float32], factor: int, rate_hz: float) -> NDArray[np.float32]:
    width = round(WINDOW_S * rate_hz)
    found = np.zeros((signals.shape[0], signals.shape[1] // factor), np.float32)
    for i, signal in enumerate(signals):
        total = np.concatenate([[0.0], np.cumsum(decimated(signal, factor) ** 2)])
        mean = (total[width:] - total[:-width]) / width
        found[i, width // 2 : width // 2 + len(mean)] = np.sqrt(np.maximum(mean, 0))[: found.shape[1] - width // 2]
    return found


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recording is judged by. quiet: (channels,) µV RMS of each pair's noise from 20 Hz on."""

    rate_hz: float
    duration_s: float
    montage: Montage
    accidents: list[Accident]
    peaks: Peaks
    quiet: NDArray[np.float64]


def told(name: str, seed: int, stage: Stage, heard: Heard) -> Truth:
    """Everything in order of onset, cut to the recording."""
    end_s = heard.duration_s
    sight = _Sight(heard.montage, heard.peaks, heard.quiet, [a for a in heard.accidents if a.off])
    episodes = [_artefact(a, end_s) for a in heard.accidents]
    episodes += [_episode(h, end_s, sight) for h in joined(stage.happenings) if h.start_s < end_s]
    labels = [c.label for c in heard.montage.channels]
    invalid = [
        Invalid(a.start_s, min(a.end_s, end_s), tuple(labels[i] for i in sorted(a.added)), a.reason)
        for a in heard.accidents
    ]
    return Truth(
        schema="hfs-emg/truth/1",
        scenario=name,
        seed=seed,
        sample_rate_hz=heard.rate_hz,
        duration_s=end_s,
        montage=tuple(Place(c.label, c.side.value, c.site.value) for c in heard.montage.channels),
        episodes=tuple(sorted(episodes, key=lambda e: (e.start_s, e.end_s))),
        invalid=tuple(invalid),
    )


def joined(happenings: list[Happening]) -> list[Happening]:
    """Spasms of a side that follow within 500 ms are one; a lid's discharge among them belongs to them."""
    found: list[Happening] = []
    last: dict[str | None, int] = {}
    for h in sorted(happenings, key=lambda h: h.start_s):
        before = last.get(h.side)
        if not _of_spasm(h):
            found.append(h)
        elif before is not None and h.start_s - found[before].end_s <= LONGEST_GAP_S:
            found[before] = _one(found[before], h)
        else:
            last[h.side] = len(found)
            found.append(h)
    return found


def _of_spasm(h: Happening) -> bool:
    return h.kind is Kind.SPASM or h.label == "spasm_lid"


def _one(first: Happening, second: Happening) -> Happening:
    named = first if first.kind is Kind.SPASM else second
    form = "tonic" if "tonic" in (first.form, second.form) else first.form
    end = max(first.end_s, second.end_s)
    return replace(named, start_s=first.start_s, end_s=end, sites=first.sites | second.sites, form=form)


@dataclass(frozen=True, slots=True)
class _Sight:
    montage: Montage
    peaks: Peaks
    quiet: NDArray[np.float64]
    off: list[Accident]

    def of(self, h: Happening) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Driven sites that have a pair, and those of them that show."""
        rms = self.peaks.spastic if _of_spasm(h) else self.peaks.whole
        first = int(h.start_s * self.peaks.rate_hz)
        last = int((h.end_s + 0.03) * self.peaks.rate_hz) + 1
        driven, seen = [], []
        for i, c in enumerate(self.montage.channels):
            if c.site not in h.sites or h.side not in {"both", c.side.value}:
                continue
            driven.append(c.site.value)
            if rms[i, first:last].max(initial=0.0) >= VISIBLE * self.quiet[i] and not self._off(i, h):
                seen.append(c.site.value)
        return tuple(dict.fromkeys(driven)), tuple(dict.fromkeys(seen))

    def _off(self, channel: int, h: Happening) -> bool:
        return any(channel in a.added and a.start_s < h.end_s and a.end_s > h.start_s for a in self.off)


def _episode(h: Happening, duration_s: float, sight: _Sight) -> TrueEpisode:
    sites, seen = sight.of(h)
    return TrueEpisode(
        start_s=max(0.0, h.start_s),
        end_s=min(duration_s, h.end_s),
        kind=h.kind,
        side=h.side,
        sites=sites,
        visible_sites=seen,
        form=h.form,
        label=h.label,
    )


def _artefact(a: Accident, duration_s: float) -> TrueEpisode:
    return TrueEpisode(a.start_s, min(a.end_s, duration_s), Kind.ARTEFACT, None, (), (), None, a.label)
