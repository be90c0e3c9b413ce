"""From a scenario and a seed to a recording with its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.plain_detector import running_rms
from benchmarks.rendered import Rendered
from benchmarks.volleys.front_end import (
    Room,
    Surroundings,
    contact_noise,
    counts,
    electrode_noise,
    fine_rate,
    sinc3,
)
from benchmarks.volleys.leads import Leads
from benchmarks.volleys.person import MUSCLES, Muscle, Person, person
from benchmarks.volleys.scenarios import SCENARIOS
from benchmarks.volleys.sheet import LAYERS, Happening, Layer, Sheet, joined
from benchmarks.volleys.units import train_spikes, volley_spikes
from calibration.montage import Channel, Site
from hfs_emg.events import Kind
from hfs_emg.model import FLOAT_SOURCE_MICROVOLTS_PER_COUNT, Input, Signal
from hfs_emg.simulation.truth import Place, TrueEpisode, Truth

Floats = NDArray[np.float32]
VISIBLE = 2.5
TONIC_S = 1.0
_SPREAD_S = 0.0015  # fat and skin between a muscle and a distant electrode blur its potentials


@dataclass(frozen=True, slots=True)
class VolleyFace:
    """A face that is not yet rendered."""

    seed: int
    name: str
    has_spasm: bool
    rate_hz: float
    inputs: int
    duration_s: float

    def record(self) -> Rendered:
        """Render it. The same numbers for the same seed and duration."""
        scenario = SCENARIOS[self.seed % len(SCENARIOS)]
        streams = [np.random.default_rng(s) for s in np.random.SeedSequence([self.seed, 7_001]).spawn(6)]
        face = person(streams[0], self.inputs, fine_rate(self.rate_hz))
        sheet = Sheet(face, self.duration_s, streams[1])
        leads = Leads(streams[2], face.montage, self.rate_hz, self.duration_s)
        scenario.play(sheet, leads)
        room = Room(streams[4], sheet, leads, scenario.around)
        rendering = _Rendering(face, leads, room, scenario.around, _muscles(streams[3], sheet, self.rate_hz))
        electrodes = [rendering.electrode(streams[5], i) for i in range(len(face.montage.channels))]
        happened = joined(sheet.happenings + leads.happenings)
        truth = Truth(
            schema="hfs-emg/truth/1",
            scenario=self.name,
            seed=self.seed,
            sample_rate_hz=self.rate_hz,
            duration_s=self.duration_s,
            montage=tuple(Place(c.label, c.side.value, c.site.value) for c in face.montage.channels),
            episodes=tuple(_judged(h, electrodes, self.rate_hz) for h in happened),
            invalid=tuple(sorted(leads.invalid, key=lambda i: i.start_s)),
        )
        labels = face.montage.input_labels(self.inputs)
        signal = Signal(self.rate_hz, tuple(Input(label, FLOAT_SOURCE_MICROVOLTS_PER_COUNT) for label in labels))
        codes = np.ascontiguousarray(np.column_stack([e.codes for e in electrodes]))
        return Rendered(signal, face.montage, codes, truth)


@dataclass(frozen=True, slots=True)
class _Electrode:
    """What one lead gave: codes; per layer the running 50 ms RMS of muscle alone, 20 Hz to Nyquist; its noise when quiet."""

    place: Channel
    codes: NDArray[np.int32]
    envelopes: dict[Layer, Floats]
    quiet_uv: float


def faces(first_seed: int = 0, count: int = 26, duration_s: float = 960.0) -> list[VolleyFace]:
    """`count` faces from first_seed on. The scenario follows from the seed, so that 26 in a row are all of them once."""
    return [
        VolleyFace(seed, s.name, s.has_spasm, s.rate_hz, s.inputs, duration_s)
        for seed in range(first_seed, first_seed + count)
        for s in (SCENARIOS[seed % len(SCENARIOS)],)
    ]


def _muscles(rng: Generator, sheet: Sheet, rate_hz: float) -> dict[Layer, dict[Muscle, Floats]]:
    """Every muscle's potentials on the fine grid, per layer."""
    samples = int(sheet.duration_s * fine_rate(rate_hz))
    found: dict[Layer, dict[Muscle, Floats]] = {layer: {} for layer in LAYERS}
    for muscle in MUSCLES:
        pool = sheet.face.pools[muscle]
        trains = pool.render(samples, train_spikes(rng, pool, pool.efforts(sheet.demand(muscle))))
        found["own"][muscle] = trains
        for layer in LAYERS:
            volleys = sheet.volleys(layer, muscle)
            if volleys is not None:
                drawn = pool.render(samples, volley_spikes(rng, pool, volleys))
                found[layer][muscle] = found[layer][muscle] + drawn if muscle in found[layer] else drawn
    return found


