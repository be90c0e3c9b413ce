"""`make bench` measures what it says: tried on seconds of signal, figures checked for sense and not for speed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from benchmark_command import benchmark_command
from scipy import signal as dsp

from benchmarks import live, measure
from hfs_emg.analysis import conditioning

ROOT = Path(__file__).parents[1]

SECONDS = 20


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "patient.bdf"
    figures = measure.simulate("moderate-right", str(SECONDS), str(path))
    assert figures["times_real_time"] == pytest.approx(SECONDS / figures["cpu_s"])
    return path


def test_the_meter_counts_filter_passes_and_leaves_the_filter_as_it_was() -> None:
    bare, sections = conditioning.filter_in_place, dsp.butter(2, 0.1, output="sos")
    filtered = np.ones((1, 1000))
    with measure.FilterMeter() as meter:
        conditioning.filter_in_place(sections, filtered, np.zeros((1, 1, 2)))
    assert meter.calls == 1
    assert meter.cpu_s > 0
    assert conditioning.filter_in_place is bare
    assert np.array_equal(filtered[0], dsp.sosfilt(sections, np.ones(1000)))
    assert meter.calls == 1


def test_the_replay_is_dearer_than_the_filter_passes_inside_it(recording: Path) -> None:
    figures = measure.replay(str(recording))
    assert figures["signal_s"] == SECONDS
    assert figures["sosfilt_calls"] > 0
    assert figures["cpu_s"] > figures["sosfilt_cpu_s"] > 0
    assert figures["ratio"] == figures["cpu_s"] / figures["sosfilt_cpu_s"]
    assert figures["cpu_s_per_hour"] == pytest.approx(figures["cpu_s"] * 3600 / SECONDS)
    assert figures["wall_s_per_hour"] == pytest.approx(figures["wall_s"] * 3600 / SECONDS)
    memory = figures["memory_mb"]
    assert 20 < memory["start"] <= memory["peak"]


def test_the_live_cost_is_that_of_every_second_once(recording: Path) -> None:
    figures = measure.blocks_of_40_ms(str(recording), str(SECONDS))
    assert figures["signal_s"] == SECONDS
    assert figures["cpu_ms_per_s"] > figures["sosfilt_cpu_ms_per_s"] > 0
    assert figures["slowest_block_ms"] <= figures["cpu_ms_per_s"] * SECONDS


def test_a_measurement_runs_in_a_process_of_its_own(recording: Path) -> None:
    command = benchmark_command("benchmarks.measure", "blocks_of_40_ms", str(recording), "2")
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert json.loads(ran.stdout)["signal_s"] == 2


def test_the_live_path_takes_the_seconds_it_is_asked_for_and_finds_what_is_in_them() -> None:
    short, longer = (measure.wire_to_disk("moderate-right", str(seconds), "20") for seconds in (5, 20))
    assert short["signal_s"] == pytest.approx(5, abs=0.1)
    assert longer["signal_s"] == pytest.approx(20, abs=0.1)
    assert longer["episodes"] > short["episodes"]
    assert longer["cpu_ms_per_s"] > 0


def test_a_live_recording_is_measured_alone_and_with_somebody_who_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SETTLE_S", 2.0)
    found = live.measure(1.0, tmp_path)
    assert set(found) == {"alone", "pages", "browser"}
    assert all(part["cpu_ms_per_s"] > 0 and 20 < part["resident_mb"] < 400 for part in found.values())
    assert found["alone"]["resident_mb"] < found["pages"]["resident_mb"]
    assert found["browser"]["frames_per_s"] > 1


def test_the_first_sample_comes_after_the_command(tmp_path: Path) -> None:
    assert 0 < live.first_sample(tmp_path)["first_sample_s"] < 60
