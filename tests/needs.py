"""What some tests need and not every computer has; and the one rule for a test that is left out.

A test that lacks something is skipped with the remedy. On the machine that vouches for the project, where CI=true, every skip is a
failure, whoever asked for it and however: conftest.py hands the two hooks below to pytest, so that no test file needs to know.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any, TypeVar

import pytest

from firmware_bridge.brainflow_library import Library
from firmware_bridge.errors import BoardUnavailable

AnyReport = TypeVar("AnyReport", pytest.TestReport, pytest.CollectReport)


def brainflow() -> Library:
    """The package with its library for this machine."""
    try:
        return Library()
    except BoardUnavailable as reason:
        pytest.skip(str(reason))


def lsl() -> Any:
    """pylsl with its liblsl."""
    from hfs_emg.lsl.library import load_lsl

    try:
        return load_lsl()
    except BoardUnavailable as reason:
        pytest.skip(str(reason))


def program(name: str) -> str:
    """Where a program of Debian's is; its package has the same name."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here: sudo apt install {name}")
    return found


def vouches() -> bool:
    """Whether this machine's word counts for the project."""
    return os.environ.get("CI", "").lower() in ("true", "1")


def told(report: AnyReport) -> AnyReport:
    """The report; a skip as a failure where this machine vouches for the project."""
    if report.outcome == "skipped" and vouches():
        where = ":".join(map(str, report.longrepr[:2])) if isinstance(report.longrepr, tuple) else report.nodeid
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{where}: with CI=true no test may be left out. {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[Any]:
    """Each phase of a test."""
    return told((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[Any]:
    """Files that are left out whole."""
    return told((yield))
