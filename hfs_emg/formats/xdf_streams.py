"""What the streams of an XDF file are: which of them is EMG, in what unit, and where each other one's words belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from xml.etree import ElementTree as ET

import numpy as np

from hfs_emg.errors import RecordingError
from hfs_emg.formats.text_recording import LOWEST_RATE_HZ, listed
from hfs_emg.formats.xdf_chunks import NUMBERS

MOST_CHANNELS = 4096
INDEX_LABEL = "SAMPLE"
"""The channel by which our own outlets tell the index of a sample."""
_RANKS = ("EMG", "EXG", "EEG", "ECG", "EOG")
_UNITS = {"microvolts": 1.0, "microvolt": 1.0, "uv": 1.0, "µv": 1.0, "μv": 1.0, "millivolts": 1e3, "millivolt": 1e3, "mv": 1e3,
          "volts": 1e6, "volt": 1e6, "v": 1e6, "nanovolts": 1e-3, "nanovolt": 1e-3, "nv": 1e-3}  # fmt: skip


@dataclass(slots=True)
class Stream:
    """One stream header. units: microvolts per unit of each channel, None where it is no voltage."""

    id: int
    name: str
    type: str
    form: str
    rate_hz: float
    labels: tuple[str, ...]
    units: tuple[float | None, ...]
    offsets: list[tuple[float, float]] = field(default_factory=list)

    @property
    def channels(self) -> int:
        """How many values a sample has."""
        return len(self.labels)

    @property
    def text(self) -> bool:
        """A stream of words: markers."""
        return self.form == "string"

    @property
    def words(self) -> str:
        """For messages."""
        rate = f"{self.rate_hz:g} Hz" if self.rate_hz else "no rate"
        return f"'{self.name}' ({self.type or 'no type'}, {self.form}, {rate})"

    def synchronised(self, moment: float) -> float:
        """A time stamp in the clock of the computer that recorded, by the offsets measured meanwhile."""
        if not self.offsets:
            return moment
        times, offsets = np.array(self.offsets).T
        return moment + float(np.interp(moment, times, offsets))


def stream_of(number: int, header: ET.Element) -> Stream:
    """From a stream header. Raises ValueError for one that cannot be."""
    count = int(_text(header, "channel_count", "0"))
    form = _text(header, "channel_format", "")
    if not 0 < count <= MOST_CHANNELS or (form not in NUMBERS and form != "string"):
        raise ValueError(f"a stream of {count} channels in the format '{form[:20]}'")
    rate_hz = float(_text(header, "nominal_srate", "0"))
    if not (isfinite(rate_hz) and rate_hz >= 0):
        raise ValueError(f"a rate of {rate_hz} Hz")
    described = header.findall("desc/channels/channel")[:count]
    labels = [_text(c, "label", "") for c in described] + [""] * (count - len(described))
    units = [_UNITS.get(_text(c, "unit", "").lower()) for c in described] + [None] * (count - len(described))
    named = tuple(label or f"EXG {n}" for n, label in enumerate(labels, 1))
    return Stream(number, _text(header, "name", "?"), _text(header, "type", ""), form, rate_hz, named, tuple(units))


def chosen(name: str, streams: Sequence[Stream]) -> Stream:
    """The stream that is EMG: of type EMG or its like, in volts, the one of most channels. Raises RecordingError with what was found."""
    if not streams:
        raise RecordingError(f"{name} holds no stream: nothing was selected when it was recorded.")
    found = listed([s.words for s in streams])[:300]
    numbers = [s for s in streams if not s.text and s.rate_hz > 0]
    fast = [s for s in numbers if s.rate_hz >= LOWEST_RATE_HZ]
    if not fast:
        raise RecordingError(
            f"{name} holds no signal of {LOWEST_RATE_HZ:g} Hz or more, which EMG needs (found: {found}): record the raw stream."
        )
    known = [s for s in fast if s.type.upper() in _RANKS] or fast
    known.sort(key=lambda s: (_rank(s), -sum(u is not None for u in s.units)))
    return known[0]


def _rank(stream: Stream) -> int:
    kind = stream.type.upper()
    return _RANKS.index(kind) if kind in _RANKS else len(_RANKS)


def _text(element: ET.Element, path: str, default: str) -> str:
    found = element.find(path)
    return (found.text or default).strip() if found is not None else default
