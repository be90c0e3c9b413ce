"""docs/session-format.md, paragraph by paragraph, on sessions that were recorded and finished."""

from __future__ import annotations

import hashlib
import json
import stat
import zlib
from datetime import timedelta
from pathlib import Path

import edfio
import mne
import numpy as np
import pyedflib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sessions import (
    MONTAGE,
    START,
    assert_same,
    cut,
    episode,
    joined,
    random_samples,
    recorder_in,
    signal_of,
    start_of,
)

from firmware_bridge.boards import ads1299_microvolts_per_count
from hfs_emg.errors import RecordingError
from hfs_emg.model import Block, Input, Marker, Signal
from hfs_emg.session.bdf_file import BdfFile
from hfs_emg.session.reader import open_session
from hfs_emg.session.recorder import Recorder

RATE = 250


def recorded(folder: Path, samples: int = 1330, signal: Signal | None = None) -> Block:
    """A finished session of random samples; what was recorded is returned."""
    signal = signal or signal_of()
    whole = random_samples(samples, signal)
    recorder = recorder_in(folder, signal)
    for block in cut(whole, range(0, samples, 37)):
        recorder.write(block)
    recorder.finish("stopped", valid_s=5.0, sample_rate_hz=250.3, restarts=1, estimated_samples=11)
    return whole


def lines(folder: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def test_1_2_only_its_owner_may_read_a_session(tmp_path: Path) -> None:
    folder = tmp_path / "store" / "P014" / "s"
    recorder = Recorder(folder, start_of(), signal=signal_of(), copies={"settings.toml": b"x"})
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)
    for path in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    names = {p.name: stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()}
    expected = ["episodes.jsonl", "settings.toml", "signal.bdf", "start.json", "stop.json", "timeline.jsonl"]
    assert names == dict.fromkeys(expected, 0o600)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    samples=st.integers(0, 1300),
    cuts=st.lists(st.integers(0, 1300), max_size=20),
    per_block=st.integers(1, 700),
    options=st.tuples(st.integers(0, 3), st.sampled_from([0.5, 1.0, 3.0])),
)
def test_2_what_is_recorded_comes_back_exactly_however_it_was_cut(
    tmp_path_factory: pytest.TempPathFactory,
    samples: int,
    cuts: list[int],
    per_block: int,
    options: tuple[int, float],
) -> None:
    aux, sync = options
    folder = tmp_path_factory.mktemp("s") / "session"
    signal = signal_of(aux=aux)
    whole = random_samples(samples, signal, seed=samples)
    recorder = recorder_in(folder, signal, sync_every_s=sync)
    for block in cut(whole, cuts):
        recorder.write(block)
    recorder.finish("stopped", valid_s=1.0, sample_rate_hz=250.0)
    session = open_session(folder)
    assert_same(session, whole)
    for part, expected in zip(joined(session, per_block), (whole.counts, whole.lost, whole.aux), strict=True):
        assert np.array_equal(part, expected)
    assert session.stop is not None
    assert (session.stop.samples, session.stop.lost_samples) == (samples, int(whole.lost.sum()))
    assert session.stop.gaps == len(session.gaps)
    assert session.damaged_records() == ()
    assert session.notes == ()
    assert not session.interrupted


@pytest.mark.parametrize("rate_hz", [125.0, 250.3, 12.5, 1000.0, 2148.148148])
def test_2_2_a_record_lasts_a_second_or_a_little_more(tmp_path: Path, rate_hz: float) -> None:
    signal = signal_of(rate_hz)
    whole = recorded(tmp_path / "s", 3000, signal)
    assert_same(open_session(tmp_path / "s"), whole)
    with BdfFile(tmp_path / "s" / "signal.bdf") as file:
        assert file.header.rate_hz(0) == pytest.approx(rate_hz, rel=5e-8)
        assert 1 <= file.header.record_s <= 2
        assert file.header.record_s == 1 or rate_hz != round(rate_hz)


