"""Links that are torn and come back: `python -m benchmarks.reliability.links --trials 1000 --out links.jsonl`.

In virtual time: is every sample where it belongs, and every loss counted?

Each seed is one recording: a board at a rate of its own, delivered in bursts, about a minute of signal, one interruption, and some
seconds more; every other one is an unplug. The samples are numbered, so that the emulator's truth is known.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.reliability.results import Result, run
from firmware_bridge.attempts import AtOnce
from firmware_bridge.boards import CYTON, CYTON_DAISY
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Faults
from firmware_bridge.healing import HealingBoard
from firmware_bridge.links import VIRTUAL_NAP_S, EmulatorLink
from hfs_emg.acquisition import Acquisition

BOUND_S = 0.1
"""An estimate may be off by this much: 25 samples of a Cyton."""


@dataclass(frozen=True)
class Interruption:
    """One kind. words: the faults, {at} and {back} in seconds of the stream; longest_s: of the time away.

    counter_runs_on: the board's counter tells the loss exactly; else it began anew, and the clock gives an estimate.
    """

    words: tuple[str, ...]
    longest_s: float
    counter_runs_on: bool


INTERRUPTIONS: dict[str, Interruption] = {
    "unplug": Interruption(("@{at} unplug", "@{back} replug"), 600.0, counter_runs_on=False),
    "power": Interruption(("@{at} poweroff", "@{back} poweron"), 600.0, counter_runs_on=False),
    "radio": Interruption(("@{at} radiodown", "@{back} radioup"), 1200.0, counter_runs_on=True),
    "stall": Interruption(("@{at} stall {away} lose",), 25.0, counter_runs_on=True),
    "held": Interruption(("@{at} stall {away}",), 8.0, counter_runs_on=True),
}


@dataclass(frozen=True)
class LinkCycle:
    """What became of one seed. lost: by the acquisition; truly_lost: by the numbers of the samples around the hole.

    worst_error: of any sample's place, in samples. resumed: samples came after the interruption.
    """

    seed: int
    kind: str
    daisy: bool
    rate_hz: float
    batch_ms: int
    away_s: float
    lost: int
    truly_lost: int
    estimated: int
    worst_error: int
    resumed: bool
    events: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Exact where the counter ran on, within the bound and said to be an estimate where it did not."""
        spec = CYTON_DAISY if self.daisy else CYTON
        if not self.resumed:
            return False
        if INTERRUPTIONS[self.kind].counter_runs_on:
            return self.worst_error == 0 and self.estimated == 0
        return self.worst_error <= BOUND_S * spec.rate_hz and self.estimated == self.lost


def kind_of(seed: int) -> str:
    """Every other seed pulls the plug, the rest take turns."""
    others = [kind for kind in INTERRUPTIONS if kind != "unplug"]
    return others[seed // 2 % len(others)] if seed % 2 else "unplug"


class Numbers:
    """Counts that are the number of their sample, on every channel."""

    def read(self, start: int, n: int) -> np.ndarray:
        return np.repeat(np.arange(start, start + n, dtype=np.int32)[:, np.newaxis], 16, axis=1)


def lasting_board(emulator: CytonEmulator, *, daisy: bool = False, nap_s: float = VIRTUAL_NAP_S) -> HealingBoard:
    """A board that heals, on an emulator in virtual time: its time passes when somebody waits. nap_s: of signal in one read at least."""

    def reopen() -> CytonBoard:
        return CytonBoard(EmulatorLink(emulator, nap_s=nap_s), daisy=daisy)

    return HealingBoard(
        reopen(),
        partial(AtOnce, reopen),
        clock=lambda: emulator.now_s,
        nap=lambda seconds: emulator.advance(emulator.now_s + seconds),
    )


def link_cycle(seed: int, kind: str | None = None) -> LinkCycle:
    """One recording with one interruption; the seed decides all of it."""
    random = np.random.default_rng(seed)
    kind = kind or kind_of(seed)
    told = INTERRUPTIONS[kind]
    daisy = bool(random.random() < 0.2)
    rate_hz = float(random.uniform(248.75, 251.25))
    batch_ms = int(random.choice([0, 16, 60]))
    away_s = float(np.exp(random.uniform(np.log(0.5), np.log(told.longest_s))))
    at_s = float(random.uniform(60.0, 90.0))
    places = {"at": round(at_s, 3), "back": round(at_s + away_s, 3), "away": round(away_s, 3)}
    script = [words.format(**places) for words in told.words]
    if batch_ms:
        script.insert(0, f"@0 batch {batch_ms}")
    emulator = CytonEmulator(Numbers(), daisy=daisy, rate_hz=rate_hz, faults=Faults(script, seed=seed))
    board = lasting_board(emulator, daisy=daisy)
    acquisition = Acquisition(board.spec)
    counts, lost = [], []
    board.start()
    begun_s = emulator.now_s
    until_s = begun_s + at_s + away_s + 20.0
    while emulator.now_s < until_s:
        reading = board.read(0.2)
        for block in () if reading is None else acquisition.push(reading):
            counts.append(block.counts[:, 0])
            lost.append(block.lost)
    events = tuple(board.statistics.events)
    board.close()
    numbers, missing = np.concatenate(counts), np.concatenate(lost)
    came = np.flatnonzero(~missing)
    # A row of a Daisy is two samples of its converter.
    truth = (numbers[came] - numbers[came[0]]) // (2 if daisy else 1)
    steps = np.diff(truth) - 1
    return LinkCycle(
        seed=seed,
        kind=kind,
        daisy=daisy,
        rate_hz=round(rate_hz, 3),
        batch_ms=batch_ms,
        away_s=round(away_s, 3),
        lost=int(missing.sum()),
        truly_lost=int(steps[steps > 0].sum()),
        estimated=acquisition.statistics.estimated_samples,
        worst_error=int(np.abs(truth - came).max()),
        resumed=bool(truth[-1] * board.spec.rate_hz**-1 > at_s + away_s),
        events=events,
    )


def trial(seed: int) -> Result:
    """One seed as a line of results."""
    cycle = link_cycle(seed)
    return {
        "what": cycle.kind,
        "seed": seed,
        "ok": cycle.good,
        **{k: v for k, v in asdict(cycle).items() if k != "seed"},
    }


def matrix(results: list[Result]) -> list[tuple[str, int, int, int, float]]:
    """A row per kind of interruption: kind, cycles, those that were right, worst place of a sample, longest time away."""
    rows = []
    for kind in INTERRUPTIONS:
        of_kind = [r for r in results if r["what"] == kind]
        if of_kind:
            right = sum(r["ok"] for r in of_kind)
            worst = max(r["worst_error"] for r in of_kind)
            rows.append((kind, len(of_kind), right, worst, max(r["away_s"] for r in of_kind)))
    return rows


def main() -> int:
    """Run the cycles and say how they went."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trials", type=int, default=1000)
    options.add_argument("--first", type=int, default=0, metavar="SEED")
    options.add_argument("--out", type=Path, help="JSON lines; what is there is not run again")
    given = options.parse_args()
    results = run(given.out, range(given.first, given.first + given.trials), trial)
    for kind, cycles, right, worst, longest_s in matrix(results):
        print(
            f"{kind:8} {cycles:5d} cycles, {right:5d} right, worst place {worst:3d} samples, up to {longest_s:6.1f} s away"
        )
    wrong = [r["seed"] for r in results if not r["ok"]]
    print(f"wrong: {wrong or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
