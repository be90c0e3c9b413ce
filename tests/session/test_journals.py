"""docs/session-format.md, 4 to 6: the timeline and the episodes of sessions that were recorded and finished."""

from __future__ import annotations

import zlib
from datetime import timedelta
from pathlib import Path

import numpy as np
from sessions import START, episode, finished_in, lines_of, random_samples, recorder_in, signal_of

from hfs_emg.model import Marker
from hfs_emg.session.bdf_file import BdfFile
from hfs_emg.session.reader import open_session

RATE = 250


def test_4_2_each_record_has_a_line_with_its_crc_arrival_and_losses(tmp_path: Path) -> None:
    whole = finished_in(tmp_path / "s")
    found = [line for line in lines_of(tmp_path / "s", "timeline.jsonl") if "record" in line]
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
    assert lines_of(tmp_path / "s", "episodes.jsonl")[0]["kind"] == "spasm"


def test_6_2_a_changed_byte_is_found_by_its_record(tmp_path: Path) -> None:
    finished_in(tmp_path / "s")
    path = tmp_path / "s" / "signal.bdf"
    content = bytearray(path.read_bytes())
    content[-2 * (len(content) // 6)] ^= 1
    path.write_bytes(content)
    assert len(open_session(tmp_path / "s").damaged_records()) == 1


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