@pytest.fixture(scope="module")
def scales(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Signal, Block]:
    """A session with every gain of an ADS1299, a Ganglion's scale, and a 16-bit converter with an offset."""
    widths = [ads1299_microvolts_per_count(g) for g in (1, 2, 4, 6, 8, 12, 24)]
    inputs = [Input(f"EXG {n + 1}", w) for n, w in enumerate(widths)]
    inputs.append(Input("EXG 8", 1.2e6 / (8388607 * 1.5 * 51)))
    inputs.append(Input("EXG 9", 0.1, offset_uv=3.3, count_min=-32768, count_max=32767))
    inputs.append(Input("EXG 10", 12.5, count_min=0, count_max=4095))
    signal = Signal(250.0, tuple(inputs), ("AUX 1",))
    folder = tmp_path_factory.mktemp("scales") / "s"
    whole = random_samples(1000, signal)
    whole.counts[0] = [i.count_max for i in inputs]
    whole.counts[1] = [i.count_min for i in inputs]
    whole.counts[2] = 0
    for n, i in enumerate(inputs):
        whole.counts[:, n] = np.clip(whole.counts[:, n], i.count_min, i.count_max)
    recorder = Recorder(folder, start_of(), signal=signal)
    recorder.write(whole)
    recorder.finish("stopped", valid_s=4.0, sample_rate_hz=250.0)
    return folder, signal, whole


def read_with(reader: str, path: Path, signals: int) -> tuple[list[np.ndarray], list[str], float]:
    """µV of each signal, labels, rate."""
    if reader == "edfio":
        file = edfio.read_bdf(path)
        return [s.data for s in file.signals], list(file.labels), file.signals[0].sampling_frequency
    if reader == "pyedflib":
        with pyedflib.EdfReader(str(path)) as reading:
            data = [reading.readSignal(i) for i in range(signals)]
            return data, reading.getSignalLabels(), reading.getSampleFrequency(0)
    raw = mne.io.read_raw_bdf(path, preload=True, verbose="error")
    return list(raw.get_data(units="uV", picks=range(signals - 1))), raw.ch_names, raw.info["sfreq"]


@pytest.mark.parametrize("reader", ["edfio", "pyedflib", "mne"])
def test_2_3_other_readers_find_counts_times_microvolts_per_count(
    scales: tuple[Path, Signal, Block], reader: str
) -> None:
    folder, signal, whole = scales
    data, labels, rate = read_with(reader, folder / "signal.bdf", len(signal.inputs) + 1)
    assert rate == 250.0
    assert labels == [*(i.label for i in signal.inputs), "AUX 1"]
    for n, exg in enumerate(signal.inputs):
        counts = whole.counts[:, n]
        expected = counts * exg.microvolts_per_count + exg.offset_uv
        tolerance = 1e-8 if exg.label != "EXG 8" else 0.01  # in counts; a Ganglion's full scale has no short decimal
        assert np.max(np.abs(data[n][:1000] - expected)) < tolerance * exg.microvolts_per_count


def test_2_3_the_lowest_code_is_stored_as_it_is(scales: tuple[Path, Signal, Block]) -> None:
    folder, _, whole = scales
    assert_same(open_session(folder), whole)
    assert whole.counts[1, 0] == -0x800000
    assert edfio.read_bdf(folder / "signal.bdf").signals[0].digital[1] == -0x800000


@pytest.mark.parametrize("reader", ["edfio", "pyedflib", "mne"])
def test_2_6_ten_annotations_a_second_are_read_back_whole(tmp_path: Path, reader: str) -> None:
    seconds, wanted = 30, []
    recorder = recorder_in(tmp_path / "s")
    whole = random_samples(seconds * RATE, signal_of())
    whole.lost[:] = False
    for k, block in enumerate(cut(whole, range(0, len(whole.counts), 25))):
        recorder.write(block)
        text = f"number {k} ".ljust(58, "x")  # with "marker: " before it 66 characters
        wanted.append((k * 25 / RATE, "marker: " + text))
        recorder.marker(Marker(k * 25, text))
    recorder.finish("stopped", valid_s=30.0, sample_rate_hz=250.0)
    path = tmp_path / "s" / "signal.bdf"
    if reader == "edfio":
        found = [(a.onset, a.text) for a in edfio.read_bdf(path).annotations]
    elif reader == "pyedflib":
        with pyedflib.EdfReader(str(path)) as reading:
            onsets, _, texts = reading.readAnnotations()
        found = list(zip(onsets.tolist(), texts.tolist(), strict=True))
    else:
        notes = mne.io.read_raw_bdf(path, preload=False, verbose="error").annotations
        found = list(zip(notes.onset.tolist(), notes.description.tolist(), strict=True))
    found = [(round(onset, 6), text) for onset, text in found if text != "padding"]
    assert found == [(round(onset, 6), text) for onset, text in wanted]
    assert len(found) == 10 * seconds


