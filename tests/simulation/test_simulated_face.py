"""The face as a source of counts: however it is read, at any rate, with any number of inputs."""

from __future__ import annotations

import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.errors import MontageError
from calibration.montage import montage_of
from hfs_emg.errors import RequestError
from hfs_emg.simulation.disorders import Spasms
from hfs_emg.simulation.face import SEGMENT_S, SimulatedFace
from hfs_emg.simulation.render import blocks
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.scenarios import load_scenario
from hfs_emg.simulation.settings import Blinks, Electrodes, Mains, Noise

BUSY = load_scenario("mains-60hz-artefacts")
SAMPLES = 25 * 250


def whole(scenario: Scenario = BUSY, **options: float) -> np.ndarray:
    return SimulatedFace(scenario, seed=3, **options).read(0, SAMPLES)  # type: ignore[arg-type]


REFERENCE = whole()


def quiet_scenario(**sections: object) -> Scenario:
    """Electrodes on a face that does nothing."""
    nothing = Blinks(rate_per_min=0.0, voluntary_per_min=0.0, saccades_per_min=0.0)
    return Scenario(name="nothing", title="", description="", blinks=nothing, **sections)  # type: ignore[arg-type]


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 1500), min_size=1, max_size=30))
def test_any_cutting_gives_the_same_counts_bit_for_bit(lengths: list[int]) -> None:
    face = SimulatedFace(BUSY, seed=3)
    start = 0
    for length in lengths:
        taken = min(length, SAMPLES - start)
        assert np.array_equal(face.read(start, taken), REFERENCE[start : start + taken])
        start += taken


@pytest.mark.parametrize("step", [1, 3, 64])
def test_reading_sample_by_sample_across_a_segment_border_changes_nothing(step: int) -> None:
    face = SimulatedFace(BUSY, seed=3)
    border = SEGMENT_S * 250
    for start in range(border - 96, border + 96, step):
        assert np.array_equal(face.read(start, step), REFERENCE[start : start + step])


@pytest.mark.parametrize("first", [1, 2_499, 2_500, 5_100])
def test_stretches_may_be_left_out(first: int) -> None:
    assert np.array_equal(SimulatedFace(BUSY, seed=3).read(first, 800), REFERENCE[first : first + 800])


def test_far_ahead_is_the_same_however_one_came_there() -> None:
    """Skipping over minutes, in one leap or in many, leads to the same face."""
    leap, walk = SimulatedFace(BUSY, seed=3), SimulatedFace(BUSY, seed=3)
    for start in range(0, 190 * 250, 7_000):
        walk.read(start, 10)
    assert np.array_equal(leap.read(200 * 250, 3_000), walk.read(200 * 250, 3_000))


def test_asking_for_the_truth_does_not_change_the_signal() -> None:
    face = SimulatedFace(BUSY, seed=3)
    face.truth(300.0)
    assert np.array_equal(face.read(0, SAMPLES), REFERENCE)


def test_going_back_is_refused() -> None:
    face = SimulatedFace(BUSY)
    face.read(100, 100)
    with pytest.raises(ValueError, match="read forward"):
        face.read(199, 1)


def test_seeds_and_scenarios_differ() -> None:
    assert not np.array_equal(SimulatedFace(BUSY, seed=4).read(0, 500), REFERENCE[:500])
    assert not np.array_equal(whole(load_scenario("healthy-rest"))[:500], REFERENCE[:500])


def test_another_process_makes_the_same_face() -> None:
    """Hash randomisation and import order play no part."""
    program = (
        "from hfs_emg.simulation.face import SimulatedFace\n"
        "from hfs_emg.simulation.scenarios import load_scenario\n"
        "x = SimulatedFace(load_scenario('mains-60hz-artefacts'), seed=3).read(0, 6250)\n"
        "import zlib; print(zlib.crc32(x.tobytes()))\n"
    )
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed},
        )
        assert int(done.stdout) == zlib.crc32(REFERENCE.tobytes())


