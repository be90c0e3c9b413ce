"""Envelopes are refused, raw EMG is not, whatever its offset and drift."""

from __future__ import annotations

from pathlib import Path

import edfio
import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from hfs_emg.errors import RecordingError
from hfs_emg.formats import open_recording

from .conftest import GANGLION, GANGLION_REST, GUI_V4, GUI_V5, GUI_V6
from .test_importers_conform import TWO_INPUTS

RATE = 250
NOISE = np.random.default_rng(2).normal(0, 5, (30 * RATE, 2))
RAW = NOISE * (1 + 20 * (np.arange(len(NOISE)) // 500 % 5 == 2))[:, None]
MEAN = np.ones(13) / 13


def moving_rms(values: np.ndarray) -> np.ndarray:
    return np.stack([np.sqrt(np.convolve(c**2, MEAN, "same")) for c in values.T], axis=1)


def low_passed(values: np.ndarray, hz: float) -> np.ndarray:
    return sosfilt(butter(2, hz, fs=RATE, output="sos"), np.abs(values), axis=0)


def write(folder: Path, values: np.ndarray) -> Path:
    path = folder / "x.edf"
    reach = (float(values.min()) - 1, float(values.max()) + 1)
    signals = [
        edfio.EdfSignal(c, RATE, label=f"S{i}", physical_dimension="uV", physical_range=reach)
        for i, c in enumerate(values.T)
    ]
    edfio.Edf(signals).write(path)
    return path


ENVELOPES = {
    "rectified": np.abs(RAW),
    "rectified rest": np.abs(NOISE),
    "moving RMS of 50 ms": moving_rms(RAW),
    "low-passed at 6 Hz": low_passed(RAW, 6),
    "low-passed rest": low_passed(NOISE, 6),
}
RAWS = {
    "raw": RAW,
    "rest": NOISE,
    "offset as large as the bursts": RAW + 450,
    "offset of 3 mV": RAW + 3000,
    "drifting away": RAW + np.linspace(400, 4000, len(RAW))[:, None],
    "a code coarser than the noise": np.rint(NOISE / 30) * 30 + np.array([500, -500]),
    "one input of two": np.column_stack([RAW[:, 0], np.abs(RAW[:, 1])]),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_an_envelope_is_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingError, match=r"holds envelopes, not raw EMG .*import that"):
        open_recording(write(tmp_path, ENVELOPES[name]), TWO_INPUTS)


@pytest.mark.parametrize("name", RAWS)
def test_raw_emg_is_taken(tmp_path: Path, name: str) -> None:
    assert open_recording(write(tmp_path, RAWS[name]), TWO_INPUTS).samples == len(RAW)


@pytest.mark.parametrize("name", [GUI_V4, GUI_V5, GUI_V6, GANGLION, GANGLION_REST])
def test_real_recordings_are_taken(real: dict[str, Path], name: str) -> None:
    assert open_recording(real[name], TWO_INPUTS).samples > 1000