def test_2_6_what_does_not_fit_waits_for_the_next_record(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path / "s")
    for k in range(40):
        recorder.marker(Marker(k, f"{k} ".ljust(67, "y")))
    recorder.write(random_samples(2 * RATE, signal_of()))
    recorder.finish("stopped", valid_s=2.0, sample_rate_hz=250.0)
    with BdfFile(tmp_path / "s" / "signal.bdf") as file:
        markers = [sum("marker" in a.text for a in found) for _, found in file.record_annotations(0, file.records)]
        texts = [a.text for a in file.annotations() if "marker" in a.text]
    assert sum(markers) == 40
    assert all(count >= 10 for count in markers[:3])
    assert len(markers) > 2  # padding records were added
    assert [int(t.split()[1]) for t in texts] == list(range(40))
    assert open_session(tmp_path / "s").samples == 2 * RATE


def test_2_7_episodes_gaps_link_events_and_markers_are_annotated_in_the_order_they_were_settled(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path / "s")
    whole = random_samples(1000, signal_of())
    whole.lost[:] = False
    whole.lost[240:260] = whole.lost[990:] = True
    recorder.link_event("dongle unplugged", 240)
    recorder.episode(episode(1, 0.1))
    recorder.write(whole)
    recorder.marker(Marker(700, "Augen zu"))
    recorder.finish("stopped", valid_s=4.0, sample_rate_hz=250.0)
    with BdfFile(tmp_path / "s" / "signal.bdf") as file:
        found = [(a.onset_s, a.duration_s, a.text) for a in file.annotations()]
    assert found == [
        (0.96, None, "link: dongle unplugged"),
        (0.1, 0.4, "spasm left clonic p=0.93 OOC+ZYG"),
        (0.96, 0.08, "gap"),
        (4.0, 1.0, "padding"),
        (2.8, None, "marker: Augen zu"),
        (3.96, 0.04, "gap"),
    ]
    assert open_session(tmp_path / "s").gaps == ((240, 260), (990, 1000))


def test_2_8_the_last_record_is_padded_with_the_last_value_and_marked(tmp_path: Path) -> None:
    whole = recorded(tmp_path / "s", 260)
    with BdfFile(tmp_path / "s" / "signal.bdf") as file:
        first = file.read(0, 2, [0])[0]
        padding = [a for a in file.annotations() if a.text == "padding"]
    assert set(first[260:].tolist()) == {int(whole.counts[-1, 0])}
    assert [(a.onset_s, a.duration_s) for a in padding] == [(1.04, 0.96)]
    assert [line["samples"] for line in lines(tmp_path / "s", "timeline.jsonl") if "record" in line] == [250, 10]


@pytest.mark.parametrize("reader", ["edfio", "pyedflib", "mne"])
def test_2_8_a_session_without_a_sample_is_a_file_that_readers_open(tmp_path: Path, reader: str) -> None:
    recorded(tmp_path / "s", 0)
    data, _, _ = read_with(reader, tmp_path / "s" / "signal.bdf", 5)
    assert all(np.all(np.abs(d) < 1e-6) for d in data)
    assert open_session(tmp_path / "s").samples == 0
    assert list(open_session(tmp_path / "s").blocks()) == []


@pytest.mark.parametrize("reader", ["edfio", "pyedflib", "mne"])
def test_2_9_a_growing_file_is_opened_by_any_reader(tmp_path: Path, reader: str) -> None:
    whole = random_samples(5 * RATE + 40, signal_of())
    recorder = recorder_in(tmp_path / "s")
    recorder.write(whole)
    while recorder.synced_samples < 5 * RATE:
        pass
    data, _, _ = read_with(reader, tmp_path / "s" / "signal.bdf", 5)
    assert len(data[0]) == 5 * RATE
    session = open_session(tmp_path / "s")
    assert session.recording
    assert not session.interrupted
    assert session.notes == ("The session is being recorded.",)
    assert_same(session, whole, session.samples)
    assert session.samples in (4 * RATE, 5 * RATE)  # the line of the last record may be on its way
    recorder.finish("stopped", valid_s=5.0, sample_rate_hz=250.0)
    assert_same(session, whole, session.samples)
    assert_same(open_session(tmp_path / "s"), whole)


def test_2_10_the_header_gives_utc_and_the_subject_code_alone(tmp_path: Path) -> None:
    recorded(tmp_path / "s")
    with BdfFile(tmp_path / "s" / "signal.bdf") as file:
        header = file.header
    assert header.start == START.replace(tzinfo=None, microsecond=0)
    assert header.patient == "P014 X X X"
    assert header.recording == "Startdate 20-NOV-2026 X X hfs-emg_0.1.0"


