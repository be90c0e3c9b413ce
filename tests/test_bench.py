"""`make bench` measures what it says: tried on seconds of signal, figures checked for sense and not for speed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import signal as dsp

from benchmarks import bench, measure
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
    memory = figures["memory_mb"]
    assert 20 < memory["start"] <= memory["peak"]


def test_the_live_cost_is_that_of_every_second_once(recording: Path) -> None:
    figures = measure.blocks_of_40_ms(str(recording), str(SECONDS))
    assert figures["signal_s"] == SECONDS
    assert figures["cpu_ms_per_s"] > figures["sosfilt_cpu_ms_per_s"] > 0
    assert figures["slowest_block_ms"] <= figures["cpu_ms_per_s"] * SECONDS


def test_a_measurement_runs_in_a_process_of_its_own(recording: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.measure", "blocks_of_40_ms", str(recording), "2"]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert json.loads(ran.stdout)["signal_s"] == 2


def test_the_table_shows_every_figure_of_all_people(recording: Path) -> None:
    part = {
        "simulate": {"times_real_time": 1234.0},
        "replay": measure.replay(str(recording)) | {"ratio": 2.75, "episodes": 77, "cpu_s_per_hour": 3.21},
        "live_blocks": {"cpu_ms_per_s": 8.25, "sosfilt_cpu_ms_per_s": 4.5, "slowest_block_ms": 6.5},
    }
    figures = {
        "machine": "a machine",
        "hours": 1.0,
        "scenarios": dict.fromkeys(bench.SCENARIOS, part),
        "live": {"cpu_ms_per_s": 12.5, "resident_mb": 99.0},
        "start_ms": {"hfs-emg --help": 43.0},
    }
    text = bench.table(figures)
    for shown in (
        "1234",
        "2.75",
        "3.21",
        "77",
        "8.25",
        "4.50",
        "6.5",
        "12.5 ms",
        "99 MB",
        "hfs-emg --help 43 ms",
        *bench.SCENARIOS,
    ):
        assert shown in text
