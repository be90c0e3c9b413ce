"""EDF and BDF headers, samples and annotations, against each other and against what hostile files say."""

from __future__ import annotations

import contextlib
import dataclasses
import tracemalloc
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hfs_emg.errors import RecordingError
from hfs_emg.session.annotations import (
    Annotation,
    ascii_text,
    decode_annotations,
    encode_annotation,
    encode_stamp,
)
from hfs_emg.session.bdf import BdfHeader, BdfSignal, decode_samples, encode_samples
from hfs_emg.session.bdf_file import BdfFile
from hfs_emg.session.bdf_header import decode_header, encode_header

NOTES = BdfSignal("EDF Annotations", "", "-1", "1", -32768, 32767, 30)
HEADER = BdfHeader(
    sample_bytes=2,
    patient="P014 X X X",
    recording="Startdate 20-NOV-2026 X X X",
    start=datetime(2026, 11, 20, 18, 53, 23),  # noqa: DTZ001
    continuity="C",
    records=3,
    record_duration="0.5",
    signals=(BdfSignal("EMG L OOC", "mV", "-3.2768", "3.2767", -32768, 32767, 4), NOTES),
)
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8)
limits = st.tuples(st.integers(-(2**23), 2**23 - 2), st.integers(1, 2**23)).map(
    lambda p: (p[0], min(sum(p), 2**23 - 1))
)


@st.composite
def headers(draw: st.DrawFn) -> BdfHeader:
    signals = []
    for _ in range(draw(st.integers(1, 5))):
        low, high = draw(limits)
        physical = draw(st.integers(-999_999, 999_998))
        signals.append(
            BdfSignal(
                draw(printable), draw(printable), str(physical), str(physical + 1), low, high, draw(st.integers(1, 10**7)),
                draw(printable), draw(printable),
            )
        )  # fmt: skip
    year_start, year_end = datetime(1985, 1, 2), datetime(2084, 12, 31)  # noqa: DTZ001
    start = draw(st.none() | st.datetimes(year_start, year_end).map(lambda d: d.replace(microsecond=0)))
    duration = draw(st.sampled_from(["1", "0.5", "1.000023", "60"]))
    return BdfHeader(
        3, draw(printable), draw(printable), start, draw(st.sampled_from(["", "C", "D"])),
        draw(st.integers(-1, 10**7)), duration, tuple(signals),
    )  # fmt: skip


def written(path: Path, header: BdfHeader, records: list[list[np.ndarray]], notes: list[bytes]) -> Path:
    """A file of these samples per record and signal, and these annotation bytes."""
    body = b""
    for samples, note in zip(records, notes, strict=True):
        body += b"".join(encode_samples(s, header.sample_bytes).tobytes() for s in samples)
        body += note.ljust(header.signals[-1].samples_per_record * header.sample_bytes, b"\x00")
    path.write_bytes(encode_header(header) + body)
    return path


def small(path: Path, header: BdfHeader = HEADER) -> Path:
    records = [[np.arange(4, dtype=np.int32) + 10 * k] for k in range(3)]
    return written(path, header, records, [encode_stamp(k * 0.5) for k in range(3)])


@given(headers())
def test_what_is_encoded_is_decoded(header: BdfHeader) -> None:
    encoded = encode_header(header)
    assert decode_header(encoded, len(encoded)) == header


@given(st.sampled_from([2, 3]), st.lists(st.integers(-(2**23), 2**23 - 1), min_size=1, max_size=40))
def test_samples_come_back_exactly(sample_bytes: int, values: list[int]) -> None:
    counts = np.array(values, np.int32) >> (8 if sample_bytes == 2 else 0)
    encoded = encode_samples(counts, sample_bytes)
    assert encoded.shape == (len(values) * sample_bytes,)
    assert decode_samples(encoded, sample_bytes).tolist() == counts.tolist()
    little = b"".join(int(c).to_bytes(sample_bytes, "little", signed=True) for c in counts)
    assert encoded.tobytes() == little


