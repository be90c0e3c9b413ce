"""Eye potentials: the lid sliding over the cornea in a blink, and the eye turning. Slow and DC-coupled, 20–300 µV at the lids."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from benchmarks.tripoles.scenarios import Scenario
from benchmarks.tripoles.stage import Happening
from benchmarks.tripoles.units import Floats
from calibration.montage import Montage, Side, Site
from hfs_emg.events import Kind

_SHUT = {"closure", "wink", "grimace", "yawn", "flurry"}


def eye_potentials(
    rng: Generator, scenario: Scenario, montage: Montage, samples: int, happenings: list[Happening]
) -> Floats:
    """(samples, channels) µV."""
    rate = scenario.rate_hz
    up, across = np.zeros(samples), np.zeros(samples)
    for what in happenings:
        if what.kind is Kind.BLINK:
            shut, opened = rng.uniform(0.05, 0.09), rng.uniform(0.12, 0.25)
            _move(up, rate, what.start_s + 0.012, shut, 1.0)
            _move(up, rate, what.start_s + 0.012 + shut, opened, -1.0)
        elif what.label in _SHUT:
            size = rng.uniform(0.3, 0.9)
            _move(up, rate, what.start_s + 0.03, rng.uniform(0.1, 0.25), size)
            _move(up, rate, what.end_s, rng.uniform(0.15, 0.3), -size)
    gaze = np.zeros(2)
    at = rng.exponential(60 / scenario.glances)
    while at < samples / rate - 0.2:
        aim = rng.normal(0, (0.45, 0.25))
        length = float(np.clip(0.022 + 0.05 * np.hypot(*(aim - gaze)), 0.025, 0.1))
        _move(across, rate, at, length, aim[0] - gaze[0])
        _move(up, rate, at, length, aim[1] - gaze[1])
        gaze = aim
        at += rng.exponential(60 / scenario.glances)
    size = scenario.eye_uv * rng.lognormal(0, 0.2)
    potentials = np.zeros((samples, len(montage.channels)))
    for i, channel in enumerate(montage.channels):
        share = {Site.ORBICULARIS_OCULI: 1.0, Site.FRONTALIS: 0.35, Site.ZYGOMATICUS: 0.08}.get(channel.site, 0.02)
        turn = 1.0 if channel.side is Side.LEFT else -1.0
        potentials[:, i] = size * share * (rng.normal(1, 0.2) * up + turn * rng.normal(1, 0.2) * across)
    return potentials


def _move(trace: Floats, rate_hz: float, start_s: float, length_s: float, by: float) -> None:
    """Add a smooth step that stays."""
    first, last = round(start_s * rate_hz), round((start_s + length_s) * rate_hz)
    if first >= len(trace):
        return
    t = np.clip((np.arange(first, min(len(trace), last)) / rate_hz - start_s) / length_s, 0, 1)
    trace[first : first + len(t)] += by * (0.5 - 0.5 * np.cos(np.pi * t))
    trace[first + len(t) :] += by
