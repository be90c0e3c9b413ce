"""The tests of the failure modes, run once more for the fault matrix: what each provoked, and what it lost.

Their names carry the number of the row (`test_09_…`); the fixture in tests/failure_modes/conftest.py puts faults and losses of each
recording into pytest's report.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

from benchmarks.reliability.results import ROOT, Result

NUMBERED = re.compile(r"test_(\d\d)_(\w+)")


def run_tests(report: Path) -> None:
    """Let pytest write its report; whether a test failed stands in there."""
    where = ROOT / "tests" / "failure_modes"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1"]
    subprocess.run([*command, f"--junit-xml={report}", str(where)], check=False, capture_output=True, cwd=ROOT)


def rows_of(report: Path) -> list[Result]:
    """One result per failure mode, by its number."""
    cases: dict[int, list[ET.Element]] = defaultdict(list)
    for case in ET.parse(report).iter("testcase"):
        match = NUMBERED.match(case.get("name", ""))
        if match is not None:
            cases[int(match[1])].append(case)
    return [_row(number, cases[number]) for number in sorted(cases)]


def _row(number: int, cases: list[ET.Element]) -> Result:
    wrong = [c.get("name") for c in cases if {e.tag for e in c} & {"failure", "error", "skipped"}]
    told: dict[str, list[list[object]]] = {"faults": [], "lost": []}
    for told_of in (p for c in cases for p in c.iter("property")):
        if told_of.get("name") in told:
            told[str(told_of.get("name"))].append(json.loads(str(told_of.get("value"))))
    words = dict.fromkeys(NUMBERED.match(str(c.get("name")))[2].replace("_", " ") for c in cases)  # type: ignore[index]
    return {
        "what": "mode",
        "seed": number,
        "ok": not wrong,
        "tests": len(cases),
        "failed": wrong,
        "scenes": list(words),
        "faults": sorted({str(name) for names in told["faults"] for name in names}),
        "lost": told["lost"],
    }


def measure(out: Path, stamped: Result) -> list[Result]:
    """Run the tests and keep one line per row in `out`."""
    with tempfile.TemporaryDirectory() as room:
        report = Path(room) / "report.xml"
        run_tests(report)
        rows = [{**row, **stamped} for row in rows_of(report)]
    out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows
