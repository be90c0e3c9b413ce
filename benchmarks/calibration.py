"""How well a calibration measures, and what its guards catch: `make calibration`, or `python -m benchmarks.calibration [--subjects N]`.

Each subject is calibrated in full and in short, with all electrodes in order, with the leads of both sides exchanged, and with one pair
dry, bridged or dead; boards of sixteen electrodes are measured by their lead-off current. A subject's figures are kept in
build/calibration, so that an interrupted run goes on; docs/calibration.md is drawn from all that were wanted.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.calibration_page import page
from benchmarks.calibration_results import Boards, SubjectResult, measure_boards
from benchmarks.calibration_trials import (
    SIDES_EXCHANGED,
    Found,
    calibrate,
    person,
    true_blink_ratio,
    true_crosstalk,
    true_levels,
    true_observation,
    true_rest_uv,
    with_fault,
)
from calibration.montage import Side, Site
from calibration.tasks import REFERENCE_TASKS
from hfs_emg.simulation.cooperation import Cooperation

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build" / "calibration"
SUBJECTS, BOARDS = 100, 12
FIRST_SEED = 500
"""Subjects from here on were never looked at while the guards were made."""
FAULTS = ("dry", "bridged", "dead")


def subject(seed: int) -> SubjectResult:
    """Everything about one subject."""
    one = person(seed)
    good = calibrate(one, "full", seed=seed, reading=True)
    exchanged = person(seed, Cooperation(swapped=SIDES_EXCHANGED))
    swapped = calibrate(exchanged, "full", seed=seed)
    again = calibrate(one, "quick", seed=seed, sitting=1, last=good.profile)
    swapped_again = calibrate(exchanged, "quick", seed=seed, sitting=1, last=good.profile)
    caught = {}
    for number, kind in enumerate(FAULTS):
        place = 1 + (seed * 5 + number * 3) % 8
        label = good.observation.montage.channels[place - 1].label
        found = calibrate(with_fault(one, kind, place), "full", seed=seed)
        caught[kind] = [c.guard for c in found.profile.cautions if label in c.channels]
    alone = true_observation(good)
    return SubjectResult(
        seed=seed,
        name=one.name,
        rest=_ratios([c.rest_uv for c in good.profile.channels], true_rest_uv(good).tolist()),
        contraction=_contractions(good, true_levels(alone)),
        symmetry=_symmetries(good, true_levels(alone)),
        blinks=_ratios([good.profile.blink_ratio(Site.ORBICULARIS_OCULI)], [true_blink_ratio(good, alone)]),
        blinks_apart=_scatter_of_blinks(good),
        crosstalk=_crosstalk(good),
        alarms=[c.guard for c in good.profile.cautions],
        alarms_again=[c.guard for c in again.profile.cautions],
        swapped=[c.guard for c in swapped.profile.cautions],
        swapped_again=[c.guard for c in swapped_again.profile.cautions],
        faults=caught,
    )


def _ratios(found: Sequence[float | None], truth: Sequence[float | None]) -> list[float]:
    return [f / t for f, t in zip(found, truth, strict=True) if f and t]


def _contractions(good: Found, truth: list[dict[str, float]]) -> list[float]:
    rows = [(c.reference, truth[i].get(REFERENCE_TASKS[c.channel.site])) for i, c in enumerate(good.profile.channels)]
    return [level.uv / true for level, true in rows if level is not None and true]


def _symmetries(good: Found, truth: list[dict[str, float]]) -> list[float]:
    found = []
    for site in Site:
        measured = good.profile.symmetry(site)
        places = [good.observation.montage.index(side, site) for side in Side]
        levels = [truth[i].get(REFERENCE_TASKS[site]) for i in places if i is not None]
        if measured is not None and len(levels) == 2 and all(levels):
            found.append(measured / (levels[1] / levels[0]))
    return found


def _scatter_of_blinks(good: Found) -> list[float]:
    blinks = good.profile.blinks
    spread = None if blinks is None else blinks.spread.get(Site.ORBICULARIS_OCULI)
    return [] if blinks is None or spread is None else [round(spread / math.sqrt(blinks.count), 4)]


def _crosstalk(good: Found) -> list[tuple[float, float, float]]:
    """Of each pair of channels: truth, error, and the uncertainty that the profile tells."""
    truth = true_crosstalk(good.face, good.observation.montage)
    apart = ~np.eye(len(truth), dtype=bool)
    error, sd = good.profile.crosstalk - truth, good.profile.crosstalk_sd
    rows = zip(truth[apart], error[apart], sd[apart], strict=True)
    return [(round(float(t), 4), round(float(e), 4), round(float(s), 5)) for t, e, s in rows]


def kept(folder: Path) -> list[SubjectResult]:
    """What earlier runs left, in order of seed."""
    files = sorted(folder.glob("subject-*.json"), key=lambda p: int(p.stem.partition("-")[2]))
    return [msgspec.json.decode(f.read_bytes(), type=SubjectResult) for f in files]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, draw the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=SUBJECTS)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "calibration.md")
    parser.add_argument("--kept", type=Path, default=KEPT)
    options = parser.parse_args(arguments)
    options.kept.mkdir(parents=True, exist_ok=True)
    wanted = range(FIRST_SEED, FIRST_SEED + options.subjects)
    there = {r.seed for r in kept(options.kept)}
    missing = [seed for seed in wanted if seed not in there]
    with ProcessPoolExecutor(options.workers) as pool:
        boards = pool.submit(measure_boards, BOARDS)
        for number, result in enumerate(pool.map(subject, missing), 1):
            (options.kept / f"subject-{result.seed}.json").write_bytes(msgspec.json.encode(result))
            sys.stderr.write(f"{number} of {len(missing)} subjects\n")
        measured: Boards = boards.result()
    subjects = [r for r in kept(options.kept) if r.seed in wanted]
    options.out.write_text(page(subjects, measured), encoding="utf-8")
    print(options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
