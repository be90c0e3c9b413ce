"""The sample clock over a long time: `python -m benchmarks.reliability.clock --hours 24`.

An emulated board in bursts of 60 ms, in virtual time; the clock lines are written as the live service writes them, while the wall clock is
set and steered; then every minute's sample is asked for its time, and the emulator for the truth.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.reliability.links import Numbers, lasting_board
from benchmarks.reliability.results import Result
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Faults
from hfs_emg.acquisition import Acquisition
from hfs_emg.monitor import CLOCK_EVERY_S
from hfs_emg.sample_time import SampleTime
from hfs_emg.session.timeline import ClockLine, clock_line

BOUND_S = 0.005
NOON = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
"""The night from the 24th to the 25th: summer time ends in Europe, and UTC does not care."""


def clock_trial(seed: int, hours: float = 24.0) -> Result:
    """One long recording; the worst error of a sample's time in seconds, and of the fitted rate."""
    random = np.random.default_rng(seed)
    rate_hz = float(random.uniform(248.75, 251.25))
    script = ["@0 batch 60"]
    at_s = 120.0
    while at_s < hours * 3600 - 60:
        script.append(f"@{at_s:.3f} {random.choice(['drop 7', 'stall 1.5', 'stall 4 lose', 'drop 300'])}")
        at_s += float(random.exponential(900.0)) + 30.0
    emulator = CytonEmulator(Numbers(), rate_hz=rate_hz, faults=Faults(script, seed=seed))
    board = lasting_board(emulator)
    acquisition = Acquisition(board.spec)
    wall = _WallClock(random, hours)
    board.start()
    lines: list[ClockLine] = []
    due, settled = 0, False
    begun_s = emulator.now_s
    while emulator.now_s < begun_s + hours * 3600:
        reading = board.read(0.2)
        if reading is None:
            continue
        acquisition.push(reading)
        clock, samples = acquisition.clock, acquisition.statistics.samples
        settles, settled = clock.settled and not settled, clock.settled
        if samples and (samples >= due or settles):
            due = samples + round(CLOCK_EVERY_S * board.spec.rate_hz)
            arrival_s = clock.expected_arrival_s(samples - 1)
            utc = wall.now(board.now_s()) - timedelta(seconds=board.now_s() - arrival_s)
            lines.append(clock_line(clock.rate_hz, samples - 1, arrival_s, utc))
    time = SampleTime(lines)
    started_s = float(emulator.stream_begun_s or 0.0)
    minutes = range(0, acquisition.statistics.samples - 1, 60 * 250)
    taken_s = [started_s + (at + 1) / rate_hz for at in minutes]
    boot = max(abs(time.boot_s(s) - t) for s, t in zip(minutes, taken_s, strict=True))
    true = [wall.true(t) for t in taken_s]
    worst = max(abs((time.utc(s) - t).total_seconds()) for s, t in zip(minutes, true, strict=True))  # type: ignore[operator]
    rate_error = abs(acquisition.clock.rate_hz / rate_hz - 1)
    board.close()
    return {
        "what": "clock",
        "seed": seed,
        "ok": boot <= BOUND_S and worst <= BOUND_S and rate_error <= 2e-4 and len(time.steps) == wall.steps,
        "hours": hours,
        "worst_s": round(worst, 5),
        "worst_boot_s": round(boot, 5),
        "rate_error": rate_error,
        "steps": len(time.steps),
    }


class _WallClock:
    """A computer's clock that starts forty days behind, is set to the truth, and once more after a wrong hour."""

    def __init__(self, random: np.random.Generator, hours: float) -> None:
        self._set_s = hours * 3600 * float(random.uniform(0.1, 0.3))
        self._wrong_s = hours * 3600 * float(random.uniform(0.4, 0.5))
        self._right_s = hours * 3600 * float(random.uniform(0.6, 0.8))
        self.steps = 3

    def true(self, now_s: float) -> datetime:
        return NOON + timedelta(seconds=now_s)

    def now(self, now_s: float) -> datetime:
        wrong = timedelta()
        if now_s < self._set_s:
            wrong = timedelta(days=-40)
        elif self._wrong_s <= now_s < self._right_s:
            wrong = timedelta(hours=1)
        return self.true(now_s) + wrong


def main() -> int:
    """Run the trials and say how they went."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trials", type=int, default=1)
    options.add_argument("--hours", type=float, default=24.0)
    given = options.parse_args()
    results = [clock_trial(seed, given.hours) for seed in range(given.trials)]
    for r in results:
        print(
            f"seed {r['seed']}: {r['hours']:g} h, UTC within {1000 * r['worst_s']:.2f} ms, boot time within "
            f"{1000 * r['worst_boot_s']:.2f} ms, rate within {100 * r['rate_error']:.4f} %, {'right' if r['ok'] else 'WRONG'}"
        )
    return 0 if all(r["ok"] for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
