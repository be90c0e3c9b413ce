"""What `make bench` adds to its clocks: counts, growth, the first sample; figures checked for sense and not for speed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import cohort, scale

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


def test_without_valgrind_nothing_is_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(scale.shutil, "which", lambda _: None)
    assert scale.instructions(tmp_path / "any.bdf") is None


def test_growth_is_measured_at_every_length_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    short, longer = scale.growth(tmp_path, (10, 20))
    assert (short["signal_s"], longer["signal_s"]) == (10, 20)
    assert longer["cpu_s"] == pytest.approx(longer["cpu_s_per_hour"] * 20 / 3600)
    assert list(tmp_path.iterdir()) == []


def test_the_lines_show_every_figure_and_what_could_not_be_measured() -> None:
    figures = {
        "instructions": {"millions_per_s": 41.25, "start_millions": 5234.0},
        "first_sample": {"first_sample_s": 1.75},
        "growth": [{"signal_s": 86_400, "cpu_s": 99.5, "cpu_s_per_hour": 4.15, "peak_mb": 123.0, "episodes": 777}],
        "peers": {"this program": {"cpu_s_per_hour": 6.5, "peak_mb": 130.0}, "BioSPPy": None},
        "cohort": COHORT,
    }
    text = "\n".join(scale.lines(figures))
    for shown in (
        "41.2",
        "5234",
        "1.8 s",
        "1440 min",
        "99.50",
        "4.15",
        "777",
        "6.50",
        "not installed",
        "1 process 0.140",
    ):
        assert shown in text
    assert "valgrind is missing" in "\n".join(scale.lines(figures | {"instructions": None}))


def test_the_page_of_plans_multiplies_what_was_measured_and_keeps_what_people_wrote() -> None:
    text = cohort.page(COHORT)
    assert text.startswith((ROOT / "docs" / "cohort.md").read_text().partition(cohort.FIGURES)[0])
    assert "| 2 240 GB |" in text  # 10 000 nights of 8 h at 28 MB an hour
    assert "| 111.1 |" in text  # 80 000 h at 0.2 h per core-second
    assert "2.00 times" in text
