"""A test that cannot run here is skipped with its remedy, and is a failure where CI=true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

WAYS = """
import needs, pytest

@pytest.fixture
def browser():
    return needs.program("a-browser-of-tomorrow")

def test_in_a_fixture(browser):
    raise AssertionError

def test_in_the_test():
    pytest.skip("the moon is not up")

@pytest.mark.skipif(True, reason="not on a Tuesday")
def test_by_a_mark():
    raise AssertionError

def test_that_runs():
    pass
"""

REASONS = (
    "a-browser-of-tomorrow is not here: sudo apt install a-browser-of-tomorrow",
    "the moon is not up",
    "not on a Tuesday",
    "a_package_of_tomorrow",
)


def outcome(folder: Path, ci: str, *options: str) -> tuple[int, str]:
    """The status and the summary of a run of three ways to be left out, and a whole file that is."""
    (folder / "test_ways.py").write_text(WAYS)
    (folder / "test_whole.py").write_text("import pytest\npytest.importorskip('a_package_of_tomorrow')\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "needs", "-p", "no:cacheprovider", "-ra", *options, folder],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE), str(HERE.parent))), "CI": ci},
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("ci", ["", "false"])
def test_elsewhere_each_is_skipped_with_its_reason(tmp_path: Path, ci: str) -> None:
    status, text = outcome(tmp_path, ci)
    assert status == 0
    assert "1 passed, 4 skipped" in text
    for reason in REASONS:
        assert reason in text


def test_with_ci_each_is_a_failure_that_tells_the_reason(tmp_path: Path) -> None:
    status, text = outcome(tmp_path, "true", "--continue-on-collection-errors")
    assert status != 0
    assert "1 failed, 1 passed, 3 errors" in text
    for reason in REASONS:
        assert re.search(f"with CI=true no test may be left out. .*{reason}", text)
