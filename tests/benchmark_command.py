"""How a test starts a tool of `benchmarks`, which is installed nowhere, while the program stays the one that is installed."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1]
_START = (
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def benchmark_command(module: str, *arguments: str) -> list[str]:
    """`python -m MODULE ARGUMENT…`, also where Python looks into no folder that it is not told of (PYTHONSAFEPATH)."""
    return [sys.executable, "-c", _START, str(FOLDER), module, *arguments]
