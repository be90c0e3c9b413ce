"""`make reliability [PART=kills]`: the long trials, and docs/reliability.md from what they found.

Results are kept in benchmarks/.cache/reliability as JSON lines, so that a run may be broken off at any moment and goes on where it was;
`--anew` throws a part's away first. The page is written from all that is there, and says what is not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reliability import clock, damage, day, idle, kills, links, modes
from benchmarks.reliability.page import page
from benchmarks.reliability.results import ROOT, Result, kept, run, stamp, summary

KEPT = ROOT / "benchmarks" / ".cache" / "reliability"
PAGE = ROOT / "docs" / "reliability.md"


def _damage(seed: int) -> Result:
    """One trial over sound sessions of its own; they are made once per run."""
    global _trials, _room  # noqa: PLW0603 - made when the first trial wants it, kept for the others
    if _trials is None:
        _room = tempfile.TemporaryDirectory()
        _trials = damage.Trials(Path(_room.name))
    return _trials.trial(seed)


_trials: damage.Trials | None = None
_room: tempfile.TemporaryDirectory[str] | None = None


@dataclass(frozen=True)
class Part:
    """One kind of trial: how many of them make a full run."""

    trials: int
    trial: Callable[[int], Result]


PARTS = {
    "kills": Part(950, kills.kill_process),
    "commands": Part(50, kills.kill_command),
    "damage": Part(10_000, _damage),
    "links": Part(1000, links.trial),
    "idle": Part(len(idle.KINDS), idle.idle_link),
    "clock": Part(1, clock.clock_trial),
    "day": Part(1, day.day_trial),
}


def main() -> int:
    """Run what was asked for, then write the page. 1 when anything went wrong."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    options.add_argument(
        "part", nargs="*", metavar="PART", help=f"{', '.join([*PARTS, 'modes', 'page'])} (all of them)"
    )
    options.add_argument("--trials", type=int, help="so many of each part instead of a full run")
    options.add_argument("--anew", action="store_true", help="throw away what these parts found before")
    given = options.parse_args()
    asked = given.part or [*PARTS, "modes", "page"]
    unknown = set(asked) - {*PARTS, "modes", "page"}
    if unknown:
        options.error(
            f"there is no part {', '.join(sorted(unknown))}: choose of {', '.join([*PARTS, 'modes', 'page'])}"
        )
    KEPT.mkdir(parents=True, exist_ok=True)
    stamped = stamp()
    for name in asked:
        path = KEPT / f"{name}.jsonl"
        if given.anew:
            path.unlink(missing_ok=True)
        if name in PARTS:
            found = run(path, range(given.trials or PARTS[name].trials), PARTS[name].trial, stamped)
            print(f"{name}: {summary(found)}", flush=True)
        elif name == "modes":
            print(f"modes: {summary(modes.measure(path, stamped))}", flush=True)
    results = {name: list(kept(KEPT / f"{name}.jsonl").values()) for name in (*PARTS, "modes")}
    planned = {name: part.trials for name, part in PARTS.items()}
    PAGE.write_text(page(results, planned, (ROOT / "docs" / "links.md").read_text()))
    print(f"Written: {PAGE.relative_to(ROOT)}")
    return 0 if all(r["ok"] for found in results.values() for r in found) else 1


if __name__ == "__main__":
    sys.exit(main())
