"""The loop inside scipy's filter, called directly, is the public function to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal as dsp

from hfs_emg.analysis import conditioning


@pytest.mark.parametrize("hidden", [False, True], ids=["core", "public"])
def test_filtering_in_pieces_is_the_public_filter(monkeypatch: pytest.MonkeyPatch, hidden: bool) -> None:
    if hidden:
        monkeypatch.setattr(conditioning, "_core", None)
    sections = dsp.butter(4, [20, 110], "bandpass", fs=250, output="sos")
    x = np.random.default_rng(1).normal(size=(3, 500))
    expected = dsp.sosfilt(sections, x, axis=1)
    state = np.zeros((3, len(sections), 2))
    for start, end in ((0, 1), (1, 11), (11, 300), (300, 500)):
        piece = np.ascontiguousarray(x[:, start:end])
        conditioning.filter_in_place(sections, piece, state)
        assert np.array_equal(piece, expected[:, start:end])
