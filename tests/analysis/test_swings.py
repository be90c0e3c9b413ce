"""Slow swings: what moves an electrode and no muscle."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.montage import Montage, default_montage
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.swings import Swing, SwingFinder, SwingLog
from hfs_emg.events import Episode, Kind
from hfs_emg.model import Block, Input, Signal

RATE_HZ = 250.0
LSB_UV = 0.0223517
LOWER_LEFT = 2


def _montage() -> Montage:
    return default_montage(8)


def _resting(seconds: float, seed: int = 1) -> NDArray[np.float64]:
    """(samples, 8) µV: white noise of 1 µV."""
    return np.random.default_rng(seed).standard_normal((int(seconds * RATE_HZ), 8))


def _with_swing(uv: NDArray[np.float64], channel: int, at_s: float, size_uv: float) -> None:
    n = int(0.8 * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    start = int(at_s * RATE_HZ)
    uv[start : start + n, channel] += size_uv * np.sin(np.pi * t / 0.8) * np.sin(2 * np.pi * 4.0 * t)


def _analysed(uv: NDArray[np.float64], cut: int = 1000) -> list[Episode]:
    signal = Signal(RATE_HZ, tuple(Input(f"EXG {i + 1}", LSB_UV) for i in range(8)))
    analyzer = Analyzer(signal, _montage())
    counts = np.round(uv / LSB_UV).astype(np.int32)
    episodes: list[Episode] = []
    for start in range(0, len(counts), cut):
        piece = counts[start : start + cut]
        block = Block(start, piece, np.zeros(len(piece), np.bool_), np.zeros((len(piece), 0), np.int32))
        episodes += analyzer.push(block).episodes
    return episodes + list(analyzer.finish().episodes)


def test_a_cheek_electrode_that_is_moved_is_one_artefact_there() -> None:
    uv = _resting(20.0)
    _with_swing(uv, LOWER_LEFT, 10.0, 200.0)
    (found,) = _analysed(uv)
    assert found.kind is Kind.ARTEFACT
    assert found.side is None
    assert {b.channel for b in found.bursts} == {"EMG L ZYG"}
    assert found.start_s == pytest.approx(10.1, abs=0.15)
    assert found.end_s == pytest.approx(10.8, abs=0.2)
    assert "slow swing" in found.reason


def test_an_eye_potential_is_no_swing() -> None:
    uv = _resting(20.0)
    _with_swing(uv, 1, 10.0, 200.0)
    assert not [e for e in _analysed(uv) if e.kind is Kind.ARTEFACT]


def test_how_the_stream_is_cut_changes_nothing() -> None:
    uv = _resting(20.0)
    for at_s in (5.0, 6.2, 10.0, 15.0):
        _with_swing(uv, LOWER_LEFT, at_s, 150.0)
    whole = _analysed(uv, 5000)
    assert len(whole) >= 3
    assert _analysed(uv, 7) == whole


def test_a_swing_during_which_something_was_found_is_left_to_that() -> None:
    clock = FrameClock.at(RATE_HZ)
    swings = _pushed(clock)
    swings.cover(clock.frames(10.2), clock.frames(10.4))
    assert swings.ripe(clock.frames(20.0)) == []


def test_a_swing_waits_for_what_is_not_decided_yet() -> None:
    clock = FrameClock.at(RATE_HZ)
    swings = _pushed(clock)
    assert swings.ripe(clock.frames(10.2)) == []
    (swing,) = swings.ripe(clock.frames(20.0))
    assert isinstance(swing, Swing)
    assert swing.channels == (LOWER_LEFT,)
    assert swings.ripe(clock.frames(20.0)) == []


def _pushed(clock: FrameClock) -> SwingLog:
    swings = SwingFinder(clock, _montage())
    power = np.ones((8, clock.frames(20.0)))
    power[LOWER_LEFT, clock.frames(10.0) : clock.frames(10.8)] = 100.0**2
    swings.push(power, np.zeros(power.shape, np.bool_), np.ones((8, 20)))
    swings.finish()
    log = SwingLog()
    log.expect(*swings.found())
    return log
