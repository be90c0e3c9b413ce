"""Hum is taken off without ringing, sides are compared by habit, and atoms are seen in what they stand in."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.montage import Site
from hfs_emg.analysis.balance import PairBalance
from hfs_emg.analysis.context import CONTEXT_NAMES, Context, Looked
from hfs_emg.analysis.hum import trusted, without_hum
from hfs_emg.analysis.kinds import CLASSES, ORAL, SPASM, VOLUNTARY

RATE = 250.0
COLUMN = {name: i for i, name in enumerate(CONTEXT_NAMES)}


def burst_in_hum(hum_hz: float = 50.03, bend: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(wave, power around each sample, hum): 2 s of 1 µV noise, 60 µV from 1.0 to 1.1 s, 25 µV of hum."""
    rng = np.random.default_rng(4)
    n = int(2 * RATE)
    t = np.arange(n) / RATE
    noise = rng.standard_normal(n)
    noise[250:275] *= 60.0
    hum = 25.0 * np.sqrt(2) * np.cos(2 * np.pi * (hum_hz * t + bend * (t - 1) ** 2))
    power = np.where((np.arange(n) >= 250) & (np.arange(n) < 275), 3600.0, 1.0)
    return (noise + hum)[None], power[None], hum


def test_nothing_rings_after_a_burst_and_nothing_is_left_of_the_hum() -> None:
    wave, power, hum = burst_in_hum()
    cleaned = without_hum(wave, power, (50.0,), RATE)[0]
    expected = wave[0] - hum
    quiet = np.r_[0:245, 280:500]
    assert np.abs(cleaned - expected)[quiet].max() < 1.5  # from 35 µV
    assert (cleaned[280:330] ** 2).mean() < 2.0
    assert (cleaned[250:275] ** 2).mean() == pytest.approx((expected[250:275] ** 2).mean(), rel=0.05)


def test_a_burst_weighs_as_little_as_its_power_says() -> None:
    """Without the weights the burst would be taken for hum."""
    wave, power, hum = burst_in_hum()
    expected = wave[0] - hum
    by_weight = without_hum(wave, power, (50.0,), RATE)[0]
    alike = without_hum(wave, np.ones_like(power), (50.0,), RATE)[0]
    quiet = np.r_[0:245, 280:500]
    assert ((by_weight - expected)[quiet] ** 2).mean() < 0.3 * ((alike - expected)[quiet] ** 2).mean()


def test_hum_that_bends_is_not_trusted() -> None:
    floor = np.ones(1)
    for bend, fits in ((0.0, True), (0.5, False)):
        wave, power, _ = burst_in_hum(bend=bend)
        cleaned = without_hum(wave, power, (50.0,), RATE)
        frames = (cleaned**2).reshape(1, -1, 2).mean(axis=2)
        assert bool(trusted(frames, floor)[0]) is fits


def test_a_face_that_is_twice_as_strong_on_the_left_is_balanced() -> None:
    balance = PairBalance(2, [(0, 1)])
    moving = np.array([[401.0] * 20, [101.0] * 20])
    balance.push_seconds(np.stack([moving] * 30), np.zeros((30, 2, 20), dtype=np.bool_), np.ones((30, 2)))
    left, right = balance.gain * np.array([400.0, 100.0])
    assert left == pytest.approx(right, rel=0.3)
    assert balance.gain[0] < 0.6


def test_what_one_side_does_alone_is_no_habit() -> None:
    balance = PairBalance(2, [(0, 1)])
    spasm = np.array([[10001.0] * 20, [101.0] * 20])
    balance.push_seconds(np.stack([spasm] * 30), np.zeros((30, 2, 20), dtype=np.bool_), np.ones((30, 2)))
    assert balance.gain.tolist() == [1.0, 1.0]


def atoms(at_s: float, side: int, kind: int, probability: float = 0.95, pattern: int = 1) -> Looked:
    looks = np.full((1, len(CLASSES)), (1 - probability) / (len(CLASSES) - 1))
    looks[0, kind] = probability
    patterns = np.zeros((1, len(Site)))
    patterns[0, pattern] = 40.0
    return Looked(np.array([[at_s, at_s + 0.2]]), np.array([side]), looks, patterns)


def test_a_face_with_spasms_so_far_is_likely_to_have_another_on_that_side() -> None:
    context = Context()
    first = context.measure(atoms(5.0, 0, SPASM))[0, COLUMN["rate_spasm"]]
    for k in range(1, 10):
        last = context.measure(atoms(5.0 + 10 * k, 0, SPASM))[0]
    other = context.measure(atoms(120.0, 1, SPASM))[0]
    assert last[COLUMN["rate_spasm"]] > first + 2
    assert other[COLUMN["rate_spasm"]] < last[COLUMN["rate_spasm"]] - 2
    assert other[COLUMN["rate_spasm_other"]] > first + 2


def test_what_has_been_seen_fades() -> None:
    context = Context()
    for k in range(10):
        context.measure(atoms(5.0 + 10 * k, 0, SPASM))
    soon = context.measure(atoms(110.0, 0, ORAL))[0, COLUMN["rate_spasm"]]
    late = context.measure(atoms(2000.0, 0, ORAL))[0, COLUMN["rate_spasm"]]
    assert late < soon - 2


def test_a_movement_is_compared_with_earlier_spasms_of_its_side() -> None:
    context = Context()
    assert np.isnan(context.measure(atoms(5.0, 0, SPASM, pattern=1))[0, COLUMN["like_spasms"]])
    context.measure(atoms(15.0, 0, VOLUNTARY, pattern=3))
    alike = context.measure(atoms(25.0, 0, SPASM, pattern=1))[0]
    unlike = context.measure(atoms(35.0, 0, SPASM, pattern=3))[0]
    assert alike[COLUMN["like_spasms"]] == pytest.approx(1.0)
    assert alike[COLUMN["size_of_spasms"]] == pytest.approx(0.0, abs=1e-9)
    assert alike[COLUMN["like_others"]] == pytest.approx(0.0, abs=1e-9)
    assert unlike[COLUMN["like_spasms"]] < 0.1
    assert unlike[COLUMN["like_others"]] == pytest.approx(1.0)


def test_neighbours_in_time_are_seen_and_far_ones_are_not() -> None:
    together = atoms(5.0, 0, SPASM).then(atoms(5.5, 0, VOLUNTARY)).then(atoms(5.1, 2, ORAL))
    near = Context().measure(together)
    assert near[1, COLUMN["near_spasm"]] == pytest.approx(0.95)
    assert near[0, COLUMN["over_oral"]] == pytest.approx(0.95)
    assert near[1, COLUMN["over_oral"]] < 0.1
    assert near[2, COLUMN["over_spasm"]] == pytest.approx(0.95)
    assert near[0, COLUMN["cluster_atoms"]] == 2
