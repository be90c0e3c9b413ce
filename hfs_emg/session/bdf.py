"""What an EDF, EDF+, BDF or BDF+ file is made of: signals, header, samples.

Format: a header (see bdf_header.py), then data records. A record holds each signal's samples in turn, little-endian two's
complement, 2 bytes in EDF and 3 in BDF (edfplus.info/specs: "EDF", "EDF+"; biosemi.com/faq/file_format.htm).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from hfs_emg.errors import RecordingError

HEADER_BYTES = 256
COUNT_MIN = -0x800000
COUNT_MAX = 0x7FFFFF

_MICROVOLTS = {"nv": 1e-3, "uv": 1.0, "µv": 1.0, "μv": 1.0, "mv": 1e3, "v": 1e6}
_ANNOTATION_LABELS = ("EDF Annotations", "BDF Annotations")


@dataclass(frozen=True, slots=True)
class BdfSignal:
    """One signal's header. Physical limits are the decimal texts of the file, eight characters at most."""

    label: str
    dimension: str
    physical_min: str
    physical_max: str
    digital_min: int
    digital_max: int
    samples_per_record: int
    transducer: str = ""
    prefilter: str = ""

    @property
    def annotations(self) -> bool:
        """True for the signal that holds annotations instead of samples."""
        return self.label in _ANNOTATION_LABELS

    @property
    def scale(self) -> tuple[float, float]:
        """(a, b) of physical = a * count + b. Raises RecordingError when the limits span nothing."""
        low, high = float(self.physical_min), float(self.physical_max)
        if self.digital_max == self.digital_min or high == low:
            raise RecordingError(
                f"Signal '{self.label}' has physical limits {self.physical_min} to {self.physical_max} over digital limits "
                f"{self.digital_min} to {self.digital_max}, which gives no scale: leave it out or correct the header."
            )
        width = (high - low) / (self.digital_max - self.digital_min)
        return width, high - width * self.digital_max

    @property
    def microvolts_scale(self) -> tuple[float, float] | None:
        """(µV per count, offset in µV); None when the physical dimension is no voltage."""
        factor = _MICROVOLTS.get(self.dimension.strip().lower())
        if factor is None:
            return None
        width, offset = self.scale
        return width * factor, offset * factor


@dataclass(frozen=True, slots=True)
class BdfHeader:
    """A file's header. sample_bytes: 3 in BDF, 2 in EDF. start: header time, without a zone, None when the file does not say.

    continuity: "" (no annotations), "C" continuous or "D" discontinuous. records: as the header says it, -1 when not known.
    """

    sample_bytes: int
    patient: str
    recording: str
    start: datetime | None
    continuity: str
    records: int
    record_duration: str
    signals: tuple[BdfSignal, ...]

    @property
    def record_s(self) -> float:
        """Seconds per data record."""
        return float(self.record_duration)

    @property
    def header_bytes(self) -> int:
        """Where the first data record begins."""
        return HEADER_BYTES * (1 + len(self.signals))

    @property
    def record_bytes(self) -> int:
        """Size of one data record."""
        return self.sample_bytes * sum(s.samples_per_record for s in self.signals)

    def rate_hz(self, signal: int) -> float:
        """Samples per second of one signal."""
        return self.signals[signal].samples_per_record / self.record_s


def encode_samples(counts: NDArray[np.int32], sample_bytes: int = 3) -> NDArray[np.uint8]:
    """Bytes of samples: (…, n) counts become (…, n * sample_bytes). Counts beyond the width are the caller's mistake."""
    if sample_bytes == 2:
        return np.ascontiguousarray(counts, dtype="<i2").view(np.uint8)
    wide = np.ascontiguousarray(counts, dtype="<i4").view(np.uint8).reshape(*counts.shape, 4)
    return np.ascontiguousarray(wide[..., :3]).reshape(*counts.shape[:-1], counts.shape[-1] * 3)


def decode_samples(raw: NDArray[np.uint8], sample_bytes: int) -> NDArray[np.int32]:
    """Counts from bytes: (…, n * sample_bytes) uint8 become (…, n) int32."""
    shape = (*raw.shape[:-1], raw.shape[-1] // sample_bytes)
    if sample_bytes == 2:
        return np.ascontiguousarray(raw).view("<i2").reshape(shape).astype(np.int32)
    wide = np.zeros((*shape, 4), np.uint8)
    wide[..., 1:] = raw.reshape(*shape, 3)
    return (wide.view("<i4")[..., 0] >> 8).astype(np.int32, copy=False)
