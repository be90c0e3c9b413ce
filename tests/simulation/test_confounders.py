"""Disturbances and faults: where they are said to be, and of the size they are said to have."""

from __future__ import annotations

import numpy as np
import pytest

from hfs_emg.simulation.confounders import WAVES
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.scenarios import load_scenario
from hfs_emg.simulation.settings import Blinks, Electrodes, Mains, Noise

STILL = Blinks(rate_per_min=0.0, voluntary_per_min=0.0, saccades_per_min=0.0)


def scenario(mains: Mains | None = None, blinks: Blinks = STILL, **electrodes: float) -> Scenario:
    return Scenario(
        name="still",
        title="",
        description="",
        blinks=blinks,
        noise=Noise(drift_mv=0.0),
        mains=mains if mains is not None else Mains(level_uv=0.1),
        electrodes=Electrodes(**electrodes),  # type: ignore[arg-type]
    )


def microvolts(face: SimulatedFace, duration_s: float) -> np.ndarray:
    counts = face.read(0, int(duration_s * 250)) * face.signal.inputs[0].microvolts_per_count
    return np.asarray(counts - np.median(counts, axis=0))


@pytest.mark.parametrize(
    ("setting", "label", "reason"),
    [("motion_per_min", "motion", "motion"), ("pops_per_min", "pop", "pop"), ("tugs_per_min", "cable_tug", "motion")],
)
def test_a_disturbance_is_labelled_on_the_channels_that_it_moves(setting: str, label: str, reason: str) -> None:
    face = SimulatedFace(scenario(**{setting: 1.0}), seed=2)
    truth = face.truth(120.0)
    wave = microvolts(face, 120.0)
    names = [i.label for i in face.signal.inputs]
    told = [e for e in truth.episodes if e.label == label]
    assert told
    assert len(truth.invalid) == len(told)
    for invalid in truth.invalid:
        assert invalid.reason == reason
        columns = range(8) if invalid.channels is None else [names.index(c) for c in invalid.channels]
        inside = np.abs(wave[int(invalid.start_s * 250) : int(invalid.end_s * 250) + 1]).max(axis=0)
        assert all(inside[c] > 15.0 for c in columns)
    outside = np.ones(len(wave), bool)
    for invalid in truth.invalid:
        outside[int(invalid.start_s * 250) - 3 : int(invalid.end_s * 250) + 3] = False
    assert np.abs(wave[outside]).max() < 15.0


def test_a_pulled_cable_moves_all_leads_of_one_side() -> None:
    face = SimulatedFace(scenario(tugs_per_min=2.0), seed=4)
    for invalid in face.truth(120.0).invalid:
        assert invalid.channels is not None
        assert len(invalid.channels) == 4
        assert len({c.split()[1] for c in invalid.channels}) == 1


def test_a_drying_electrode_grows_noisy_rails_comes_off_and_is_replaced() -> None:
    face = SimulatedFace(scenario(drying=1, drying_min=2.0), seed=3)
    truth = face.truth(600.0)
    assert [e.label for e in truth.episodes] == ["dry_electrode_rails", "electrode_comes_off"]
    dead = truth.invalid[0]
    assert dead.channels is not None
    column = [i.label for i in face.signal.inputs].index(dead.channels[0])
    steps = np.diff(microvolts(face, 600.0)[:, column], n=2)
    fresh, dry = steps[: 10 * 250].std(), steps[int((dead.start_s - 10) * 250) : int((dead.start_s - 1) * 250)].std()
    again = steps[int((truth.invalid[-1].end_s + 5) * 250) :].std()
    assert dry > 2.0 * fresh
    assert again < 1.5 * fresh


def test_a_flat_line_is_flat_and_a_lead_in_the_air_hums() -> None:
    face = SimulatedFace(scenario(Mains(level_uv=10.0), lead_offs_per_hour=240.0), seed=5)
    truth = face.truth(300.0)
    counts = face.read(0, 300 * 250)
    names = [i.label for i in face.signal.inputs]
    seen = set()
    for invalid in truth.invalid:
        assert invalid.channels is not None
        own = [i for i in truth.invalid if i is not invalid and i.channels == invalid.channels]
        if any(o.start_s < invalid.end_s + 3 and invalid.start_s < o.end_s + 3 for o in own):
            continue
        part = counts[
            int(invalid.start_s * 250) + 300 : int((invalid.end_s - 2) * 250), names.index(invalid.channels[0])
        ]
        if len(part) < 50:
            continue
        seen.add(invalid.reason)
        if invalid.reason == "flat":
            assert np.ptp(part) == 0
        else:
            assert part.std() > 3 * counts[:250, names.index(invalid.channels[0])].std()
    assert seen == {"flat", "lead_off"}


