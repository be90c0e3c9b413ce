"""Many trials, each of a seed, kept as JSON lines: what was done is not done again, so that a long run can be broken off at any moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

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


def run(path: Path | None, seeds: Iterable[int], trial: Callable[[int], Result]) -> list[Result]:
    """The result of every seed, in order; new ones are appended to `path` one by one."""
    done = {} if path is None else kept(path)
    results = []
    if path is not None and path.exists() and not path.read_bytes().endswith(b"\n"):
        with path.open("a") as file:
            file.write("\n")  # so that a line that was broken off spoils no other
    for seed in seeds:
        if seed not in done:
            done[seed] = trial(seed)
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