annotations = st.builds(
    Annotation,
    st.integers(-(10**6), 10**11).map(lambda n: n / 1e6),
    st.none() | st.integers(0, 10**10).map(lambda n: n / 1e6),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=67),
)


@given(st.lists(annotations, max_size=10), st.integers(0, 10**6))
def test_annotations_come_back_exactly(wanted: list[Annotation], second: int) -> None:
    raw = encode_stamp(second) + b"".join(map(encode_annotation, wanted))
    found = list(decode_annotations(raw + b"\x00" * 7))
    assert found == [Annotation(float(second), None, ""), *wanted]


@given(st.text(), st.integers(0, 80))
def test_any_text_becomes_printable_ascii_of_the_width(text: str, width: int) -> None:
    plain = ascii_text(text, width)
    assert plain.isascii()
    assert len(plain) <= width
    assert plain == "" or plain.isprintable()


def test_accents_go_and_foreign_letters_become_question_marks() -> None:
    assert ascii_text("Zähne\tzusammen\x14beißen 痙", 67) == "Zahne zusammen?bei?en ?"


@given(st.binary(max_size=300))
def test_any_bytes_can_be_searched_for_annotations(raw: bytes) -> None:
    assert all(isinstance(a.text, str) for a in decode_annotations(raw))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"patient": "x" * 81}, "'patient'"),
        ({"patient": "Müller"}, "'patient' is 'Müller'"),
        ({"record_duration": "1.00000001"}, "1.00000001"),
        ({"start": datetime(1970, 1, 1)}, "1970"),  # noqa: DTZ001
        ({"signals": (dataclasses.replace(NOTES, digital_max=32768),)}, "32768"),
        ({"signals": (dataclasses.replace(NOTES, digital_max=-32768),)}, "-32768 to -32768"),
        ({"signals": (dataclasses.replace(NOTES, physical_min="1.0"),)}, "equal physical limits"),
        ({"signals": (dataclasses.replace(NOTES, samples_per_record=0),)}, "0 samples per record"),
    ],
)
def test_writing_refuses_what_a_strict_reader_would_and_carries_the_value(
    change: dict[str, object], named: str
) -> None:
    with pytest.raises(RecordingError) as refusal:
        encode_header(dataclasses.replace(HEADER, **change))  # type: ignore[arg-type]
    assert named in str(refusal.value)


@pytest.mark.parametrize(
    ("at", "text", "field"),
    [
        (0, b"1       ", "neither EDF nor BDF"),
        (184, b"99999999", "'header bytes' is 99999999"),
        (252, b"9999", "9999 signals"),
        (252, b"0   ", "'number of signals' is '0'"),
        (252, b"-1  ", "'number of signals' is '-1'"),
        (252, b"nan ", "'number of signals' is 'nan'"),
        (252, b"\xb2   ", "'number of signals'"),
        (244, b"0       ", "'duration of a data record' is 0"),
        (244, b"-1      ", "'duration of a data record' is -1"),
        (244, b"inf     ", "'duration of a data record' is 'inf'"),
        (256 + 2 * 104, b"1e999   ", "'physical minimum of 'EMG L OOC'' is '1e999'"),
        (256 + 2 * 120, b"        ", "'digital minimum of 'EMG L OOC'' is ''"),
        (256 + 2 * 216, b"-5      ", "'samples per record of 'EMG L OOC'' is '-5'"),
    ],
)
def test_a_hostile_header_is_refused_by_field_and_value(tmp_path: Path, at: int, text: bytes, field: str) -> None:
    path = small(tmp_path / "x.edf")
    content = bytearray(path.read_bytes())
    content[at : at + len(text)] = text
    path.write_bytes(content)
    with pytest.raises(RecordingError) as refusal:
        BdfFile(path)
    assert field in str(refusal.value)