@pytest.mark.parametrize("clock", [None, START.replace(year=1970)])
def test_2_10_a_clock_that_was_not_set_is_told_as_such(tmp_path: Path, clock: object) -> None:
    recorder = Recorder(tmp_path / "s", start_of(start_utc=clock), signal=signal_of())  # type: ignore[arg-type]
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)
    assert lines_of_start(tmp_path / "s")["start_utc"] == "clock not set"
    assert open_session(tmp_path / "s").start_utc is None
    with pyedflib.EdfReader(str(tmp_path / "s" / "signal.bdf")) as reading:
        assert reading.getStartdatetime().year == 1985
    with BdfFile(tmp_path / "s" / "signal.bdf") as file:
        assert file.header.start is None
        assert file.header.recording.startswith("Startdate X X X")


def lines_of_start(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "start.json").read_text())
    return found


def test_3_1_the_start_document_says_what_is_recorded(tmp_path: Path) -> None:
    settings_toml = b"[band]\nlow_hz = 20\n"
    recorder = recorder_in(tmp_path / "s", copies={"settings.toml": settings_toml})
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)
    document = lines_of_start(tmp_path / "s")
    assert document["schema"] == "hfs-emg/start/1"
    assert document["start_utc"] == "2026-11-20T18:53:23.120Z"
    assert document["copies"] == {"settings.toml": hashlib.sha256(settings_toml).hexdigest()}
    assert (tmp_path / "s" / "settings.toml").read_bytes() == settings_toml
    session = open_session(tmp_path / "s")
    assert session.signal == signal_of()
    assert session.montage == MONTAGE
    assert session.start_utc == START
    assert (session.name, session.simulated) == ("20261120T185323Z-1a2b", False)


def test_3_2_the_stop_document_is_exactly_as_promised(tmp_path: Path) -> None:
    whole = recorded(tmp_path / "s")
    document = json.loads((tmp_path / "s" / "stop.json").read_text())
    edges = np.diff(whole.lost.astype(int), prepend=0)
    assert document == {
        "schema": "hfs-emg/stop/1",
        "reason": "stopped",
        "samples": 1330,
        "lost_samples": int(whole.lost.sum()),
        "estimated_samples": 11,
        "gaps": int((edges == 1).sum()),
        "restarts": 1,
        "valid_s": 5.0,
        "sample_rate_hz": 250.3,
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "named"),
    [
        ("start.json", '"rate_hz": 250.0', '"rate_hz": "fast"', "rate_hz"),
        ("start.json", '"session"', '"sitting"', "session"),
        ("start.json", "hfs-emg/start/1", "hfs-emg/start/9", "schema"),
        ("start.json", "2026-11-20T", "yesterday", "start.json"),
        ("start.json", '"side": "left"', '"side": "up"', "montage"),
        ("start.json", '"rate_hz": 250.0', '"rate_hz": -1', "rate_hz"),
        ("start.json", '"rate_hz": 250.0', '"rate_hz": 1e300', "rate_hz"),
        ("start.json", "{", "[" * 100_000, "start.json"),
        ("stop.json", '"samples": 1330', '"samples": null', "samples"),
        ("stop.json", '"samples": 1330', '"samples": -7', "samples"),
    ],
)
def test_3_3_a_damaged_document_is_taken_from_the_timeline_and_else_named_by_file_and_field(
    tmp_path: Path, name: str, old: str, new: str, named: str
) -> None:
    whole = recorded(tmp_path / "s")
    before = open_session(tmp_path / "s")
    text = (tmp_path / "s" / name).read_text()
    assert old in text
    (tmp_path / "s" / name).write_text(text.replace(old, new))
    session = open_session(tmp_path / "s")
    assert_same(session, whole)
    assert (session.start, session.stop) == (before.start, before.stop)
    at = next(k for k, (a, b) in enumerate(zip(text, text.replace(old, new), strict=False)) if a != b)
    assert session.notes == (f"{name} is damaged at byte {at}: what it said is taken from the timeline.",)

    timeline = tmp_path / "s" / "timeline.jsonl"
    lost = b'{"start"' if name == "start.json" else b'{"stop"'
    timeline.write_bytes(b"".join(x for x in timeline.read_bytes().splitlines(True) if not x.startswith(lost)))
    session = open_session(tmp_path / "s")
    assert session.interrupted == (name == "stop.json")
    assert_same(session, whole)
    said = " ".join(session.notes)
    assert name in said
    assert named in said


