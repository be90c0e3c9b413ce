"""The trees of errors are drawn as they are, and each error has an exit status."""

from __future__ import annotations

import inspect
import re

import pytest

ERROR_TREES = ("firmware_bridge.errors", "calibration.errors", "hfs_emg.errors")


def drawn_tree(docstring: str) -> list[tuple[int, str]]:
    """(depth, name) of each class that a docstring draws with ├── and └──."""
    rows = []
    for line in docstring.splitlines():
        match = re.match(r"((?:│   |    )*)(?:├── |└── )(\w+)", line)
        if match is not None:
            rows.append((len(match[1]) // 4 + 1, match[2]))
        elif re.fullmatch(r"\w+Error", line):
            rows.append((0, line))
    return rows


def real_tree(module: object) -> set[tuple[str, str]]:
    classes = [c for _, c in inspect.getmembers(module, inspect.isclass) if c.__module__ == module.__name__]  # type: ignore[attr-defined]
    return {(c.__name__, c.__base__.__name__) for c in classes if c.__base__ is not None}


@pytest.mark.parametrize("name", ERROR_TREES)
def test_the_error_tree_is_drawn_as_it_is(name: str) -> None:
    module = __import__(name, fromlist=["errors"])
    drawn, above = set(), ["Exception"]
    for depth, child in drawn_tree(module.__doc__ or ""):
        above[depth + 1 :] = [child]
        drawn.add((child, above[depth]))
    assert drawn == real_tree(module)


def test_every_error_of_ours_has_an_exit_status() -> None:
    """What the tables of the docstrings promise is what the command line returns."""
    from hfs_emg.cli import status_of

    expected = {"BoardAddressError": 2, "MontageError": 2, "CalibrationError": 2, "HfsError": 1}
    expected |= {"ProfileDamaged": 2, "ProfileUnfit": 2, "NotMeasured": 2}
    expected |= {"RequestError": 2, "RecordingError": 4, "DiskError": 5}
    for name in ERROR_TREES:
        module = __import__(name, fromlist=["errors"])
        for class_name, _ in real_tree(module):
            error = getattr(module, class_name)("x")
            assert status_of(error) == expected.get(class_name, 3), class_name
