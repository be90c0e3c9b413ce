"""Many trials, each of a seed, kept as JSON lines: what was done is not done again, so that a long run can be broken off at any moment."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

Result = dict[str, Any]
"""At least what, seed and ok; seconds as `…_s`."""


def kept(path: Path) -> dict[int, Result]:
    """Results by seed; a line that was cut off is not one."""
    found: dict[int, Result] = {}
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                result = json.loads(line)
                found[int(result["seed"])] = result
            except (ValueError, KeyError, TypeError):
                continue
    return found


def stamp() -> Result:
    """When, of which commit (with + when files differ from it) and on how large a machine a trial is made."""
    asked = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    said = subprocess.run(asked, check=False, capture_output=True, text=True, cwd=ROOT)
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": said.stdout.strip() or "unknown",
        "cores": os.cpu_count() or 1,
    }


def run(
    path: Path | None, seeds: Iterable[int], trial: Callable[[int], Result], stamped: Mapping[str, Any] | None = None
) -> list[Result]:
    """The result of every seed, in order; new ones are appended to `path` one by one, with what `stamped` says."""
    done = {} if path is None else kept(path)
    results = []
    if path is not None and path.exists() and not path.read_bytes().endswith(b"\n"):
        with path.open("a") as file:
            file.write("\n")  # so that a line that was broken off spoils no other
    for seed in seeds:
        if seed not in done:
            done[seed] = {**trial(seed), **(stamped or {})}
            if path is not None:
                with path.open("a") as file:
                    file.write(json.dumps(done[seed]) + "\n")
        results.append(done[seed])
    return results


def summary(results: list[Result]) -> str:
    """How many there were, the worst, and the seeds that went wrong."""
    wrong = [r["seed"] for r in results if not r["ok"]]
    worst = max((r.get("lost_s", 0.0) for r in results), default=0.0)
    return f"{len(results)} trials, at most {worst:.3f} s lost of what was acknowledged, wrong: {wrong or 'none'}"
