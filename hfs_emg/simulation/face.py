"""A simulated face: endless counts and the truth about them, the same for the same scenario and seed however they are
read.

The signal is made in segments of ten seconds at fixed places. A segment is a pure function of the seed and its number:
what is planned to overlap it is rendered at 2 000 samples per second, one muscle at a time, decimated, mixed to the
inputs and added to the background in the order of the plan. Nothing is kept that ended, so any length works.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.montage import default_montage
from hfs_emg.errors import RequestError
from hfs_emg.model import Input, Montage, Signal
from hfs_emg.simulation.anatomy import MUSCLE_INDEX, MUSCLES, Face, draw_face
from hfs_emg.simulation.background import Background
from hfs_emg.simulation.carrier import CarrierBank
from hfs_emg.simulation.confounders import WAVES
from hfs_emg.simulation.events import Discharge, Disturbance, Fault, stream
from hfs_emg.simulation.front_end import MICROVOLTS_PER_COUNT, OVERSAMPLED_HZ, Decimator, quantise
from hfs_emg.simulation.plan import Plan
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.truth import Truth
from hfs_emg.simulation.witness import Witness

Samples = NDArray[np.float64]

SEGMENT_S = 10
_MARGIN_S = 0.1
"""What starts so shortly after a segment may still touch it through the decimation filter."""
_RAIL_UV = 400_000.0
_LEAST_UV = 0.02


class SimulatedFace:
    """One person with electrodes.

    Raises RequestError for a rate or number of channels that cannot be, MontageError for a montage beyond the inputs.
    `read` is asked for samples in rising order;
    stretches may be left out.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int = 0,
        rate_hz: float = 250.0,
        channels: int = 8,
        montage: Montage | None = None,
    ) -> None:
        if montage is None and channels not in (4, 8, 16):
            raise RequestError(
                f"A simulated face has 4, 8 or 16 inputs, not {channels}: choose one of them or give a montage."
            )
        self.scenario = scenario
        self.seed = seed
        self.montage = montage if montage is not None else default_montage(channels)
        self._decimate = Decimator(rate_hz)
        self.signal = Signal(
            float(rate_hz), tuple(Input(label, MICROVOLTS_PER_COUNT) for label in self.montage.input_labels(channels))
        )
        self._length = int(SEGMENT_S * rate_hz)
        self._face = draw_face(scenario, self.montage, channels, stream(seed, scenario.name, 3))
        self._carriers = CarrierBank(scenario.carrier, len(MUSCLES), stream(seed, scenario.name, 5))
        self._background = Background(scenario, self._face, rate_hz, self._length, seed)
        self._plan = Plan(scenario, self._face, seed)
        self._witness: Witness | None = None
        self._parts: list[_Part] = []
        self._faults: list[Fault] = []
        self._segment: tuple[int, NDArray[np.int32]] = (-1, np.zeros((0, channels), np.int32))
        self._hums: tuple[int, int, Samples] = (-1, -1, np.zeros((0, 0)))
        self._read_to = 0

    @property
    def anatomy(self) -> Face:
        """This person's constants: which input sees which muscle how strongly, and the like."""
        return self._face

    @property
    def quiet_rms_uv(self) -> Samples:
        """(inputs,) RMS at rest from 20 Hz up, without hum, at the output rate."""
        return self._background.quiet_rms_uv

    def read(self, start: int, n: int) -> NDArray[np.int32]:
        """Counts of samples start to start + n, (n, inputs). start never goes back behind the end of the last call."""
        if start < self._read_to:
            raise ValueError(f"Sample {start} lies before {self._read_to}: a simulated face is read forward.")
        self._read_to = start + n
        out = np.empty((n, len(self.signal.inputs)), np.int32)
        done = 0
        while done < n:
            number, first = divmod(start + done, self._length)
            if self._segment[0] != number:
                self._segment = (number, self._render(number))
            piece = self._segment[1][first : first + n - done]
            out[done : done + len(piece)] = piece
            done += len(piece)
        return out

    def waves_of(self, discharge: Discharge) -> list[tuple[int, Samples, Samples]]:
        """One contraction as the inputs see it: index of its first sample, the wave in µV, its weight at each input (inputs,)."""
        return [(first, wave, weights) for _, first, wave, weights in self._contraction(discharge)]

    def hum(self, start: int, n: int) -> Samples:
        """(n, inputs) µV: the mains alone, in samples start to start + n."""
        first, last = start // self._length, (start + n - 1) // self._length
        if self._hums[:2] != (first, last):
            parts = [self._background.mains(k) for k in range(first, last + 1)]
            self._hums = (first, last, np.concatenate(parts, axis=1))
        return np.ascontiguousarray(self._hums[2][:, start - first * self._length :][:, :n].T)

    def truth(self, until_s: float) -> Truth:
        """What happened before until_s. Asking changes nothing about what `read` gives."""
        if self._witness is None:
            self._witness = Witness(
                Plan(self.scenario, self._face, self.seed),
                self._face,
                self._background.quiet_rms_uv,
                self._carriers.gain_at(self.signal.rate_hz),
            )
        return self._witness.truth(until_s, self.scenario.name, self.seed, self.signal)

    def _render(self, number: int) -> NDArray[np.int32]:
        start_s, end_s = float(number * SEGMENT_S), float((number + 1) * SEGMENT_S)
        self._look_ahead(start_s, end_s)
        shape = (len(self.signal.inputs), self._length)
        muscle, other = np.zeros(shape), np.zeros(shape)
        for part in self._parts:
            if part.start_s < end_s + _MARGIN_S:
                for into, first, wave, weights in self._waves(part):
                    _add(muscle if into == "muscle" else other, number * self._length, first, wave, weights)
        noise, mains = self._background.noise(number), self._background.mains(number)
        _weaken(self._faults, self._background.times_s(number), muscle, noise, mains)
        total = muscle + other + noise + mains + self._background.slow(number)
        _break(self._faults, self._background.times_s(number), total)
        return np.ascontiguousarray(quantise(total).T)

    def _look_ahead(self, start_s: float, end_s: float) -> None:
        while self._plan.planned_s < end_s + 1.0:
            for happening in self._plan.chapter():
                self._parts += [_Part(d) for d in happening.discharges]
                self._parts += [_Part(d) for d in happening.disturbances]
                self._faults += happening.faults
        self._parts = [p for p in self._parts if p.end_s > start_s - _MARGIN_S]
        self._faults = [f for f in self._faults if f.end_s > start_s - _MARGIN_S]

    def _waves(self, part: _Part) -> list[_Wave]:
        if part.waves is None:
            source = part.source
            part.waves = self._contraction(source) if isinstance(source, Discharge) else [self._disturbance(source)]
        return part.waves

    def _contraction(self, discharge: Discharge) -> list[_Wave]:
        t = np.arange(int(discharge.envelope.span_s * OVERSAMPLED_HZ) + 1) / OVERSAMPLED_HZ
        envelope = discharge.envelope.at(t)
        waves: list[_Wave] = []
        for drive in discharge.drives:
            muscle = MUSCLE_INDEX[drive.side, drive.site]
            weights = self._face.mixing[muscle]
            if drive.level_uv * float(weights.max()) < _LEAST_UV:
                continue
            if discharge.ectopic:
                wave = self._carriers.ectopic(envelope * drive.level_uv, discharge.offset, muscle)
            else:
                wave = self._carriers.voluntary(envelope * drive.level_uv, discharge.offset + 5_441 * muscle)
            first, seen = self._decimate(wave, round((discharge.start_s + drive.lag_s) * OVERSAMPLED_HZ))
            waves.append(("muscle", first, seen, weights))
        return waves

    def _disturbance(self, disturbance: Disturbance) -> _Wave:
        t = np.arange(int(disturbance.duration_s * OVERSAMPLED_HZ)) / OVERSAMPLED_HZ
        wave = WAVES[disturbance.shape](t, disturbance.duration_s, disturbance.seed)
        first, seen = self._decimate(wave, round(disturbance.start_s * OVERSAMPLED_HZ))
        weights = np.zeros(len(self.signal.inputs))
        for number, size in disturbance.weights:
            weights[number] = size
        return ("other", first, seen, weights)


