"""Headers of EDF, EDF+, BDF and BDF+ files: encode and decode side by side.

Format: 256 bytes, then 256 bytes per signal (field by field, not signal by signal), all space-padded ASCII, as the tables below say.

Rule: fail early on write, late on read. Writing refuses what a strict reader would refuse; reading refuses only what makes the
samples unreadable, and each refusal carries the field and its value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import isfinite

from hfs_emg.errors import RecordingError
from hfs_emg.session.bdf import HEADER_BYTES, BdfHeader, BdfSignal

RECORD_COUNT_OFFSET = 236
RECORD_COUNT_WIDTH = 8

_MAIN_FIELDS = (
    ("version", 8),
    ("patient", 80),
    ("recording", 80),
    ("start date", 8),
    ("start time", 8),
    ("header bytes", 8),
    ("reserved", 44),
    ("number of data records", 8),
    ("duration of a data record", 8),
    ("number of signals", 4),
)
_SIGNAL_FIELDS = (
    ("label", 16),
    ("transducer", 80),
    ("physical dimension", 8),
    ("physical minimum", 8),
    ("physical maximum", 8),
    ("digital minimum", 8),
    ("digital maximum", 8),
    ("prefilter", 80),
    ("samples per record", 8),
    ("reserved", 32),
)
_BDF_VERSION = b"\xffBIOSEMI"
_EDF_VERSION = b"0       "
_UNKNOWN_START = datetime(1985, 1, 1)  # noqa: DTZ001 - a header time has no zone; this one stands for "not known"


def encode_header(header: BdfHeader) -> bytes:
    """The header's bytes. Raises RecordingError naming the field that does not fit or that a strict reader would refuse."""
    start = header.start or _UNKNOWN_START
    if not 1985 <= start.year <= 2084:
        raise RecordingError(f"Start year {start.year} cannot be written: BDF dates run from 1985 to 2084.")
    plus = f"BDF+{header.continuity}" if header.sample_bytes == 3 else f"EDF+{header.continuity}"
    reserved = plus if header.continuity else ("24BIT" if header.sample_bytes == 3 else "")
    main = (
        "" if header.sample_bytes == 3 else "0",
        header.patient,
        header.recording,
        f"{start:%d.%m.%y}",
        f"{start:%H.%M.%S}",
        str(header.header_bytes),
        reserved,
        str(header.records),
        header.record_duration,
        str(len(header.signals)),
    )
    encoded = b"".join(_pad(name, value, width) for (name, width), value in zip(_MAIN_FIELDS, main, strict=True))
    if header.sample_bytes == 3:
        encoded = _BDF_VERSION + encoded[len(_BDF_VERSION) :]
    columns = [_signal_texts(signal, header.sample_bytes) for signal in header.signals]
    for i, (name, width) in enumerate(_SIGNAL_FIELDS):
        encoded += b"".join(_pad(f"{name} of '{column[0]}'", column[i], width) for column in columns)
    return encoded


def decode_header(head: bytes, file_bytes: int) -> BdfHeader:
    """The header at the beginning of a file of `file_bytes` bytes; `head` is at least as long as the header says it is.

    Raises RecordingError naming the field and its value.
    """
    if len(head) < HEADER_BYTES:
        raise RecordingError(f"The file has {file_bytes} bytes, but an EDF or BDF header alone has 256: it is not one.")
    if head[:8] not in (_BDF_VERSION, _EDF_VERSION):
        raise RecordingError(f"The file begins with {head[:8]!r}: it is neither EDF nor BDF.")
    sample_bytes = 3 if head[:8] == _BDF_VERSION else 2
    main = _split(head[:HEADER_BYTES], _MAIN_FIELDS, 1)
    field = {name: values[0] for name, values in main.items()}
    count = _whole("number of signals", field["number of signals"], 1, 9999)
    stated = _whole("header bytes", field["header bytes"], 0, 99_999_999)
    expected = HEADER_BYTES * (1 + count)
    if stated != expected or len(head) < expected:
        raise RecordingError(
            f"Header field 'header bytes' is {stated}, but {count} signals need {expected} and the file has {file_bytes}: "
            "the header is damaged."
        )
    duration = _decimal("duration of a data record", field["duration of a data record"])
    rows = _split(head[HEADER_BYTES:expected], _SIGNAL_FIELDS, count)
    signals = tuple(_signal({name: values[i] for name, values in rows.items()}) for i in range(count))
    if float(duration) <= 0 and not all(s.annotations for s in signals):
        raise RecordingError(
            f"Header field 'duration of a data record' is {duration}: a record must last longer than 0 s."
        )
    reserved = field["reserved"]
    return BdfHeader(
        sample_bytes=sample_bytes,
        patient=field["patient"],
        recording=field["recording"],
        start=_start(field["start date"], field["start time"]),
        continuity=reserved[4] if reserved[:5] in ("EDF+C", "EDF+D", "BDF+C", "BDF+D") else "",
        records=_whole("number of data records", field["number of data records"], -1, 99_999_999, default=-1),
        record_duration=duration,
        signals=signals,
    )


