"""The filters are scipy's to the last bit, coefficients and loop, without scipy.signal being imported for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal as dsp

from hfs_emg.analysis import filters

RATES = (200.0, 250.0, 500.0, 1000.0, 2000.0)
LESS_THAN_A_CODE = {"rtol": 1e-12, "atol": 0}
"""The numbers are equal where they were tried; another processor's tangent may differ in the last bit."""


@given(
    st.sampled_from(RATES),
    st.floats(0.005, 0.495),
    st.sampled_from((2, 4, 6)),
    st.sampled_from(("lowpass", "highpass")),
)
def test_an_edge_is_designed_as_scipy_designs_it(rate_hz, share, order, kind):
    edge = share * rate_hz
    expected = dsp.butter(order, edge, kind, fs=rate_hz, output="sos")
    np.testing.assert_allclose(filters.butterworth(order, (edge,), kind, rate_hz), expected, **LESS_THAN_A_CODE)


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("band", [(2.0, 15.0), (20.0, 90.0), (0.5, 40.0)])
def test_a_band_is_designed_as_scipy_designs_it(rate_hz, band):
    expected = dsp.butter(2, band, "bandpass", fs=rate_hz, output="sos")
    np.testing.assert_allclose(filters.butterworth(2, band, "bandpass", rate_hz), expected, **LESS_THAN_A_CODE)


@given(st.sampled_from(RATES), st.floats(0.01, 0.49), st.floats(0.5, 5.0))
def test_a_notch_is_designed_as_scipy_designs_it(rate_hz, share, width_hz):
    line = share * rate_hz
    expected = np.concatenate(dsp.iirnotch(line, line / width_hz, fs=rate_hz))
    np.testing.assert_allclose(filters.notch(line, line / width_hz, rate_hz), expected, **LESS_THAN_A_CODE)


@pytest.mark.parametrize("hidden", [False, True], ids=["bare", "public"])
def test_filtering_in_pieces_is_the_public_filter(monkeypatch: pytest.MonkeyPatch, hidden: bool) -> None:
    if hidden:
        monkeypatch.setattr(filters, "_loop", filters._public_loop)
    sections = dsp.butter(4, [20, 110], "bandpass", fs=250, output="sos")
    x = np.random.default_rng(1).normal(size=(3, 500))
    expected = dsp.sosfilt(sections, x, axis=1)
    state = np.zeros((3, len(sections), 2))
    for start, end in ((0, 1), (1, 11), (11, 300), (300, 500)):
        piece = np.ascontiguousarray(x[:, start:end])
        filters.filter_in_place(sections, piece, state)
        assert np.array_equal(piece, expected[:, start:end])


def test_a_scipy_without_this_loop_serves_by_its_public_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "scipy.signal._sosfilt")
    monkeypatch.setattr(filters.scipy, "__file__", str(tmp_path / "__init__.py"))
    assert filters._bare_loop() is filters._public_loop


def test_a_loop_that_computes_something_else_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        @staticmethod
        def _sosfilt(sections: object, x: np.ndarray, state: object) -> None:
            x *= 2

    monkeypatch.setitem(sys.modules, "scipy.signal._sosfilt", Other)
    assert filters._bare_loop() is filters._public_loop


def test_the_analyser_is_loaded_without_scipy_signal_which_can_still_be_imported_afterwards() -> None:
    code = (
        "import sys, hfs_emg.analysis.analyzer\n"
        "assert 'scipy.signal' not in sys.modules\n"
        "from hfs_emg.analysis import filters\n"
        "from scipy.signal import sosfilt\n"
        "assert sosfilt([[1, 0, 0, 1, -0.5, 0]], [1.0, 0.0]).tolist() == [1.0, 0.5]\n"
        "assert filters._loop is sys.modules['scipy.signal._sosfilt']._sosfilt\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
