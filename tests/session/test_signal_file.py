"""docs/session-format.md, 2: the signal file of sessions that were recorded and finished."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sessions import (
    START,
    assert_same,
    cut,
    episode,
    finished_in,
    joined,
    lines_of,
    random_samples,
    recorder_in,
    signal_of,
)

from hfs_emg.model import Marker
from hfs_emg.session.bdf_file import BdfFile
from hfs_emg.session.reader import open_session

RATE = 250


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
    whole = finished_in(tmp_path / "s", 3000, signal)
    assert_same(open_session(tmp_path / "s"), whole)
    with BdfFile(tmp_path / "s" / "signal.bdf") as file:
        assert file.header.rate_hz(0) == pytest.approx(rate_hz, rel=5e-8)
        assert 1 <= file.header.record_s <= 2
        assert file.header.record_s == 1 or rate_hz != round(rate_hz)


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
    whole = finished_in(tmp_path / "s", 260)
    with BdfFile(tmp_path / "s" / "signal.bdf") as file:
        first = file.read(0, 2, [0])[0]
        padding = [a for a in file.annotations() if a.text == "padding"]
    assert set(first[260:].tolist()) == {int(whole.counts[-1, 0])}
    assert [(a.onset_s, a.duration_s) for a in padding] == [(1.04, 0.96)]
    assert [line["samples"] for line in lines_of(tmp_path / "s", "timeline.jsonl") if "record" in line] == [250, 10]


def test_2_10_the_header_gives_utc_and_the_subject_code_alone(tmp_path: Path) -> None:
    finished_in(tmp_path / "s")
    with BdfFile(tmp_path / "s" / "signal.bdf") as file:
        header = file.header
    assert header.start == START.replace(tzinfo=None, microsecond=0)
    assert header.patient == "P014 X X X"
    assert header.recording == "Startdate 20-NOV-2026 X X hfs-emg_0.1.0"
