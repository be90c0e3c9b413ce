"""Sessions along treatments: what may be compared, what is real, onset and wearing off."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sessions_to_review import episode, session_of

from benchmarks import trend as trial
from hfs_emg.cli import main
from hfs_emg.errors import RequestError
from hfs_emg.session.store import Store
from hfs_emg.trend.change import band, change, repeat_groups, repeatability
from hfs_emg.trend.course import course_of
from hfs_emg.trend.document import trend_of
from hfs_emg.trend.page import trend_html
from hfs_emg.trend.points import sessions_of
from hfs_emg.trend.treatments import TREATMENTS_NAME, add_treatment, read_treatments, strike_treatment

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = date(2026, 3, 2)


def point(day, spasms, minutes=30.0):
    return trial.session(np.random.default_rng(0), day, 0.0, 0.0, minutes).__class__(
        str(day), datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=day), "right", spasms, minutes,
        trial.poisson_rate(spasms, minutes), 0.0, False, False,
    )  # fmt: skip


def test_wearing_off_lies_in_its_interval_in_nine_of_ten_courses():
    found = trial.wearing_off(40, seed=11)
    assert found["told"] >= 36
    assert found["held"] >= 0.9 * found["told"]


def test_where_nothing_changed_a_change_is_called_real_at_the_stated_rate():
    found = trial.nothing_changed(400, 6, seed=12)
    assert found["wrong"] <= 0.08 * found["trials"]


def test_a_large_change_is_real_and_a_small_one_is_not():
    repeats = repeatability(
        [[point(0, 150), point(5, 170)], [point(60, 160), point(66, 140)], [point(120, 155), point(125, 150)]]
    )
    assert change([point(0, 150)], point(200, 30), repeats).real is True
    assert change([point(0, 150)], point(200, 140), repeats).real is False
    low, high = band([point(0, 150)], repeats)
    assert low < 5.0 < high


def test_without_repeat_sessions_no_change_is_called_real():
    lonely = [point(60 * k, 100) for k in range(5)]
    repeats = repeatability(repeat_groups(lonely, ()))
    assert (repeats.freedom, change(lonely[:1], point(400, 3), repeats).real) == (0, None)


def test_sessions_while_a_treatment_sets_in_are_no_repeats():
    points = [point(d, 100) for d in (-6, -1, 3, 8, 40, 45)]
    groups = repeat_groups(points, (trial.TOXIN,))
    assert [[p.session for p in g] for g in groups] == [["-6", "-1"], ["40", "45"]]


def test_a_benefit_that_lasts_to_the_end_has_no_wearing_off_day_and_no_word_of_failure():
    points = [point(d, 200) for d in (-20, -13, -6)] + [point(d, 30) for d in range(15, 90, 7)]
    found = course_of(trial.TOXIN, None, points, "right")
    assert found.wearing_off is None
    assert found.benefit < 0.4
    assert "had not worn off by the last session, day 85" in found.words


def test_a_course_without_effect_or_with_too_few_sessions_says_so():
    flat = [point(d, 100 + d % 3) for d in range(-21, 150, 7)]
    assert "No change that stands out" in course_of(trial.TOXIN, None, flat, "right").words
    assert "needs a session before" in course_of(trial.TOXIN, None, flat[4:], "right").words


def test_other_rates_are_shown_apart_and_what_cannot_be_placed_is_left_out_by_name(tmp_path):
    for k in range(3):
        session_of(tmp_path, [episode(1, 0.5)], 2, start_utc=NOW + timedelta(days=k), valid_s=600)
    session_of(tmp_path, [], 2, start_utc=NOW + timedelta(days=9), valid_s=600, rate_hz=500.0)
    session_of(tmp_path, [], 2, start_utc=NOW + timedelta(days=10), valid_s=20)
    found = sessions_of(Store(tmp_path), "P014")
    assert [len(s.points) for s in found.series] == [6, 2]
    assert len(found.left_out) == 1
    assert "of it is valid" in found.left_out[0][1]


def test_without_a_treatment_there_is_no_course_and_a_page_all_the_same(tmp_path):
    session_of(tmp_path, [episode(1, 0.5)], 2, valid_s=600)
    trend = trend_of(Store(tmp_path), "P014")
    assert [side.courses for side in trend.series[0].sides] == [(), ()]
    assert "None noted" in trend_html(trend)


def test_treatments_are_free_text_only_ever_added_and_struck_by_number(tmp_path):
    session_of(tmp_path, [], 2)
    store = Store(tmp_path)
    add_treatment(store, "P014", day=DAY, what="botulinum toxin", dose="15 U", sites="lid", now_utc=NOW)
    before = (tmp_path / "P014" / TREATMENTS_NAME).read_bytes()
    add_treatment(store, "P014", day=DAY - timedelta(days=200), what="decompression", now_utc=NOW)
    strike_treatment(store, "P014", 1, NOW)
    assert (tmp_path / "P014" / TREATMENTS_NAME).read_bytes().startswith(before)
    assert [t.words for t in read_treatments(store, "P014").records] == ["decompression"]
    with pytest.raises(RequestError, match="no treatment 1"):
        strike_treatment(store, "P014", 1, NOW)
    for wrong in ({"what": " "}, {"what": "x" * 201}, {"what": "a\nb"}, {"what": "x", "day": date(2027, 1, 1)}):
        with pytest.raises(RequestError):
            add_treatment(store, "P014", **({"day": DAY, "now_utc": NOW} | wrong))
    with pytest.raises(RequestError, match="no subject"):
        add_treatment(store, "P999", day=DAY, what="x", now_utc=NOW)


def test_a_damaged_line_of_treatments_is_told_and_costs_no_other(tmp_path):
    session_of(tmp_path, [], 2)
    store = Store(tmp_path)
    for what in ("one", "two"):
        add_treatment(store, "P014", day=DAY, what=what, now_utc=NOW)
    path = tmp_path / "P014" / TREATMENTS_NAME
    path.write_bytes(path.read_bytes().replace(b'"what":"one"', b'"what":"won"')[:-1] + b'\n{"number":3')
    found = read_treatments(store, "P014")
    assert [t.what for t in found.records] == ["two"]
    assert len(found.notes) == 2
    add_treatment(store, "P014", day=DAY, what="three", now_utc=NOW)
    assert [t.what for t in read_treatments(store, "P014").records] == ["two", "three"]


def test_the_commands_note_a_treatment_and_tell_the_trend(tmp_path, capsys):
    rng = np.random.default_rng(3)
    for day in range(-14, 30, 7):
        spasms = 20 if day <= 0 else 4
        found = [episode(n, 0.4 + 0.01 * n) for n in range(int(rng.poisson(spasms)))]
        session_of(tmp_path, found, 2, start_utc=datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(days=day), valid_s=600)
    store = ["--store", str(tmp_path)]
    assert main(["treatment", "P014", "--date", "2026-03-02", "--what", "botulinum <b>toxin</b>", *store]) == 0
    assert main(["treatment", "P014", "--what", "x", *store]) == 2
    page = tmp_path / "trend.html"
    assert main(["trend", "P014", *store, "--out", str(page), "--json", str(tmp_path / "trend.json")]) == 0
    assert "reference" in capsys.readouterr().out
    told = json.loads((tmp_path / "trend.json").read_text())
    assert told["series"][0]["sides"][0]["changes"]
    html = page.read_text()
    assert "&lt;b&gt;toxin" in html
    assert "failed" not in html.lower()
    assert main(["trend", "NOBODY1", *store]) == 2
    assert trend_of(Store(tmp_path), "P014").simulated is False
