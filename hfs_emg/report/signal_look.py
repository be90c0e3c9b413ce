"""One pass over a session's signal for its report: what counts for nothing, and how strong each channel is at each moment.

Forward, block by block, with the settings and the model that the session keeps; memory is two bytes per channel and 20 ms. What readers
say of the events does not enter, so that a look stays good as long as the session's files do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage
from hfs_emg.analysis.burden import Span
from hfs_emg.events import Invalid
from hfs_emg.session.reader import Session
from hfs_emg.sessions import Kept

HOP_S = 0.02
_HIGHEST_UV = 60_000.0
"""Half floats end at 65 504; EMG that strong is none."""


@dataclass(frozen=True, slots=True)
class SignalLook:
    """levels (channels, hops): RMS of each 20 ms in µV, half floats. hop_s: their distance."""

    invalid: tuple[Invalid, ...]
    levels: NDArray[np.float16]
    hop_s: float
    _rests: dict[int, float] = field(default_factory=dict, compare=False)

    def each(self, channel: int, spans: Sequence[Span]) -> NDArray[np.float64]:
        """RMS of a channel in each stretch that holds a whole hop, in µV, in their order."""
        count = self.levels.shape[1]
        hops = np.array([self._hops(span) for span in spans], np.intp).reshape(-1, 2)
        hops = np.minimum(hops, count)[hops[:, 0] < count]
        if not len(hops):
            return np.empty(0)
        squares = np.append(self.levels[channel].astype(np.float64) ** 2, 0.0)  # an end may lie behind the last one
        sums = np.add.reduceat(squares, hops.ravel())[::2]
        return np.asarray(np.sqrt(sums / (hops[:, 1] - hops[:, 0])))

    def typical(self, channel: int, spans: Sequence[Span]) -> float | None:
        """Median over stretches of the RMS in each, µV: one that something else fell into does not move it. None where there is none."""
        values = self.each(channel, spans)
        return float(np.median(values)) if len(values) else None

    def rest(self, channel: int) -> float | None:
        """The quiet level of a channel: the 20th percentile over the recording, which activity of four fifths of the time cannot move."""
        if channel not in self._rests and self.levels.shape[1]:
            # A night has a million and a half levels, and thousands of blinks are set against their rest.
            self._rests[channel] = float(np.percentile(self.levels[channel].astype(np.float64), 20))
        return self._rests.get(channel)

    def _hops(self, span: Span) -> tuple[int, int]:
        first = int(span[0] / self.hop_s)
        return first, max(first + 1, round(span[1] / self.hop_s))


def look_at(
    session: Session,
    montage: Montage,
    kept: Kept,
    progress: Callable[[float], None] | None = None,
    *,
    in_two: bool = False,
) -> SignalLook:
    """Read the session once. progress: called with the share done. in_two: as `analyse` has it. Raises RecordingError while reading."""
    from hfs_emg.analysis.beside import whole  # noqa: PLC0415 - brings the analyser, which no page needs
    from hfs_emg.analysis.conditioning import Conditioner  # noqa: PLC0415
    from hfs_emg.analysis.frames import FrameClock  # noqa: PLC0415

    signal = session.signal
    rate = signal.rate_hz
    clock = FrameClock.at(rate)
    conditioner = Conditioner(rate, len(montage.channels), clock.second * clock.hop, kept.settings)
    rows = [c.input for c in montage.channels]
    scale = np.array([signal.inputs[i].microvolts_per_count for i in rows])[:, None]
    hop = max(1, round(HOP_S * rate))
    levels: list[NDArray[np.float16]] = []
    invalid: list[Invalid] = []
    carry = np.empty((len(rows), 0))
    told = session.samples if in_two else 0
    with whole(signal, montage, kept.settings, kept.model, kept.profile, samples=told) as analyzer:
        for block in session.blocks():
            invalid += analyzer.push(block).invalid
            emg = conditioner.push(block.counts[:, rows].T * scale, block.lost).emg
            carry = np.concatenate([carry, emg], axis=1)
            full = carry.shape[1] // hop * hop
            power = (carry[:, :full].reshape(len(rows), -1, hop) ** 2).mean(axis=2)
            levels.append(np.minimum(np.sqrt(power), _HIGHEST_UV).astype(np.float16))
            carry = carry[:, full:]
            if progress is not None:
                progress(min(1.0, block.end / max(1, session.samples)))
        invalid += analyzer.finish().invalid
    invalid.sort(key=lambda i: (i.start_s, i.end_s, i.reason))
    strength = np.concatenate(levels, axis=1) if levels else np.empty((len(rows), 0), np.float16)
    return SignalLook(tuple(invalid), strength, hop / rate)


class _Packed(msgspec.Struct, frozen=True):
    invalid: tuple[Invalid, ...]
    channels: int
    levels: bytes
    hop_s: float


def packed(look: SignalLook) -> bytes:
    """A look as one message, for another process."""
    levels = np.ascontiguousarray(look.levels, "<f2")
    return msgspec.msgpack.encode(_Packed(look.invalid, len(levels), levels.tobytes(), look.hop_s))


def unpacked(message: bytes) -> SignalLook:
    """The look of a message. Raises msgspec.MsgspecError or ValueError for one that is none."""
    told = msgspec.msgpack.decode(message, type=_Packed)
    levels = np.frombuffer(told.levels, "<f2").reshape(told.channels, -1)
    return SignalLook(told.invalid, levels, told.hop_s)
