"""docs/reliability.md is made of results, and says what was not run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.reliability import day, findings, idle, modes, page, results

ROOT = Path(__file__).parents[1]

LINKS = (ROOT / "docs" / "links.md").read_text()
PLANNED = {"kills": 3, "day": 1}
STAMP = {"date": "2026-11-20", "commit": "abc1234", "cores": 4}


def killed(seed: int, *, ok: bool = True) -> results.Result:
    found = {"what": "recorder killed", "seed": seed, "ok": ok, "acknowledged_s": 7.0, "recovered_s": 8.0}
    return {**found, "lost_s": 0.0 if ok else 1.5, "damage": [] if ok else ["Something is broken."], **STAMP}


def test_the_page_counts_what_was_done_and_names_what_was_not() -> None:
    text = page.page({"kills": [killed(0), killed(1, ok=False)]}, PLANNED, LINKS)
    assert "| kills | 2 | 3 | 1 | 1 | 2026-11-20 | abc1234 | 4 cores |" in text
    assert "| day | 0 | 1 | 0 | 0 | - | - | - |" in text
    assert "Not run in full: kills, day." in text
    assert "Wrong in kills: seeds 1." in text
    assert "At most 1.5 s" in text
    assert "The tests were not run for this page" in text


def test_a_day_that_was_cut_short_is_not_counted_as_one() -> None:
    short = day_result(hours=4.0)
    text = page.page({"kills": [killed(k) for k in range(3)], "day": [short]}, PLANNED, LINKS)
    assert "| day | 0 | 1 |" in text
    assert "Not run in full: day." in text
    assert "day, 4 hours (2026-11-20, abc1234, 4 cores)" in text
    full = page.page({"kills": [killed(k) for k in range(3)], "day": [day_result(hours=24.0)]}, PLANNED, LINKS)
    assert "Everything was run in full." in full


def day_result(hours: float) -> results.Result:
    numbers = ("faults", "samples", "lost", "truly_lost", "estimated", "restarts", "worst_estimate", "episodes")
    found = dict.fromkeys(numbers, 5)
    compared = [{"since_s": since_s, "true": 5, "same": 5, "others": 0} for since_s in (0.0, 900.0)]
    return {
        "what": "day",
        "seed": 0,
        "hours": hours,
        "ok": True,
        **found,
        "accounted": True,
        "identical": True,
        "compared": compared,
        "memory_mb": [100.0],
        "grown_mb": 0.0,
        **STAMP,
    }


def test_every_failure_mode_has_its_row_with_what_its_tests_lost(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite><testcase name="test_09_dropped_packets[3]"><properties>'
        '<property name="faults" value="[&quot;drop&quot;]"/><property name="lost" value="[3, 0]"/></properties></testcase>'
        '<testcase name="test_17_the_board_is_off"><failure message="x"/></testcase></testsuite></testsuites>'
    )
    rows = [{**row, **STAMP} for row in modes.rows_of(report)]
    assert [(r["seed"], r["ok"]) for r in rows] == [(9, True), (17, False)]
    text = page.page({"modes": rows}, PLANNED, LINKS)
    assert re.search(r"^\| 9 \| dropped packets \| `drop` \| .* \| 3 samples, exact \| 1 \|$", text, re.MULTILINE)
    assert re.search(r"^\| 17 \| .* \| \*\*1 of 1 wrong\*\* \|$", text, re.MULTILINE)
    assert text.count("**not run**") == 30
    assert "1 of 32 rows right" in text


def test_the_kept_page_has_every_row_of_the_links_page() -> None:
    kept = (ROOT / "docs" / "reliability.md").read_text()
    written = re.findall(r"^\| (\d+) \| (.+?) \|", kept, re.MULTILINE)
    assert written == [(str(n), row[0]) for n, row in page.failure_modes(LINKS).items()]
    assert len(written) == 32


def test_new_results_say_when_and_of_what_they_are(tmp_path: Path) -> None:
    stamped = results.stamp()
    assert set(stamped) == {"date", "commit", "cores"}
    path = tmp_path / "x.jsonl"
    results.run(path, range(1), lambda seed: {"what": "x", "seed": seed, "ok": True}, STAMP)
    again = results.run(path, range(1), lambda seed: pytest.fail(f"seed {seed} again"), {"date": "later"})
    assert again[0]["date"] == "2026-11-20"


def test_a_link_on_which_nothing_comes_costs_next_to_nothing() -> None:
    """A slice of `benchmarks.reliability.idle`: a reader that never rests would take a whole core."""
    found = idle.idle_link(0, watched_s=2.0, settled_s=1.0)
    assert found["cpu_share"] < 0.2, found
    text = page.page({"idle": [{**found, **STAMP}]}, PLANNED, LINKS)
    assert re.search(r"^\| dongle gone \| \d+\.\d\d % \| \d+ \| \d s \|$", text, re.MULTILINE)


def test_a_slice_of_the_day_with_faults_is_accounted_for_sample_by_sample() -> None:
    found = day.day_trial(3, hours=0.15)
    assert found["accounted"], found
    assert found["faults"] > 0
    assert abs(found["lost"] - found["truly_lost"]) <= day.ESTIMATE_SAMPLES * found["restarts"]
    assert found["identical"], found
    assert sum(part["true"] for part in found["compared"]) > 5
    assert sum(part["same"] for part in found["compared"]) >= 0.8 * sum(part["true"] for part in found["compared"])


def test_a_sample_off_its_place_is_seen() -> None:
    places = findings.Places(first=10, jumps=[(100, 3), (200, -30)])
    assert places.worst_step == 33
    assert list(places.stretches(0, 50)) == [(10, 50)]
    assert list(places.stretches(50, 150)) == [(60, 50), (113, 50)]
    assert list(places.stretches(100, 300)) == [(113, 100), (180, 100)]
    assert list(places.stretches(250, 260)) == [(230, 10)]
