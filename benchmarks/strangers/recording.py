"""From a scenario and a seed to samples and truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.rendered import Rendered
from benchmarks.strangers.accidents import Accident, accidents, dryness
from benchmarks.strangers.converter import codes, decimated, inner_rate_hz
from benchmarks.strangers.days import live, stretches
from benchmarks.strangers.illness import ill_side, suffer, weaken_lid
from benchmarks.strangers.mimics import blepharospasm, lid_myokymia, miswired, tics
from benchmarks.strangers.muscles import Train
from benchmarks.strangers.person import FRO, OOC, OOR, ZYG, Person, Place
from benchmarks.strangers.scenarios import Scenario
from benchmarks.strangers.skin import Electrode, Eyes, Mains, coloured, electrodes, heartbeats
from benchmarks.strangers.stage import Stage
from benchmarks.strangers.telling import Heard, Muscles, told
from calibration.montage import Channel, Montage, Side
from hfs_emg.model import FLOAT_SOURCE_MICROVOLTS_PER_COUNT, Input, Signal

_FAMILY = 20_261_122
"""Keeps these faces apart from those of other generators with the same seed."""
_SITES = {8: (FRO, OOC, ZYG, OOR), 4: (OOC, OOR)}


def montage_of(inputs: int) -> Montage:
    """Left side first; 4 inputs: lid and mouth, 8: brow and cheek as well."""
    places = [(side, site) for side in Side for site in _SITES[inputs]]
    return Montage(tuple(Channel(i, side, site) for i, (side, site) in enumerate(places)))


def recorded(scenario: Scenario, seed: int, duration_s: float) -> Rendered:
    """The face of a scenario. Anatomy, behaviour, illness, skin and accidents are drawn from streams of their own."""
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence([_FAMILY, seed]).spawn(5)]
    anatomy, behaviour, illness, skin, mishap = streams
    rate_hz = scenario.rate_hz
    stage = acted(scenario, duration_s, anatomy, behaviour, illness)
    montage = montage_of(scenario.inputs)
    muscles = _at_electrodes(stage, montage, duration_s, rate_hz)
    happened = accidents(mishap, montage, scenario.trouble, duration_s, rate_hz)
    pairs = electrodes(skin, montage, scenario.trouble)
    scene = _Scene(scenario, montage, happened, pairs, duration_s)
    counts, quiet = _sampled(scene, stage, muscles, skin, mishap)
    heard = Heard(rate_hz, duration_s, montage, happened, muscles.at_output(rate_hz), quiet)
    truth = told(scenario.name, seed, stage, heard)
    signal = Signal(rate_hz, tuple(Input(c.label, FLOAT_SOURCE_MICROVOLTS_PER_COUNT) for c in montage.channels))
    return Rendered(signal, montage, counts, truth)


def acted(
    scenario: Scenario,
    duration_s: float,
    anatomy: np.random.Generator,
    behaviour: np.random.Generator,
    illness: np.random.Generator,
) -> Stage:
    """All discharges and happenings of the face."""
    person = Person(anatomy, inner_rate_hz(scenario.rate_hz))
    stage = Stage(person, duration_s)
    side = ill_side(illness)
    if scenario.weakened_lid:
        weaken_lid(illness, person, side)
    if scenario.mimic == "synkinesis":
        stage.miswiring = miswired(illness, person)
    _resting(stage, behaviour)
    day = stretches(behaviour, scenario.activities, duration_s)
    if scenario.mimic == "blepharospasm":
        blepharospasm(stage, illness, 0, duration_s)
    elif scenario.mimic == "tics":
        tics(stage, illness, 0, duration_s)
    elif scenario.mimic == "lid_myokymia":
        lid_myokymia(stage, illness, 0, duration_s)
    live(stage, behaviour, scenario, day)
    if scenario.spasm is not None:
        suffer(stage, illness, scenario.spasm, side, day)
    return stage


def _resting(stage: Stage, rng: np.random.Generator) -> None:
    """A few small units that hardly ever fall silent, at 6–11 discharges a second."""
    for place, pool in stage.person.pools.items():
        paretic = stage.miswiring is not None and place[0] is stage.miswiring.side
        for unit in range(int(rng.poisson(1.5 if paretic else 0.4))):
            pace = float(rng.uniform(6, 11))
            times = np.cumsum(rng.gamma(20.0, 1 / (20.0 * pace), round(pace * stage.duration_s)))
            size = float(rng.uniform(0.5, 2.0)) * (1.8 if paretic else 1.0)
            train: Train = pool.alone(times[times < stage.duration_s], unit, size)
            stage.add(place, train)


@dataclass(frozen=True, slots=True)
class _Scene:
    scenario: Scenario
    montage: Montage
    happened: list[Accident]
    pairs: list[Electrode]
    duration_s: float


def _at_electrodes(stage: Stage, montage: Montage, duration_s: float, rate_hz: float) -> Muscles:
    """What muscles alone give at each pair, at the inner rate: all of it, and spasms alone."""
    inner_hz = inner_rate_hz(rate_hz)
    n = round(duration_s * rate_hz) * round(inner_hz / rate_hz)
    whole = np.zeros((len(montage.channels), n), np.float32)
    spastic = np.zeros_like(whole)
    for place, pool in stage.person.pools.items():
        for trains, where in ((stage.ordinary, (whole,)), (stage.spastic, (whole, spastic))):
            if place not in trains:
                continue
            own = pool.render(trains[place], n)
            for i, share in _reached(stage.person, place, montage):
                for signals in where:
                    signals[i] += np.float32(share) * own
    return Muscles(inner_hz, whole, spastic)


def _reached(person: Person, place: Place, montage: Montage) -> list[tuple[int, float]]:
    """Channels that see a muscle, and which share of it."""
    found = []
    for i, c in enumerate(montage.channels):
        share = 1.0 if (c.side, c.site) == place else person.leaks.get((place, (c.side, c.site)), 0.0)
        if share > 0:
            found.append((i, share))
    return found


def _sampled(
    scene: _Scene, stage: Stage, muscles: Muscles, skin: np.random.Generator, mishap: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """(samples, inputs) counts, and each channel's quiet noise, µV RMS from 20 Hz on."""
    rate_hz, trouble = scene.scenario.rate_hz, scene.scenario.trouble
    n_inner = muscles.whole.shape[1]
    factor = round(muscles.rate_hz / rate_hz)
    n = n_inner // factor
    eyes = Eyes(skin, n, rate_hz, stage.lids)
    beats = heartbeats(skin, n, rate_hz)
    mains = Mains(skin, trouble.mains_hz, n_inner, muscles.rate_hz)
    dry = dryness(mishap, scene.montage, trouble.drying, int(scene.duration_s) + 2)
    at, seconds = np.arange(n) / rate_hz, np.arange(dry.shape[1])
    counts = np.zeros((n, len(scene.pairs)), np.int32)
    quiet = np.zeros(len(scene.pairs))
    for i, pair in enumerate(scene.pairs):
        white = skin.standard_normal(n_inner, np.float32) * np.float32(pair.density * np.sqrt(muscles.rate_hz / 2))
        fast = muscles.whole[i].copy()
        wet = np.interp(np.arange(n_inner) / muscles.rate_hz, seconds, dry[i]).astype(np.float32)
        fast += white * (1 + 3 * wet) + mains.seen_by(pair) * (1 + 5 * wet)
        noise = coloured(skin, n, rate_hz, pair)
        slow = noise * (1 + np.interp(at, seconds, dry[i])) + eyes.seen_by(pair) + pair.heart_uv * beats
        for accident in scene.happened:
            if i in accident.added:
                first = round(accident.start_s * rate_hz)
                part = slow[first : first + len(accident.added[i])]
                part += accident.added[i][: len(part)]
        counts[:, i] = codes(decimated(fast, factor) + slow)
        quiet[i] = _above_20_hz(decimated(np.asarray(white), factor) + noise - noise.mean(), rate_hz)
    return counts, quiet


def _above_20_hz(noise: NDArray[np.float64], rate_hz: float) -> float:
    power = np.abs(np.fft.rfft(noise)) ** 2
    power[np.fft.rfftfreq(len(noise), 1 / rate_hz) < 20] = 0
    return float(np.sqrt(2 * power.sum()) / len(noise))