@pytest.mark.parametrize("channels", [4, 8, 16])
@pytest.mark.parametrize("rate", [200.0, 250.0, 500.0, 1000.0])
def test_every_rate_and_number_of_inputs(channels: int, rate: float) -> None:
    face = SimulatedFace(load_scenario("moderate-right"), seed=2, rate_hz=rate, channels=channels)
    counts = face.read(0, int(12 * rate))
    assert counts.shape == (int(12 * rate), channels)
    assert counts.dtype == np.int32
    assert counts.flags.c_contiguous
    assert face.signal.rate_hz == rate
    assert len(face.signal.inputs) == channels
    assert len(face.montage.channels) == min(channels, 8)
    assert np.all(np.ptp(counts, axis=0) > 10)


def test_rates_and_inputs_show_the_same_events() -> None:
    """What happens is decided before electrodes and samples."""
    scenario = load_scenario("moderate-right")
    truths = [SimulatedFace(scenario, seed=2, rate_hz=r).truth(120.0) for r in (200.0, 1000.0)]
    starts = [[e.start_s for e in t.episodes if e.kind == "spasm"] for t in truths]
    assert starts[0] == starts[1]
    assert len(starts[0]) > 5


@pytest.mark.parametrize(("channels", "rate", "words"), [(5, 250.0, "4, 8 or 16 inputs, not 5"), (8, 333.0, "333 Hz")])
def test_what_cannot_be_simulated_is_refused(channels: int, rate: float, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        SimulatedFace(BUSY, channels=channels, rate_hz=rate)


def test_a_montage_of_ones_own_places_the_masseter_under_an_electrode() -> None:
    montage = montage_of([(1, "left", "MAS"), (2, "right", "MAS"), (3, "left", "OOC"), (4, "right", "OOC")])
    face = SimulatedFace(load_scenario("healthy-meal"), seed=1, channels=4, montage=montage)
    chewing = [e for e in face.truth(120.0).episodes if e.label == "chewing"]
    assert chewing
    assert all("masseter" in e.sites for e in chewing)
    with pytest.raises(MontageError, match="input 4, but"):
        SimulatedFace(BUSY, channels=3, montage=montage)


def test_at_rest_an_input_shows_the_noise_that_it_says() -> None:
    face = SimulatedFace(
        quiet_scenario(mains=Mains(level_uv=0.0), noise=Noise(growth_per_hour=0.0, drift_mv=0.0)), seed=5
    )
    microvolts = face.read(0, 60 * 250) * face.signal.inputs[0].microvolts_per_count
    spectrum = np.fft.rfft(microvolts - microvolts.mean(axis=0), axis=0)
    power = np.abs(spectrum[np.fft.rfftfreq(len(microvolts), 1 / 250) >= 20.0]) ** 2
    rms = np.sqrt(2 * power.sum(axis=0)) / len(microvolts)
    assert rms == pytest.approx(face.quiet_rms_uv, rel=0.05)
    assert np.all((rms > 0.2) & (rms < 3.0))


def test_the_third_harmonic_of_60_hz_is_seen_at_70_hz() -> None:
    face = SimulatedFace(quiet_scenario(mains=Mains(frequency_hz=60, level_uv=80.0, spread=0.0)), seed=5)
    microvolts = face.read(0, 40 * 250) * face.signal.inputs[0].microvolts_per_count
    spectrum = np.abs(np.fft.rfft((microvolts[:, 1] - microvolts[:, 1].mean()) * np.hanning(len(microvolts))))
    frequencies = np.fft.rfftfreq(len(microvolts), 1 / 250)

    def line(near: float) -> float:
        return float(spectrum[np.abs(frequencies - near) < 1.5].max())

    assert line(70.0) > 8 * np.median(spectrum[(frequencies > 65) & (frequencies < 75)])
    # 60 Hz is −2.5 dB; its third harmonic is 0.4 of it before the filter and −28.1 dB behind.
    assert 20 * np.log10(line(70.0) / line(60.0)) == pytest.approx(20 * np.log10(0.4) - 28.1 + 2.5, abs=1.5)


def test_a_railed_input_clips_at_the_rail_and_its_neighbours_go_on() -> None:
    face = SimulatedFace(quiet_scenario(electrodes=Electrodes(rails_per_hour=120.0)), seed=1)
    truth = face.truth(120.0)
    rail = next(i for i in truth.invalid if i.reason == "rail")
    counts = face.read(0, 120 * 250)
    assert rail.channels is not None
    column = [i.label for i in face.signal.inputs].index(rail.channels[0])
    inside = counts[int(rail.start_s * 250) + 1 : int(rail.end_s * 250) - 1]
    assert np.all(np.isin(inside[:, column], (0x7FFFFF, -0x800000)))
    assert np.all(np.abs(np.delete(inside, column, axis=1)) < 0x7FFFFF)


def test_inputs_in_the_open_carry_noise_only() -> None:
    """Of sixteen inputs the last two lie on no muscle."""
    face = SimulatedFace(load_scenario("severe-tonic-left"), seed=2, channels=16)
    microvolts = face.read(0, 60 * 250) * face.signal.inputs[0].microvolts_per_count
    steps = np.abs(np.diff(microvolts, n=2, axis=0))
    peaks = np.percentile(steps, 99.9, axis=0) / np.median(steps, axis=0)
    assert np.all(peaks[14:] < 6.0)
    assert peaks[1] > 10.0


def test_blocks_are_contiguous_whole_and_lose_nothing() -> None:
    face = SimulatedFace(BUSY, seed=3)
    found = list(blocks(face, 25.0, 1_000))
    assert [b.start for b in found] == list(range(0, SAMPLES, 1_000))
    assert np.array_equal(np.concatenate([b.counts for b in found]), REFERENCE)
    assert not any(b.lost.any() for b in found)
    assert len(found[-1].counts) == SAMPLES % 1_000


def test_memory_stays_flat_over_hours() -> None:
    """After hours only what still goes on, or is planned for this minute, is held."""
    face = SimulatedFace(load_scenario("severe-tonic-left"), seed=2)
    for hour in (0.25, 0.5):
        face.read(int(hour * 3600 * 250), 100)
        assert len(face._parts) < 2_000
        assert all(p.end_s > hour * 3600 - 1 for p in face._parts)


GOLDEN_RMS_UV = [6.44072, 7.08264, 3.37437, 2.46061, 5.93892, 31.92539, 9.13503, 4.76103]
GOLDEN_OFFSET_UV = [-134.18, 12926.22, 10326.34, 17149.31, -16765.13, 3667.35, -22432.18, -22044.76]
GOLDEN_STARTS_S = [1.651, 2.344, 4.878, 6.264, 8.961, 9.768, 11.408, 11.59, 12.332, 15.483, 19.527, 19.585]


def test_the_signal_of_a_known_face_is_what_it_was() -> None:
    """A golden stretch, as statistics: float libraries may differ in the last bit, the face may not."""
    spasms = (Spasms(side="right", rate_per_min=12.0),)
    face = SimulatedFace(Scenario(name="golden", title="", description="", spasms=spasms), seed=20)
    microvolts = face.read(0, 20 * 250) * face.signal.inputs[0].microvolts_per_count
    steps = np.diff(microvolts, n=2, axis=0)
    assert np.sqrt(np.mean(steps**2, axis=0)).tolist() == pytest.approx(GOLDEN_RMS_UV, rel=1e-3)
    assert microvolts.mean(axis=0).tolist() == pytest.approx(GOLDEN_OFFSET_UV, rel=1e-3)
    assert [round(e.start_s, 3) for e in face.truth(20.0).episodes] == pytest.approx(GOLDEN_STARTS_S, abs=1e-3)
