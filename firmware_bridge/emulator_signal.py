"""From a source's counts to what the converter of an emulated board gives, channel by channel.

Gain scales and clips; a channel that is off gives 0; shorted inputs give the amplifier's noise; the internal test signal is a
square wave made from the converter's own clock, so its period is 256 or 128 samples at any true rate (TI SBAS499).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import RAIL_HIGH, RAIL_LOW, ads1299_microvolts_per_count
from firmware_bridge.cyton_commands import ChannelSettings, InputType, TestSignal
from firmware_bridge.emulator_impedance import TONE_GAIN
from firmware_bridge.impedance import LEAD_OFF_AMPERE, SERIES_OHM

_SUPPLY_UV = 2.5e6
_TEMPERATURE_UV = 145_300.0  # at 25 °C


@dataclass(frozen=True, slots=True)
class TestShape:
    """The internal test signal: amplitude in µV, samples of a full period (0: constant)."""

    __test__ = False

    amplitude_uv: float
    period: int


TEST_SHAPES: dict[TestSignal, TestShape] = {
    TestSignal.SLOW_1X: TestShape(1875.0, 256),
    TestSignal.FAST_1X: TestShape(1875.0, 128),
    TestSignal.DC: TestShape(3750.0, 0),
    TestSignal.SLOW_2X: TestShape(3750.0, 256),
    TestSignal.FAST_2X: TestShape(3750.0, 128),
}


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """All amplifiers: one settings entry per channel, the test signal, and what the lead-off current flows through.

    lead_off_ohm: per channel, 0 where the current is off; lead_off_tone: 31.25 Hz rather than constant.
    """

    settings: tuple[ChannelSettings, ...]
    test: TestShape
    lead_off_ohm: tuple[float, ...]
    lead_off_tone: bool = True
    plain: bool = field(init=False)
    """Whether what comes out is what went in, but for the rails."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", all(_plain(s) for s in self.settings) and not any(self.lead_off_ohm))


def converted(raw: NDArray[np.int32], start: int, front: FrontEnd) -> NDArray[np.int32]:
    """Counts of the converter: raw (n, channels) at gain 24 from sample number `start` on."""
    if front.plain:
        return np.minimum(np.maximum(raw, RAIL_LOW), RAIL_HIGH)
    samples = np.arange(start, start + len(raw))
    out = np.zeros((len(raw), len(front.settings)), np.int32)
    for i, (setting, ohm) in enumerate(zip(front.settings, front.lead_off_ohm, strict=True)):
        if not setting.on:
            continue
        counts_per_uv = 1 / ads1299_microvolts_per_count(setting.gain)
        column = _input(raw[:, i], samples, setting, front.test, counts_per_uv)
        if ohm:
            # Eight samples a period: 31.25 Hz is an eighth of 250 Hz, from the same clock.
            tone = TONE_GAIN * np.sin(2 * np.pi * (samples % 8) / 8) if front.lead_off_tone else np.ones(len(samples))
            column = column + LEAD_OFF_AMPERE * (ohm + SERIES_OHM) * 1e6 * counts_per_uv * tone
        out[:, i] = np.clip(np.rint(column), RAIL_LOW, RAIL_HIGH)
    return out


def _plain(setting: ChannelSettings) -> bool:
    return setting.on and setting.gain == 24 and setting.input_type is InputType.NORMAL


def _input(
    raw: NDArray[np.int32],
    samples: NDArray[np.int64],
    setting: ChannelSettings,
    test: TestShape,
    counts_per_uv: float,
) -> NDArray[np.float64]:
    """One channel in counts at its gain, not yet rounded."""
    match setting.input_type:
        case InputType.NORMAL:
            return np.asarray(raw * (setting.gain / 24), np.float64)
        case InputType.TEST_SIGNAL:
            high = (samples % test.period) * 2 < test.period if test.period else np.ones(len(samples), np.bool_)
            amplitude = test.amplitude_uv * counts_per_uv
            return np.asarray(np.where(high, amplitude, -amplitude), np.float64)
        case InputType.MVDD:
            return np.full(len(samples), _SUPPLY_UV * counts_per_uv)
        case InputType.TEMPERATURE:
            return np.full(len(samples), _TEMPERATURE_UV * counts_per_uv)
        case _:
            return _noise(samples, setting)


def _noise(samples: NDArray[np.int64], setting: ChannelSettings) -> NDArray[np.float64]:
    """Uniform noise of about the size of the data sheet's: 0.14 µV rms at gain 24, 1.1 µV rms at gain 1."""
    half_width = round(3.5 + 7.5 * setting.gain / 24)
    mixed = (samples * 2654435761 + setting.channel * 40503) % 2**32
    mixed = ((mixed ^ (mixed >> 15)) * 2246822519) % 2**32
    return ((mixed >> 8) % (2 * half_width + 1) - half_width).astype(np.float64)
