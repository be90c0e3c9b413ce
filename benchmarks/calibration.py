"""How well a calibration measures, and what its guards catch: `make calibration`, or `python -m benchmarks.calibration [--subjects N]`.

Each subject is calibrated in full and in short, with all electrodes in order, with the leads of both sides exchanged, and with one pair
dry, bridged or dead; boards of sixteen electrodes are measured by their lead-off current; one patient is calibrated through the whole chain
from packets on a port to a profile, in virtual and in real time (five minutes, whatever the computer). Figures are kept in
build/calibration, so that an interrupted run goes on (remove it when the code has changed); docs/calibration.md is drawn from all that were
wanted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from pathlib import Path

import msgspec

from benchmarks.calibration_figures import contractions, crosstalk, ratios, scatter_of_blinks, symmetries
from benchmarks.calibration_page import page
from benchmarks.calibration_results import Boards, SubjectResult, measure_boards
from benchmarks.calibration_trials import (
    SIDES_EXCHANGED,
    calibrate,
    person,
    true_blink_ratio,
    true_levels,
    true_observation,
    true_rest_uv,
    with_fault,
)
from benchmarks.calibration_wire import WAYS, WireResult, calibrated_over
from calibration.montage import Site
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
        rest=ratios([c.rest_uv for c in good.profile.channels], true_rest_uv(good).tolist()),
        contraction=contractions(good, true_levels(alone)),
        symmetry=symmetries(good, true_levels(alone)),
        blinks=ratios([good.profile.blink_ratio(Site.ORBICULARIS_OCULI)], [true_blink_ratio(good, alone)]),
        blinks_apart=scatter_of_blinks(good),
        crosstalk=crosstalk(good),
        alarms=[c.guard for c in good.profile.cautions],
        alarms_again=[c.guard for c in again.profile.cautions],
        swapped=[c.guard for c in swapped.profile.cautions],
        swapped_again=[c.guard for c in swapped_again.profile.cautions],
        faults=caught,
    )


def kept(folder: Path) -> list[SubjectResult]:
    """What earlier runs left, in order of seed."""
    files = sorted(folder.glob("subject-*.json"), key=lambda p: int(p.stem.partition("-")[2]))
    return [msgspec.json.decode(f.read_bytes(), type=SubjectResult) for f in files]


def boards_of(path: Path) -> Boards:
    """Electrodes measured, or what an earlier run left of it."""
    if not path.exists():
        path.write_bytes(msgspec.json.encode(measure_boards(BOARDS)))
    return msgspec.json.decode(path.read_bytes(), type=Boards)


def over_the_wire(folder: Path) -> list[WireResult]:
    """Every way in both lengths, those that real time is needed for beside each other; kept as they come."""
    wanted = [(way, length, folder / f"wire-{way}-{length}.json") for way in WAYS for length in ("quick", "full")]
    with ProcessPoolExecutor(len(wanted)) as pool:
        # Eight at once: those in real time hardly compute.
        running = {pool.submit(calibrated_over, *row[:2]): row[2] for row in wanted if not row[2].exists()}
        for done in as_completed(running):
            running[done].write_bytes(msgspec.json.encode(done.result()))
    return [msgspec.json.decode(path.read_bytes(), type=WireResult) for *_, path in wanted]


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
    with ProcessPoolExecutor(options.workers) as pool, ThreadPoolExecutor(1) as beside:
        wire = beside.submit(over_the_wire, options.kept)
        boards = pool.submit(boards_of, options.kept / "boards.json")
        for number, result in enumerate(pool.map(subject, missing), 1):
            (options.kept / f"subject-{result.seed}.json").write_bytes(msgspec.json.encode(result))
            sys.stderr.write(f"{number} of {len(missing)} subjects\n")
        measured: Boards = boards.result()
        chain = wire.result()
    subjects = [r for r in kept(options.kept) if r.seed in wanted]
    options.out.write_text(page(subjects, measured, chain), encoding="utf-8")
    print(options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
