"""What the trials of a calibration leave behind, and the measurement of electrodes."""

from __future__ import annotations

from contextlib import closing

import msgspec
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.cyton import CytonBoard
from firmware_bridge.electrode_check import check_electrodes
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.emulator_impedance import Electrodes
from firmware_bridge.links import EmulatorLink
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.scenarios import parse_scenario


class SubjectResult(msgspec.Struct, frozen=True):
    """One subject. rest, contraction, symmetry, blinks: measured over true; blinks_apart: standard error of the logarithm of right over
    left that the blinks' own scatter gives. crosstalk: (truth, error, uncertainty told) of each pair of channels.

    alarms and what follows: the guards that spoke; faults: by kind, those that named the channel that was bad.
    """

    seed: int
    name: str
    rest: list[float]
    contraction: list[float]
    symmetry: list[float]
    blinks: list[float]
    blinks_apart: list[float]
    crosstalk: list[tuple[float, float, float]]
    alarms: list[str]
    alarms_again: list[str]
    swapped: list[str]
    swapped_again: list[str]
    faults: dict[str, list[str]]


class Boards(msgspec.Struct, frozen=True):
    """Electrodes measured by lead-off current, over the emulator: kΩ as it is, as it was read, and the uncertainty that was told."""

    truth: list[float]
    read: list[float]
    uncertainty: list[float]


def resting(mains_uv: float) -> Scenario:
    """A face at rest that blinks, with that much hum."""
    text = (
        f'name = "resting"\ntitle = "At rest"\ndescription = "At rest."\n[mains]\nlevel_uv = {mains_uv}\nspread = 0.3\n'
    )
    return parse_scenario(text, "resting")


def measure_boards(count: int) -> Boards:
    """Sixteen electrodes a board from 1 to 500 kΩ, hum from 3 to 80 µV RMS."""
    truth: list[float] = []
    read: list[float] = []
    uncertainty: list[float] = []
    for number in range(count):
        rng = np.random.default_rng((77, number))
        kohm: NDArray[np.float64] = np.exp(rng.uniform(np.log(1.0), np.log(500.0), (8, 2)))
        face = SimulatedFace(resting(float(np.exp(rng.uniform(np.log(3.0), np.log(80.0))))), seed=number)
        emulator = CytonEmulator(face, electrodes=Electrodes.of((1000 * kohm).tolist()))
        with closing(CytonBoard(EmulatorLink(emulator))) as board:
            for reading in check_electrodes(board, range(1, 9)):
                assert reading.impedance is not None
                truth.append(float(kohm[reading.channel - 1, 0 if reading.pin == "P" else 1]))
                read.append(reading.impedance.kohm)
                uncertainty.append(reading.impedance.uncertainty_kohm)
    return Boards(truth, read, uncertainty)
