"""Damage anywhere in a session folder (docs/session-format.md, 6): nothing crashes, the place is told, the rest comes back."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sessions import cut, episode, random_samples, recorder_in, signal_of

from benchmarks.reliability import damage
from hfs_emg.errors import RecordingError
from hfs_emg.model import Marker
from hfs_emg.session.bdf_header import RECORD_COUNT_OFFSET
from hfs_emg.session.integrity import damage_of
from hfs_emg.session.lines import read_journal, sealed
from hfs_emg.session.reader import open_session
from hfs_emg.session.recovery import recover
from hfs_emg.session.timeline import read_timeline

RATE = 250
FILES = ("signal.bdf", "timeline.jsonl", "episodes.jsonl", "start.json", "stop.json", "settings.json")


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every file of a short finished session."""
    folder = tmp_path_factory.mktemp("base") / "s"
    recorder = recorder_in(folder, copies={"settings.json": b'{"a": 1}'})
    for k, block in enumerate(cut(random_samples(900, signal_of()), range(0, 900, 60))):
        recorder.write(block)
        recorder.marker(Marker(block.start, f"marker {k}"))
        recorder.episode(episode(k, block.start / RATE))
    recorder.finish("stopped", valid_s=3.0, sample_rate_hz=250.0)
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "s"


def laid_out(place: Path, files: dict[str, bytes], **changed: bytes) -> Path:
    """The files in a folder, some of them changed."""
    if place.exists():
        for path in place.iterdir():
            path.unlink()
    place.mkdir(exist_ok=True)
    for name, content in {**files, **changed}.items():
        (place / name).write_bytes(content)
    return place


def everything_read(folder: Path) -> tuple[str, ...]:
    """Read all there is to read, recover, read again. Returns what was told of the damage; RecordingError is the only way out."""
    session = open_session(folder)
    told = damage_of(session)
    for _ in range(2):
        assert sum(len(b.counts) for b in session.blocks(100)) == session.samples
        assert all(0 <= a < b <= session.samples for a, b in session.gaps)
        assert all(isinstance(m.text, str) for m in session.markers)
        session.episodes()
        assert all(note.endswith(".") for note in session.notes)
        recover(folder)
        session = open_session(folder)
    return told


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(FILES), where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_6_2_any_bit_that_is_turned_is_told_with_its_place(
    whole_files: dict[str, bytes], place: Path, name: str, where: float, bit: int
) -> None:
    content = bytearray(whole_files[name])
    content[int(where * len(content))] ^= 1 << bit
    folder = laid_out(place, whole_files, **{name: bytes(content)})
    told = everything_read(folder)
    assert told
    count = RECORD_COUNT_OFFSET <= int(where * len(content)) < RECORD_COUNT_OFFSET + 8
    assert name in " ".join(told) or (name == "signal.bdf" and count)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(
        st.sampled_from(FILES), st.tuples(st.floats(0, 1), st.binary(max_size=400), st.booleans()), min_size=1
    )
)
def test_6_2_whatever_lies_in_the_files_it_is_read_or_refused_with_a_sentence(
    whole_files: dict[str, bytes], place: Path, changes: dict[str, tuple[float, bytes, bool]]
) -> None:
    """Cut anywhere, overwritten by anything, several files at once."""
    changed = {}
    for name, (where, rubbish, ends) in changes.items():
        at = int(where * len(whole_files[name]))
        changed[name] = whole_files[name][:at] + rubbish + (b"" if ends else whole_files[name][at + len(rubbish) :])
    folder = laid_out(place, whole_files, **changed)
    refused = ""
    try:
        everything_read(folder)
    except RecordingError as refusal:
        refused = str(refusal)
    assert not refused or any(name in refused for name in FILES)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = (
    "record", "crc32", "arrival_s", "samples", "lost", "link", "marker", "sample", "clock", "utc", "disk", "start",
    "stop", "header_crc32", "id", "start_s", "end_s", "kind", "bursts", "sum",
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), json_values), max_size=5), st.booleans(), st.data())
def test_6_2_lines_that_fit_their_sum_and_mean_nothing_are_survived(
    whole_files: dict[str, bytes], place: Path, lines: list[dict[str, object]], seal: bool, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(["timeline.jsonl", "episodes.jsonl"]))
    encoded = [msgspec.json.encode(line) for line in lines if line]
    more = b"".join((sealed(x) if seal else x) + b"\n" for x in encoded)
    everything_read(laid_out(place, whole_files, **{name: whole_files[name] + more}))


@pytest.mark.parametrize(
    "line",
    [
        b'{"record":99999999999999999,"crc32":1,"arrival_s":null,"samples":250,"lost":[]}',
        b'{"record":-1,"crc32":1,"arrival_s":null,"samples":250,"lost":[]}',
        b'{"record":0,"crc32":1,"arrival_s":null,"samples":-250,"lost":[[9000000000000000000,-9000000000000000000]]}',
        b'{"record":0,"crc32":1,"arrival_s":null,"samples":1000000000,"lost":[[-5,9000000000000000000]]}',
        b'{"marker":"x","sample":9223372036854775807}',
        b'{"clock":250.0,"sample":3,"arrival_s":1.0,"utc":"yesterday"}',
        b'{"record":' + b"[" * 100_000,
        b"[" * 100_000,
        b'{"x":' * 50_000,
        b"\xff\xfe",
        b'"' + b"a" * 100_000,
    ],
)
def test_6_2_hostile_lines_are_survived(whole_files: dict[str, bytes], place: Path, line: bytes) -> None:
    for name in ("timeline.jsonl", "episodes.jsonl"):
        for more in (line, sealed(line + b"}")):
            everything_read(laid_out(place, whole_files, **{name: whole_files[name] + more + b"\n"}))


