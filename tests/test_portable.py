"""What is portable is told by what a test asks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest

@pytest.fixture
def chromium():
    pass

@pytest.fixture
def lsl():
    pass

@pytest.fixture
def page(chromium):
    pass

def test_plain(tmp_path): pass
def test_in_a_browser(chromium): pass
def test_on_a_page_of_it(page): pass
def test_over_the_network(lsl): pass
@pytest.mark.brainflow
def test_of_a_library(): pass
@pytest.mark.parametrize("board", ["ours", pytest.param("theirs", marks=pytest.mark.brainflow)])
def test_of_boards(board): pass
@pytest.mark.timing
def test_of_the_clock(): pass
"""


def test_all_are_but_those_that_ask_for_what_an_emulated_computer_lacks(tmp_path: Path) -> None:
    here = Path(__file__).parent
    for name in ("conftest.py", "needs.py", "portable.py"):
        (tmp_path / name).write_text((here / name).read_text())
    (tmp_path / "test_some.py").write_text(TESTS)
    options = ["--collect-only", "-q", "-m", "portable", "-p", "no:cacheprovider", "-c", here.parent / "pyproject.toml"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", tmp_path, tmp_path],
        check=True, capture_output=True, text=True, cwd=here.parent,
    )  # fmt: skip
    assert [line.rpartition("::")[2] for line in done.stdout.splitlines() if "::" in line] == [
        "test_plain",
        "test_of_boards[ours]",
    ]
