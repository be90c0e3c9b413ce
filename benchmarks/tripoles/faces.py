"""Each scenario's person, rendered with what is true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.rendered import Rendered
from benchmarks.tripoles.anatomy import Anatomy, drawn_anatomy
from benchmarks.tripoles.converter import MICROVOLTS_PER_COUNT, OVERSAMPLED, codes
from benchmarks.tripoles.disturbances import Disturber, Trouble
from benchmarks.tripoles.electrodes import drawn_skin
from benchmarks.tripoles.eyes import eye_potentials
from benchmarks.tripoles.life import live
from benchmarks.tripoles.scenarios import scenario_of
from benchmarks.tripoles.stage import Happening, Stage
from benchmarks.tripoles.units import Floats
from calibration.montage import Montage
from hfs_emg.events import Kind
from hfs_emg.model import Input, Signal
from hfs_emg.simulation.truth import Place as MontagePlace
from hfs_emg.simulation.truth import TrueEpisode, Truth

VISIBLE, WINDOW_S = 2.5, 0.050
_FOURTH_HAND = 4_2026


@dataclass(frozen=True, slots=True)
class TripoleFace:
    """A face that is not yet rendered; the same numbers for the same seed and duration."""

    seed: int
    name: str
    has_spasm: bool
    rate_hz: float
    inputs: int
    duration_s: float

    def record(self) -> Rendered:
        """Samples and truth."""
        scenario = scenario_of(self.seed)
        body, life, skin_rng, trouble_rng, eye_rng = np.random.default_rng([_FOURTH_HAND, self.seed]).spawn(5)
        anatomy = drawn_anatomy(body, scenario, self.rate_hz * OVERSAMPLED)
        stage = Stage(anatomy, self.duration_s)
        live(life, stage, scenario)
        samples = round(self.duration_s * self.rate_hz)
        montage = anatomy.montage
        skin = drawn_skin(skin_rng, scenario, self.inputs, samples)
        trouble = Disturber(trouble_rng, scenario, montage, samples).all()
        spasm = stage.at_electrodes(self.rate_hz, "spasm") * trouble.contact.astype(np.float32)
        other = stage.at_electrodes(self.rate_hz, "other") * trouble.contact.astype(np.float32)
        microvolts = spasm + other + skin.slow + trouble.added
        microvolts += skin.noise * trouble.noisier + skin.mains * trouble.hum
        microvolts += eye_potentials(eye_rng, scenario, montage, samples, stage.happenings) * trouble.contact
        labels = montage.input_labels(self.inputs)
        signal = Signal(self.rate_hz, tuple(Input(label, MICROVOLTS_PER_COUNT) for label in labels))
        seen = _Seen(anatomy, _moving_rms(spasm, self.rate_hz), _moving_rms(other, self.rate_hz), skin.quiet_uv, self)
        return Rendered(signal, montage, codes(microvolts), _truth(self, montage, stage, trouble, seen))


def faces(first_seed: int = 0, count: int = 26, duration_s: float = 960.0) -> list[TripoleFace]:
    """26 in a row are each scenario once; a seed 26 further is the same scenario in another person."""
    chosen = []
    for seed in range(first_seed, first_seed + count):
        s = scenario_of(seed)
        name = s.name.replace(" ", "_")
        chosen.append(TripoleFace(seed, name, s.has_spasm, s.rate_hz, 2 * len(s.sites), duration_s))
    return chosen


@dataclass(frozen=True, slots=True)
class _Seen:
    """50 ms RMS without noise, (samples, channels), of spasms alone and of all else; quiet_uv (channels,)."""

    anatomy: Anatomy
    spasm: NDArray[np.float32]
    other: NDArray[np.float32]
    quiet_uv: Floats
    face: TripoleFace

    def sites(self, what: Happening) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The driven sites that have an electrode, and those of them that show."""
        levels = self.spasm if what.label.startswith("spasm") else self.other
        first = max(0, int((what.start_s - 0.01) * self.face.rate_hz))
        last = int((what.end_s + 0.04) * self.face.rate_hz) + 1
        peaks = levels[first:last].max(axis=0, initial=0.0)
        driven, visible = [], []
        for i, channel in enumerate(self.anatomy.montage.channels):
            if (channel.side, channel.site) in what.places:
                driven.append(channel.site.value)
                if peaks[i] >= VISIBLE * self.quiet_uv[i]:
                    visible.append(channel.site.value)
        return tuple(dict.fromkeys(driven)), tuple(dict.fromkeys(visible))


def _truth(face: TripoleFace, montage: Montage, stage: Stage, trouble: Trouble, seen: _Seen) -> Truth:
    episodes = []
    for what in stage.happenings:
        if what.start_s >= face.duration_s:
            continue
        sites, visible = seen.sites(what)
        end = min(face.duration_s, what.end_s)
        episodes.append(TrueEpisode(what.start_s, end, what.kind, what.side, sites, visible, what.form, what.label))
    for start, end, label in trouble.episodes:
        episodes.append(TrueEpisode(start, end, Kind.ARTEFACT, None, (), (), None, label))
    return Truth(
        schema="hfs-emg/truth/1",
        scenario=face.name,
        seed=face.seed,
        sample_rate_hz=face.rate_hz,
        duration_s=face.duration_s,
        montage=tuple(MontagePlace(c.label, c.side.value, c.site.value) for c in montage.channels),
        episodes=tuple(sorted(episodes, key=lambda e: (e.start_s, e.end_s))),
        invalid=tuple(sorted(trouble.invalid, key=lambda i: i.start_s)),
    )


def _moving_rms(signal: NDArray[np.float32], rate_hz: float) -> NDArray[np.float32]:
    """(samples, channels) RMS over 50 ms around each sample."""
    width = round(WINDOW_S * rate_hz)
    total = np.zeros((len(signal) + 1, signal.shape[1]))
    np.cumsum(signal.astype(np.float64) ** 2, axis=0, out=total[1:])
    i = np.arange(len(signal))
    first, last = np.maximum(i - width // 2, 0), np.minimum(i - width // 2 + width, len(signal))
    return np.sqrt(np.maximum(total[last] - total[first], 0.0) / width).astype(np.float32)
