"""The live service in virtual time: an emulated board in memory, the real recorder or one that fails on purpose."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from monitor_room import MONTAGE, RATE_HZ, Room, counts_of

from calibration.montage import Side
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.events import Kind
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario


def test_a_block_is_recorded_before_it_is_handed_to_the_analyser(tmp_path, monkeypatch):
    room = Room(tmp_path, duration_s=5.0)
    order = []
    for name, owner, verb in (("recorded", room.recorder, "write"), ("analysed", room.worker, "put")):
        take = getattr(owner, verb)
        monkeypatch.setattr(
            owner, verb, lambda block, name=name, take=take: (order.append((block.end, name)), take(block))
        )
    room.run()
    ends = [end for end, name in order if name == "recorded"]
    assert ends[-1] == 1250
    assert order == [(end, name) for end in ends for name in ("recorded", "analysed")]
    assert room.analyzer.ends[-1] == 1250


@pytest.mark.parametrize("samples", [1, 249, 250, 251, 1003])
def test_the_duration_is_kept_to_the_sample_wherever_a_block_ends(tmp_path, samples):
    room = Room(tmp_path, duration_s=samples / RATE_HZ)
    outcome = room.run()
    assert (outcome.reason, outcome.samples, outcome.errors) == ("duration reached", samples, ())
    session = room.session
    assert session.samples == session.stop.samples == samples
    assert np.array_equal(counts_of(session)[:, 0], np.arange(samples))
    assert room.analyzer.ends[-1] == samples


def test_a_duration_that_ends_within_a_hole_counts_what_was_lost_up_to_there(tmp_path):
    room = Room(tmp_path, faults=["@3 stall 4 lose"], duration_s=5.0)
    outcome = room.run()
    assert outcome.samples == 1250
    assert outcome.lost_samples == room.session.stop.lost_samples
    assert 490 <= outcome.lost_samples <= 500


def test_stopped_from_another_thread_everything_that_came_is_kept(tmp_path):
    room = Room(tmp_path, on_status=lambda status: status.elapsed_s >= 7 and room.monitor.stop())
    outcome = room.run()
    assert outcome.reason == "stopped"
    session = room.session
    assert session.stop.reason == "stopped"
    assert session.samples == outcome.samples == outcome.analysed_samples >= 1750
    assert np.array_equal(counts_of(session)[:, 0], np.arange(session.samples))


def test_markers_lie_at_the_newest_sample(tmp_path):
    at = {3: "wash out", 5: "tea"}

    def mark(status):
        word = at.pop(round(status.elapsed_s), None)
        if word and not status.ending:
            marked[word] = room.recorder.samples
            room.monitor.mark(word)

    marked = {}
    room = Room(tmp_path, on_status=mark, duration_s=8.0)
    room.monitor.mark("before the first sample")
    room.run()
    found = {m.text: m.sample for m in room.session.markers}
    assert found.keys() == {"before the first sample", "wash out", "tea"}
    assert found["before the first sample"] < 50
    for word, samples in marked.items():
        assert samples - 1 <= found[word] <= samples + 50


def test_a_marker_set_at_the_very_end_is_kept(tmp_path):
    def mark_and_stop(status):
        if not status.ending and status.elapsed_s >= 2:
            room.monitor.mark("the end")
            room.monitor.stop()

    room = Room(tmp_path, on_status=mark_and_stop)
    outcome = room.run()
    (marker,) = room.session.markers
    assert (marker.text, marker.sample) == ("the end", outcome.samples - 1)


def test_the_clock_is_told_at_once_and_each_minute(tmp_path):
    begin = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
    room = Room(tmp_path, duration_s=150.0, utc_now=lambda: begin + timedelta(seconds=room.board.now_s()))
    room.run()
    clocks = room.timeline("clock")
    samples = [line["sample"] for line in clocks]
    assert samples[0] < 50
    assert 10 * 250 <= samples[1] <= 13 * 250
    assert [round((s - samples[1]) / 15_000) for s in samples[1:]] == [0, 1, 2]
    for line in clocks:
        assert line["clock"] == pytest.approx(250.0, rel=1e-3)
        offset_s = (datetime.fromisoformat(line["utc"]) - begin).total_seconds() - line["arrival_s"]
        assert abs(offset_s) < 0.002
    assert room.session.stop.sample_rate_hz == pytest.approx(250.0, rel=1e-3)


def test_the_status_comes_once_a_second_and_tells_what_is(tmp_path):
    room = Room(tmp_path, faults=["@2.2 drop 5"], duration_s=6.0)
    room.run()
    *live, last = room.seen
    assert [round(s.elapsed_s) for s in live] == [1, 2, 3, 4, 5, 6]
    assert [s.lost_samples for s in live] == [0, 0, 5, 5, 5, 5]
    assert all(s.link == "ok" and not s.ending for s in live)
    assert all(s.spasms == {Side.LEFT: 0, Side.RIGHT: 0} for s in live)
    assert all(0 <= s.disk_behind_s <= s.elapsed_s and s.analysis_behind_s <= s.elapsed_s for s in live)
    assert last.ending


def test_silence_is_told_each_second_while_it_lasts(tmp_path):
    room = Room(tmp_path, faults=["@3 poweroff", "@8 poweron"], duration_s=12.0)
    room.run()
    silent = [s.link for s in room.seen if s.link != "ok"]
    assert len(silent) >= 3
    assert silent[0].startswith("late by ")
    assert any("No signal from the board (the dongle works)" in words for words in silent)
    assert room.seen[-1].link == "ok"


def test_what_happens_to_the_link_is_in_the_session(tmp_path):
    room = Room(tmp_path, faults=["@3 poweroff", "@5 poweron"], duration_s=10.0)
    room.run()
    assert room.session.stop.restarts == 1
    lines = room.timeline("link")
    assert [line["link"].split(";")[0][:28] for line in lines] == [
        "The board was switched off a",
        "Reconnected: samples come ag",
        "Lost 2.2 s (an estimate: the",
    ]
    assert all(700 <= line["sample"] <= 2500 for line in lines)


def test_spasms_are_counted_and_recorded_as_they_settle(tmp_path):
    face = SimulatedFace(load_scenario("moderate-right"), seed=2)
    room = Room(tmp_path, source=face, analyzer=lambda: Analyzer(room.signal, MONTAGE), duration_s=60.0)
    outcome = room.run()
    episodes = room.session.episodes()
    spasms = sum(e.kind is Kind.SPASM for e in episodes)
    assert spasms > 0
    assert (
        room.seen[-1].spasms[Side.RIGHT] <= spasms == outcome.burden.count(Side.RIGHT) + outcome.burden.count(Side.LEFT)
    )
    assert list(episodes) == outcome.burden.episodes
    assert outcome.burden.valid_s(60.0) == pytest.approx(room.session.stop.valid_s, abs=1e-3)
