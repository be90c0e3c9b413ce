"""The signal as it is shown: no trace of the mains, and none of the filter that takes it off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hfs_emg.formats import open_recording
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.recording import write_recording
from hfs_emg.simulation.scenarios import load_scenario
from hfs_emg.traces import filtered

BURST_S = 15.0


@pytest.fixture(scope="module")
def hum_and_burst(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A resting face, then a burst of 100 ms and 40 dB over the noise on the first input; 50 Hz of 20 µV all the while."""
    path = tmp_path_factory.mktemp("traces") / "hum.bdf"
    face = SimulatedFace(load_scenario("healthy-rest"), seed=3)
    read, rate = face.read, face.signal.rate_hz
    lsb = face.signal.inputs[0].microvolts_per_count

    def read_with(start: int, n: int) -> np.ndarray:
        counts = read(start, n).copy()
        time = (start + np.arange(n)) / rate
        inside = (time >= BURST_S) & (time < BURST_S + 0.1)
        noise = np.random.default_rng(5).standard_normal(n)
        counts[:, 0] += np.round((20 * np.sin(2 * np.pi * 50 * time) + 150 * inside * noise) / lsb).astype(np.int32)
        return counts

    face.read = read_with  # type: ignore[method-assign]
    write_recording(face, 20.0, path)
    return path


def test_a_burst_is_shown_as_long_as_it_was_though_the_mains_is_strong(hum_and_burst: Path) -> None:
    recording = open_recording(hum_and_burst)
    assert recording.montage is not None
    times, emg = filtered(recording, recording.montage, BURST_S - 1.0, BURST_S + 1.1)
    rms = {
        name: float(np.sqrt((emg[0, (times >= a) & (times < b)] ** 2).mean()))
        for name, a, b in (
            ("before", BURST_S - 0.6, BURST_S - 0.1),
            ("burst", BURST_S, BURST_S + 0.1),
            ("after", BURST_S + 0.16, BURST_S + 0.36),
        )
    }
    assert rms["burst"] > 40
    assert rms["before"] < 4
    assert rms["after"] < 2 * rms["before"]


def test_a_long_stretch_is_notched(hum_and_burst: Path) -> None:
    recording = open_recording(hum_and_burst)
    assert recording.montage is not None
    times, emg = filtered(recording, recording.montage, 9.0, 14.0)
    assert emg.shape == (len(recording.montage.channels), len(times)) == (8, 1250)
    assert float(np.sqrt((emg[0] ** 2).mean())) < 4


def test_the_very_start_can_be_shown(hum_and_burst: Path) -> None:
    recording = open_recording(hum_and_burst)
    assert recording.montage is not None
    times, emg = filtered(recording, recording.montage, 0.0, 0.5)
    assert times[0] == 0.0
    assert np.isfinite(emg).all()