def test_a_header_that_claims_huge_records_costs_no_memory(tmp_path: Path) -> None:
    path = small(tmp_path / "x.edf")
    content = bytearray(path.read_bytes())
    content[256 + 2 * 216 : 256 + 2 * 216 + 8] = b"99999999"
    path.write_bytes(content)
    tracemalloc.start()
    with BdfFile(path) as file:
        assert (file.records, len(file.read(0, 5, [0])[0])) == (0, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


@settings(max_examples=200)
@given(st.data())
def test_any_damaged_header_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(encode_header(HEADER))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    raw = bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(RecordingError):
        decode_header(raw, len(raw))


@pytest.mark.parametrize("stated", [-1, 0, 2, 99])
def test_a_wrong_record_count_gives_way_to_the_length_of_the_file(tmp_path: Path, stated: int) -> None:
    with BdfFile(small(tmp_path / "x.edf", dataclasses.replace(HEADER, records=stated))) as file:
        assert file.records == 3
        assert file.read(0, 9, [0])[0].tolist() == [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]
        assert file.notes == (f"The header counts {stated} data records, the file holds 3.",)


def test_a_torn_last_record_is_left_out_and_told(tmp_path: Path) -> None:
    path = small(tmp_path / "x.edf")
    path.write_bytes(path.read_bytes()[:-1])
    with BdfFile(path) as file:
        assert (file.records, file.torn_bytes) == (2, 67)
        assert "67 bytes are a torn record" in file.notes[0]


def test_units_become_microvolts(tmp_path: Path) -> None:
    with BdfFile(small(tmp_path / "x.edf")) as file:
        assert file.header.rate_hz(0) == 8.0
        width, offset = file.header.signals[0].microvolts_scale or (0.0, 1.0)
        assert (width, offset) == (pytest.approx(0.1), pytest.approx(0.0, abs=1e-9))
    volts = dataclasses.replace(HEADER.signals[0], dimension="V", physical_min="-1", physical_max="1")
    assert volts.microvolts_scale == (pytest.approx(2e6 / 65535), pytest.approx(1e6 - 2e6 / 65535 * 32767))
    assert dataclasses.replace(volts, dimension="g").microvolts_scale is None


def test_a_signal_without_a_range_is_refused_when_its_scale_is_asked_for() -> None:
    flat = dataclasses.replace(HEADER.signals[0], physical_min="3.2767")
    with pytest.raises(RecordingError, match=r"3\.2767 to 3\.2767"):
        _ = flat.scale


def test_a_discontinuous_file_tells_where_its_records_lie(tmp_path: Path) -> None:
    header = dataclasses.replace(HEADER, continuity="D")
    records = [[np.zeros(4, np.int32)]] * 3
    note = encode_annotation(Annotation(7.25, 0.5, "blink"))
    stamps = [encode_stamp(0.25), encode_stamp(7.0) + note, encode_stamp(7.5)]
    with BdfFile(written(tmp_path / "x.edf", header, records, stamps)) as file:
        assert file.record_onsets().tolist() == [0.0, 6.75, 7.25]
        assert list(file.annotations()) == [Annotation(7.0, 0.5, "blink")]
    early = [encode_stamp(0.25), encode_stamp(0.5), encode_stamp(7.5)]
    with (
        BdfFile(written(tmp_path / "y.edf", header, records, early)) as file,
        pytest.raises(RecordingError, match="record 1"),
    ):
        file.record_onsets()
    with (
        BdfFile(written(tmp_path / "z.edf", header, records, [b"", b"", b""])) as file,
        pytest.raises(RecordingError, match="no time stamp"),
    ):
        file.record_onsets()


def test_a_missing_file_and_one_that_is_no_recording_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be opened"):
        BdfFile(tmp_path / "absent.bdf")
    (tmp_path / "short.bdf").write_bytes(b"0       ")
    with pytest.raises(RecordingError, match="has 8 bytes"):
        BdfFile(tmp_path / "short.bdf")


def test_a_file_that_shrinks_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = small(tmp_path / "x.edf")
    with BdfFile(path) as file:
        path.write_bytes(path.read_bytes()[:800])
        with pytest.raises(RecordingError, match="became shorter"):
            file.read(0, 3, [0])
