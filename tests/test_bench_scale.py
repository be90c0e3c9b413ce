"""What `make bench` adds to its clocks: counts and growth, and the table of it all; figures checked for sense and not for speed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import cohort, cost_page, scale

ROOT = Path(__file__).parents[1]

RUN = {"workers": 1, "hours": 2.0, "hours_per_core_s": 0.14, "hours_per_core_s_in_sessions": 0.2, "hours_per_s": 0.11}
COHORT = {
    "machine": "a machine", "load": 0.0, "hours": 2.0, "session_bytes_per_hour": 28e6, "files_per_session": 8.0,
    "runs": [RUN | {"parts_bytes": 340_000, "episodes": 1200}, RUN | {"workers": 2, "hours_per_s": 0.22}],
}  # fmt: skip


def test_instructions_are_read_from_the_report_of_cachegrind() -> None:
    assert scale.counted("==77== \n==77== I refs:        1,234,567,890\n") == 1_234_567_890
    assert scale.counted("==77== I   refs:      42\n") == 42
    with pytest.raises(ValueError, match="no instructions"):
        scale.counted("valgrind: failed to start")


def test_without_valgrind_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale.shutil, "which", lambda _: None)
    assert scale.instructions() is None


def test_growth_is_measured_at_every_length_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its measurements are processes that find `benchmarks` in the folder they start in.
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    short, longer = scale.growth(tmp_path, (10, 20))
    assert (short["signal_s"], longer["signal_s"]) == (10, 20)
    assert longer["cpu_s"] == pytest.approx(longer["cpu_s_per_hour"] * 20 / 3600)
    assert list(tmp_path.iterdir()) == []


PART = {
    "replay": {"wall_s_per_hour": 0.95, "cpu_s_per_hour": 6.25, "ratio": 2.5},
    "live_blocks": {"cpu_ms_per_s": 8.25, "slowest_block_ms": 6.0},
}
FIGURES = {
    "machine": "a machine",
    "load": 3.2,
    "hours": 1.0,
    "live": {
        "alone": {"cpu_ms_per_s": 9.5, "resident_mb": 67.0, "seconds": 20.0},
        "pages": {"cpu_ms_per_s": 10.5, "resident_mb": 81.0},
        "browser": {"cpu_ms_per_s": 20.5, "resident_mb": 84.0},
    },
    "instructions": {"millions_per_s": 41.25},
    "first_sample": {"first_sample_s": 3.25},
    "start_ms": {"hfs-emg --help": 43.0},
    "scenarios": dict.fromkeys(cost_page.FACES, PART)
    | {"healthy-meal": PART | {"replay": {"wall_s_per_hour": 4.5, "cpu_s_per_hour": 9.0, "ratio": 12.0}}},
    "growth": [
        {"signal_s": 60, "cpu_s_per_hour": 4.0, "peak_mb": 70.0},
        {"signal_s": 3600, "cpu_s_per_hour": 4.1, "peak_mb": 80.0},
        {"signal_s": 86_400, "cpu_s_per_hour": 4.2, "peak_mb": 100.0},
    ],
    "peers": {"this program": {"cpu_s_per_hour": 6.5, "peak_mb": 130.0}, "BioSPPy": None},
    "cohort": COHORT,
}


def verdicts(figures: dict[str, object]) -> dict[str, bool | None]:
    return {row.what: row.held for row in cost_page.rows(figures) if row.goal is not None}


def test_the_table_shows_every_figure_and_judges_what_is_asked() -> None:
    text = cost_page.text(FIGURES)
    for shown in (
        "9.5 ms", "10.5 ms", "20.5 ms", "67 MB", "84 MB", "41.2 million", "8.2 ms; 6 ms", "43 ms", "3.2 s", "12.0",
        "0.95 s; 6.25 s", "4.50 s; 9.00 s",
        "24 h: CPU", "4.20 s; 100 MB", "1.25 times", "6.50 s; 130 MB", "not installed", "0.140 (0.110 by the clock)", "3 other processes",
    ):  # fmt: skip
        assert shown in text, shown
    held = verdicts(FIGURES)
    assert held["CPU per second of signal, `record`"]
    assert held["the same with one browser"] is False
    assert held["a recorded hour, a patient: by the clock; CPU"]
    assert held["a recorded hour, a meal: by the clock; CPU"] is False
    assert held["times the bare filter passes in it, a patient"]
    assert held["times the bare filter passes in it, a meal"] is False
    assert held["memory of 24 h over that of 1 h"]
    assert text.count("not held") == 4
    assert "`" not in text


def test_what_could_not_be_measured_is_told_in_a_sentence() -> None:
    assert "valgrind is missing (apt install valgrind)" in cost_page.text(FIGURES | {"instructions": None})
    assert "nothing else wanted the cores" in cost_page.text(FIGURES | {"load": 0.1})


def test_the_page_of_costs_holds_the_table_and_how_it_was_measured() -> None:
    page = cost_page.page(FIGURES)
    for row in cost_page.rows(FIGURES):
        assert row.what in page
        assert row.measured in page
    assert "**not held**" in page
    assert "for 20 s after it has settled" in page


def test_the_page_that_is_kept_was_made_by_this_program() -> None:
    """Its rows are those that would be written now."""
    kept, new = (
        [line for line in text.splitlines() if line.startswith(("#", "| **"))]
        for text in (cost_page.PAGE.read_text(encoding="utf-8"), cost_page.page(FIGURES))
    )
    assert kept == new


def test_the_page_of_plans_multiplies_what_was_measured_and_keeps_what_people_wrote() -> None:
    text = cohort.page(COHORT)
    assert text.startswith((ROOT / "docs" / "cohort.md").read_text().partition(cohort.FIGURES)[0])
    assert "| 2 240 GB |" in text  # 10 000 nights of 8 h at 28 MB an hour
    assert "| 111.1 |" in text  # 80 000 h at 0.2 h per core-second
    assert "2.00 times" in text
