"""What a header of eight-character decimals has to say so that readers find counts x µV per count.

A reader draws a line through (digital minimum, physical minimum) and (digital maximum, physical maximum). The limits may lie
anywhere on that line, so each end is moved by up to 4095 codes to where its physical value is a short decimal: with an ADS1299 at gain
24 that is ±8388607 and ±187500 µV, which is exact. The code -8388608 then lies one below the digital minimum; it is stored as it
is, and a reader that clips would show it one code higher.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from hfs_emg.errors import RecordingError
from hfs_emg.model import Input
from hfs_emg.session.bdf import COUNT_MAX, COUNT_MIN, BdfSignal

_SEARCH_CODES = 4096
_EXACT = 1e-13
_WIDTH = 8
_DIMENSIONS = (("uV", 1.0), ("mV", 1e-3), ("nV", 1e3), ("V", 1e-6))


def voltage_signal(exg: Input, label: str, samples_per_record: int) -> BdfSignal:
    """The header of one EXG input. Raises RecordingError for a scale that eight characters cannot hold."""
    for dimension, factor in _DIMENSIONS:
        width, offset = exg.microvolts_per_count * factor, exg.offset_uv * factor
        low = _limit(width, offset, max(exg.count_min, COUNT_MIN), outward=-1)
        high = _limit(width, offset, min(exg.count_max, COUNT_MAX), outward=1)
        if low is None or high is None or float(low[1]) == float(high[1]):
            continue
        return BdfSignal(
            label, dimension, low[1], high[1], low[0], high[0], samples_per_record, "surface EMG electrode pair"
        )
    raise RecordingError(
        f"Input '{exg.label}' has {exg.microvolts_per_count} µV per count, which a BDF header cannot express: correct the scale."
    )


def plain_signal(label: str, samples_per_record: int) -> BdfSignal:
    """The header of an auxiliary column: counts without a unit."""
    return BdfSignal(label, "", str(COUNT_MIN), str(COUNT_MAX), COUNT_MIN, COUNT_MAX, samples_per_record)


def record_length(rate_hz: float) -> tuple[int, str]:
    """(samples per record, duration of a record as text): one second, or as little more as makes the rate exact.

    The text has eight characters at most; where no record of up to two seconds is exact the nearest is taken (5e-8 at worst).
    """
    best: tuple[float, int, str] | None = None
    for samples in range(max(1, ceil(rate_hz)), max(2, int(2 * rate_hz)) + 1):
        text = _text(samples / rate_hz)
        error = abs(float(text) * rate_hz / samples - 1) if text and float(text) > 0 else 1.0
        if best is None or error < best[0]:
            best = (error, samples, text or "")
        if error < _EXACT:
            break
    if best is None or best[0] > 1e-6:
        raise RecordingError(f"A rate of {rate_hz} Hz cannot be written to a BDF file: 1 to 100 000 Hz can.")
    return best[1], best[2]


def _limit(width: float, offset: float, code: int, outward: int) -> tuple[int, str] | None:
    """The code near `code` whose physical value is nearest to a decimal of eight characters, and that decimal."""
    far = min(max(code + outward * (_SEARCH_CODES - 1), COUNT_MIN), COUNT_MAX)
    codes = far - outward * np.arange(_SEARCH_CODES, dtype=np.int64)
    codes = codes[np.argsort(np.abs(codes - code), kind="stable")]
    physical = (codes * width + offset).astype(np.float64, copy=False)
    places = _decimals(float(np.max(np.abs(physical))), bool(np.min(physical) < 0))
    if places is None:
        return None
    rounded = np.round(physical, places)
    error = np.abs(rounded - physical)
    good = np.flatnonzero(error <= _EXACT * np.maximum(np.abs(physical), 1e-6))
    chosen = int(good[0]) if len(good) else int(np.argmin(error))
    text = f"{float(rounded[chosen]):.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return int(codes[chosen]), "0" if text in ("-0", "") else text


def _decimals(largest: float, negative: bool) -> int | None:
    """Decimals that fit beside the sign and the whole part; None when the whole part is too long, or the value too small to say."""
    whole = len(str(int(largest))) + (1 if negative else 0)
    if whole > _WIDTH:
        return None
    places = max(0, _WIDTH - 1 - whole)
    return places if largest * 10**places >= 1000 or largest == 0 else None


def _text(value: float) -> str | None:
    places = _decimals(value, negative=False)
    if places is None:
        return None
    return f"{value:.{places}f}".rstrip("0").rstrip(".")
