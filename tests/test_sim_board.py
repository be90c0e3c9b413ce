"""`sim:` boards: a simulated face behind an emulated Cyton, read by the built-in driver."""

import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from calibration.errors import MontageError
from calibration.montage import default_montage, montage_of
from firmware_bridge.errors import BoardAddressError
from hfs_emg.boards import SCHEMES, open_board, signal_of
from hfs_emg.errors import RequestError
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario


def read(board, samples):
    board.start()
    counts = np.zeros((0, board.spec.exg_channels), np.int32)
    while len(counts) < samples:
        reading = board.read(1.0)
        assert reading is not None
        counts = np.concatenate([counts, reading.counts])
    board.stop()
    return counts[:samples]


@pytest.mark.parametrize("speed", ["real", "virtual"])
def test_the_counts_are_those_of_the_face(speed):
    with closing(open_board(f"sim:moderate-right?seed=7&speed={speed}")) as board:
        found = read(board, 200)
    assert np.array_equal(found, SimulatedFace(load_scenario("moderate-right"), seed=7).read(0, 200))


@pytest.mark.parametrize("rate", [200, 250, 500, 1000])
def test_the_rate_is_the_one_asked_for(rate):
    with closing(open_board(f"sim:tic?rate={rate}&speed=virtual")) as board:
        assert board.spec.rate_hz == rate
        board.start()
        begin_s, samples = board.now_s(), 0
        while samples < 2 * rate:
            samples += len(board.read(1.0).counts)
        assert samples / (board.now_s() - begin_s) == pytest.approx(rate, rel=0.05)


def test_sixteen_inputs_come_with_a_daisy_at_half_the_rate():
    with closing(open_board("sim:tic?channels=16&speed=virtual")) as board:
        assert (board.spec.exg_channels, board.spec.rate_hz) == (16, 125)
        assert read(board, 100).shape == (100, 16)


def test_it_says_that_it_is_simulated_and_of_whom():
    with closing(open_board("sim:tic?speed=virtual")) as board:
        assert board.spec.simulated
        assert board.spec.title == "simulated OpenBCI Cyton: tic"


def test_closed_it_leaves_no_thread_and_no_port():
    threads, ports = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
    board = open_board("sim:tic")
    assert threading.active_count() == threads + 1
    board.close()
    board.close()
    assert threading.active_count() == threads
    assert len(list(Path("/proc/self/fd").iterdir())) == ports


def test_the_bridges_own_schemes_are_there_too():
    assert set(SCHEMES) == {"serial", "brainflow", "lsl", "sim"}


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("sim:", BoardAddressError),
        ("sim:nobody", RequestError),
        ("sim:tic?rate=251", BoardAddressError),
        ("sim:tic?rate=nan", BoardAddressError),
        ("sim:tic?channels=12", BoardAddressError),
        ("sim:tic?seed=x", BoardAddressError),
        ("sim:tic?seed=", BoardAddressError),
        ("sim:tic?speed=fast", BoardAddressError),
        ("sim:tic?gain=24", BoardAddressError),
    ],
)
def test_what_cannot_be_is_refused(url, error):
    with pytest.raises(error):
        open_board(url)


def test_inputs_bear_the_montages_labels_and_the_boards_scale():
    with closing(open_board("sim:tic?speed=virtual")) as board:
        signal = signal_of(board, montage_of([(3, "left", "zygomaticus")]))
        assert [i.label for i in signal.inputs] == ["EXG 1", "EXG 2", "EMG L ZYG", *(f"EXG {n}" for n in range(4, 9))]
        assert signal.inputs[0].microvolts_per_count == pytest.approx(0.0223517, rel=1e-5)
        assert (signal.inputs[0].count_min, signal.inputs[0].count_max) == (-0x800000, 0x7FFFFF)
        assert signal.aux_labels == board.spec.aux_labels
        with pytest.raises(MontageError, match="input 9"):
            signal_of(board, montage_of([(9, "left", "zygomaticus")]))
        assert len(signal_of(board, default_montage(8)).inputs) == 8


def test_a_recording_from_a_board_on_a_wire_loads_no_simulation():
    code = (
        "import sys, hfs_emg.boards, hfs_emg.calibrating, hfs_emg.cli.live, hfs_emg.monitor, hfs_emg.analysis.analyzer\n"
        "loaded = [m for m in sys.modules if m.startswith('hfs_emg.simulation.') and m != 'hfs_emg.simulation.wish']\n"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
