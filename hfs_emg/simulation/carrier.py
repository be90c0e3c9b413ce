"""What a contracting muscle sounds like: unit-level carriers that an envelope in µV scales.

Three models, one per subject:
- gaussian: noise with the power spectrum fh⁴f²/((f²+fl²)(f²+fh²)²) (Shwedyk and others 1977);
- pulsed: the same, grouped by the firing peak near 31 Hz that most facial muscles show (van Boxtel 2001);
- motor_units: trains of action potentials of 5–40 units, recruited in order of size as the drive grows.
A spasm is fed by one ectopic focus, so the raw signals of a side's muscles are partly the same: a common part in the
Gaussian models, common volleys of 150–400 Hz in the motor-unit model.

Carriers are circular banks, made once per face, from which each discharge takes a stretch at its own offset: rendering
costs a multiplication, and a contraction of any length has no seam. 1 means 1 µV RMS as a 1 000 Hz front end would show
it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hfs_emg.simulation.front_end import OVERSAMPLED_HZ, sinc3_gain
from hfs_emg.simulation.settings import Carrier

Samples = NDArray[np.float64]

BANK_SAMPLES = 2**15
FULL_DRIVE_UV = 220.0
"""RMS of a maximal contraction: at this level all motor units fire."""
_THRESHOLDS = (0.0, 0.08, 0.2, 0.4, 0.65, 1.0)


class CarrierBank:
    """All carriers of one face.

    `voluntary` gives a stretch for one muscle and one discharge, already multiplied with its envelope in µV; `ectopic`
    the same for a spasm, where equal offsets give partly equal signals across muscles.
    """

    def __init__(self, settings: Carrier, muscles: int, rng: np.random.Generator) -> None:
        spectrum = emg_spectrum(settings.low_corner_hz, settings.high_corner_hz)
        self._recruited = settings.model == "motor_units"
        if self._recruited:
            self._groups = _unit_groups(settings.units, rng)
            self._ectopic = _volleys(muscles, settings.shared, rng)
        else:
            self._groups = _coloured(1, spectrum, rng)
            if settings.model == "pulsed":
                self._groups = _unit_rms(self._groups * _grouping(rng))
            own = _coloured(muscles, spectrum, rng)
            common = _coloured(1, spectrum, rng)
            self._ectopic = np.sqrt(settings.shared) * common + np.sqrt(1.0 - settings.shared) * own

    def voluntary(self, envelope_uv: Samples, offset: int) -> Samples:
        """A stretch as long as envelope_uv for one muscle."""
        if not self._recruited:
            return np.asarray(_stretch(self._groups[0], offset, len(envelope_uv)) * envelope_uv, dtype=np.float64)
        drive = envelope_uv / FULL_DRIVE_UV
        wave = np.zeros(len(envelope_uv))
        top = float(drive.max(initial=0.0))
        for group, low, high in zip(self._groups, _THRESHOLDS[:-1], _THRESHOLDS[1:], strict=True):
            if top > low:
                part = np.sqrt(high**2 - low**2) * FULL_DRIVE_UV
                recruited = np.clip((drive - low) / (high - low), 0.0, 1.0)
                wave += part * recruited * _stretch(group, offset, len(wave))
        return np.asarray(wave * np.maximum(drive, 1.0), dtype=np.float64)

    def ectopic(self, envelope_uv: Samples, offset: int, muscle: int) -> Samples:
        """A stretch as long as envelope_uv for one muscle of a side in spasm."""
        return np.asarray(_stretch(self._ectopic[muscle], offset, len(envelope_uv)) * envelope_uv, dtype=np.float64)

    def gain_at(self, rate_hz: float) -> float:
        """RMS that a unit-level ectopic carrier keeps at an output rate, relative to 1 000 Hz."""
        power = np.abs(np.fft.rfft(self._ectopic[:3], axis=1)) ** 2
        gains = sinc3_gain(_bank_frequencies(), rate_hz) ** 2
        reference = sinc3_gain(_bank_frequencies(), 1000.0) ** 2
        return float(np.sqrt(np.sum(power * gains) / np.sum(power * reference)))


def emg_spectrum(low_hz: float, high_hz: float) -> Samples:
    """Amplitude (not power) of the surface EMG at the bank's frequencies; no unit."""
    f = _bank_frequencies()
    power = high_hz**4 * f**2 / ((f**2 + low_hz**2) * (f**2 + high_hz**2) ** 2)
    return np.asarray(np.sqrt(power), dtype=np.float64)


def _bank_frequencies() -> Samples:
    return np.asarray(np.fft.rfftfreq(BANK_SAMPLES, 1.0 / OVERSAMPLED_HZ), dtype=np.float64)


def _unit_rms(rows: Samples) -> Samples:
    """Scale each row to 1 RMS as seen at 1 000 Hz."""
    seen = np.abs(np.fft.rfft(rows, axis=1) * sinc3_gain(_bank_frequencies(), 1000.0)) ** 2
    return np.asarray(rows * BANK_SAMPLES / np.sqrt(2.0 * np.sum(seen, axis=1, keepdims=True)), dtype=np.float64)


