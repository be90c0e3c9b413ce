"""The table of failure modes and the tests say the same."""

import re
from pathlib import Path

from benchmarks.reliability import clock

ROOT = Path(__file__).parents[2]


def test_every_row_of_the_table_has_a_test_and_every_test_a_row(rows_with_a_test):
    rows = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "links.md").read_text(), re.MULTILINE)
    assert [int(row) for row in rows] == list(range(1, 33))
    assert rows_with_a_test == set(range(1, 33))


def test_the_time_of_a_sample_is_right_to_5_ms_though_the_wall_clock_is_set_three_times():
    found = clock.clock_trial(2, hours=0.2)
    assert found["ok"], found
    assert found["steps"] == 3