_Wave = tuple[str, int, Samples, Samples]
"""Buffer it belongs to, index of its first output sample, the wave, its weight at each input."""


class _Part:
    """Something planned, with its rendering once a segment needed it."""

    def __init__(self, source: Discharge | Disturbance) -> None:
        self.source = source
        self.waves: list[_Wave] | None = None
        self.start_s = source.start_s
        self.end_s = source.end_s


def _add(buffer: Samples, origin: int, first: int, wave: Samples, weights: Samples) -> None:
    """Add a wave, weighted per input, where it overlaps the buffer that starts at sample `origin`."""
    begin, end = max(first, origin), min(first + len(wave), origin + buffer.shape[1])
    if begin < end:
        buffer[:, begin - origin : end - origin] += weights[:, None] * wave[begin - first : end - first]


def _weaken(faults: list[Fault], times_s: Samples, muscle: Samples, noise: Samples, mains: Samples) -> None:
    """Drying electrodes and hum: how faults change what an input sees."""
    for fault in faults:
        held = (times_s >= fault.start_s) & (times_s < fault.end_s)
        i = fault.input
        if fault.kind == "drying":
            dried = np.clip((times_s - fault.start_s) / (fault.end_s - fault.start_s), 0.0, 1.0)
            noise[i] *= np.where(held, 1.0 + (fault.size - 1.0) * dried**2, 1.0)
            mains[i] *= np.where(held, 1.0 + 2.0 * (fault.size - 1.0) * dried**2, 1.0)
            muscle[i] *= np.where(held, 1.0 - 0.5 * dried, 1.0)
        elif fault.kind == "mains":
            mains[i] *= np.where(held, fault.size, 1.0)
        elif fault.kind == "lead_off":
            muscle[i] *= np.where(held, 0.0, 1.0)
            mains[i] *= np.where(held, fault.size, 1.0)
            noise[i] *= np.where(held, 8.0, 1.0)


def _break(faults: list[Fault], times_s: Samples, total: Samples) -> None:
    """Rails and flat lines: inputs that show nothing of the face."""
    for fault in faults:
        held = (times_s >= fault.start_s) & (times_s < fault.end_s)
        if fault.kind == "rail":
            total[fault.input] = np.where(held, fault.size * _RAIL_UV, total[fault.input])
        elif fault.kind == "flat":
            total[fault.input] = np.where(held, 0.0, total[fault.input])