@dataclass(frozen=True, slots=True)
class _Rendering:
    """All that reaches the electrodes."""

    face: Person
    leads: Leads
    room: Room
    around: Surroundings
    muscles: dict[Layer, dict[Muscle, Floats]]

    def electrode(self, rng: Generator, index: int) -> _Electrode:
        """What one lead gives."""
        place, leads = self.face.montage.channels[index], self.leads
        rate_hz, samples = leads.rate_hz, len(leads.extra_uv)
        layers = {layer: self._picked_up(layer, place) for layer in LAYERS}
        muscle = layers["own"] + layers["ectopic"]
        noise = electrode_noise(rng, samples, rate_hz, contact_noise(rng, place, self.around))
        quiet = noise * leads.noise_gain[:, index] + muscle
        whole = quiet + self.room.microvolts(index) + leads.extra_uv[:, index]
        return _Electrode(
            place,
            counts(np.asarray(whole, np.float64)),
            {a: running_rms(high_passed(x, rate_hz), round(0.05 * rate_hz)) for a, x in layers.items()},
            _quiet_level(high_passed(quiet, rate_hz), rate_hz),
        )

    def _picked_up(self, layer: Layer, place: Channel) -> Floats:
        """(samples,) µV of muscle at one electrode: its own as it is, the others' blurred."""
        rate_hz = self.leads.rate_hz
        fine_hz = fine_rate(rate_hz)
        ratio = fine_hz // int(rate_hz)
        samples = len(self.leads.extra_uv) * ratio
        own, far = np.zeros(samples, np.float32), np.zeros(samples, np.float32)
        for muscle, signal in self.muscles[layer].items():
            if muscle == (place.side, place.site):
                own += signal[:samples]
            else:
                far += np.float32(self.face.reach[place][muscle]) * signal[:samples]
        width = int(_SPREAD_S * fine_hz)
        blurred = np.convolve(far, np.ones(width, np.float32) / width, mode="same")
        return sinc3(own + blurred.astype(np.float32), ratio)


def high_passed(signal: Floats, rate_hz: float) -> Floats:
    """Without what lies below 20 Hz: a smooth cut in the spectrum, 2 Hz wide."""
    spectrum = np.fft.rfft(signal)
    f = np.fft.rfftfreq(len(signal), 1 / rate_hz)
    return np.asarray(np.fft.irfft(spectrum * np.clip((f - 19) / 2, 0, 1), len(signal)), np.float32)


def _quiet_level(signal: Floats, rate_hz: float) -> float:
    """RMS of a quiet second: one in ten is quieter."""
    size = int(rate_hz)
    seconds = signal[: len(signal) // size * size].reshape(-1, size)
    return float(np.percentile(np.sqrt((seconds**2).mean(axis=1)), 10)) if len(seconds) else float(signal.std())


def _judged(happening: Happening, electrodes: Sequence[_Electrode], rate_hz: float) -> TrueEpisode:
    layer: Layer = "ectopic" if happening.kind in (Kind.SPASM, Kind.TWITCH) else "own"
    first, last = int(happening.start_s * rate_hz), int(happening.end_s * rate_hz) + round(0.03 * rate_hz)
    sides = ("left", "right") if happening.side == "both" else (happening.side,)

    def visible(site: Site) -> bool:
        return any(
            e.envelopes[layer][first:last].max(initial=0) >= VISIBLE * e.quiet_uv
            for e in electrodes
            if e.place.site is site and e.place.side.value in sides
        )

    form: Literal["clonic", "tonic"] = "tonic" if happening.longest_s >= TONIC_S else "clonic"
    return TrueEpisode(
        start_s=happening.start_s,
        end_s=happening.end_s,
        kind=happening.kind,
        side=happening.side,
        sites=tuple(s.value for s in happening.sites),
        visible_sites=tuple(s.value for s in happening.sites if visible(s)),
        form=form if happening.kind is Kind.SPASM else None,
        label=happening.label,
    )