def header_size(head: bytes) -> int:
    """How many bytes decode_header needs, from the first 256: bounded by what the number of signals can say."""
    digits = head[252:256].strip(b" \x00")
    return HEADER_BYTES * (1 + int(digits)) if digits.isdigit() else HEADER_BYTES


def _pad(name: str, value: str, width: int) -> bytes:
    if not value.isascii() or not (value.isprintable() or value == ""):
        raise RecordingError(f"Header field '{name}' is {value!r}: only printable ASCII can be written.")
    if len(value) > width:
        raise RecordingError(f"Header field '{name}' is {value!r}: longer than its {width} characters.")
    return value.ljust(width).encode("ascii")


def _signal_texts(signal: BdfSignal, sample_bytes: int) -> tuple[str, ...]:
    half = 1 << (8 * sample_bytes - 1)
    if not -half <= signal.digital_min < signal.digital_max <= half - 1:
        raise RecordingError(
            f"Signal '{signal.label}' has digital limits {signal.digital_min} to {signal.digital_max}: "
            f"they must rise within {-half} to {half - 1}."
        )
    if float(signal.physical_min) == float(signal.physical_max):
        raise RecordingError(
            f"Signal '{signal.label}' has equal physical limits {signal.physical_min}: give it a range."
        )
    if signal.samples_per_record < 1:
        raise RecordingError(
            f"Signal '{signal.label}' has {signal.samples_per_record} samples per record: at least one is needed."
        )
    return (
        signal.label,
        signal.transducer,
        signal.dimension,
        signal.physical_min,
        signal.physical_max,
        str(signal.digital_min),
        str(signal.digital_max),
        signal.prefilter,
        str(signal.samples_per_record),
        "",
    )


def _split(raw: bytes, fields: Sequence[tuple[str, int]], count: int) -> dict[str, list[str]]:
    """Texts of each field, `count` of each, stripped. Bytes beyond ASCII are read as Latin-1: old files hold µ and names."""
    texts: dict[str, list[str]] = {}
    at = 0
    for name, width in fields:
        texts[name] = [
            raw[at + i * width : at + (i + 1) * width].decode("latin-1").strip(" \x00") for i in range(count)
        ]
        at += width * count
    return texts


def _signal(field: dict[str, str]) -> BdfSignal:
    label = field["label"]
    of = f" of '{label}'"
    return BdfSignal(
        label=label,
        dimension=field["physical dimension"],
        physical_min=_decimal("physical minimum" + of, field["physical minimum"]),
        physical_max=_decimal("physical maximum" + of, field["physical maximum"]),
        digital_min=_whole("digital minimum" + of, field["digital minimum"], -0x80000000, 0x7FFFFFFF),
        digital_max=_whole("digital maximum" + of, field["digital maximum"], -0x80000000, 0x7FFFFFFF),
        samples_per_record=_whole("samples per record" + of, field["samples per record"], 0, 99_999_999),
        transducer=field["transducer"],
        prefilter=field["prefilter"],
    )


def _whole(name: str, text: str, low: int, high: int, default: int | None = None) -> int:
    try:
        value = float(text)
        if low <= value <= high and value == int(value):
            return int(value)
    except (ValueError, OverflowError):
        pass
    if default is not None:
        return default
    raise RecordingError(
        f"Header field '{name}' is {text!r}: a whole number from {low} to {high} is needed, the header is damaged."
    )


def _decimal(name: str, text: str) -> str:
    try:
        if isfinite(float(text)):
            return text
    except ValueError:
        pass
    raise RecordingError(f"Header field '{name}' is {text!r}: a decimal number is needed, the header is damaged.")


def _start(date: str, time: str) -> datetime | None:
    try:
        day, month, year = (int(part) for part in date.split("."))
        hour, minute, second = (int(part) for part in time.split("."))
        start = datetime(year + (1900 if year >= 85 else 2000), month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None
    return None if start == _UNKNOWN_START else start
