"""What pytest is told of all tests: where the benchmarks are, how long an example may take, what a skip means, which are portable."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from needs import pytest_make_collect_report, pytest_runtest_makereport
from portable import is_portable

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

# For `benchmarks` and `docs`, which are installed nowhere; last, so that the tests of a wheel find the packages in the wheel.
sys.path.append(str(Path(__file__).parents[1]))

# A shell that starts the tests in the background has Ctrl-C ignored, and a process hands that on to the ones it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# An example that takes long says that the machine is busy or slow, and nothing of the program.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the portable ones."""
    for item in items:
        if is_portable(getattr(item, "fixturenames", ()), [mark.name for mark in item.iter_markers()]):
            item.add_marker(pytest.mark.portable)
