"""What every file of the repository keeps: one subject, a rule at its head, nothing left half done, nobody's paths."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]

LONG_MODULES: dict[str, str] = {}
"""Python files over 350 lines, each with its reason."""
LONG_FUNCTIONS: dict[str, str] = {
    "hfs_emg/simulation/draws.py draw_healthy": "a list: one line of settings after another, no branch",
}
"""Functions over 60 lines, by file and name, each with its reason."""


def files_of_the_repository() -> list[Path]:
    """Everything that is kept, or would be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        check=False, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    if listed.returncode != 0:  # an unpacked archive has no history
        return [p for p in ROOT.rglob("*") if p.is_file() and not any(part.startswith(".") for part in p.parts)]
    return [p for line in listed.stdout.splitlines() if (p := ROOT / line).is_file()]


def python_files() -> list[Path]:
    """The program, its tests, its benchmarks, its documents' tools."""
    return [path for path in files_of_the_repository() if path.suffix == ".py"]


MACHINE_PATHS = re.compile(
    r"(?<![\w.~])/(?:work|root|Users|opt/[a-z]+)(?:/|\b(?=[\"'`\s]))|/home/(?!pi\b|USER\b)[a-z]+|/usr/local/lib/python"
)


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    wrong = []
    for path in files_of_the_repository():
        if path.suffix in (".gz", ".png") or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if MACHINE_PATHS.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not wrong, wrong


def test_modules_have_one_subject_and_at_most_350_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): n for path in python_files() if (n := len(path.read_text().splitlines())) > 350
    }
    assert set(long) == set(LONG_MODULES), long


def test_functions_have_at_most_60_lines() -> None:
    long = {
        f"{path.relative_to(ROOT)} {node.name}": n
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (n := (node.end_lineno or 0) - node.lineno + 1) > 60
    }
    assert set(long) == set(LONG_FUNCTIONS), long


def test_every_module_says_its_rule_first() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in python_files()
        if (text := path.read_text()).strip() and not ast.get_docstring(ast.parse(text))
    ]
    assert not silent, silent


def test_nothing_is_left_half_done() -> None:
    """No note to self, no test that may fail, no line that tests may not reach."""
    marks = re.compile(r"\b(?:TODO|FIXME|XXX)\b|pragma: no cover|mark\.xfail")
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files_of_the_repository()
        if path != Path(__file__) and (path.suffix in (".py", ".md", ".toml") or path.name == "Makefile")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if marks.search(line)
    ]
    assert not wrong, wrong