def test_3_3_fields_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    recorded(tmp_path / "s")
    path = tmp_path / "s" / "start.json"
    path.write_text(path.read_text().replace("{", '{"room": "blue", ', 1))
    (tmp_path / "s" / "timeline.jsonl").unlink()
    assert open_session(tmp_path / "s").name == "20261120T185323Z-1a2b"


def test_4_2_each_record_has_a_line_with_its_crc_arrival_and_losses(tmp_path: Path) -> None:
    whole = recorded(tmp_path / "s")
    found = [line for line in lines(tmp_path / "s", "timeline.jsonl") if "record" in line]
    assert [line["record"] for line in found] == list(range(6))
    assert {line["arrival_s"] for line in found} == {7.5}
    with BdfFile(tmp_path / "s" / "signal.bdf") as file:
        assert [line["crc32"] for line in found] == [zlib.crc32(r.tobytes()) for r in file.raw(0, 6)]
    mask = np.zeros(1330, np.bool_)
    for line in found:
        for a, b in line["lost"]:  # type: ignore[attr-defined]
            assert line["record"] * 250 <= a < b <= (line["record"] + 1) * 250  # type: ignore[operator]
            mask[a:b] = True
    assert np.array_equal(mask, whole.lost)


def test_4_3_words_are_kept_whole_and_the_clock_is_told_in_utc(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path / "s")
    recorder.write(random_samples(500, signal_of()))
    recorder.marker(Marker(400, "Gesicht entspannt, Übung 3: " + "x" * 100))
    recorder.marker(Marker(20, "first"))
    recorder.link_event("back after 12 s", 300)
    recorder.clock(250.547, 400, 8123.4, START)
    recorder.clock(250.547, 450, 8123.6, None)
    recorder.finish("stopped", valid_s=2.0, sample_rate_hz=250.0)
    session = open_session(tmp_path / "s")
    assert session.markers == (Marker(20, "first"), Marker(400, "Gesicht entspannt, Übung 3: " + "x" * 100))
    assert [(e.link, e.sample) for e in session.timeline.links] == [("back after 12 s", 300)]
    assert [(c.clock, c.sample, c.arrival_s, c.moment) for c in session.timeline.clocks] == [
        (250.547, 400, 8123.4, START),
        (250.547, 450, 8123.6, None),
    ]


def test_5_1_settled_episodes_come_back_field_for_field(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path / "s")
    wanted = tuple(episode(n, n * 0.7) for n in range(5))
    for one in wanted:
        recorder.episode(one)
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)
    assert open_session(tmp_path / "s").episodes() == wanted
    assert lines(tmp_path / "s", "episodes.jsonl")[0]["kind"] == "spasm"


def test_6_2_a_changed_byte_is_found_by_its_record(tmp_path: Path) -> None:
    recorded(tmp_path / "s")
    path = tmp_path / "s" / "signal.bdf"
    content = bytearray(path.read_bytes())
    content[-2 * (len(content) // 6)] ^= 1
    path.write_bytes(content)
    assert len(open_session(tmp_path / "s").damaged_records()) == 1


def test_a_signal_of_another_session_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path / "s")
    recorded(tmp_path / "t", signal=signal_of(aux=2))
    (tmp_path / "t" / "signal.bdf").replace(tmp_path / "s" / "signal.bdf")
    with pytest.raises(RecordingError, match="not of one session"):
        open_session(tmp_path / "s")


def test_a_folder_that_is_no_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="is no session"):
        open_session(tmp_path)


def test_4_3_a_sample_is_timed_by_the_clock_lines_and_not_by_the_nominal_rate(tmp_path: Path) -> None:
    """An hour at 251 Hz instead of 250 is 14 s shorter; the computer's clock was set after the first line."""
    recorder = recorder_in(tmp_path / "s")
    for minute in (0, 1, 2, 60):
        behind = timedelta(days=40 if minute < 2 else 0)
        recorder.clock(251.0, minute * 60 * 251, 1000.0 + minute * 60, START + timedelta(minutes=minute) - behind)
    recorder.marker(Marker(60 * 60 * 251, "an hour later"))
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=251.0)
    session = open_session(tmp_path / "s")
    found = session.utc_of(session.markers[0].sample)
    assert found is not None
    assert abs(found - START - timedelta(hours=1)) < timedelta(milliseconds=5)
    assert abs(session.utc_of(30 * 60 * 251) - START - timedelta(minutes=30)) < timedelta(milliseconds=5)  # type: ignore[operator]


def test_4_3_without_a_clock_line_the_start_document_and_the_nominal_rate_count(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path / "s")
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)
    assert open_session(tmp_path / "s").utc_of(500) == START + timedelta(seconds=2)