@pytest.mark.parametrize(
    "stamp", [b"+nan\x14\x14\x00", b"+inf\x151e999\x14gap\x14\x00", b"+1e308\x151e308\x14gap\x14\x00"]
)
def test_6_2_annotations_without_a_time_are_left_out(whole_files: dict[str, bytes], place: Path, stamp: bytes) -> None:
    """Read where the timeline is gone, which would say that the record is damaged."""
    signal = bytearray(whole_files["signal.bdf"])
    signal[-700 : -700 + len(stamp)] = stamp
    folder = laid_out(place, whole_files, **{"signal.bdf": bytes(signal), "timeline.jsonl": b""})
    everything_read(folder)


HOSTILE_HEADERS = {
    "samples per record": (256 + 6 * 216, b"99999999" * 6),
    "number of signals": (252, b"9999"),
    "header bytes": (184, b"99999999"),
    "number of records": (236, b"99999999"),
    "duration": (244, b"1e-300  "),
}


@pytest.mark.parametrize("field", HOSTILE_HEADERS)
@pytest.mark.parametrize("known", [True, False])
def test_6_2_a_hostile_header_makes_nobody_allocate_more_than_the_file_has(
    whole_files: dict[str, bytes], place: Path, field: str, *, known: bool
) -> None:
    """Also where no timeline vouches for another one."""
    at, text = HOSTILE_HEADERS[field]
    signal = bytearray(whole_files["signal.bdf"])
    signal[at : at + len(text)] = text
    files = {"signal.bdf": bytes(signal)} | ({} if known else {"timeline.jsonl": b""})
    folder = laid_out(place, whole_files, **files)
    size = sum(len(x) for x in whole_files.values())
    refused = ""
    tracemalloc.start()
    try:
        everything_read(folder)
    except RecordingError as refusal:
        refused = str(refusal)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not refused or (not known and "signal.bdf" in refused)
    assert peak < 40 * size + 2_000_000
    if field != "number of records" and known:
        assert "signal.bdf is damaged at byte" in " ".join(open_session(laid_out(place, whole_files, **files)).notes)


def test_6_2_a_long_line_of_nothing_costs_no_more_than_its_length(tmp_path: Path) -> None:
    content = b"\n" * 300_000 + b"[" * 300_000
    (tmp_path / "timeline.jsonl").write_bytes(content)
    tracemalloc.start()
    timeline = read_timeline(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert timeline.records == {}
    assert peak < 10 * len(content)


@settings(max_examples=50)
@given(
    st.lists(
        st.dictionaries(st.text(min_size=1, max_size=5).filter(lambda k: k != "sum"), json_values, min_size=1),
        max_size=5,
    )
)
def test_5_2_sealed_lines_come_back(tmp_path_factory: pytest.TempPathFactory, lines: list[dict[str, object]]) -> None:
    encoded = [msgspec.json.encode(line) for line in lines]
    path = tmp_path_factory.getbasetemp() / "journal"
    path.write_bytes(b"".join(sealed(x) + b"\n" for x in encoded))
    journal = read_journal(path)
    assert journal is not None
    assert [text for _, text in journal.lines] == encoded
    assert (journal.bad, journal.torn) == ((), False)
    assert all(msgspec.json.decode(sealed(x)).keys() >= {"sum"} for x in encoded)


def lines_around(content: bytes) -> Iterator[int]:
    """The ends of lines."""
    return (k for k, byte in enumerate(content) if byte == ord("\n"))


def test_4_5_a_line_that_was_changed_is_told_by_its_number_and_the_others_count(
    whole_files: dict[str, bytes], place: Path
) -> None:
    content = bytearray(whole_files["episodes.jsonl"])
    third = list(lines_around(content))[1] + 1
    content[content.index(b"0.93", third)] ^= 1  # a digit becomes another digit: still JSON
    session = open_session(laid_out(place, whole_files, **{"episodes.jsonl": bytes(content)}))
    assert session.journal_notes() == ("Line 3 of episodes.jsonl cannot be read and is left out.",)
    assert [e.id for e in session.episodes()] == [k for k in range(15) if k != 2]


@pytest.mark.parametrize("name", ["timeline.jsonl", "episodes.jsonl"])
def test_4_2_a_journal_that_was_cut_between_two_lines_is_told_too(
    whole_files: dict[str, bytes], place: Path, name: str
) -> None:
    for end in list(lines_around(whole_files[name]))[:-1]:
        told = everything_read(laid_out(place, whole_files, **{name: whole_files[name][: end + 1]}))
        assert any("missing" in t or "lacks" in t for t in told)


def test_4_5_a_marker_whose_line_is_damaged_is_found_in_the_annotations(
    whole_files: dict[str, bytes], place: Path
) -> None:
    content = whole_files["timeline.jsonl"].replace(b"marker 4", b"marker 5", 1)
    session = open_session(laid_out(place, whole_files, **{"timeline.jsonl": content}))
    assert Marker(240, "marker 4") in session.markers
    assert len(session.markers) == 15
    assert np.all(np.diff([m.sample for m in session.markers]) == 60)


@pytest.mark.parametrize("kind", damage.DAMAGES)
def test_6_2_a_slice_of_the_trials_of_damage(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "DAMAGES", {kind: damage.DAMAGES[kind]})
    trials = damage.Trials(tmp_path)
    for seed in range(12):
        result = trials.trial(seed)
        assert result["ok"], result