def test_a_lead_in_the_air_sees_no_muscle() -> None:
    """A blink beside it, none under it: only the faults differ between the two faces."""
    blinking = Blinks(rate_per_min=60.0, voluntary_per_min=0.0, saccades_per_min=0.0, amplitude_uv=90.0, eog_uv=0.0)
    still, moving = (SimulatedFace(scenario(blinks=b, lead_offs_per_hour=900.0), seed=5) for b in (STILL, blinking))
    off = [
        i
        for i in moving.truth(200.0).invalid
        if i.reason == "lead_off" and i.channels in (("EMG L OOC",), ("EMG R OOC",))
    ]
    assert off
    difference = np.abs(moving.read(0, 50_000).astype(float) - still.read(0, 50_000))
    names = [i.label for i in moving.signal.inputs]
    for invalid in off:
        assert invalid.channels is not None
        part = difference[
            int(invalid.start_s * 250) + 20 : int((invalid.end_s - 1.6) * 250), names.index(invalid.channels[0])
        ]
        assert part.max(initial=0.0) <= 1.0
    assert difference[:, 1].max() > 1_000


def test_hum_rises_when_the_person_is_touched() -> None:
    face = SimulatedFace(scenario(Mains(level_uv=20.0, spread=0.0, touches_per_min=1.0)), seed=5)
    told = next(e for e in face.truth(300.0).episodes if e.label == "mains_step" and e.end_s - e.start_s > 2)
    wave = microvolts(face, 300.0)
    inside = wave[int(told.start_s * 250) + 50 : int(told.end_s * 250) - 50].std(axis=0)
    assert inside.max() > 1.4 * np.median([wave[a : a + 250].std(axis=0).max() for a in range(0, 70_000, 2_000)])


def test_the_heart_beats_on_all_leads_and_is_no_finding() -> None:
    face = SimulatedFace(scenario(ecg_uv=40.0), seed=7)
    assert face.truth(60.0).episodes == ()
    wave = microvolts(face, 60.0)
    common = np.convolve(wave.mean(axis=1), np.ones(3) / 3, "same")
    above = common > 0.5 * np.percentile(common, 99.5)
    beats = np.sum(np.diff(np.flatnonzero(above)) > 60) + 1
    assert 45 <= beats <= 105
    loud = np.flatnonzero(above)
    assert all(wave[loud, c].mean() > 3.0 for c in range(8))


def test_a_blink_moves_the_eye_with_a_slow_potential_under_the_muscle() -> None:
    blinking = Blinks(rate_per_min=15.0, voluntary_per_min=0.0, saccades_per_min=0.0, eog_uv=300.0, amplitude_uv=20.0)
    face = SimulatedFace(scenario(blinks=blinking), seed=1)
    wave = microvolts(face, 60.0)
    slow = np.convolve(wave[:, 1], np.ones(25) / 25, "same")
    assert np.percentile(slow, 99.5) > 100.0


def test_saccades_are_slow_steps_of_opposite_sign() -> None:
    looking = Blinks(rate_per_min=0.0, voluntary_per_min=0.0, saccades_per_min=30.0)
    face = SimulatedFace(scenario(blinks=looking), seed=1)
    wave = microvolts(face, 60.0)
    assert face.truth(60.0).episodes == ()
    assert np.corrcoef(wave[:, 1], wave[:, 5])[0, 1] < -0.7


@pytest.mark.parametrize("name", sorted(WAVES))
def test_waves_are_of_about_unit_size_and_start_at_their_time(name: str) -> None:
    t = np.arange(0.0, 0.9, 0.0005)
    sizes = [np.abs(WAVES[name](t, 0.9, seed)).max() for seed in range(20)]
    assert 0.2 < np.median(sizes) < 3.0
    assert np.all(np.isfinite(sizes))


def test_bad_electrodes_show_every_fault() -> None:
    reasons = {i.reason for i in SimulatedFace(load_scenario("bad-electrodes"), seed=1).truth(900.0).invalid}
    assert {"motion", "pop", "rail", "lead_off", "flat", "mains"} <= reasons
