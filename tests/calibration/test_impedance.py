"""Electrodes measured by their lead-off current: right, with their own uncertainty, and the board as it was afterwards."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from firmware_bridge.cyton import CytonBoard
from firmware_bridge.cyton_commands import ChannelSettings, Simple
from firmware_bridge.electrode_check import can_check, check_electrodes
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.emulator_impedance import Electrodes
from firmware_bridge.errors import LinkLost
from firmware_bridge.faults import Faults
from firmware_bridge.impedance import Impedance, ToneMeter, tone_response
from firmware_bridge.links import EmulatorLink
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import parse_scenario

KOHM = np.array([[1, 500], [3, 250], [8, 120], [2, 60], [5, 30], [15, 20], [10, 12], [90, 400]], float)
HUM = 'name = "rest"\ntitle = "R"\ndescription = "R."\n[mains]\nlevel_uv = 60\nspread = 0.3\n'


def board_on(kohm: np.ndarray, faults: Faults | None = None) -> CytonBoard:
    face = SimulatedFace(parse_scenario(HUM, "rest"), seed=3)
    emulator = CytonEmulator(face, electrodes=Electrodes.of((1000 * kohm).tolist()), faults=faults)
    return CytonBoard(EmulatorLink(emulator))


def test_every_electrode_from_1_to_500_kohm_is_read_within_5_percent_or_half_a_kohm_through_emg_and_hum() -> None:
    with closing(board_on(KOHM)) as board:
        found = check_electrodes(board, range(1, 9))
    assert [(r.channel, r.pin) for r in found] == [(n, pin) for n in range(1, 9) for pin in ("N", "P")]
    for reading in found:
        truth = KOHM[reading.channel - 1, 0 if reading.pin == "P" else 1]
        assert reading.impedance is not None
        assert abs(reading.impedance.kohm - truth) <= max(0.05 * truth, 0.5)
        assert abs(reading.impedance.kohm - truth) <= 6 * reading.impedance.uncertainty_kohm
        assert reading.impedance.fit > 0.98


def test_the_board_has_its_own_settings_and_no_current_afterwards() -> None:
    mine = ChannelSettings(2, gain=12, srb2=False)
    with closing(board_on(KOHM)) as board:
        board.configure([mine])
        before = board.send(Simple.REGISTERS)
        check_electrodes(board, [1, 2])
        assert board.send(Simple.REGISTERS) == before
        assert board.settings[1] == mine


def test_a_check_that_is_broken_off_puts_everything_back() -> None:
    with closing(board_on(KOHM)) as board:
        before = board.send(Simple.REGISTERS)

        def interrupt(_reading: object) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            check_electrodes(board, range(1, 9), on_reading=interrupt)
        assert board.send(Simple.REGISTERS) == before
        assert check_electrodes(board, range(1, 9), stop=lambda: True) == []
        assert board.send(Simple.REGISTERS) == before


def test_a_dongle_pulled_out_meanwhile_ends_the_check_in_a_sentence() -> None:
    with closing(board_on(KOHM, Faults(["@0.5 unplug"]))) as board, pytest.raises(LinkLost, match="plug"):
        check_electrodes(board, range(1, 9))


def test_an_open_lead_is_called_open() -> None:
    with closing(board_on(np.full((8, 2), 5000.0))) as board:
        (first, _) = check_electrodes(board, [1])
    assert first.impedance is not None
    assert first.impedance.open_circuit


def tone(kohm: float, n: int, rate_hz: float = 250.0) -> np.ndarray:
    size = 6e-9 * (1000 * kohm + 2200) * 1e6 * tone_response(rate_hz)
    return size * np.sin(2 * np.pi * 31.25 * np.arange(n) / rate_hz + 1.0)


def test_a_blink_in_one_window_does_not_move_the_reading() -> None:
    meter = ToneMeter(250.0)
    wave = tone(10.0, 1000) + np.random.default_rng(1).normal(0, 2, 1000)
    wave[300:330] += 150 * np.sin(2 * np.pi * 31 * np.arange(30) / 250)
    meter.push(wave)
    assert meter.reading is not None
    assert abs(meter.reading.kohm - 10) < 0.3


def test_lost_samples_cost_a_window_and_no_accuracy() -> None:
    meter = ToneMeter(250.0)
    wave, lost = tone(10.0, 1000), np.zeros(1000, np.bool_)
    lost[400:410] = True
    wave[lost] = 0.0
    for start in range(0, 1000, 7):
        meter.push(wave[start : start + 7], lost[start : start + 7])
    assert meter.reading is not None
    assert meter.reading.kohm == pytest.approx(10.0, abs=0.02)
    assert meter.reading.windows < 14


def test_a_reading_is_told_with_no_less_uncertainty_than_its_digits_show() -> None:
    assert Impedance(4.84, 0.02, 1.0, 20).words == "4.8 ± 0.1 kΩ"
    assert Impedance(447.06, 0.63, 1.0, 20).words == "447.1 ± 0.6 kΩ"


def test_noise_alone_is_no_tone() -> None:
    meter = ToneMeter(250.0)
    meter.push(np.random.default_rng(2).normal(0, 30, 2000))
    assert meter.reading is not None
    assert meter.reading.fit < 0.6


def test_a_board_that_cannot_is_told_apart() -> None:
    from hfs_emg.boards import open_board

    for rate in (200, 500):
        with closing(open_board(f"sim:healthy-rest?rate={rate}&speed=virtual")) as board:
            assert can_check(board) is None
    with closing(open_board("sim:healthy-rest?channels=16&speed=virtual")) as board:
        assert can_check(board) is board
