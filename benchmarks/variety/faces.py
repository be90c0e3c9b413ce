"""From a seed to a face, and from a face to its recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from benchmarks.rendered import Rendered
from benchmarks.variety import lids, mouth, movements
from benchmarks.variety.day import Day
from benchmarks.variety.draws import Floats
from benchmarks.variety.front_end import INNER, muscle_band, running_rms, sinc3
from benchmarks.variety.leads import Leads
from benchmarks.variety.life import Life
from benchmarks.variety.palsy import Palsy
from benchmarks.variety.person import FRO, MAS, MEN, OOC, OOR, SIDES, ZYG, Own, Person, Place
from benchmarks.variety.scenarios import NAMES, WITH_SPASMS, life_of
from benchmarks.variety.spasms import Nerve
from benchmarks.variety.truth import Heard, Witness, truth_of
from benchmarks.variety.units import LAYERS
from calibration.montage import Channel, Montage, Site
from hfs_emg.model import FLOAT_SOURCE_MICROVOLTS_PER_COUNT, Input, Signal

SHORTEST_S = 10.0
_ANATOMY, _RECORDING = 7001, 7002  # a seed's two streams: which electrodes and rate; everything else
_SCENARIO = "varied: "
"""Before a scenario's name in the truth."""
_LOUD_S, _QUIET_S = 0.05, 1.0


@dataclass(frozen=True, slots=True)
class VariedFace:
    """A face that is not yet rendered; its montage covers all inputs."""

    seed: int
    name: str
    has_spasm: bool
    rate_hz: float
    duration_s: float
    montage: Montage

    @property
    def inputs(self) -> int:
        """How many inputs it has, 4 or 8."""
        return len(self.montage.channels)

    def record(self) -> Rendered:
        """Render it. The same numbers for the same seed and duration; another duration is another recording."""
        rng = np.random.default_rng([self.seed, _RECORDING])
        ratio = INNER[int(self.rate_hz)]
        fs = self.rate_hz * ratio
        samples = round(self.duration_s * self.rate_hz) * ratio
        places = [(c.side, c.site) for c in self.montage.channels]
        life = _with_electrodes(life_of(self.name, rng), places)
        person = Person(rng, fs, self.duration_s)
        day = _lived(rng, person, life)
        own = person.signals()
        heard_uv = person.at_electrodes(own, places, samples)
        leads = Leads(rng, places, samples, fs, life)
        for start_s, uv in day.eyes:
            if start_s < self.duration_s - 1:
                leads.eye(start_s, uv)
        for start_s, uv in day.saccades:
            leads.saccade(start_s, uv)
        leads.befall(life, self.duration_s)
        quiet_uv = np.array([person.tone(place, samples) for place in places]) + leads.noise_uv
        counts = leads.codes(heard_uv, ratio)
        heard = _heard(own, places, quiet_uv, self.rate_hz, ratio)
        truth = truth_of(
            _SCENARIO + self.name,
            self.seed,
            self.duration_s,
            Witness(self.montage, heard, leads.spoilt),
            happenings=person.happenings,
            artefacts=leads.happenings,
        )
        inputs = tuple(
            Input(label, FLOAT_SOURCE_MICROVOLTS_PER_COUNT) for label in self.montage.input_labels(self.inputs)
        )
        return Rendered(Signal(self.rate_hz, inputs), self.montage, counts, truth)


def faces(first_seed: int = 0, count: int = 26, duration_s: float = 480.0) -> list[VariedFace]:
    """Faces of so many seeds in order: 26 of them are every scenario once, the next 26 the same in other people.

    Raises ValueError for a negative seed, for no faces, and for less than 10 s, in which a face has no time to do anything.
    """
    if first_seed < 0 or count < 1:
        raise ValueError(f"{count} faces from seed {first_seed} on: give a seed of 0 or more and one face at least")
    if not SHORTEST_S <= duration_s < np.inf:
        raise ValueError(f"a face of {duration_s} s cannot be drawn: give {SHORTEST_S:.0f} s or more")
    return [_face(seed, float(duration_s)) for seed in range(first_seed, first_seed + count)]


def _face(seed: int, duration_s: float) -> VariedFace:
    """Four electrodes on the lids and one more pair, or eight; mostly 250 Hz; side by side or in pairs."""
    name = NAMES[seed % len(NAMES)]
    rng = np.random.default_rng([seed, _ANATOMY])
    rate_hz = int(rng.choice([250, 200, 500, 1000], p=[0.74, 0.06, 0.1, 0.1]))
    sites: tuple[Site, ...]
    if rng.random() < 0.16 and name != "one-sided chewing":
        sites = (OOC, (OOR, ZYG, MEN)[int(rng.choice(3, p=[0.5, 0.4, 0.1]))])
    else:
        chewing_seen = rng.random() < 0.08
        low = MEN if rng.random() < 0.15 else OOR
        sites = (OOC, ZYG, low, MAS) if chewing_seen else (FRO, OOC, ZYG, low)
    places = [(side, site) for side in SIDES for site in sites]
    if rng.random() < 0.2:
        places = [(side, site) for site in sites for side in SIDES]
    montage = Montage(tuple(Channel(i, side, site) for i, (side, site) in enumerate(places)))
    return VariedFace(seed, name, name in WITH_SPASMS, float(rate_hz), duration_s, montage)


def _with_electrodes(life: Life, places: list[Place]) -> Life:
    """In early disease the second site is one that has an electrode; otherwise nobody could tell it from a twitch."""
    if life.early:
        seen = [site for site in (ZYG, OOR, MEN) if any(site is other for _, other in places)]
        second, gain = next((site, gain) for site, gain in life.gains.items() if site is not OOC)
        life.gains = {OOC: 1.0, (second if second in seen else seen[0]): gain}
    return life


def _lived(rng: Generator, person: Person, life: Life) -> Day:
    """Everything is done, in an order in which the later looks at the earlier."""
    day = Day(rng, person, life)
    eyelids = lids.Lids(day)
    nerve = Nerve(day)
    palsy = Palsy(day)
    for place in person.tone_uv:
        person.tone_uv[place] *= life.tone
    mouth.eat(day, nerve)
    mouth.talk(day, nerve)
    eyelids.blepharospasm()
    movements.everyday(day, nerve, palsy)
    eyelids.blinks(nerve, palsy)
    eyelids.myokymia()
    nerve.by_itself()
    day.look_around()
    return day


def _heard(own: Own, places: list[Place], quiet_uv: Floats, rate_hz: float, ratio: int) -> Heard:
    """What of each channel's own muscle can be seen, and against what."""
    still = np.zeros(quiet_uv.shape[1])
    loud_uv = {}
    for layer in LAYERS:
        muscle_uv = sinc3(np.array([own[layer].get(place, still) for place in places]), ratio)
        loud_uv[layer] = running_rms(muscle_band(muscle_uv, rate_hz), rate_hz, _LOUD_S)
    noise = running_rms(muscle_band(sinc3(quiet_uv, ratio), rate_hz), rate_hz, _QUIET_S)
    return Heard(rate_hz, loud_uv, np.sqrt(np.median(noise**2, axis=1)))
