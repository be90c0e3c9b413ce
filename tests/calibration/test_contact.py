"""Contact told from the signal: good, fair or bad, each with its remedy."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.montage import default_montage
from firmware_bridge.impedance import Impedance
from hfs_emg.contact import ContactWatch, State, impedance_state
from hfs_emg.model import Block, Input, Signal

UV = 0.0223517
SIGNAL = Signal(250.0, tuple(Input(f"EXG {n}", UV) for n in range(1, 9)))
MONTAGE = default_montage(8)
SECONDS = 14


def samples(change=lambda wave, t: None) -> np.ndarray:
    """A face at rest with gel electrodes and a little hum, and what a test does to its second channel."""
    rng = np.random.default_rng(4)
    t = np.arange(SECONDS * 250) / 250.0
    wave = 1.5 * rng.standard_normal((len(t), 8)) + 5 * np.sin(2 * np.pi * 50 * t)[:, None] + 8000.0
    change(wave[:, 1], t)
    return np.clip(np.rint(wave / UV), -0x800000, 0x7FFFFF).astype(np.int32)


def watched(counts: np.ndarray, block: int = 250, lost=None) -> ContactWatch:
    watch = ContactWatch(SIGNAL, MONTAGE)
    lost = np.zeros(len(counts), np.bool_) if lost is None else lost
    for start in range(0, len(counts), block):
        part = counts[start : start + block]
        watch.push(Block(start, part, lost[start : start + block], np.zeros((len(part), 0), np.int32)))
    return watch


def noise(uv):
    return lambda wave, t: wave.__iadd__(uv * np.random.default_rng(5).standard_normal(len(t)))


def hum(uv):
    return lambda wave, t: wave.__iadd__(uv * np.sin(2 * np.pi * 50.1 * t))


def still(wave, t):
    wave[:] = 8000.0


def rail(wave, t):
    wave[:] = 400_000.0


def bridged(wave, t):
    wave[:] = 0.05 * np.random.default_rng(6).standard_normal(len(t))


def drifting(wave, t):
    wave += 100_000.0 * np.abs(t / 4 % 2 - 1)


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        (noise(9.0), State.FAIR, "dry or loose"),
        (noise(40.0), State.BAD, "loose"),
        (hum(250.0), State.FAIR, "hum of 2"),
        (hum(2000.0), State.BAD, "off or dry"),
        (still, State.BAD, "no signal"),
        (rail, State.BAD, "at the rail"),
        (bridged, State.FAIR, "too quiet for skin"),
        (drifting, State.BAD, "moving"),
    ],
)
def test_a_bad_electrode_is_named_with_its_remedy(change, state, words) -> None:
    watch = watched(samples(change))
    worst = watch.worst
    assert worst is not None
    assert (worst.channel.label, worst.state) == ("EMG L OOC", state)
    assert worst.words.startswith("Left orbicularis oculi: ")
    assert words in worst.words
    assert worst.remedy
    assert all(c.state is State.GOOD for i, c in enumerate(watch.contacts) if i != 1)


def test_good_electrodes_are_good_and_muscle_is_no_noise() -> None:
    def moving(wave, t):
        wave += np.where(t % 3 < 1.2, 60 * np.random.default_rng(7).standard_normal(len(t)), 0)

    watch = watched(samples(moving))
    assert watch.worst is None
    assert watch.known
    assert watch.contacts[1].words == "Left orbicularis oculi: good"


def long_rest(growth: np.ndarray) -> ContactWatch:
    """Twelve minutes of noise whose level grows to `growth` (channels,) times its own."""
    rng = np.random.default_rng(9)
    level = np.linspace(np.ones(8), growth, 720 * 250)
    wave = 1.2 * level * rng.standard_normal(level.shape)
    return watched(np.rint(wave / UV).astype(np.int32), 2500)


def test_an_electrode_that_grows_noisier_over_minutes_asks_for_a_new_baseline() -> None:
    growth = np.ones(8)
    growth[5] = 2.5
    watch = long_rest(growth)
    assert [c.channel.label for c in watch.contacts if c.amiss] == ["EMG R OOC"]
    assert watch.contacts[5].state is State.FAIR
    assert "calibrate again for a new baseline" in watch.contacts[5].words


@pytest.mark.parametrize("growth", [2.5, 0.4])
def test_what_changes_at_all_electrodes_together_is_the_face_and_no_drift(growth: float) -> None:
    assert not any(c.amiss for c in long_rest(np.full(8, growth)).contacts)


def test_the_verdict_does_not_depend_on_how_the_signal_is_cut() -> None:
    counts = samples(noise(9.0))
    assert {watched(counts, block).contacts for block in (1, 7, 250, 3500)} == {watched(counts).contacts}


def test_nothing_is_said_before_enough_was_seen_and_nothing_of_seconds_with_losses() -> None:
    counts = samples(noise(40.0))
    assert not watched(counts[: 5 * 250]).known
    lost = np.zeros(len(counts), np.bool_)
    lost[100::200] = True
    assert not watched(counts, lost=lost).known


def test_impedances_are_judged() -> None:
    read = [None, *(Impedance(kohm, 0.1, fit, 5) for kohm, fit in ((8, 1), (60, 1), (300, 1), (8, 0.3)))]
    assert [impedance_state(z) for z in read] == [State.BAD, State.GOOD, State.FAIR, State.BAD, State.BAD]