def _coloured(rows: int, amplitude: Samples, rng: np.random.Generator) -> Samples:
    white = rng.standard_normal((rows, BANK_SAMPLES))
    return _unit_rms(np.fft.irfft(np.fft.rfft(white, axis=1) * amplitude, BANK_SAMPLES, axis=1))


def _grouping(rng: np.random.Generator) -> Samples:
    """Waxing and waning of the signal at 20–35 Hz, irregular, about 50 % deep."""
    f = _bank_frequencies()
    white = rng.standard_normal(BANK_SAMPLES)
    band = np.fft.irfft(np.fft.rfft(white) * np.exp(-0.5 * ((f - rng.uniform(24, 34)) / 5.0) ** 2), BANK_SAMPLES)
    return np.asarray(np.clip(1.0 + 0.5 * band / band.std(), 0.1, 2.5), dtype=np.float64)


def _action_potential(rng: np.random.Generator, width_s: float) -> Samples:
    """A bi- or triphasic potential, 16 ms long, from the first derivatives of a Gaussian."""
    t = (np.arange(32) - 12.0) / OVERSAMPLED_HZ
    x = t / width_s
    bell = np.exp(-0.5 * x**2)
    mix = rng.normal(0.0, 0.5)
    return np.asarray((x * bell + mix * (x**2 - 1.0) * bell) * rng.choice((-1.0, 1.0)), dtype=np.float64)


def _convolve(impulses: Samples, shape: Samples) -> Samples:
    """Circular convolution over the bank."""
    return np.fft.irfft(np.fft.rfft(impulses) * np.fft.rfft(shape, BANK_SAMPLES), BANK_SAMPLES)


def _train(rate_hz: float, regularity: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Firing times (bank samples) of a renewal process with gamma intervals; regularity 1 is Poisson, 20 is steady."""
    expected = int(BANK_SAMPLES / OVERSAMPLED_HZ * rate_hz * 1.3) + 20
    times = np.cumsum(rng.gamma(regularity, 1.0 / (regularity * rate_hz), expected))
    index = (times * OVERSAMPLED_HZ).astype(np.int64)
    return index[index < BANK_SAMPLES]


def _unit_groups(units: int, rng: np.random.Generator) -> Samples:
    """(5, bank): the summed trains of the units of each recruitment step, small ones first."""
    groups = np.zeros((len(_THRESHOLDS) - 1, BANK_SAMPLES))
    for unit in range(units):
        # Few small units fire in a weak contraction, one at least in each step.
        step = unit if unit < len(groups) else int(len(groups) * np.sqrt(unit / units))
        impulses = np.zeros(BANK_SAMPLES)
        fired = _train(rng.uniform(10.0, 20.0 + 5.0 * step), rng.uniform(6.0, 18.0), rng)
        np.add.at(impulses, fired, rng.lognormal(0.0, 0.12, len(fired)))
        groups[step] += _convolve(
            impulses, _action_potential(rng, rng.uniform(0.7e-3, 1.8e-3)) * rng.lognormal(0.0, 0.35)
        )
    return _unit_rms(groups)


def _volleys(muscles: int, shared: float, rng: np.random.Generator) -> Samples:
    """(muscles, bank): compound potentials of each muscle at volley times that all muscles share, and at times of its
    own."""

    def impulses() -> Samples:
        intervals = rng.uniform(1.0 / 400.0, 1.0 / 150.0, BANK_SAMPLES // 5)
        fired = (np.cumsum(intervals) * OVERSAMPLED_HZ).astype(np.int64)
        fired = fired[fired < BANK_SAMPLES]
        train = np.zeros(BANK_SAMPLES)
        np.add.at(train, fired, rng.lognormal(0.0, 0.6, len(fired)))
        return train

    def compound() -> Samples:
        shape = np.zeros(48)
        for _ in range(int(rng.integers(3, 8))):
            delay = int(rng.integers(0, 14))
            shape[delay : delay + 32] += _action_potential(rng, rng.uniform(0.8e-3, 1.9e-3)) * rng.lognormal(0.0, 0.4)
        return shape

    common = impulses()
    both = np.stack([_convolve(common, compound()) for _ in range(muscles)])
    own = np.stack([_convolve(impulses(), compound()) for _ in range(muscles)])
    return _unit_rms(np.sqrt(shared) * _unit_rms(both) + np.sqrt(1.0 - shared) * _unit_rms(own))


def _stretch(bank: Samples, offset: int, length: int) -> Samples:
    first = offset % BANK_SAMPLES
    if first + length <= BANK_SAMPLES:
        return bank[first : first + length]
    return np.asarray(np.take(bank, np.arange(first, first + length), mode="wrap"), dtype=np.float64)
