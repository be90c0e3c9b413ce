"""Which tests are portable: those that any 64-bit Linux can run, an emulated one too, with the program, pytest and hypothesis alone.

`-m portable` does not even look at the others: they import packages that are not there. Left out are a browser, BrainFlow, the network of
LabStreamingLayer, optional packages, benchmarks, and whatever holds a clock or another process to its word.

What a computer lacks is asked for in needs.py, whose rule for skipped tests is given to pytest here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from needs import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

HERE = Path(__file__).parent

# For `benchmarks` and `docs`, which are installed nowhere; last, so that the tests of a wheel find the packages in the wheel.
sys.path.append(str(HERE.parent))

NOT_PORTABLE = (
    # a browser, BrainFlow, the network
    "web", "bridge/test_brainflow", "lsl", "cohort/test_cluster",
    # optional packages
    "cohort", "exports", "library", "report", "trend", "formats/test_edf", "formats/test_xdf", "formats/test_raw_emg", "figures",
    # clocks and other processes
    "failure_modes", "bridge/test_pty_server", "service", "monitor", "stalled_disk", "session/test_interruption", "notify",
    "cli/test_monitor", "cli/test_record", "simulation/test_physiology",
    # benchmarks and the project itself
    "accuracy", "bench", "blend", "peers", "reliability", "docs", "project", "architecture", "calibration_page",
)  # fmt: skip
"""Beginnings of paths in this folder; of files in it, without `test_`."""


def is_portable(path: Path) -> bool:
    """By where a test stands."""
    name = path.relative_to(HERE).as_posix().removeprefix("test_")
    return not any(name.startswith(beginning) for beginning in NOT_PORTABLE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Pass over what `-m portable` would leave out."""
    chosen = config.getoption("markexpr") == "portable" and collection_path.is_relative_to(HERE)
    return True if chosen and collection_path.name.startswith("test_") and not is_portable(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the others."""
    for item in items:
        if item.path.is_relative_to(HERE) and is_portable(item.path):
            item.add_marker(pytest.mark.portable)
